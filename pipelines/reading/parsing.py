"""The records of a stream, each given out when it is known to be whole; after damage, the next one is sought."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipelines import watch
from pipelines.reading import pages
from pipelines.reading.events import Damaged, Event
from pipelines.reading.fields import USUAL_DOCUMENTS
from pipelines.reading.headers import Dialect, Record
from pipelines.reading.responses import page_of
from pipelines.reading.streams import Stream
from pipelines.watch import Doing

RECORD_BYTES = 64 << 20
_LARGEST_LENGTH = 1 << 40
_SLACK = 4  # line breaks that end a record; lengths that are off by no more are forgiven (old versions of wget)
_BREAKS = b"\r\n"
_NO_BREAK = re.compile(rb"[^\r\n]")


@dataclass
class Found:
    """What one file or range gave so far.

    types      records read whole, by type
    by_digest  give out only records whose block digest agrees
    records    the types of records that are given out
    """

    source: str
    types: Counter[str] = field(default_factory=Counter)
    by_digest: bool = False
    records: tuple[str, ...] = USUAL_DOCUMENTS


def records(
    stream: Stream,
    dialect: Dialect,
    found: Found,
    key: Callable[[int, int], int],
    verified: bool,
    stop: Callable[[int], bool] | None = None,
    oversized: bool = False,
) -> Iterator[Event | None]:
    """The records of a stream, from a place where one begins.

    key        (position, number in this stream) -> offset of the row key
    verified   the stream is known to be whole: what is missing at its end was never there
    stop       tells of the position of a record whether it belongs to the next range
    oversized  the stream is a gzip member larger than a record may be
    Gives None for a record of another type, so that callers can count.
    """
    number = 0
    while True:
        start = _skip_breaks(stream)
        if start < 0:
            return
        offset = key(start, number)
        reason = watch.begin(Doing.PLACE, found.source, offset)
        if reason and (stop is None or not stop(start)):
            stream.at = start + 1
            stream.find(dialect.next, dialect.overlap)
            yield Damaged(found.source, offset, "", "", reason, "the record: left out")
            number += 1
            continue
        if not _begins(stream, dialect, start):
            at = start - stream.base
            version = stream.data.startswith(b"WARC/", at)
            before = stream.data[at : at + 16]
            stream.at = start + 1
            end = stream.find(dialect.next, dialect.overlap)
            detail = f"{end - start} bytes that are not a record"
            if number == 0 and start == 0:
                detail += f", they begin {pages.first_bytes(before)}"
            reason = "warc_bad_record" if version else "warc_garbage_skipped"
            yield Damaged(found.source, offset, "", "", reason, detail)
            number += 1
            continue
        if stop is not None and stop(start) and dialect.next.match(stream.data, start - stream.base):
            return  # the next range finds it
        event = _one(stream, dialect, dialect.parse(stream), found, offset, verified, oversized)
        if not isinstance(event, Damaged):
            stream.discarded = 0
        yield event
        number += 1


def _begins(stream: Stream, dialect: Dialect, position: int) -> bool:
    stream.fill(position + dialect.overlap)
    return dialect.start.match(stream.data, position - stream.base) is not None


def _skip_breaks(stream: Stream) -> int:
    """The position of the next byte that is not a line break, or -1 at the end of the stream."""
    while stream.fill(stream.at + 1):
        at = stream.at - stream.base
        if stream.data[at] not in _BREAKS:
            return stream.at
        found = _NO_BREAK.search(stream.data, at)
        stream.at = stream.base + found.start() if found else stream.end
    return -1


def _one(
    stream: Stream,
    dialect: Dialect,
    record: Record,
    found: Found,
    offset: int,
    verified: bool,
    oversized: bool,
) -> Event | None:
    fields = record.fields
    page_id = pages.clean_id(fields.get(b"warc-record-id", b""), pages.ID_CHARACTERS)
    url = pages.clean_url(fields.get(b"warc-target-uri", b""))

    def damaged(reason: str, detail: str) -> Damaged:
        return Damaged(found.source, offset, page_id, url, reason, detail)

    def resynced(reason: str, detail: str) -> Damaged:
        """Go on at the next record after this one's header."""
        stream.back_to(record.block_at)
        at = stream.at
        end = stream.find(dialect.next, dialect.overlap)
        if oversized and end - at > RECORD_BYTES:
            reason = "record_too_big"
        if reason == "cut":
            reason = (
                "warc_bad_content_length"
                if verified or not stream.ended or stream.at < stream.end
                else "warc_truncated"
            )
        return damaged(reason, detail)

    if record.problem:
        if record.problem == "cut":
            return resynced("warc_bad_record" if verified else "cut", record.detail)
        if record.length < 0 or record.problem == "warc_bad_content_length":
            return resynced(record.problem, record.detail)
    length, begin = record.length, record.block_at
    wanted = record.kind in found.records and not record.problem
    if length > RECORD_BYTES:
        stream.at = begin
        if length > _LARGEST_LENGTH:
            return resynced("warc_bad_content_length", f"Content-Length {length}")
        if _is_lie(stream, begin + length, dialect) or not (stream.skip_to(begin + length) and _ends(stream, dialect)):
            return resynced("cut", _what_is_there(stream, begin, length))
        return damaged("record_too_big", f"{length} bytes, at most {RECORD_BYTES}")
    stream.at = begin
    if _is_lie(stream, begin + length, dialect):
        cut = stream.whole is not None and stream.whole < begin + length
        return resynced("cut" if cut else "warc_bad_content_length", _what_is_there(stream, begin, length))
    # The block and the line breaks after it, which tell whether its length is right.
    stream.fill(begin + length + _SLACK + 16)
    if stream.end < begin + length:
        missing = begin + length - stream.end
        if not (verified and missing <= _SLACK):
            return resynced("cut", _what_is_there(stream, begin, length))
    at = begin - stream.base
    data, end = stream.data, min(at + length, len(stream.data))
    stream.at = min(begin + length, stream.end)
    if not _ends(stream, dialect):
        return resynced("warc_bad_content_length", _what_is_there(stream, begin, length))
    if record.problem:
        return damaged(record.problem, record.detail)
    if found.by_digest and not _digest_agrees(fields.get(b"warc-block-digest", b""), data[at:end]):
        return damaged("warc_gzip_corrupt", "in a damaged gzip member, not confirmed by a block digest")
    found.types[record.kind] += 1
    if not wanted:
        return None
    return page_of(record, data, at, end, found.source, offset, page_id, url)


