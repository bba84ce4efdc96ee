"""Which fields of a row are its text, its id, its address and its date, and which go along into kept/."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The notes in which fields that go along travel: nothing a strategy could take for one of its own.
CARRIED = "carried:"


@dataclass(frozen=True)
class Fields:
    """Names of fields of JSONL rows, or of columns of Parquet; a dot reaches into an object or a struct (meta.url).

    date   "" takes date, or timestamp where there is no date
    carry  fields that go along into kept/, each a column of strings
    """

    text: str = "text"
    id: str = "id"
    url: str = "url"
    date: str = ""
    carry: tuple[str, ...] = ()

    @property
    def dates(self) -> tuple[str, ...]:
        """The fields asked for a date, in this order."""
        return (self.date,) if self.date else ("date", "timestamp")


USUAL = Fields()


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
    """A value that goes along, as a string that encodes: strings as they are, all else as JSON."""
    if value is None or value is TWICE:
        return None
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
