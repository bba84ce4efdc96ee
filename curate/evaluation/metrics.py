"""Figures of merit for scores and decisions against labels, with bootstrap intervals."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROUNDS = 1000
SEED = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds between which 95 % of its bootstrap replicates lie (percentile method)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def as_dict(self) -> dict[str, float | None]:
        """For JSON, which has no NaN: null says that the figure does not exist."""
        named = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(number) else round(number, 4) for name, number in named.items()}


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive item scores higher than a negative one, ties counting half.

    positive is boolean, scores finite or infinite numbers, both of shape (n,). NaN where one class is missing.
    """
    positive = np.asarray(positive, dtype=bool)
    _, place, counts = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True, return_counts=True)
    positives = np.bincount(place, weights=positive, minlength=len(counts))
    return _auc(positives, counts - positives)


def _auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The same from the numbers of positive and negative items at each distinct score, ascending."""
    total = positives.sum() * negatives.sum()
    if total == 0:
        return math.nan
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / total)


def precision_recall_f1(positive: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 of a decision, both arrays boolean of shape (n,); NaN where a denominator is 0."""
    positive = np.asarray(positive, dtype=bool)
    predicted = np.asarray(predicted, dtype=bool)
    right = float((positive & predicted).sum())
    found, wanted = float(predicted.sum()), float(positive.sum())
    precision = right / found if found else math.nan
    recall = right / wanted if wanted else math.nan
    f1 = 2 * right / (found + wanted) if found + wanted else math.nan
    return precision, recall, f1


def bootstrap(
    statistic: Callable[[np.ndarray], float | tuple[float, ...]], n: int, rounds: int = ROUNDS, seed: int = SEED
) -> tuple[Interval, ...]:
    """95 % intervals of one or several figures, by resampling n items with replacement.

    statistic gets the indices of the items, an integer array of shape (n,). Replicates in which a figure does not exist
    (NaN) are left out of its interval. The same seed gives the same intervals.
    """
    values = np.atleast_1d(np.asarray(statistic(np.arange(n)), dtype=np.float64))
    if n == 0:
        return tuple(Interval(math.nan, math.nan, math.nan) for _ in values)
    generator = np.random.default_rng(seed)
    replicates = np.array([np.atleast_1d(statistic(generator.integers(n, size=n))) for _ in range(rounds)])
    intervals = []
    for value, column in zip(values, replicates.T, strict=True):
        column = column[~np.isnan(column)]
        low, high = np.percentile(column, [2.5, 97.5]) if len(column) else (math.nan, math.nan)
        intervals.append(Interval(float(value), float(low), float(high)))
    return tuple(intervals)


def auc_interval(positive: np.ndarray, scores: np.ndarray, rounds: int = ROUNDS) -> Interval:
    """roc_auc with its interval. The scores are ranked once; a replicate only counts."""
    positive = np.asarray(positive, dtype=bool)
    _, place = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    size = int(place.max()) + 1 if len(place) else 0

    def statistic(items: np.ndarray) -> float:
        chosen, is_positive = place[items], positive[items]
        return _auc(np.bincount(chosen[is_positive], minlength=size), np.bincount(chosen[~is_positive], minlength=size))

    return bootstrap(statistic, len(positive), rounds)[0]


@dataclass(frozen=True, slots=True)
class BinaryScores:
    """How well a score orders items, and how well a decision finds the positive ones.

    items, positives  how many there are        auc  of the score
    precision, recall, f1  of the decision
    """

    items: int
    positives: int
    auc: Interval
    precision: Interval
    recall: Interval
    f1: Interval

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        figures = {name: getattr(self, name).as_dict() for name in ("auc", "precision", "recall", "f1")}
        return {"items": self.items, "positives": self.positives, **figures}


def binary_scores(
    positive: np.ndarray, scores: np.ndarray, predicted: np.ndarray, rounds: int = ROUNDS
) -> BinaryScores:
    """All figures of a score and a decision against labels; arrays of shape (n,)."""
    positive = np.asarray(positive, dtype=bool)
    predicted = np.asarray(predicted, dtype=bool)
    precision, recall, f1 = bootstrap(
        lambda items: precision_recall_f1(positive[items], predicted[items]), len(positive), rounds
    )
    auc = auc_interval(positive, scores, rounds)
    return BinaryScores(len(positive), int(positive.sum()), auc, precision, recall, f1)
