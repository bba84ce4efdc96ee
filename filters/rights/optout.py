"""Judge a page by the robots directives and reservations that it and its server's answer carry."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule

Directive = Literal[
    "noai", "noimageai", "noml", "tdm-reservation", "noindex", "noarchive", "nocache", "nosnippet", "nofollow"
]
DIRECTIVES: tuple[Directive, ...] = Directive.__args__  # type: ignore[attr-defined]
# Tokens of crawlers for training sets, as their operators publish them
AGENTS = (
    "GPTBot", "CCBot", "ClaudeBot", "anthropic-ai", "Google-Extended", "Applebot-Extended", "Amazonbot", "Bytespider",
    "cohere-training-data-crawler", "Meta-ExternalAgent", "FacebookBot", "Diffbot", "AI2Bot", "omgili",
)  # fmt: skip
UNKNOWN, NONE = "unknown", "none"


@strategy
class OptOut(Judge):
    """Notes what a page's robots directives and TDM reservation say, and drops it for those that are asked for.

    Read are `<meta name="robots">`, the same with the name of one of `agents`, X-Robots-Tag (also for one agent:
    `CCBot: noai`), and the header and meta tag tdm-reservation and tdm-policy of the TDM Reservation Protocol of a W3C
    community group. Directives add up wherever they stand; `none` is noindex and nofollow, `max-snippet:0` nosnippet.
    What stands in a comment, a script, a template or a listing does not count. robots.txt, /.well-known/tdmrep.json
    and ai.txt are files of the site, which a page does not carry: they are not read.

    It needs the page, so it must stand before the first step over the whole corpus. A document without one (a row, a
    WET record) has the note optout: unknown, and no rule applies to it.
    """

    writes: ClassVar = {"optout": "string", "optout_place": "string", "tdm_policy": "string"}
    reads_page: ClassVar[bool] = True

    agents: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        AGENTS, description="crawlers whose own directives count, besides those for all"
    )
    drop: tuple[Directive, ...] = limit((), description="directives for which a page is dropped; empty: none")

    def open(self) -> Callable[[Document], Scores]:
        """Scores {directive: 1 where the page carries it, else 0}, for each; NaN for a document without a page.

        Notes: optout, the directives with commas between, or `none`; optout_place, where they were found (header,
        head, body); tdm_policy, its address, where there is one.
        """
        from filters.rights.robots import directives, policy_of
        from filters.rights.statements import seen

        agents = frozenset(("robots", *(agent.lower() for agent in self.agents)))

        def scores(document: Document) -> Scores:
            page = document.page
            if page is None or not seen(page):
                return Scores(dict.fromkeys(DIRECTIVES, float("nan")), {"optout": UNKNOWN})
            found: dict[str, set[str]] = {}
            for directive, place in directives(page, agents):
                found.setdefault(directive, set()).add(place)
            notes = {"optout": ",".join(name for name in DIRECTIVES if name in found) or NONE}
            if found:
                notes["optout_place"] = ",".join(sorted(set.union(*found.values())))
            policy = policy_of(page)
            if policy:
                notes["tdm_policy"] = policy
            return Scores({name: float(name in found) for name in DIRECTIVES}, notes)

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """A rule of the same name for each directive in `drop`."""
        return tuple(Rule(name, name, at_most=0) for name in DIRECTIVES if name in self.drop)


__all__ = ["AGENTS", "DIRECTIVES", "OptOut"]
