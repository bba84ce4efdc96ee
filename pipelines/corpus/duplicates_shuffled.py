"""Duplicates on an engine: what the transforms of pipelines.corpus.duplicates do with packed keys and clusters."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from filters.contracts import Duplicates
from filters.dedup import clusters
from filters.dedup.sameness import SKETCH_BYTES, Sketcher, tested
from pipelines.corpus import evidence, sameness
from pipelines.corpus.clustered import Found, decisions
from pipelines.corpus.components import (
    by_partition,
    distinct,
    packed,
    partition,
    partitions_for,
    rows_by_part,
    unpacked,
)
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import header, node, number_in, only_shard, rows_of, shards_of, shuffled
from pipelines.corpus.spool import documents_at, ids_at, write_decisions

# Key, number of the shard's row; where pairs are verified the hash of id and content, too. The shard stands once in
# front of its keys.
_KEY = np.dtype([("key", "<u8"), ("row", "<u4")])
_MIXED = np.dtype([("key", "<u8"), ("mixed", "<u8"), ("row", "<u4")])
_EMPTY = np.empty(0, dtype=np.uint64)
_NONE = np.empty((0, 2), dtype=np.uint64)
SKETCHED_AT_ONCE = 256  # documents whose sketches are one element of a PCollection: 2 MB at most


class Bands(beam.DoFn):
    """(number, Shard) -> (band and partition, packed keys); how many documents there are goes to "counts".

    Documents of the shard that share a key are joined here: their packed pairs go to "links", and of each key the
    smallest document alone is sent, so that a key holds no more than one document of each shard, however many there
    are. Where pairs are verified (mixed), all are sent.

    documents  in the whole corpus, so that a partition of a band holds about key_bytes
    """

    def __init__(self, width: int, mixed: bool, key_bytes: int) -> None:
        self.width, self.mixed, self.key_bytes = width, mixed, key_bytes

    def process(self, element: tuple[int, Any], documents: int) -> Iterator[Any]:
        number, shard = element
        file = KeyFile(shard.keys)
        rows = np.flatnonzero(file["takes_part"])
        records = np.empty(len(rows), dtype=_MIXED if self.mixed else _KEY)
        records["row"] = rows
        if self.mixed and len(rows):
            records["mixed"] = clusters.mixed_order(file["order"])[rows]
        partitions = partitions_for(documents * records.itemsize, self.key_bytes)
        pairs = [_NONE]
        for band in range(self.width if len(rows) else 0):
            records["key"] = file[f"key{band}"][rows]
            sent = records
            if not self.mixed:
                pairs.append(_to_smallest(records["key"], rows.astype(np.uint64)))
                alone = np.ones(len(records), dtype=bool)
                alone[np.searchsorted(rows, pairs[-1][:, 1])] = False
                sent = records[alone]
            for part, chosen in rows_by_part(partition(sent["key"], partitions)):
                blob = header(number) + sent[chosen].tobytes()
                shuffled("keys", len(blob))
                yield band * partitions + part, blob
        here = distinct(np.concatenate(pairs))
        if len(here):
            yield TaggedOutput("links", packed(node(number, here)))
        yield TaggedOutput("counts", {"documents": shard.rows, "without_keys": shard.rows - len(rows)})


def links_of(element: tuple[int, Iterable[bytes]], verify: bool) -> Iterator[bytes]:
    """Keys of a partition -> packed pairs of documents: to verify, or each with the smallest that has the same key.

    Bands that join the same documents then give the same pairs, and most clusters are a star at once.
    """
    keys, mixed, nodes = [_EMPTY], [_EMPTY], [_EMPTY]
    for blob in element[1]:
        records = np.frombuffer(blob, dtype=_MIXED if verify else _KEY, offset=4)
        keys.append(records["key"])
        nodes.append(node(number_in(blob), records["row"]))
        if verify:
            mixed.append(records["mixed"])
    of_documents = np.concatenate(nodes)
    if verify:
        pairs = of_documents[clusters.bucket_pairs(np.concatenate(keys), np.concatenate(mixed))]
    else:
        pairs = _to_smallest(np.concatenate(keys), of_documents)
    if len(pairs):
        yield packed(np.sort(pairs, axis=1))


def _to_smallest(keys: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """(the smallest document that has the same key, document) for each that is not the smallest: uint64, (p, 2)."""
    rows = np.argsort(keys)
    same = keys[rows[1:]] == keys[rows[:-1]]
    shared = np.zeros(len(rows), dtype=bool)
    shared[1:] = same
    shared[:-1] |= same
    rows = rows[shared]
    rows = rows[np.lexsort((nodes[rows], keys[rows]))]
    first = np.maximum.accumulate(np.where(np.diff(keys[rows], prepend=0) != 0, np.arange(len(rows)), 0))
    pairs = np.stack([nodes[rows[first]], nodes[rows]], axis=1)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def labelled(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Packed (node, root) -> (number of the shard, packed (node, root)), roots included."""
    found = unpacked([blob])
    roots = np.unique(found[:, 1])
    rows = np.concatenate([found, np.stack([roots, roots], axis=1)])
    for number, sent in by_partition(rows, shards_of(rows[:, 0])):
        shuffled("cluster members", len(sent))
        yield number, sent


