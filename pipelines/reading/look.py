"""A look at the first rows or records of a file before a run: can anything of it be kept, and if not, what is wrong."""

import csv
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import storage
from pipelines.reading.delimited import first_rows as delimited_rows
from pipelines.reading.events import Damaged
from pipelines.reading.fields import Reading, lookup
from pipelines.reading.formats import RANGED, sniff
from pipelines.reading.jsonarray import elements
from pipelines.reading.packing import Corrupt, Cut, WideWindow, file_chunks, unpack
from pipelines.reading.reader import Reader
from pipelines.reading.units import Piece

FORMATS = (
    "WARC, WET, ARC, WACZ, JSON Lines, a JSON array of objects, CSV, TSV, Parquet, Arrow IPC, .txt, .html; "
    "all but WACZ, Parquet and Arrow also packed: .gz, .zst, .bz2, .xz"
)
_EVENTS = 20
_RECORDS = 200  # of other types, before an archive is taken to hold no page
_RANGE_BYTES = 4 << 20
_HEAD_BYTES = 4 << 20
_MOST_NAMES = 30
_NAME = re.compile(r"[^\W\d](?:[^\W\d]|[ _./-]|\d{1,4}(?!\d)){0,30}")


@dataclass(frozen=True)
class Look:
    """What the beginning of a file says.

    problem  why nothing of it could be kept; "" where something can
    mistake  whether that is for the user to mend (a field's name, a format); else the file is damaged
    other    the file is whole and holds only records of other types: a run counts them by type, and loses nothing
    """

    path: str
    problem: str = ""
    mistake: bool = False
    other: bool = False


def look(path: str, reading: Reading) -> Look:
    """Look at the beginning of a file, as a run that reads so would. Raises OSError where it cannot."""
    with storage.reading(path) as file:
        kind = sniff(file, path)
        if kind == "":
            reader = Reader(Piece(path, 0, None, 0, 0), reading)
            (unknown,) = reader
            detail = unknown.detail.rpartition(": ")[2] if isinstance(unknown, Damaged) else ""
            return Look(path, f"{path}: not a format that can be read ({detail}); these can: {FORMATS}", True)
    end = _RANGE_BYTES if kind in RANGED else None
    reader = Reader(Piece(path, 0, end, storage.size(path), 0, kind), reading)
    damaged = []
    others = 0
    for event in reader.steps():
        if event is None:
            others += 1
        elif isinstance(event, Damaged):
            damaged.append(event)
        else:
            return Look(path)
        if len(damaged) >= _EVENTS or others >= _RECORDS:
            break
    if damaged:
        return _failing(path, kind, reading, damaged[0])
    if others:
        kinds = ", ".join(sorted(reader.types))
        hint = (
            ": this is a WAT file; give the WARC or the WET file"
            if set(reader.types) <= {"metadata", "warcinfo"}
            else ""
        )
        return Look(path, f"{path}: no pages among its first {others} records, which are {kinds}{hint}", other=True)
    return Look(path, f"{path}: holds no row or record", False)


def _failing(path: str, kind: str, reading: Reading, first: Damaged) -> Look:
    """Why the first rows all fail. Names of fields are told, and no value."""
    name, _, packing = kind.partition(".")
    packing = packing and f".{packing}"
    fields = reading.rows
    if first.reason not in ("schema_error", "json_error"):
        return Look(path, f"{path}: {_reason(first)}")
    try:
        rows = list(itertools.islice(_sample(path, name, packing, reading.zstd_long), _EVENTS))
    except (OSError, ValueError, csv.Error, Cut, Corrupt):
        rows = []
    if not rows:
        hint = ""
        if first.reason == "json_error" and _goes_over_lines(path, packing, reading.zstd_long):
            hint = "; JSON is read as one object a line, or as one array of objects (jq -c . FILE makes lines)"
        return Look(path, f"{path}: {_reason(first)}{hint}", bool(hint))
    found = _fields_of(rows)
    values = [value for row in rows if (value := lookup(row, fields.text)) is not None]
    what = f"no field {fields.text!r}" if not values else f"the field {fields.text!r} holds no text"
    names = _shown(list(found))
    best = max((name for name in names if name in found), key=lambda name: found[name], default="")
    best = best if best and found[best] > 0 else ""
    advice = ""
    if best:
        line = f"rows: {{text: {json.dumps(best, ensure_ascii=False)}}}"
        advice = f"; if the text is in {best!r}, add --text-field {_quoted(best)}, or {line} to the recipe"
    listed = ", ".join(names) or "none that looks like a name"
    return Look(path, f"{path}: {what}; fields found: {listed}{advice}", True)


def _reason(event: Damaged) -> str:
    return f"{event.reason}: {event.detail}" if event.detail else event.reason


def _goes_over_lines(path: str, packing: str, window_log: int) -> bool:
    """Whether a file seems to be one JSON value with line feeds in it."""
    with storage.reading(path) as file:
        try:
            head = next(unpack(packing, file_chunks(file), window_log), b"")
        except (Cut, Corrupt, WideWindow):
            return False
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    return len(lines) > 1 and not lines[0].endswith(b"}")


def _fields_of(rows: list[Mapping[str, Any]]) -> dict[str, float]:
    """The fields of rows, those inside of objects by their dotted names, with the mean length of their strings."""
    lengths: dict[str, list[int]] = {}

    def walk(row: Mapping[str, Any], before: str) -> None:
        for name, value in row.items():
            if isinstance(value, Mapping) and before.count(".") < 3:
                walk(value, f"{before}{name}.")
            else:
                lengths.setdefault(before + name, []).append(len(value) if isinstance(value, str) else 0)

    for row in rows:
        walk(row, "")
    return {name: sum(found) / len(rows) for name, found in lengths.items()}


def _shown(names: list[str]) -> list[str]:
    """Names of fields fit to be shown: a table made without its header has a row's values for names."""
    return [name for name in names if _NAME.fullmatch(name)][:_MOST_NAMES]


def _quoted(name: str) -> str:
    """A name as a shell takes it."""
    return name if re.fullmatch(r"[\w./:@%+=-]+", name) else "'" + name.replace("'", "'\\''") + "'"


def _sample(path: str, name: str, packing: str, window_log: int) -> Iterator[Mapping[str, Any]]:
    """The first rows of a file as they are, those that can be read."""
    with storage.reading(path) as file:
        if name in ("csv", "tsv"):
            yield from delimited_rows(file, name == "tsv", packing, window_log)
        elif name in ("parquet", "arrow"):
            yield from _columns(file, name)
        elif name == "json":
            for element in elements(file, packing, window_log):
                yield from _object(element)
        else:
            file.seek(0)
            head = b""
            for chunk in unpack(packing, file_chunks(file), window_log):
                head += chunk
                if len(head) > _HEAD_BYTES or head.count(b"\n") > _EVENTS:
                    break
            for line in head.removeprefix(b"\xef\xbb\xbf").splitlines():
                yield from _object(line)


def _object(data: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(row, dict):
        yield row


def _columns(file: Any, name: str) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pipelines.reading.arrow import batches

    try:
        found = pq.ParquetFile(file).iter_batches(_EVENTS) if name == "parquet" else batches(file)
        for batch in found:
            yield from batch.slice(0, _EVENTS).to_pylist()
    except pa.ArrowException as error:
        raise ValueError("not readable") from error
