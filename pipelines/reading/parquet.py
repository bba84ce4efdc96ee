"""Parquet: a row has a text, and if it has them an id, a url and a date. Page checksums are verified where present."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pipelines import watch
from pipelines.reading import parquetpages
from pipelines.reading.events import Damaged
from pipelines.reading.fields import ROW_BYTES, Fields
from pipelines.reading.rows import Event, RowError, page_of_row
from pipelines.watch import Doing

_NAME = re.compile(r"[^\W\d](?:[^\W\d]|[_.-]|\d{1,4}(?!\d)){0,40}")
_EPOCH = datetime(1970, 1, 1)
_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1024
_DECODED_BYTES = 64 << 20  # of the rows of a batch
_EXPANSION = 1032  # what deflate makes of a byte at most; a dictionary can make a hundred thousand
_PAGES_BYTES = 4 * ROW_BYTES  # of the pages of all columns at a time, or four times what a row may have
_BUFFER_BYTES = 1 << 20  # of a column chunk as it is stored, which may be as large as the file


def parquet_rows(
    file: Any, start: int, end: int | None, first_row: int, source: str, fields: Fields
) -> Iterator[Event]:
    """The rows of the row groups start to end (not included).

    first_row  rows before start; the offset of a row is its number in the file, from 0

    A row group that cannot be read is one event, at the first of its rows that is lost, and the next group follows;
    what is wrong with the whole file is told by its first piece. So it does not matter how a file is cut.
    """
    import pyarrow.parquet as pq

    try:
        file.seek(0)
        parquet = pq.ParquetFile(file, page_checksum_verification=True, buffer_size=_BUFFER_BYTES)
        schema = parquet.schema_arrow
    except arrow_errors() as error:
        yield from unreadable(source, first_row, "the file", error) if start == 0 else ()
        return
    problem = schema_problem(schema, fields.text)
    if problem:
        if start == 0:
            yield Damaged(source, 0, "", "", "schema_error", problem)
        return
    paths = {name: path for name in fields.names if (path := column_path(schema, name))}
    columns = list(dict.fromkeys(".".join(path) for path in paths.values()))
    row = first_row
    for group in range(start, parquet.num_row_groups if end is None else end):
        metadata = parquet.metadata.row_group(group)
        next_group = row + metadata.num_rows
        try:
            batches = _batches(file, parquet, group, columns, fields.max_bytes)
            while row < next_group:
                if reason := watch.begin(Doing.PLACE, source, row):
                    yield Damaged(source, row, "", "", reason, f"rows {row} to {next_group - 1}")
                    break
                batch = next(batches, None)
                if batch is None:
                    break
                yield from batch_rows(batch, row, source, fields, paths)
                row += batch.num_rows
        except RowError as error:
            yield Damaged(source, row, "", "", error.reason, f"rows {row} to {next_group - 1}: {error.detail}")
        except arrow_errors() as error:
            yield from unreadable(source, row, f"rows {row} to {next_group - 1}", error)
        row = next_group


def _batches(file: Any, parquet: Any, group: int, columns: list[str], row_bytes: int) -> Iterator[Any]:
    """The record batches of a row group, of so many rows as decode to _DECODED_BYTES, or to what the pages take.

    Raises RowError where its pages or a row take more than memory should, or where more is made of it than of any file
    that is not made for it.
    """
    metadata = parquet.metadata.row_group(group)
    pages = parquetpages.columns(file, metadata, set(columns), parquet.schema)
    inflated, most = sum(column.largest for column in pages), max(_PAGES_BYTES, 4 * row_bytes)
    if inflated > most:
        raise RowError("parquet_unreadable", f"pages of {inflated} bytes, at most {most}")
    bytes_a_row = max(1, metadata.total_byte_size // max(1, metadata.num_rows))
    rows = max(1, min(_BATCH_ROWS, _BATCH_BYTES // bytes_a_row))
    enough = max(_DECODED_BYTES, inflated)
    while (decoded := sum(column.most(rows) for column in pages)) > enough and rows > 1:
        rows //= 2
    if decoded > most:
        raise RowError("parquet_unreadable", f"a row of up to {decoded} bytes, at most {most}")
    stored = min(
        sum(metadata.column(number).total_compressed_size for number in range(metadata.num_columns)), file.seek(0, 2)
    )
    given, most = 0, max(ROW_BYTES, row_bytes, _EXPANSION * stored)
    for batch in parquet.iter_batches(batch_size=rows, row_groups=[group], columns=columns):
        given += batch.nbytes
        if given > most:
            raise RowError("parquet_unreadable", f"more than {most} bytes are made of {stored}")
        yield batch


def arrow_errors() -> tuple[type[Exception], ...]:
    """What pyarrow raises for files that are damaged or strange."""
    import pyarrow as pa

    return (pa.ArrowException, OSError, ValueError, ArithmeticError, LookupError, TypeError, NotImplementedError)


def unreadable(source: str, row: int, what: str, error: Exception, kind: str = "parquet") -> Iterator[Damaged]:
    """The event for what cannot be read; an error of the storage is not the file's and is raised again."""
    import pyarrow as pa

    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, pa.ArrowException):
        raise error
    yield Damaged(source, row, "", "", f"{kind}_unreadable", f"{what}: {type(error).__name__}")


