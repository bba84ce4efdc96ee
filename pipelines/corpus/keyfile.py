"""Named arrays in one file, each checked by a CRC: packed keys that can be read column by column."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines import storage

_MAGIC = b"curate-keys-1\n"


class DamagedFile(Exception):
    """A file is not what was written; the message names it."""


def write(path: str, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> storage.Hashing:
    """Write arrays (little-endian numbers) and a header of plain data; the file appears under its name when whole.

    Returns the closed file, which tells its sha256 and size.
    """
    entries = {}
    position = 0
    for name, array in arrays.items():
        data = _bytes(array)
        entries[name] = [array.dtype.str, list(array.shape), position, zlib.crc32(data)]
        position += -(-array.nbytes // 64) * 64
    head = json.dumps({"header": dict(header), "arrays": entries}, sort_keys=True).encode() + b"\n"
    with storage.writing(path) as file:
        file.write(_MAGIC + b"%016d\n" % len(head) + head)
        for array in arrays.values():
            file.write(_bytes(array))
            file.write(bytes(-array.nbytes % 64))
    return file


def _bytes(array: np.ndarray) -> Any:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.size else b""


class KeyFile:
    """A file of named arrays, opened for reading. Raises DamagedFile where a byte is not as written."""

    def __init__(self, path: str) -> None:
        self.path = path
        with storage.reading(path) as file:
            start = file.read(len(_MAGIC) + 17)
            if not start.startswith(_MAGIC):
                raise DamagedFile(f"{path}: not a file of keys")
            try:
                size = int(start[len(_MAGIC) :])
                head = json.loads(file.read(size))
                self.header: dict[str, Any] = dict(head["header"])
                self._entries: dict[str, list[Any]] = dict(head["arrays"])
            except (ValueError, TypeError, KeyError) as error:
                raise DamagedFile(f"{path}: damaged header") from error
        self._base = len(start) + size

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, without reading it."""
        return tuple(self._entries[name][1])

    def __getitem__(self, name: str) -> np.ndarray:
        kind, shape, position, crc = self._entries[name]
        size = int(np.dtype(kind).itemsize * np.prod(shape, dtype=np.int64))
        with storage.reading(self.path) as file:
            file.seek(self._base + position)
            data = file.read(size)
        if len(data) != size or zlib.crc32(data) != crc:
            raise DamagedFile(f"{self.path}: damaged in {name}")
        return np.frombuffer(data, dtype=kind).reshape(shape)

    def get(self, name: str) -> np.ndarray | None:
        """An array, or None where the file has none of that name."""
        return self[name] if name in self._entries else None

    def mapped(self, name: str) -> np.ndarray:
        """An array that stays in the file where that is local; not checked for damage."""
        kind, shape, position, _ = self._entries[name]
        if not storage.is_local(self.path) or not np.prod(shape, dtype=np.int64):
            return self[name]
        return np.memmap(self.path, dtype=kind, mode="r", offset=self._base + position, shape=tuple(shape))
