"""Toxicity judges against labelled texts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.evaluation.applied import apply_to_all, documents, ms_per_kb
from curate.evaluation.labelled import EvaluationError
from curate.evaluation.metrics import ROUNDS, BinaryScores, binary_scores
from curate.training.examples import Examples
from filters.contracts import Judge

# What orders texts from clean to toxic: the first of these that a judge has
SIGNALS = ("toxicity", "share")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a judge does on labelled texts.

    scores     AUC of its signal; precision, recall and F1 of its decision to drop
    unscored   texts without a score: they count as the cleanest, and are kept
    failed     texts on which the judge failed; they are unscored too
    ms_per_kb  CPU milliseconds for 1,000 bytes of UTF-8, loading left out
    dropped    boolean, shape (n,): its decision by text        toxicity  float64, shape (n,): its signal
    """

    signal: str
    scores: BinaryScores
    unscored: int
    ms_per_kb: float
    dropped: np.ndarray
    toxicity: np.ndarray
    failed: int = 0

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON, without the arrays."""
        measured = {"failed": self.failed, "unscored": self.unscored, "ms_per_kb": round(self.ms_per_kb, 4)}
        return {"signal": self.signal, **self.scores.as_dict(), **measured}


def evaluate(judge: Judge, examples: Examples, language: str = "", rounds: int = ROUNDS) -> Evaluation:
    """Score labelled texts and decide on them with the judge's rules.

    language  ISO 639-1, becomes the note `language` of every document; "" leaves it out
    Raises EvaluationError where the judge has no such signal, or fails on every text.
    """
    found = apply_to_all(judge, documents(examples.texts, language))
    scores = [outcome.scores for outcome in found.outcomes]
    signals = next((one.signals for one in scores if one is not None), {})
    signal = next((name for name in SIGNALS if name in signals), "")
    if not signal:
        raise EvaluationError(f"{type(judge).__name__} has none of the signals {', '.join(SIGNALS)}")
    toxicity = np.array([one.signals[signal] if one is not None else math.nan for one in scores], dtype=np.float64)
    dropped = np.array([outcome.drop is not None for outcome in found.outcomes])
    ordered = np.where(np.isnan(toxicity), -math.inf, toxicity)
    return Evaluation(
        signal,
        binary_scores(examples.toxic, ordered, dropped, rounds),
        int(np.isnan(toxicity).sum()),
        ms_per_kb(found.cpu_seconds, examples.texts),
        dropped,
        toxicity,
        found.failed,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """A group of items: how many, how many of them toxic, and for how many the decision was right."""

    name: str
    items: int
    toxic: int
    right: int


def by_group(evaluation: Evaluation, examples: Examples, groups: Sequence[str]) -> list[Group]:
    """The decisions by group (HateCheck's functionalities, say), in alphabetical order."""
    names = np.asarray(groups)
    right = evaluation.dropped == examples.toxic
    return [
        Group(str(name), int(here.sum()), int(examples.toxic[here].sum()), int(right[here].sum()))
        for name in np.unique(names)
        for here in [names == name]
    ]
