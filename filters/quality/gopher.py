"""The quality rules of Gopher (Rae et al. 2021, appendix A1): length, symbols, bullets, letters, stop words.

Published implementations differ; `semantics` chooses the definitions:

=====================  ==============================================  =============================================
                       dclm                                            datatrove
=====================  ==============================================  =============================================
words counted          between ASCII white space, that begin with a    all tokens but those of symbols only
                       letter or a number (fastText's tokenizer)
mean word length       of words between white space                    of the words counted
symbols                # and ellipses together                         # and ellipses each by itself
symbols are divided by words between white space                       all tokens, punctuation included
bullets                ● • * -, share of the lines that are not blank  • -, share of all lines
ellipsis lines         ... and . . . and …                             ... and …
alphabetic words       share of the words between white space          share of all tokens
stop words             every occurrence, in any case                   different ones, in lower case as listed
=====================  ==============================================  =============================================

Thresholds by language: the settings are the values for English and for every language without values of its own.
`languages` holds the others by ISO 639-1 code (LANGUAGES below), `stop_words` the lists (STOP_WORDS below); a value for
one language leaves the others unchanged. An entry of a list that begins with a hyphen is an ending: it counts the
longer words that end in it, which is how Korean writes its function words.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from filters.by_language import VALUES_BY_LANGUAGE, ByLanguage, Values
from filters.contracts import FrozenMap, Judge, Scores, SettingsError, limit, strategy
from filters.document import Document
from filters.rules import Rule
from filters.text import words as tokens

# Korean particles and endings that stand at the end of a word; see docs/korean.md for how the limits were found.
KOREAN_ENDINGS = (
    *("-은", "-는", "-이", "-가", "-을", "-를", "-의", "-에", "-도", "-로", "-와", "-과", "-고", "-며", "-다"),
    *("-에서", "-에게", "-으로", "-하는", "-하고", "-했다", "-한다", "-이다", "-까지", "-부터", "-보다", "-지만"),
)
STOP_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("the", "be", "to", "of", "and", "that", "have", "with"),
    "ko": KOREAN_ENDINGS,
}
LANGUAGES: Mapping[str, Mapping[str, float | None]] = {
    "ko": {"min_mean_word_length": 2.0, "min_alphabetic_words": 0.7, "min_stop_word_share": 0.1},
}


@strategy
class Gopher(ByLanguage, Judge):
    """Gopher's quality rules: words, mean word length, symbols, bullets, ellipses, letters, stop words.

    Source: Rae et al. 2021, appendix A1; counts as in DCLM or in datatrove. A document without words has a symbol
    share of infinity and shares of 0 otherwise.
    """

    semantics: Literal["dclm", "datatrove"] = Field("dclm", description="whose definitions of the counts to use")
    words: tokens.Tokens = Field(
        "unicode",
        description="UAX #29 words; with semantics: datatrove also tokens of spaCy's English tokenizer, or of Kiwi, "
        "which finds the morphemes of Korean",
    )
    min_words: float | None = limit(50, ge=0, description="fewest words")
    max_words: float | None = limit(100_000, ge=0, description="most words")
    min_mean_word_length: float | None = limit(3, ge=0, description="smallest mean length of a word, in characters")
    max_mean_word_length: float | None = limit(10, ge=0, description="largest mean length of a word, in characters")
    max_symbol_ratio: float | None = limit(0.1, ge=0, description="most symbols (#, ellipsis) per word")
    max_bullet_lines: float | None = limit(0.9, ge=0, description="largest share of lines that begin with a bullet")
    max_ellipsis_lines: float | None = limit(0.3, ge=0, description="largest share of lines that end in an ellipsis")
    min_alphabetic_words: float | None = limit(0.8, ge=0, description="smallest share of words that have a letter")
    min_stop_words: float | None = limit(2, ge=0, description="fewest stop words")
    min_stop_word_share: float | None = limit(None, ge=0, description="smallest share of stop words among the words")
    languages: Values = limit(FrozenMap(), description=VALUES_BY_LANGUAGE)
    stop_words: FrozenMap[str, tuple[str, ...]] = Field(
        FrozenMap(),
        description="stop words by language, in place of those shipped for it; -x: words that end in x",
    )

    shipped: ClassVar[Mapping[str, Mapping[str, float | None]]] = LANGUAGES

    @field_validator("stop_words", mode="after")
    @classmethod
    def _with_shipped(cls, given: FrozenMap[str, tuple[str, ...]]) -> FrozenMap[str, tuple[str, ...]]:
        for language, words in given.items():
            if any(not word.strip("-") for word in words):
                raise SettingsError("a stop word is empty", (language,))
        return FrozenMap({**STOP_WORDS, **given})

    def __post_init__(self) -> None:
        tokens.check_semantics(self.words, self.semantics)

    def check(self) -> None:
        """Raises ResourceError where the package that finds the words is missing."""
        tokens.check(self.words, "quality/gopher")

    def resources(self) -> Mapping[str, str]:
        """The version of what finds the words, where it matters."""
        return tokens.resources(self.words)

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            f"quality/gopher judges {language} by English limits (mean word length, stop words, letters): "
            f"set languages.{language} and stop_words.{language}"
            for language in self.english_for(languages)
        )

    def open(self) -> Callable[[Document], Scores]:
        from filters.quality.gopher_counts import opened

        return opened(self.semantics, self.words, self.stop_words)

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        def bound(name: str) -> float | None:
            found: float | None = self.value(name, language)
            return found

        symbols = ("symbol_ratio",) if self.semantics == "dclm" else ("hash_ratio", "ellipsis_ratio")
        rules = (
            Rule("min_words", "words", at_least=bound("min_words")),
            Rule("max_words", "words", at_most=bound("max_words")),
            Rule("min_mean_word_length", "mean_word_length", at_least=bound("min_mean_word_length")),
            Rule("max_mean_word_length", "mean_word_length", at_most=bound("max_mean_word_length")),
            *(Rule(f"max_{name}", name, at_most=bound("max_symbol_ratio")) for name in symbols),
            Rule("max_bullet_lines", "bullet_lines", at_most=bound("max_bullet_lines")),
            Rule("max_ellipsis_lines", "ellipsis_lines", at_most=bound("max_ellipsis_lines")),
            Rule("min_alphabetic_words", "alphabetic_words", at_least=bound("min_alphabetic_words")),
            Rule("min_stop_words", "stop_words", at_least=bound("min_stop_words")),
            Rule("min_stop_word_share", "stop_word_share", at_least=bound("min_stop_word_share")),
        )
        return tuple(rule for rule in rules if rule.at_least is not None or rule.at_most is not None)
