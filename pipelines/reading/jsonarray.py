"""One JSON array of objects: a row is an element, found by its brackets, so that memory holds one element at a time."""

import re
from collections.abc import Iterator
from typing import Any

from pipelines import watch
from pipelines.reading.events import Damaged
from pipelines.reading.fields import Fields
from pipelines.reading.jsonl import LINE_BYTES, parsed
from pipelines.reading.packing import UNPACK, Corrupt, Cut, file_chunks
from pipelines.reading.rows import Event, RowError, page_of_row
from pipelines.watch import Doing

_OUTSIDE = re.compile(rb'[\[\]{}",]')
_WITHIN = re.compile(rb'["\\]')
_BOM = b"\xef\xbb\xbf"


def array_rows(file: Any, packing: str, source: str, fields: Fields) -> Iterator[Event]:
    """The objects of a file that is one JSON array; the offset of a row is the number of the element, from 1.

    packing  "", or one of packing.UNPACK
    """
    file.seek(0)
    scan = _Scan()
    number = 0
    try:
        for element, size in scan.elements(UNPACK[packing](file_chunks(file))):
            number += 1
            place = f"element {number}"
            if size > LINE_BYTES:
                yield Damaged(source, number, "", "", "doc_too_long", f"{place}: {size} bytes")
                continue
            if reason := watch.begin(Doing.PLACE, source, number):
                yield Damaged(source, number, "", "", reason, f"{place}: left out")
                continue
            try:
                row = parsed(element, fields.text)
            except RowError as error:
                yield Damaged(source, number, "", "", error.reason, f"{place}: {error.detail}")
                continue
            yield page_of_row(row, fields, source, number, place)
    except (Cut, Corrupt) as error:
        reason = "file_truncated" if isinstance(error, Cut) else "file_corrupt"
        detail = f"the {error.args[0]} stream cannot be read beyond element {number}"
        yield Damaged(source, number + 1, "", "", reason, detail)
        return
    if scan.trouble:
        reason, detail = scan.trouble
        yield Damaged(source, number + 1, "", "", reason, f"after element {number}: {detail}")


def elements(file: Any, packing: str) -> Iterator[bytes]:
    """The elements of the array in a file, as they stand. Raises Cut and Corrupt."""
    file.seek(0)
    return (element for element, _ in _Scan().elements(UNPACK[packing](file_chunks(file))))


class _Scan:
    """Cuts a stream at the commas of its outermost array. trouble: reason and detail if it is not a whole array."""

    def __init__(self) -> None:
        self.trouble: tuple[str, str] | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def elements(self, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
        """(element, its bytes); the element is empty where it is longer than LINE_BYTES."""
        depth = 0
        within = escaped = False
        for chunk in chunks:
            at = begin = 0
            while at < len(chunk):
                if escaped:
                    escaped, at = False, at + 1
                    continue
                found = (_WITHIN if within else _OUTSIDE).search(chunk, at)
                if found is None:
                    break
                mark, at = found[0], found.end()
                if within:
                    within, escaped = mark == b"\\", mark == b"\\"
                elif mark == b'"':
                    within = True
                elif mark in b"[{":
                    depth += 1
                    begin = at if depth == 1 else begin
                elif mark == b"," and depth == 1:
                    yield self._whole(chunk[begin : at - 1])
                    begin = at
                elif mark in b"]}":
                    depth -= 1
                    if depth == 0:
                        last, size = self._whole(chunk[begin : at - 1])
                        if size:
                            yield last, size
                        if chunk[at:].strip() or any(rest.strip() for rest in chunks):
                            self.trouble = "json_error", "more text follows the array"
                        return
            if depth:
                self._add(chunk[begin:])
        if depth:
            self.trouble = "file_truncated", "the array is not closed"

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= LINE_BYTES:
            self._parts.append(piece)
        else:
            self._parts = []

    def _whole(self, piece: bytes) -> tuple[bytes, int]:
        self._add(piece)
        element, size = b"".join(self._parts), self._size
        self._parts, self._size = [], 0
        # white space around an element is not part of it
        return (element.strip(), len(element.strip())) if element else (b"", size if size > LINE_BYTES else 0)
