"""Rows as files that other tools read: JSON Lines, compressed, and Parquet."""

import gzip
import json
import math
from abc import ABC, abstractmethod
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pipelines import storage

ROW_GROUP_ROWS = 10_000


class ShardWriter(ABC):
    """Writes the rows of one shard. What it wrote is there under its names when close() returns, or not at all."""

    @abstractmethod
    def write(self, table: pa.Table) -> None:
        """Append rows."""

    @abstractmethod
    def close(self) -> list[str]:
        """Finish; returns the paths of the files."""

    @abstractmethod
    def abandon(self) -> None:
        """Delete what was written."""


class JsonLines(ShardWriter):
    """One JSON object a row; NaN, which JSON does not know, is null."""

    def __init__(self, folder: str, name: str, compression: str) -> None:
        self._name = f"{name}.jsonl.{compression}"
        self._pending = storage.PendingFile(folder)
        # no time and no name in the header of gzip: the same rows make the same file
        into: Any = self._pending.file
        self._file: Any = (
            gzip.GzipFile("", "wb", 6, into, mtime=0)
            if compression == "gz"
            else zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(into, closefd=False)
        )

    def write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=1000):
            self._file.write("".join(_line(row) for row in batch.to_pylist()).encode())

    def close(self) -> list[str]:
        self._file.close()
        return [self._pending.close(self._name)]

    def abandon(self) -> None:
        self._pending.abandon()


def _line(row: dict[str, Any]) -> str:
    plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"


class Parquet(ShardWriter):
    """Parquet with zstd and page checksums."""

    def __init__(self, folder: str, name: str, schema: pa.Schema) -> None:
        self._name = f"{name}.parquet"
        self._pending = storage.PendingFile(folder)
        self._writer = pq.ParquetWriter(self._pending.file, schema, compression="zstd", write_page_checksum=True)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)

    def close(self) -> list[str]:
        self._writer.close()
        return [self._pending.close(self._name)]

    def abandon(self) -> None:
        self._pending.abandon()
