"""What a file holds, told from its first bytes; names are asked only where the bytes say nothing."""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from isal import isal_zlib

from pipelines.reading.packing import (
    Corrupt,
    Cut,
    InflateError,
    Trailing,
    WideWindow,
    file_chunks,
    gzip_chunks,
    zstd_chunks,
)

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # a frame of pzstd, or with the dictionary of a .warc.zst

# A record of a WARC or ARC file as it begins. ARC: URL IP date type length, version 2 with more between. Everything is
# bounded, so that lines made to look nearly like one cost little.
WARC_START = re.compile(rb"WARC/\d\.\d")
ARC_START = re.compile(
    rb"[a-z][a-z0-9+.-]{1,30}:[^\r\n]{0,8000} [0-9a-fA-F.:-]{1,45} \d{8,18} [^\r\n]{1,500} \d{1,18}[ \t]*\r?\n"
)

# Formats that can be read from the middle: their records are found again by the way they begin.
RANGED = frozenset({"warc", "warc.gz", "arc.gz"})

_HEAD_BYTES = 1 << 16
_SEARCH_BYTES = 4 << 20
_PLAUSIBLE_BYTES = 1 << 11
_STEP_BYTES = 64
_ROWS_BY_NAME = re.compile(r"\.(jsonl|ndjson|json)(\.gz|\.gzip|\.zst)?$", re.IGNORECASE)
_WARC_BY_NAME = re.compile(r"\.(warc|wet|wat|arc)(\.gz|\.gzip|\.zst)?$", re.IGNORECASE)


def inflated_head(data: Any, most: int = 4096, skip_empty: bool = True) -> bytes:
    """The first bytes of the first gzip member in data (that is not empty); b"" where nothing can be inflated.

    In small steps: what comes before damage is wanted too.
    """
    head = b""
    view = memoryview(data)
    at = 0
    inflater = isal_zlib.decompressobj(31)
    while at < len(view) and len(head) < most:
        piece = view[at : at + _STEP_BYTES]
        try:
            head += inflater.decompress(piece)
        except InflateError:
            return head
        at += len(piece)
        if inflater.eof:
            if head or not skip_empty:
                return head
            at -= len(inflater.unused_data)
            inflater = isal_zlib.decompressobj(31)
    return head


def begins_record(data: Any) -> bool:
    """Whether a gzip member that begins here (2 KiB are enough to tell) begins with a record of a WARC or ARC file.

    Empty members begin none: whoever asks at each of a row of them would inflate all that follow again.
    """
    head = inflated_head(data[:_PLAUSIBLE_BYTES], 10240, skip_empty=False)
    return WARC_START.match(head) is not None or ARC_START.match(head) is not None


def sniff(file: Any, path: str) -> str:
    """The format of an open file: "warc", "arc", "jsonl", each also with ".gz" or ".zst"; "parquet", "empty", or
    "" where nothing is recognised. Leaves the file's position anywhere."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head:
        return "empty"
    if head.startswith(b"PAR1"):
        return "parquet"
    packing, inner = "", head
    if head.startswith(GZIP_MAGIC):
        packing, inner = ".gz", inflated_head(head)
        if not inner and _unpacks_to_nothing(gzip_chunks, file):
            return "empty"
    elif head.startswith(ZSTD_MAGIC) or ZSTD_SKIPPABLE.match(head):
        packing, inner = ".zst", _zstd_head(head)
        if not inner and _unpacks_to_nothing(zstd_chunks, file):
            return "empty"
    inner = inner.removeprefix(b"\xef\xbb\xbf")
    if inner.startswith(b"WARC/"):
        return "warc" + packing
    if ARC_START.match(inner) or inner.startswith(b"filedesc:"):
        return "arc" + packing
    if inner.lstrip().startswith(b"{"):
        return "jsonl" + packing
    return _searched(file) or _by_name(path, head, packing)


def _unpacks_to_nothing(chunks: Callable[[Iterator[bytes]], Iterator[bytes]], file: Any) -> bool:
    """Whether a file is packed well and holds nothing: empty members or frames, one or many."""
    file.seek(0)
    try:
        return not any(chunks(file_chunks(file)))
    except (Cut, Corrupt, Trailing, WideWindow):
        return False


def _zstd_head(head: bytes) -> bytes:
    # A frame is given out by blocks: the steps are so small that its last one comes before the checksum.
    steps = itertools.chain((head[:_STEP_BYTES],), (head[at : at + 4] for at in range(_STEP_BYTES, len(head), 4)))
    try:
        return next(zstd_chunks(steps, 31), b"")
    except (Cut, Corrupt, WideWindow):
        return b""


def _searched(file: Any) -> str:
    """The format of a file whose beginning is damaged, by the first record that can be found."""
    file.seek(0)
    data = file.read(_SEARCH_BYTES)
    at = data.find(GZIP_MAGIC, 1)
    while at >= 0:
        if begins_record(memoryview(data)[at:]):
            return "warc.gz" if WARC_START.match(inflated_head(data[at : at + _PLAUSIBLE_BYTES])) else "arc.gz"
        at = data.find(GZIP_MAGIC, at + 1)
    return "warc" if re.search(rb"\nWARC/[01]\.\d+[ \t]*\r?\n", data) else ""


def _by_name(path: str, head: bytes, packing: str) -> str:
    if _ROWS_BY_NAME.search(path):
        return "jsonl" + packing
    if packing and _WARC_BY_NAME.search(path) and len(inflated_head(head)) < len(b"WARC/"):
        return "warc" + packing  # damaged at once: the reader says how
    return ""
