"""Honest controls: random removal of the same bytes, equal byte budgets, intervals on every difference."""

import hashlib
from typing import Any

import numpy as np

from curate.report.decide import Decided, Decider

RESAMPLES = 1000


def draws(ids: np.ndarray, seed: int, purpose: str = "") -> np.ndarray:
    """A number in [0, 1) for each id, a function of seed and id: samples of it are nested and keyed by document.

    purpose  draws of one purpose say nothing about those of another
    """
    key, person = seed.to_bytes(8, "little"), purpose.encode()
    digests = b"".join(
        hashlib.blake2b(name.encode(), digest_size=8, key=key, person=person).digest() for name in ids.tolist()
    )
    return np.frombuffer(digests, dtype=np.uint64).astype(np.float64) / 2.0**64


def budget(ids: np.ndarray, sizes: np.ndarray, mask: np.ndarray, most: int, seed: int, purpose: str = "") -> np.ndarray:
    """Documents of mask up to a budget in bytes: those with the smallest draws. A smaller budget takes a subset."""
    rows = np.flatnonzero(mask)
    order = rows[np.argsort(draws(ids[rows], seed, purpose), kind="stable")]
    within = np.cumsum(sizes[order]) <= most
    chosen = np.zeros(len(mask), dtype=bool)
    chosen[order[within]] = True
    return chosen


def random_removal(decider: Decider, base: Decided, other: Decided, seed: int) -> np.ndarray:
    """A random arm: the pages that were read, minus random ones, until as many bytes are left as other keeps."""
    ids = decider.scored.groups[base.group].strings("id")
    first = decider.scored.plan.arms[base.arm][0].number
    reached = decider.reached(first)
    sizes = decider.sizes(first, "bytes")
    most = int(decider.sizes(other.node, "bytes")[other.kept].sum()) if other.group == base.group else 0
    # Drawn by other keys than training samples are, or what is left would be the very sample that is trained on.
    return budget(ids, sizes, reached, most, seed, "removal")


def interval(values: np.ndarray, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """A bootstrap interval of the mean over documents (percentiles of RESAMPLES resampled means)."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        means[number] = values[rng.integers(0, len(values), len(values))].mean()
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_difference(left: np.ndarray, right: np.ndarray, weights: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """The difference of two arms' shares of what was read (right minus left), by document and by weight, with 95 %
    intervals from resampling documents.

    The sums over a resampled corpus are functions of how often each of four kinds of document is drawn, so a Poisson
    bootstrap over documents is used: it needs no index arrays and its cost is linear.
    """
    read = len(left)
    if not read:
        return {"documents": 0.0, "documents_interval": [0.0, 0.0], "bytes": 0.0, "bytes_interval": [0.0, 0.0]}
    change = right.astype(np.float64) - left.astype(np.float64)
    moved = np.flatnonzero(change)
    total = float(weights.sum()) or 1.0
    rng = np.random.default_rng(seed)
    documents, sizes = np.empty(RESAMPLES), np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        counts = rng.poisson(1.0, len(moved))
        documents[number] = (counts * change[moved]).sum() / read
        sizes[number] = (counts * change[moved] * weights[moved]).sum() / total
    return {
        "documents": float(change.sum() / read),
        "documents_interval": [float(bound) for bound in np.quantile(documents, [0.025, 0.975])],
        "bytes": float((change * weights).sum() / total),
        "bytes_interval": [float(bound) for bound in np.quantile(sizes, [0.025, 0.975])],
    }
