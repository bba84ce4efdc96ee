"""JSON Lines: a row is a JSON object with a text, and if it has them an id, a url and a date."""

import json
from collections.abc import Iterator
from typing import Any

from filters.document import RawPage
from pipelines.reading import pages
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.fields import Fields, as_carried, lookup
from pipelines.reading.packing import Corrupt, Cut, file_chunks, gzip_chunks, zstd_chunks

LINE_BYTES = 64 << 20

Event = RawPage | Rejected | Damaged


class _RowError(ValueError):
    """A row that is no document: reason, and a detail that holds nothing of it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def jsonl_rows(
    file: Any, start: int, end: int | None, first_row: int, packing: str, source: str, fields: Fields
) -> Iterator[Event]:
    """The rows of a file, or of the lines that begin in [start, end) of a plain one.

    packing    "", ".gz" or ".zst"
    first_row  lines before start; the offset of a row is the number of its line, from 1
    """
    file.seek(start)
    chunks = file_chunks(file)
    if packing:
        chunks = gzip_chunks(chunks) if packing == ".gz" else zstd_chunks(chunks)
    elif end is not None:
        chunks = _first(chunks, end - start)
    number = first_row
    position = 0
    try:
        for line, whole, length in _lines(chunks):
            position += length
            number += 1
            if not whole and length > LINE_BYTES:
                yield _damaged(source, number, _RowError("doc_too_long", f"{length} bytes"))
                continue
            event = _row(line, source, number, fields)
            if event is not None:
                yield event
    except Cut as error:
        yield Damaged(source, number + 1, "", "", "file_truncated", f"line {number + 1}: {_where(error, position)}")
    except Corrupt as error:
        yield Damaged(source, number + 1, "", "", "file_corrupt", f"line {number + 1}: {_where(error, position)}")


def _where(error: Exception, position: int) -> str:
    return f"the {error.args[0]} stream cannot be read beyond the line that begins at byte {position} of the text"


def _first(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


def _lines(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool, int]]:
    """(line, whether it is whole, its length with the line feed); of a line that is too long the beginning only.

    The rest without a line feed is given when the stream has ended well, not when it is cut.
    """
    kept: list[bytes] = []
    length = 0
    for chunk in chunks:
        at = 0
        while (end := chunk.find(b"\n", at)) >= 0:
            size = length + end + 1 - at
            if length > LINE_BYTES:
                yield b"", False, size
            else:
                line = b"".join((*kept, chunk[at:end])) if kept else chunk[at:end]
                yield line, size <= LINE_BYTES, size
            kept, length, at = [], 0, end + 1
        length += len(chunk) - at
        if length > LINE_BYTES:
            kept = []
        elif at < len(chunk):
            kept.append(chunk[at:])
    if length:
        yield b"".join(kept), length <= LINE_BYTES, length


def _damaged(source: str, number: int, error: _RowError, page_id: str = "", url: str = "") -> Damaged:
    return Damaged(source, number, page_id, url, error.reason, f"line {number}: {error.detail}")


def _row(line: bytes, source: str, number: int, fields: Fields) -> Event | None:
    line = line.strip()
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line:
        return None
    try:
        row = _parsed(line)
        page_id, url = _id(row, fields.id), pages.clean_url(_string(row, fields.url))
        date = next((found for name in fields.dates if (found := pages.clean_date(_date(row, name)))), "")
        text = lookup(row, fields.text)
        if not isinstance(text, str):
            kind = "is missing" if text is None and fields.text not in row else f"is {_kind(text)}, not a string"
            raise _RowError("schema_error", f"the field {fields.text!r} {kind}")
        carried = {name: value for name in fields.carry if (value := as_carried(lookup(row, name))) is not None}
    except _RowError as error:
        return _damaged(source, number, error)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        # Escapes such as \ud83d\ude00 that a writer put apart are one character; halves without the other are nothing.
        body = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore").encode()
    event = pages.text_page(source, number, body, pages.clean_id(page_id), url, date, carried=carried)
    if isinstance(event, Damaged):
        return Damaged(source, number, event.id, event.url, event.reason, f"line {number}: {event.detail}")
    return event


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise _RowError("bad_unicode", f"invalid UTF-8 at byte {error.start} of the line") from None
    except json.JSONDecodeError as error:
        raise _RowError("json_error", f"no valid JSON at character {error.pos} of {len(line)} bytes") from None
    except RecursionError:
        raise _RowError("json_error", "nested too deeply") from None
    except _RowError:
        raise
    except ValueError:
        raise _RowError("json_error", "a number is too long") from None
    if not isinstance(row, dict):
        raise _RowError("schema_error", f"is {_kind(row)}, not an object")
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        # Which of the two is meant nobody knows; parsers differ.
        raise _RowError("json_error", "a key stands twice in one object")
    return row


def _constant(_: str) -> None:
    raise _RowError("json_error", "NaN and Infinity are no JSON")


def _string(row: dict[str, Any], name: str) -> str:
    """A field as a string; null and nothing are ""."""
    value = lookup(row, name)
    if value is None or isinstance(value, str):
        return value or ""
    raise _RowError("schema_error", f"the field {name!r} is {_kind(value)}, not a string")


def _id(row: dict[str, Any], name: str) -> str:
    value = lookup(row, name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _string(row, name)


def _date(row: dict[str, Any], name: str) -> str:
    value = lookup(row, name)
    return value if isinstance(value, str) else ""


def _kind(value: Any) -> str:
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")
