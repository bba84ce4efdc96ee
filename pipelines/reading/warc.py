"""WARC (also WET, WAT) and ARC files: records verified before they are given out, damage kept to what it touches.

A record is given out when it is known to be whole: in a .warc.gz its gzip member was inflated to the end, its checksum
was right, and the record ends where the member ends; in a plain file the next record or the end of the file follows.
After damage, reading goes on at the next place where a record begins. FastWARC reads the same files at about the same
speed, but it ends a file at the first damaged member, says nothing when a file is cut, and reads on into the next
member when a length is too large; run over each verified member by itself it would be correct and cost another
0.03 ms a page. The few header lines that matter are parsed here instead, 0.01 ms a page.

Row keys. The offset of a record is the position in the file of its gzip member, or of the record itself in a plain
file. Where a member holds several records, the number of the record in it, from 0, is added shifted left by 40 bits.
In a .zst file it is the position in the decompressed stream.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pipelines import watch
from pipelines.reading.events import Damaged
from pipelines.reading.fields import ZSTD_LONG
from pipelines.reading.formats import GZIP_MAGIC
from pipelines.reading.headers import ARC, WARC, Dialect
from pipelines.reading.packing import Corrupt, Cut, WideWindow, file_chunks, unpack
from pipelines.reading.parsing import RECORD_BYTES, Event, Found, records
from pipelines.reading.salvage import gap, salvaged
from pipelines.reading.streams import DISCARD_BYTES, FILE_CHUNK, Member, Resync, Stream, TooMuch, Window
from pipelines.watch import Doing

RECORD_NUMBER_BITS = 40  # from which on an offset counts the records of one gzip member


def _member_key(position: int) -> Callable[[int, int], int]:
    def key(_: int, number: int) -> int:
        return position | number << RECORD_NUMBER_BITS

    return key


def gzip_records(file: Any, start: int, end: int | None, arc: bool, found: Found) -> Iterator[Event | None]:
    """The records of .warc.gz or .arc.gz whose gzip members begin in [start, end). None = a record of another type."""
    dialect = ARC if arc else WARC
    window = Window(file)
    resync = Resync(window)
    position = window.find_member(start, end) if start else 0
    while position >= 0 and (head := bytes(window.at(position, 3)[:3])):
        if end is not None and position >= end and window.begins_record(position):
            return
        if reason := watch.begin(Doing.PLACE, found.source, position):
            yield Damaged(found.source, position, "", "", reason, "the gzip member: left out")
            position = window.find_member(position + 1)
            continue
        if head != GZIP_MAGIC:
            after = window.find_member(position + 1)
            yield gap(window, position, after, found.source)
            position = after
            continue
        member = Member(window, position)
        parts: list[bytes] = []
        size = 0
        while size <= RECORD_BYTES and (out := member.more()):
            parts.append(out)
            size += len(out)
        key = _member_key(position)
        if member.state == "end":
            yield from records(Stream.of(b"".join(parts)), dialect, found, key, True)
            position = member.position
        elif not member.state:
            del parts
            member = Member(window, position)
            yield from _large_member(member, dialect, found, key)
            position = member.position if member.state == "end" else resync.after(position, member)
        else:
            after = resync.after(position, member)
            cut = member.state == "cut" and after < 0
            reason = "warc_truncated" if cut else "warc_gzip_corrupt"
            yield from salvaged(b"".join(parts), dialect, found, key, reason)
            position = after


def _large_member(
    member: Member, dialect: Dialect, found: Found, key: Callable[[int, int], int]
) -> Iterator[Event | None]:
    """A member that is larger than a record may be: many records, or a bomb. Its checksum comes after its records."""
    number = 0
    event: Event | None = None
    try:
        for event in records(Stream(member.more), dialect, found, key, False, oversized=True):
            number += 1
            if isinstance(event, Damaged) and event.reason == "warc_truncated" and member.state == "corrupt":
                event = replace(event, reason="warc_gzip_corrupt")
            yield event
    except TooMuch:
        yield Damaged(found.source, key(0, number), "", "", "record_too_big", f"more than {DISCARD_BYTES} bytes")
        return
    while member.more():
        pass
    if member.state != "end" and not isinstance(event, Damaged):
        reason = "warc_truncated" if member.state == "cut" else "warc_gzip_corrupt"
        yield Damaged(found.source, key(0, number), "", "", reason, f"after {number} records of one gzip member")


def plain_records(file: Any, start: int, end: int | None, arc: bool, found: Found) -> Iterator[Event | None]:
    """The records of an uncompressed file that begin in [start, end). None = a record of another type."""

    dialect = ARC if arc else WARC
    stream = Stream.of_file(file, max(0, start - 1))
    if start:
        stream.fill(start)  # with the byte before: a line break there matters to ARC
        stream.at = start
        stream.find(dialect.next, dialect.overlap)
    elif stream.fill(3) and stream.data.startswith(b"\xef\xbb\xbf"):
        stream.at = 3
    stop = None if end is None else lambda position: position >= end
    yield from records(stream, dialect, found, lambda position, _: position, False, stop)


def packed_records(
    file: Any, packing: str, arc: bool, found: Found, window_log: int = ZSTD_LONG
) -> Iterator[Event | None]:
    """The records of a .warc.zst, .bz2 or .xz file (or .arc). None = a record of another type."""
    file.seek(0)
    chunks = unpack(packing, file_chunks(file, FILE_CHUNK), window_log)
    failed = detail = ""

    def more() -> bytes:
        nonlocal failed, detail
        try:
            return next(chunks, b"")
        except Cut:
            failed = "warc_truncated"
        except Corrupt as error:
            failed = f"warc_{error.args[0]}_corrupt"
        except WideWindow as error:
            failed, detail = "zstd_window_too_large", str(error)
        return b""

    stream = Stream(more)
    event: Event | None = None
    try:
        for event in records(stream, ARC if arc else WARC, found, lambda position, _: position, False, oversized=True):
            yield event
    except TooMuch:
        failed = "record_too_big"
    if failed and not isinstance(event, Damaged):
        detail = detail or f"after {stream.end} bytes of the decompressed stream"
        yield Damaged(found.source, stream.end, "", "", failed, detail)
