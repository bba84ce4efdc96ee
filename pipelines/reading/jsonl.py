"""JSON Lines: a row is a JSON object with a text, and if it has them an id, a url and a date."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipelines import watch
from pipelines.reading.events import Damaged, unpacked_to
from pipelines.reading.fields import ROW_BYTES, TWICE, ZSTD_LONG, Fields, lookup
from pipelines.reading.marks import count_values
from pipelines.reading.packing import MEMBERS, Corrupt, Cut, Trailing, WideWindow, file_chunks, unpack
from pipelines.reading.rows import Event, RowError, kind_of, page_of_row
from pipelines.watch import Doing

VALUE_BYTES = 128  # what a value takes in memory at most, besides its characters
# The offset of a row in a gzip member or Zstandard frame behind the first: where that begins, and the number of the
# line in it. For each of its bytes a member has fewer lines than this: at most, 4 bytes hold 128 KiB of line feeds.
LINE_BITS = 16


@dataclass(slots=True)
class _Line:
    """The line that begins now. It belongs to the member or frame that holds the line feed before it.

    member    where that begins in the file; 0 for what is not read from the middle
    number    line feeds of the member before the line
    position  bytes before the line, from where reading began
    """

    member: int = 0
    number: int = 0
    position: int = 0


def jsonl_rows(
    file: Any,
    start: int,
    end: int | None,
    first_row: int,
    packing: str,
    source: str,
    fields: Fields,
    window_log: int = ZSTD_LONG,
    by_byte: bool = False,
) -> Iterator[Event]:
    """The rows of a file, or of the lines that begin in [start, end) of it.

    The offset of a row is the number of its line, from 1. Where the lines before it are not counted, it is the byte at
    which its line begins (by_byte), or tells the member of gzip or frame of Zstandard and the line in it (LINE_BITS).

    start, end  where a line begins in a plain file, any byte of it where by_byte, or where a member or frame begins: a
                line at the very beginning of one is read with what is before
    packing     "", or one of packing.UNPACK
    first_row   lines before start, of a plain file
    window_log  see packing.zstd_chunks
    """
    line, cut = _Line(start if packing else 0), start > 0 and (by_byte or packing != "")
    begin = start - 1 if cut and by_byte else start  # the byte before tells whether a line begins here
    file.seek(begin)
    chunks = _members(file_chunks(file), begin, packing, window_log)
    last = 1 << 63 if end is None else end
    over: Callable[[], bool] = (lambda: line.member >= last) if packing else (lambda: begin + line.position >= last)

    def offset() -> int:
        if by_byte:
            return begin + line.position
        return (line.member << LINE_BITS) + line.number if line.member else first_row + line.number + 1

    def place(at: int) -> str:
        if by_byte:
            return f"the line at byte {at}"
        return f"line {line.number} of what begins at byte {line.member}" if line.member else f"line {at}"

    garbage: list[int] = []
    try:
        for data, whole, length in _lines(_up_to_garbage(chunks, garbage), fields.max_bytes, line, over):
            if cut:  # the rest of a line that began before
                cut = False
                continue
            at = offset()
            if not whole:
                yield _damaged(source, at, place(at), RowError("doc_too_long", f"{length} bytes"))
            elif (event := _row(data, source, at, place, fields)) is not None:
                yield event
    except (Cut, Corrupt, WideWindow) as error:
        where = f"beyond the line that begins at byte {line.position} of the text"
        yield unpacked_to(error, source, offset(), f"{where} from byte {start} on" if start else where)
    for size in garbage:
        detail = f"after line {line.number}: {size} bytes after the last gzip member"
        yield Damaged(source, offset(), "", "", "file_garbage_skipped", detail)


def _members(data: Iterator[bytes], at: int, packing: str, window_log: int) -> Iterator[tuple[int, bytes]]:
    """(where a member or frame begins, some of what it holds); 0 where the packing has none that can be found."""
    if packing in MEMBERS:
        return MEMBERS[packing](data, at, window_log)
    return ((0, chunk) for chunk in (unpack(packing, data, window_log) if packing else data))


def _up_to_garbage(chunks: Iterator[tuple[int, bytes]], sizes: list[int]) -> Iterator[tuple[int, bytes]]:
    """The chunks; bytes after the last gzip member end them well, and their number goes into sizes."""
    try:
        yield from chunks
    except Trailing as error:
        sizes.append(error.args[0])


def _lines(
    chunks: Iterator[tuple[int, bytes]], most: int, begun: _Line, over: Callable[[], bool]
) -> Iterator[tuple[bytes, bool, int]]:
    """(line, whether it is whole, its length); of a line of more than most bytes nothing. Line feeds do not count.

    begun says which line it is, and what is read when this raises or ends. Ends when over() says that the line which
    begins there is not wanted. The rest without a line feed is given when the stream has ended well, not when it is
    cut.
    """
    kept: list[bytes] = []
    length = 0
    member, feeds = begun.member, begun.number
    for inside, chunk in chunks:
        if inside != member:
            member, feeds = inside, 0
        at = 0
        while (end := chunk.find(b"\n", at)) >= 0:
            size = length + end - at
            if length > most:
                yield b"", False, size
            else:
                line = b"".join((*kept, chunk[at:end])) if kept else chunk[at:end]
                yield line, size <= most, size
            kept, length, at = [], 0, end + 1
            feeds += 1
            begun.member, begun.number = member, feeds
            begun.position += size + 1
            if over():
                return
        length += len(chunk) - at
        if length > most:
            kept = []
        elif at < len(chunk):
            kept.append(chunk[at:])
    if length:
        yield b"".join(kept), length <= most, length
        begun.number += 1


def _damaged(source: str, offset: int, place: str, error: RowError) -> Damaged:
    return Damaged(source, offset, "", "", error.reason, f"{place}: {error.detail}")


def _row(line: bytes, source: str, offset: int, place: Callable[[int], str], fields: Fields) -> Event | None:
    line = line.strip().lstrip(codecs.BOM_UTF8)  # a file that another one was joined to has its mark inside
    if not line:
        return None
    if reason := watch.begin(Doing.PLACE, source, offset):
        return _damaged(source, offset, place(offset), RowError(reason, "left out"))
    try:
        row = parsed(line, fields.text, fields.max_bytes)
    except RowError as error:
        return _damaged(source, offset, place(offset), error)
    return page_of_row(row, fields, source, offset, place(offset))


def parsed(line: bytes, text_field: str, most: int = ROW_BYTES) -> dict[str, Any]:
    """The object of a line, which takes about most bytes of memory beside its characters.

    Raises RowError: json_error, bad_unicode, schema_error, doc_too_long.
    """
    if VALUE_BYTES * len(line) > 2 * most:  # a value takes two bytes of it at least
        _check_values(line, most // VALUE_BYTES)
    try:
        text, whole = line.decode(), True
    except UnicodeDecodeError as error:
        # bytes that are no UTF-8 may stand in another field than the text
        text, whole, at = line.decode("utf-8", "surrogateescape"), False, error.start
    row = _loaded(text, len(line))
    if not isinstance(row, dict):
        raise RowError("schema_error", f"is {kind_of(row)}, not an object")
    found = lookup(row, text_field)
    if found is TWICE:
        # Which of the two is meant nobody knows; parsers differ.
        raise RowError("json_error", f"the field {text_field!r} occurs twice")
    if not whole and not (isinstance(found, str) and _ESCAPED.search(found) is None):
        raise RowError("bad_unicode", f"invalid UTF-8 at byte {at} of the line")
    return row


def _check_values(line: bytes, most: int) -> None:
    """Raises RowError for a line of more values than this: three bytes make a list that takes sixty."""
    if line.count(b",") + line.count(b"[") + line.count(b"{") <= most:  # those inside of strings as well
        return
    if count_values(line, most) > most:
        raise RowError("doc_too_long", f"more than {most} values in {len(line)} bytes")


_ESCAPED = re.compile("[\udc80-\udcff]")  # what bytes become that are no UTF-8


def _loaded(text: str, size: int) -> Any:
    try:
        try:
            return json.loads(text, object_pairs_hook=_object, parse_constant=_nothing)
        except json.JSONDecodeError:
            raise
        except ValueError:  # Python reads no whole number of more than 4,300 digits
            return json.loads(text, object_pairs_hook=_object, parse_constant=_nothing, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise RowError("json_error", f"invalid JSON at character {error.pos} of {size} bytes") from None
    except RecursionError:
        raise RowError("json_error", "nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                row[name] = TWICE
    return row


def _nothing(_: str) -> None:
    """NaN and Infinity are no JSON, but tools write them where a number is missing."""


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) < 4000 else None
