"""Judge a page by the Creative Commons licence that it states for itself."""

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule

# From the one that permits most to the one that permits least; CC-other are the retired ones
_Kind = Literal[
    "CC0", "CC-PDM", "CC-PDDC", "CC-BY", "CC-BY-SA", "CC-BY-ND", "CC-BY-NC", "CC-BY-NC-SA", "CC-BY-NC-ND", "CC-other"
]
KINDS: tuple[str, ...] = _Kind.__args__  # type: ignore[attr-defined]
UNKNOWN, NONE = "unknown", "none"
MAX_TRUST = 5


@strategy
class License(Judge):
    """Notes the Creative Commons licence of a page, where it is stated, and how far that can be trusted.

    The order of trust is that of the C5 corpus; the highest place counts, and of several licences there the one that
    permits least:

    5  a meta element (license, rights, copyright, Dublin Core), or the HTTP header Link with rel="license"
    4  JSON-LD, the license of a page, an article or a site
    3  a link element with rel="license" or rel="copyright"
    2  a link with rel="license"; in a footer also a link to a deed, or a complete name
    1  any other link to a deed: mostly the credit of a picture

    What stands in a figure, a caption, a quotation, a comment, or a listing of code is the licence of that, not the
    page's; so is JSON-LD of an image, a video or a data set, and what a footer says of icons, maps or themes.

    It needs the page, so it must stand before the first step over the whole corpus. A document without one (a row, a
    WET record) has the note license_kind: unknown.
    """

    writes: ClassVar = {
        "license": "string",
        "license_kind": "string",
        "license_place": "string",
        "license_trust": "int64",
    }
    reads_page: ClassVar[bool] = True

    min_trust: int = Field(2, ge=1, le=MAX_TRUST, description="least trust at which a licence counts as the page's")
    keep: tuple[Literal[_Kind, "none", "unknown"], ...] = limit(
        (), description="kinds of licence whose pages are kept; `none` and `unknown` are kinds too; empty: all are kept"
    )
    max_kinds: int | None = limit(
        None, ge=1, description="most kinds of licence that a page may state; null switches the rule off"
    )

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"license_kinds": different kinds stated at min_trust or above}; NaN for a document without a page.

        Notes: license (CC-BY-SA-4.0, as SPDX has it), license_kind (without version and jurisdiction; none, unknown),
        license_place (header, meta, json-ld, link, rel, footer, body), license_trust.
        """
        from filters.rights.marks import marks_of
        from filters.rights.statements import seen

        least = self.min_trust

        def scores(document: Document) -> Scores:
            page = document.page
            if page is None or not seen(page):
                return Scores({"license_kinds": float("nan")}, {"license_kind": UNKNOWN})
            marks = [mark for mark in marks_of(page) if mark[0] >= least]
            kinds = float(len({license.rank for _, _, license in marks}))
            if not marks:
                return Scores({"license_kinds": kinds}, {"license_kind": NONE})
            trust, place, license = max(marks, key=lambda mark: (mark[0], mark[2]))
            notes = {"license": license.name, "license_kind": license.kind, "license_place": place}
            return Scores({"license_kinds": kinds}, {**notes, "license_trust": trust})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`license_kind`, where kinds to keep are named, and `license_kinds`."""
        kept = (Rule("license_kind", "license_kind", one_of=self.keep),) if self.keep else ()
        if self.max_kinds is None:
            return kept
        return (*kept, Rule("license_kinds", "license_kinds", at_most=self.max_kinds))


__all__ = ["License"]
