"""Buckets: rankings of the corpus by scores, cut by weight; a cut is the score of a document, not an estimate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np

from filters.buckets import NOBODY, Cuts, Judged, all_cuts, cuts_of, judged, limits_of
from filters.contracts import Buckets, CorpusJudge, CorpusRewriter
from filters.dedup.survivors import score_of
from pipelines.corpus.columns import Columns
from pipelines.corpus.components import packed, unpacked
from pipelines.corpus.forms import Decided, DecisionError, Documents, Forms, KeyTable, Known, Living, Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import add_up, shuffled
from pipelines.corpus.spool import write_decisions
from pipelines.manifest import Shard

_BIN_SHIFT = np.uint64(48)
Histogram = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]  # (slice, score) to (bins ascending, their weights)


class _Forms(Forms[Buckets], shape=Buckets):
    def __init__(self, step: CorpusJudge | CorpusRewriter, decision: Buckets) -> None:
        super().__init__(step, decision)
        self.width = decision.width
        self._notes = "bucket" in step.writes

    def check_against(self, folder: str) -> None:
        raise DecisionError(f"{self.name}: a share of a corpus cannot be taken against an earlier run")

    # --------------------------------------------------------------------------------------------- on this machine

    def decide(self, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None) -> Decided:
        corpus = Columns(shards)
        rows = np.flatnonzero(corpus.takes_part())
        values = np.column_stack([corpus.column(f"key{number}")[rows] for number in range(self.width)])
        cuts = all_cuts(self.decision, values, corpus.order(self.orders)[rows])
        decided = Decided()
        counts = []
        del values
        for shard in shards:
            read, found = _judged(shard, self.decision, cuts)
            path = _write_judged(shard, self.decision, directory, self._notes, read[0], found)
            if path is not None:
                decided.paths[shard.name] = path
            counts.append(_counted(self.decision, found, read[1], shard.rows))
        decided.evidence = _evidence(add_up(counts), self.decision, cuts)
        return decided

    # --------------------------------------------------------------------------------------------- as Beam transforms

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        decision = self.decision
        weights = (
            shards
            | "weigh" >> beam.Map(_histogram, scores=len(decision.scores))
            | "weights" >> beam.CombineGlobally(_added)
        )
        histogram = beam.pvalue.AsSingleton(weights)
        found = (
            numbered
            | "bins with cuts" >> beam.FlatMap(_in_bins, decision=decision, histogram=histogram)
            | "group bins" >> beam.GroupByKey()
            | "cut" >> beam.Map(_cuts_in_bin, decision=decision, histogram=histogram)
            | "cuts" >> beam.combiners.ToList()
        )
        cuts = found | "all cuts" >> beam.Map(_table, decision=decision, histogram=histogram)
        given = beam.pvalue.AsSingleton(cuts)
        decided = shards | "write" >> beam.Map(
            _write, decision=decision, directory=spread.directory, notes=self._notes, cuts=given
        )
        evidence = (
            shards
            | "count" >> beam.Map(_counts_of, decision=decision, cuts=given)
            | "counts" >> beam.CombineGlobally(add_up)
            | "evidence" >> beam.Map(_evidence, decision=decision, cuts=given)
        )
        return decided, evidence

    # ------------------------------------------------------------------------------------------------ among the living

    def living(self, records: Sequence[bytes | None]) -> Living:
        return _Living(self.decision, self.key_table(records))


class _Living(Living):
    def __init__(self, decision: Buckets, keys: KeyTable) -> None:
        super().__init__(keys)
        self._decision = decision

    def _judged(self, rows: np.ndarray) -> tuple[Cuts, Judged]:
        values, order = self.keys.values[rows], self.keys.order[rows]
        cuts = all_cuts(self._decision, values, order)
        return cuts, judged(self._decision, cuts, values, order)

    def losers(
        self, alive: np.ndarray | None = None, documents: Documents | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(self.keys.takes_part if alive is None else self.keys.takes_part & alive)
        lost = rows[~self._judged(rows)[1].stays]
        return lost, np.full(len(lost), -1, dtype=np.int64)

    def evidence(self, alive: np.ndarray, lost: np.ndarray, kept: np.ndarray, known: Known) -> dict[str, Any]:
        rows = np.flatnonzero(self.keys.takes_part & alive)
        cuts, found = self._judged(rows)
        counts = _counted(self._decision, found, self.keys.values[rows], int(np.count_nonzero(alive)))
        return _evidence(counts, self._decision, cuts)


# ---------------------------------------------------------------------------------------------------- shards and files


def _read(shard: Shard, scores: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows, values, order) of the documents of a shard that take part."""
    file = KeyFile(shard.keys)
    rows = np.flatnonzero(file["takes_part"])
    values = np.column_stack([file[f"key{number}"][rows] for number in range(scores + 2)])
    return rows, values, file["order"][rows]


