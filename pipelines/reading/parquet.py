"""Parquet: a row has a text, and if it has them an id, a url and a date. Page checksums are verified where present."""

from collections.abc import Iterator
from typing import Any

from filters.document import RawPage
from pipelines.reading import pages
from pipelines.reading.events import Damaged, Rejected

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1024
_OPTIONAL = ("id", "url", "date", "timestamp")

Event = RawPage | Rejected | Damaged


def parquet_rows(
    file: Any, start: int, end: int | None, first_row: int, source: str, text_field: str = "text"
) -> Iterator[Event]:
    """The rows of the row groups start to end (not included).

    first_row  rows before start; the offset of a row is its number in the file, from 0
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = first_row
    try:
        file.seek(0)
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        schema = parquet.schema_arrow
        problem = _problem(schema, text_field)
        if problem:
            yield Damaged(source, row, "", "", "schema_error", problem)
            return
        columns = [text_field, *(name for name in _OPTIONAL if name in schema.names)]
        groups = range(start, parquet.num_row_groups if end is None else end)
        for group in groups:
            metadata = parquet.metadata.row_group(group)
            bytes_a_row = max(1, metadata.total_byte_size // max(1, metadata.num_rows))
            size = max(1, min(_BATCH_ROWS, _BATCH_BYTES // bytes_a_row))
            for batch in parquet.iter_batches(batch_size=size, row_groups=[group], columns=columns):
                yield from _rows(batch, row, source, text_field)
                row += batch.num_rows
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno is not None and not isinstance(error, pa.ArrowException):
            raise
        yield Damaged(source, row, "", "", "parquet_unreadable", f"at row {row}: {type(error).__name__}")


def _problem(schema: Any, text_field: str) -> str:
    import pyarrow.types as types

    names = schema.names
    if text_field not in names:
        shown = ", ".join(repr(name)[1:-1][:60] for name in names[:30])
        return f"no column {text_field!r}; columns found: {shown}" + (", …" if len(names) > 30 else "")
    if names.count(text_field) > 1:
        return f"several columns {text_field!r}"
    kind = schema.field(text_field).type
    if types.is_dictionary(kind):
        kind = kind.value_type
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
        return f"the column {text_field!r} holds {kind}, not strings"
    return ""


def _rows(batch: Any, first: int, source: str, text_field: str) -> Iterator[Event]:
    texts = _bytes(batch.column(0))
    others = {name: _values(batch.column(name)) for name in batch.schema.names[1:]}
    empty = [""] * batch.num_rows
    ids, urls = others.get("id", empty), others.get("url", empty)
    dates = others.get("date", others.get("timestamp", empty))
    for number, body in enumerate(texts):
        row = first + number
        own, url = pages.clean_id(ids[number]), pages.clean_url(urls[number])
        if body is None:
            yield Damaged(source, row, own, url, "schema_error", f"row {row}: {text_field!r} is null")
            continue
        try:
            body.decode()
        except UnicodeDecodeError as error:
            detail = f"row {row}: invalid UTF-8 at byte {error.start} of {len(body)}"
            yield Damaged(source, row, own, url, "bad_unicode", detail)
            continue
        event = pages.text_page(source, row, body, own, url, pages.clean_date(dates[number]))
        if isinstance(event, Damaged):
            yield Damaged(source, row, event.id, event.url, event.reason, f"row {row}: {event.detail}")
            continue
        yield event


def _bytes(column: Any) -> list[bytes | None]:
    """Strings as the bytes they are stored in: Arrow does not check that they are UTF-8."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_binary()).to_pylist()  # type: ignore[no-any-return]


def _values(column: Any) -> list[str]:
    """A column of ids, addresses or dates as strings; "" for null and for types that are none of these."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return [(value or b"").decode("utf-8", "replace") for value in _bytes(column)]
    if pa.types.is_integer(kind):
        return ["" if value is None else str(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        strings = column.cast(pa.timestamp("us")).to_pylist()
        return ["" if value is None else value.isoformat() for value in strings]
    return [""] * len(column)
