"""The table of scores as files: their paths, their columns, writing and reading them. Nothing else knows their names.

Below the ablation's directory, for each unit:

    scored/pages/GROUP-UNIT.parquet    a row a record, in the order read
    scored/NODE/UNIT.parquet           a row a document on a text path; `row` is the number of its page in the unit
    .curate/texts/NODE/UNIT.parquet    the texts of some text paths
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from filters.contracts import Scores
from filters.document import Drop, NoteValue
from pipelines import storage
from pipelines.inputs import WORK
from pipelines.manifest import FileRecord
from pipelines.scoring.plan import Measure, Node, Plan, Writer

PAGES = pa.schema(
    [
        ("id", pa.string()),
        ("pair", pa.string()),
        ("url", pa.string()),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("date", pa.string()),
        ("read", pa.string()),
        ("rule", pa.string()),
        ("bytes", pa.int64()),
    ]
)
TEXTS = pa.schema([("row", pa.int64()), ("text", pa.large_string())])
KEPT, DROPPED, FAILED = "kept", "dropped", "failed"  # values of pages.read and of a path's status
_PATH = pa.schema(
    [
        ("row", pa.int64()),
        ("status", pa.string()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("bytes", pa.int64()),
        ("tokens", pa.int64()),
    ]
)


def pages_file(group: int, unit: str) -> str:
    """The file of the pages of a unit, relative to the ablation's directory."""
    return storage.join("scored", "pages", f"{group:02d}-{unit}.parquet")


def rows_file(node: Node, unit: str) -> str:
    """The file of a unit's rows on a text path, relative to the ablation's directory."""
    return storage.join("scored", _folder(node), f"{unit}.parquet")


def texts_file(node: Node, unit: str) -> str:
    """The file of a unit's texts on a text path, relative to the ablation's directory."""
    return storage.join(WORK, "texts", _folder(node), f"{unit}.parquet")


def spool_folder(node: Node) -> str:
    """The folder of the documents that wait for the decision of a corpus rewriter, relative likewise."""
    return storage.join(WORK, "spool", _folder(node))


def decisions_folder(node: Node) -> str:
    """The folder of what was decided for a corpus rewriter, relative likewise."""
    return storage.join(WORK, "decisions", _folder(node))


def _folder(node: Node) -> str:
    return f"{node.number:02d}-{node.step.name.replace('/', '-')}"


# -------------------------------------------------------------------------------------------------------------- columns


def signal_column(measure: Measure, signal: str) -> str:
    """The column of a judge's signal."""
    return f"{measure.name}.{signal}"


def keys_column(measure: Measure) -> str:
    """The column of a corpus judge's key records."""
    return f"{measure.name}#keys"


def fault_column(measure: Measure) -> str:
    """The column of the reasons why a document could not be scored."""
    return f"{measure.name}!"


def note_column(plan: Plan, writer: Writer, note: str) -> str:
    """The column of a note, in the file of the writer's text path."""
    return f"{'' if writer.measure is None else plan.measures[writer.measure].name}@{note}"


# -------------------------------------------------------------------------------------------------------------- writing


class PathRows:
    """The rows of one text path in one unit while they are found; most columns are sparse."""

    def __init__(self, plan: Plan, node: Node) -> None:
        self._plan, self._node = plan, node
        self._rows: list[int] = []
        self._columns: dict[str, dict[int, Any]] = {}
        self._kinds: dict[str, pa.DataType] = {}
        self._texts: list[tuple[int, str]] = []

    def _put(self, row: int, column: str, value: Any, kind: pa.DataType | None = None) -> None:
        if column not in self._columns:
            self._columns[column] = {}
            self._kinds[column] = _PATH.field(column).type if kind is None else kind
        self._columns[column][row] = value

    def kept(self, row: int, size: int, tokens: int) -> None:
        """A document that has a text here: its size in bytes and in tokens."""
        self._rows.append(row)
        self._put(row, "status", KEPT)
        self._put(row, "bytes", size)
        self._put(row, "tokens", tokens)

    def dropped(self, row: int, drop: Drop) -> None:
        """A document that the step of this path dropped."""
        self._rows.append(row)
        self._put(row, "status", DROPPED)
        self._put(row, "rule", drop.rule)
        for column, value in (("value", drop.value), ("threshold", drop.threshold)):
            if not isinstance(value, str):
                self._put(row, column, float(value))

    def failed(self, row: int, reason: str) -> None:
        """A document that the step of this path failed on."""
        self._rows.append(row)
        self._put(row, "status", FAILED)
        self._put(row, "rule", reason)

    def text(self, row: int, text: str) -> None:
        """The text of a document, to be stored."""
        self._texts.append((row, text))

    def scores(self, row: int, measure: Measure, scores: Scores) -> None:
        """What a judge gave for a document."""
        for signal, value in scores.signals.items():
            self._put(row, signal_column(measure, signal), float(value), pa.float64())
        self.notes(row, measure.writer, measure.step.strategy.writes, scores.notes)

    def keys(self, row: int, measure: Measure, record: bytes) -> None:
        """The key record of a document for a corpus judge."""
        self._put(row, keys_column(measure), record, pa.binary())

    def fault(self, row: int, measure: Measure, reason: str) -> None:
        """Why a document could not be measured."""
        self._put(row, fault_column(measure), reason, pa.string())

    def notes(self, row: int, writer: Writer, writes: Mapping[str, str], notes: Mapping[str, NoteValue]) -> None:
        """The notes that a step wrote, those of them that it declares; writes holds their Arrow types."""
        for name, kind in writes.items():
            if name in notes:
                self._put(row, note_column(self._plan, writer, name), notes[name], pa.type_for_alias(kind))

    def write(self, root: str, unit: str, with_texts: bool) -> Iterator[FileRecord]:
        """Write the files of this path; gives their records."""
        columns: dict[str, list[Any]] = {"row": self._rows}
        kinds = {field.name: field.type for field in _PATH} | self._kinds
        for name in list(kinds)[1:]:
            found = self._columns.get(name, {})
            columns[name] = [found.get(row) for row in self._rows]
        yield _write(root, "scored", rows_file(self._node, unit), columns, pa.schema(list(kinds.items())))
        if with_texts:
            rows, texts = [row for row, _ in self._texts], [text for _, text in self._texts]
            yield _write(root, "texts", texts_file(self._node, unit), {"row": rows, "text": texts}, TEXTS)


