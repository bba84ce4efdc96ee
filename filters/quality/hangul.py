"""Korean text has Hangul: its share of all characters."""

from collections.abc import Callable

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule


@strategy
class Hangul(Judge):
    """Drops text in which Hangul is less than a quarter of all characters: code, tables, menus in Latin letters.

    EleutherAI's dps asks the same of a document (a Korean ratio of at least 0.25 without white space), but counts
    every character from ㄱ to 힣, Chinese ones among them. In cleanup/sentences it judges each sentence.
    """

    min_share: float | None = limit(
        0.25,
        ge=0,
        le=1,
        description="smallest share of Hangul among the characters that are not white space; null = off",
    )

    def open(self) -> Callable[[Document], Scores]:
        """Signal: hangul_share, in [0, 1]; 0 for a text of white space alone."""
        from filters.text.scripts import hangul_share

        return lambda document: Scores({"hangul_share": hangul_share(document.text)})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """hangul_share: a share of exactly min_share stays."""
        return () if self.min_share is None else (Rule("hangul_share", "hangul_share", at_least=self.min_share),)
