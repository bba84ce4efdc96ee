"""Verifying candidates for duplicates by the true similarity of their shingles, in each of a decision's forms."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np

from filters.contracts import Duplicates
from filters.dedup import clusters
from filters.document import Document
from pipelines import storage
from pipelines.corpus.columns import Columns
from pipelines.corpus.components import by_partition, unpacked
from pipelines.corpus.forms import Documents
from pipelines.corpus.shuffle import Join, only_shard, rows_of, shards_of, shuffled
from pipelines.corpus.spool import documents_at

Shingler = Callable[[Document], Any]


def shingler_of(decision: Duplicates) -> Shingler:
    """The shingler of a decision that verifies."""
    if decision.shingler is None:
        raise ValueError(f"{decision.rule}: verify needs a shingler")
    return decision.shingler()


def verified_here(decision: Duplicates, corpus: Columns, rows: np.ndarray, pairs: np.ndarray, folder: str) -> Any:
    """Labels of the clusters of `rows` linked by those pairs, shape (p, 2), that are similar enough.

    The shingles of candidates go through a file, so memory does not depend on their number.
    """
    wanted = np.unique(pairs)
    if not len(wanted):
        return np.arange(len(rows))
    shingle = shingler_of(decision)
    storage.make_folder(folder)
    path = os.path.join(folder if storage.is_local(folder) else ".", f".shingles-{os.getpid()}")
    ends = np.zeros(len(wanted) + 1, dtype=np.int64)
    try:
        with open(path, "wb") as file:
            for place, document in enumerate(corpus.documents(rows[wanted])):
                found = np.unique(shingle(document))
                file.write(found.tobytes())
                ends[place + 1] = ends[place] + len(found)
        shingles = np.memmap(path, dtype=np.uint64, mode="r") if ends[-1] else np.empty(0, dtype=np.uint64)
        at = np.searchsorted(wanted, pairs)
        same = np.zeros(len(pairs), dtype=bool)
        for number, (a, b) in enumerate(at.tolist()):
            same[number] = clusters.similar(
                shingles[ends[a] : ends[a + 1]], shingles[ends[b] : ends[b + 1]], decision.links_at or 0.0
            )
        del shingles
    finally:
        os.unlink(path)
    return clusters.components(len(rows), *pairs[same].T)


def verified_among(decision: Duplicates, rows: np.ndarray, pairs: np.ndarray, documents: Documents) -> Any:
    """The same, with the shingles in memory and documents by row."""
    wanted = np.unique(pairs)
    shingle = shingler_of(decision)
    shingles = {
        row: np.unique(shingle(document))
        for row, document in zip(wanted.tolist(), documents(rows[wanted].tolist()), strict=True)
    }
    same = [clusters.similar(shingles[a], shingles[b], decision.links_at or 0.0) for a, b in pairs.tolist()]
    return clusters.components(len(rows), *pairs[np.array(same, dtype=bool)].T)


class Verify(beam.PTransform):
    """Packed pairs of candidates -> those that are similar enough. Hashes of their shingles are shuffled."""

    def __init__(self, decision: Duplicates, numbered: Any) -> None:
        super().__init__()
        self.decision, self.numbered = decision, numbered

    def expand(self, pairs: Any) -> Any:
        return (
            pairs
            | "requests" >> beam.FlatMap(_requests)
            | "to candidates" >> Join(self.numbered)
            | "shingles" >> beam.ParDo(_Shingles(self.decision))
            | "group pairs" >> beam.GroupByKey()
            | "verify" >> beam.FlatMap(_similar, threshold=self.decision.links_at)
        )


def _requests(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Packed pairs -> (number of the shard, pairs of which it holds a document)."""
    pairs = unpacked([blob])
    for side in (0, 1):
        for number, sent in by_partition(pairs, shards_of(pairs[:, side])):
            shuffled("candidate pairs", len(sent))
            yield number, sent


class _Shingles(beam.DoFn):
    """(number, shard with pairs) -> (pair, (pair's two nodes, shingles)) for each document of the shard in a pair."""

    def __init__(self, decision: Duplicates) -> None:
        self.decision = decision

    def setup(self) -> None:
        self._shingle = shingler_of(self.decision)

    def process(self, element: tuple[int, Any]) -> Iterator[tuple[int, bytes]]:
        number, joined = element
        pairs = np.unique(unpacked(joined["sent"]), axis=0)
        if not len(pairs):
            return
        mine = np.flatnonzero((shards_of(pairs) == number).any(axis=1))
        pairs = pairs[mine]
        rows = np.unique(rows_of(pairs)[shards_of(pairs) == number])
        wanted: dict[int, list[np.ndarray]] = {}
        for pair in pairs:
            for row in rows_of(pair[shards_of(pair) == number]).tolist():
                wanted.setdefault(row, []).append(pair)
        shard = only_shard(joined)
        for row, document in zip(rows.tolist(), documents_at(shard, rows.tolist()), strict=True):
            shingles = np.unique(self._shingle(document)).tobytes()
            for pair in wanted[row]:
                blob = pair.tobytes() + shingles
                shuffled("candidate shingles", len(blob))
                # A key that two pairs share by chance is told apart by the nodes in front.
                mixed = (int(pair[0]) * 0x9E3779B97F4A7C15 + int(pair[1])) & 0x7FFFFFFFFFFFFFFF
                yield mixed, blob


def _similar(element: tuple[int, Iterable[bytes]], threshold: float) -> Iterator[bytes]:
    sides: dict[bytes, list[np.ndarray]] = {}
    for blob in element[1]:
        sides.setdefault(blob[:16], []).append(np.frombuffer(blob, dtype=np.uint64, offset=16))
    for pair, found in sides.items():
        if len(found) == 2 and clusters.similar(found[0], found[1], threshold):
            yield pair
