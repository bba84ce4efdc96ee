"""One JSON array of objects: a row is an element, found by its brackets, so that memory holds one element at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipelines import watch
from pipelines.reading.events import Damaged, unpacked_to
from pipelines.reading.fields import ROW_BYTES, ZSTD_LONG, Fields
from pipelines.reading.jsonl import parsed
from pipelines.reading.marks import CLOSE, COMMA, OPEN, Marks
from pipelines.reading.packing import Corrupt, Cut, WideWindow, file_chunks, unpack
from pipelines.reading.rows import Event, RowError, page_of_row
from pipelines.watch import Doing

_STEPS = np.zeros(COMMA + 1, dtype=np.int64)  # into the array, or out of it
_STEPS[[OPEN, CLOSE]] = 1, -1


def array_rows(file: Any, packing: str, source: str, fields: Fields, window_log: int = ZSTD_LONG) -> Iterator[Event]:
    """The objects of a file that is one JSON array; the offset of a row is the number of the element, from 1.

    packing  "", or one of packing.UNPACK; window_log: see packing.zstd_chunks
    """
    file.seek(0)
    scan = _Scan(fields.max_bytes)
    number = 0
    try:
        for element, size in scan.elements(unpack(packing, file_chunks(file), window_log)):
            number += 1
            place = f"element {number}"
            if size > fields.max_bytes:
                yield Damaged(source, number, "", "", "doc_too_long", f"{place}: {size} bytes")
                continue
            if reason := watch.begin(Doing.PLACE, source, number):
                yield Damaged(source, number, "", "", reason, f"{place}: left out")
                continue
            try:
                row = parsed(element, fields.text, fields.max_bytes)
            except RowError as error:
                yield Damaged(source, number, "", "", error.reason, f"{place}: {error.detail}")
                continue
            yield page_of_row(row, fields, source, number, place)
    except (Cut, Corrupt, WideWindow) as error:
        yield unpacked_to(error, source, number + 1, f"beyond element {number}")
        return
    if scan.trouble:
        reason, detail = scan.trouble
        yield Damaged(source, number + 1, "", "", reason, f"after element {number}: {detail}")


def elements(file: Any, packing: str, window_log: int) -> Iterator[bytes]:
    """The elements of the array in a file, as they stand. Raises Cut, Corrupt and WideWindow."""
    file.seek(0)
    return (element for element, _ in _Scan().elements(unpack(packing, file_chunks(file), window_log)))


class _Scan:
    """Cuts a stream at the commas of its outermost array. trouble: reason and detail if it is not a whole array."""

    def __init__(self, most: int = ROW_BYTES) -> None:
        self.trouble: tuple[str, str] | None = None
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0

    def elements(self, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
        """(element, its bytes); the element is empty where it is longer than most."""
        marks = Marks()
        depth = 0
        for chunk in chunks:
            places, kinds = marks.of(chunk)
            depths = depth + np.cumsum(_STEPS[kinds])
            ends = depths == (kinds != CLOSE)  # a bracket that opens or closes the array, or a comma between elements
            begin = 0
            for place, kind in zip(places[ends].tolist(), kinds[ends].tolist(), strict=True):
                if kind == COMMA:
                    yield self._whole(chunk[begin:place])
                elif kind == CLOSE:
                    last, size = self._whole(chunk[begin:place])
                    if size:
                        yield last, size
                    if chunk[place + 1 :].strip() or any(rest.strip() for rest in chunks):
                        self.trouble = "json_error", "more text follows the array"
                    return
                begin = place + 1
            depth = int(depths[-1]) if len(depths) else depth
            if depth:
                self._add(chunk[begin:])
        if depth:
            self.trouble = "file_truncated", "the array is not closed"

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._most:
            self._parts.append(piece)
        else:
            self._parts = []

    def _whole(self, piece: bytes) -> tuple[bytes, int]:
        self._add(piece)
        element, size = b"".join(self._parts).strip(), self._size  # white space around an element is not part of it
        self._parts, self._size = [], 0
        return (element, len(element)) if element else (b"", size if size > self._most else 0)
