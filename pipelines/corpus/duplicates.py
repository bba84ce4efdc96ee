"""Duplicates: documents that share a key are linked, and one document of each cluster stays."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from filters.contracts import CorpusJudge, CorpusRewriter, Duplicates
from filters.dedup import clusters
from filters.dedup.survivors import identity, rank, rank_width
from filters.document import Document
from pipelines import storage
from pipelines.corpus import evidence, keyfile
from pipelines.corpus.columns import Columns
from pipelines.corpus.components import ConnectedComponents, by_partition, packed, partition, unpacked
from pipelines.corpus.forms import Decided, DecisionError, Documents, Forms, KeyTable, Living, Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import Join, header, node, number_in, only_shard, rows_of, shards_of, shuffled
from pipelines.corpus.spool import ids_at, write_decisions
from pipelines.corpus.verification import Verify, verified_among, verified_here
from pipelines.manifest import Shard

# Key, hash of id and content, number of the shard's row: 20 bytes. The shard stands once in front of its keys.
_KEY = np.dtype([("key", "<u8"), ("mixed", "<u8"), ("row", "<u4")])
_EMPTY = np.empty(0, dtype=np.uint64)


class _Forms(Forms[Duplicates], shape=Duplicates):
    def __init__(self, step: CorpusJudge | CorpusRewriter, decision: Duplicates) -> None:
        super().__init__(step, decision)
        self.width = decision.width
        self.orders = rank_width(decision.survivor) + 2
        self.signed = decision.signed

    def order(self, document: Document) -> tuple[int, ...]:
        return (*rank(self.decision.survivor, document), *identity(document))

    def check_against(self, folder: str) -> None:
        if self.decision.verify is not None:
            raise DecisionError(
                f"{self.name}: verify needs texts, and keys of earlier runs have none: leave verify out"
            )
        super().check_against(folder)

    # --------------------------------------------------------------------------------------------- on this machine

    def decide(self, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None) -> Decided:
        corpus = Columns(shards, self.earlier(against))
        takes_part = corpus.takes_part()
        rows = np.flatnonzero(takes_part)
        everyone = len(rows) == corpus.size

        def columns() -> Iterator[np.ndarray]:
            for number in range(self.width if len(rows) else 0):
                column = corpus.column(f"key{number}")
                yield column if everyone else column[rows]

        order = corpus.order(self.orders)[rows]
        if against is not None:
            order = np.column_stack([rows < corpus.new, order]).astype(np.uint64, copy=False)
        if self.decision.verify is None:
            labels = clusters.link(columns(), len(rows))
        else:
            pairs = clusters.candidates(columns(), order)
            labels = verified_here(self.decision, corpus, rows, pairs, directory)
        lost, kept = clusters.survivors(labels, order)
        del labels, order
        lost, kept = rows[lost], rows[kept]
        mine = lost < corpus.new
        lost, kept = lost[mine], kept[mine]
        decided = self._write(corpus, lost, kept, directory)
        decided.evidence = evidence.evidence_here(self.decision, corpus, lost, kept)
        if keep is not None:
            self._leave_keys(shards, lost, keep)
        return decided

    def _write(self, corpus: Columns, lost: np.ndarray, kept: np.ndarray, directory: str) -> Decided:
        decided = Decided()
        best, of_loser = np.unique(kept, return_inverse=True)
        ids = corpus.ids(best)
        signed = bool(len(lost)) and all("signature" in file for file in corpus.files if file.header["rows"])
        signatures = corpus.signatures(best) if signed else None
        for number, part in corpus.split(lost):
            shard = corpus.shards[number]
            rows = lost[part] - corpus.starts[number]
            similarity = np.ones(len(rows))
            if signatures is not None:
                mine = corpus.files[number]["signature"][rows]
                similarity = (mine == signatures[of_loser[part]]).mean(axis=1)
            names = [ids[place] for place in of_loser[part].tolist()]
            path = write_decisions(directory, shard, _losers(self.decision, rows, names, similarity))
            if path is not None:
                decided.paths[shard.name] = path
        return decided

    def _leave_keys(self, shards: Sequence[Shard], lost: np.ndarray, folder: str) -> None:
        """Write the keys of the documents that stay, without their texts. lost: rows over all shards, ascending."""
        start = 0
        for shard in shards:
            file = KeyFile(shard.keys)
            stays = np.ones(shard.rows, dtype=bool)
            stays[lost[(lost >= start) & (lost < start + shard.rows)] - start] = False
            stays &= file["takes_part"]
            start += shard.rows
            rows = np.flatnonzero(stays)
            ids = [text.encode("utf-8", "surrogatepass") for text in ids_at(file, rows)]
            arrays = {
                "order": file["order"][rows],
                "ids": np.frombuffer(b"".join(ids), dtype=np.uint8),
                "id_ends": np.cumsum([len(text) for text in ids], dtype=np.int64),
                **{f"key{column}": file[f"key{column}"][rows] for column in range(self.width)},
                "takes_part": np.ones(len(rows), dtype=bool),
            }
            if "signature" in file:
                arrays["signature"] = file["signature"][rows]
            head = {"shard": shard.name, "rows": len(rows), **self.key_settings()}
            keyfile.write(storage.join(folder, f"{shard.name}.keys"), arrays, head)

    # --------------------------------------------------------------------------------------------- as Beam transforms

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        keys = numbered | "keys" >> beam.ParDo(_Bands(self.width, spread.partitions)).with_outputs(
            "counts", main="keys"
        )
        verify = self.decision.verify is not None
        links = keys["keys"] | "group keys" >> beam.GroupByKey() | "links" >> beam.FlatMap(_links, verify=verify)
        if verify:
            links = links | "verified" >> Verify(self.decision, numbered)
        survivors = (
            links
            | "components" >> ConnectedComponents(spread.partitions, spread.rounds)
            | "labels" >> beam.FlatMap(_labels)
            | "to members" >> Join(numbered)
            | "order" >> beam.FlatMap(_members, partitions=spread.partitions)
            | "group clusters" >> beam.GroupByKey()
            | "survivors" >> beam.ParDo(_Survivors(self.orders)).with_outputs("clusters", main="losers")
        )
        decided = (
            survivors["losers"]
            | "to kept" >> Join(numbered)
            | "kept" >> beam.FlatMap(_kept)
            | "to losers" >> Join(numbered)
            | "write" >> beam.ParDo(_WriteLosers(self.decision, spread.directory))
        )
        found = survivors["clusters"] | "evidence" >> evidence.CollectEvidence(self.decision, numbered, keys["counts"])
        return decided, found

    # ------------------------------------------------------------------------------------------------ among the living

    def living(self, records: Sequence[bytes | None]) -> Living:
        return _Living(self.decision, self.key_table(records))


def _losers(
    decision: Duplicates, rows: Sequence[int] | np.ndarray, kept_ids: Sequence[str], similarity: Any
) -> dict[str, Any]:
    """Columns of a file of decisions; rows are ascending."""
    return {
        "row": rows,
        "rule": [decision.rule] * len(rows),
        "value": similarity,
        "threshold": [decision.threshold] * len(rows),
        "kept_id": kept_ids,
        "similarity": similarity,
    }


class _Living(Living):
    """Only documents that share a key with another one take part: others are never duplicates, whoever is alive."""

    def __init__(self, decision: Duplicates, keys: KeyTable) -> None:
        super().__init__(keys)
        self._decision = decision
        rows = np.flatnonzero(keys.takes_part)
        shares = np.zeros(len(rows), dtype=bool)
        for column in range(keys.values.shape[1]):
            values = keys.values[rows, column]
            order = np.argsort(values)
            same = values[order[1:]] == values[order[:-1]]
            shares[order[1:][same]] = True
            shares[order[:-1][same]] = True
        self._matters = np.zeros(len(keys), dtype=bool)
        self._matters[rows[shares]] = True

    def losers(
        self, alive: np.ndarray | None = None, documents: Documents | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(self._matters if alive is None else self._matters & alive)
        columns = (self.keys.values[rows, column] for column in range(self.keys.values.shape[1]))
        order = self.keys.order[rows]
        if self._decision.verify is None:
            labels = clusters.link(columns, len(rows))
        elif documents is None:
            raise ValueError("verifying candidates needs their documents")
        else:
            labels = verified_among(self._decision, rows, clusters.candidates(columns, order), documents)
        lost, kept = clusters.survivors(labels, order)
        return rows[lost], rows[kept]

    def evidence(
        self, alive: np.ndarray, lost: np.ndarray, kept: np.ndarray, ids: Callable[[Sequence[int]], Sequence[str]]
    ) -> dict[str, Any]:
        mixed = clusters.mixed_order(self.keys.order)
        found = evidence.Clusters.of(lost, kept, lambda rows: mixed[rows])
        without_keys = int(np.count_nonzero(alive & ~self.keys.takes_part))
        return found.evidence(int(np.count_nonzero(alive)), without_keys, evidence.ids_by_row(found, ids))


class _Bands(beam.DoFn):
    """(number, Shard) -> (band and partition, packed keys); how many documents there are goes to "counts"."""

    def __init__(self, width: int, partitions: int) -> None:
        self.width, self.partitions = width, partitions

    def process(self, element: tuple[int, Any]) -> Iterator[Any]:
        number, shard = element
        file = KeyFile(shard.keys)
        rows = np.flatnonzero(file["takes_part"])
        mixed = clusters.mixed_order(file["order"])[rows] if len(rows) else None
        for band in range(self.width if len(rows) else 0):
            keys = file[f"key{band}"][rows]
            parts = partition(keys, self.partitions)
            records = np.empty(len(rows), dtype=_KEY)
            records["key"], records["mixed"], records["row"] = keys, mixed, rows
            for part in np.unique(parts).tolist():
                blob = header(number) + records[parts == part].tobytes()
                shuffled("keys", len(blob))
                yield band * self.partitions + part, blob
        yield TaggedOutput("counts", {"documents": shard.rows, "without_keys": shard.rows - len(rows)})


def _bucket(blobs: Iterable[bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(keys, hashes of id and content, nodes) of all records of a partition."""
    keys, mixed, nodes = [_EMPTY], [_EMPTY], [_EMPTY]
    for blob in blobs:
        records = np.frombuffer(blob, dtype=_KEY, offset=4)
        keys.append(records["key"])
        mixed.append(records["mixed"])
        nodes.append(node(number_in(blob), records["row"]))
    return np.concatenate(keys), np.concatenate(mixed), np.concatenate(nodes)


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


