"""Train an n-gram language model for quality/perplexity, and find where to cut its buckets."""

import contextlib
import dataclasses
import gzip
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from curate.training import kneser_ney
from curate.training.drawing import is_held_out
from curate.training.examples import DataError
from curate.training.settings import check
from curate.training.spent import cpu_seconds
from filters.contracts import ResourceError
from filters.document import Document
from filters.models import digest
from filters.needs import need
from filters.quality.perplexity import LanguageModel, Perplexity
from filters.text.ccnet import normalizer

SUFFIXES = (".arpa", ".arpa.gz")
HEAD, TAIL = 0.3, 0.6  # CCNet's: the shares of a pool below which texts are in the head, and below which in the tail
MAX_ORDER = 6  # as KenLM is built
COVERAGE = 0.9995  # of characters that get a piece of their own: CCNet's
Texts = Callable[[], Iterable[str]]  # gives the texts from the first one, each time it is called


@dataclass(frozen=True, slots=True)
class Spread:
    """Perplexities of texts: how many have one, and quantiles by share."""

    texts: int
    quantiles: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    strategy   settings of quality/perplexity that read the model; sha256  of the model
    texts      learned from, of `words` words, `different` of them different
    ngrams     written, by n          discounts  by n, of n-grams seen once, twice, three times and more
    fallback   the n whose discounts are those of KenLM for texts too few to tell
    held_out   perplexity of texts not learned from    pool  that of the pool, and `head` and `tail` found there
    """

    strategy: Mapping[str, Any]
    sha256: str
    texts: int
    words: int
    different: int
    ngrams: tuple[int, ...]
    discounts: tuple[tuple[float, float, float], ...]
    fallback: tuple[int, ...]
    cpu_seconds: float
    held_out: Spread | None
    pool: Spread | None

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def train(
    texts: Texts,
    model: Path,
    *,
    tokenizer: Path | None = None,
    pieces: int | None = None,
    normalization: Literal["ccnet", "dclm", "none"] = "ccnet",
    lines: Literal["each", "joined"] = "each",
    order: int = 5,
    min_count: int = 1,
    prune: int = 0,
    held_out_share: float = 0.1,
    pool: Texts | None = None,
) -> Trained:
    """Train a model of n-grams up to `order` words, and write it as ARPA.

    model           ends in .arpa or .arpa.gz
    tokenizer       a SentencePiece model that cuts the texts; with `pieces` it is trained from them, and written
    normalization, lines  as in quality/perplexity
    min_count       words that occur less often count as <unk>
    prune           n-grams of 3 and more words that occur no more often are left out
    held_out_share  texts to measure on, chosen by a hash of the text
    pool            texts of the crawl that is to be judged: their quantiles give `head` and `tail`
    The same texts give the same file, byte for byte, in whatever order they come (but for SentencePiece's).
    Raises DataError where texts, paths or settings do not do.
    """
    check(model, SUFFIXES, held_out_share)
    if tokenizer and not tokenizer.parent.is_dir():
        raise DataError(f"there is no folder {tokenizer.parent}")
    if not 1 <= order <= MAX_ORDER:
        raise DataError(f"the order must be 1 to {MAX_ORDER}")
    if pieces is not None and tokenizer is None:
        raise DataError("pieces need a path for the tokenizer")
    start = cpu_seconds()
    normalize = normalizer(normalization, lines == "joined")
    seen = _Seen(texts, held_out_share)
    if pieces is not None and tokenizer is not None:
        _train_pieces((normalize(text) for text in seen.learned()), tokenizer, pieces)
    encode = _encoder(tokenizer)
    words, numbers = kneser_ney.numbered(
        (encode(line) for text in seen.learned() for line in normalize(text).split("\n")), min_count
    )
    if not len(numbers):
        raise DataError("no text to learn from has a word")
    estimates = kneser_ney.estimate(kneser_ney.count(numbers, len(words), order), prune)
    with _replacing(model) as file:
        packed: Any = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if model.suffix == ".gz" else file
        ngrams = kneser_ney.write_arpa(words, estimates, packed)
        if packed is not file:
            packed.close()
    spent = cpu_seconds() - start
    settings: dict[str, Any] = {"model": str(model), "normalization": normalization, "lines": lines}
    if tokenizer:
        settings["tokenizer"] = str(tokenizer)
    judge = Perplexity(**settings)
    measured = _spread(judge, seen.held_out(), (0.1, 0.5, 0.9)) if held_out_share else None
    judged = _spread(judge, pool(), (HEAD, TAIL)) if pool else None
    if judged is not None and judged.texts:
        settings |= dict(zip(("head", "tail"), judged.quantiles.values(), strict=True))
    return Trained(
        {"quality/perplexity": settings},
        digest(model),
        seen.texts,
        int(np.count_nonzero(numbers > kneser_ney.END) + np.count_nonzero(numbers == kneser_ney.UNKNOWN)),
        len(words) - len(kneser_ney.SPECIAL),
        ngrams,
        estimates.discounts,
        estimates.fallback,
        spent,
        measured,
        judged,
    )


class _Seen:
    """The texts to learn from, and those held out by a hash of the text."""

    def __init__(self, texts: Texts, held_out_share: float) -> None:
        self._texts, self._share = texts, held_out_share
        self.texts = 0

    def learned(self) -> Iterator[str]:
        self.texts = 0
        for text in self._texts():
            if text.strip() and not self._apart(text):
                self.texts += 1
                yield text

    def held_out(self) -> Iterator[str]:
        return (text for text in self._texts() if self._apart(text))

    def _apart(self, text: str) -> bool:
        return is_held_out(text, self._share)


def _spread(judge: LanguageModel, texts: Iterable[str], shares: tuple[float, ...]) -> Spread:
    measure = judge.measure()
    found = np.array([measure(Document("", text))[0] for text in texts])
    found = found[~np.isnan(found)]
    values = np.quantile(found, shares, method="inverted_cdf").tolist() if len(found) else []
    return Spread(len(found), {f"{share:g}": value for share, value in zip(shares, values, strict=False)})


def _encoder(tokenizer: Path | None) -> Callable[[str], str]:
    if tokenizer is None:
        return lambda line: line
    from filters.quality.language_model import sentencepiece

    try:
        encode = sentencepiece(str(tokenizer), tokenizer)
    except ResourceError as error:
        raise DataError(str(error)) from error
    return lambda line: " ".join(encode(line))


def _train_pieces(texts: Iterable[str], tokenizer: Path, pieces: int) -> None:
    """Train a unigram model of SentencePiece on one thread, and write it."""
    try:
        package = need("sentencepiece", "curate train perplexity --pieces")
    except ResourceError as error:
        raise DataError(str(error)) from error
    damage: list[DataError] = []  # SentencePiece turns what reading raises into a fault of its own

    def lines() -> Iterator[str]:
        try:
            for text in texts:
                yield from (line for line in text.split("\n") if line.strip())
        except DataError as error:
            damage.append(error)
            raise

    try:
        with _replacing(tokenizer) as file:
            package.SentencePieceTrainer.train(
                sentence_iterator=lines(),
                model_writer=file,
                vocab_size=pieces,
                character_coverage=COVERAGE,
                num_threads=1,
                minloglevel=2,
            )
    except (RuntimeError, OSError) as error:
        if damage:
            raise damage[0] from error
        raise DataError(f"SentencePiece cannot make {pieces} pieces of these texts: {_said(error)}") from error


def _said(error: Exception) -> str:
    return " ".join(str(error).rpartition("]")[2].split())[:200] or type(error).__name__


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place when it is whole. Raises DataError where it cannot be written."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".training-") as folder:
            made = Path(folder) / "model"
            with made.open("wb") as file:
                yield file
            made.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
