"""Buckets by quantiles of one or several scores over the whole corpus, as Nemotron-CC's and Dolma 3's."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import pydantic
from pydantic import Field

from filters.buckets import slice_of
from filters.contracts import Buckets as Decision
from filters.contracts import CorpusJudge, FrozenMap, Judge, SettingsError, strategy
from filters.dedup.survivors import sortable
from filters.document import Document, Fault
from filters.nested import filled_in, judge_of
from filters.text import tokens
from filters.weighing import Weight, weigher

_OPTIONS = ("signal", "best")
Share = Annotated[float, Field(gt=0, lt=1)]


@strategy
class Buckets(CorpusJudge):
    """Puts documents into buckets by the quantiles of one or several scores, and keeps some buckets or all.

    Each score is ranked over all documents alive at this stage, or over those with the same note `within`, and cut so
    that every bucket holds its share of the documents, bytes or tokens. A document has the bucket k if it is above k
    cuts. Equal scores are in one bucket (ties: together), or ranked by a hash of the id (ties: split), by which shares
    are exact to the document. A document without a score (NaN) has the bucket of its other scores; without any it takes
    no part and stays, without the note `bucket`.

    Source: Nemotron-CC (Su et al. 2024; NVIDIA-NeMo/Nemotron, curation/nemotron-cc): twenty buckets by bytes, the
    greatest of three classifiers, cuts from a sample of 1 %; here they are those of the whole corpus.
    """

    writes: ClassVar[Mapping[str, str]] = {"bucket": "int64"}

    scores: FrozenMap[str, FrozenMap[str, Any]] = Field(
        description="names of the scores, each with {JUDGE: SETTINGS}, or {note: NOTE}; with `signal` (of the judge, "
        "where it has several) and `best`: highest (default) or lowest"
    )
    cuts: Annotated[int, Field(ge=2, le=1000)] | tuple[Share, ...] = Field(
        20, description="how many equal buckets, or the shares below each cut, ascending, such as [0.4, 0.9]"
    )
    weight: Weight = Field("documents", description="what shares are of: documents, bytes or tokens")
    tokens: str = Field(tokens.WORDS, min_length=1, description="tokens: words, or the path of a tokenizers JSON file")
    within: str | None = Field(None, min_length=1, description="a note: documents are ranked among those that share it")
    join: Literal["maximum", "mean", "vote"] = Field(
        "maximum",
        description="the bucket of several scores: the greatest, the mean (rounded, halves up), or the greatest that "
        "more than half of the scores give or exceed",
    )
    ties: Literal["together", "split"] = Field(
        "together", description="equal scores: one bucket, or by a hash of the id"
    )
    keep: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None, description="the buckets to keep, 0 the lowest; null keeps all"
    )

    @pydantic.field_validator("scores", mode="before")
    @classmethod
    def _fill_in(cls, scores: Any) -> Any:
        """Scores with every default of their judges filled in."""
        if not isinstance(scores, Mapping) or not scores:
            raise ValueError("must name one score or more, such as {quality: {quality/fasttext: {model: quality.bin}}}")
        return {name: _score(name, given) for name, given in scores.items()}

    def __post_init__(self) -> None:
        shares = self._shares()
        if list(shares) != sorted(set(shares)) or not shares:
            raise SettingsError("cuts must be shares in ascending order", ("cuts",))
        if self.keep is not None and (not self.keep or max(self.keep) > len(shares)):
            raise SettingsError(f"keep must name some of the buckets 0 to {len(shares)}", ("keep",))

    def _shares(self) -> tuple[Fraction, ...]:
        if isinstance(self.cuts, int):
            return tuple(Fraction(number, self.cuts) for number in range(1, self.cuts))
        return tuple(Fraction(str(share)) for share in self.cuts)

    def made(self) -> tuple[Judge, ...]:
        """The judges that give scores."""
        found = (_judge(entry) for entry in self.scores.values())
        return tuple(judge_of(*one) for one in found if one is not None)

    def check(self) -> None:
        """All that the judges need, and the tokenizer, must be there."""
        for judge in self.made():
            judge.check()
        if self.weight == "tokens":
            tokens.check(self.tokens)

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the judges."""
        return tuple(line for judge in self.made() for line in judge.warnings(languages))

    def notes_read(self) -> tuple[str, ...]:
        """Those that scores are, that the judges read, and by which slices are made."""
        notes = [entry["note"] for entry in self.scores.values() if "note" in entry]
        read = [name for judge in self.made() for name in judge.notes_read()]
        return tuple(dict.fromkeys([*notes, *read, *([self.within] if self.within else [])]))

    def resources(self) -> Mapping[str, str]:
        """Those of the judges, by the name of the score."""
        found: dict[str, str] = {}
        for name, entry in self.scores.items():
            judge = _judge(entry)
            if judge is not None:
                found |= {f"{name}.{key}": value for key, value in judge_of(*judge).resources().items()}
        return found

    def decision(self) -> Decision:
        """Cuts at quantiles; without `keep` nothing is dropped."""
        shares = self._shares()
        return Decision(
            "bucket",
            tuple(sorted(self.scores)),  # scores in another order are equal settings
            shares,
            frozenset(range(len(shares) + 1) if self.keep is None else self.keep),
            self.join,
            self.ties == "together",
            frozenset(name for name, entry in self.scores.items() if entry.get("best") == "lowest"),
            key_free=frozenset({"cuts", "join", "ties", "keep"}),
        )

    def open(self) -> Callable[[Document], Any]:
        """Document -> uint64 of shape (scores + 2,): scores, weight, slice; or (0,) for a document without a score."""
        import numpy as np

        scorers = [_scorer(self.scores[name]) for name in sorted(self.scores)]
        weigh, within = weigher(self.weight, self.tokens), self.within
        none = np.empty(0, dtype=np.uint64)

        def keys(document: Document) -> Any:
            found = [sortable(score(document)) for score in scorers]
            if not any(found):
                return none
            slice_ = slice_of(str(document.notes.get(within, ""))) if within is not None else 0
            return np.array([*found, weigh(document), slice_], dtype=np.uint64)

        return keys


