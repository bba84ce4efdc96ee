"""The table of scores as columns in memory: of the pages of each input group, and of each text path."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.scoring import table
from pipelines.scoring.plan import Measure, Node, Plan, Writer

KEPT, DROPPED, FAILED = 0, 1, 2
StoredTexts = Callable[[Node, Iterable[int]], dict[int, str]]  # a text path and pages to their texts
_CODES = {table.KEPT: KEPT, table.DROPPED: DROPPED, table.FAILED: FAILED}


@dataclass(frozen=True)
class Part:
    """The rows of one unit: its name and where they begin in the columns of its group."""

    unit: str
    start: int
    rows: int


class Pages:
    """The pages of one input group, in the order of its units; every column has shape (n,)."""

    def __init__(self, root: str, number: int, units: Sequence[str]) -> None:
        self.number = number
        self.parts: list[Part] = []
        self._tables = []
        self.rows = 0
        for unit in units:
            found = table.read_file(root, table.pages_file(number, unit))
            if found is not None:
                self.parts.append(Part(unit, self.rows, found.num_rows))
                self._tables.append(found)
                self.rows += found.num_rows

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids, strings."""
        return self._strings("id")

    @property
    def pairs(self) -> np.ndarray:
        """What pairs a page with the base's pages, strings: its id, or the value of a header."""
        return self._strings("pair")

    @property
    def urls(self) -> np.ndarray:
        """URLs, strings."""
        return self._strings("url")

    @property
    def sources(self) -> np.ndarray:
        """The files that pages were read from, strings."""
        return self._strings("source")

    @property
    def offsets(self) -> np.ndarray:
        """Where pages stand in their files, float64."""
        return self._numbers("offset")

    @property
    def dates(self) -> np.ndarray:
        """Dates (ISO 8601), strings."""
        return self._strings("date")

    @property
    def bytes(self) -> np.ndarray:
        """Bytes of what was read, int64; 0 where the reader rejected the record."""
        return np.nan_to_num(self._numbers("bytes")).astype(np.int64)

    @cached_property
    def read(self) -> np.ndarray:
        """KEPT, DROPPED or FAILED by the reader, int8."""
        return _coded(self._strings("read"), FAILED)

    @property
    def rules(self) -> np.ndarray:
        """The rule or reason by which the reader rejected a record, strings; "" where it did not."""
        return self._strings("rule")

    def _strings(self, name: str) -> np.ndarray:
        if not self._tables:
            return np.empty(0, dtype=object)
        return np.concatenate([_values(one[name], object, "") for one in self._tables])

    def _numbers(self, name: str) -> np.ndarray:
        if not self._tables:
            return np.empty(0)
        return np.concatenate([_values(one[name], np.float64, np.nan) for one in self._tables])


