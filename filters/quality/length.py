"""Judge a document by its length, in words, characters, lines or bytes."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule

UNITS = ("words", "characters", "lines", "bytes")


@strategy
class Length(Judge):
    """Keeps documents whose length lies between two inclusive bounds.

    words       UAX #29 words that begin with a letter or a number (DCLM's page_length_filter, punctuation ignored), or
                runs between white space
    characters  code points (CCNet drops below 300, C4 above 190,000)
    lines       lines that are not blank
    bytes       of UTF-8
    """

    min_words: int | None = limit(50, ge=0, description="fewest words; null = off")
    max_words: int | None = limit(100_000, ge=0, description="most words; null = off")
    min_characters: int | None = limit(None, ge=0, description="fewest code points; null = off")
    max_characters: int | None = limit(None, ge=0, description="most code points; null = off")
    min_lines: int | None = limit(None, ge=0, description="fewest lines that are not blank; null = off")
    max_lines: int | None = limit(None, ge=0, description="most lines that are not blank; null = off")
    min_bytes: int | None = limit(None, ge=0, description="fewest bytes of UTF-8; null = off")
    max_bytes: int | None = limit(None, ge=0, description="most bytes of UTF-8; null = off")
    words: Literal["unicode", "whitespace"] = Field(
        "unicode", description="UAX #29 words without punctuation, or runs between white space"
    )

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"words", "characters", "lines", "bytes"}."""
        from filters.text.segments import segment

        by_space = self.words == "whitespace"

        def scores(document: Document) -> Scores:
            found = document.derive(segment)
            words = len(found.tokens) if by_space else int(found.words.is_word.sum())
            lines = int((found.lines.body_characters > 0).sum())
            return Scores(
                {
                    "words": float(words),
                    "characters": float(found.characters),
                    "lines": float(lines),
                    "bytes": float(len(found.data)),
                }
            )

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`min_words`, `max_words` and so on: the bounds that are set."""
        rules = []
        for unit in UNITS:
            if (least := getattr(self, f"min_{unit}")) is not None:
                rules.append(Rule(f"min_{unit}", unit, at_least=least))
            if (most := getattr(self, f"max_{unit}")) is not None:
                rules.append(Rule(f"max_{unit}", unit, at_most=most))
        return tuple(rules)


__all__ = ["Length"]
