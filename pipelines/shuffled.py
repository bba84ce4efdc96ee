"""Decisions over a corpus on an engine that shuffles: packed keys by partition, never text.

What is shuffled (bytes a document, n bands): 20 for each key (hash, hash of id and content, document), 16 for each
link between two documents and round, and a few dozen for each document that has a duplicate.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics

from filters.contracts import Bloom, CorpusJudge, CorpusRewriter, Duplicates, Lines, TopShare
from filters.dedup import clusters
from filters.dedup.survivors import score_of
from pipelines import spans
from pipelines.components import ConnectedComponents, by_partition, packed, partition, unpacked
from pipelines.deciding import DecisionError
from pipelines.keyfile import KeyFile
from pipelines.spool import Shard, documents_at, ids_at, write_decisions

# Beam takes a dataclass for a schema and refuses hints that name it, so shards are hinted as Any below.
PARTITIONS = 16
_ROW = np.uint64(0xFFFFFFFF)
_SHARD = np.uint64(32)

# Key, hash of id and content, number of the shard's row: 20 bytes. The shard stands once in front of its keys.
KEY_RECORD = np.dtype([("key", "<u8"), ("mixed", "<u8"), ("row", "<u4")])
_HEADER = np.dtype("<u4")


def _count(what: str, size: int) -> None:
    Metrics.counter("shuffled", what).inc(size)


def _node(shard: int, rows: np.ndarray) -> np.ndarray:
    """Documents as numbers: shard in the upper half, row in the lower; uint64."""
    found: np.ndarray = (np.uint64(shard) << _SHARD) | rows.astype(np.uint64)
    return found


def _shards_of(nodes: np.ndarray) -> np.ndarray:
    found: np.ndarray = (nodes >> _SHARD).astype(np.int64)
    return found


def _name(shard: Any) -> str:
    return shard.name


def _numbered(shard: Any, names: Sequence[str]) -> tuple[int, Any]:
    """Shards are numbered in the order of their names, so that numbers do not depend on arrival."""
    return sorted(set(names)).index(shard.name), shard


def _only_shard(joined: Mapping[str, Iterable[Any]]) -> Shard:
    shards = {shard.name: shard for shard in joined["shards"]}
    (shard,) = shards.values()
    return shard


class _Join(beam.PTransform):
    """CoGroupByKey of (number, something) with the numbered shards, as {"shards": …, "sent": …}."""

    def __init__(self, numbered: Any) -> None:
        super().__init__()
        self.numbered = numbered

    def expand(self, sent: Any) -> Any:
        return {"shards": self.numbered, "sent": sent} | beam.CoGroupByKey()


class _Bands(beam.DoFn):
    """(number, Shard) -> (band and partition, packed keys)."""

    def __init__(self, width: int, partitions: int) -> None:
        self.width, self.partitions = width, partitions

    def process(self, element: tuple[int, Any]) -> Iterator[tuple[int, bytes]]:
        number, shard = element
        file = KeyFile(shard.keys)
        rows = np.flatnonzero(file["takes_part"])
        header = np.array([number], dtype=_HEADER).tobytes()
        mixed = clusters.mixed_order(file["order"])[rows] if len(rows) else None
        for band in range(self.width if len(rows) else 0):
            keys = file[f"key{band}"][rows]
            parts = partition(keys, self.partitions)
            records = np.empty(len(rows), dtype=KEY_RECORD)
            records["key"], records["mixed"], records["row"] = keys, mixed, rows
            for part in np.unique(parts).tolist():
                blob = header + records[parts == part].tobytes()
                _count("keys", len(blob))
                yield band * self.partitions + part, blob


def _bucket(blobs: Iterable[bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(keys, hashes of id and content, nodes) of all records of a partition."""
    keys, mixed, nodes = [_EMPTY], [_EMPTY], [_EMPTY]
    for blob in blobs:
        records = np.frombuffer(blob, dtype=KEY_RECORD, offset=4)
        keys.append(records["key"])
        mixed.append(records["mixed"])
        nodes.append(_node(int(np.frombuffer(blob, dtype=_HEADER, count=1)[0]), records["row"]))
    return np.concatenate(keys), np.concatenate(mixed), np.concatenate(nodes)


_EMPTY = np.empty(0, dtype=np.uint64)


