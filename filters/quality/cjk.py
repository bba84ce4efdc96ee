"""KLUE's limit on Chinese and Japanese: Han and Kana counted by sentence, line or document."""

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field

from filters.contracts import Judge, Scores, strategy
from filters.document import Document
from filters.rules import Rule
from filters.text.scripts import cjk_characters
from filters.text.sentences import split
from filters.text.unicode import repair


@strategy
class Cjk(Judge):
    """Drops text with many Chinese or Japanese characters: 20 or more in one sentence (KLUE).

    The source is the user's note on KLUE (20 or more go); recollections of the paper say more than 10, hence a setting.
    """

    drop_from_cjk_chars: int | None = Field(
        20, ge=1, description="drop from this many Han and Kana characters in one unit on; null: never"
    )
    unit: Literal["sentence", "line", "document"] = Field(
        "sentence", description="what the characters are counted in; the fullest one decides"
    )

    thresholds: ClassVar[frozenset[str]] = frozenset({"drop_from_cjk_chars"})

    def open(self) -> Callable[[Document], Scores]:
        """Signal: cjk_chars, the Han and Kana characters of the unit that holds most."""

        def count(document: Document) -> Scores:
            return Scores({"cjk_chars": float(_most(document.text, self.unit))})

        return count

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """cjk_chars: 19 stay, 20 go."""
        if self.drop_from_cjk_chars is None:
            return ()
        return (Rule("cjk_chars", "cjk_chars", below=self.drop_from_cjk_chars),)


def _most(text: str, unit: str) -> int:
    in_all = 0 if text.isascii() else cjk_characters(text)
    if not in_all or unit == "document":
        return in_all
    text = repair(text)
    pieces = text.split("\n") if unit == "line" else (text[start:end] for start, end in split(text))
    return max((cjk_characters(piece) for piece in pieces if not piece.isascii()), default=0)
