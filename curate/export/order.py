"""Kept rows in one order that depends on the rows alone, cut into shards, within bounded memory."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.rowkeys import RowKeys
from pipelines import storage

BUCKET_BYTES = 64 << 20  # of Arrow data that are sorted in memory at a time
BUFFER_BYTES = 64 << 20  # of rows that wait to be appended to their bucket
_HASH, _PLACE = "\0hash", "\0place"  # no column of a run is called so


class Buckets:
    """Rows spread over local files by a hash of their row key, to be read back sorted by it.

    The hash is over the file's name and the offset of the record, so the order looks random, which suits training, and
    is the same for any number of workers and shards, and wherever the input lies. Pieces of one document stay together.
    """

    def __init__(self, folder: str, schema: pa.Schema, data_bytes: int, shards: int) -> None:
        self._schema = schema.append(pa.field(_HASH, pa.uint64())).append(pa.field(_PLACE, pa.int64()))
        self._columns = schema.names
        self._folder = folder
        self._shards = shards
        self._each = max(1, -(-data_bytes // (BUCKET_BYTES * shards)))
        self._waiting: dict[int, list[pa.Table]] = {}
        self._bytes = 0
        self._place = 0
        self._keys = RowKeys()

    def add(self, table: pa.Table) -> None:
        """Spread rows; their columns are those of the schema."""
        hashes = self._keys.of(table)
        places = np.arange(self._place, self._place + len(hashes), dtype=np.int64)
        self._place += len(hashes)
        table = table.select(self._columns)
        table = table.append_column(_HASH, pa.array(hashes)).append_column(_PLACE, pa.array(places))
        count = np.uint64(self._each * self._shards)
        buckets = ((hashes >> np.uint64(32)) * count) >> np.uint64(32)
        for bucket in np.unique(buckets).tolist():
            part = table.take(pa.array(np.flatnonzero(buckets == bucket)))
            self._waiting.setdefault(bucket, []).append(part)
            self._bytes += part.nbytes
        if self._bytes > BUFFER_BYTES:
            self._append()

    def _append(self) -> None:
        for bucket, tables in self._waiting.items():
            # one stream after another in one file: no more than one file is open at a time
            path = self._path(bucket)
            with storage.naming(path), open(path, "ab") as file, pa.ipc.new_stream(file, self._schema) as stream:
                for table in tables:
                    stream.write_table(table.cast(self._schema))
        self._waiting, self._bytes = {}, 0

    def _path(self, bucket: int) -> str:
        return os.path.join(self._folder, f"{bucket}.arrows")

    def shard(self, number: int) -> Iterator[pa.Table]:
        """The rows of a shard in their order, as tables of the schema; call it when all rows were added."""
        self._append()
        for bucket in range(number * self._each, (number + 1) * self._each):
            path = self._path(bucket)
            if os.path.exists(path):
                table = _streams(path).sort_by([(_HASH, "ascending"), ("source", "ascending"), (_PLACE, "ascending")])
                yield table.select(self._columns)
                os.unlink(path)


def _streams(path: str) -> pa.Table:
    tables = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            tables.append(pa.ipc.open_stream(file).read_all())
    return pa.concat_tables(tables).combine_chunks()


def uncompressed_bytes(paths: Sequence[str]) -> int:
    """About how many bytes the columns of Parquet files take in memory, from their footers."""
    total = 0
    for path in paths:
        with storage.reading(path) as file:
            metadata = pq.ParquetFile(file).metadata
            total += sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    return total


def row_groups(path: str) -> Iterator[pa.Table]:
    """The row groups of a Parquet file, their checksums verified."""
    with storage.reading(path) as file:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        for group in range(parquet.metadata.num_row_groups):
            yield parquet.read_row_group(group, use_threads=False)
