"""Hashes of row keys, (source, offset): an order that looks random and is the same wherever the input lies."""

import hashlib

import numpy as np
import pyarrow as pa


class RowKeys:
    """64 bits for each row key, over the file's name and the offset of the record."""

    def __init__(self) -> None:
        self._sources: dict[str, np.uint64] = {}

    def of(self, rows: pa.RecordBatch | pa.Table) -> np.ndarray:
        """uint64 of shape (rows,), of rows with the columns source and offset."""
        offsets = rows["offset"].to_numpy(zero_copy_only=False).astype(np.uint64)
        encoded = pa.chunked_array(rows["source"]).combine_chunks().dictionary_encode()
        hashes = np.array([self._hash(source) for source in encoded.dictionary.to_pylist()], dtype=np.uint64)
        mixed = offsets * np.uint64(0x9E3779B97F4A7C15) ^ hashes[encoded.indices.to_numpy(zero_copy_only=False)]
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the end of splitmix64
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return mixed ^ (mixed >> np.uint64(31))

    def _hash(self, source: str) -> np.uint64:
        if source not in self._sources:
            name = source.rpartition("/")[2].encode("utf-8", "surrogatepass")
            self._sources[source] = np.uint64(int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big"))
        return self._sources[source]
