"""Texts as tokens in the formats that training frameworks read: Megatron, datatrove, Mosaic streaming (MDS).

The formats are those of megatron-core 0.16 (core/datasets/indexed_dataset.py), datatrove 0.10 (pipeline/tokens) and
mosaicml-streaming 0.13 (base/format/mds). All numbers are little-endian.
"""

import json
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curate.export.rows import ShardWriter
from filters.contracts import ResourceError
from pipelines import storage

TEXTS_AT_ONCE = 256
MDS_SHARD_BYTES = 1 << 26
_MEGATRON_UINT16 = 65_500  # Megatron stores smaller vocabularies in two bytes


class Tokenizer:
    """A tokenizers JSON file, and the token that ends each document (None: nothing is appended).

    Raises ResourceError where the package or the file is missing or unreadable, or the vocabulary lacks the token.
    """

    def __init__(self, path: str, end_token: str | None) -> None:
        try:
            import tokenizers
        except ImportError as error:
            raise ResourceError("tokens need the package tokenizers (extra: tokenizers)") from error
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(path)
        except Exception as error:  # the library raises bare Exception for every fault of the file
            raise ResourceError(f"{path}: cannot be read as a tokenizers JSON file") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.end = None if end_token is None else self._tokenizer.token_to_id(end_token)
        if end_token is not None and self.end is None:
            raise ResourceError(f"{path}: the vocabulary has no token {end_token!r}")
        # Identifiers of added tokens may lie above the size of the vocabulary.
        self.size = 1 + max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
        self.path = path

    def documents(self, table: pa.Table) -> Iterator[tuple[str, list[int]]]:
        """(id, tokens) of each row."""
        for batch in table.select(["id", "text"]).to_batches(max_chunksize=TEXTS_AT_ONCE):
            texts = batch["text"].to_pylist()
            found = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            for row_id, encoding in zip(batch["id"].to_pylist(), found, strict=True):
                yield row_id, encoding.ids if self.end is None else [*encoding.ids, self.end]


@dataclass
class Counts:
    """What was written as tokens. empty: documents without a token, which these formats cannot hold."""

    documents: int = 0
    tokens: int = 0
    empty: int = 0


class _TokenWriter(ShardWriter):
    """Tokenises rows; what is done with the tokens of a document is left to `put`."""

    def __init__(self, tokenizer: Tokenizer, counts: Counts) -> None:
        self._tokenizer, self._counts = tokenizer, counts

    def write(self, table: pa.Table) -> None:
        for row_id, tokens in self._tokenizer.documents(table):
            if tokens:
                self._counts.documents += 1
                self._counts.tokens += len(tokens)
                self.put(row_id, tokens)
            else:
                self._counts.empty += 1

    def put(self, row_id: str, tokens: Sequence[int]) -> None:
        """Write the tokens of one document."""
        raise NotImplementedError


class _BackToBack(_TokenWriter):
    """Tokens of all documents in one file, one after the other, and an index beside it."""

    ending = ""

    def __init__(self, folder: str, name: str, tokenizer: Tokenizer, counts: Counts, dtype: str) -> None:
        super().__init__(tokenizer, counts)
        self._folder, self._name = folder, name
        self._dtype = np.dtype(dtype)
        self._pending = storage.PendingFile(folder)
        self._lengths = array("i")

    def put(self, row_id: str, tokens: Sequence[int]) -> None:
        self._pending.file.write(np.asarray(tokens, dtype=self._dtype).tobytes())
        self._lengths.append(len(tokens))

    def close(self) -> list[str]:
        data = self._pending.close(f"{self._name}{self.ending}")
        return [data, *self.close_index(np.frombuffer(self._lengths, dtype="<i4"))]

    def close_index(self, lengths: np.ndarray) -> list[str]:
        """Write what stands beside the tokens; lengths: tokens of each document, int32, shape (n,)."""
        raise NotImplementedError

    def abandon(self) -> None:
        self._pending.abandon()


class Megatron(_BackToBack):
    """NAME.bin and NAME.idx, one sequence a document."""

    ending = ".bin"

    def __init__(self, folder: str, name: str, tokenizer: Tokenizer, counts: Counts) -> None:
        super().__init__(folder, name, tokenizer, counts, "<u2" if tokenizer.size < _MEGATRON_UINT16 else "<i4")

    def close_index(self, lengths: np.ndarray) -> list[str]:
        count = len(lengths)
        starts = np.zeros(count, dtype="<i8")
        np.cumsum(lengths[:-1].astype(np.int64) * self._dtype.itemsize, out=starts[1:])
        path = storage.join(self._folder, f"{self._name}.idx")
        with storage.writing(path) as file:
            code = 8 if self._dtype.itemsize == 2 else 4
            file.write(b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, code, count, count + 1))
            for part in (lengths, starts, np.arange(count + 1, dtype="<i8")):
                file.write(part.tobytes())
        return [path]


