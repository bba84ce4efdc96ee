"""Documents that wait for a decision over the whole corpus: their texts in Parquet, their keys packed beside them."""

import hashlib
import itertools
import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from filters.chain import Applied, OpenStep, Step, apply, apply_cut
from filters.contracts import CorpusJudge
from filters.dedup.survivors import DUP_CLUSTER, DUP_COUNT, copies
from filters.document import Document, Drop
from pipelines import storage, watch
from pipelines.corpus import keyfile
from pipelines.corpus.forms import Forms, forms_of
from pipelines.corpus.keyfile import KeyFile
from pipelines.manifest import Shard
from pipelines.watch import Doing

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("url", pa.string()),
        ("notes", pa.string()),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("date", pa.string()),
    ]
)
ROW_GROUP_BYTES = 2 << 20
ROW_GROUP_ROWS = 20_000

DECISIONS = pa.schema(
    [
        ("row", pa.int64()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("kept_id", pa.string()),
        ("similarity", pa.float64()),
        ("spans", pa.list_(pa.int32())),
        ("dup_count", pa.int64()),
        ("dup_cluster", pa.string()),
        ("bucket", pa.int64()),
    ]
)


class Spool:
    """Takes documents of a unit one by one and leaves DIRECTORY/NAME.spool.parquet and DIRECTORY/NAME.keys.

    The files appear when they are whole. NAME is the unit's and a hash of the row keys of the documents: a unit that
    is run twice leaves one pair, and two parts of a unit leave two. Memory holds one row group, of about
    ROW_GROUP_BYTES with all columns counted, and the keys.

    Arrays of the keys file, for n documents:
      copies          uint64 (n,)     for how many documents each stands, itself included
      order           uint64 (n, m)   columns of the order of documents; the last two are hashes of id and of the rest
      ids, id_ends    uint8 (bytes,), int64 (n,)    the ids in UTF-8, and where each ends
      for judges:     key0 … key{k-1}, uint64 (n,) each; takes_part, bool (n,); signature, uint16 (n, s), or none
      for rewriters:  values (v,) and ends int64 (n,); pieces int32 (p,) and piece_ends int64 (n,)
    """

    def __init__(self, directory: str, unit: str, step: Step) -> None:
        self._directory, self._unit = directory, unit
        self._forms = forms_of(step.strategy)
        self._step = OpenStep(step)
        self._pending = storage.PendingFile(directory)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._pending.file, mode="w"),
            _SCHEMA,
            compression="lz4",
            use_dictionary=["source"],
            write_statistics=False,
            write_page_checksum=True,
        )
        self._rows: list[tuple[Any, ...]] = []
        self._bytes = 0
        self._count = 0
        self._keys: _JudgeKeys | _SpanKeys = (
            _JudgeKeys(self._forms) if isinstance(step.strategy, CorpusJudge) else _SpanKeys()
        )
        self._offsets: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        self._order = array("Q")
        self._copies = array("Q")
        self._ids = bytearray()
        self._id_ends = array("q")

    def add(self, document: Document) -> None:
        """Append a document and its keys; one whose keys cannot be computed takes no part, and its fault is stored."""
        applied = apply(self._step, document)
        self._keys.add(applied.keys)
        self._offsets[document.source].append(document.offset)
        self._order.extend(self._forms.order(document))
        self._copies.append(copies(document))
        self._ids += document.id.encode("utf-8", "surrogatepass")
        self._id_ends.append(len(self._ids))
        notes = _beside(document, applied)
        self._rows.append(
            (document.id, document.text, document.url, notes, document.source, document.offset, document.date)
        )
        self._count += 1
        self._bytes += len(document.text) + len(document.id) + len(document.url) + len(notes) + 200
        if self._bytes >= ROW_GROUP_BYTES or len(self._rows) >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        with watch.during(Doing.WRITING, self._directory):
            self._write()

    def _write(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)]
            self._writer.write_table(pa.table(arrays, schema=_SCHEMA))
        self._rows, self._bytes = [], 0

    def close(self) -> Shard:
        """Write what is left; returns the shard, whose files are whole from now on."""
        self._flush()
        self._writer.close()
        texts = self._pending.file
        name = f"{self._unit}-{_hash_of(self._offsets)}"
        spool = self._pending.close(f"{name}.spool.parquet")
        arrays: dict[str, np.ndarray] = {
            "order": np.frombuffer(self._order, dtype=np.uint64).reshape(self._count, self._forms.orders),
            "copies": np.frombuffer(self._copies, dtype=np.uint64),
            "ids": np.frombuffer(bytes(self._ids), dtype=np.uint8),
            "id_ends": np.frombuffer(self._id_ends, dtype=np.int64),
            **self._keys.arrays(),
        }
        path = storage.join(self._directory, f"{name}.keys")
        header = {"shard": name, "rows": self._count, **self._forms.key_settings()}
        keys = keyfile.write(path, arrays, header)
        hashes = texts.hexdigest(), keys.hexdigest()
        return Shard(name, self._unit, spool, path, self._count, *hashes, texts.written, keys.written)