def column_path(schema: Any, name: str) -> tuple[str, ...]:
    """Where a field is: the column of this very name, else a column of structs and what lies in it; () for nowhere."""
    import pyarrow.types as types

    if schema.names.count(name) == 1:
        return (name,)
    first, *rest = name.split(".")
    if not rest or schema.names.count(first) != 1:
        return ()
    kind = schema.field(first).type
    for part in rest:
        if not types.is_struct(kind) or kind.get_field_index(part) < 0:
            return ()
        kind = kind.field(part).type
    return (first, *rest)


def _column(batch: Any, path: tuple[str, ...]) -> Any:
    import pyarrow.compute as pc

    column = batch.column(batch.schema.get_field_index(path[0]))
    for part in path[1:]:
        column = pc.struct_field(column, [column.type.get_field_index(part)])
    return column


def schema_problem(schema: Any, text_field: str) -> str:
    import pyarrow.types as types

    names = schema.names
    if names.count(text_field) > 1:
        return f"several columns {text_field!r}"
    path = column_path(schema, text_field)
    if not path:
        # a table made without its header has a row's values for names
        shown = [name for name in names if _NAME.fullmatch(name)][:30]
        more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
        return f"no column {text_field!r}; columns found: {', '.join(shown)}{more}"
    kind = schema.field(path[0]).type
    for part in path[1:]:
        kind = kind.field(part).type
    if types.is_dictionary(kind):
        kind = kind.value_type
    if not _is_text(kind):
        return f"the column {text_field!r} holds {kind}, not strings"
    return ""


def batch_rows(
    batch: Any, first: int, source: str, fields: Fields, paths: dict[str, tuple[str, ...]]
) -> Iterator[Event]:
    """The pages of a record batch; paths: where each field is. The offset of a row is its number, from first on."""
    if batch.num_rows > 1 and batch.nbytes > _BATCH_BYTES:  # Python's values of a part at a time
        half = batch.num_rows // 2
        yield from batch_rows(batch.slice(0, half), first, source, fields, paths)
        yield from batch_rows(batch.slice(half), first + half, source, fields, paths)
        return
    optional = {*paths} - {fields.text}
    columns = {name: _values(_column(batch, paths[name])) for name in optional}
    columns[fields.text] = _bytes(_column(batch, paths[fields.text]))
    names = list(columns)
    for number, values in enumerate(zip(*columns.values(), strict=True), start=first):
        place = f"row {number}"
        if reason := watch.begin(Doing.PLACE, source, number):
            yield Damaged(source, number, "", "", reason, place)
        else:
            yield page_of_row(dict(zip(names, values, strict=True)), fields, source, number, place)


def _bytes(column: Any) -> list[bytes | None]:
    """Strings as the bytes they are stored in: Arrow does not check that they are UTF-8."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_binary()).to_pylist()


def _values(column: Any) -> list[Any]:
    """A column as Python's values: strings always decode, dates are ISO 8601; null for what Python cannot hold."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if _is_text(kind) and not _is_binary(kind):
        return [None if value is None else value.decode("utf-8", "replace") for value in _bytes(column)]
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return [_date(value, kind) for value in _numbers(column, kind)]
    try:
        return column.to_pylist()
    except arrow_errors():
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except arrow_errors():
        return None


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _is_text(kind: Any) -> bool:
    """Whether a column of this type can hold texts: strings, or bytes, which must be UTF-8."""
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or _is_binary(kind))


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _numbers(column: Any, kind: Any) -> list[int | None]:
    """Dates and times as the whole numbers they are stored as: as Python's they would raise outside of its years."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.int32() if pa.types.is_date32(kind) else pa.int64()).to_pylist()


def _date(value: int | None, kind: Any) -> str:
    """A stored date or time in ISO 8601, to the microsecond; "" for null and for years that it does not write."""
    import pyarrow as pa

    if value is None:
        return ""
    try:
        if pa.types.is_timestamp(kind):
            found = _EPOCH + timedelta(microseconds=value * 10**6 // _PER_SECOND[kind.unit])
            return found.isoformat() + ("+00:00" if kind.tz else "")
        days = value if pa.types.is_date32(kind) else value // 86_400_000
        return (_EPOCH + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return ""
