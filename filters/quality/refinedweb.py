"""DCLM's page rules (dclm_baseline_refinedweb.yaml, steps 10 to 16): Gopher's quality rules in DCLM's counts.

The rules have the names of DCLM's mappers. Repetition (step 17) is quality/gopher-repetition, the line rules (steps 18
to 26) are cleanup/refinedweb-lines.
"""

from collections.abc import Callable

from pydantic import Field, field_validator

from filters.by_language import VALUES_BY_LANGUAGE, ByLanguage, Values
from filters.contracts import FrozenMap, Judge, Scores, SettingsError, limit, strategy
from filters.document import Document
from filters.quality.gopher import STOP_WORDS
from filters.rules import Rule


@strategy
class RefinedWeb(ByLanguage, Judge):
    """DCLM's page rules: page and word length, symbols, bullets, ellipses, letters, stop words.

    Source: DCLM, dclm_baseline_refinedweb.yaml, steps 10 to 16, after RefinedWeb (Penedo et al. 2023) and Gopher.
    Counts are those of quality/gopher with semantics: dclm. English values apply to every language unless `languages`
    has others; quality/gopher ships Korean ones.
    """

    min_words: float | None = limit(50, ge=0, description="fewest words (step 10)")
    max_words: float | None = limit(100_000, ge=0, description="most words (step 10)")
    min_word_length: float | None = limit(3, ge=0, description="smallest mean length of words, in characters (step 11)")
    max_word_length: float | None = limit(10, ge=0, description="largest mean length of words, in characters (step 11)")
    max_symbol_ratio: float | None = limit(0.1, ge=0, description="most symbols (#, ellipsis) per word (step 12)")
    max_bullet_lines: float | None = limit(0.9, ge=0, description="largest share of lines with a bullet (step 13)")
    max_ellipsis_lines: float | None = limit(0.3, ge=0, description="largest share of lines ending in ... (step 14)")
    max_non_alphabetic_words: float | None = limit(0.2, ge=0, description="most words without a letter (step 15)")
    min_stop_words: float | None = limit(2, ge=0, description="fewest occurrences of stop words (step 16)")
    languages: Values = limit(FrozenMap(), description=VALUES_BY_LANGUAGE)
    stop_words: FrozenMap[str, tuple[str, ...]] = Field(
        FrozenMap({"en": STOP_WORDS["en"]}), description="stop words by language; -x counts words that end in x"
    )

    @field_validator("stop_words", mode="after")
    @classmethod
    def _with_english(cls, given: FrozenMap[str, tuple[str, ...]]) -> FrozenMap[str, tuple[str, ...]]:
        for language, words in given.items():
            if any(not word.strip("-") for word in words):
                raise SettingsError("a stop word is empty", (language,))
        return FrozenMap({"en": STOP_WORDS["en"], **given})

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            f"quality/refinedweb judges {language} by English limits (word length, stop words, letters): "
            f"set languages.{language} and stop_words.{language}, or use quality/gopher"
            for language in self.english_for(languages)
        )

    def open(self) -> Callable[[Document], Scores]:
        from filters.quality.gopher_counts import opened

        return opened("dclm", "unicode", self.stop_words)

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        def bound(name: str) -> float | None:
            found: float | None = self.value(name, language)
            return found

        rules = (
            Rule("page_length", "words", at_least=bound("min_words"), at_most=bound("max_words")),
            Rule(
                "word_length",
                "mean_word_length",
                at_least=bound("min_word_length"),
                at_most=bound("max_word_length"),
            ),
            Rule("symbol_ratio", "symbol_ratio", at_most=bound("max_symbol_ratio")),
            Rule("bullet_count", "bullet_lines", at_most=bound("max_bullet_lines")),
            Rule("ellipsis_count", "ellipsis_lines", at_most=bound("max_ellipsis_lines")),
            Rule("alphabetic_word_ratio", "non_alphabetic_words", at_most=bound("max_non_alphabetic_words")),
            Rule("stop_words", "stop_words", at_least=bound("min_stop_words")),
        )
        return tuple(rule for rule in rules if rule.at_least is not None or rule.at_most is not None)
