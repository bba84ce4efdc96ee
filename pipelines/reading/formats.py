"""What a file holds, detected from its first bytes; its name counts only if they say nothing."""

import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from isal import isal_zlib

from pipelines.reading.packing import (
    UNPACK,
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
PLAUSIBLE_BYTES = 1 << 11  # enough of a gzip member to tell whether it begins with a record
# A header of a member that ends within PLAUSIBLE_BYTES: without reserved flags, and with an extra field that fits.
MEMBER_START = re.compile(
    rb"\x1f\x8b\x08(?:[\x00-\x03\x08-\x0b\x10-\x13\x18-\x1b]|[\x04-\x07\x0c-\x0f\x14-\x17\x1c-\x1f].{7}[\x00-\x07])",
    re.DOTALL,
)
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # a frame of pzstd, or with the dictionary of a .warc.zst
BZIP2_MAGIC = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
XZ_MAGIC = b"\xfd7zXZ\x00"

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
_STEP_BYTES = 64
_LONGEST_START = 10240
_SHORTEST_START = 5
_MAY_BEGIN = re.compile(rb"(?:W(?:A(?:R(?:C/?)?)?)?|[a-z][a-z0-9+.-]*(?::[^\r\n]*)?)?")  # the first bytes of a record
_BLOCK_BYTES = 1 << 20  # bzip2 gives out blocks of up to 900,000 bytes
_ARROW_NAMES = (".arrow", ".ipc", ".feather")
_ARRAY = re.compile(rb"\s*\[\s*(\{|\]\s*$)")
_PACKED = r"(\.gz|\.gzip|\.zst|\.bz2|\.xz)?$"
_ROWS_BY_NAME = re.compile(r"\.(jsonl|ndjson|json)" + _PACKED, re.IGNORECASE)
_WARC_BY_NAME = re.compile(r"\.(warc|wet|wat|arc)" + _PACKED, re.IGNORECASE)
# Formats whose bytes say nothing. A page or a text may begin with anything, with a bracket too.
_TEXT_BY_NAME = re.compile(r"\.(csv|tsv|txt|html|htm|xhtml)" + _PACKED, re.IGNORECASE)
# What is read of a folder. WAT files hold no pages.
_READ_BY_NAME = re.compile(
    r"\.((warc|wet|arc|jsonl|ndjson|json|csv|tsv|txt|html|htm|xhtml)(\.gz|\.gzip|\.zst|\.bz2|\.xz)?"
    r"|parquet|arrow|ipc|feather|wacz)$",
    re.IGNORECASE,
)


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
    """Whether a gzip member that begins here (PLAUSIBLE_BYTES are enough to tell) begins with a record of a WARC or ARC
    file.

    Empty members begin none: whoever asks at each of a row of them would inflate all that follow again.
    """
    data = data[:PLAUSIBLE_BYTES]
    head = b""
    inflater = isal_zlib.decompressobj(31)
    for at in range(0, len(data), _STEP_BYTES):
        try:
            head += inflater.decompress(data[at : at + _STEP_BYTES])
        except InflateError:
            break
        if inflater.eof or len(head) > _LONGEST_START or not _MAY_BEGIN.fullmatch(head, 0, _SHORTEST_START):
            break
    return WARC_START.match(head) is not None or ARC_START.match(head) is not None


def sniff(file: Any, path: str) -> str:
    """The format of an open file: "warc", "arc", "jsonl", "json" (an array), "csv", "tsv", "txt", "html", each also
    with ".gz", ".zst", ".bz2" or ".xz"; "parquet", "arrow", "wacz", "empty", or "" where nothing is recognised. Leaves
    the file's position anywhere."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head:
        return "empty"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"ARROW1") or (head.startswith(b"\xff\xff\xff\xff") and path.lower().endswith(_ARROW_NAMES)):
        return "arrow"
    if head.startswith(b"PK\x03\x04"):
        return "wacz" if _holds_archives(file) else ""
    packing, inner = "", head
    if head.startswith(GZIP_MAGIC):
        packing, inner = ".gz", inflated_head(head)
        if not inner and _unpacks_to_nothing(gzip_chunks, file):
            return "empty"
    elif head.startswith(ZSTD_MAGIC) or ZSTD_SKIPPABLE.match(head):
        packing, inner = ".zst", _unpacked_head(head, ".zst")
        if not inner and _unpacks_to_nothing(zstd_chunks, file):
            return "empty"
    elif BZIP2_MAGIC.match(head) or head.startswith(XZ_MAGIC):
        packing = ".xz" if head.startswith(XZ_MAGIC) else ".bz2"
        inner = _unpacked_head(head, packing) or _unpacked_head(head + file.read(_BLOCK_BYTES), packing)
    inner = inner.removeprefix(b"\xef\xbb\xbf")
    if inner.startswith(b"WARC/"):
        return "warc" + packing
    if ARC_START.match(inner) or inner.startswith(b"filedesc:"):
        return "arc" + packing
    named = _TEXT_BY_NAME.search(path)
    if named is not None:
        kind = named[1].lower()
        kind = "html" if kind in ("htm", "xhtml") else kind
        return ("jsonl" if kind == "txt" and _is_object(inner) else kind) + packing
    if inner.lstrip().startswith(b"{"):
        return "jsonl" + packing
    if _ARRAY.match(inner):
        return "json" + packing
    return _searched(file) or _by_name(path, head, packing)


def _unpacks_to_nothing(chunks: Callable[[Iterator[bytes]], Iterator[bytes]], file: Any) -> bool:
    """Whether a file is packed well and holds nothing: empty members or frames, one or many."""
    file.seek(0)
    try:
        return not any(chunks(file_chunks(file)))
    except (Cut, Corrupt, Trailing, WideWindow):
        return False


def _is_object(head: bytes) -> bool:
    """Whether the first line is a JSON object, so far as it is there."""
    line, ended, _ = head.lstrip().partition(b"\n")
    if not line.startswith(b"{") or line[1:].lstrip()[:1] not in (b'"', b"}"):
        return False
    try:
        return not ended or isinstance(json.loads(line), dict)
    except ValueError:
        return False


def names_archive(name: str) -> bool:
    """Whether a file is called like a WARC or ARC file."""
    return _WARC_BY_NAME.search(name) is not None


def is_read(name: str) -> bool:
    """Whether a file of this name is read where a folder is given."""
    return _READ_BY_NAME.search(name) is not None


def _holds_archives(file: Any) -> bool:
    from pipelines.reading.wacz import members

    try:
        return bool(members(file))
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _unpacked_head(head: bytes, packing: str) -> bytes:
    # A frame is given out by blocks: the steps are so small that its last one comes before the checksum.
    steps = itertools.chain((head[:_STEP_BYTES],), (head[at : at + 4] for at in range(_STEP_BYTES, len(head), 4)))
    try:
        return next(zstd_chunks(steps, 31) if packing == ".zst" else UNPACK[packing](steps), b"")
    except (Cut, Corrupt, WideWindow):
        return b""


def _searched(file: Any) -> str:
    """The format of a file whose beginning is damaged, by the first record that can be found."""
    file.seek(0)
    data = file.read(_SEARCH_BYTES)
    for match in MEMBER_START.finditer(data, 1):
        member = memoryview(data)[match.start() :][:PLAUSIBLE_BYTES]
        if begins_record(member):
            return "warc.gz" if WARC_START.match(inflated_head(member)) else "arc.gz"
    return "warc" if re.search(rb"\nWARC/[01]\.\d+[ \t]*\r?\n", data) else ""


def _by_name(path: str, head: bytes, packing: str) -> str:
    if _ROWS_BY_NAME.search(path):
        return "jsonl" + packing
    if packing and _WARC_BY_NAME.search(path) and len(inflated_head(head)) < len(b"WARC/"):
        return "warc" + packing  # damaged at once: the reader says how
    return ""
