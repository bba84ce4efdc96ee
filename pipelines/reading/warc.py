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

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from isal import isal_zlib

from filters.document import Drop, RawPage
from pipelines.reading import bodies, pages
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.formats import ARC_START, GZIP_MAGIC, WARC_START, begins_record
from pipelines.reading.packing import CHUNK_BYTES, Corrupt, Cut, InflateError, file_chunks, zstd_chunks

Event = RawPage | Rejected | Damaged

RECORD_BYTES = 64 << 20
HEADER_BYTES = 1 << 20
DISCARD_BYTES = 1 << 30
_LARGEST_LENGTH = 1 << 40
_RECORD_NUMBER_BITS = 40
_FILE_CHUNK = 1 << 18
_SLACK = 4  # line breaks that end a record; lengths that are off by no more are forgiven (old versions of wget)
_BREAKS = b"\r\n"
_KNOWN_TYPES = frozenset(
    {"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"}
)
_DOCUMENTS = frozenset({"response", "conversion"})
_HEADER_END = re.compile(rb"\n\r?\n")
_VERSION = re.compile(rb"WARC/[01]\.\d{1,2}[ \t]*\r?\n")
_LENGTH = re.compile(rb"\d{1,30}")
# ARC version 2 first: the line of version 1 would match some of them.
_ARC_LINES = (
    re.compile(
        rb"(.{1,8100}) [0-9a-fA-F.:-]{1,45} (\d{8,18}) (.{1,400}) "
        rb"(?:\d{1,3}|-) \S{1,99} \S{1,8100} \d{1,18} \S{1,999} (\d{1,18})"
    ),
    re.compile(rb"(.{1,8100}) [0-9a-fA-F.:-]{1,45} (\d{8,18}) (.{1,500}) (\d{1,18})"),
)


@dataclass(slots=True)
class _Record:
    """A record as it stands in its stream. Names of fields are in lower case; length is -1 where it is unusable."""

    kind: str
    fields: dict[bytes, bytes]
    length: int
    block_at: int
    problem: str = ""
    detail: str = ""


class _TooMuch(Exception):
    """More was inflated and thrown away than is reasonable."""


class _Stream:
    """A stream of inflated bytes of which a window is in memory. Positions count from its beginning.

    more    gives the next bytes, b"" at the end
    rewind  where the stream can go back beyond the window: a function of a position that gives a new more
    """

    def __init__(
        self,
        more: Callable[[], bytes],
        at: int = 0,
        rewind: Callable[[int], Callable[[], bytes]] | None = None,
        data: bytes | None = None,
    ) -> None:
        self._more, self._rewind = more, rewind
        self.ended = data is not None
        self.data = data or b""
        self.base = at  # position of data[0]
        self.at = at
        self.discarded = 0

    @classmethod
    def of(cls, data: bytes) -> "_Stream":
        """A stream that is in memory already."""
        return cls(bytes, data=data)

    def fill(self, end: int) -> bool:
        """Make data reach from the byte before at to the position end; False where the stream ends before."""
        if self.base + len(self.data) >= end:
            return True
        if self.ended:
            return False
        first = max(self.base, self.at - 1)
        kept = self.data[first - self.base :]
        parts, have = [kept] if kept else [], first + len(kept)
        while have < end:
            more = self._more()
            if not more:
                self.ended = True
                break
            parts.append(more)
            have += len(more)
        self.data, self.base = b"".join(parts), first
        return have >= end

    @property
    def end(self) -> int:
        """The position after what is in memory."""
        return self.base + len(self.data)

    def skip_to(self, position: int) -> bool:
        """Go on to a position without keeping what lies before; False where the stream ends before."""
        while position > self.end and not self.ended:
            self.discarded += len(self.data)
            if self.discarded > DISCARD_BYTES and self._rewind is None:
                raise _TooMuch
            self.at = self.end
            self.fill(self.at + 1)
        self.at = min(position, self.end)
        return self.at == position

    def back_to(self, position: int) -> None:
        """Go back to a position, as far as the window or the source allows."""
        if position >= self.base:
            self.at = position
        elif self._rewind is not None:
            self._more, self.data, self.base, self.at = self._rewind(position), b"", position, position
            self.ended = False

    def find(self, pattern: re.Pattern[bytes], overlap: int) -> int:
        """Go on to the next match from at on, or to the end of the stream; gives the position.

        overlap  bytes that a match may have; nothing is kept of what lies before
        """
        while True:
            self.fill(self.at + overlap)
            found = pattern.search(self.data, self.at - self.base)
            if found:
                self.at = self.base + found.start()
                return self.at
            if self.ended:
                self.at = self.end
                return self.at
            self.skip_to(max(self.at, self.end - overlap))
            self.fill(self.end + 1)


