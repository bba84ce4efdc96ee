"""Controls: random removal of as many bytes, equal byte budgets, intervals on every difference."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from curate.ablation.decide import DecidedArm
from curate.ablation.scored import KEPT, Scored

RESAMPLES = 1000
DRAWN = 100_000  # documents that are resampled one by one


def draws(ids: np.ndarray, seed: int, purpose: str = "") -> np.ndarray:
    """A number in [0, 1) for each id, a function of seed and id: samples of it are nested and keyed by document.

    purpose  draws for different purposes are independent
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


def random_removals(
    scored: Scored, base: DecidedArm, others: Sequence[DecidedArm], seeds: int
) -> dict[str, list[float]]:
    """By arm, the Jaccard index of what it keeps and what a random arm keeps, for each seed.

    A random arm is the pages that were read, minus random ones, until as many bytes are left as the arm keeps. Pages
    are drawn once for all arms. The arms must be over the files of base.
    """
    first = scored.plan.lineage(base.node)[0]
    ids, sizes = scored.pages(first).ids, scored.bytes(first)
    rows = np.flatnonzero(scored.reached(first))
    kept = [scored.sizes(other.node, other.kept) for other in others]
    shares: dict[str, list[float]] = {other.arm: [] for other in others}
    for seed in range(seeds if others else 0):
        # With the keys of training samples, what is left would be the very sample that is trained on.
        order = rows[np.argsort(draws(ids[rows], seed, "removal"), kind="stable")]
        filled = np.cumsum(sizes[order])
        for other, size in zip(others, kept, strict=True):
            chance = order[: np.searchsorted(filled, size["bytes"], side="right")]
            shared = int((other.how[chance] == KEPT).sum())
            union = len(chance) + size["documents"] - shared
            shares[other.arm].append(shared / union if union else 1.0)
    return shares


def paired_difference(left: np.ndarray, right: np.ndarray, weights: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """The difference of two arms' shares of what was read (right minus left), by document and by weight, with 95 %
    intervals from resampling documents.

    A Poisson bootstrap: every document is drawn Poisson(1) times, and both the change and what was read are summed
    over the draws. Documents that both arms treat alike only enter the sum of what was read, as a whole: their number
    is Poisson, and the sum of their weights is close to normal. So are the sums over those that one arm alone keeps,
    where they are more than DRAWN.
    """
    read = len(left)
    if not read:
        return {"documents": 0.0, "documents_interval": [0.0, 0.0], "bytes": 0.0, "bytes_interval": [0.0, 0.0]}
    change = right.astype(np.float64) - left.astype(np.float64)
    moved = np.flatnonzero(change)
    moved = moved[np.lexsort((change[moved], weights[moved]))]  # the order of files and units changes no interval
    total = float(weights.sum()) or 1.0
    alike = np.asarray(weights, dtype=np.float64)[change == 0]
    rng = np.random.default_rng(seed)
    drawn = rng.poisson(len(alike), RESAMPLES)
    weight = np.maximum(0.0, rng.normal(alike.sum(), np.sqrt((alike**2).sum()), RESAMPLES))
    if len(moved) > DRAWN:
        gained, lost = (_normal_sums(rng, weights[moved[change[moved] == sign]]) for sign in (1.0, -1.0))
        documents = (gained[0] - lost[0]) / np.maximum(1.0, drawn + gained[0] + lost[0])
        sizes = (gained[1] - lost[1]) / np.maximum(1.0, weight + gained[1] + lost[1])
    else:
        documents, sizes = np.empty(RESAMPLES), np.empty(RESAMPLES)
        for number in range(RESAMPLES):
            counts = rng.poisson(1.0, len(moved))
            sums = counts * weights[moved]
            documents[number] = (counts * change[moved]).sum() / max(1, drawn[number] + counts.sum())
            sizes[number] = (sums * change[moved]).sum() / max(1.0, weight[number] + sums.sum())
    return {
        "documents": float(change.sum() / read),
        "documents_interval": [float(bound) for bound in np.quantile(documents, [0.025, 0.975])],
        "bytes": float((change * weights).sum() / total),
        "bytes_interval": [float(bound) for bound in np.quantile(sizes, [0.025, 0.975])],
    }


def _normal_sums(rng: np.random.Generator, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How often documents are drawn, Poisson(1) times each, and the sum of their weights: RESAMPLES of both."""
    count, total = len(weights), float(weights.sum())
    if not count:
        return np.zeros(RESAMPLES), np.zeros(RESAMPLES)
    together, apart = rng.standard_normal((2, RESAMPLES))
    spread = np.sqrt(max(0.0, float((weights**2).sum()) - total**2 / count))
    return count + np.sqrt(count) * together, total + total / np.sqrt(count) * together + spread * apart