def member_bytes(decision: Duplicates, orders: int) -> int:
    """About how many bytes a member of a cluster is."""
    return 8 * (3 + orders) + (SKETCH_BYTES // 2 if decision.sameness is not None else 0)


class Members(beam.DoFn):
    """(number, shard with labels) -> (partition of the root, (packed (root, node, copies, order…), sketches)).

    The sketches are those of these nodes one after the other; empty where the decision tests no members.

    size       bytes of a member, as member_bytes() says
    documents  in the whole corpus, so that a partition holds about key_bytes even where all have duplicates
    """

    def __init__(self, decision: Duplicates, size: int, key_bytes: int) -> None:
        self.decision, self.size, self.key_bytes = decision, size, key_bytes

    def setup(self) -> None:
        self._sketch = Sketcher() if self.decision.sameness is not None else None

    def process(self, element: tuple[int, Any], documents: int) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
        found = distinct(unpacked(element[1]["sent"]))
        if not len(found):
            return
        shard = only_shard(element[1])
        file = KeyFile(shard.keys)
        places = rows_of(found[:, 0])
        rows = np.column_stack([found[:, 1], found[:, 0], file["copies"][places], file["order"][places]])
        parts = partition(rows[:, 0], partitions_for(documents * self.size, self.key_bytes))
        if self._sketch is None:
            for part, sent in by_partition(rows, parts):
                shuffled("survivor order", len(sent))
                yield part, (sent, b"")
            return
        for start in range(0, len(rows), SKETCHED_AT_ONCE):
            some = slice(start, start + SKETCHED_AT_ONCE)
            sketched = [self._sketch(document) for document in documents_at(shard, places[some].tolist())]
            for part in np.unique(parts[some]).tolist():
                here = np.flatnonzero(parts[some] == part)
                sent, sketches = packed(rows[some][here]), b"".join(sketched[place].tobytes() for place in here)
                shuffled("survivor order", len(sent))
                shuffled("sketches", len(sketches))
                yield part, (sent, sketches)


class Survivors(beam.DoFn):
    """Members of clusters -> (number of the shard of the document kept, packed (kept, lost, value, similarity)).

    Documents that stay go to the output "stay", as WriteLosers takes them; the partition's clusters go to "clusters".
    """

    def __init__(self, decision: Duplicates, orders: int) -> None:
        self.decision, self.orders = decision, orders

    def process(self, element: tuple[int, Iterable[tuple[bytes, bytes]]]) -> Iterator[Any]:
        file = sameness.SketchFile() if self.decision.sameness is not None else None
        sent = []
        for ranked, sketches in element[1]:
            sent.append(ranked)
            if file is not None:
                file.add(np.frombuffer(sketches, dtype=np.uint32))
        table = unpacked(sent, self.orders + 3)
        _, once = np.unique(table[:, 1], return_index=True)
        table = table[once]
        if not len(table):
            return
        nodes, order = table[:, 1], table[:, 3:]
        _, labels = np.unique(table[:, 0], return_inverse=True)
        rows, begins = clusters.members_of(labels, order)
        test = None
        if file is not None and self.decision.sameness is not None:
            test = partial(tested, rows, begins, once[rows], file.sketches(), self.decision.sameness)
        found = Found.of(rows, begins, test)
        lost, kept = found.lost, found.kept
        measured = np.zeros((2, len(lost)))
        if found.tested is not None:
            measured = np.stack([found.tested.value, found.tested.similarity])
        pairs = np.column_stack([nodes[kept], nodes[lost], *measured.view(np.uint64)])
        for number, packed_pairs in by_partition(pairs, shards_of(pairs[:, 0])):
            shuffled("losers", len(packed_pairs))
            yield number, packed_pairs
        mixed = clusters.mixed_order(order)
        stays, counts, first = clusters.stands_for(found.rows, found.begins, lost, kept, table[:, 2])
        noted = np.column_stack([nodes[stays], counts.astype(np.uint64), mixed[first]])
        for number, packed_notes in by_partition(noted, shards_of(noted[:, 0])):
            shuffled("documents that stay", len(packed_notes))
            yield TaggedOutput("stay", (number, (packed_notes, [], b"", b"")))
        of_partition = evidence.Clusters.of(nodes[lost], nodes[kept], evidence.hashed_by_node(nodes, order))
        yield TaggedOutput("clusters", of_partition.counting(found.counts(self.decision, order)))
        if file is not None:
            file.close()


def with_kept(element: tuple[int, Any]) -> Iterator[tuple[int, tuple[bytes, list[str], bytes, bytes]]]:
    """(number, shard of documents kept) -> (shard of the losers, (packed (row, value, similarity), ids kept,
    signatures kept, nothing))."""
    joined = element[1]
    pairs = unpacked(joined["sent"], 4)
    if not len(pairs):
        return
    file = KeyFile(only_shard(joined).keys)
    signatures = file.get("signature")
    for target, sent in by_partition(pairs, shards_of(pairs[:, 1])):
        found = unpacked([sent], 4)
        kept = rows_of(found[:, 0])
        ids = ids_at(file, kept)
        signed = signatures[kept].tobytes() if signatures is not None else b""
        losers = packed(np.column_stack([rows_of(found[:, 1]).astype(np.uint64), found[:, 2:]]))
        shuffled("ids and signatures kept", len(losers) + sum(len(text) for text in ids) + len(signed))
        yield target, (b"", ids, losers, signed)


class WriteLosers(beam.DoFn):
    """(number, shard with losers and documents that stay) -> (Shard, path of its decisions or None).

    The losses of its hosts and sources go to the output "losses".
    """

    def __init__(self, decision: Duplicates, directory: str) -> None:
        self.decision, self.directory = decision, directory

    def process(self, element: tuple[int, Any]) -> Iterator[Any]:
        shard = only_shard(element[1])
        found: dict[int, tuple[str, float, float]] = {}
        stay: list[bytes] = []
        file = KeyFile(shard.keys)
        signatures = None
        for noted, ids, losers, signed in element[1]["sent"]:
            stay.append(noted)
            if not losers:
                continue
            table = unpacked([losers], 3)
            lost = table[:, 0].astype(np.int64)
            value, similarity = np.ascontiguousarray(table[:, 1:].T).view(np.float64)
            if self.decision.sameness is None:
                similarity = value = np.ones(len(lost))
            if signed and self.decision.sameness is None:
                signatures = file["signature"] if signatures is None else signatures
                theirs = np.frombuffer(signed, dtype=np.uint16).reshape(len(lost), -1)
                similarity = value = (signatures[lost] == theirs).mean(axis=1)
            for row, *decided in zip(lost.tolist(), ids, value.tolist(), similarity.tolist(), strict=True):
                found[row] = tuple(decided)
        order = sorted(found)
        kept_ids = [found[row][0] for row in order]
        measured = np.array([found[row][1:] for row in order]).reshape(-1, 2)
        notes = np.unique(unpacked(stay, 3), axis=0)
        noted = rows_of(notes[:, 0]), notes[:, 1].astype(np.int64), notes[:, 2]
        columns = decisions(self.decision, (order, kept_ids, measured[:, 0], measured[:, 1]), noted)
        yield shard, write_decisions(self.directory, shard, columns)
        for place, losses in evidence.losses_of(shard, order, kept_ids).items():
            yield TaggedOutput("losses", (place, losses))
