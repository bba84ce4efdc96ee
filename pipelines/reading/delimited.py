"""CSV and TSV: the first line names the fields, every other record is a row."""

import codecs
import csv
import re
from collections.abc import Iterator
from typing import Any

from pipelines import watch
from pipelines.reading.events import Damaged, unpacked_to
from pipelines.reading.fields import ROW_BYTES, ZSTD_LONG, Fields, lookup
from pipelines.reading.jsonl import VALUE_BYTES
from pipelines.reading.packing import Corrupt, Cut, WideWindow, file_chunks, unpack
from pipelines.reading.rows import Event, page_of_row
from pipelines.watch import Doing

_HEAD_BYTES = 1 << 16
_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+"(?!")')  # a quoted field after its first quote
_ESCAPED = re.compile("\udcff")  # what bytes become that are not in the encoding
_ESCAPE = "curate-escape"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """One mark for bytes that are not in the encoding: surrogateescape does not know UTF-16."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_ESCAPE, _escaped)


def delimited_rows(
    file: Any, tabs: bool, packing: str, source: str, fields: Fields, window_log: int = ZSTD_LONG
) -> Iterator[Event]:
    """The rows of a file; the offset of a row is its number, from 1, the line of names not counted.

    tabs     TSV: a record is a line, and quotes are characters like others (unless the first line is quoted, as some
             programs write). Otherwise CSV as in RFC 4180; commas, semicolons, tabs or bars, whichever the first line
             has most of
    packing  "", or one of packing.UNPACK; window_log: see packing.zstd_chunks

    The encoding is UTF-8, UTF-16 where the file has its mark, or CP949 (Korean spreadsheets) where it is not UTF-8.
    """
    file.seek(0)
    chunks = unpack(packing, file_chunks(file), window_log)
    number = 0
    try:
        lines = _lines(chunks, fields.max_bytes)
        first = next(lines, "")
        dialect = _dialect(first, tabs)
        bounded = _Bounded(_again(first, lines), dialect, fields.max_bytes)
        records = csv.reader(bounded, strict=True, **dialect)
        # of the whole process: it is only ever raised, and _Bounded is what bounds a record
        csv.field_size_limit(max(csv.field_size_limit(), fields.max_bytes))
        names: list[str] | None = None
        while True:
            bounded.begin()
            try:
                record = next(records, None)
            except _TooLong as error:
                number += names is not None
                yield Damaged(source, number, "", "", "doc_too_long", f"row {number}: {error}")
                if names is None:
                    return
                continue
            except csv.Error as error:
                number += names is not None
                said = str(error).replace("\t", "\\t")  # it quotes the delimiter
                yield Damaged(source, number, "", "", "csv_error", f"row {number}: {said}")
                if names is None:  # no row can be read without them
                    return
                continue
            if record is None:
                return
            if not record:
                continue
            if names is None:
                names = [name.strip() for name in record]
                if names.count(fields.text) > 1:
                    yield Damaged(source, 0, "", "", "schema_error", f"several columns {fields.text!r}")
                    return
                continue
            number += 1
            yield _row(names, record, fields, source, number)
    except (Cut, Corrupt, WideWindow) as error:
        yield unpacked_to(error, source, number + 1, f"beyond row {number}")


def first_rows(file: Any, tabs: bool, packing: str, window_log: int) -> Iterator[dict[str, str]]:
    """Rows as they are, for a look at their fields. Raises csv.Error, Cut, Corrupt and WideWindow."""
    file.seek(0)
    lines = _lines(unpack(packing, file_chunks(file), window_log), ROW_BYTES)
    first = next(lines, "")
    records = csv.reader(_again(first, lines), strict=True, **_dialect(first, tabs))
    names = [name.strip() for name in next(records, [])]
    return (dict(zip(names, record, strict=False)) for record in records)


def _row(names: list[str], record: list[str], fields: Fields, source: str, number: int) -> Event:
    place = f"row {number}"
    if reason := watch.begin(Doing.PLACE, source, number):
        return Damaged(source, number, "", "", reason, f"{place}: left out")
    if len(record) != len(names):
        detail = f"{place}: {len(record)} fields, but the first line names {len(names)}"
        return Damaged(source, number, "", "", "schema_error", detail)
    row = dict(zip(names, record, strict=True))
    text = lookup(row, fields.text)
    if isinstance(text, str) and (wrong := _ESCAPED.search(text)):
        detail = f"{place}: character {wrong.start()} of {fields.text!r} is not in the file's encoding"
        return Damaged(source, number, "", "", "bad_unicode", detail)
    clean = {name: _ESCAPED.sub("\ufffd", value) for name, value in row.items()}
    return page_of_row(clean, fields, source, number, place)


def _dialect(first: str, tabs: bool) -> dict[str, Any]:
    if tabs:
        quoted = first.startswith('"')
        return {"delimiter": "\t", "quoting": csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE}
    outside = re.sub(r'"[^"]*"', "", first)
    return {"delimiter": max(",;\t|", key=outside.count)}


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


class _TooLong(Exception):
    """A record of more characters or fields than a row may have."""


class _Bounded:
    """Lines for a csv.reader, which holds a record whole, and makes twenty bytes of each that a short field takes."""

    def __init__(self, lines: Iterator[str], dialect: dict[str, Any], most: int) -> None:
        self._lines, self._most, self._most_fields = lines, most, most // VALUE_BYTES
        self._delimiter = dialect["delimiter"]
        self._quoted = dialect.get("quoting") != csv.QUOTE_NONE
        self._size = self._fields = 0

    def begin(self) -> None:
        """A new record begins with the next line."""
        self._size = self._fields = 0

    def __iter__(self) -> "_Bounded":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        within = self._size > 0  # the reader asks for more only where a quoted field goes on
        self._size += len(line)
        if self._size > self._most:
            raise _TooLong(f"more than {self._most} characters")
        if self._size > self._most_fields:  # a shorter record cannot have too many
            self._fields += self._ended(line, within)
            if self._fields > self._most_fields:
                raise _TooLong(f"more than {self._most_fields} fields")
        return line

    def _ended(self, line: str, within: bool) -> int:
        """How many fields end in a line, counted up to one more than most."""
        found = at = 0
        while found <= self._most_fields:
            if within or (self._quoted and line.startswith('"', at)):
                closed = _QUOTED.match(line, at if within else at + 1)
                if closed is None:
                    break
                at, within = closed.end(), False
            at = line.find(self._delimiter, at) + 1
            if not at:
                break
            found += 1
        return found


def _lines(chunks: Iterator[bytes], most: int) -> Iterator[str]:
    """Decoded lines with their ends. A line longer than any row may be is given in pieces."""
    head = b""
    while len(head) < _HEAD_BYTES and (more := next(chunks, b"")):
        head += more
    decoder = codecs.getincrementaldecoder(encoding_of(head))(_ESCAPE)
    kept: list[str] = []
    size = 0
    for chunk, last in _with_last(head, chunks):
        # line feeds alone: splitlines() cuts at other characters, which stand inside of fields, too
        *whole, rest = decoder.decode(chunk, last).split("\n")
        for line in whole:
            yield "".join((*kept, line, "\n"))
            kept, size = [], 0
        if rest:
            kept.append(rest)
            size += len(rest)
        if size > most:
            yield "".join(kept)
            kept, size = [], 0
    if kept:
        yield "".join(kept)


def _with_last(head: bytes, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    before = head
    for chunk in chunks:
        yield before, False
        before = chunk
    yield before, True


def encoding_of(head: bytes) -> str:
    """The encoding of a text that begins so: UTF-8, UTF-16 by its mark, or CP949 where it is Korean and not UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "cp949"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)  # a character that is cut at the end is no error
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8-sig"
