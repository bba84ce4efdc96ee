"""What is read: the text, id, address, date and carried fields of a row; which records of an archive."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic
from pydantic import BeforeValidator, ConfigDict


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given:
        raise ValueError("must be the name of a field")
    return given


def _name_or_none(given: Any) -> str:
    return given if given == "" else _name(given)


def _names(given: Any) -> tuple[str, ...]:
    if not isinstance(given, (list, tuple)) or not all(isinstance(name, str) and name for name in given):
        raise ValueError("must be a list of names of fields")
    return tuple(given)


def _bytes(given: Any) -> int:
    if type(given) is not int or not LEAST_ROW_BYTES <= given <= MOST_ROW_BYTES:
        raise ValueError(f"must be a whole number of bytes from {LEAST_ROW_BYTES} to {MOST_ROW_BYTES}")
    return given


ROW_BYTES = 64 << 20
LEAST_ROW_BYTES, MOST_ROW_BYTES = 1 << 10, 1 << 30  # that max_bytes may be
Name = Annotated[str, BeforeValidator(_name)]


@pydantic.dataclasses.dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Fields:
    """Names of fields of JSONL rows, or of columns of Parquet; a dot reaches into an object or a struct (meta.url).

    date       "" takes date, or timestamp where there is no date
    carry      fields to carry into kept/, each a column of strings
    max_bytes  what a row may take; a larger one is a failed row
    """

    text: Name = "text"
    id: Name = "id"
    url: Name = "url"
    date: Annotated[str, BeforeValidator(_name_or_none)] = ""
    carry: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    max_bytes: Annotated[int, BeforeValidator(_bytes)] = ROW_BYTES

    @property
    def dates(self) -> tuple[str, ...]:
        """The fields asked for a date, in this order."""
        return (self.date,) if self.date else ("date", "timestamp")

    @property
    def names(self) -> tuple[str, ...]:
        """All fields that are read."""
        return (self.text, self.id, self.url, *self.dates, *self.carry)


USUAL = Fields()

# Types of records of archives that can be documents. A resource is what a crawler stored without an HTTP head.
DOCUMENTS = ("response", "conversion", "resource")
USUAL_DOCUMENTS = ("response", "conversion")
ZSTD_LONG = 28


@dataclass(frozen=True)
class Reading:
    """What is read of the input.

    rows       which fields of rows
    records    which types of records of archives, of DOCUMENTS
    zstd_long  binary logarithm of the largest window of Zstandard that is read, as in `zstd --long`: 10 to 31. A worker
               needs so many bytes for a frame that fills it
    """

    rows: Fields = USUAL
    records: tuple[str, ...] = USUAL_DOCUMENTS
    zstd_long: int = ZSTD_LONG


USUAL_READING = Reading()


class _Twice:
    """What stands for the value of a key that an object has twice."""

    def __repr__(self) -> str:
        return "twice"


TWICE = _Twice()


def lookup(row: Mapping[str, Any], name: str) -> Any:
    """A field of a row, None where it has none: the field of this very name, else by the parts between dots."""
    if name in row or "." not in name:
        return row.get(name)
    found: Any = row
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _plain(value: Any) -> str | None:
    return (
        None if value is TWICE else bytes(value).decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    )


def as_carried(value: Any) -> str | None:
    """A carried value, as a string that encodes: strings as they are, all else as JSON."""
    if value is None or value is TWICE:
        return None
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