def _score(name: Any, given: Any) -> Any:
    """A score as plain data: a note or a judge with all its settings, and the options that were given."""
    if not isinstance(given, Mapping):
        given = {given: {}} if isinstance(given, str) else None
    if given is None or not isinstance(name, str):
        raise ValueError(f"{name}: must be a map with a judge or a note")
    options = {option: given[option] for option in _OPTIONS if option in given}
    rest = {key: value for key, value in given.items() if key not in _OPTIONS}
    if options.get("best", "highest") not in ("highest", "lowest"):
        raise ValueError(f"{name}: best must be highest or lowest")
    if not isinstance(options.get("signal", ""), str):
        raise ValueError(f"{name}: signal must be the name of a signal")
    if len(rest) != 1:
        raise ValueError(f"{name}: must have one judge or one note")
    if "note" in rest:
        if not isinstance(rest["note"], str) or not rest["note"] or "signal" in options:
            raise ValueError(f"{name}: note must be the name of a note, which has no signals")
        return FrozenMap({**rest, **options})
    try:
        judge, settings = filled_in(rest)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return FrozenMap({judge: settings, **options})


def _judge(entry: Mapping[str, Any]) -> tuple[str, Any] | None:
    """(name, settings) of the judge of a score; None where it is a note."""
    found = [(name, settings) for name, settings in entry.items() if name not in (*_OPTIONS, "note")]
    return found[0] if found else None


def _scorer(entry: Mapping[str, Any]) -> Callable[[Document], float]:
    """Document -> a score, higher is better; NaN where it has none."""
    from filters.chain import opened

    sign = -1.0 if entry.get("best") == "lowest" else 1.0
    judge = _judge(entry)
    if judge is None:
        note = entry["note"]

        def noted(document: Document) -> float:
            value = document.notes.get(note)
            return sign * float(value) if isinstance(value, (int, float)) else float("nan")

        return noted
    function, signal = opened(judge_of(*judge)), entry.get("signal", "")

    def scored(document: Document) -> float:
        signals = function(document).signals
        if signal not in signals and (signal or len(signals) != 1):
            raise Fault("signal_missing", f"{judge[0]} gives {', '.join(sorted(signals))}: name one of them as signal")
        return sign * float(signals[signal] if signal else next(iter(signals.values())))

    return scored