class Datatrove(_BackToBack):
    """NAME.ds, NAME.ds.index with the end of each document in tokens, and NAME.ds.metadata."""

    ending = ".ds"

    def __init__(self, folder: str, name: str, tokenizer: Tokenizer, counts: Counts) -> None:
        super().__init__(folder, name, tokenizer, counts, "<u2" if tokenizer.size <= 1 << 16 else "<u4")

    def close_index(self, lengths: np.ndarray) -> list[str]:
        ends = np.cumsum(lengths, dtype=np.int64).astype("<u8")
        base = storage.join(self._folder, f"{self._name}.ds")
        storage.write_bytes(f"{base}.index", ends.tobytes())
        total = int(ends[-1]) if len(ends) else 0
        about = f"{self._tokenizer.path}|{self._dtype.itemsize}\n{total}\n{_short(total)}"
        storage.write_bytes(f"{base}.metadata", about.encode())
        return [f"{base}.index", f"{base}.metadata"]


def _short(tokens: int) -> str:
    for unit, size in (("TT", 10**12), ("GT", 10**9), ("MT", 10**6), ("KT", 10**3)):
        if tokens >= size:
            return f"{tokens / size:.3g} {unit}"
    return f"{tokens} T"


class Mds(_TokenWriter):
    """A folder NAME with shards of samples {id: str, tokens: ndarray} and index.json."""

    def __init__(self, folder: str, name: str, tokenizer: Tokenizer, counts: Counts) -> None:
        super().__init__(tokenizer, counts)
        self._folder = storage.join(folder, name)
        self._dtype = np.dtype("<u2" if tokenizer.size <= 1 << 16 else "<u4")
        self._config: dict[str, Any] = {
            "version": 2,
            "format": "mds",
            "compression": None,
            "hashes": [],
            "size_limit": MDS_SHARD_BYTES,
            "column_names": ["id", "tokens"],
            "column_encodings": ["str", f"ndarray:{self._dtype.name}"],
            "column_sizes": [None, None],
        }
        self._samples: list[bytes] = []
        self._bytes = 0
        self._shards: list[dict[str, Any]] = []
        self._written: list[str] = []

    def put(self, row_id: str, tokens: Sequence[int]) -> None:
        name = row_id.encode("utf-8", "surrogatepass")
        width = 0 if len(tokens) < 1 << 8 else 1 if len(tokens) < 1 << 16 else 2  # the length in 1, 2 or 4 bytes
        shape = bytes([1 << 2 | width]) + len(tokens).to_bytes(1 << width, "little")
        data = shape + np.asarray(tokens, dtype=self._dtype).tobytes()
        sample = struct.pack("<II", len(name), len(data)) + name + data
        if self._samples and self._bytes + len(sample) > MDS_SHARD_BYTES:
            self._flush()
        self._samples.append(sample)
        self._bytes += len(sample) + 4

    def _flush(self) -> None:
        config = json.dumps(self._config, sort_keys=True).encode()
        sizes = np.array([0, *map(len, self._samples)], dtype=np.uint64)
        offsets = (sizes.cumsum() + 4 + 4 * len(sizes) + len(config)).astype("<u4")
        data = struct.pack("<I", len(self._samples)) + offsets.tobytes() + config + b"".join(self._samples)
        name = f"shard.{len(self._shards):05d}.mds"
        self._write(name, data)
        raw = {"basename": name, "bytes": len(data), "hashes": {}}
        self._shards.append({"samples": len(self._samples), "raw_data": raw, "zip_data": None, **self._config})
        self._samples, self._bytes = [], 0

    def _write(self, name: str, data: bytes) -> None:
        path = storage.join(self._folder, name)
        storage.write_bytes(path, data)
        self._written.append(path)

    def close(self) -> list[str]:
        if self._samples:
            self._flush()
        self._write("index.json", json.dumps({"version": 2, "shards": self._shards}, sort_keys=True).encode())
        return self._written

    def abandon(self) -> None:
        storage.delete(self._written)
