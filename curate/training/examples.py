"""Labelled texts from TSV, CSV or JSONL, and their split by hash."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curate.training.drawing import is_held_out
from filters.text.unicode import settled


class DataError(ValueError):
    """Training data cannot be used; the message names the file and the row, and never holds a text."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts with a label each, in the order of the file.

    texts   n texts, none empty, settled as those of a run's documents        toxic  boolean, shape (n,)
    empty   rows left out for want of a text
    """

    texts: tuple[str, ...]
    toxic: np.ndarray
    empty: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, chosen: np.ndarray) -> "Examples":
        """Those where the boolean array, shape (n,), is True."""
        return Examples(tuple(t for t, c in zip(self.texts, chosen, strict=True) if c), self.toxic[chosen])


def read(
    path: Path,
    text: str = "text",
    label: str = "label",
    toxic: Collection[str] = (),
    clean: Collection[str] = (),
    delimiter: str | None = None,
) -> Examples:
    """Labelled texts of a file: .tsv (no quoting), .csv, or .jsonl / .json (a row a line), each also with .gz.

    text, label    names of the columns, by the header of TSV and CSV
    toxic, clean   the labels of toxic and of clean texts; where only one is given, all other labels are the other kind
    delimiter      for files with another separator than their name says
    Labels are compared as text (1 and "1" are equal; true is "true"). Raises DataError.
    """
    toxic, clean = frozenset(map(str, toxic)), frozenset(map(str, clean))
    if not toxic and not clean:
        raise DataError("say which labels are toxic, or which are clean")
    if both := sorted(toxic & clean):
        raise DataError(f"the label {both[0]} is named both toxic and clean")
    texts: list[str] = []
    marks: list[bool] = []
    empty = 0
    for number, row in _rows(path, (text, label), delimiter):
        value, content = row[label], row[text]
        mark = str(value).lower() if isinstance(value, bool) else str(value).strip()
        if toxic and clean and mark not in toxic | clean:
            raise DataError(f"{path.name}, row {number}: the label {mark[:40]!r} is named neither toxic nor clean")
        content = settled(content) if isinstance(content, str) else ""
        if not content.strip():
            empty += 1
            continue
        texts.append(content)
        marks.append(mark in toxic if toxic else mark not in clean)
    found = np.array(marks, dtype=bool)
    if found.all() or not found.any():
        kind = "clean" if len(found) and found.all() else "toxic"
        raise DataError(f"{path.name}: none of {len(found)} texts is {kind}; check the names of the labels")
    return Examples(tuple(texts), found, empty)


def _rows(path: Path, columns: tuple[str, ...], delimiter: str | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows by number, counted from 1 without the header."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if kind not in ("tsv", "csv", "jsonl", "json") and delimiter is None:
        raise DataError(f"{path.name}: expected a file that ends in .tsv, .csv or .jsonl (or these with .gz)")
    try:
        raw = path.read_bytes()
        content = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or 'damaged gzip file'}") from error
    except (UnicodeDecodeError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is not UTF-8 text, or is damaged or cut off") from error
    if kind in ("jsonl", "json") and delimiter is None:
        for number, line in enumerate((line for line in content.split("\n") if line.strip()), 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path.name}, row {number}: not a JSON object on one line") from error
            if not isinstance(row, dict) or any(column not in row for column in columns):
                raise DataError(f"{path.name}, row {number}: no object with {' and '.join(columns)}")
            yield number, row
        return
    separator = delimiter or ("\t" if kind == "tsv" else ",")
    csv.field_size_limit(1 << 30)
    lines = io.StringIO(content, newline="")
    if separator == "\t":
        reader = csv.DictReader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.DictReader(lines, delimiter=separator)
    header = reader.fieldnames or ()
    for column in columns:
        if column not in header:
            raise DataError(f"{path.name} has no column {column!r} (it has: {', '.join(header)[:200]})")
    try:
        for number, row in enumerate(reader, 1):
            if any(row[column] is None for column in columns):
                raise DataError(f"{path.name}, row {number}: fewer fields than the header names")
            yield number, row
    except csv.Error as error:
        raise DataError(f"{path.name}: {error}") from error


def held_out(examples: Examples, share: float) -> np.ndarray:
    """Which examples are kept for measuring: this share of all texts, chosen by a hash of the text alone.

    Boolean, shape (n,). Equal texts fall on the same side, and a text's side never depends on the others.
    """
    return np.array([is_held_out(text.strip(), share) for text in examples.texts], dtype=bool)
