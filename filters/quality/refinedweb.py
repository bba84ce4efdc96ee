"""DCLM's page rules (dclm_baseline_refinedweb.yaml, steps 10 to 16): Gopher's quality rules in DCLM's counts.

The rules bear the names of DCLM's mappers. Repetition (step 17) is quality/gopher-repetition, the line rules (steps 18
to 26) are cleanup/refinedweb-lines.
"""

from collections.abc import Callable
from typing import ClassVar

from pydantic import Field, field_validator

from filters.contracts import FrozenMap, Judge, Scores, strategy
from filters.document import Document
from filters.quality.by_language import Limits, completed, english_only
from filters.quality.gopher import STOP_WORDS
from filters.rules import Rule


@strategy
class RefinedWeb(Judge):
    """DCLM's page rules: page and word length, symbols, bullets, ellipses, letters, stop words.

    Source: DCLM, dclm_baseline_refinedweb.yaml, steps 10 to 16, after RefinedWeb (Penedo et al. 2023) and Gopher.
    Counts are those of quality/gopher with semantics: dclm. English values hold for every language unless `languages`
    has others; quality/gopher has Korean ones.
    """

    min_words: float | None = Field(50, ge=0, description="fewest words (step 10)")
    max_words: float | None = Field(100_000, ge=0, description="most words (step 10)")
    min_word_length: float | None = Field(3, ge=0, description="least mean length of words, characters (step 11)")
    max_word_length: float | None = Field(10, ge=0, description="greatest mean length of words, characters (step 11)")
    max_symbol_ratio: float | None = Field(0.1, ge=0, description="most symbols (#, ellipsis) for each word (step 12)")
    max_bullet_lines: float | None = Field(0.9, ge=0, description="largest share of lines with a bullet (step 13)")
    max_ellipsis_lines: float | None = Field(0.3, ge=0, description="largest share of lines ending in ... (step 14)")
    max_non_alphabetic_words: float | None = Field(0.2, ge=0, description="most words without a letter (step 15)")
    min_stop_words: float | None = Field(2, ge=0, description="fewest occurrences of stop words (step 16)")
    languages: Limits = Field(
        FrozenMap(), validate_default=True, description="values of the thresholds above by language (ISO 639-1)"
    )
    stop_words: FrozenMap[str, tuple[str, ...]] = Field(
        FrozenMap({"en": STOP_WORDS["en"]}), description="stop words by language; -x counts words that end in x"
    )

    reads: ClassVar[tuple[str, ...]] = ("language",)
    thresholds: ClassVar[frozenset[str]] = frozenset(
        {
            "min_words",
            "max_words",
            "min_word_length",
            "max_word_length",
            "max_symbol_ratio",
            "max_bullet_lines",
            "max_ellipsis_lines",
            "max_non_alphabetic_words",
            "min_stop_words",
            "languages",
        }
    )

    @field_validator("languages", mode="after")
    @classmethod
    def _complete(cls, given: Limits) -> Limits:
        return completed(given, {}, cls.thresholds - {"languages"})

    @field_validator("stop_words", mode="after")
    @classmethod
    def _with_english(cls, given: FrozenMap[str, tuple[str, ...]]) -> FrozenMap[str, tuple[str, ...]]:
        if any(not word.strip("-") for words in given.values() for word in words):
            raise ValueError("a stop word is empty")
        return FrozenMap({"en": STOP_WORDS["en"], **given})

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            f"quality/refinedweb judges {language} by English limits (word length, stop words, letters): "
            f"give languages.{language} and stop_words.{language}, or use quality/gopher"
            for language in english_only(languages, {**self.languages})
        )

    def open(self) -> Callable[[Document], Scores]:
        from filters.quality.gopher_counts import opened

        return opened("dclm", "unicode", self.stop_words)

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        def limit(name: str) -> float | None:
            own = self.languages.get(language, FrozenMap[str, float | None]())
            value: float | None = own[name] if name in own else getattr(self, name)
            return value

        rules = (
            Rule("page_length", "words", at_least=limit("min_words"), at_most=limit("max_words")),
            Rule(
                "word_length",
                "mean_word_length",
                at_least=limit("min_word_length"),
                at_most=limit("max_word_length"),
            ),
            Rule("symbol_ratio", "symbol_ratio", at_most=limit("max_symbol_ratio")),
            Rule("bullet_count", "bullet_lines", at_most=limit("max_bullet_lines")),
            Rule("ellipsis_count", "ellipsis_lines", at_most=limit("max_ellipsis_lines")),
            Rule("alphabetic_word_ratio", "non_alphabetic_words", at_most=limit("max_non_alphabetic_words")),
            Rule("stop_words", "stop_words", at_least=limit("min_stop_words")),
        )
        return tuple(rule for rule in rules if rule.at_least is not None or rule.at_most is not None)
