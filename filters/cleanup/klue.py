"""KLUE's noise removal for Korean (and English) web text."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from filters.cleanup import news, remnants
from filters.cleanup.hashtags import HASHTAG, hashtags
from filters.contracts import Rewriter, strategy
from filters.document import Document, Drop, Fault
from filters.text.patterns import Gate

# In this order; what is decoded or joined first lets the later rules match. By name: what must occur in a text for the
# rule to be worth a try, and the rule.
RULES: dict[str, tuple[str, Callable[[str], tuple[str, int]]]] = {
    "invisible": (remnants.INVISIBLE, remnants.invisible),
    "entities": (remnants.ENTITY, remnants.entities),
    "html": (remnants.TAG, remnants.tags),
    "blanks": (remnants.DOUBLE_BLANK, remnants.blanks),
    "hashtags": (HASHTAG, hashtags),
    "copyright": (news.COPYRIGHT, news.copyright),
    "captions": (news.CAPTION, news.captions),
    "bylines": (news.BYLINE, news.bylines),
    "press": (news.PRESS, news.press),
    "brackets": (remnants.EMPTY_PAIR, remnants.brackets),
}
# What one rule removes may lay open a match of another: the rules are run until none finds anything. Every edit makes
# the text shorter, so that ends; real texts take two or three rounds.
MAX_ROUNDS = 64


@strategy
class Klue(Rewriter):
    """KLUE's noise removal: hashtags, HTML remnants, notices, bylines, captions, empty brackets, blanks.

    The steps are those of KLUE's source corpora (arXiv 2105.09680, section 2), each with a switch; the patterns are
    this project's own. Markdown code stays as it is. Cleaning twice equals cleaning once.
    """

    invisible: bool = Field(True, description="remove zero-width and direction marks, soft hyphens, BOM, C1 controls")
    entities: bool = Field(True, description="decode HTML entities that end in a semicolon")
    html: bool | Literal["rows"] = Field(
        "rows",
        description="remove tags of HTML elements, comments, script and style blocks; rows: not from what was "
        "extracted from HTML, where tags are text that the page shows",
    )
    hashtags: bool = Field(True, description="remove runs of #tags at the end, and the # of a tag within a sentence")
    copyright: bool = Field(True, description="remove copyright and no-reproduction notices")
    captions: bool = Field(True, description="remove photo credits (사진=...) and caption lines that end in one")
    bylines: bool = Field(True, description="remove reporters' names, e-mail tails and sign-offs at the ends of lines")
    press: bool = Field(True, description="remove press tags such as [서울=뉴시스] or (서울=연합뉴스)")
    brackets: bool = Field(True, description="remove empty brackets; calls and literals of code stay")
    blanks: bool = Field(
        True, description="replace a run of blanks within a line by one space, remove blanks at its end"
    )

    @property
    def reads_page(self) -> bool:  # type: ignore[override]
        """Whether what a document was extracted from decides about its tags."""
        return self.html == "rows"

    def open(self) -> Callable[[Document], Document | Drop]:
        """The cleaner. Edits count the characters that each rule removed; Fault("cleanup_unsettled") for a text made
        of matches nested deeper than MAX_ROUNDS."""
        from filters.text.survey import survey

        active = {name: rule for name, (_, rule) in RULES.items() if getattr(self, name)}
        gates = [Gate({name: RULES[name][0] for name in active if tags or name != "html"}) for tags in (True, False)]

        def clean(document: Document) -> Document | Drop:
            extracted = document.page is not None and document.page.media_type != "text/plain"
            gate = gates[extracted and self.html == "rows"]
            text = document.derive(survey).text
            edits = {"invisible": max(1, len(document.text) - len(text))} if text is not document.text else {}
            for _ in range(MAX_ROUNDS):
                changed: set[str] = set()
                for name in gate(text):
                    shorter, removed = active[name](text)
                    if removed:
                        text = shorter
                        changed.add(name)
                        edits[name] = edits.get(name, 0) + removed
                # blanks find nothing in what they returned, and open no match that the gate had not seen before them
                if changed <= {"blanks"}:
                    return document.with_text(text, edits)
            raise Fault("cleanup_unsettled", f"the rules still found matches after {MAX_ROUNDS} rounds")

        return clean
