"""What decisions about spans share: pieces to cut by shard, the files of decisions made of them, and their evidence.

Among the living of an ablation such a decision has no form of its own: the text that it leaves depends on who is alive,
so the living are spooled, decided on this machine and re-read.
"""

import os
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from pipelines.corpus.components import unpacked
from pipelines.corpus.forms import D, Decided, Forms
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import Join, add_up, only_shard
from pipelines.corpus.spool import write_decisions
from pipelines.manifest import Shard

WHOLE = -1  # stands for a document as a whole where a piece is named

# One row for each piece to cut: row in the shard, piece (or WHOLE), n-grams contained and all (Bloom filters only).
CUT_COLUMNS = 4


class Cuts:
    """Pieces to cut, collected in one local file for each shard, so that memory does not depend on their number."""

    def __init__(self, folder: str, count: int) -> None:
        self._paths = [os.path.join(folder, f"{number}.cuts") for number in range(count)]
        self.total = 0

    def add(self, shard: int, cuts: np.ndarray) -> None:
        """Add cuts on a shard, shape (c, CUT_COLUMNS)."""
        if len(cuts):
            self.total += len(cuts)
            with open(self._paths[shard], "ab") as file:
                file.write(np.ascontiguousarray(cuts, dtype=np.int64).tobytes())

    def of(self, shard: int) -> np.ndarray:
        """All cuts on a shard, in the order in which they were added."""
        path = self._paths[shard]
        found = np.fromfile(path, dtype=np.int64) if os.path.exists(path) else np.empty(0, dtype=np.int64)
        return found.reshape(-1, CUT_COLUMNS)


class CutForms(Forms[D]):
    """Base of the forms of decisions that cut pieces.

    whole  rule and threshold under which a document goes as a whole, where the decision knows such documents
    """

    whole: tuple[str, float] = ("", 0.0)

    @abstractmethod
    def find(self, shards: Sequence[Shard], cuts: Cuts, against: str | None, keep: str | None) -> dict[str, int]:
        """Add the cuts on all shards, on this machine; returns what further() needs."""

    @abstractmethod
    def further(self, counts: Mapping[str, int]) -> dict[str, Any]:
        """The evidence beside the number of documents, from counts that were summed up over all shards."""

    def decide(self, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None) -> Decided:
        decided = Decided()
        documents = {"documents": 0, "documents_cut": 0, "documents_seen": 0}
        with tempfile.TemporaryDirectory() as folder:
            cuts = Cuts(folder, len(shards))
            counts = self.find(shards, cuts, against, keep)
            for number, shard in enumerate(shards):
                path, found = _write(directory, shard, cuts.of(number), self.whole)
                documents = add_up([documents, found])
                if path is not None:
                    decided.paths[shard.name] = path
        decided.evidence = self._evidence({**documents, **counts})
        return decided

    def _evidence(self, counts: Mapping[str, int]) -> dict[str, Any]:
        documents = {name: counts.get(name, 0) for name in ("documents", "documents_cut", "documents_seen")}
        return {**documents, **self.further(counts), "warnings": []}

    def write(self, cuts: Any, counts: list[Any], numbered: Any, directory: str, columns: int) -> tuple[Any, Any]:
        """The end of the transforms: (number of a shard, packed cuts) and counts -> decisions, and the evidence."""
        written = (
            cuts
            | "to losers" >> Join(numbered)
            | "write" >> beam.ParDo(_WriteCuts(directory, self.whole, columns)).with_outputs("counts", main="decided")
        )
        evidence = (
            [written["counts"], *counts]
            | "all counts" >> beam.Flatten()
            | "counts" >> beam.CombineGlobally(add_up)
            | "evidence" >> beam.Map(self._evidence)
        )
        return written["decided"], evidence


def _write(
    directory: str, shard: Shard, cuts: np.ndarray, whole: tuple[str, float]
) -> tuple[str | None, dict[str, int]]:
    """Write the decisions on a shard: (their path, None if there are none; documents, those cut, those gone)."""
    columns, dropped = _columns(cuts, whole)
    counts = {
        "documents": shard.rows,
        "documents_cut": len(columns["row"]) - dropped,
        "documents_seen": dropped,
    }
    return write_decisions(directory, shard, columns), counts


def _columns(cuts: np.ndarray, whole: tuple[str, float]) -> tuple[dict[str, Any], int]:
    """Columns of a decisions file from the cuts on one shard, shape (c, 4), and how many documents go as a whole."""
    cuts = cuts[np.lexsort((cuts[:, 1], cuts[:, 0]))]
    rows, starts = np.unique(cuts[:, 0], return_index=True)
    ends = np.append(starts, len(cuts))[1:]
    columns: dict[str, list[Any]] = {"rule": [], "value": [], "threshold": [], "spans": []}
    dropped = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        pieces = cuts[start:end, 1]
        gone = bool(pieces[0] == WHOLE)
        dropped += gone
        columns["rule"].append(whole[0] if gone else None)
        columns["value"].append(cuts[start, 2] / cuts[start, 3] if gone else None)
        columns["threshold"].append(whole[1] if gone else None)
        columns["spans"].append(None if gone else _runs(pieces).ravel().tolist())
    return {"row": rows, **columns}, dropped


def _runs(pieces: np.ndarray) -> np.ndarray:
    """Ascending numbers as half-open spans of consecutive ones, shape (s, 2)."""
    breaks = np.flatnonzero(np.diff(pieces) != 1) + 1
    first = pieces[np.concatenate([[0], breaks])]
    last = pieces[np.concatenate([breaks - 1, [len(pieces) - 1]])]
    return np.stack([first, last + 1], axis=1)


def places_of(files: Sequence[KeyFile]) -> np.ndarray:
    """Place of each document in the order of (hash of id, hash of the rest), int64, over all files."""
    order = np.concatenate([file["order"] for file in files]) if files else np.empty((0, 2), dtype=np.uint64)
    sorted_rows = np.lexsort((order[:, 1], order[:, 0]))
    places = np.empty(len(order), dtype=np.int64)
    places[sorted_rows] = np.arange(len(order))
    return places


def table(rows: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Cuts of pieces of documents, shape (c, CUT_COLUMNS)."""
    found = np.zeros((len(rows), CUT_COLUMNS), dtype=np.int64)
    found[:, 0], found[:, 1] = rows, pieces
    return found


class _WriteCuts(beam.DoFn):
    """(number, shard with pieces to cut) -> (Shard, path of its decisions or None); counts go to "counts".

    columns  of the packed cuts: the first of CUT_COLUMNS
    """

    def __init__(self, directory: str, whole: tuple[str, float], columns: int) -> None:
        self.directory, self.whole, self.columns = directory, whole, columns

    def process(self, element: tuple[int, Any]) -> Iterator[Any]:
        shard = only_shard(element[1])
        found = np.unique(unpacked(element[1]["sent"], self.columns).astype(np.int64), axis=0)
        cuts = np.zeros((len(found), CUT_COLUMNS), dtype=np.int64)
        cuts[:, : self.columns] = found
        path, counts = _write(self.directory, shard, cuts, self.whole)
        yield shard, path
        yield TaggedOutput("counts", counts)
