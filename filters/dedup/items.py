"""Items of evaluation files: their questions, passages and answers, from JSONL and Parquet."""

import glob
import gzip
import json
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filters.contracts import ResourceError
from filters.models import digest
from filters.needs import check_file

WHO = "dedup/decontaminate"
_SHOWN_FIELDS = 200


@dataclass(frozen=True)
class Item:
    """One field of a row that documents are compared with.

    name     FILE:ROW:FIELD, rows from 1, with the row's id in brackets where it has one; never text of the item
    answers  the row's answers, any of which may stand near it
    """

    name: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fields:
    """The names of an item's fields; dots lead into maps (answers.text). Of several names, those that a row has."""

    question: tuple[str, ...]
    answer: tuple[str, ...]
    passage: tuple[str, ...]
    id: str


def paths_of(patterns: Sequence[str]) -> list[Path]:
    """The files that paths and patterns name, each once, in order; raises ResourceError where one names none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        whole = str(Path(pattern).expanduser())
        matching = sorted(glob.glob(whole, recursive=True)) if glob.has_magic(whole) else [whole]
        if not matching:
            raise ResourceError(f"{WHO}: no file matches {pattern}")
        for name in matching:
            check_file(name, f"{WHO}: evaluation file")
            found[Path(name)] = None
    return list(found)


def fingerprint(patterns: Sequence[str]) -> str:
    """The hashes of the content of all files, in order, with their names."""
    return " ".join(f"{path.name}={digest(path)}" for path in paths_of(patterns))


def items_of(patterns: Sequence[str], fields: Fields) -> list[Item]:
    """The items of all files. Raises ResourceError naming the file, the row and what is wrong with it."""
    paths = paths_of(patterns)
    names = [path.name for path in paths]
    answered = not fields.answer
    found = []
    for path in paths:
        shown = path.name if names.count(path.name) == 1 else str(path)
        known: dict[str, None] = {}
        of_file = []
        for number, row in _rows(path):
            known.update(dict.fromkeys(row))
            answers = tuple(_texts(row, fields.answer))
            answered = answered or bool(answers)
            key = row.get(fields.id) if fields.id else None
            place = f"{shown}:{number}" + (f"({str(key)[:40]})" if isinstance(key, (str, int)) else "")
            for name in (*fields.question, *fields.passage):
                of_file += [Item(f"{place}:{name}", text, answers) for text in _texts(row, (name,))]
        if not of_file:
            wanted = " or ".join(map(repr, (*fields.question, *fields.passage)))
            has = ", ".join(known)[:_SHOWN_FIELDS] or "no row at all"
            raise ResourceError(f"{WHO}: {path}: no row has text in {wanted} (it has: {has})")
        found += of_file
    if not answered:
        wanted = " or ".join(map(repr, fields.answer))
        raise ResourceError(f"{WHO}: no evaluation file has text in {wanted}, the field of answers")
    return found


def _texts(row: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """The texts in some fields of a row; numbers as text, the texts of a list one by one."""
    for name in names:
        value: Any = row
        for part in (name,) if name in row else name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, (str, int, float)) and not isinstance(one, bool):
                text = unicodedata.normalize("NFC", str(one)).strip()
                if text:
                    yield text


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(number from 1, row) of a JSONL (plain or gzip) or Parquet file, told apart by their first bytes."""
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError as error:
        raise ResourceError(f"{WHO}: cannot read {path}: {error.strerror}") from error
    if head == b"PAR1":
        yield from _parquet(path)
        return
    try:
        with gzip.open(path, "rb") if head[:2] == b"\x1f\x8b" else open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, _object(path, number, line)
    except (OSError, EOFError, zlib.error) as error:
        raise ResourceError(f"{WHO}: {path}: damaged ({type(error).__name__})") from error


def _object(path: Path, number: int, line: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ResourceError(f"{WHO}: {path}, line {number}: not JSON (one object a line is expected)") from error
    if not isinstance(row, dict):
        raise ResourceError(f"{WHO}: {path}, line {number}: not an object")
    return row


def _parquet(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        number = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1000):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        raise ResourceError(f"{WHO}: {path}: damaged Parquet ({type(error).__name__})") from error