def _judged(shard: Shard, decision: Buckets, cuts: Cuts) -> tuple[tuple[np.ndarray, np.ndarray], Judged]:
    """((rows, values), what is judged of them) of the documents of a shard that take part."""
    rows, values, order = _read(shard, len(decision.scores))
    return (rows, values), judged(decision, cuts, values, order)


def _write(shard: Shard, decision: Buckets, directory: str, notes: bool, cuts: Cuts) -> tuple[Shard, str | None]:
    (rows, _), found = _judged(shard, decision, cuts)
    return shard, _write_judged(shard, decision, directory, notes, rows, found)


def _write_judged(
    shard: Shard, decision: Buckets, directory: str, notes: bool, rows: np.ndarray, found: Judged
) -> str | None:
    written = np.ones(len(rows), dtype=bool) if notes else ~found.stays
    stays, buckets = found.stays[written].tolist(), found.bucket[written].tolist()
    least = float(min(decision.keep, default=0))
    columns = {
        "row": rows[written],
        "rule": [None if stay else decision.rule for stay in stays],
        "value": [None if stay else float(bucket) for stay, bucket in zip(stays, buckets, strict=True)],
        "threshold": [None if stay else least for stay in stays],
        "bucket": [bucket if stay and notes else None for stay, bucket in zip(stays, buckets, strict=True)],
    }
    return write_decisions(directory, shard, columns)


# ----------------------------------------------------------------------------------------------------------- evidence


def _counts_of(shard: Shard, decision: Buckets, cuts: Cuts) -> dict[str, int]:
    (_, values), found = _judged(shard, decision, cuts)
    return _counted(decision, found, values, shard.rows)


def _counted(decision: Buckets, found: Judged, values: np.ndarray, documents: int) -> dict[str, int]:
    """Counts that add up, whatever the parts of the corpus they are made of."""
    counts = {"documents": documents, "without_keys": documents - len(values)}
    weight = values[:, -2]
    for bucket in np.unique(found.bucket).tolist():
        inside = found.bucket == bucket
        counts |= {f"bucket {bucket}": int(inside.sum()), f"bucket {bucket} weight": int(weight[inside].sum())}
    for slice_ in decision.slices:
        inside = values[:, -1] == slice_
        kept = inside & found.stays
        counts |= {f"slice {slice_}": int(inside.sum()), f"slice {slice_} weight": int(weight[inside].sum())}
        counts |= {f"slice {slice_} kept": int(kept.sum()), f"slice {slice_} kept weight": int(weight[kept].sum())}
    stays = np.isin(found.by_score, list(decision.keep))
    for number in range(len(decision.scores) if len(decision.scores) > 1 else 0):
        top = found.top[:, number]
        counts |= {f"top {number}": int(top.sum()), f"top {number} dropped": int((top & ~found.stays).sum())}
        for other in range(len(decision.scores)):
            gone = top & (found.by_score[:, other] >= 0) & ~stays[:, other]
            counts[f"top {number} by {other}"] = int(gone.sum())
    return counts


def _evidence(counts: Mapping[str, int], decision: Buckets, cuts: Cuts) -> dict[str, Any]:
    def count(name: str) -> int:
        return counts.get(name, 0)

    found: dict[str, Any] = {"documents": count("documents"), "without_keys": count("without_keys"), "warnings": []}
    if decision.budget is not None:
        found["mixture"] = [
            {
                "source": name, "documents": count(f"slice {key}"), "weight": count(f"slice {key} weight"),
                "wanted": decision.budget[key], "kept": count(f"slice {key} kept"),
                "weight_kept": count(f"slice {key} kept weight"),
            }
            for key, name in decision.slices.items()
        ]  # fmt: skip
        found["warnings"] = [
            f"{one['source']}: {one['weight']:,} of the {one['wanted']:,} wanted are there"
            for one in found["mixture"]
            if one["weight"] < one["wanted"]
        ]
        return found
    found["slices"] = len({slice_ for slice_, _ in cuts})
    found["buckets"] = [
        {
            "bucket": bucket, "documents": count(f"bucket {bucket}"), "weight": count(f"bucket {bucket} weight"),
            "kept": bucket in decision.keep,
        }
        for bucket in range(len(decision.cuts) + 1)
    ]  # fmt: skip
    if found["slices"] == 1:
        (slice_,) = {slice_ for slice_, _ in cuts}
        found["cuts"] = {
            name: [_shown(cut, name in decision.lowest) for cut in cuts[slice_, number][:-1]]
            for number, name in enumerate(decision.scores)
        }
    if len(decision.scores) > 1:
        found["top_tenths"] = [
            {
                "score": name, "documents": count(f"top {number}"), "dropped": count(f"top {number} dropped"),
                "dropped_by": {
                    other: count(f"top {number} by {place}") for place, other in enumerate(decision.scores)
                },
            }
            for number, name in enumerate(decision.scores)
        ]  # fmt: skip
    return found


