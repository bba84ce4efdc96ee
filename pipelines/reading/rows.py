"""A row to a page, whatever format it stands in: only the text is required, and what is optional never costs a row."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from filters.document import RawPage
from pipelines.reading import pages
from pipelines.reading.events import Damaged, Event
from pipelines.reading.fields import Fields, as_carried, lookup

_EPOCH = datetime(1970, 1, 1)
_SHOWN_CHARACTERS = 4096  # of the address of a row that is too long
# A number that is a date: seconds since 1970 up to the year 5138, else thousandths, millionths or billionths of them.
_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
_FIRST_SECOND = 10**8  # March 1973: smaller numbers count something else


class RowError(ValueError):
    """A row that gives no page: a reason, and a detail that holds nothing of the row."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def page_of_row(row: Mapping[str, Any], fields: Fields, source: str, offset: int, place: str) -> Event:
    """The page of a row that was read as a mapping from names of fields to values: those of JSON, of Arrow, of a CSV.

    fields  which fields are text, id, url and date, and which to carry; a dotted name may be a key of the row itself
    offset  number of the row in its file, for the row key
    place   what a person calls that place ("line 7"): details of damage begin with it

    text must be a string, or bytes in UTF-8. Of the rest anything goes: numbers are ids and dates, a list stands for
    the first of it that is usable, and what is no id, address or date is as good as absent.
    """
    page_id = pages.clean_id(as_name(lookup(row, fields.id)), pages.ID_CHARACTERS)
    url = pages.clean_url(_address(lookup(row, fields.url)))
    try:
        body = _body(row, fields.text)
    except RowError as error:
        return Damaged(source, offset, page_id, url, error.reason, f"{place}: {error.detail}")
    day = next((found for name in fields.dates if (found := as_date(lookup(row, name)))), "")
    carried = {name: value for name in fields.carry if (value := as_carried(lookup(row, name))) is not None}
    event = pages.text_page(source, offset, body, page_id, url, day, carried=carried)
    if isinstance(event, Damaged):
        return Damaged(source, offset, event.id, event.url, event.reason, f"{place}: {event.detail}")
    if isinstance(event, RawPage):
        size = len(event.body) + len(url)
        if carried:
            size += sum(map(len, carried.values()))
        if size > fields.max_bytes:
            detail = f"{place}: {size} bytes in the fields that are read, at most {fields.max_bytes}"
            return Damaged(source, offset, event.id, url[:_SHOWN_CHARACTERS], "doc_too_long", detail)
    return event


def _body(row: Mapping[str, Any], name: str) -> bytes:
    text = lookup(row, name)
    if isinstance(text, str):
        try:
            return text.encode()
        except UnicodeEncodeError:
            # Escapes such as \ud83d\ude00 that a writer put apart are one character; halves without the other are
            # nothing.
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore").encode()
    if isinstance(text, (bytes, bytearray, memoryview)):
        text = bytes(text)
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise RowError("bad_unicode", f"invalid UTF-8 at byte {error.start} of {len(text)}") from None
        return text
    if text is None:
        raise RowError("schema_error", f"the field {name!r} is {'null' if name in row else 'missing'}")
    raise RowError("schema_error", f"the field {name!r} is {kind_of(text)}, not a string")


def as_name(value: Any) -> str:
    """A value as an id: strings, whole numbers (1.0 is 1, as tools write a column with a gap) and other numbers;
    "" for everything else."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float):
        whole = int(value) if value == value and abs(value) != float("inf") else None
        return "" if whole is None else str(whole) if whole == value else repr(value)
    if isinstance(value, (str, int, Decimal, UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    return _first(value, as_name)


def _address(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else _first(value, _address)


def as_date(value: Any) -> str:
    """A value as a date in ISO 8601: dates, strings that hold one, and numbers: seconds since 1970 (or thousandths,
    millionths, billionths of them), a year, or the digits of a date (20240131). "" for everything else."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, str):
        if found := pages.clean_date(value):
            return found
        digits = value.strip()
        return _numbered(Decimal(digits)) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else ""
    if isinstance(value, (int, float, Decimal)):
        return _numbered(value)
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    return _first(value, as_date)


def _numbered(value: int | float | Decimal) -> str:
    try:
        if value == int(value):
            digits = str(int(value))
            if len(digits) in (4, 8, 14) and (found := _in_digits(digits)):
                return found
        per_second = next((unit for limit, unit in _UNITS if value < limit), None)
        if per_second is None or value < _FIRST_SECOND * per_second:
            return ""
        microseconds = int(value * 10**6) // per_second
        return (_EPOCH + timedelta(microseconds=microseconds)).isoformat() + "Z"
    except (ArithmeticError, ValueError):  # NaN, infinity, years that a date cannot have
        return ""


def _in_digits(digits: str) -> str:
    """A year, a day or a second written as digits; "" if the year is not 1900 to 2100."""
    if not "1900" <= digits[:4] <= "2100":
        return ""
    if len(digits) == 8:
        digits = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return pages.clean_date(digits)


def _first(value: Any, make: Any) -> str:
    """What a function makes of the first item of a list of which it makes something; "" for what is no list."""
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
        return next((found for item in value if isinstance(item, (str, int, float)) and (found := make(item))), "")
    return ""


def kind_of(value: Any) -> str:
    """What kind of value of JSON something is, for a message."""
    if isinstance(value, bool):
        return "a boolean"
    for types, name in (
        ((int, float, Decimal), "a number"),
        ((str,), "a string"),
        ((Mapping,), "an object"),
        ((list, tuple), "an array"),
    ):
        if isinstance(value, types):
            return name
    return "null" if value is None else "another kind of value"
