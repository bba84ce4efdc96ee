"""Removes addresses from running text (DCLM's url_removal_modifier, step 6)."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import Field

from filters.contracts import ResourceError, Rewriter, strategy
from filters.document import Document, Drop


@strategy
class Urls(Rewriter):
    """Removes web and IPv4 addresses, with up to ten white-space characters before each.

    Source: DCLM, dclm_baseline_refinedweb.yaml, step 6. Rules: url (a host under a known top-level domain, also without
    http://, and e-mail addresses), ip (an IPv4 address). A document of which nothing is left is dropped (empty).
    Top-level domains come from the Public Suffix List inside the tldextract package.
    """

    semantics: Literal["all", "dclm"] = Field(
        "all",
        description="all: every address, even before a Korean particle, but not the name of a file or attribute "
        "(main.py, self.id); dclm: as DCLM's code does, which removes whatever ends in a domain, but only from texts "
        "whose first letters are those of a top-level domain",
    )

    def check(self) -> None:
        from filters.text import urls

        try:
            urls.top_level_domains()
        except OSError as error:
            raise ResourceError(f"the tldextract package has no list of top-level domains: {error}") from error

    def resources(self) -> Mapping[str, str]:
        from filters.text import urls

        return {"top-level domains": urls.snapshot_hash()}

    def open(self) -> Callable[[Document], Document | Drop]:
        from filters.text import urls

        everywhere = self.semantics == "all"

        def rewrite(document: Document) -> Document | Drop:
            text = document.text
            edits = {}
            if everywhere or urls.begins_with_domain(text):
                raw, spans = urls.find_urls(text, ascii_words=everywhere)
                if spans:
                    text = urls.without(raw, spans)
                    edits["url"] = len(document.text) - len(text)
            shorter = urls.without_ips(text)
            if len(shorter) < len(text):
                edits["ip"] = len(text) - len(shorter)
                text = shorter
            if not text:
                return Drop("empty", 0, 1)
            return document.with_text(text, edits) if edits else document

        urls.top_level_domains()
        return rewrite
