"""The table of scores as columns: of the pages of each input group, and of each text path.

A column is read from its files when it is asked for. Those used last are held, up to HELD_BYTES, so memory grows with
the number of pages, and not with that of judges. Strings of few kinds are held as codes.
"""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from pipelines.scoring import table
from pipelines.scoring.plan import Measure, Node, Plan, Writer

KEPT, DROPPED, FAILED = 0, 1, 2
HELD_BYTES = 1 << 29
StoredTexts = Callable[[Node, Iterable[int]], dict[int, str]]  # a text path and pages to their texts
_CODES = {table.KEPT: KEPT, table.DROPPED: DROPPED, table.FAILED: FAILED}


class Coded(NamedTuple):
    """Strings of n pages: that of page i is names[codes[i]]. names are different; codes: shape (n,)."""

    names: list[str]
    codes: np.ndarray

    @property
    def strings(self) -> np.ndarray:
        """The strings, objects of shape (n,)."""
        return np.array(self.names, dtype=object)[self.codes] if self.names else np.empty(0, dtype=object)

    def where(self, name: str) -> np.ndarray:
        """Which pages have this string."""
        code = self.names.index(name) if name in self.names else -1
        return np.asarray(self.codes == code)

    def named(self, names: Sequence[str]) -> "Coded":
        """Other strings, names[i] in the place of self.names[i]; they may be equal."""
        known = sorted(set(names))
        code = {name: number for number, name in enumerate(known)}
        return Coded(known, _small(np.array([code[name] for name in names], dtype=np.int64)[self.codes], len(known)))

    def counts(self) -> Counter[str]:
        """How many pages have each string."""
        return Counter(dict(zip(self.names, np.bincount(self.codes, minlength=len(self.names)).tolist(), strict=True)))


def _small(codes: np.ndarray, names: int) -> np.ndarray:
    return codes.astype(np.int8 if names <= 1 << 7 else np.int16 if names <= 1 << 15 else np.int32)