def _is_lie(stream: Stream, end: int, dialect: Dialect) -> bool:
    """Whether a look at the place tells that no record ends there: known of files, and only far ahead."""
    there = stream.peek(end, _SLACK + 16 + dialect.overlap)
    if there is None:
        return False
    return (stream.whole is not None and stream.whole < end) or not _ends(Stream.of(there), dialect)


def _what_is_there(stream: Stream, begin: int, length: int) -> str:
    """What is wrong with a length, of a block that begins here."""
    there = (stream.end if stream.whole is None else stream.whole) - begin
    what = "the record continues after it" if there >= length else f"{max(0, there)} bytes are there"
    return f"Content-Length {length}, {what}"


def _ends(stream: Stream, dialect: Dialect) -> bool:
    """Whether a record ends here: the stream does, or enough line breaks follow, or the next record."""
    end = stream.at
    stream.fill(end + _SLACK + 16)
    at = end - stream.base
    tail = stream.data[at : at + _SLACK + 16]
    rest = tail.lstrip(_BREAKS)
    if not rest:
        return True
    if tail[: len(tail) - len(rest)].count(b"\n") >= dialect.breaks:
        return True
    return _begins(stream, dialect, end + len(tail) - len(rest))


def _digest_agrees(digest: bytes, block: bytes) -> bool:
    name, _, value = digest.decode("latin-1").partition(":")
    if name.lower() not in ("sha1", "sha256"):
        return False
    found = hashlib.new(name.lower(), block, usedforsecurity=False).digest()
    return value.strip().upper() in (base64.b32encode(found).decode().rstrip("="), found.hex().upper())
