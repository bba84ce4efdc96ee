"""Labelled data as JSONL."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class EvaluationError(ValueError):
    """The request or the labelled data is wrong; the message names the file and the line, never their texts."""


def numbered_rows(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file, plain or gzip, with their lines (from 1); raises EvaluationError naming the line."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if zipped else open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise EvaluationError(f"{path}, line {number}: not JSON") from error
            if not isinstance(row, dict):
                raise EvaluationError(f"{path}, line {number}: not an object")
            yield number, row


def read_rows(path: str | Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file, plain or gzip; raises EvaluationError naming the line."""
    return [row for _, row in numbered_rows(path)]


def fields(path: str | Path, *names: str) -> list[tuple[Any, ...]]:
    """The values of these fields, a tuple for each row; raises EvaluationError for a row without one of them."""
    found = []
    for number, row in numbered_rows(path):
        for name in names:
            if name not in row:
                has = ", ".join(row)[:200]
                raise EvaluationError(f"{path}, line {number}: no field {name!r} (it has: {has})")
        found.append(tuple(row[name] for name in names))
    return found
