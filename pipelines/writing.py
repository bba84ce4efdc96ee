"""Own Parquet sinks: kept, dropped and failed rows and the ledger, with page checksums and a record of every file."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from filters.chain import Dropped, Failed
from filters.dedup.survivors import DUP_COUNT
from filters.document import Document
from pipelines import records, storage, watch
from pipelines.manifest import FileRecord
from pipelines.watch import Doing

ROW_GROUP_BYTES = 2_000_000
ROW_GROUP_ROWS = 50_000
_ROW_BYTES = 100  # what a row takes besides its strings
_ITEM_BYTES = 100  # of a list in a row, such as rules that a document failed
_MODULUS = 1 << 128


def key_hash(source: str, offset: int) -> int:
    """128 bits of a row key. Sums of these modulo 2^128 tell whether two sets of rows are the same, in any order."""
    return int.from_bytes(
        hashlib.blake2b(f"{offset}\0{source}".encode("utf-8", "replace"), digest_size=16).digest(), "big"
    )


@dataclass
class KeySum:
    """The count and the hash sum of row keys."""

    count: int = 0
    total: int = 0

    def add(self, source: str, offset: int) -> None:
        """Count one key."""
        self.count += 1
        self.total = (self.total + key_hash(source, offset)) % _MODULUS

    @property
    def short(self) -> str:
        """The first 32 bits of the sum, hexadecimal, for names of files."""
        return f"{self.total >> 96:08x}"

    def merge(self, count: int, total: int) -> None:
        """Count what others counted."""
        self.count += count
        self.total = (self.total + total) % _MODULUS


class TableWriter:
    """Writes rows of one table of one unit as Parquet files; closes a file when it holds file_bytes.

    Memory holds ROW_GROUP_BYTES of rows, all their columns counted, and the last row.

    File names say the unit, a running number and a hash of the row keys: the same rows always make the same name,
    and a second attempt at a unit that wrote other rows never overwrites a file somebody refers to.

    folder  where the files go, relative to root; by default it is called like the table
    """

    def __init__(self, root: str, table: str, unit: str, schema: pa.Schema, file_bytes: int, folder: str = "") -> None:
        self.root, self.table, self.unit, self.schema, self.file_bytes = root, table, unit, schema, file_bytes
        self.folder = folder or table
        self.finished: list[FileRecord] = []
        self._pending: storage.PendingFile | None = None
        self._parquet: pq.ParquetWriter | None = None
        self._columns: dict[str, list[Any]] = {name: [] for name in schema.names}
        self._held = 0  # bytes of all columns in memory
        self._buffered = 0
        self._written = 0
        self._rows = 0
        self._number = 0
        self._keys = KeySum()
        self._why = _WHY.get(table)
        self._removed: dict[str, dict[str, int]] = {}

    def add(self, row: Mapping[str, Any], size: int, first_piece: bool = True) -> None:
        """Add a row; size is what it counts towards file_bytes. A row that continues a document is no first piece."""
        held = _ROW_BYTES
        for name, column in self._columns.items():
            value = row.get(name)
            column.append(value)
            if value.__class__ is str:
                held += len(value)
            elif value.__class__ in (list, tuple):
                held += _ITEM_BYTES * len(value)
        self._held += held
        self._rows += 1
        if first_piece:
            self._keys.add(row["source"], row["offset"])
        if self._why is not None:
            of_stage = self._removed.setdefault(row["stage"], {})
            of_stage[row[self._why]] = of_stage.get(row[self._why], 0) + 1
        self._buffered += size + _ROW_BYTES
        if self._held >= ROW_GROUP_BYTES or len(self._columns["source"]) >= ROW_GROUP_ROWS:
            self._flush()

    def at_document_end(self) -> None:
        """Close the file if it is large enough; the pieces of a document stay in one file."""
        if self._written + self._buffered >= self.file_bytes:
            self._close_file()

    def _flush(self) -> None:
        if self._columns["source"]:
            with watch.during(Doing.WRITING, self.folder):
                self._write()

    def _write(self) -> None:
        if self._parquet is None:
            self._pending = storage.PendingFile(storage.join(self.root, self.folder))
            self._parquet = pq.ParquetWriter(
                self._pending.file,
                self.schema,
                compression="zstd",
                write_page_checksum=True,
                use_dictionary=_DICTIONARY,
            )
        arrays = [pa.array(self._columns[field.name], field.type) for field in self.schema]
        self._parquet.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self._written += self._buffered
        self._buffered = self._held = 0
        for column in self._columns.values():
            column.clear()

    def _close_file(self) -> None:
        self._flush()
        if self._parquet is None or self._pending is None:
            return
        self._parquet.close()
        name = f"{self.unit}-{self._number:03d}-{self._keys.short}.parquet"
        file = self._pending.file
        self._pending.close(name)
        self.finished.append(
            FileRecord(
                self.table,
                f"{self.folder}/{name}",
                self._rows,
                file.written,
                file.hexdigest(),
                self._keys.count,
                f"{self._keys.total:032x}",
                self._removed,
            )
        )
        self._removed = {}
        self._pending = self._parquet = None
        self._written = self._rows = 0
        self._keys = KeySum()
        self._number += 1

    def close(self) -> list[FileRecord]:
        """Close the last file; the records of all files. A table without rows writes no file."""
        self._close_file()
        return self.finished

    def close_empty(self) -> list[FileRecord]:
        """Write one file without rows, so that a reader of the table finds its columns."""
        pending = storage.PendingFile(storage.join(self.root, self.folder))
        # without a row group: readers of one row group after another find none, rather than an empty one
        pq.ParquetWriter(pending.file, self.schema, write_page_checksum=True).close()
        pending.close(f"{self.unit}.parquet")
        file, path = pending.file, f"{self.folder}/{self.unit}.parquet"
        return [FileRecord(self.table, path, 0, file.written, file.hexdigest())]

    def abandon(self) -> None:
        """Give up the unfinished file."""
        if self._pending is not None:
            self._pending.abandon()


_WHY = {"dropped": "rule", "failed": "reason"}  # the column of tables whose rows are counted by stage
_DICTIONARY = ["source", "stage", "strategy", "rule", "language", "reason", "value_name", "threshold_name"]


def kept_rows(document: Document) -> Iterator[dict[str, Any]]:
    """The rows of a kept document: itself, or a row id#k for each of its lines. One by one: a text has many lines."""
    row = {
        **document.notes,
        **document.carried,
        "id": document.id,
        "url": document.url,
        "text": document.text,
        "language": document.notes.get("language", ""),
        "source": document.source,
        "offset": document.offset,
        "date": document.date,
    }
    if not document.row_per_line:
        yield row
        return
    lines = document.text.split("\n")
    numbers = [number for number, line in enumerate(lines) if line.strip()] or [0]
    # one value a line; null where a later stage changed the lines
    counts: dict[str, Any] = {name: value for name, value in row.items() if isinstance(value, (tuple, list))}
    for number, line in enumerate(numbers):
        yield {
            **row,
            **{name: value[line] if len(value) == len(lines) else None for name, value in counts.items()},
            "id": f"{document.id}#{number}",
            "text": lines[line],
        }


