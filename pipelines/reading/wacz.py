"""WACZ: a zip with web archives in its folder archive/. Their records are keyed by FILE.wacz#MEMBER and offset."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines import watch
from pipelines.reading import formats, warc
from pipelines.reading.events import Damaged
from pipelines.reading.fields import Reading
from pipelines.reading.parsing import Event, Found
from pipelines.watch import Doing

ZIP_MAGIC = b"PK\x03\x04"
_LOCAL_HEADER = 30
_ENCRYPTED = 1
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def members(file: Any) -> list[str]:
    """The archives in a zip file, sorted; none where it is not a WACZ. Raises BadZipFile for a damaged one."""
    file.seek(0)
    return _archives(zipfile.ZipFile(file))


def _archives(packed: zipfile.ZipFile) -> list[str]:
    names = set(packed.namelist())
    return sorted(name for name in names if name.startswith("archive/") and formats.names_archive(name))


class _Stored:
    """A member that is stored as it is: the part of the file that it takes. Going back in a ZipExtFile reads all that
    lies before again."""

    def __init__(self, file: Any, info: zipfile.ZipInfo) -> None:
        file.seek(info.header_offset)
        head = file.read(_LOCAL_HEADER)
        if not head.startswith(ZIP_MAGIC) or len(head) < _LOCAL_HEADER:
            raise zipfile.BadZipFile("no header of a member")
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        self._file, self._begin, self._size = file, info.header_offset + _LOCAL_HEADER + names, info.compress_size
        self._at = 0

    def seek(self, position: int) -> int:
        self._at = position
        return position

    def read(self, size: int) -> bytes:
        self._file.seek(self._begin + self._at)
        data: bytes = self._file.read(max(0, min(size, self._size - self._at)))
        self._at += len(data)
        return data


def wacz_records(file: Any, source: str, types: Counter[str], reading: Reading) -> Iterator[Event | None]:
    """The records of all archives in the file, one archive after the other. None = a record of another type."""
    try:
        file.seek(0)
        packed = zipfile.ZipFile(file)
        names = _archives(packed)
        overlapping = _overlapping(packed)
    except _ERRORS as error:
        yield Damaged(source, 0, "", "", "wacz_unreadable", f"the zip file: {type(error).__name__}")
        return
    for name in names:
        inner = f"{source}#{name}"
        if reason := watch.begin(Doing.PLACE, inner, -1):
            yield Damaged(inner, -1, "", "", reason, "the member: left out")
            continue
        if packed.getinfo(name).header_offset in overlapping:
            yield Damaged(inner, -1, "", "", "wacz_unreadable", "the member: it overlaps with another")
            continue
        try:
            with packed.open(name) as member:
                kind, _, packing = formats.sniff(member, name).partition(".")
                if kind not in ("warc", "arc"):
                    yield Damaged(inner, 0, "", "", "not_a_warc", "a member of a WACZ that is not a WARC or ARC file")
                    continue
                found, arc = Found(inner, types, records=reading.records), kind == "arc"
                if packing == "gz":
                    info = packed.getinfo(name)
                    stored = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & _ENCRYPTED
                    yield from warc.gzip_records(_Stored(file, info) if stored else member, 0, None, arc, found)
                else:
                    yield from warc.packed_records(member, packing and f".{packing}", arc, found, reading.zstd_long)
        except _ERRORS as error:
            yield Damaged(inner, -1, "", "", "wacz_unreadable", f"the member: {type(error).__name__}")


def _overlapping(packed: zipfile.ZipFile) -> set[int]:
    """Where members begin that share bytes with one before them: each would be read in full, however many there are."""
    found: set[int] = set()
    end = -1
    for info in sorted(packed.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            found.add(info.header_offset)
        end = max(end, info.header_offset + info.compress_size)
    return found