def _links(element: tuple[int, Iterable[bytes]], verify: bool) -> Iterator[bytes]:
    keys, mixed, nodes = _bucket(element[1])
    if verify:
        pairs = nodes[clusters.bucket_pairs(keys, mixed)]
    else:
        rows = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[rows[1:]] == keys[rows[:-1]]) + 1
        pairs = np.stack([nodes[rows[same - 1]], nodes[rows[same]]], axis=1)
    if len(pairs):
        yield packed(np.sort(pairs, axis=1))


def _requests(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Packed pairs -> (number of the shard, pairs of which it holds a document)."""
    pairs = unpacked([blob])
    for side in (0, 1):
        for number, sent in by_partition(pairs, _shards_of(pairs[:, side])):
            _count("candidate pairs", len(sent))
            yield number, sent


class _Shingles(beam.DoFn):
    """(number, shard with pairs) -> (pair, (pair's two nodes, shingles)) for each document of the shard in a pair."""

    def __init__(self, step: Any) -> None:
        self.step = step

    def setup(self) -> None:
        self._shingle = self.step.shingler()

    def process(self, element: tuple[int, Any]) -> Iterator[tuple[int, bytes]]:
        number, joined = element
        pairs = np.unique(unpacked(joined["sent"]), axis=0)
        if not len(pairs):
            return
        mine = np.flatnonzero((_shards_of(pairs) == number).any(axis=1))
        pairs = pairs[mine]
        rows = np.unique((pairs & _ROW)[_shards_of(pairs) == number]).astype(np.int64)
        wanted: dict[int, list[np.ndarray]] = {}
        for pair in pairs:
            for node in pair[_shards_of(pair) == number]:
                wanted.setdefault(int(node & _ROW), []).append(pair)
        shard = _only_shard(joined)
        for row, document in zip(rows.tolist(), documents_at(shard, rows.tolist()), strict=True):
            shingles = np.unique(self._shingle(document)).tobytes()
            for pair in wanted[row]:
                blob = pair.tobytes() + shingles
                _count("candidate shingles", len(blob))
                # A key that two pairs share by chance is told apart by the nodes in front.
                mixed = (int(pair[0]) * 0x9E3779B97F4A7C15 + int(pair[1])) & 0x7FFFFFFFFFFFFFFF
                yield mixed, blob


def _verified(element: tuple[int, Iterable[bytes]], threshold: float) -> Iterator[bytes]:
    sides: dict[bytes, list[np.ndarray]] = {}
    for blob in element[1]:
        sides.setdefault(blob[:16], []).append(np.frombuffer(blob, dtype=np.uint64, offset=16))
    for pair, found in sides.items():
        if len(found) == 2 and clusters.similar(found[0], found[1], threshold):
            yield pair


def _labels(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Packed (node, root) -> (number of the shard, packed (node, root)), roots included."""
    found = unpacked([blob])
    roots = np.unique(found[:, 1])
    rows = np.concatenate([found, np.stack([roots, roots], axis=1)])
    for number, sent in by_partition(rows, _shards_of(rows[:, 0])):
        _count("cluster members", len(sent))
        yield number, sent


def _members(element: tuple[int, Any], partitions: int) -> Iterator[tuple[int, bytes]]:
    """(number, shard with labels) -> (partition of the root, packed (root, node, order…))."""
    joined = element[1]
    found = np.unique(unpacked(joined["sent"]), axis=0)
    if len(found):
        order = KeyFile(_only_shard(joined).keys)["order"][(found[:, 0] & _ROW).astype(np.int64)]
        rows = np.column_stack([found[:, 1], found[:, 0], order])
        for part, sent in by_partition(rows, partition(rows[:, 0], partitions)):
            _count("survivor order", len(sent))
            yield part, sent


def _survivors(element: tuple[int, Iterable[bytes]], columns: int) -> Iterator[tuple[int, bytes]]:
    """Members of clusters -> (number of the shard of the document kept, packed (kept, lost))."""
    rows = np.unique(unpacked(element[1], columns + 2), axis=0)
    if len(rows):
        _, labels = np.unique(rows[:, 0], return_inverse=True)
        lost, kept = clusters.survivors(labels, rows[:, 2:])
        pairs = np.stack([rows[kept, 1], rows[lost, 1]], axis=1)
        for number, sent in by_partition(pairs, _shards_of(pairs[:, 0])):
            _count("losers", len(sent))
            yield number, sent


def _evidence(element: tuple[int, Any]) -> Iterator[tuple[int, tuple[bytes, list[str], bytes]]]:
    """(number, shard of documents kept) -> (shard of the losers, (their rows, ids kept, signatures kept))."""
    joined = element[1]
    pairs = unpacked(joined["sent"])
    if not len(pairs):
        return
    file = KeyFile(_only_shard(joined).keys)
    signatures = file.get("signature")
    for target, sent in by_partition(pairs, _shards_of(pairs[:, 1])):
        found = unpacked([sent])
        kept = (found[:, 0] & _ROW).astype(np.int64)
        ids = ids_at(file, kept)
        signed = signatures[kept].tobytes() if signatures is not None else b""
        rows = (found[:, 1] & _ROW).astype("<i8").tobytes()
        _count("evidence", len(rows) + sum(len(text) for text in ids) + len(signed))
        yield target, (rows, ids, signed)


class _WriteLosers(beam.DoFn):
    """(number, shard with losers) -> (Shard, path of its decisions or None)."""

    def __init__(self, step: Any, directory: str) -> None:
        self.step, self.directory = step, directory

    def process(self, element: tuple[int, Any]) -> Iterator[tuple[Any, Any]]:
        shard = _only_shard(element[1])
        found: dict[int, tuple[str, float]] = {}
        signatures = None
        for rows, ids, signed in element[1]["sent"]:
            lost = np.frombuffer(rows, dtype="<i8")
            similarity = np.ones(len(lost))
            if signed:
                signatures = KeyFile(shard.keys)["signature"] if signatures is None else signatures
                theirs = np.frombuffer(signed, dtype=np.uint16).reshape(len(lost), -1)
                similarity = (signatures[lost] == theirs).mean(axis=1)
            for row, kept_id, value in zip(lost.tolist(), ids, similarity.tolist(), strict=True):
                found[row] = kept_id, value
        order = sorted(found)
        similarity_of = [found[row][1] for row in order]
        columns = {
            "row": order,
            "rule": [self.step.rule] * len(order),
            "value": similarity_of,
            "threshold": [self.step.threshold] * len(order),
            "kept_id": [found[row][0] for row in order],
            "similarity": similarity_of,
        }
        yield shard, write_decisions(self.directory, shard, columns)


class CorpusDecision(beam.PTransform):
    """PCollection[Shard] -> PCollection[(Shard, path of its decisions, or None where it has no losers)].

    The decisions are those of pipelines.deciding.decide. Keys, links and losers are shuffled, packed; texts never are
    (`verify` shuffles the hashes of the shingles of candidates).

    rounds  of connected components; clusters that need more raise NotConverged
    Raises DecisionError for strategies that need the whole corpus on one machine (dedup/substring).
    """

    def __init__(
        self,
        step: CorpusJudge | CorpusRewriter,
        directory: str,
        partitions: int = PARTITIONS,
        rounds: int = 20,
    ) -> None:
        super().__init__()
        wanted = step.decision()
        if not isinstance(wanted, (Duplicates, TopShare, Lines, Bloom)):
            raise DecisionError(
                f"{type(step).__name__} sorts the words of the whole corpus on one machine, and does not run on "
                "engines that spread it over many: run it without --runner, or use dedup/bff or dedup/lines"
            )
        self.step: Any = wanted
        self.directory, self.partitions, self.rounds = directory, partitions, rounds

    def expand(self, shards: Any) -> Any:
        names = shards | "names" >> beam.Map(_name) | "all names" >> beam.combiners.ToList()
        numbered = shards | "number" >> beam.Map(_numbered, names=beam.pvalue.AsSingleton(names))
        decide = {Duplicates: self._duplicates, TopShare: self._top, Lines: self._lines, Bloom: self._bloom}
        return decide[type(self.step)](numbered, shards)

    def _duplicates(self, numbered: Any, shards: Any) -> Any:
        step = self.step
        verify = step.verify
        links = (
            numbered
            | "keys" >> beam.ParDo(_Bands(step.width, self.partitions))
            | "group keys" >> beam.GroupByKey()
            | "links" >> beam.FlatMap(_links, verify=verify is not None)
        )
        if verify is not None:
            links = (
                links
                | "requests" >> beam.FlatMap(_requests)
                | "to candidates" >> _Join(numbered)
                | "shingles" >> beam.ParDo(_Shingles(step))
                | "group pairs" >> beam.GroupByKey()
                | "verify" >> beam.FlatMap(_verified, threshold=verify)
            )
        return (
            links
            | "components" >> ConnectedComponents(self.partitions, self.rounds)
            | "labels" >> beam.FlatMap(_labels)
            | "to members" >> _Join(numbered)
            | "order" >> beam.FlatMap(_members, partitions=self.partitions)
            | "group clusters" >> beam.GroupByKey()
            | "survivors" >> beam.FlatMap(_survivors, columns=clusters.widths(step)[1])
            | "to kept" >> _Join(numbered)
            | "evidence" >> beam.FlatMap(_evidence)
            | "to losers" >> _Join(numbered)
            | "write" >> beam.ParDo(_WriteLosers(step, self.directory))
        )

    def _lines(self, numbered: Any, shards: Any) -> Any:
        return (
            numbered
            | "keys" >> beam.FlatMap(_line_keys, partitions=self.partitions)
            | "group keys" >> beam.GroupByKey()
            | "copies" >> beam.FlatMap(_line_copies)
            | "to losers" >> _Join(numbered)
            | "write" >> beam.ParDo(_WriteCuts(self.step, self.directory))
        )

    def _bloom(self, numbered: Any, shards: Any) -> Any:
        step = self.step
        counts = (
            shards
            | "n-grams" >> beam.Map(_ngrams, step=step)
            | "n-grams of the corpus" >> beam.CombineGlobally(_sum_arrays)
        )
        return (
            numbered
            | "whole" >> beam.combiners.ToList()
            | "filters" >> beam.FlatMap(_filters, count=step.shards)
            | "spread" >> beam.GroupByKey()
            | "pass" >> beam.FlatMap(_bloom_cuts, step=step, counts=beam.pvalue.AsSingleton(counts))
            | "to losers" >> _Join(numbered)
            | "write" >> beam.ParDo(_WriteCuts(step, self.directory))
        )

    def _top(self, numbered: Any, shards: Any) -> Any:
        step = self.step
        histogram = shards | "scores" >> beam.Map(_histogram) | "histogram" >> beam.CombineGlobally(_sum_arrays)
        cut = (
            numbered
            | "last bin" >> beam.FlatMap(_in_last_bin, step=step, histogram=beam.pvalue.AsSingleton(histogram))
            | "group last bin" >> beam.GroupByKey()
            | "cut" >> beam.Map(_cut, step=step, histogram=beam.pvalue.AsSingleton(histogram))
            | "cuts" >> beam.combiners.ToList()
        )
        return shards | "write" >> beam.Map(
            _write_below, step=step, directory=self.directory, cut=beam.pvalue.AsSingleton(cut)
        )


_LINE = np.dtype([("hash", "<u8"), ("id", "<u8"), ("rest", "<u8"), ("row", "<u4"), ("piece", "<u4")])


def _line_keys(element: tuple[int, Any], partitions: int) -> Iterator[tuple[int, bytes]]:
    number, shard = element
    file = KeyFile(shard.keys)
    values, order = file["values"], file["order"]
    records = np.empty(len(values), dtype=_LINE)
    rows = np.repeat(np.arange(shard.rows), np.diff(file["ends"], prepend=0))
    records["hash"], records["row"], records["piece"] = values, rows, file["pieces"]
    if len(rows):
        records["id"], records["rest"] = order[rows, 0], order[rows, 1]
    header = np.array([number], dtype=_HEADER).tobytes()
    parts = partition(values, partitions)
    for part in np.unique(parts).tolist():
        blob = header + records[parts == part].tobytes()
        _count("keys", len(blob))
        yield part, blob


def _line_copies(element: tuple[int, Iterable[bytes]]) -> Iterator[tuple[int, bytes]]:
    found, owner = [], []
    for blob in element[1]:
        found.append(np.frombuffer(blob, dtype=_LINE, offset=4))
        owner.append(np.full(len(found[-1]), np.frombuffer(blob, dtype=_HEADER, count=1)[0], dtype=np.int64))
    records, owners = np.concatenate(found), np.concatenate(owner)
    rows = np.lexsort((records["row"], owners, records["rest"], records["id"]))
    place = np.empty(len(rows), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    # all lines of a document share its place
    same = np.concatenate(
        [[False], (records["id"][rows[1:]] == records["id"][rows[:-1]])
         & (records["rest"][rows[1:]] == records["rest"][rows[:-1]])
         & (records["row"][rows[1:]] == records["row"][rows[:-1]])
         & (owners[rows[1:]] == owners[rows[:-1]])]
    )  # fmt: skip
    place[rows] = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
    copies = spans.repeated(records["hash"], place, records["piece"], _EMPTY)
    cuts = np.stack([records["row"], records["piece"]], axis=1)[copies].astype(np.uint64)
    for number, sent in by_partition(cuts, owners[copies]):
        _count("cuts", len(sent))
        yield number, sent


class _WriteCuts(beam.DoFn):
    """(number, shard with pieces to cut) -> (Shard, path of its decisions or None)."""

    def __init__(self, step: Any, directory: str) -> None:
        self.step, self.directory = step, directory

    def process(self, element: tuple[int, Any]) -> Iterator[tuple[Any, Any]]:
        shard = _only_shard(element[1])
        columns = 2 if isinstance(self.step, Lines) else spans.CUT_COLUMNS
        found = np.unique(unpacked(element[1]["sent"], columns).astype(np.int64), axis=0)
        cuts = np.zeros((len(found), spans.CUT_COLUMNS), dtype=np.int64)
        cuts[:, :columns] = found
        decided, _ = spans.decision_columns(self.step, cuts)
        yield shard, write_decisions(self.directory, shard, decided)


def _sum_arrays(arrays: Iterable[Any]) -> Any:
    """The sum of arrays; 0 without any, the start value of a combiner."""
    total: Any = 0
    for array in arrays:
        total = total + array
    return total


def _ngrams(shard: Any, step: Any) -> np.ndarray:
    return spans.ngrams_of(step, [KeyFile(shard.keys)])


def _filters(numbered: list[Any], count: int) -> Iterator[tuple[int, Any]]:
    """Every filter reads its documents' keys from the files of all shards: only their names are sent."""
    for part in range(count if numbered else 0):
        yield part, numbered


def _bloom_cuts(element: tuple[int, Iterable[Any]], step: Any, counts: Any) -> Iterator[tuple[int, bytes]]:
    part, sent = element
    shards = sorted({number: shard for numbered in sent for number, shard in numbered}.items())
    expected = spans.expected_ngrams(step, counts)
    files = [KeyFile(shard.keys) for _, shard in shards]
    for number, cuts in spans.bloom_pass(step, files, part, int(expected[part]))[0]:
        blob = packed(cuts.astype(np.uint64))
        _count("cuts", len(blob))
        yield shards[number][0], blob


_BINS = 1 << 16
_BIN_SHIFT = np.uint64(48)


def _scores(shard: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(scores, order, rows) of the documents of a shard that have a score."""
    file = KeyFile(shard.keys)
    rows = np.flatnonzero(file["takes_part"])
    return file["key0"][rows], file["order"][rows], rows


def _histogram(shard: Any) -> np.ndarray:
    return np.bincount((_scores(shard)[0] >> _BIN_SHIFT).astype(np.int64), minlength=_BINS)


def _last_bin(step: Any, histogram: Any) -> tuple[int, int]:
    """(bin in which the last document kept lies, how many of that bin are kept); -1 where none is kept."""
    counts = np.zeros(_BINS, dtype=np.int64) + histogram
    keep = clusters.kept_of_top(int(counts.sum()), step.share)
    if not keep:
        return -1, 0
    above = np.cumsum(counts[::-1])
    place = int(np.searchsorted(above, keep))
    return _BINS - 1 - place, keep - (int(above[place - 1]) if place else 0)


def _in_last_bin(element: tuple[int, Any], step: Any, histogram: Any) -> Iterator[tuple[int, bytes]]:
    score, order, _ = _scores(element[1])
    here = score >> _BIN_SHIFT == _last_bin(step, histogram)[0]
    if here.any():
        blob = packed(np.column_stack([score, order])[here])
        _count("keys", len(blob))
        yield 0, blob


def _cut(element: tuple[int, Iterable[bytes]], step: Any, histogram: Any) -> bytes:
    """Score and order of the last document that is kept, packed."""
    rows = unpacked(element[1], 3)
    last = np.lexsort((rows[:, 2], rows[:, 1], ~rows[:, 0]))[_last_bin(step, histogram)[1] - 1]
    return packed(rows[last])


def _write_below(shard: Any, step: Any, directory: str, cut: list[bytes]) -> tuple[Any, Any]:
    score, order, rows = _scores(shard)
    lost = np.ones(len(rows), dtype=bool)
    if cut:
        last, first, second = np.frombuffer(cut[0], dtype="<u8")
        later = (order[:, 0] > first) | ((order[:, 0] == first) & (order[:, 1] > second))
        lost = (score < last) | ((score == last) & later)
    size = int(np.count_nonzero(lost))
    columns = {
        "row": rows[lost],
        "rule": [step.rule] * size,
        "value": [score_of(value) for value in score[lost].tolist()],
        "threshold": [score_of(int(last)) if cut else None] * size,
    }
    return shard, write_decisions(directory, shard, columns)
