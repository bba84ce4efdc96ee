"""KLUE's limit on Chinese and Japanese: Han and Kana counted by sentence, line or document."""

from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule


@strategy
class Cjk(Judge):
    """Drops text with many Chinese or Japanese characters: 20 or more in one sentence (KLUE).

    The source is a note on KLUE (drop from 20 on); others recall more than 10 from the paper, so it is a setting.
    """

    drop_from_cjk_chars: int | None = limit(
        20, ge=1, description="drop at this many Han and Kana characters in one unit; null = off"
    )
    unit: Literal["sentence", "line", "document"] = Field(
        "sentence", description="the unit in which characters are counted; the one with the most decides"
    )

    def open(self) -> Callable[[Document], Scores]:
        """Signal: cjk_chars, the Han and Kana characters of the unit that holds most."""

        from filters.text.scripts import cjk_characters
        from filters.text.sentences import split
        from filters.text.unicode import repair

        def pieces(text: str) -> Iterator[str]:
            return iter(text.split("\n")) if self.unit == "line" else (text[a:b] for a, b in split(repair(text)))

        def count(document: Document) -> Scores:
            text = document.text
            found = 0 if text.isascii() else cjk_characters(text)
            if found and self.unit != "document":
                found = max(cjk_characters(piece) for piece in pieces(text))
            return Scores({"cjk_chars": float(found)})

        return count

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """cjk_chars: with the default a unit of 19 stays, one of 20 is dropped."""
        if self.drop_from_cjk_chars is None:
            return ()
        return (Rule("cjk_chars", "cjk_chars", below=self.drop_from_cjk_chars),)