def write_pages(root: str, group: int, unit: str, pages: Sequence[Mapping[str, Any]]) -> FileRecord:
    """Write the pages of a unit; what a page lacks is null. Returns the file's record."""
    columns = {name: [page.get(name) for page in pages] for name in PAGES.names}
    return _write(root, "pages", pages_file(group, unit), columns, PAGES)


def _write(root: str, kind: str, path: str, columns: Mapping[str, Sequence[Any]], schema: pa.Schema) -> FileRecord:
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    written = pa.Table.from_arrays(arrays, schema=schema)
    with storage.writing(storage.join(root, path)) as file:
        pq.write_table(written, file, compression="zstd", write_page_checksum=True)
    return FileRecord(kind, path, written.num_rows, file.written, file.hexdigest())


# -------------------------------------------------------------------------------------------------------------- reading


def read_file(root: str, path: str) -> pa.Table | None:
    """A file of the table; None if there is none: a unit of which nothing came this far has no file."""
    whole = storage.join(root, path)
    if not storage.exists(whole):
        return None
    with storage.reading(whole) as file:
        return pq.read_table(file, page_checksum_verification=True)


def columns_of(root: str, path: str) -> frozenset[str] | None:
    """The columns of a file of the table; None if there is no such file."""
    whole = storage.join(root, path)
    if not storage.exists(whole):
        return None
    with storage.reading(whole) as file:
        return frozenset(pq.read_schema(file).names)


def count(root: str, path: str) -> int | None:
    """The rows of a file of the table; None if there is no such file."""
    whole = storage.join(root, path)
    if not storage.exists(whole):
        return None
    with storage.reading(whole) as file:
        rows: int = pq.read_metadata(file).num_rows
    return rows


def read_columns(root: str, path: str, columns: Iterable[str]) -> pa.Table:
    """Some columns of a file of the table."""
    with storage.reading(storage.join(root, path)) as file:
        return pq.ParquetFile(file, page_checksum_verification=True).read(list(columns), use_threads=False)


@dataclass(frozen=True)
class StoredNotes:
    """The notes of a unit that were written on a text path and those before it, by row and writer."""

    _by_row: Mapping[int, Mapping[Writer, Mapping[str, NoteValue]]]

    def of(self, row: int) -> Mapping[Writer, Mapping[str, NoteValue]]:
        """What each writer noted of a page."""
        return self._by_row.get(row, {})

    @classmethod
    def read(cls, root: str, plan: Plan, node: Node, unit: str) -> "StoredNotes":
        """Read the notes of all steps on a text path."""
        found: dict[int, dict[Writer, dict[str, NoteValue]]] = {}
        for one in plan.lineage(node):
            table = read_file(root, rows_file(one, unit))
            if table is None:
                continue
            rows = table["row"].to_pylist()
            for writer, name in _written_on(plan, one):
                column = note_column(plan, writer, name)
                if column not in table.column_names:
                    continue
                for row, value in zip(rows, table[column].to_pylist(), strict=True):
                    if value is not None:
                        found.setdefault(row, {}).setdefault(writer, {})[name] = value
        return cls(found)


def _written_on(plan: Plan, node: Node) -> Iterable[tuple[Writer, str]]:
    for name in node.step.strategy.writes:
        yield node.writer, name
    for measure in plan.measures_at(node):
        for name in measure.step.strategy.writes:
            yield measure.writer, name
