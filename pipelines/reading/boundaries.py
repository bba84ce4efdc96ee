"""Where a compressed file can be read from the middle: members of gzip and frames of Zstandard, each of which stands by
itself. They are found by how they begin, and tried."""

import re
from typing import Any

from isal import isal_zlib

from pipelines.reading.formats import MEMBER_START, ZSTD_MAGIC
from pipelines.reading.packing import ZSTD_DICTIONARY, InflateError

_CHUNK_BYTES = 1 << 18
_START_BYTES = 16  # a beginning is told by so many bytes
_STARTS = {".gz": MEMBER_START, ".zst": re.compile(re.escape(ZSTD_MAGIC))}
# What looks like a beginning is one where all of it, or so much, can be unpacked: of bytes that only look like it so
# much never can. Zstandard has blocks that are stored, up to 128 KiB each.
_TRIED_BYTES = {".gz": 1 << 16, ".zst": 1 << 20}


def find(file: Any, packing: str, position: int, end: int) -> int:
    """Where the first member or frame begins in [position, end) of an open file; -1 where there is none.

    packing  ".gz" or ".zst"
    """
    while position < end:
        file.seek(position)
        data = file.read(_CHUNK_BYTES + _START_BYTES)
        for match in _STARTS[packing].finditer(data):
            at = position + match.start()
            if match.start() >= _CHUNK_BYTES or at >= end:
                break
            if _begins(file, packing, at):
                return at
        if len(data) < _CHUNK_BYTES + _START_BYTES:
            break
        position += _CHUNK_BYTES
    return -1


def need_dictionary(file: Any) -> bool:
    """Whether the frames of a file need the dictionary at its beginning."""
    file.seek(0)
    return bool(file.read(4) == ZSTD_DICTIONARY)


def _begins(file: Any, packing: str, at: int) -> bool:
    file.seek(at)
    data = file.read(_TRIED_BYTES[packing])
    cut = len(data) < _TRIED_BYTES[packing]
    return _inflates(data, cut) if packing == ".gz" else _decompresses(data, cut)


def _inflates(data: bytes, cut: bool) -> bool:
    """Whether a member that begins here has its checksum or, where the file goes on, no fault so far."""
    inflater = isal_zlib.decompressobj(31)
    try:
        for at in range(0, len(data), 1 << 12):
            inflater.decompress(data[at : at + (1 << 12)])
            if inflater.eof:
                return True
    except InflateError:
        return False
    return not cut


def _decompresses(data: bytes, cut: bool) -> bool:
    """Whether a frame that begins here is followed by another or, where the file goes on, has no fault so far."""
    import zstandard

    frame = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
    try:
        for at in range(0, len(data), 1 << 10):
            frame.decompress(data[at : at + (1 << 10)])
            if frame.eof:
                rest = (frame.unused_data + data[at + (1 << 10) :])[:4]
                return rest in (b"", ZSTD_MAGIC[: len(rest)]) or rest[1:] == b"\x2a\x4d\x18"
    except zstandard.ZstdError:
        return False
    return not cut
