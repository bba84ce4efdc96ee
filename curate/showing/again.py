"""Records of the input read again, by source and offset."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import storage
from pipelines.reading import read
from pipelines.reading.fields import Reading
from pipelines.reading.formats import RANGED, sniff
from pipelines.reading.jsonl import LINE_BITS
from pipelines.reading.reader import Event
from pipelines.reading.units import Piece
from pipelines.reading.warc import RECORD_NUMBER_BITS

Place = tuple[str, int]  # (source, offset)
_READ_BYTES = 1 << 20
_MEMBER = (1 << RECORD_NUMBER_BITS) - 1


def read_again(places: Iterable[Place], reading: Reading) -> Iterator[tuple[Place, Event | str]]:
    """(place, record) for each place, file by file; in the place of a record that is not there, a sentence says why.

    Records of WARC files are sought, rows of JSON Lines and Parquet nearly so; any other file is read up to the last
    record that is wanted.
    """
    by_source: dict[str, set[int]] = {}
    for source, offset in places:
        by_source.setdefault(source, set()).add(offset)
    for source, wanted in by_source.items():
        path = _path(source)
        left = set(wanted)
        for offset in sorted(left):
            if offset < 0:
                left.discard(offset)
                yield (source, offset), "it is damage in a file, not a record"
        try:
            if not storage.exists(path):
                why = f"the input {source} is not there any more"
            elif left:
                why = f"the input {source} holds no such record any more: it has changed"
                for event in _events(path, source, left, reading):
                    left.discard(event.offset)
                    yield (source, event.offset), event
        except (OSError, ValueError) as error:
            why = f"the input {source} cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}"
        yield from (((source, offset), why) for offset in sorted(left))


def _path(source: str) -> str:
    """The file to open: for a member of a WACZ, the archive that holds it."""
    head, mark, _ = source.partition(".wacz#")
    return f"{head}.wacz" if mark and not os.path.exists(source) else source


def _events(path: str, source: str, wanted: set[int], reading: Reading) -> Iterator[Event]:
    """The records at some offsets."""
    left = set(wanted)
    for piece in _pieces(path, left):
        for event in read(piece, reading):
            if event.source == source and event.offset in left:
                left.discard(event.offset)
                yield event
                if not left:
                    return


def _pieces(path: str, wanted: set[int]) -> Iterator[Piece]:
    """Parts of a file, small where the format allows it, in which all that is wanted begins."""
    size = storage.size(path)
    with storage.reading(path) as file:
        kind = sniff(file, path)
        offsets = sorted(wanted)
        if kind in RANGED:
            packed = kind != "warc"
            begin = sorted({offset & _MEMBER if packed else offset for offset in offsets})
            yield from (Piece(path, at, at + 1, size, 0, kind) for at in begin)
        elif kind in ("jsonl.gz", "jsonl.zst") or (kind == "jsonl" and not storage.is_local(path)):
            begin = sorted({offset >> LINE_BITS if kind != "jsonl" else offset for offset in offsets})
            yield from (Piece(path, at, at + 1, size, 0, kind) for at in begin)
        elif kind == "jsonl":
            starts = _line_starts(file, sorted({*offsets, *(offset + 1 for offset in offsets)}))
            for number in offsets:
                if number in starts:
                    yield Piece(path, starts[number], starts.get(number + 1), size, number - 1, kind)
        elif kind == "parquet":
            yield from _row_groups(file, path, size, offsets)
        else:
            yield Piece(path, 0, None, size, 0, kind)


def _line_starts(file: Any, numbers: list[int]) -> dict[int, int]:
    """Where lines begin, which count from 1."""
    found = {1: 0} if numbers[0] == 1 else {}
    wanted = [number for number in numbers if number > 1]
    file.seek(0)
    position, line, place = 0, 1, 0
    while place < len(wanted) and (data := file.read(_READ_BYTES)):
        count = data.count(b"\n")
        at = -1
        while place < len(wanted) and wanted[place] <= line + count:
            while line < wanted[place]:
                at = data.find(b"\n", at + 1)
                line, count = line + 1, count - 1
            found[wanted[place]] = position + at + 1
            place += 1
        line += count
        position += len(data)
    return found


def _row_groups(file: Any, path: str, size: int, offsets: list[int]) -> Iterator[Piece]:
    try:
        metadata: Any = pq.read_metadata(file)
    except (pa.ArrowException, ValueError):
        yield Piece(path, 0, None, size, 0, "parquet")  # the reader says what is wrong with it
        return
    first = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if any(first <= offset < first + rows for offset in offsets):
            yield Piece(path, group, group + 1, size, first, "parquet")
        first += rows
