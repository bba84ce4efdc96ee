"""JSON Lines and Parquet."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.document import RawPage
from pipelines.reading import pages, read
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.fields import Fields
from pipelines.reading.units import Piece, cut
from tests.pipelines.reading.archives import events

ROWS = [
    {"id": f"r{number}", "text": f"글 {number}\n둘째 줄", "url": f"http://a.example/{number}"} for number in range(9)
]
LINES = b"".join(json.dumps(row, ensure_ascii=number % 2 == 0).encode() + b"\n" for number, row in enumerate(ROWS))


def _texts(found: list[Any]) -> list[tuple[str, str]]:
    return [(event.id, event.body.decode()) for event in found if isinstance(event, RawPage)]


EXPECTED = [(row["id"], row["text"]) for row in ROWS]


@pytest.mark.parametrize("packing", ["plain", "gzip", "two members", "zstd", "crlf, bom and blank lines", "no end"])
def test_jsonl_however_it_is_packed(tmp_path: Path, packing: str) -> None:
    first = {"two members": gzip.compress(LINES[:50]), "zstd": zstandard.ZstdCompressor().compress(LINES[:50])}
    data = {
        "plain": LINES,
        "gzip": gzip.compress(LINES),
        "two members": first["two members"] + gzip.compress(LINES[50:]) + bytes(100),
        "zstd": first["zstd"] + zstandard.ZstdCompressor().compress(LINES[50:]),
        "crlf, bom and blank lines": b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n"),
        "no end": LINES[:-1],
    }[packing]
    path = tmp_path / "named-like-nothing"
    path.write_bytes(data)
    found, types = events(path)
    assert _texts(found) == EXPECTED and types == {"row": 9}
    step = 2 if "blank" in packing else 1
    offsets = [1 + step * number for number in range(9)]
    if packing in first:  # the first line ends in the second member
        offsets = [1, *((len(first[packing]) << 16) + number for number in range(1, 9))]
    assert [event.offset for event in found] == offsets
    assert all(event.media_type == "text/plain" and event.charset == "utf-8" for event in found)


BAD = {
    b'{"text": ': "json_error",
    b"not json": "json_error",
    b'{"text": "a", "text": "b"}': "json_error",
    b'{"text": NaN}': "schema_error",
    b"[" * 100_000: "json_error",
    b'{"text": "\xff\xfe"}': "bad_unicode",
    b'["text"]': "schema_error",
    b"7": "schema_error",
    b'{"id": "x"}': "schema_error",
    b'{"text": null}': "schema_error",
    b'{"text": 1.5}': "schema_error",
    b'{"text": "a", "id": "x"': "json_error",
}


def test_bad_rows_cost_themselves_and_say_where_but_not_what(tmp_path: Path) -> None:
    secret = b"canary-7f3a@example.com"
    lines = [line.replace(b'"a"', b'"' + secret + b'"') for line in BAD]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(part for line in lines for part in (json.dumps(ROWS[0]).encode(), line)))
    found, _ = events(path)
    damaged = [event for event in found if isinstance(event, Damaged)]
    assert [event.reason for event in damaged] == list(BAD.values())
    assert [event.offset for event in damaged] == [2 * number + 2 for number in range(len(BAD))]
    assert all(event.detail.startswith(f"line {event.offset}: ") for event in damaged)
    assert len(_texts(found)) == len(BAD) and "canary" not in repr(damaged)


def test_rows_without_id_get_the_same_one_everywhere(tmp_path: Path) -> None:
    rows = [
        {"text": "하나", "date": "2024-05-01"},
        {"text": "둘"},
        {"text": "하나", "date": "2024-05-01"},
        {"text": ""},
    ]
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    first, second = (events(tmp_path / name)[0] for name in ("a.jsonl", "b.jsonl"))
    assert [event.id for event in first] == [event.id for event in second]
    assert first[0].id == first[2].id != first[1].id and first[0].date == "2024-05-01"
    assert isinstance(first[3], Rejected) and first[3].drop.rule == "empty_body"
    (tmp_path / "n.jsonl").write_text('{"id": 7, "text": "x"}')
    assert events(tmp_path / "n.jsonl")[0][0].id == "7"


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]) | st.just("\ud800"), min_size=1), min_size=1, max_size=8
    )
)
def test_any_json_string_becomes_valid_utf8(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    path.write_bytes(b"\n".join(json.dumps({"text": text + "\ud800"}).encode() for text in texts))
    found, _ = events(path)
    assert len(found) == len(texts)
    for event, text in zip(found, texts, strict=True):
        assert isinstance(event, Rejected) or event.body.decode() == re.sub("[\ud800-\udfff]", "", text)


def test_surrogates_that_belong_together_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(rb'{"text": "a \ud83d\ude00 b \ud83d c \ude00"}')
    assert events(path)[0][0].body.decode() == "a 😀 b  c "


def test_long_texts_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [
        {"id": "big", "text": "x" * (pages.TEXT_BYTES + 1)},
        {"id": "most", "text": "x" * pages.TEXT_BYTES},
        ROWS[0],
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    found, _ = events(path)
    assert [getattr(event, "reason", "page") for event in found] == ["doc_too_long", "page", "page"]
    assert found[0].id == "big" and found[0].offset == 1
    found = list(read(Piece(str(path)), Fields(max_bytes=1 << 20)))
    assert [(getattr(event, "reason", "page"), event.offset) for event in found] == [
        ("doc_too_long", 1),
        ("doc_too_long", 2),
        ("page", 3),
    ]


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_every_cut_of_packed_rows_keeps_whole_lines_and_says_so(tmp_path: Path, packing: str) -> None:
    data = gzip.compress(LINES) if packing == "gzip" else zstandard.ZstdCompressor(write_checksum=True).compress(LINES)
    path = tmp_path / "a.jsonl.packed"
    for size in range(len(data) - 1, 30, -1):
        path.write_bytes(data[:size])
        found, _ = events(path)
        texts = _texts(found)
        assert texts == EXPECTED[: len(texts)]
        damaged = [event for event in found if isinstance(event, Damaged)]
        if texts:
            assert [(event.reason, event.offset) for event in damaged] == [("file_truncated", len(texts) + 1)]
        else:
            assert len(damaged) == 1
    path.write_bytes(data[:-6] + bytes(6) if packing == "gzip" else data[:-2] + b"no")
    assert [event.reason for event in events(path)[0] if isinstance(event, Damaged)] == ["file_corrupt"]


@settings(max_examples=60, deadline=None)
@given(unit=st.integers(1, 400), blank=st.booleans())
def test_ranges_of_rows_give_what_the_whole_file_gives(
    tmp_path_factory: pytest.TempPathFactory, unit: int, blank: bool
) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    path.write_bytes(LINES.replace(b"\n", b"\r\n\n") if blank else LINES)
    whole, _ = events(path)
    units = cut({str(path): path.stat().st_size}, unit)
    parts = [event for unit in units for piece in unit.pieces for event in read(piece)]
    assert parts == whole
    if unit < len(LINES) // 3:
        assert len(units) > 1


def _table(**columns: Any) -> pa.Table:
    return pa.table(columns)


def test_parquet_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = _table(
        text=pa.array(["하나", None, "", "x" * (pages.TEXT_BYTES + 1), "끝"]),
        id=pa.array([1, 2, 3, 4, 5]),
        url=pa.array([None, "http://u:p@a.example/", "", "", ""]),
        date=pa.array([None, 0, 0, 0, 1_700_000_000], pa.timestamp("s")),
        other=pa.array([[1]] * 5),
    )
    pq.write_table(table, path, write_page_checksum=True)
    found, types = events(path)
    assert [(getattr(event, "reason", "page"), event.offset) for event in found] == [
        *(("page", 0), ("schema_error", 1), ("page", 2), ("doc_too_long", 3), ("page", 4)),
    ]
    assert isinstance(found[2], Rejected) and found[1].url == "http://a.example/"
    assert found[4].id == "5" and found[4].date.startswith("2023-11-14T22:13:20") and types == {"row": 3}


def test_parquet_in_groups_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = _table(text=[f"글 {n} " * 50 for n in range(100)], id=[str(n) for n in range(100)])
    pq.write_table(table, path, row_group_size=7, compression="none", use_dictionary=False)
    whole, _ = events(path)
    units = cut({str(path): path.stat().st_size}, 2000)
    assert len(units) > 5
    assert [event for unit in units for piece in unit.pieces for event in read(piece)] == whole
    assert [event.offset for event in whole] == list(range(100))
    assert [event.body.decode() for event in whole] == table["text"].to_pylist()


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_kinds_of_strings(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(_table(text=pa.array(["하나", "둘"]).cast(kind)), path)
    assert [event.body.decode() for event in events(path)[0]] == ["하나", "둘"]


def test_parquet_that_has_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(_table(text=[1, 2]), path)
    assert [event.reason for event in events(path)[0]] == ["schema_error"]
    pq.write_table(_table(body=["a"]), path)
    (event,) = events(path)[0]
    assert event.reason == "schema_error" and "columns found: body" in event.detail
    assert [page.body for page in read(Piece(str(path)), Fields(text="body"))] == [b"a"]
    pq.write_table(_table(text=pa.array([], pa.string())), path)
    assert events(path)[0] == []


def test_flipped_bits_in_parquet_with_checksums_are_never_data(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = _table(text=[f"글 {n} " * 9 for n in range(40)])
    pq.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    data = path.read_bytes()
    right = set(table["text"].to_pylist())
    silent = 0
    for position in range(10, len(data) - 10, 37):
        path.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
        found, _ = events(path)
        assert {event.body.decode() for event in found if isinstance(event, RawPage)} <= right
        silent += not any(isinstance(event, Damaged) for event in found) and len(found) < 40
    assert silent == 0


NAMED = Fields(
    text="content", id="meta.doc", url="meta.link", date="crawled", carry=("license", "meta.tags", "n", "no")
)


def carried(page: Any) -> dict[str, Any]:
    """The fields that go along with a page."""
    return dict(page.carried)


def test_fields_of_json_rows_by_name(tmp_path: Path) -> None:
    rows = [
        {"content": "가", "meta": {"doc": 7, "link": "http://a", "tags": ["x", "나"]}, "crawled": "2024-01-02",
         "license": "cc", "n": 1.5, "text": "not this one", "id": "nor this", "date": "2020-01-01"},
        {"content": "나", "meta.doc": "of this very name", "license": None},
        {"content": "다", "meta": "no object", "license": "\ud800"},
        {"text": "no content", "meta": {"doc": "d"}},
        {"content": "라", "meta": {"link": 5}},
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second, third, fourth, fifth = read(Piece(str(path)), NAMED)
    assert (first.body.decode(), first.id, first.url, first.date) == ("가", "7", "http://a", "2024-01-02")
    assert carried(first) == {"license": "cc", "meta.tags": '["x", "나"]', "n": "1.5"}
    assert second.id == "of this very name"
    assert carried(second) == {}
    assert third.id.startswith("sha256:")
    assert carried(third) == {"license": "\ufffd"}
    assert (fourth.reason, fourth.detail) == ("schema_error", "line 4: the field 'content' is missing")
    assert (fifth.body.decode(), fifth.url) == ("라", "")


def test_columns_of_parquet_by_name(tmp_path: Path) -> None:
    meta = [{"doc": 7, "link": "http://a", "tags": ["x", "나"]}, {"doc": None, "link": None, "tags": None}, None]
    table = pa.table(
        {
            "content": pa.array(["가", "나", None]).dictionary_encode(),
            "meta": pa.array(meta, pa.struct({"doc": pa.int64(), "link": pa.string(), "tags": pa.list_(pa.string())})),
            "license": ["cc", None, "by"],
            "n": [1.5, 2.0, None],
            "text": ["not", "these", "ones"],
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    first, second, third = read(Piece(str(path)), NAMED)
    assert (first.body.decode(), first.id, first.url) == ("가", "7", "http://a")
    assert carried(first) == {"license": "cc", "meta.tags": '["x", "나"]', "n": "1.5"}
    assert carried(second) == {"n": "2.0"}
    assert second.id.startswith("sha256:")
    assert (third.reason, third.detail) == ("schema_error", "row 2: the field 'content' is null")


@pytest.mark.parametrize("text", ["meta.nowhere", "nowhere", "license.deeper", "meta"])
def test_a_parquet_file_without_the_column_says_so(tmp_path: Path, text: str) -> None:
    table = pa.table({"meta": [{"doc": 7}], "license": ["cc"]})
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    (event,) = read(Piece(str(path)), Fields(text=text))
    assert event.reason == "schema_error"
    assert repr(text) in event.detail


def test_fields_that_go_along_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "TEXT_BYTES", 10)
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "x": "1234567890"}\n{"text": "b", "x": "12345678901"}\n')
    first, second = read(Piece(str(path)), Fields(carry=("x",)))
    assert isinstance(first, RawPage)
    assert second.reason == "doc_too_long"


def _damaged_in_group(path: Path, group: int) -> None:
    """4,000 rows in 10 groups, with a damaged page in one of them."""
    table = _table(text=[f"글 {n} " * 20 for n in range(4000)])
    pq.write_table(table, path, row_group_size=400, write_page_checksum=True, compression="none", use_dictionary=False)
    column = pq.ParquetFile(path).metadata.row_group(group).column(0)
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 4
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("unit", [1 << 30, 200_000, 60_000])
def test_a_damaged_group_costs_its_rows_however_the_file_is_cut(tmp_path: Path, unit: int) -> None:
    path = tmp_path / "a.parquet"
    _damaged_in_group(path, 3)
    found = [
        event for one in cut({str(path): path.stat().st_size}, unit) for piece in one.pieces for event in read(piece)
    ]
    (damaged,) = [event for event in found if isinstance(event, Damaged)]
    assert (damaged.reason, damaged.offset) == ("parquet_unreadable", 1200)
    assert damaged.detail.startswith("rows 1200 to 1599: ")
    assert [event.offset for event in found if event is not damaged] == [*range(1200), *range(1600, 4000)]


@pytest.mark.parametrize("unit", [1 << 30, 2_000])
def test_what_is_wrong_with_the_whole_file_is_told_once(tmp_path: Path, unit: int) -> None:
    path = tmp_path / "a.parquet"
    table = _table(body=[f"글 {n} " * 20 for n in range(400)])
    pq.write_table(table, path, row_group_size=20, compression="none", use_dictionary=False)
    found = [
        event for one in cut({str(path): path.stat().st_size}, unit) for piece in one.pieces for event in read(piece)
    ]
    assert [(event.reason, event.offset) for event in found] == [("schema_error", 0)]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (pa.array([1577836800000000001, None], pa.timestamp("ns")), ["2020-01-01T00:00:00", ""]),
        (pa.array([2**62, 0], pa.timestamp("us")), ["", "1970-01-01T00:00:00"]),
        (pa.array([2**62, 1], pa.timestamp("ms")), ["", "1970-01-01T00:00:00.001000"]),
        (pa.array([-(2**52), 0], pa.timestamp("s", "Asia/Seoul")), ["", "1970-01-01T00:00:00+00:00"]),
        (pa.array([5_000_000 * 365, 18262], pa.int32()).cast(pa.date32()), ["", "2020-01-01"]),
        (pa.array([18262 * 86_400_000, None], pa.int64()).cast(pa.date64()), ["2020-01-01", ""]),
        (pa.array([1.5, 2.5]), ["", ""]),
    ],
)
def test_odd_dates_cost_no_text(tmp_path: Path, dates: pa.Array, expected: list[str]) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["가", "나"], "date": dates}), path, version="2.6")
    found = list(read(Piece(str(path))))
    assert [event.date for event in found] == expected


def test_a_date_that_is_null_gives_way_to_the_timestamp(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(_table(text=["가"], date=pa.array([None], pa.string()), timestamp=["2024-01-02"]), path)
    assert [event.date for event in read(Piece(str(path)))] == ["2024-01-02"]


def test_columns_of_one_name_are_left_out_if_they_are_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.Table.from_arrays([pa.array(["가"]), pa.array(["1"]), pa.array(["2"])], names=["text", "id", "id"])
    pq.write_table(table, path)
    (event,) = read(Piece(str(path)))
    assert event.body.decode() == "가"
    assert event.id.startswith("sha256:")


def test_messages_show_names_and_no_values(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    names = ["kim7@mail.example", "010-9731-2846", "900101-1234568", "a900101", "본문", "doc_id", "part2"]
    pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * len(names), names=names), path)
    (event,) = read(Piece(str(path)))
    assert event.detail == "no column 'text'; columns found: 본문, doc_id, part2 and 4 more"
    for content, said in (
        (b"kim@secret.example\n01", "begins with 'kim@', text"),
        (b"%PDF-1.7 kim@secret.example", "begins with '%PDF', PDF"),
        (b"\x00\x01\x02\x03\x04kim@secret.example", "begins with '\\x00\\x01\\x02\\x03', bytes"),
        (gzip.compress(b"kim@secret.example\n01"), "gzip of bytes that begin with 'kim@', text"),
    ):
        (tmp_path / "odd").write_bytes(content)
        (event,) = read(Piece(str(tmp_path / "odd")))
        assert event.detail.endswith(said), event.detail