@dataclass(frozen=True)
class _Dialect:
    """How records of WARC or ARC begin.

    start   what is taken for a record where one is expected
    next    what is taken for one after damage, and where a range begins: stricter
    breaks  line breaks that end a record
    """

    start: re.Pattern[bytes]
    next: re.Pattern[bytes]
    breaks: int
    overlap: int
    parse: Callable[[_Stream], _Record]


def _parse_warc(stream: _Stream) -> _Record:
    start = stream.at
    wanted = 4096
    while True:
        whole = stream.fill(start + wanted)
        at = start - stream.base
        end = _HEADER_END.search(stream.data, at, at + HEADER_BYTES)
        if end or not whole or wanted > HEADER_BYTES:
            break
        wanted *= 4
    if end is None:
        size = min(len(stream.data) - at, HEADER_BYTES)
        problem = "warc_header_too_long" if wanted > HEADER_BYTES and whole else ""
        return _Record("", {}, -1, start + 1, problem or "cut", f"no end of the header within {size} bytes")
    another = stream.data.find(b"\nWARC/", at, end.start())
    if another >= 0:
        problem = f"another record begins in its header, after {another + 1 - at} bytes"
        return _Record("", {}, -1, stream.base + another + 1, "warc_bad_record", problem)
    block_at = stream.base + end.end()
    lines = stream.data[at : end.start()].split(b"\n")
    fields: dict[bytes, bytes] = {}
    name = b""
    for line in lines[1:]:
        if line[:1] in (b" ", b"\t"):
            if name:
                fields[name] = (fields[name] + b" " + line.strip()).strip()
            continue
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if not colon or name in fields:
            name = b""
            continue
        fields[name] = value.strip()
    kind = fields.get(b"warc-type", b"").decode("latin-1").lower()
    record = _Record(kind if kind in _KNOWN_TYPES else "unknown", fields, -1, block_at)
    length = fields.get(b"content-length")
    if not _VERSION.match(stream.data, at):
        record.problem, record.detail = "warc_bad_record", "unknown version of WARC"
    elif length is None:
        record.problem, record.detail = "warc_bad_content_length", "no Content-Length"
    elif not _LENGTH.fullmatch(length):
        record.problem, record.detail = "warc_bad_content_length", "Content-Length is not a number"
    if length is not None and _LENGTH.fullmatch(length):
        record.length = int(length)
    return record


def _parse_arc(stream: _Stream) -> _Record:
    start = stream.at
    stream.fill(start + 16384)
    at = start - stream.base
    end = stream.data.find(b"\n", at)
    line = stream.data[at:end].strip()
    found = next((match for pattern in _ARC_LINES if (match := pattern.fullmatch(line))), None)
    if end < 0 or found is None:
        return _Record(
            "", {}, -1, max(start + 1, stream.base + end + 1), "warc_bad_record", "unreadable ARC record line"
        )
    url, date, media_type, length = found.groups()
    fields = {b"warc-target-uri": url, b"warc-date": date, b"content-type": media_type}
    kind = "warcinfo" if url.startswith(b"filedesc:") else "response"
    return _Record(kind, fields, int(length), stream.base + end + 1)


_WARC_NEXT = re.compile(WARC_START.pattern + rb"[ \t]*\r?\n[A-Za-z][A-Za-z-]{1,60}[ \t]*:")
_WARC = _Dialect(WARC_START, _WARC_NEXT, 2, 96, _parse_warc)
_ARC = _Dialect(ARC_START, re.compile(rb"(?<=\n)" + ARC_START.pattern), 1, 10240, _parse_arc)