def _hash_of(offsets: Mapping[str, "array[int]"]) -> str:
    """A short hash of row keys, the same in whatever order they came; hashed at once, for a hash a row takes long."""
    digest = hashlib.blake2b(digest_size=4)
    for source in sorted(offsets):
        digest.update(f"{len(offsets[source])}\0{source}\0".encode("utf-8", "surrogatepass"))
        digest.update(np.sort(np.frombuffer(offsets[source], dtype=np.int64)).tobytes())
    return digest.hexdigest()


class _JudgeKeys:
    """Keys of a corpus judge, collected row by row."""

    def __init__(self, forms: Forms[Any]) -> None:
        self._width, self._signed = forms.width, forms.signed
        self._values = bytearray()
        self._signatures = bytearray()
        self._unsigned: list[int] = []
        self._takes_part = bytearray()
        self._empty = bytes(8 * self._width)

    def add(self, found: tuple[Any, Any] | None) -> None:
        """Add (keys, signature or None); None where there are none."""
        keys, signature = found if found is not None else (None, None)
        if self._signed and signature is not None:
            self._signatures += signature.tobytes()
        elif self._signed:
            self._unsigned.append(len(self._takes_part))
        packed = keys.tobytes() if keys is not None else b""
        self._takes_part.append(len(packed) > 0)
        self._values += packed or self._empty

    def arrays(self) -> dict[str, np.ndarray]:
        count = len(self._takes_part)
        values = np.frombuffer(bytes(self._values), dtype=np.uint64).reshape(count, self._width)
        found: dict[str, np.ndarray] = {
            f"key{column}": np.ascontiguousarray(values[:, column]) for column in range(self._width)
        }
        found["takes_part"] = np.frombuffer(bytes(self._takes_part), dtype=bool)
        if self._signatures:
            signed = np.setdiff1d(np.arange(count), self._unsigned)
            signatures = np.frombuffer(bytes(self._signatures), dtype=np.uint16).reshape(len(signed), -1)
            if len(signed) < count:
                signatures, found_at = np.zeros((count, signatures.shape[1]), dtype=np.uint16), signatures
                signatures[signed] = found_at
            found["signature"] = signatures
        return found


class _SpanKeys:
    """Keys of the spans of a corpus rewriter, collected row by row."""

    def __init__(self) -> None:
        self._values = bytearray()
        self._pieces = bytearray()
        self._ends = array("q")
        self._piece_ends = array("q")
        self._kind = np.dtype(np.uint64)

    def add(self, found: tuple[Any, Any] | None) -> None:
        """Add (values, pieces); None where there are none."""
        if found is not None:
            values, pieces = found
            self._kind = values.dtype
            self._values += values.tobytes()
            self._pieces += np.asarray(pieces, dtype=np.int32).tobytes()
        self._ends.append(len(self._values) // self._kind.itemsize)
        self._piece_ends.append(len(self._pieces) // 4)

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "values": np.frombuffer(bytes(self._values), dtype=self._kind),
            "ends": np.frombuffer(self._ends, dtype=np.int64),
            "pieces": np.frombuffer(bytes(self._pieces), dtype=np.int32),
            "piece_ends": np.frombuffer(self._piece_ends, dtype=np.int64),
        }


def ids_at(keys: KeyFile, rows: np.ndarray) -> list[str]:
    """The ids of some rows of a keys file."""
    data, ends = keys["ids"], keys["id_ends"]
    starts = np.concatenate([[0], ends[:-1]])
    return [data[starts[row] : ends[row]].tobytes().decode("utf-8", "surrogatepass") for row in rows.tolist()]


def _entries(table: pa.Table) -> Iterator[tuple[Document, Sequence[str]]]:
    """For each row (document, the reason and detail of its fault where its keys could not be computed)."""
    columns = (column.to_pylist() for column in table.itercolumns())  # rows as dicts would take twice as long
    for id_, text, url, notes, source, offset, date in zip(*columns, strict=True):
        beside = json.loads(notes) if notes else {}
        document = Document(id_, text, url, beside.pop("notes", {}), source, offset, date)
        if beside:  # rarely
            document = document.carrying(beside.get("carried", {}))
            document = document.by_line() if "row_per_line" in beside else document
        yield document, beside.get("fault", ()) if beside else ()


def _beside(document: Document, applied: Applied) -> str:
    """What a document carries beside its text, as JSON; "" where it is nothing."""
    found: dict[str, Any] = {}
    if applied.reason:
        found["fault"] = [applied.reason, applied.detail]
    if document.notes:
        found["notes"] = dict(document.notes)
    if document.carried:
        found["carried"] = dict(document.carried)
    if document.row_per_line:
        found["row_per_line"] = True
    return _json(found) if found else ""


_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes an encoder for every call


def _tables(shard: Shard, groups: Iterable[int] | None = None) -> Iterator[pa.Table]:
    with storage.reading(shard.spool) as file:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        for group in range(parquet.num_row_groups) if groups is None else groups:
            yield parquet.read_row_group(group, use_threads=False)


def documents(shard: Shard) -> Iterator[Document]:
    """All documents of a shard, in the order in which they were added."""
    for table in _tables(shard):
        for document, _ in _entries(table):
            yield document


def addresses(shard: Shard) -> tuple[list[str], list[str]]:
    """(URLs, sources) of all documents of a shard; equal sources are one string."""
    urls: list[str] = []
    sources: list[str] = []
    known: dict[str, str] = {}
    with storage.reading(shard.spool) as file:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, ["url", "source"], use_threads=False)
            urls += table["url"].to_pylist()
            sources += [known.setdefault(source, source) for source in table["source"].to_pylist()]
    return urls, sources