def _labels(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Packed (node, root) -> (number of the shard, packed (node, root)), roots included."""
    found = unpacked([blob])
    roots = np.unique(found[:, 1])
    rows = np.concatenate([found, np.stack([roots, roots], axis=1)])
    for number, sent in by_partition(rows, shards_of(rows[:, 0])):
        shuffled("cluster members", len(sent))
        yield number, sent


def _members(element: tuple[int, Any], partitions: int) -> Iterator[tuple[int, bytes]]:
    """(number, shard with labels) -> (partition of the root, packed (root, node, order…))."""
    joined = element[1]
    found = np.unique(unpacked(joined["sent"]), axis=0)
    if len(found):
        order = KeyFile(only_shard(joined).keys)["order"][rows_of(found[:, 0])]
        rows = np.column_stack([found[:, 1], found[:, 0], order])
        for part, sent in by_partition(rows, partition(rows[:, 0], partitions)):
            shuffled("survivor order", len(sent))
            yield part, sent


class _Survivors(beam.DoFn):
    """Members of clusters -> (number of the shard of the document kept, packed (kept, lost)).

    The partition's clusters go to the output "clusters".
    """

    def __init__(self, orders: int) -> None:
        self.orders = orders

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        rows = np.unique(unpacked(element[1], self.orders + 2), axis=0)
        if not len(rows):
            return
        _, labels = np.unique(rows[:, 0], return_inverse=True)
        lost, kept = clusters.survivors(labels, rows[:, 2:])
        nodes = rows[:, 1]
        pairs = np.stack([nodes[kept], nodes[lost]], axis=1)
        for number, sent in by_partition(pairs, shards_of(pairs[:, 0])):
            shuffled("losers", len(sent))
            yield number, sent
        hashed = evidence.hashed_by_node(nodes, rows[:, 2:])
        yield TaggedOutput("clusters", evidence.Clusters.of(nodes[lost], nodes[kept], hashed))


def _kept(element: tuple[int, Any]) -> Iterator[tuple[int, tuple[bytes, list[str], bytes]]]:
    """(number, shard of documents kept) -> (shard of the losers, (their rows, ids kept, signatures kept))."""
    joined = element[1]
    pairs = unpacked(joined["sent"])
    if not len(pairs):
        return
    file = KeyFile(only_shard(joined).keys)
    signatures = file.get("signature")
    for target, sent in by_partition(pairs, shards_of(pairs[:, 1])):
        found = unpacked([sent])
        kept = rows_of(found[:, 0])
        ids = ids_at(file, kept)
        signed = signatures[kept].tobytes() if signatures is not None else b""
        rows = rows_of(found[:, 1]).astype("<i8").tobytes()
        shuffled("ids and signatures kept", len(rows) + sum(len(text) for text in ids) + len(signed))
        yield target, (rows, ids, signed)


class _WriteLosers(beam.DoFn):
    """(number, shard with losers) -> (Shard, path of its decisions or None)."""

    def __init__(self, decision: Duplicates, directory: str) -> None:
        self.decision, self.directory = decision, directory

    def process(self, element: tuple[int, Any]) -> Iterator[tuple[Any, Any]]:
        shard = only_shard(element[1])
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
        ids, values = [found[row][0] for row in order], [found[row][1] for row in order]
        yield shard, write_decisions(self.directory, shard, _losers(self.decision, order, ids, values))