@dataclass
class Found:
    """What one file or range gave so far.

    types      records read whole, by type
    by_digest  give out only records whose block digest agrees
    """

    source: str
    types: Counter[str] = field(default_factory=Counter)
    by_digest: bool = False


def _records(
    stream: _Stream,
    dialect: _Dialect,
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
        if not _begins(stream, dialect, start):
            at = start - stream.base
            version = stream.data.startswith(b"WARC/", at)
            before = stream.data[at : at + 16]
            stream.at = start + 1
            end = stream.find(dialect.next, dialect.overlap)
            detail = f"{end - start} bytes that are no record"
            if number == 0 and start == 0:
                detail += f", they begin {pages.first_bytes(before)}"
            reason = "warc_bad_record" if version else "warc_garbage_skipped"
            yield Damaged(found.source, key(start, number), "", "", reason, detail)
            number += 1
            continue
        if stop is not None and stop(start) and dialect.next.match(stream.data, start - stream.base):
            return  # the next range finds it
        event = _one(stream, dialect, dialect.parse(stream), found, key(start, number), verified, oversized)
        if not isinstance(event, Damaged):
            stream.discarded = 0
        yield event
        number += 1


def _begins(stream: _Stream, dialect: _Dialect, position: int) -> bool:
    stream.fill(position + dialect.overlap)
    return dialect.start.match(stream.data, position - stream.base) is not None


def _skip_breaks(stream: _Stream) -> int:
    """The position of the next byte that is no line break, or -1 at the end of the stream."""
    while stream.fill(stream.at + 1):
        if stream.data[stream.at - stream.base] not in _BREAKS:
            return stream.at
        stream.at += 1
    return -1


def _one(
    stream: _Stream,
    dialect: _Dialect,
    record: _Record,
    found: Found,
    offset: int,
    verified: bool,
    oversized: bool,
) -> Event | None:
    fields = record.fields
    page_id = pages.clean_id(fields.get(b"warc-record-id", b""))
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
    wanted = record.kind in _DOCUMENTS and not record.problem
    if length > RECORD_BYTES:
        stream.at = begin
        if length > _LARGEST_LENGTH:
            return resynced("warc_bad_content_length", f"Content-Length {length}")
        if not stream.skip_to(begin + length) or not _ends(stream, dialect):
            return resynced("cut", f"Content-Length {length}, {max(0, stream.end - begin)} bytes are there")
        return damaged("record_too_big", f"{length} bytes, at most {RECORD_BYTES}")
    stream.at = begin
    # The block and the line breaks after it, which tell whether its length is right.
    stream.fill(begin + length + _SLACK + 16)
    if stream.end < begin + length:
        missing = begin + length - stream.end
        if not (verified and missing <= _SLACK):
            return resynced("cut", f"Content-Length {length}, {stream.end - begin} bytes are there")
    at = begin - stream.base
    data, end = stream.data, min(at + length, len(stream.data))
    stream.at = min(begin + length, stream.end)
    if not _ends(stream, dialect):
        return resynced("warc_bad_content_length", f"Content-Length {length}, the record goes on after it")
    if record.problem:
        return damaged(record.problem, record.detail)
    if found.by_digest and not _digest_agrees(fields.get(b"warc-block-digest", b""), data[at:end]):
        return damaged("warc_gzip_corrupt", "in a damaged gzip member, not confirmed by a block digest")
    found.types[record.kind] += 1
    if not wanted:
        return None
    return _page(record, data, at, end, found.source, offset, page_id, url)


def _ends(stream: _Stream, dialect: _Dialect) -> bool:
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


def _page(
    record: _Record, data: bytes, begin: int, end: int, source: str, offset: int, page_id: str, url: str
) -> Event:
    """The event for a record whose block is data[begin:end]; a block is copied once, when its body is taken out."""
    fields = record.fields
    date = pages.clean_date(fields.get(b"warc-date", b""))
    cut = b"warc-truncated" in fields or b"warc-segment-number" in fields
    media_type = bodies.media_type_of(fields.get(b"content-type", b"").decode("latin-1"))
    headers = [(text, pages.clean_id(fields[name])) for name, text in _KEPT_FIELDS.items() if name in fields]

    def named() -> str:
        return page_id or pages.made_id(url, date, data[begin:end])

    if record.kind == "conversion":
        if media_type not in ("", "text/plain"):
            return _rejected(source, offset, named(), url, media_type)
        return pages.text_page(source, offset, data[begin:end], page_id, url, date, headers)
    # ARC keeps DNS answers and files of FTP servers as they came; WARC says what they are.
    unlike_http = b"warc-type" not in fields or media_type not in ("", "application/http")
    if unlike_http and not data.startswith(b"HTTP/", begin, end):
        return _rejected(source, offset, named(), url, media_type)
    try:
        head = bodies.parse_head(data, begin, end)
        if head.status != 200:
            return Rejected(source, offset, named(), url, Drop("http_status", float(head.status), 200.0))
        body = bodies.decode_body(head, data[head.body_at : end], cut)
    except bodies.BodyError as error:
        return Damaged(source, offset, named(), url, error.reason, error.detail)
    own = page_id or pages.made_id(url, date, body)
    if not body:
        return Rejected(source, offset, own, url, Drop("empty_body", 0.0, 1.0))
    content_type = bodies.declared_types(head.fields)
    declared_type = bodies.media_type_of(content_type)
    media_type = bodies.sniff(body, declared_type)
    if not media_type:
        return _rejected(source, offset, own, url, declared_type)
    headers += [(name, pages.clean_id(value)) for name, value in head.fields if name in pages.KEPT_HEADERS]
    charset = bodies.charset_of(content_type)
    if media_type == "text/plain" and len(body) > pages.TEXT_BYTES:
        return Damaged(
            source, offset, own, url, "doc_too_long", f"{len(body)} bytes of text, at most {pages.TEXT_BYTES}"
        )
    return RawPage(own, url, body, media_type, charset, tuple(headers), date, source, offset)


# WARC fields that ablations and extractors may ask for; addresses of machines stay behind.
_KEPT_FIELDS = {
    b"warc-refers-to": "WARC-Refers-To",
    b"warc-identified-content-language": "WARC-Identified-Content-Language",
    b"warc-truncated": "WARC-Truncated",
}


def _rejected(source: str, offset: int, page_id: str, url: str, media_type: str) -> Rejected:
    return Rejected(source, offset, page_id, url, Drop("mime_type", media_type or "unknown", "text/html, text/plain"))


def _digest_agrees(digest: bytes, block: bytes) -> bool:
    name, _, value = digest.decode("latin-1").partition(":")
    if name.lower() not in ("sha1", "sha256"):
        return False
    found = hashlib.new(name.lower(), block, usedforsecurity=False).digest()
    return value.strip().upper() in (base64.b32encode(found).decode().rstrip("="), found.hex().upper())


class _Window:
    """A file of which a window is in memory; positions may go anywhere, forwards is cheap."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._data = b""
        self._base = 0

    def at(self, position: int, least: int = 1) -> memoryview:
        """What the window holds from a position on: at least that many bytes, fewer at the end of the file."""
        begin = position - self._base
        if begin < 0 or len(self._data) - begin < least:
            self._file.seek(position)
            self._data = self._file.read(max(_FILE_CHUNK, least))
            self._base, begin = position, 0
        return memoryview(self._data)[begin:]

    def find_member(self, position: int) -> int:
        """Where the next gzip member begins that begins with a record, from a position on; -1 where there is none."""
        while True:
            view = self.at(position, 3)
            if len(view) < 3:
                return -1
            data = bytes(view)
            at = data.find(GZIP_MAGIC)
            while at >= 0:
                if self.begins_record(position + at):
                    return position + at
                at = data.find(GZIP_MAGIC, at + 1)
            position += len(data) - 2

    def begins_record(self, position: int) -> bool:
        """Whether a gzip member that begins with a record stands here."""
        view = self.at(position, 2048)
        return bytes(view[:3]) == GZIP_MAGIC and begins_record(view)


class _Member:
    """A gzip member that is inflated step by step. state: "" so far good, "end", "cut" or "corrupt"."""

    def __init__(self, window: _Window, position: int) -> None:
        self._window = window
        self._inflater = isal_zlib.decompressobj(31)
        self.position = position  # what follows the bytes inflated so far, and the member at its end
        self.state = ""

    def more(self) -> bytes:
        """The next inflated bytes; b"" at the end."""
        while not self.state:
            piece = self._window.at(self.position)[:CHUNK_BYTES]
            if not piece:
                self.state = "cut"
                break
            try:
                out: bytes = self._inflater.decompress(piece)
            except InflateError:
                self.state = "corrupt"
                break
            self.position += len(piece)
            if self._inflater.eof:
                self.position -= len(self._inflater.unused_data)
                self.state = "end"
            if out:
                return out
        return b""


def _member_key(position: int) -> Callable[[int, int], int]:
    def key(_: int, number: int) -> int:
        return position | number << _RECORD_NUMBER_BITS

    return key


def gzip_records(file: Any, start: int, end: int | None, arc: bool, found: Found) -> Iterator[Event | None]:
    """The records of .warc.gz or .arc.gz whose gzip members begin in [start, end). None = a record of another type."""
    dialect = _ARC if arc else _WARC
    window = _Window(file)
    position = window.find_member(start) if start else 0
    while position >= 0 and (head := bytes(window.at(position, 3)[:3])):
        if end is not None and position >= end and window.begins_record(position):
            return
        if head != GZIP_MAGIC:
            after = window.find_member(position + 1)
            yield _gap(window, position, after, found.source)
            position = after
            continue
        member = _Member(window, position)
        parts: list[bytes] = []
        size = 0
        while size <= RECORD_BYTES and (out := member.more()):
            parts.append(out)
            size += len(out)
        key = _member_key(position)
        if member.state == "end":
            yield from _records(_Stream.of(b"".join(parts)), dialect, found, key, True)
            position = member.position
        elif not member.state:
            del parts
            member = _Member(window, position)
            yield from _large_member(member, dialect, found, key)
            position = member.position if member.state == "end" else window.find_member(position + 1)
        else:
            after = window.find_member(position + 1)
            cut = member.state == "cut" and after < 0
            reason = "warc_truncated" if cut else "warc_gzip_corrupt"
            yield from _salvaged(b"".join(parts), dialect, found, key, reason)
            position = after


def _gap(window: _Window, position: int, after: int, source: str) -> Damaged:
    view = window.at(position, 18)
    if after < 0 and len(view) < 18 and GZIP_MAGIC.startswith(bytes(view[:3])):
        return Damaged(source, position, "", "", "warc_truncated", f"ends within {len(view)} bytes of a gzip header")
    if after >= 0:
        size = after - position
    else:
        size = 0
        while view := window.at(position + size):
            size += len(view)
    return Damaged(source, position, "", "", "warc_garbage_skipped", f"{size} bytes that are no gzip member")


def _salvaged(
    data: bytes, dialect: _Dialect, found: Found, key: Callable[[int, int], int], reason: str
) -> Iterator[Event | None]:
    """What can be told of a member that is cut or damaged.

    In a cut member the records before the last are whole. In a damaged one only a digest in the record can say so.
    """
    cut = reason == "warc_truncated"
    steps = _trial(data, dialect, found.source, key, by_digest=not cut)
    first_lost = len(steps) - 1
    if cut and not _ends_in_a_record(data, [event for event, _ in steps]):
        # what looks like a cut comes of damage before it
        cut, steps = False, _trial(data, dialect, found.source, key, by_digest=True)
    if cut:
        steps = steps[:-1]
    else:
        first_lost = next((at for at, (event, _) in enumerate(steps) if isinstance(event, Damaged)), len(steps))
        steps = [step for step in steps if not isinstance(step[0], Damaged)]
    for event, types in steps:
        found.types.update(types)
        yield event
    detail = f"{len(data)} bytes could be inflated"
    if steps:
        detail += f", {len(steps)} records in them " + ("are whole" if cut else "are confirmed by digests")
    yield Damaged(found.source, key(0, max(0, first_lost)), "", "", reason, detail)


def _trial(
    data: bytes, dialect: _Dialect, source: str, key: Callable[[int, int], int], by_digest: bool
) -> list[tuple[Event | None, Counter[str]]]:
    found = Found(source, by_digest=by_digest)
    steps = []
    for event in _records(_Stream.of(data), dialect, found, key, False):
        steps.append((event, Counter(found.types)))
        found.types.clear()
    return steps


def _ends_in_a_record(data: bytes, events: list[Event | None]) -> bool:
    """Whether all is well up to the last record, which is cut or ends just here."""
    if any(isinstance(event, Damaged) for event in events[:-1]):
        return False
    last = events[-1] if events else None
    tail = data[data.rfind(b"\n") + 1 :]
    return not isinstance(last, Damaged) or last.reason == "warc_truncated" or b"WARC/1.".startswith(tail[:7])


def _large_member(
    member: _Member, dialect: _Dialect, found: Found, key: Callable[[int, int], int]
) -> Iterator[Event | None]:
    """A member that is larger than a record may be: many records, or a bomb. Its checksum comes after its records."""
    number = 0
    event: Event | None = None
    try:
        for event in _records(_Stream(member.more), dialect, found, key, False, oversized=True):
            number += 1
            if isinstance(event, Damaged) and event.reason == "warc_truncated" and member.state == "corrupt":
                event = replace(event, reason="warc_gzip_corrupt")
            yield event
    except _TooMuch:
        yield Damaged(found.source, key(0, number), "", "", "record_too_big", f"more than {DISCARD_BYTES} bytes")
        return
    while member.more():
        pass
    if member.state != "end" and not isinstance(event, Damaged):
        reason = "warc_truncated" if member.state == "cut" else "warc_gzip_corrupt"
        yield Damaged(found.source, key(0, number), "", "", reason, f"after {number} records of one gzip member")


def plain_records(file: Any, start: int, end: int | None, arc: bool, found: Found) -> Iterator[Event | None]:
    """The records of an uncompressed file that begin in [start, end). None = a record of another type."""

    def rewind(position: int) -> Callable[[], bytes]:
        file.seek(position)
        return lambda: file.read(_FILE_CHUNK)  # type: ignore[no-any-return]

    dialect = _ARC if arc else _WARC
    first = max(0, start - 1)
    stream = _Stream(rewind(first), first, rewind)
    if start:
        stream.fill(start)  # with the byte before: a line break there matters to ARC
        stream.at = start
        stream.find(dialect.next, dialect.overlap)
    elif stream.fill(3) and stream.data.startswith(b"\xef\xbb\xbf"):
        stream.at = 3
    stop = None if end is None else lambda position: position >= end  # type: ignore[operator]
    yield from _records(stream, dialect, found, lambda position, _: position, False, stop)


def zstd_records(file: Any, arc: bool, found: Found) -> Iterator[Event | None]:
    """The records of a .warc.zst or .arc.zst file. None = a record of another type."""
    file.seek(0)
    chunks = zstd_chunks(file_chunks(file, _FILE_CHUNK))
    failed = ""

    def more() -> bytes:
        nonlocal failed
        try:
            return next(chunks, b"")
        except Cut:
            failed = "warc_truncated"
        except Corrupt:
            failed = "warc_zstd_corrupt"
        return b""

    stream = _Stream(more)
    event: Event | None = None
    try:
        for event in _records(
            stream, _ARC if arc else _WARC, found, lambda position, _: position, False, oversized=True
        ):
            yield event
    except _TooMuch:
        failed = "record_too_big"
    if failed and not isinstance(event, Damaged):
        yield Damaged(found.source, stream.end, "", "", failed, f"after {stream.end} bytes of the decompressed stream")