def documents_at(shard: Shard, rows: Sequence[int]) -> Iterator[Document]:
    """The documents of some rows (ascending), reading only the row groups they are in."""
    if not rows:
        return
    with storage.reading(shard.spool) as file:
        metadata = pq.ParquetFile(file).metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    wanted = np.asarray(rows)
    of_row = np.searchsorted(ends, wanted, side="right")
    groups = np.unique(of_row).tolist()
    for group, table in zip(groups, _tables(shard, groups), strict=True):
        places = wanted[of_row == group] - (ends[group] - sizes[group])
        for document, _ in _entries(table.take(pa.array(places))):
            yield document


def write_decisions(directory: str, shard: Shard, columns: Mapping[str, Any]) -> str | None:
    """Write the decisions on a shard, rows ascending; None where there are none.

    columns  the columns of DECISIONS that are known; the others stay empty
    """
    size = len(columns["row"])
    if not size:
        return None
    table = pa.table(
        [pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(size, field.type)
         for field in DECISIONS],
        schema=DECISIONS,
    )  # fmt: skip
    path = storage.join(directory, f"{shard.name}.decisions.parquet")
    with storage.writing(path) as file:
        pq.write_table(table, pa.PythonFile(file, mode="w"), compression="zstd", write_page_checksum=True)
    return path


def reread(shard: Shard, decisions: str | None, step: Step) -> Iterator[tuple[Document, Applied]]:
    """The documents of a shard as they were spooled, each with what became of it.

    A judge's losers were dropped. A rewriter's documents have their spans cut out; where nothing is left they were
    dropped. A document whose keys could not be computed, or that has ended workers, is a fault. A document that stays
    for others has the notes that say so. decisions is None for a shard without losers.
    """
    watch.begin(Doing.REREADING, shard.spool)
    decided: dict[int, dict[str, Any]] = {}
    if decisions is not None:
        with storage.reading(decisions) as file:
            table = pq.ParquetFile(file, page_checksum_verification=True).read()
        decided = {row["row"]: row for row in table.to_pylist()}
    counts = DUP_COUNT in step.strategy.writes
    opened = OpenStep(step)
    for number, (document, fault) in enumerate(_reread(shard)):
        reason = watch.begin_page(document.source, document.offset)
        row = decided.get(number)
        if reason:
            yield document, Applied(reason=reason)
        elif fault:
            yield document, Applied(reason=fault[0], detail=fault[1])
        elif row is None:
            yield document, Applied(document.note(dup_count=copies(document)) if counts else document)
        elif row["rule"] is not None:
            more = {"kept_id": row["kept_id"] or "", "similarity": row["similarity"]}
            yield document, Applied(drop=Drop(row["rule"], row["value"], row["threshold"], **more))
        elif row["bucket"] is not None:
            yield document, Applied(document.note(bucket=row["bucket"]))
        elif row["dup_count"] is not None:
            noted = {DUP_COUNT: row["dup_count"], DUP_CLUSTER: row["dup_cluster"]}
            yield document, Applied(document.note(**noted) if counts else document)
        else:
            yield document, apply_cut(opened, document, np.array(row["spans"], dtype=np.int32).reshape(-1, 2))


def _reread(shard: Shard) -> Iterator[tuple[Document, Sequence[str]]]:
    """As _entries, of all row groups, each of which is a place of its own."""
    tables = _tables(shard)
    for group in itertools.count():
        watch.begin(Doing.REREADING, shard.spool, group)
        table = next(tables, None)
        if table is None:
            return
        yield from _entries(table)
