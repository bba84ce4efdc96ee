"""The quality rules of Gopher (Rae et al. 2021, appendix A1): length, symbols, bullets, letters, stop words.

Published implementations differ, and `semantics` says whose count holds:

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

Thresholds by language: the settings are the values for English and for every language that has none of its own.
`languages` holds the others by ISO 639-1 code (LANGUAGES below), `stop_words` the lists (STOP_WORDS below); what a user
gives for one language leaves the others as they are. An entry of a list that begins with a hyphen is an ending: it
counts the words that end in it and are longer, which is how Korean writes its function words.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from filters.contracts import FrozenMap, Judge, Scores, strategy
from filters.document import Document
from filters.needs import need
from filters.quality.by_language import Limits, completed, english_only
from filters.rules import Rule

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
class Gopher(Judge):
    """Gopher's quality rules: words, mean word length, symbols, bullets, ellipses, letters, stop words.

    Source: Rae et al. 2021, appendix A1; counts as in DCLM or in datatrove. A document without words has a symbol
    share of infinity and shares of 0 otherwise.
    """

    semantics: Literal["dclm", "datatrove"] = Field("dclm", description="whose definitions of the counts hold")
    words: Literal["unicode", "spacy"] = Field(
        "unicode", description="UAX #29 words, or spaCy's English tokenizer (read with semantics: datatrove only)"
    )
    min_words: float | None = Field(50, ge=0, description="fewest words")
    max_words: float | None = Field(100_000, ge=0, description="most words")
    min_mean_word_length: float | None = Field(3, ge=0, description="least mean length of a word, in characters")
    max_mean_word_length: float | None = Field(10, ge=0, description="greatest mean length of a word, in characters")
    max_symbol_ratio: float | None = Field(0.1, ge=0, description="most symbols (#, ellipsis) for each word")
    max_bullet_lines: float | None = Field(0.9, ge=0, description="largest share of lines that begin with a bullet")
    max_ellipsis_lines: float | None = Field(0.3, ge=0, description="largest share of lines that end in an ellipsis")
    min_alphabetic_words: float | None = Field(0.8, ge=0, description="smallest share of words that have a letter")
    min_stop_words: float | None = Field(2, ge=0, description="fewest stop words")
    min_stop_word_share: float | None = Field(None, ge=0, description="smallest share of stop words among the words")
    languages: Limits = Field(
        FrozenMap(),
        validate_default=True,
        description="thresholds by language (ISO 639-1); ko: {} takes the Korean ones away",
    )
    stop_words: FrozenMap[str, tuple[str, ...]] = Field(
        FrozenMap(),
        validate_default=True,
        description="stop words by language, in place of those shipped for it; -x: words that end in x",
    )

    reads: ClassVar[tuple[str, ...]] = ("language",)
    thresholds: ClassVar[frozenset[str]] = frozenset(
        {
            "min_words",
            "max_words",
            "min_mean_word_length",
            "max_mean_word_length",
            "max_symbol_ratio",
            "max_bullet_lines",
            "max_ellipsis_lines",
            "min_alphabetic_words",
            "min_stop_words",
            "min_stop_word_share",
            "languages",
        }
    )

    @field_validator("languages", mode="after")
    @classmethod
    def _complete(cls, given: Limits) -> Limits:
        return completed(given, LANGUAGES, cls.thresholds - {"languages"})

    @field_validator("stop_words", mode="after")
    @classmethod
    def _with_shipped(cls, given: FrozenMap[str, tuple[str, ...]]) -> FrozenMap[str, tuple[str, ...]]:
        if any(not word.strip("-") for words in given.values() for word in words):
            raise ValueError("a stop word is empty")
        return FrozenMap({**STOP_WORDS, **given})

    def __post_init__(self) -> None:
        if self.words == "spacy" and self.semantics != "datatrove":
            raise ValueError("words: spacy needs semantics: datatrove")

    def check(self) -> None:
        if self.words == "spacy":
            check_spacy()

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            f"quality/gopher judges {language} by English limits (mean word length, stop words, letters): "
            f"give languages.{language} and stop_words.{language}"
            for language in english_only(languages, {**self.languages})
        )

    def open(self) -> Callable[[Document], Scores]:
        from filters.quality.gopher_counts import opened

        return opened(self.semantics, self.words, self.stop_words)

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        def limit(name: str) -> float | None:
            own = self.languages.get(language, FrozenMap[str, float | None]())
            value: float | None = own[name] if name in own else getattr(self, name)
            return value

        symbols = ("symbol_ratio",) if self.semantics == "dclm" else ("hash_ratio", "ellipsis_ratio")
        rules = (
            Rule("min_words", "words", at_least=limit("min_words")),
            Rule("max_words", "words", at_most=limit("max_words")),
            Rule("min_mean_word_length", "mean_word_length", at_least=limit("min_mean_word_length")),
            Rule("max_mean_word_length", "mean_word_length", at_most=limit("max_mean_word_length")),
            *(Rule(f"max_{name}", name, at_most=limit("max_symbol_ratio")) for name in symbols),
            Rule("max_bullet_lines", "bullet_lines", at_most=limit("max_bullet_lines")),
            Rule("max_ellipsis_lines", "ellipsis_lines", at_most=limit("max_ellipsis_lines")),
            Rule("min_alphabetic_words", "alphabetic_words", at_least=limit("min_alphabetic_words")),
            Rule("min_stop_words", "stop_words", at_least=limit("min_stop_words")),
            Rule("min_stop_word_share", "stop_word_share", at_least=limit("min_stop_word_share")),
        )
        return tuple(rule for rule in rules if rule.at_least is not None or rule.at_most is not None)


def check_spacy() -> None:
    """Raises ResourceError where spaCy cannot be imported."""
    need("spacy", "words: spacy")
