"""How much memory rows of a Parquet file can take, found from the headers of its pages before anything is decoded.

A dictionary gives out a value as often as it is asked for, and a value may share its beginning with the one before: the
sizes that a file states say nothing about either. https://github.com/apache/parquet-format: Encodings.md, and the
Thrift definitions, of which the compact protocol is read here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_HEADER_BYTES = 1 << 12
_LARGEST_HEADER = 1 << 24
_WALKED_BYTES = 4 << 20  # of a dictionary, to find its longest value
_FIXED_BYTES = 16  # a number or a date
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3
_DICTIONARIES = (2, 8)
_SHARED_BEGINNINGS = 7
_VARIABLE = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")


@dataclass(frozen=True, slots=True)
class _Page:
    values: int
    bytes: int
    encoding: int


@dataclass(slots=True)
class Column:
    """The pages of a column in a row group.

    largest   bytes of its largest page, inflated, and of its dictionary: both are in memory at a time
    longest   bytes of the longest value of the dictionary, at most
    rows      of the row group
    repeated  the column is, or is in, a list
    variable  its values are bytes, not numbers
    """

    pages: list[_Page]
    largest: int
    longest: int
    rows: int
    repeated: bool
    variable: bool

    def most(self, rows: int) -> int:
        """The most bytes that so many rows in a row can take; of lists, their share, for the headers do not say which
        row holds how many values."""
        if self.repeated:
            whole = sum(self._weight(page, page.values) for page in self.pages)
            return whole * min(rows, self.rows) // max(1, self.rows)
        most = size = values = first = 0
        weights = [self._weight(page, rows) for page in self.pages]
        for number, page in enumerate(self.pages):
            size, values = size + weights[number], values + page.values
            # rows that begin in the first page and end in this one have a row in each, and all that lie between
            while first < number and values - self.pages[first].values - page.values > rows - 2:
                values, size, first = values - self.pages[first].values, size - weights[first], first + 1
            most = max(most, size)
        return most

    def _weight(self, page: _Page, rows: int) -> int:
        values = min(rows, page.values)
        if not self.variable:
            return values * _FIXED_BYTES
        if page.encoding in _DICTIONARIES:
            return values * (self.longest + _FIXED_BYTES)
        return page.bytes * (values if page.encoding == _SHARED_BEGINNINGS else 1)


def columns(file: Any, group: Any, paths: set[str], schema: Any) -> list[Column]:
    """The columns of a row group under these paths, their page headers read. group, schema: of the file's metadata."""
    found = []
    for number in range(group.num_columns):
        chunk, leaf = group.column(number), schema.column(number)
        if any(chunk.path_in_schema == path or chunk.path_in_schema.startswith(f"{path}.") for path in paths):
            found.append(_column(file, chunk, leaf, group.num_rows))
    return found


def _column(file: Any, chunk: Any, leaf: Any, rows: int) -> Column:
    begin = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < (chunk.dictionary_page_offset or 0) < begin:
        begin = chunk.dictionary_page_offset
    variable = leaf.physical_type in _VARIABLE
    column = Column([], 0, 0, rows, leaf.max_repetition_level > 0, variable)
    dictionary = 0
    for kind, position, packed, page in _pages(file, begin, begin + chunk.total_compressed_size):
        if kind == _DICTIONARY:
            dictionary = max(dictionary, page.bytes)
            if variable:
                column.longest = max(column.longest, _longest(file, position, packed, page.bytes, chunk, leaf))
        elif kind in (_DATA, _DATA_2):
            column.pages.append(page)
            column.largest = max(column.largest, page.bytes)
    column.largest += dictionary
    return column


def _longest(file: Any, position: int, packed: int, size: int, chunk: Any, leaf: Any) -> int:
    """The length of the longest value of a dictionary page; its whole size where it is large or cannot be read."""
    import pyarrow as pa

    if size > _WALKED_BYTES or leaf.physical_type != "BYTE_ARRAY":
        return size
    file.seek(position)
    data = file.read(packed)
    try:
        codec = chunk.compression.lower()
        data = data if codec == "uncompressed" else pa.decompress(data, size, _CODECS.get(codec, codec), asbytes=True)
    except (pa.ArrowException, ValueError, OSError):
        return size
    longest = at = 0
    last = len(data) - 4
    length_at = _LENGTH.unpack_from
    while at <= last:
        (length,) = length_at(data, at)
        if length > longest:
            longest = length
        at += 4 + length
    return min(longest, size)


_LENGTH = struct.Struct("<I")
_CODECS = {"lz4": "lz4_raw", "lz4_raw": "lz4_raw"}


def _pages(file: Any, at: int, end: int) -> Iterator[tuple[int, int, int, _Page]]:
    """(kind, where its data begin, their size as stored, page) of each page; ends where a header cannot be read."""
    while at < end:
        wanted = _HEADER_BYTES
        while True:
            file.seek(at)
            data = file.read(min(wanted, end - at))
            try:
                fields, size = _struct(data, 0, 0)
                break
            except IndexError:  # statistics in a header may be long
                if len(data) < wanted or wanted > _LARGEST_HEADER:
                    return
                wanted *= 8
            except ValueError:
                return
        header = next((found for key in (5, 7, 8) if isinstance(found := fields.get(key), dict)), {})
        encoding = header.get(4 if 8 in fields else 2, -1)
        values, inflated, packed = header.get(1, 0), fields.get(2, -1), fields.get(3, -1)
        if not all(isinstance(number, int) and number >= 0 for number in (values, inflated, packed)):
            return
        yield fields.get(1, -1), at + size, packed, _Page(values, inflated, encoding)
        at += size + packed


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError


def _struct(data: bytes, at: int, depth: int) -> tuple[dict[int, Any], int]:
    """The fields of a struct that are numbers or structs, by their ids, and where it ends. IndexError: cut."""
    fields: dict[int, Any] = {}
    key = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            key += head >> 4
        else:
            number, at = _varint(data, at)
            key = (number >> 1) ^ -(number & 1)
        fields[key], at = _value(data, at, head & 0x0F, depth)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if depth > 16:
        raise ValueError
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, at
    if kind in (4, 5, 6):
        number, at = _varint(data, at)
        return (number >> 1) ^ -(number & 1), at
    if kind == _STRUCT:
        return _struct(data, at, depth + 1)
    if kind in (_LIST, _SET):
        head = data[at]
        count, at = head >> 4, at + 1
        if count == 15:
            count, at = _varint(data, at)
        for _ in range(count):
            _, at = _value(data, at, _BYTE if head & 0x0F in (_TRUE, _FALSE) else head & 0x0F, depth + 1)
        return None, at
    if kind == _BINARY:
        length, at = _varint(data, at)
        at += length
    elif kind in (_BYTE, _DOUBLE):
        at += 1 if kind == _BYTE else 8
    else:
        raise ValueError
    if at > len(data):
        raise IndexError
    return None, at