class Held:
    """Values made on demand; those used last are held, up to so many bytes (of their arrays), and one at least."""

    def __init__(self, most: int = HELD_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of a key, made where it is not held; it knows its nbytes."""
        if key not in self._values:
            value = make()
            self.put(key, value)
            return value
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        """Hold a value under a key that holds none."""
        self._values[key] = value, value.nbytes
        self._bytes += value.nbytes
        while self._bytes > self._most and len(self._values) > 1:
            self._bytes -= self._values.popitem(last=False)[1][1]

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values


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
        self._root = root
        self.rows = 0
        for unit in units:
            rows = table.count(root, table.pages_file(number, unit))
            if rows is not None:
                self.parts.append(Part(unit, self.rows, rows))
                self.rows += rows

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids, strings. Some of them are cheaper to have from strings_at()."""
        return self._strings("id")

    @property
    def pairs(self) -> np.ndarray:
        """What pairs a page with the base's pages, strings: its id, or the value of a header."""
        return self._strings("pair")

    @property
    def urls(self) -> np.ndarray:
        """URLs, strings."""
        return self._strings("url")

    @cached_property
    def bytes(self) -> np.ndarray:
        """Bytes of what was read, int64; 0 where the reader rejected the record."""
        found = np.zeros(self.rows, dtype=np.int64)
        for part, column in self.columns("bytes"):
            found[part.start : part.start + part.rows] = np.nan_to_num(_numbers(column["bytes"])).astype(np.int64)
        return found

    @cached_property
    def read(self) -> np.ndarray:
        """KEPT, DROPPED or FAILED by the reader, int8."""
        return _how(self.coded("read"), FAILED)

    @cached_property
    def rules(self) -> Coded:
        """The rule or reason by which the reader rejected a record; "" where it did not."""
        return self.coded("rule")

    @cached_property
    def ranks(self) -> np.ndarray:
        """Hashes of the ids, uint64, by which pages are chosen: the same ones every time."""
        found = np.empty(self.rows, dtype=np.uint64)
        for part, column in self.columns("id"):
            digests = b"".join(map(_digest, column["id"].to_pylist()))
            found[part.start : part.start + part.rows] = np.frombuffer(digests, dtype=">u8")
        return found

    def columns(self, *names: str) -> Iterator[tuple[Part, Any]]:
        """(part, the columns of its pages, an Arrow table), part by part."""
        for part in self.parts:
            yield part, table.read_columns(self._root, table.pages_file(self.number, part.unit), names)

    def coded(self, name: str, change: Callable[[Any], Any] | None = None) -> Coded:
        """A column of strings, "" where there is none; change: what is made of the Arrow array of each part."""

        def pieces() -> Iterator[tuple[Any, Any]]:
            for part, columns in self.columns(name):
                found = columns[name].combine_chunks()
                yield slice(part.start, part.start + part.rows), change(found) if change else found

        return _coded(pieces(), self.rows)

    def strings_at(self, name: str, rows: Sequence[int]) -> list[str]:
        """The strings of some pages, in the order of rows: only the files they are in are read."""
        wanted = np.asarray(rows, dtype=np.int64)
        found = np.full(len(wanted), "", dtype=object)
        for part in self.parts:
            here = np.flatnonzero((wanted >= part.start) & (wanted < part.start + part.rows))
            if len(here):
                file = table.pages_file(self.number, part.unit)
                column = table.read_columns(self._root, file, [name])[name].take(wanted[here] - part.start)
                found[here] = ["" if value is None else value for value in column.to_pylist()]
        return found.tolist()

    def _strings(self, name: str) -> np.ndarray:
        found = np.empty(self.rows, dtype=object)
        for part, column in self.columns(name):
            found[part.start : part.start + part.rows] = _strings(column[name])
        return found


class PathColumns:
    """The rows of one text path, dense: entry i belongs to page i of the group; what was not reached is empty."""

    def __init__(self, pages: Pages, root: str, node: Node, held: Held) -> None:
        self._pages = pages
        self._root, self._node, self._held = root, node, held

    @cached_property
    def _files(self) -> list[tuple[str, Any, frozenset[str]]]:
        """(file, the pages of its rows, its columns) of every unit that has rows on this path."""
        found = []
        for part in self._pages.parts:
            file = table.rows_file(self._node, part.unit)
            names = table.columns_of(self._root, file)
            if names is not None:
                rows = table.read_columns(self._root, file, ["row"])["row"].to_numpy()
                whole = len(rows) == part.rows and bool((rows == np.arange(part.rows)).all())
                where = slice(part.start, part.start + part.rows) if whole else (rows + part.start).astype(np.int32)
                found.append((file, where, names))
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """All columns that some unit has."""
        return frozenset().union(*(names for _, _, names in self._files))

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, float64 of shape (n,), NaN if there is none."""
        if (self._node.number, name) not in self._held:
            self._read(name)
        found: np.ndarray = self._held.get((self._node.number, name), partial(np.full, self._pages.rows, np.nan))
        return found

    def _read(self, name: str) -> None:
        """Read a column of numbers, and others of the same judge with it, as far as they can be held together:
        whoever asks for one asks for all of them, and opening files costs more than reading them."""
        judge = name.rpartition(".")[0]
        together = sorted(other for other in self.names if judge and other.rpartition(".")[0] == judge)
        new = [one for one in together if one != name and (self._node.number, one) not in self._held]
        chosen = [name, *new][: max(1, HELD_BYTES // max(1, 8 * self._pages.rows) // 2)]
        columns = {one: np.full(self._pages.rows, np.nan) for one in chosen if one in self.names}
        for file, where, names in self._files:
            here = [one for one in columns if one in names]
            if here:
                found = table.read_columns(self._root, file, here)
                for one in here:
                    columns[one][where] = _numbers(found[one])
        for one in reversed(columns):  # the one asked for is the last to be forgotten
            self._held.put((self._node.number, one), columns[one])

    def coded(self, name: str) -> Coded:
        """A column of strings of few kinds, "" if there is none."""
        return _coded(self._pieces(name), self._pages.rows)

    def binary(self, name: str) -> np.ndarray:
        """A column of bytes, objects of shape (n,), None if there is none."""
        column = np.full(self._pages.rows, None, dtype=object)
        for where, found in self._pieces(name):
            values = np.empty(len(found), dtype=object)
            values[:] = found.to_pylist()
            column[where] = values
        return column

    def _pieces(self, name: str) -> Iterator[tuple[Any, Any]]:
        for file, where, names in self._files:
            if name in names:
                yield where, table.read_columns(self._root, file, [name])[name].combine_chunks()


def _digest(name: str | None) -> bytes:
    return hashlib.blake2b((name or "").encode(), digest_size=8).digest()


def _numbers(column: Any) -> np.ndarray:
    return np.asarray(column.cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)


def _strings(column: Any) -> np.ndarray:
    values = np.empty(len(column), dtype=object)
    values[:] = ["" if value is None else value for value in column.to_pylist()]
    return values


def _coded(pieces: Iterable[tuple[Any, Any]], rows: int) -> Coded:
    """Strings of `rows` pages from (the pages, their Arrow column); "" for pages without one."""
    known: dict[str, int] = {"": 0}
    codes = np.zeros(rows, dtype=np.int32)
    for where, column in pieces:
        encoded = column.dictionary_encode()
        names = ["" if name is None else str(name) for name in encoded.dictionary.to_pylist()]
        numbers = np.array([*(known.setdefault(name, len(known)) for name in names), 0], dtype=np.int32)
        codes[where] = numbers[encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)]
    counts = np.bincount(codes, minlength=len(known))
    names = list(known)
    order = sorted((number for number in range(len(names)) if counts[number]), key=names.__getitem__)
    place = np.zeros(len(names), dtype=np.int32)
    place[order] = np.arange(len(order))
    return Coded([names[number] for number in order], _small(place[codes], len(order)))


def _how(coded: Coded, otherwise: int) -> np.ndarray:
    codes = np.array([_CODES.get(name, otherwise) for name in coded.names] or [otherwise], dtype=np.int8)
    return codes[coded.codes]


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
        self._faults: dict[int, Coded | None] = {}
        self._notes: dict[tuple[Writer | None, str, int], Coded] = {}
        self._held = Held()

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
            how = _how(columns.coded("status"), -1)
            rules = columns.coded("rule")
            gone = (how == DROPPED) | (how == FAILED)
            present = np.bincount(rules.codes[gone], minlength=len(rules.names))
            names = [name for name, count in zip(rules.names, present.tolist(), strict=True) if count]
            code = {name: number for number, name in enumerate(names)}
            which = np.array([code.get(name, 0) for name in rules.names] or [0], dtype=np.int32)
            self._status[node.number] = Status(how, names, _small(which[rules.codes], len(names)))
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

    def has_signal(self, measure: Measure, name: str) -> bool:
        """Whether a judge has a signal of this name; no column is read for the answer."""
        return table.signal_column(measure, name) in self._path(self.node_of(measure)).names

    def note(self, writer: Writer | None, name: str, group: int) -> Coded:
        """A note's values as strings, "" where nobody wrote it."""
        key = writer, name, group
        if key not in self._notes:
            rows = self.groups[group].rows
            found = _coded((), rows)
            if writer is not None:
                columns = self._path(self.plan.nodes[writer.node])
                found = columns.coded(table.note_column(self.plan, writer, name))
            self._notes[key] = found
        return self._notes[key]

    def faults(self, measure: Measure) -> Coded | None:
        """Why pages could not be measured, "" where they could; None where all could."""
        if measure.number not in self._faults:
            columns, name = self._path(self.node_of(measure)), table.fault_column(measure)
            self._faults[measure.number] = columns.coded(name) if name in columns.names else None
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
            self._paths[node.number] = PathColumns(self.pages(node), self.root, node, self._held)
        return self._paths[node.number]


def in_parts(parts: Sequence[Part], rows: Sequence[int]) -> Mapping[Part, frozenset[int]]:
    """By part, the rows (numbered as in the columns) that lie in it, numbered as in the unit; none is empty."""
    found = {}
    for part in parts:
        inside = frozenset(row - part.start for row in rows if part.start <= row < part.start + part.rows)
        if inside:
            found[part] = inside
    return found
