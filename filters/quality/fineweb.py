"""FineWeb's own quality rules: the shape of a page's lines."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from pydantic import Field

from filters.by_language import ByLanguage
from filters.contracts import FrozenMap, Judge, Scores, by_language, limit, strategy
from filters.document import Document
from filters.rules import Rule
from filters.text import words as tokens

# The same text has 0.56 of the characters and 0.68 of the words in Korean that it has in English (docs/korean.md).
LANGUAGES: Mapping[str, Mapping[str, float | None]] = {"ko": {"short_line": 17, "max_newlines_per_word": 0.44}}


@strategy
class FineWeb(ByLanguage, Judge):
    """FineWeb's quality rules: terminal punctuation, short lines, repeated lines, lines per word.

    Lines are those between newline characters that are not blank (datatrove 0.10.1, FineWebQualityFilter; Penedo et
    al. 2024). A line is terminated when its very last character is a Sentence_Terminal character of Unicode, or one of
    `terminal`. Repeated characters are those of second and later copies of a line. Languages without values of
    their own get the English ones; the Korean ones are calibrated (docs/korean.md).
    """

    shipped: ClassVar[Mapping[str, Mapping[str, float | None]]] = LANGUAGES

    min_terminated: float | None = limit(
        0.12, ge=0, le=1, description="smallest share of lines that end in terminal punctuation; null = off"
    )
    max_short: float | None = limit(0.67, ge=0, le=1, description="largest share of short lines; null = off")
    max_duplicated: float | None = limit(
        0.01, ge=0, le=1, description="largest share of characters in repeated lines; null = off"
    )
    max_newlines_per_word: float | None = limit(0.3, ge=0, description="most newlines per word; null = off")
    short_line: int = by_language(30, ge=0, description="most characters in a short line")
    terminal: FrozenMap[str, str] = Field(
        FrozenMap({"": "", "ko": "…\"'”’」』"}),
        description="characters by language that end a line, besides the sentence terminals of Unicode",
    )
    words: tokens.Tokens = Field(
        "unicode",
        description="pieces counted as words, punctuation included: of UAX #29, or as in datatrove of spaCy's English "
        "tokenizer, or of Kiwi for Korean (a hundred times slower)",
    )

    def check(self) -> None:
        """Raises ResourceError where the package that finds the words is missing."""
        tokens.check(self.words, "quality/fineweb")

    def resources(self) -> Mapping[str, str]:
        """The version of what finds the words, where it matters."""
        return tokens.resources(self.words)

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """The thresholds were found on English pages."""
        unknown = self.english_for(languages)
        if not unknown:
            return ()
        return (f"English thresholds are used for {', '.join(unknown)}; set `languages`",)

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"lines", "terminated_share", "short_share", "duplicated_share", "newlines_per_word"}.

        lines counts those that are not blank; without any, the shares are NaN. Without words, newlines_per_word is
        infinite.
        """
        from filters.text.lines import line_shares
        from filters.text.segments import segment

        split = tokens.finder(self.words)

        def scores(document: Document) -> Scores:
            language = str(document.notes.get("language", ""))
            segments = document.derive(segment)
            terminal = self.terminal.get(language, self.terminal.get("", ""))
            found = line_shares(segments, terminal, self.value("short_line", language) or 0)
            if not found.lines:
                return Scores({"lines": 0.0, **dict.fromkeys(_SHARES, float("nan"))})
            words = len(split(document))
            return Scores(
                {
                    "lines": float(found.lines),
                    "terminated_share": found.terminated / found.lines,
                    "short_share": found.short / found.lines,
                    "duplicated_share": found.duplicated / found.characters,
                    "newlines_per_word": found.newlines / words if words else float("inf"),
                }
            )

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`empty`, then the four rules in datatrove's order, without those that are off."""
        rules = [Rule("empty", "lines", at_least=1)]
        if (least := self.value("min_terminated", language)) is not None:
            rules.append(Rule("terminated_share", "terminated_share", at_least=least))
        for name, setting in zip(_SHARES[1:], ("max_short", "max_duplicated", "max_newlines_per_word"), strict=True):
            if (most := self.value(setting, language)) is not None:
                rules.append(Rule(name, name, at_most=most))
        return tuple(rules)


_SHARES = ("terminated_share", "short_share", "duplicated_share", "newlines_per_word")


__all__ = ["FineWeb"]