def _shown(cut: np.ndarray, lowest: bool) -> float | None:
    if cut[0] == NOBODY[0]:
        return None
    score = score_of(int(cut[0]))
    return -score if lowest else score


# ----------------------------------------------------------------------------------------------------------- on engines


def _histogram(shard: Shard, scores: int) -> Histogram:
    """The weights of a shard by slice, score and the score's first bits."""
    _, values, _ = _read(shard, scores)
    found: Histogram = {}
    for slice_ in np.unique(values[:, -1]).tolist():
        inside = values[:, -1] == slice_
        for number in range(scores):
            rows = inside & (values[:, number] > 0)
            bins, of_row = np.unique(values[rows, number] >> _BIN_SHIFT, return_inverse=True)
            weights = np.zeros(len(bins), dtype=np.uint64)
            np.add.at(weights, of_row, values[rows, -2])
            found[slice_, number] = bins, weights
    return found


def _added(histograms: Iterable[Histogram]) -> Histogram:
    total: dict[tuple[int, int], dict[int, int]] = {}
    for histogram in histograms:
        for key, (bins, weights) in histogram.items():
            mine = total.setdefault(key, {})
            for place, weight in zip(bins.tolist(), weights.tolist(), strict=True):
                mine[place] = mine.get(place, 0) + weight
    return {
        key: (np.array(sorted(mine), dtype=np.uint64), np.array([mine[one] for one in sorted(mine)], dtype=np.uint64))
        for key, mine in total.items()
    }


def _places(decision: Buckets, histogram: Histogram, key: tuple[int, int]) -> list[tuple[int, int] | None]:
    """For each limit, the bin in which its cut lies and the limit within that bin; None where nobody is above it."""
    bins, weights = histogram[key]
    total = int(weights.sum())
    heavy = np.flatnonzero(weights)[::-1]
    above = np.cumsum(weights[heavy]) - weights[heavy]
    found: list[tuple[int, int] | None] = []
    for limit in limits_of(decision, total, key[0]):
        place = int(np.searchsorted(above, np.uint64(limit), side="left")) - 1
        found.append((int(bins[heavy[place]]), limit - int(above[place])) if place >= 0 else None)
    return found


def _in_bins(element: tuple[int, Shard], decision: Buckets, histogram: Histogram) -> Iterator[tuple[Any, bytes]]:
    _, values, order = _read(element[1], len(decision.scores))
    for key in histogram:
        slice_, number = key
        rows = np.flatnonzero((values[:, -1] == slice_) & (values[:, number] > 0))
        bins = values[rows, number] >> _BIN_SHIFT
        for wanted in sorted({place[0] for place in _places(decision, histogram, key) if place is not None}):
            here = rows[bins == np.uint64(wanted)]
            if len(here):
                blob = packed(np.column_stack([values[here, number], order[here], values[here, -2]]))
                shuffled("keys", len(blob))
                yield (slice_, number, wanted), blob


def _cuts_in_bin(
    element: tuple[tuple[int, int, int], Iterable[bytes]], decision: Buckets, histogram: Histogram
) -> tuple[tuple[int, int], dict[int, bytes]]:
    """((slice, score), the cuts that lie in a bin, packed, by their number)."""
    slice_, number, here = element[0]
    table = unpacked(element[1], 4)
    places = _places(decision, histogram, (slice_, number))
    mine = {at: place[1] for at, place in enumerate(places) if place is not None and place[0] == here}
    found = cuts_of(table[:, 0], table[:, 1:3], table[:, 3], list(mine.values()), decision.tied)
    return (slice_, number), {at: packed(cut) for at, cut in zip(mine, found, strict=True)}


def _table(found: list[tuple[tuple[int, int], dict[int, bytes]]], decision: Buckets, histogram: Histogram) -> Cuts:
    table = {key: np.tile(NOBODY, (len(limits_of(decision, 0, key[0])), 1)) for key in histogram}
    for key, cuts in found:
        for at, blob in cuts.items():
            table[key][at] = np.frombuffer(blob, dtype="<u8")
    return table
