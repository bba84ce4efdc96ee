"""Weights by how many documents one stands for, from what a run's filters kept of each size: FineWeb2's rehydration."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curate.rundir import UsageError
from curate.showing.directory import Output, find
from filters.dedup.survivors import DUP_COUNT

LEAST, MOST = 1_000, 10.0
_WINDOW = 5  # sizes that a weight is averaged over
_AGAIN = "sampling/"  # stages that weigh and draw: what they drop was not found wanting


@dataclass(frozen=True)
class Size:
    """Documents that stand for so many: from `start` on, up to where the next one starts.

    documents  that deduplication left     kept  of these, by all filters after it     weight  of each of them
    """

    start: int
    documents: int
    kept: int
    weight: float


@dataclass(frozen=True)
class Rehydration:
    """Weights by dup_count. stage: the last one that notes it; sizes: ascending."""

    stage: str
    sizes: tuple[Size, ...]

    @property
    def documents(self) -> int:
        """All documents that deduplication left."""
        return sum(size.documents for size in self.sizes)

    @property
    def kept(self) -> int:
        """Of these, those that all filters after it kept."""
        return sum(size.kept for size in self.sizes)

    @property
    def weights(self) -> dict[int, float]:
        """The setting `weights` of sampling/upsample: the values at which the weight changes."""
        found: dict[int, float] = {}
        for size in self.sizes:
            if not found or size.weight != next(reversed(found.values())):
                found[size.start] = size.weight
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        sizes = [
            {DUP_COUNT: one.start, "documents": one.documents, "kept": one.kept, "weight": one.weight}
            for one in self.sizes
        ]
        step = {"by": DUP_COUNT, "weights": {f"{start}": weight for start, weight in self.weights.items()}}
        return {
            "stage": self.stage, "documents": self.documents, "kept": self.kept, "sizes": sizes,
            "strategy": {"sampling/upsample": step},
        }  # fmt: skip


def rehydration(run: str | os.PathLike[str], most: float = MOST, least: int = LEAST) -> Rehydration:
    """The weights of a finished run's documents by their `dup_count`.

    most   the greatest weight, 1 or more
    least  documents that a weight is worked out from; sizes of fewer are taken together with those above them

    The share of a size is that of its documents which every filter after deduplication kept. Stages called sampling/…
    are not filters, and failed documents are left out. Memory grows with the number of distinct sizes.
    Raises UsageError.
    """
    if not 1 <= most < float("inf"):
        raise UsageError(f"the greatest weight must be 1 or more, got {most:g}")
    if least < 1:
        raise UsageError(f"a weight needs one document or more, got {least}")
    output = find(run)
    if not output.finished:
        raise UsageError(f"{output.root}: the run is not finished; --resume finishes it")
    if not output.result["conserved"]:
        raise UsageError(f"{output.root}: the run does not add up (see run.json), so nothing is worked out from it")
    stage, after = _stages(output)
    dropped, drawn = _dropped(output, after)
    passed = _kept(output) + drawn
    grouped = _grouped(passed + dropped, passed, least)
    if len(grouped) < 2:
        total = sum(documents for _, documents, _ in grouped)
        raise UsageError(
            f"{output.root}: of {total:,} documents that {stage} left, too few stand for others: there are not two "
            f"groups of {least:,} documents by {DUP_COUNT}. Take a larger run, or --least"
        )
    weights = weights_of([size[1] for size in grouped], [size[2] for size in grouped], most)
    sizes = (Size(*size, weight) for size, weight in zip(grouped, weights, strict=True))
    return Rehydration(stage, tuple(sizes))


def weights_of(documents: Sequence[int], kept: Sequence[int], most: float) -> list[float]:
    """The weight of each size, ascending, from how many documents of it there are and how many of these are kept.

    FineWeb2's rule (Penedo et al. 2025, arXiv 2506.20920): 1 where as much or more is removed as of all documents,
    `most` where least is removed, a straight line between, the mean of five neighbours, rounded. At the ends the mean
    is of as many as there are, and a size of which as much is removed as of all keeps the weight 1.
    """
    count, stays = np.array(documents, dtype=np.float64), np.array(kept, dtype=np.float64)
    shares, overall = stays / count, stays.sum() / count.sum()
    best = shares.max(initial=0)
    if not best > overall:
        return [1.0] * len(count)
    above = np.maximum(shares - overall, 0) / (best - overall)
    line = 1 + (most - 1) * above
    half = _WINDOW // 2
    means = np.array([line[max(0, place - half) : place + half + 1].mean() for place in range(len(line))])
    return np.where(above > 0, np.floor(means + 0.5), 1.0).tolist()


def _stages(output: Output) -> tuple[str, frozenset[str]]:
    """(the last stage that notes dup_count, the names of those after it)."""
    steps = output.loaded().steps
    places = [place for place, step in enumerate(steps) if DUP_COUNT in step.strategy.writes]
    if not places:
        raise UsageError(
            f"{output.root}: no stage of the run notes {DUP_COUNT}: deduplicate with dedup/minhash or exact"
        )
    return steps[places[-1]].name, frozenset(step.name for step in steps[places[-1] + 1 :])


def _kept(output: Output) -> Counter[int]:
    """How many documents of kept/ stand for how many."""
    found: Counter[int] = Counter()
    last = None
    for counts, batch in _counts(output, "kept", ["source", "offset"]):
        # a document may be several rows, one after the other
        places = zip(batch["source"].to_pylist(), batch["offset"].to_pylist(), strict=True)
        for count, place in zip(counts.tolist(), places, strict=True):
            if place != last:
                found[count] += 1
            last = place
    return found


def _dropped(output: Output, stages: frozenset[str]) -> tuple[Counter[int], Counter[int]]:
    """How many documents that these stages dropped stand for how many: (by filters, by stages that draw)."""
    dropped: Counter[int] = Counter()
    drawn: Counter[int] = Counter()
    for counts, batch in _counts(output, "dropped", ["stage", "strategy"]):
        rows = zip(counts.tolist(), batch["stage"].to_pylist(), batch["strategy"].to_pylist(), strict=True)
        for count, stage, strategy in rows:
            if stage in stages:
                (drawn if strategy.startswith(_AGAIN) else dropped)[count] += 1
    return dropped, drawn


def _counts(output: Output, table: str, columns: list[str]) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """(dup_count of each row, the batch) of a table."""
    for _, _, batch in output.batches(table, [DUP_COUNT, *columns]):
        if DUP_COUNT not in batch.schema.names:
            raise UsageError(f"{output.root}: {table}/ has no column {DUP_COUNT}: the run is of an earlier version")
        yield _whole(batch[DUP_COUNT]), batch


def _whole(column: pa.Array) -> np.ndarray:
    """dup_count: a document without it stands for itself."""
    return np.asarray(np.maximum(1, column.fill_null(1).to_numpy(zero_copy_only=False)))


def _grouped(documents: Mapping[int, int], kept: Mapping[int, int], least: int) -> list[tuple[int, int, int]]:
    """(first size, documents, kept) of neighbouring sizes that hold so many documents; what is left joins the last."""
    found: list[tuple[int, int, int]] = []
    full = True
    for size in sorted(documents):
        if full:
            found.append((size, 0, 0))
        start, count, stays = found[-1]
        found[-1] = start, count + documents[size], stays + kept.get(size, 0)
        full = found[-1][1] >= least
    if not full and len(found) > 1:
        _, count, stays = found.pop()
        start, before, stayed = found[-1]
        found[-1] = start, before + count, stayed + stays
    return found
