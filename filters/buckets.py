"""Rankings cut by weight: who is above which cut, and the bucket of several scores. Pure functions over arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from filters.contracts import Buckets
from filters.dedup.survivors import hash_of

_LAST = np.iinfo(np.uint64).max
NOBODY = np.array([_LAST, 0, 0], dtype=np.uint64)  # a cut that no score is above: NaN would have this score
Cuts = Mapping[tuple[int, int], np.ndarray]  # (slice, number of the score) to its cuts, see cuts_of()


def slice_of(name: str) -> int:
    """The number of a slice: a hash of its name, of 63 bits."""
    return hash_of(name.encode("utf-8", "surrogatepass")) >> 1


def cuts_of(score: np.ndarray, order: np.ndarray, weight: np.ndarray, limits: Sequence[int], tied: bool) -> np.ndarray:
    """For each limit the last document whose rank is above it, as (score, order): uint64, shape (limits, 3).

    A document is above a limit if those that rank before it weigh less. score, weight: uint64 of shape (n,); order:
    uint64 of shape (n, 2), the smaller ranks before among equal scores. tied: equal scores rank alike, and the order
    of a cut is the last there is.
    """
    ranked = np.lexsort((order[:, 1], order[:, 0], ~score))
    scores, above = score[ranked], np.cumsum(weight[ranked]) - weight[ranked]
    if tied and len(ranked):
        first = np.concatenate([[True], scores[1:] != scores[:-1]])
        above = above[np.maximum.accumulate(np.where(first, np.arange(len(ranked)), 0))]
    cuts = np.tile(NOBODY, (len(limits), 1))
    for number, limit in enumerate(limits):
        last = int(np.searchsorted(above, np.uint64(max(0, limit)), side="left")) - 1
        if last >= 0:
            cuts[number, 0] = scores[last]
            cuts[number, 1:] = _LAST if tied else order[ranked[last]]
    return cuts


def is_above(score: np.ndarray, order: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Which documents are above a cut: bool, shape (n,)."""
    last, first, second = cut
    later = (order[:, 0] > first) | ((order[:, 0] == first) & (order[:, 1] > second))
    return np.asarray((score > last) | ((score == last) & ~later))


@dataclass(frozen=True)
class Judged:
    """The buckets of n documents by k scores.

    by_score  int64, shape (n, k): the bucket that each score gives, -1 where the document has no such score
    bucket    int64, shape (n,): that of all scores together
    top       bool, shape (n, k): whether the document is in the top tenth by that score
    stays     bool, shape (n,)
    """

    by_score: np.ndarray
    bucket: np.ndarray
    top: np.ndarray
    stays: np.ndarray


def limits_of(decision: Buckets, total: int, slice_: int) -> tuple[int, ...]:
    """The limits of a decision's cuts, and of the top tenth after them."""
    return *decision.limits(total, slice_), -(-total // 10)


def all_cuts(decision: Buckets, values: np.ndarray, order: np.ndarray) -> Cuts:
    """The cuts among documents, all of which take part: values uint64 of shape (n, width), order of shape (n, 2)."""
    found = {}
    for slice_ in np.unique(values[:, -1]).tolist():
        inside = values[:, -1] == slice_
        for number in range(len(decision.scores)):
            rows = np.flatnonzero(inside & (values[:, number] > 0))
            weight = values[rows, -2]
            limits = limits_of(decision, int(weight.sum()), slice_)
            found[slice_, number] = cuts_of(values[rows, number], order[rows], weight, limits, decision.tied)
    return found


def judged(decision: Buckets, cuts: Cuts, values: np.ndarray, order: np.ndarray) -> Judged:
    """The buckets of documents, all of which take part; arguments as for all_cuts()."""
    scores = values[:, : len(decision.scores)]
    by_score = np.where(scores > 0, 0, -1).astype(np.int64)
    top = np.zeros(scores.shape, dtype=bool)
    for slice_ in np.unique(values[:, -1]).tolist():
        rows = np.flatnonzero(values[:, -1] == slice_)
        for number in range(len(decision.scores)):
            score = scores[rows, number]
            *buckets, tenth = cuts[slice_, number]
            for cut in buckets:
                by_score[rows, number] += is_above(score, order[rows], cut)
            top[rows, number] = is_above(score, order[rows], tenth)
    bucket = joined(by_score, decision.join)
    return Judged(by_score, bucket, top, np.isin(bucket, list(decision.keep)))


def joined(by_score: np.ndarray, join: str) -> np.ndarray:
    """One bucket of those that each score gives (-1: none, of which there is one at least): int64, shape (n,)."""
    if join == "maximum":
        return np.asarray(by_score.max(axis=1, initial=-1))
    count = (by_score >= 0).sum(axis=1)
    if join == "mean":
        total = np.where(by_score >= 0, by_score, 0).sum(axis=1)
        return np.asarray((2 * total + count) // np.maximum(1, 2 * count))
    ascending = np.sort(by_score, axis=1)
    at = by_score.shape[1] - 1 - count // 2
    return np.asarray(np.take_along_axis(ascending, at[:, None], axis=1)[:, 0])
