"""The scored table of an ablation as columns in memory, one set for each input group and text path."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipelines import storage
from pipelines.scoring.score import Plan, Source


@dataclass(frozen=True)
class Part:
    """The rows of one unit: its name and where they begin in the columns of its group."""

    unit: str
    start: int
    rows: int


class PathTable:
    """The rows of one text path, dense: entry i belongs to page i of the group; what was not reached is empty."""

    def __init__(self, group: "Group", folder: str) -> None:
        self._group = group
        self._folder = folder
        self._columns: dict[str, np.ndarray] = {}

    @cached_property
    def _files(self) -> list[tuple[Part, Any]]:
        found = []
        for part in self._group.parts:
            path = storage.join(self._folder, f"{part.unit}.parquet")
            if storage.exists(path):
                with storage.reading(path) as file:
                    found.append((part, pq.read_table(file, page_checksum_verification=True)))
        return found

    @cached_property
    def names(self) -> list[str]:
        """All columns that some unit has."""
        return sorted({name for _, table in self._files for name in table.column_names})

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, float64 of shape (n,), NaN where there is none."""
        return self._column(name, np.float64, np.nan)

    def strings(self, name: str) -> np.ndarray:
        """A column of strings, objects of shape (n,), "" where there is none."""
        return self._column(name, object, "")

    def binary(self, name: str) -> np.ndarray:
        """A column of bytes, objects of shape (n,), None where there is none."""
        return self._column(name, object, None)

    def _column(self, name: str, kind: Any, empty: Any) -> np.ndarray:
        if name not in self._columns:
            column = np.full(self._group.rows, empty, dtype=kind)
            for part, table in self._files:
                if name in table.column_names:
                    rows = table["row"].to_numpy() + part.start
                    column[rows] = _values(table[name], kind, empty)
            self._columns[name] = column
        return self._columns[name]


def _values(column: Any, kind: Any, empty: Any) -> np.ndarray:
    if kind is np.float64:
        return np.asarray(column.cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)
    values = np.empty(len(column), dtype=object)
    values[:] = [empty if value is None else value for value in column.to_pylist()]
    return values


class Group:
    """The pages of one input group, in the order of its units."""

    def __init__(self, root: str, number: int, units: Sequence[str]) -> None:
        self.number = number
        self.parts: list[Part] = []
        tables = []
        start = 0
        for unit in units:
            path = storage.join(root, "scored", "pages", f"{number:02d}-{unit}.parquet")
            if not storage.exists(path):
                continue
            with storage.reading(path) as file:
                table = pq.read_table(file, page_checksum_verification=True)
            self.parts.append(Part(unit, start, table.num_rows))
            tables.append(table)
            start += table.num_rows
        self.rows = start
        self._tables = tables

    def strings(self, name: str) -> np.ndarray:
        """A column of the pages: id, pair, url, source, date, read, rule."""
        if not self._tables:
            return np.empty(0, dtype=object)
        return np.concatenate([_values(table[name], object, "") for table in self._tables])

    def numbers(self, name: str) -> np.ndarray:
        """A column of the pages: offset, bytes."""
        if not self._tables:
            return np.empty(0)
        return np.concatenate([_values(table[name], np.float64, np.nan) for table in self._tables])


class Scored:
    """All that was scored."""

    def __init__(self, root: str, plan: Plan, units: Sequence[Sequence[str]]) -> None:
        self.root = root
        self.plan = plan
        self.groups = [Group(root, number, names) for number, names in enumerate(units)]
        self._paths: dict[int, PathTable] = {}

    def path(self, node: int) -> PathTable:
        """The rows of a text path."""
        if node not in self._paths:
            found = self.plan.nodes[node]
            folder = storage.join(self.root, "scored", found.folder)
            self._paths[node] = PathTable(self.groups[found.group], folder)
        return self._paths[node]

    def note(self, source: Source | None, name: str, group: int) -> np.ndarray:
        """A note's values as strings, "" where nobody wrote it."""
        if source is None:
            return np.full(self.groups[group].rows, "", dtype=object)
        kind, number = source
        if kind == "node":
            return self.path(number).strings(f"@{name}")
        measure = self.plan.measures[number]
        return self.path(measure.node).strings(f"{measure.label}@{name}")
