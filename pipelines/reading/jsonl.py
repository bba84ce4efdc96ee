"""JSON Lines: a row is a JSON object with a text, and if it has them an id, a url and a date."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines import watch
from pipelines.reading.events import Damaged, unpacked_to
from pipelines.reading.fields import ROW_BYTES, TWICE, ZSTD_LONG, Fields, lookup
from pipelines.reading.marks import count_values
from pipelines.reading.packing import Corrupt, Cut, Trailing, WideWindow, file_chunks, unpack
from pipelines.reading.rows import Event, RowError, kind_of, page_of_row
from pipelines.watch import Doing

VALUE_BYTES = 128  # what a value takes in memory at most, besides its characters


def jsonl_rows(
    file: Any,
    start: int,
    end: int | None,
    first_row: int,
    packing: str,
    source: str,
    fields: Fields,
    window_log: int = ZSTD_LONG,
) -> Iterator[Event]:
    """The rows of a file, or of the lines that begin in [start, end) of a plain one.

    packing     "", or one of packing.UNPACK
    first_row   lines before start; the offset of a row is the number of its line, from 1
    window_log  see packing.zstd_chunks
    """
    file.seek(start)
    chunks = file_chunks(file)
    if packing:
        chunks = unpack(packing, chunks, window_log)
    elif end is not None:
        chunks = _first(chunks, end - start)
    number = first_row
    position = 0
    garbage: list[int] = []
    try:
        for line, whole, length in _lines(_up_to_garbage(chunks, garbage), fields.max_bytes):
            position += length + 1
            number += 1
            if not whole:
                yield _damaged(source, number, RowError("doc_too_long", f"{length} bytes"))
                continue
            event = _row(line, source, number, fields)
            if event is not None:
                yield event
    except (Cut, Corrupt, WideWindow) as error:
        yield unpacked_to(error, source, number + 1, f"beyond the line that begins at byte {position} of the text")
    for size in garbage:
        detail = f"after line {number}: {size} bytes after the last gzip member"
        yield Damaged(source, number + 1, "", "", "file_garbage_skipped", detail)


def _up_to_garbage(chunks: Iterator[bytes], sizes: list[int]) -> Iterator[bytes]:
    """The chunks; bytes after the last gzip member end them well, and their number goes into sizes."""
    try:
        yield from chunks
    except Trailing as error:
        sizes.append(error.args[0])


def _first(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


def _lines(chunks: Iterator[bytes], most: int) -> Iterator[tuple[bytes, bool, int]]:
    """(line, whether it is whole, its length); of a line of more than most bytes nothing. Line feeds do not count.

    The rest without a line feed is given when the stream has ended well, not when it is cut.
    """
    kept: list[bytes] = []
    length = 0
    for chunk in chunks:
        at = 0
        while (end := chunk.find(b"\n", at)) >= 0:
            size = length + end - at
            if length > most:
                yield b"", False, size
            else:
                line = b"".join((*kept, chunk[at:end])) if kept else chunk[at:end]
                yield line, size <= most, size
            kept, length, at = [], 0, end + 1
        length += len(chunk) - at
        if length > most:
            kept = []
        elif at < len(chunk):
            kept.append(chunk[at:])
    if length:
        yield b"".join(kept), length <= most, length


def _damaged(source: str, number: int, error: RowError) -> Damaged:
    return Damaged(source, number, "", "", error.reason, f"line {number}: {error.detail}")


def _row(line: bytes, source: str, number: int, fields: Fields) -> Event | None:
    line = line.strip().lstrip(codecs.BOM_UTF8)  # a file that another one was joined to has its mark inside
    if not line:
        return None
    if reason := watch.begin(Doing.PLACE, source, number):
        return _damaged(source, number, RowError(reason, "left out"))
    try:
        row = parsed(line, fields.text, fields.max_bytes)
    except RowError as error:
        return _damaged(source, number, error)
    return page_of_row(row, fields, source, number, f"line {number}")


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
