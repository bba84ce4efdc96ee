"""What is optional never costs a row, and means the same in JSON Lines and in Parquet."""

import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.document import RawPage
from pipelines.reading import read
from pipelines.reading.events import Damaged
from pipelines.reading.fields import Fields
from pipelines.reading.rows import page_of_row
from pipelines.reading.units import Piece

TEXT = "강가의 물레방아는 이제 작은 박물관이다."
MADE = "sha256:"


def page(**row: Any) -> RawPage:
    found = page_of_row({"text": TEXT, **row}, Fields(), "a.jsonl", 3, "line 3")
    assert isinstance(found, RawPage), found
    assert found.body.decode() == TEXT
    return found


IDS = [
    ("doc-7", "doc-7"),
    (7, "7"),
    (0, "0"),
    (-3, "-3"),
    (10**30, "1" + "0" * 30),
    (1.0, "1"),
    (2.5, "2.5"),
    (decimal.Decimal("12"), "12"),
    (b"bytes", "bytes"),
    (b"\xff\x00", "ff00"),
    (["first", "second"], "first"),
    ("", MADE),
    (None, MADE),
    (True, MADE),
    (False, MADE),
    (float("nan"), MADE),
    (float("inf"), MADE),
    ({"$oid": "5"}, MADE),
    ([], MADE),
    ([None, {}], MADE),
]


@pytest.mark.parametrize(("given", "expected"), IDS)
def test_ids(given: Any, expected: str) -> None:
    found = page(id=given).id
    assert found.startswith(MADE) if expected == MADE else found == expected


ADDRESSES = [
    ("http://a.example/", "http://a.example/"),
    (["http://a.example/", "http://b.example/"], "http://a.example/"),
    ([None, "", "http://b.example/"], "http://b.example/"),
    (b"http://a.example/", "http://a.example/"),
    (None, ""),
    (5, ""),
    (True, ""),
    ({}, ""),
    ([], ""),
    ([[["http://a.example/"]]], ""),
]


@pytest.mark.parametrize(("given", "expected"), ADDRESSES)
def test_addresses(given: Any, expected: str) -> None:
    assert page(url=given).url == expected


DATES = [
    ("2024-05-01", "2024-05-01"),
    (1_714_557_600, "2024-05-01T10:00:00Z"),
    (1_714_557_600.25, "2024-05-01T10:00:00.250000Z"),
    (1_714_557_600_000, "2024-05-01T10:00:00Z"),
    (1_714_557_600_000_000, "2024-05-01T10:00:00Z"),
    (1_714_557_600_000_000_000, "2024-05-01T10:00:00Z"),
    ("1714557600", "2024-05-01T10:00:00Z"),
    (20240501, "2024-05-01"),
    (20240501100000, "2024-05-01T10:00:00Z"),
    (2024, "2024"),
    (2024.0, "2024"),
    (datetime.date(2024, 5, 1), "2024-05-01"),
    (["2024-05-01"], "2024-05-01"),
    (20241399, ""),
    (0, ""),
    (-1, ""),
    (7, ""),
    (10**40, ""),
    (float("nan"), ""),
    (float("-inf"), ""),
    (True, ""),
    ("yesterday", ""),
    ({}, ""),
    (None, ""),
]


@pytest.mark.parametrize(("given", "expected"), DATES)
def test_dates(given: Any, expected: str) -> None:
    assert page(date=given).date == expected


TEXTS = [
    (TEXT.encode(), ""),
    (b"cut \xec\x95", "bad_unicode"),
    (None, "schema_error"),
    (5, "schema_error"),
    (True, "schema_error"),
    (["a"], "schema_error"),
    ({"ko": "a"}, "schema_error"),
]


@pytest.mark.parametrize(("given", "reason"), TEXTS)
def test_only_a_text_is_required(given: Any, reason: str) -> None:
    found = page_of_row({"text": given, "id": 7.0, "url": ["http://a.example/"]}, Fields(), "a", 3, "line 3")
    assert (found.id, found.url) == ("7", "http://a.example/")
    assert getattr(found, "reason", "") == reason
    if reason:
        assert isinstance(found, Damaged)
        assert found.detail.startswith("line 3: ")


