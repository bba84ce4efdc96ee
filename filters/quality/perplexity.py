"""Quality by the perplexity of an n-gram language model, as in CCNet: by limits, by buckets, or the best share."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from filters import models
from filters.by_language import ByLanguage
from filters.contracts import (
    FrozenMap,
    Judge,
    Scores,
    SettingsError,
    Strategy,
    by_language,
    limit,
    strategy,
)
from filters.document import Document
from filters.rules import Rule
from filters.top_share import TopShareJudge

EVERY = ""  # the language that stands for those not named
ALL = "all"
_MOST = 308  # the largest power of ten that is a number


@strategy
class LanguageModel(Strategy):
    """Base of judges that ask an n-gram language model."""

    reads: ClassVar[tuple[str, ...]] = ("language",)

    model: str | FrozenMap[str, str] = Field(
        description="the model, an ARPA file (plain or .gz) or a binary file of KenLM's: a path or a URL (with "
        "sha256); or a map of languages (ISO 639-1) to models",
    )
    tokenizer: str | FrozenMap[str, str] | None = Field(
        None,
        description="SentencePiece model, or a map of them by language, that cuts text into the words of the model; "
        "null: they are parted by spaces",
    )
    sha256: FrozenMap[str, str] = Field(FrozenMap(), description="expected sha256 by path or URL of a model")
    normalization: Literal["ccnet", "dclm", "none"] = Field(
        "ccnet",
        description="ccnet: lower case, no accents, digits as 0, plain punctuation; dclm: digits and punctuation only",
    )
    lines: Literal["each", "joined"] = Field(
        "each", description="each: a line is a sentence of the model; joined: the whole text is one, as CCNet has it"
    )

    @field_validator("model", "tokenizer")
    @classmethod
    def _named(cls, given: str | FrozenMap[str, str] | None) -> str | FrozenMap[str, str] | None:
        if given is not None and (not given or (isinstance(given, Mapping) and not all(given.values()))):
            raise ValueError("must name a file")
        return given

    @model_validator(mode="after")
    def _of_models(self) -> "LanguageModel":
        """A tokenizer or checksum that belongs to no model would never be looked at."""
        files = self._files()
        for language in self.tokenizer if isinstance(self.tokenizer, Mapping) else ():
            if language not in (*files, EVERY):
                raise SettingsError("there is no model of this language", ("tokenizer", language))
        named = {name for pair in files.values() for name in pair if name}
        if not named.issuperset(self.sha256):
            raise SettingsError("names what is neither a model nor a tokenizer here", ("sha256",))
        return self

    def _files(self) -> dict[str, tuple[str, str | None]]:
        """(model, tokenizer) by language."""
        by = {EVERY: self.model} if isinstance(self.model, str) else dict(self.model)
        if not isinstance(self.tokenizer, Mapping):
            return {language: (model, self.tokenizer) for language, model in by.items()}
        tokenizers = self.tokenizer
        return {language: (model, tokenizers.get(language, tokenizers.get(EVERY))) for language, model in by.items()}

    def check(self) -> None:
        """Raises ResourceError if a model is missing or damaged, or a package that reads it is."""
        from filters.quality.language_model import load

        for model, tokenizer in self._files().values():
            load(model, tokenizer, self.sha256)

    def resources(self) -> Mapping[str, str]:
        """sha256 of every model."""
        named = {name for pair in self._files().values() for name in pair if name}
        return {name: models.digest(file_of(name, self.sha256)) for name in sorted(named)}

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """A model of one language judges several."""
        if not isinstance(self.model, str) or len(languages) < 2:
            return ()
        return (f"one model judges {', '.join(languages)}: name one for each, model: {{{languages[0]}: PATH, …}}",)

    def measure(self) -> Callable[[Document], tuple[float, int]]:
        """The function from a document to (perplexity, words of the model); NaN where there is no model or no word.

        The perplexity is 10 ** (-sum of log10 chances / (words + lines)), over all lines that have words.
        """
        from filters.quality.language_model import load
        from filters.text.ccnet import normalizer

        scorers = {language: load(*files, self.sha256) for language, files in self._files().items()}
        normalize = normalizer(self.normalization, self.lines == "joined")
        every = scorers.get(EVERY)

        def perplexity(document: Document) -> tuple[float, int]:
            score = scorers.get(str(document.notes.get("language", "")), every)
            if score is None:
                return math.nan, 0
            found = score(normalize(document.text))
            if not found.words:
                return math.nan, 0
            power = -found.log10 / (found.words + found.lines)
            return (10.0**power if power <= _MOST else math.inf), found.words

        return perplexity


def file_of(model: str, sha256: Mapping[str, str]) -> Path:
    """The local file of a model. Raises ResourceError, which says how to make one where a path leads to nothing."""
    models.check_made(model, "curate train perplexity --data GOOD.jsonl")
    return models.resolve(model, sha256.get(model))


@strategy
class Perplexity(ByLanguage, Judge, LanguageModel):
    """Keeps texts by their perplexity under an n-gram language model, and notes it with CCNet's bucket.

    Source: CCNet (Wenzek et al. 2020): 10 ** (-sum of log10 chances / (words + lines)) under a 5-gram model with
    Kneser-Ney smoothing, best under `head`, middle under `tail`. The limits are those of a model and its words; find
    yours with `curate train perplexity --pool`. Texts without words, and in languages without a model, stay.
    """

    writes: ClassVar[Mapping[str, str]] = {"perplexity": "float64", "perplexity_bucket": "string"}

    max_perplexity: float | None = limit(None, ge=0, description="largest perplexity; null = off")
    min_perplexity: float | None = limit(
        None, ge=0, description="smallest perplexity, as text that repeats itself has a low one; null = off"
    )
    head: float | None = by_language(None, ge=0, description="below: the bucket head; null: every text is in `all`")
    tail: float | None = by_language(None, ge=0, description="below: the bucket middle; from here on: tail")
    keep: tuple[Literal["head", "middle", "tail"], ...] = limit(
        (), description="buckets to keep; empty: every bucket. Texts in `all` stay"
    )

    def __post_init__(self) -> None:
        cut = False
        for language in (EVERY, *self.languages):
            head, tail = self.value("head", language), self.value("tail", language)
            path = ("languages", language, "head") if language else ("head",)
            if (head is None) != (tail is None):
                raise SettingsError("head and tail need each other", path)
            if head is not None and head > tail:
                raise SettingsError(f"{head:g} is above tail: {tail:g}", path)
            cut |= head is not None
        if self.keep and not cut:
            raise SettingsError("needs head and tail, which cut the buckets", ("keep",))

    def made_for(self) -> None:
        """Every language that the models are of."""
        return

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Those about models."""
        return LanguageModel.warnings(self, languages)

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"perplexity", "tokens"} and notes perplexity and perplexity_bucket (head, middle, tail, all)."""
        measure = self.measure()

        def scores(document: Document) -> Scores:
            found, words = measure(document)
            signals = {"perplexity": found, "tokens": float(words)}
            if math.isnan(found):
                return Scores(signals, {"perplexity_bucket": ALL})
            language = str(document.notes.get("language", ""))
            bucket = _bucket(found, self.value("head", language), self.value("tail", language))
            return Scores(signals, {"perplexity": found, "perplexity_bucket": bucket})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`max_perplexity`, `min_perplexity` and `bucket`, without those that are off."""
        most, least = self.value("max_perplexity", language), self.value("min_perplexity", language)
        return (
            *((Rule("max_perplexity", "perplexity", at_most=most),) if most is not None else ()),
            *((Rule("min_perplexity", "perplexity", at_least=least),) if least is not None else ()),
            *((Rule("bucket", "perplexity_bucket", one_of=(*self.keep, ALL)),) if self.keep else ()),
        )


def _bucket(perplexity: float, head: float | None, tail: float | None) -> str:
    if head is None or tail is None:
        return ALL
    return "head" if perplexity < head else "middle" if perplexity < tail else "tail"


@strategy
class PerplexityTop(TopShareJudge, LanguageModel):
    """Keeps the share of the corpus with the lowest perplexity under an n-gram language model (DCLM: the lowest tenth).

    Texts without words, and in languages without a model, take no part and stay.
    """

    def scorer(self) -> Callable[[Document], float]:
        """The perplexity, negative."""
        measure = self.measure()
        return lambda document: -measure(document)[0]
