"""One reader for all formats."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines import storage
from pipelines.reading import pages
from pipelines.reading.events import Damaged, Event
from pipelines.reading.fields import USUAL_READING, Fields, Reading
from pipelines.reading.formats import GZIP_MAGIC, inflated_head, sniff
from pipelines.reading.units import Piece

ROW = "row"
FILE = "file"
_ROWS = ("jsonl", "json", "csv", "tsv", "parquet", "arrow")
_FILES = ("txt", "html")


class Reader:
    """The events of a piece, in the order of the file. Iterate once.

    types    records read whole so far, by type ("response", "request", …; "row" of a table, "file" of text or HTML)
    records  events so far: records that could be a document, damaged ones included
    """

    def __init__(self, piece: Piece, reading: Reading = USUAL_READING) -> None:
        self.piece = piece
        self.reading = reading
        self.types: Counter[str] = Counter()
        self.records = 0

    def __iter__(self) -> Iterator[Event]:
        return (event for event in self.steps() if event is not None)

    def steps(self) -> Iterator[Event | None]:
        """The events, and None for each record of a type that is no page."""
        with storage.reading(self.piece.path) as file:
            kind = self.piece.format or sniff(file, self.piece.path)
            for event in self._events(file, kind):
                self.records += event is not None
                yield event

    def _events(self, file: Any, kind: str) -> Iterator[Event | None]:
        piece = self.piece
        name, _, packing = kind.partition(".")
        if name in ("warc", "arc"):
            yield from self._archive(file, name == "arc", packing)
        elif name == "wacz":
            from pipelines.reading.wacz import wacz_records

            yield from wacz_records(file, piece.path, self.types, self.reading)
        elif name in _ROWS or name in _FILES:
            for found in self._rows(file, name, packing and f".{packing}"):
                if not isinstance(found, Damaged):
                    self.types[ROW if name in _ROWS else FILE] += 1
                yield found
        elif kind == "empty":
            yield Damaged(piece.path, 0, "", "", "file_empty", f"{piece.size} bytes")
        else:
            yield _unknown(file, piece)

    def _archive(self, file: Any, arc: bool, packing: str) -> Iterator[Event | None]:
        from pipelines.reading import warc

        piece = self.piece
        found = warc.Found(piece.path, self.types, records=self.reading.records)
        if packing == "gz":
            yield from warc.gzip_records(file, piece.start, piece.end, arc, found)
        elif packing:
            yield from warc.packed_records(file, f".{packing}", arc, found, self.reading.zstd_long)
        else:
            yield from warc.plain_records(file, piece.start, piece.end, arc, found)

    def _rows(self, file: Any, name: str, packing: str) -> Iterator[Event]:
        from pipelines.reading.arrow import arrow_rows
        from pipelines.reading.delimited import delimited_rows
        from pipelines.reading.jsonarray import array_rows
        from pipelines.reading.jsonl import jsonl_rows
        from pipelines.reading.parquet import parquet_rows
        from pipelines.reading.plainfile import file_page

        piece, fields, window_log = self.piece, self.reading.rows, self.reading.zstd_long
        if name == "parquet":
            return parquet_rows(file, piece.start, piece.end, piece.first_row, piece.path, fields)
        if name == "arrow":
            return arrow_rows(file, piece.path, fields)
        if name in ("csv", "tsv"):
            return delimited_rows(file, name == "tsv", packing, piece.path, fields, window_log)
        if name == "json":
            return array_rows(file, packing, piece.path, fields, window_log)
        if name in _FILES:
            return file_page(file, name == "html", packing, piece.path, window_log)
        by_byte = not packing and not storage.is_local(piece.path)
        return jsonl_rows(
            file, piece.start, piece.end, piece.first_row, packing, piece.path, fields, window_log, by_byte
        )


def read(piece: Piece, reading: Reading | Fields = USUAL_READING) -> Reader:
    """The events of a piece of a file: pages, rejected records, damaged places.

    reading  what is read; Fields stand for themselves and the usual records of archives
    Iterating raises OSError where the file cannot be opened or read; damage inside the file is an event.
    """
    return Reader(piece, Reading(reading) if isinstance(reading, Fields) else reading)


def _unknown(file: Any, piece: Piece) -> Damaged:
    file.seek(0)
    head = file.read(1 << 16)
    if head.startswith(GZIP_MAGIC):
        inner = inflated_head(head)
        what = f"gzip of bytes that begin {pages.first_bytes(inner)}" if inner else "gzip that cannot be inflated"
    else:
        what = f"begins {pages.first_bytes(head)}"
    return Damaged(piece.path, 0, "", "", "not_a_warc", f"offset 0: not in a format that can be read: {what}")