LINES = [
    rb'{"id": 1.0, "text": "a"}',
    rb'{"id": NaN, "text": "a", "score": -Infinity}',
    rb'{"id": true, "url": [], "date": {}, "text": "a"}',
    rb'{"id": "x", "id": "y", "text": "a"}',
    rb'{"meta": {"k": 1, "k": 2}, "text": "a"}',
    b'{"n": ' + b"9" * 5000 + b', "text": "a"}',
    b'{"title": "cut in a character \xec\x95", "text": "a"}',
    b'\xef\xbb\xbf{"text": "a"}',
    b'\xef\xbb\xbf\xef\xbb\xbf{"text": "a"}',
    rb'{"id": "\ud800", "url": "\udfff", "date": "\ud83d", "text": "a"}',
]


def test_no_optional_field_of_json_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join((b'{"text": "first"}', *LINES)))
    found = list(read(Piece(str(path)), Fields(carry=("title", "meta", "score", "n"))))
    assert [event.body for event in found if isinstance(event, RawPage)] == [b"first"] + [b"a"] * len(LINES)
    assert found[5].carried == {"meta": '{"k": null}'}
    assert found[7].carried["title"].startswith("cut in a character")


def test_a_text_that_stands_twice_or_is_no_utf8_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"text": "a", "text": "b"}\n{"text": "a \xec\x95"}\n{"text": "a", "x": "\xff"}\n')
    found = list(read(Piece(str(path))))
    assert [getattr(event, "reason", "page") for event in found] == ["json_error", "bad_unicode", "page"]


COLUMNS = {
    "id": [1.0, None, 2.5],
    "url": [["http://a.example/", "http://b.example/"], [], None],
    "date": [1_714_557_600, 20240501, None],
}
EXPECTED = [("1", "http://a.example/", "2024-05-01T10:00:00Z"), ("", "", "2024-05-01"), ("2.5", "", "")]


def _facts(path: Path) -> list[tuple[str, str, str]]:
    found = list(read(Piece(str(path))))
    assert [event.body.decode() for event in found] == [TEXT] * 3
    return [("" if event.id.startswith(MADE) else event.id, event.url, event.date) for event in found]


def test_json_and_parquet_read_the_same_row_alike(tmp_path: Path) -> None:
    rows = [{"text": TEXT, **{name: values[n] for name, values in COLUMNS.items()}} for n in range(3)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert _facts(tmp_path / "rows.jsonl") == EXPECTED
    for kind in (pa.string(), pa.binary(), pa.large_binary(), pa.binary_view()):
        texts = pa.array([TEXT.encode()] * 3, pa.binary()).cast(kind)
        pq.write_table(pa.table({"text": texts, **COLUMNS}), tmp_path / "rows.parquet")
        assert _facts(tmp_path / "rows.parquet") == EXPECTED


def test_columns_of_any_type_cost_no_row_of_parquet(tmp_path: Path) -> None:
    strange = {
        "id": pa.array([b"0123456789abcdef", bytes(range(240, 256))], pa.binary(16)),
        "url": pa.array([{"a": 1}, None], pa.struct({"a": pa.int64()})),
        "date": pa.array([2**62, 2**62], pa.timestamp("ms")),
        "timestamp": pa.array([2**62, None], pa.duration("us")),
        "text": pa.array([TEXT, TEXT]),
    }
    pq.write_table(pa.table(strange), tmp_path / "rows.parquet")
    found = list(read(Piece(str(tmp_path / "rows.parquet")), Fields(carry=("timestamp",))))
    assert [event.id for event in found] == ["0123456789abcdef", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"]
    assert {(event.url, event.date) for event in found} == {("", "")}


def test_binary_text_that_is_no_utf8_costs_its_row_alone(tmp_path: Path) -> None:
    table = pa.table({"text": pa.array([b"a", b"\xff\xfe", "나".encode()], pa.binary())})
    pq.write_table(table, tmp_path / "rows.parquet")
    found = list(read(Piece(str(tmp_path / "rows.parquet"))))
    assert [getattr(event, "reason", "page") for event in found] == ["page", "bad_unicode", "page"]