def _limits(value: float | str | None, threshold: float | str | None) -> dict[str, Any]:
    def number(found: float | str | None) -> float | None:
        return None if found is None or isinstance(found, str) or math.isnan(found) else float(found)

    def name(found: float | str | None) -> str | None:
        return found if isinstance(found, str) and found else None

    return {
        "value": number(value),
        "threshold": number(threshold),
        "value_name": name(value),
        "threshold_name": name(threshold),
    }


def dropped_row(dropped: Dropped, text: str | None = None) -> dict[str, Any]:
    """The row of a dropped document; text is what is written of its text, if anything."""
    document, drop = dropped.document, dropped.drop
    row = {
        "id": document.id,
        "url": document.url,
        "source": document.source,
        "offset": document.offset,
        "stage": dropped.stage,
        "strategy": dropped.strategy,
        "rule": drop.rule,
        **_limits(drop.value, drop.threshold),
        "also_failed": [{"rule": other.rule, **_limits(other.value, other.threshold)} for other in drop.also_failed],
        "kept_id": drop.kept_id or None,
        "similarity": drop.similarity,
        "matched": drop.matched or None,
        "language": document.notes.get("language"),
        DUP_COUNT: document.notes.get(DUP_COUNT),
        "bytes": len(document.text.encode("utf-8", "replace")),
    }
    if text is not None:
        row["text"] = text
    return row


def failed_row(failed: Failed) -> dict[str, Any]:
    """The row of a failed document."""
    return {name: getattr(failed, name) for name in records.FAILED.names}
