"""The best share of a corpus by a score: an exact quantile of all documents that have one."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np

from filters.contracts import TopShare
from filters.dedup import clusters
from filters.dedup.survivors import score_of
from pipelines.corpus.columns import Columns
from pipelines.corpus.components import packed, unpacked
from pipelines.corpus.forms import Decided, DecisionError, Documents, Forms, KeyTable, Known, Living, Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import add_up, shuffled, sum_arrays
from pipelines.corpus.spool import write_decisions
from pipelines.manifest import Shard

_BINS = 1 << 16
_BIN_SHIFT = np.uint64(48)


class _Forms(Forms[TopShare], shape=TopShare):
    def check_against(self, folder: str) -> None:
        raise DecisionError(f"{self.name}: a share of a corpus cannot be taken against an earlier run")

    # --------------------------------------------------------------------------------------------- on this machine

    def decide(self, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None) -> Decided:
        corpus = Columns(shards)
        takes_part = corpus.takes_part()
        score = corpus.column("key0")
        lost, _ = clusters.below_top(score, corpus.order(self.orders), takes_part, self.decision.share)
        stays = takes_part.copy()
        stays[lost] = False
        cut = score_of(int(score[stays].min())) if stays.any() else None
        decided = Decided()
        for number, part in corpus.split(lost):
            rows = lost[part]
            columns = _losers(self.decision, rows - corpus.starts[number], score[rows], cut)
            path = write_decisions(directory, corpus.shards[number], columns)
            if path is not None:
                decided.paths[corpus.shards[number].name] = path
        decided.evidence = _evidence(self.decision, corpus.size, int(np.count_nonzero(~takes_part)), cut)
        return decided

    # --------------------------------------------------------------------------------------------- as Beam transforms

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        share = self.decision.share
        histogram = shards | "scores" >> beam.Map(_histogram) | "histogram" >> beam.CombineGlobally(sum_arrays)
        cut = (
            numbered
            | "last bin" >> beam.FlatMap(_in_last_bin, share=share, histogram=beam.pvalue.AsSingleton(histogram))
            | "group last bin" >> beam.GroupByKey()
            | "cut" >> beam.Map(_cut, share=share, histogram=beam.pvalue.AsSingleton(histogram))
            | "cuts" >> beam.combiners.ToList()
        )
        decided = shards | "write" >> beam.Map(
            _write_below, decision=self.decision, directory=spread.directory, cut=beam.pvalue.AsSingleton(cut)
        )
        evidence = (
            shards
            | "count" >> beam.Map(_counts)
            | "counts" >> beam.CombineGlobally(add_up)
            | "evidence" >> beam.Map(_evidence_of, decision=self.decision, cut=beam.pvalue.AsSingleton(cut))
        )
        return decided, evidence

    # ------------------------------------------------------------------------------------------------ among the living

    def living(self, records: Sequence[bytes | None]) -> Living:
        return _Living(self.decision, self.key_table(records))


def _losers(decision: TopShare, rows: np.ndarray, scores: np.ndarray, cut: float | None) -> dict[str, Any]:
    return {
        "row": rows,
        "rule": [decision.rule] * len(rows),
        "value": [score_of(value) for value in scores.tolist()],
        "threshold": [cut] * len(rows),
    }


def _evidence(decision: TopShare, documents: int, without_keys: int, cut: float | None) -> dict[str, Any]:
    return {
        "documents": documents,
        "without_keys": without_keys,
        "share": decision.share,
        "lowest_kept": cut,
        "warnings": [],
    }


class _Living(Living):
    def __init__(self, decision: TopShare, keys: KeyTable) -> None:
        super().__init__(keys)
        self._decision = decision

    def _present(self, alive: np.ndarray | None) -> np.ndarray:
        return self.keys.takes_part if alive is None else self.keys.takes_part & alive

    def losers(
        self, alive: np.ndarray | None = None, documents: Documents | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        scores = self.keys.values[:, 0]
        return clusters.below_top(scores, self.keys.order, self._present(alive), self._decision.share)

    def evidence(self, alive: np.ndarray, lost: np.ndarray, kept: np.ndarray, known: Known) -> dict[str, Any]:
        stays = self._present(alive).copy()
        stays[lost] = False
        cut = score_of(int(self.keys.values[stays, 0].min())) if stays.any() else None
        without_keys = int(np.count_nonzero(alive & ~self.keys.takes_part))
        return _evidence(self._decision, int(np.count_nonzero(alive)), without_keys, cut)


def _scores(shard: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(scores, order, rows) of the documents of a shard that have a score."""
    file = KeyFile(shard.keys)
    rows = np.flatnonzero(file["takes_part"])
    return file["key0"][rows], file["order"][rows], rows


def _counts(shard: Any) -> dict[str, int]:
    return {
        "documents": shard.rows,
        "without_keys": shard.rows - int(np.count_nonzero(KeyFile(shard.keys)["takes_part"])),
    }


def _evidence_of(counts: dict[str, int], decision: TopShare, cut: list[bytes]) -> dict[str, Any]:
    documents, without_keys = counts.get("documents", 0), counts.get("without_keys", 0)
    return _evidence(decision, documents, without_keys, score_of(int(_last(cut[0])[0])) if cut else None)


def _last(cut: bytes) -> np.ndarray:
    return np.frombuffer(cut, dtype="<u8")


def _histogram(shard: Any) -> np.ndarray:
    return np.bincount((_scores(shard)[0] >> _BIN_SHIFT).astype(np.int64), minlength=_BINS)


def _last_bin(share: float, histogram: Any) -> tuple[int, int]:
    """(bin in which the last document kept lies, how many of that bin are kept); -1 where none is kept."""
    counts = np.zeros(_BINS, dtype=np.int64) + histogram
    keep = clusters.kept_of_top(int(counts.sum()), share)
    if not keep:
        return -1, 0
    above = np.cumsum(counts[::-1])
    place = int(np.searchsorted(above, keep))
    return _BINS - 1 - place, keep - (int(above[place - 1]) if place else 0)


def _in_last_bin(element: tuple[int, Any], share: float, histogram: Any) -> Iterator[tuple[int, bytes]]:
    score, order, _ = _scores(element[1])
    here = score >> _BIN_SHIFT == _last_bin(share, histogram)[0]
    if here.any():
        blob = packed(np.column_stack([score, order])[here])
        shuffled("keys", len(blob))
        yield 0, blob


def _cut(element: tuple[int, Iterable[bytes]], share: float, histogram: Any) -> bytes:
    """Score and order of the last document that is kept, packed."""
    rows = unpacked(element[1], 3)
    last = np.lexsort((rows[:, 2], rows[:, 1], ~rows[:, 0]))[_last_bin(share, histogram)[1] - 1]
    return packed(rows[last])


def _write_below(shard: Any, decision: TopShare, directory: str, cut: list[bytes]) -> tuple[Any, Any]:
    score, order, rows = _scores(shard)
    lost = np.ones(len(rows), dtype=bool)
    threshold = None
    if cut:
        last, first, second = _last(cut[0])
        later = (order[:, 0] > first) | ((order[:, 0] == first) & (order[:, 1] > second))
        lost = (score < last) | ((score == last) & later)
        threshold = score_of(int(last))
    return shard, write_decisions(directory, shard, _losers(decision, rows[lost], score[lost], threshold))
