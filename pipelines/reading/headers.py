"""How records of WARC and ARC begin: their header lines parsed, 0.01 ms a page."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.reading.formats import ARC_START, WARC_START
from pipelines.reading.streams import Stream

HEADER_BYTES = 1 << 20
_KNOWN_TYPES = frozenset(
    {"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"}
)
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
class Record:
    """A record as it stands in its stream. Names of fields are in lower case; length is -1 where it is unusable."""

    kind: str
    fields: dict[bytes, bytes]
    length: int
    block_at: int
    problem: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Dialect:
    """How records of WARC or ARC begin.

    start   what is taken for a record where one is expected
    next    what is taken for one after damage, and where a range begins: stricter
    breaks  line breaks that end a record
    """

    start: re.Pattern[bytes]
    next: re.Pattern[bytes]
    breaks: int
    overlap: int
    parse: Callable[[Stream], Record]


def _parse_warc(stream: Stream) -> Record:
    start = stream.at
    wanted = 4096
    while True:
        whole = stream.fill(start + wanted)
        end = stream.find_once(_HEADER_END, start + HEADER_BYTES, 3)
        if end or not whole or wanted > HEADER_BYTES:
            break
        wanted *= 4
    at = start - stream.base
    if end is None:
        size = min(len(stream.data) - at, HEADER_BYTES)
        problem = "warc_header_too_long" if wanted > HEADER_BYTES and whole else ""
        return Record("", {}, -1, start + 1, problem or "cut", f"no end of the header within {size} bytes")
    header_end, block_at = end
    another = stream.data.find(b"\nWARC/", at, header_end - stream.base)
    if another >= 0:
        problem = f"another record begins in its header, after {another + 1 - at} bytes"
        return Record("", {}, -1, stream.base + another + 1, "warc_bad_record", problem)
    lines = stream.data[at : header_end - stream.base].split(b"\n")
    fields: dict[bytes, bytes] = {}
    folded: dict[bytes, list[bytes]] = {}
    name = b""
    for line in lines[1:]:
        if line[:1] in (b" ", b"\t"):
            if name and (more := line.strip()):
                folded.setdefault(name, []).append(more)
            continue
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if not colon or name in fields:
            name = b""
            continue
        fields[name] = value.strip()
    for name, lines in folded.items():
        fields[name] = b" ".join([fields[name], *lines]).strip()
    kind = fields.get(b"warc-type", b"").decode("latin-1").lower()
    record = Record(kind if kind in _KNOWN_TYPES else "unknown", fields, -1, block_at)
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


def _parse_arc(stream: Stream) -> Record:
    start = stream.at
    stream.fill(start + 16384)
    at = start - stream.base
    end = stream.data.find(b"\n", at)
    line = stream.data[at:end].strip()
    found = next((match for pattern in _ARC_LINES if (match := pattern.fullmatch(line))), None)
    if end < 0 or found is None:
        return Record(
            "", {}, -1, max(start + 1, stream.base + end + 1), "warc_bad_record", "unreadable ARC record line"
        )
    url, date, media_type, length = found.groups()
    fields = {b"warc-target-uri": url, b"warc-date": date, b"content-type": media_type}
    kind = "warcinfo" if url.startswith(b"filedesc:") else "response"
    return Record(kind, fields, int(length), stream.base + end + 1)


_WARC_NEXT = re.compile(WARC_START.pattern + rb"[ \t]*\r?\n[A-Za-z][A-Za-z-]{1,60}[ \t]*:")
WARC = Dialect(WARC_START, _WARC_NEXT, 2, 96, _parse_warc)
ARC = Dialect(ARC_START, re.compile(rb"(?<=\n)" + ARC_START.pattern), 1, 10240, _parse_arc)
