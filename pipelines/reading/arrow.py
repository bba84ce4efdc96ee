"""Arrow IPC, files and streams (as the library datasets writes its .arrow files): rows as in Parquet."""

from collections.abc import Collection, Iterator
from typing import Any

from pipelines import watch
from pipelines.reading.events import Damaged
from pipelines.reading.fields import Fields
from pipelines.reading.parquet import arrow_errors, batch_rows, column_path, schema_problem, unreadable
from pipelines.reading.rows import Event
from pipelines.watch import Doing

FILE_MAGIC = b"ARROW1"
_STREAM_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def arrow_rows(file: Any, source: str, fields: Fields) -> Iterator[Event]:
    """The rows of a file; the offset of a row is its number, from 0. What cannot be read is one event, and the last."""
    row = 0
    columns = {name for field in fields.names for name in (field, field.partition(".")[0])}
    try:
        found = batches(file, columns)
        while True:
            if reason := watch.begin(Doing.PLACE, source, row):
                yield Damaged(source, row, "", "", reason, f"from row {row} on")
                return
            batch = next(found, None)
            if batch is None:
                break
            if row == 0 and (problem := schema_problem(batch.schema, fields.text)):
                yield Damaged(source, 0, "", "", "schema_error", problem)
                return
            paths = {name: path for name in fields.names if (path := column_path(batch.schema, name))}
            yield from batch_rows(batch, row, source, fields, paths)
            row += batch.num_rows
        if not _ended(file):  # a stream that is cut between two messages, or in one, reads as if it were whole
            yield Damaged(source, row, "", "", "file_truncated", f"after row {row - 1}: the stream has no end mark")
    except arrow_errors() as error:
        yield from unreadable(source, row, f"from row {row} on", error, "arrow")


def _ended(file: Any) -> bool:
    """Whether the file ends as Arrow ends a file or a stream."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - len(_STREAM_END)))
    end = file.read(len(_STREAM_END))
    return bool(end.endswith(FILE_MAGIC) or end == _STREAM_END)


def batches(file: Any, columns: Collection[str] | None = None) -> Iterator[Any]:
    """The record batches of an IPC file or stream.

    columns  those that will be looked into; None: all

    Raises ArrowInvalid where one of them does not fit its buffers. Arrow itself believes what a file says of offsets
    and counts, and reads memory that is not the file's, or ends the process.
    """
    import pyarrow as pa

    file.seek(0)
    is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
    file.seek(0)
    for batch in _file_batches(pa.ipc.open_file(file)) if is_file else pa.ipc.open_stream(file):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if columns is None or name in columns:
                _check(column)
        yield batch


def _file_batches(reader: Any) -> Iterator[Any]:
    return (reader.get_batch(number) for number in range(reader.num_record_batches))


def _check(column: Any) -> None:
    import pyarrow as pa
    import pyarrow.types as types

    for is_text, as_bytes in (
        (types.is_string, pa.binary),
        (types.is_large_string, pa.large_binary),
        (types.is_string_view, pa.binary_view),
    ):
        if is_text(column.type):  # a text that is no UTF-8 costs its own row, not the batch
            column = column.view(as_bytes())
    column.validate(full=True)