class PathColumns:
    """The rows of one text path, dense: entry i belongs to page i of the group; what was not reached is empty."""

    def __init__(self, pages: Pages, root: str, node: Node) -> None:
        self._pages = pages
        self._root, self._node = root, node
        self._columns: dict[str, np.ndarray] = {}

    @cached_property
    def _files(self) -> list[tuple[Part, Any]]:
        found = ((part, table.read_file(self._root, table.rows_file(self._node, part.unit))) for part in self._parts)
        return [(part, one) for part, one in found if one is not None]

    @property
    def _parts(self) -> list[Part]:
        return self._pages.parts

    @cached_property
    def names(self) -> frozenset[str]:
        """All columns that some unit has."""
        return frozenset(name for _, one in self._files for name in one.column_names)

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, float64 of shape (n,), NaN if there is none."""
        return self._column(name, np.float64, np.nan)

    def strings(self, name: str) -> np.ndarray:
        """A column of strings, objects of shape (n,), "" if there is none."""
        return self._column(name, object, "")

    def binary(self, name: str) -> np.ndarray:
        """A column of bytes, objects of shape (n,), None if there is none."""
        return self._column(name, object, None)

    def _column(self, name: str, kind: Any, empty: Any) -> np.ndarray:
        if name not in self._columns:
            column = np.full(self._pages.rows, empty, dtype=kind)
            for part, one in self._files:
                if name in one.column_names:
                    column[one["row"].to_numpy() + part.start] = _values(one[name], kind, empty)
            self._columns[name] = column
        return self._columns[name]


def _values(column: Any, kind: Any, empty: Any) -> np.ndarray:
    if kind is np.float64:
        return np.asarray(column.cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)
    values = np.empty(len(column), dtype=object)
    values[:] = [empty if value is None else value for value in column.to_pylist()]
    return values


def _coded(names: np.ndarray, otherwise: int) -> np.ndarray:
    codes = np.full(len(names), otherwise, dtype=np.int8)
    for name, code in _CODES.items():
        codes[names == name] = code
    return codes


@dataclass(frozen=True)
class Status:
    """What became of every page on a text path, shape (n,).

    how    KEPT, DROPPED, FAILED, or -1 where the page did not come this far
    names  the rules and reasons there are          which  the index in names of what removed a page, 0 for others
    """

    how: np.ndarray
    names: list[str]
    which: np.ndarray


class Scored:
    """All that was scored."""

    def __init__(self, root: str, plan: Plan, units: Sequence[Sequence[str]]) -> None:
        self.root = root
        self.plan = plan
        self.groups = [Pages(root, number, names) for number, names in enumerate(units)]
        self._paths: dict[int, PathColumns] = {}
        self._status: dict[int, Status] = {}
        self._sizes: dict[tuple[int, str], np.ndarray] = {}
        self._faults: dict[int, np.ndarray | None] = {}

    def pages(self, node: Node) -> Pages:
        """The pages of a text path's input group."""
        return self.groups[node.group]

    def node_of(self, measure: Measure) -> Node:
        """The text path on which something was measured."""
        return self.plan.nodes[measure.node]

    def status(self, node: Node) -> Status:
        """What became of the pages on a text path."""
        if node.number not in self._status:
            columns = self._path(node)
            how = _coded(columns.strings("status"), -1)
            rules = columns.strings("rule")
            names = sorted(set(rules[(how == DROPPED) | (how == FAILED)].tolist()))
            code = {name: number for number, name in enumerate(names)}
            which = np.array([code.get(name, 0) for name in rules.tolist()], dtype=np.int32)
            self._status[node.number] = Status(how, names, which)
        return self._status[node.number]

    def reached(self, node: Node) -> np.ndarray:
        """Which pages have a text on this path."""
        return np.asarray(self.status(node).how == KEPT)

    def bytes(self, node: Node) -> np.ndarray:
        """Bytes of the texts on a path, 0 if there is none; int64 of shape (n,)."""
        return self._size(node, "bytes")

    def tokens(self, node: Node) -> np.ndarray:
        """Tokens of the texts on a path, 0 if there is none; int64 of shape (n,)."""
        return self._size(node, "tokens")

    def sizes(self, node: Node, mask: np.ndarray) -> dict[str, int]:
        """Documents, bytes and tokens of some pages on a text path."""
        return {
            "documents": int(mask.sum()),
            "bytes": int(self.bytes(node)[mask].sum()),
            "tokens": int(self.tokens(node)[mask].sum()),
        }

    def signal(self, measure: Measure, name: str) -> np.ndarray:
        """The values of a judge's signal, float64 of shape (n,), NaN where nothing was scored."""
        return self._path(self.node_of(measure)).numbers(table.signal_column(measure, name))

    def note(self, writer: Writer | None, name: str, group: int) -> np.ndarray:
        """A note's values, objects of shape (n,), "" where nobody wrote it."""
        if writer is None:
            return np.full(self.groups[group].rows, "", dtype=object)
        return self._path(self.plan.nodes[writer.node]).strings(table.note_column(self.plan, writer, name))

    def faults(self, measure: Measure) -> np.ndarray | None:
        """Why pages could not be measured, strings of shape (n,), "" where they could; None where all could."""
        if measure.number not in self._faults:
            columns, name = self._path(self.node_of(measure)), table.fault_column(measure)
            self._faults[measure.number] = columns.strings(name) if name in columns.names else None
        return self._faults[measure.number]

    def keys(self, measure: Measure) -> np.ndarray:
        """The key records of a corpus judge, bytes or None, shape (n,)."""
        return self._path(self.node_of(measure)).binary(table.keys_column(measure))

    def _size(self, node: Node, what: str) -> np.ndarray:
        key = (node.number, what)
        if key not in self._sizes:
            self._sizes[key] = np.nan_to_num(self._path(node).numbers(what)).astype(np.int64)
        return self._sizes[key]

    def _path(self, node: Node) -> PathColumns:
        if node.number not in self._paths:
            self._paths[node.number] = PathColumns(self.pages(node), self.root, node)
        return self._paths[node.number]


def in_parts(parts: Sequence[Part], rows: Sequence[int]) -> Mapping[Part, frozenset[int]]:
    """By part, the rows (numbered as in the columns) that lie in it, numbered as in the unit; none is empty."""
    found = {}
    for part in parts:
        inside = frozenset(row - part.start for row in rows if part.start <= row < part.start + part.rows)
        if inside:
            found[part] = inside
    return found
