"""What is held in memory is bounded by bytes: rows, chunks of a body, values of tables, rows that wait."""

import csv
import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import filters
from curate.configuration import RecipeError
from curate.recipe import parse
from filters.chain import Step
from filters.document import Document, RawPage
from pipelines import records
from pipelines.corpus.spool import Spool, documents
from pipelines.reading import bodies, pages, parquetpages, read
from pipelines.reading.fields import Fields
from pipelines.reading.units import Piece
from pipelines.writing import TableWriter, kept_rows
from tests.pipelines.reading.archives import PEAK, http, member, record


def _reasons(path: Path, fields: Fields) -> list[str]:
    return [getattr(event, "reason", "page") for event in read(Piece(str(path)), fields)]


# --------------------------------------------------------------------------------------------------------------- chunks


def _dechunked(body: bytes, few: int, monkeypatch: pytest.MonkeyPatch) -> bytes | tuple[str, str]:
    monkeypatch.setattr(bodies, "_FEW_CHUNKS", few)
    try:
        return bodies._dechunk(body, False)
    except bodies.BodyError as error:
        return error.reason, error.detail


def test_many_chunks_are_joined_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    made = random.Random(7)
    for _ in range(3000):
        body = b""
        for _ in range(made.randrange(1, 8)):
            size = made.choice((0, 1, 2, 5, 17)) if made.random() < 0.9 else made.randrange(1 << 50)
            digits = "0" * made.choice((0, 0, 0, 40)) + ("%x" if made.random() < 0.5 else "%X") % size
            extension = made.choice(("", "", " ", ";a=1", ";" + "x" * made.choice((4095, 4096, 4097))))
            body += f"{made.choice(('', '', ' '))}{digits}{extension}".encode()
            body += made.choice((b"\r\n", b"\r\n", b"\n", b"\r", b"")) + made.randbytes(min(size, 20))
            body += made.choice((b"\r\n", b"\r\n", b"\n", b""))
        body += made.choice((b"", b"0\r\n\r\n", made.randbytes(40)))
        assert _dechunked(body, 1 << 30, monkeypatch) == _dechunked(body, 0, monkeypatch), body


def test_a_body_of_tiny_chunks_takes_the_memory_of_a_body(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    body = b"2\r\nab\r\n" * 2_000_000
    chunked = http(b"3\r\n<p>\r\n" + body + b"0\r\n\r\n", "Transfer-Encoding: chunked")
    path.write_bytes(member(record(chunked)))
    script = (
        "from pipelines.reading import read\nfrom pipelines.reading.units import Piece\nimport sys\n"
        "import numba, numpy\n" + PEAK + "before = peak\n"
        "(page,) = read(Piece(sys.argv[1]))\nassert page.body == b'<p>' + b'ab' * 2_000_000\n"
        + PEAK
        + "assert peak - before < 150, peak - before\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


# ----------------------------------------------------------------------------------------------------------------- rows


def test_a_row_has_a_limit_in_every_format(tmp_path: Path) -> None:
    fields = Fields(max_bytes=5000, carry=("meta",))
    rows = [
        {"id": "a", "text": "one", "url": "", "meta": ""},
        {"id": "b", "text": "x" * 6000, "url": "", "meta": ""},
        {"id": "c", "text": "two", "url": "http://a.example/" + "u" * 6000, "meta": ""},
        {"id": "d", "text": "three", "url": "", "meta": "m" * 6000},
        {"id": "e", "text": "four", "url": "http://a.example/", "meta": "m" * 4000},
    ]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as writer:
        writer.write_table(table)
    text = io.StringIO()
    writing = csv.DictWriter(text, rows[0])
    writing.writeheader()
    writing.writerows(rows)
    (tmp_path / "a.csv").write_text(text.getvalue())
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    for name in ("a.parquet", "a.arrow", "a.csv", "a.jsonl", "a.json"):
        found = _reasons(tmp_path / name, fields)
        assert found == ["page", "doc_too_long", "doc_too_long", "doc_too_long", "page"], name


def test_a_row_of_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    fields = Fields(max_bytes=2000, carry=("meta",))
    rows = [
        {"text": "x" * size, "url": "http://a.example/", "meta": "m" * 83} for size in (1900, 1901)
    ]  # 2,000 and one
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as writer:
        writer.write_table(table)
    # of text formats the element or the line, with all that is in it
    most, long = (json.dumps({"text": "x" * size}) for size in (1988, 1989))
    assert (len(most), len(long)) == (2000, 2001)
    (tmp_path / "a.jsonl").write_text(f"{most}\n{long}\n")
    (tmp_path / "last.jsonl").write_text(f"{most}\n{long}")
    (tmp_path / "a.json").write_text(f"[{most},{long}]")
    for name in ("a.parquet", "a.arrow", "a.jsonl", "last.jsonl", "a.json"):
        assert _reasons(tmp_path / name, fields) == ["page", "doc_too_long"], name


def test_a_record_of_a_table_has_a_limit_of_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    fields = Fields(max_bytes=128 * 20)  # 20 fields
    commas, line = "," * 300, "x" * 50 + "\n"
    long = f'"{(commas + line) * 5}{commas}""{commas}"'
    path.write_text(f'text,b\none,1\n{commas},\n{long},2\ntwo,2\nthree,{commas}\n"{line}",{commas}\nfour,4\n')
    found = list(read(Piece(str(path)), fields))
    reasons = [getattr(event, "reason", "page") for event in found]
    assert reasons == ["page", "doc_too_long", "page", "page", "doc_too_long", "doc_too_long", "page"]


def test_an_id_that_is_too_long_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"id": "i" * size, "text": "a"}) for size in (8192, 8193)))
    first, second = (event.id for event in read(Piece(str(path))) if isinstance(event, RawPage))
    assert first == "i" * pages.ID_CHARACTERS
    assert second.startswith("sha256:")


def test_the_limit_of_a_row_is_a_setting() -> None:
    recipe = parse({"name": "a", "stages": ["extraction/plain"], "rows": {"max_bytes": 1 << 20}}, "a")
    assert recipe.reading.rows.max_bytes == 1 << 20
    for wrong in (0, "64 MiB", True, 1 << 40):
        with pytest.raises(RecipeError, match="max_bytes must be a whole number of bytes from 1024 to 1073741824"):
            parse({"name": "a", "stages": ["extraction/plain"], "rows": {"max_bytes": wrong}}, "a")


# -------------------------------------------------------------------------------------------------------------- parquet


def _bomb(path: Path, rows: int, value: str, **options: object) -> None:
    table = pa.table({"id": [str(number) for number in range(rows)], "text": [value] * rows})
    pq.write_table(table, path, compression="zstd", write_statistics=False, **options)


PEAKS = (
    "from pipelines.reading import read\nfrom pipelines.reading.units import Piece\nimport sys\n"
    "reasons = [getattr(event, 'reason', 'page') for event in read(Piece(sys.argv[1]))]\n" + PEAK
)


def test_a_dictionary_that_is_a_bomb_is_one_failed_row_after_those_that_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    _bomb(path, 300, "x" * 3_000_000, dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 4000
    script = PEAKS + (
        "assert reasons[-1] == 'parquet_unreadable' and set(reasons[:-1]) == {'page'}, reasons\n"
        "assert 1 < len(reasons) < 30, len(reasons)\n"
        "assert peak < 400, peak\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def test_beginnings_that_values_share_are_bounded_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["x" * 3_000_000 + str(number) for number in range(300)]})
    encoding = {"text": "DELTA_BYTE_ARRAY"}
    pq.write_table(table, path, compression="zstd", use_dictionary=False, column_encoding=encoding)
    del table
    assert path.stat().st_size < 100_000
    script = PEAKS + "assert reasons[-1] in ('page', 'parquet_unreadable'), reasons\nassert peak < 500, peak\n"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def test_large_values_among_small_ones_do_not_come_by_the_thousand(tmp_path: Path) -> None:
    """The mean of a row group says nothing about the rows of a batch."""
    path = tmp_path / "a.parquet"
    texts = ["x"] * 100_000 + ["y" * 4_000_000] * 100
    random.Random(1).shuffle(texts)
    table = pa.table({"text": texts, "id": [random.Random(n).randbytes(8).hex() for n in range(len(texts))]})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, row_group_size=len(texts))
    del table, texts
    script = PEAKS + "assert set(reasons) == {'page'} and len(reasons) == 100_100\nassert peak < 500, peak\n"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def test_pages_that_no_memory_holds_fail_and_the_next_group_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.reading.parquet._PAGES_BYTES", 4 << 20)
    path = tmp_path / "a.parquet"
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        for texts in (["one"], ["x" * 5_000_000], ["two"]):
            writer.write_table(pa.table({"text": texts}, schema=schema))
    found = list(read(Piece(str(path)), Fields(max_bytes=1 << 20)))
    assert [getattr(event, "reason", "page") for event in found] == ["page", "parquet_unreadable", "page"]
    assert [event.offset for event in found] == [0, 1, 2]
    assert found[1].detail.startswith("rows 1 to 1: pages of 50000")


def test_rows_do_not_depend_on_how_many_are_decoded_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    made = random.Random(3)
    texts = [made.choice(("a", "b", None, "c" * 500, "long" * made.randrange(1, 900))) for _ in range(3000)]
    table = pa.table({"text": texts, "n": list(range(3000)), "tags": [["x"] * (n % 5) for n in range(3000)]})
    pq.write_table(table, path, row_group_size=900, data_page_size=2000)
    fields = Fields(carry=("n", "tags"))
    whole = list(read(Piece(str(path)), fields))
    for size in (1, 5_000, 100_000):
        monkeypatch.setattr("pipelines.reading.parquet._DECODED_BYTES", size)
        monkeypatch.setattr("pipelines.reading.parquet._BATCH_BYTES", max(size, 1000))
        assert list(read(Piece(str(path)), fields)) == whole


def test_the_rows_of_a_batch_take_no_more_than_the_pages_they_lie_in() -> None:
    made = random.Random(11)
    for _ in range(300):
        found = [parquetpages._Page(made.randrange(1, 6), made.randrange(100), 0) for _ in range(made.randrange(1, 9))]
        of_row = [number for number, page in enumerate(found) for _ in range(page.values)]
        column = parquetpages.Column(found, 0, 0, len(of_row), False, True)
        for rows in range(1, len(of_row) + 2):
            batches = (of_row[begin : begin + rows] for begin in range(max(1, len(of_row) - rows + 1)))
            assert column.most(rows) == max(sum(found[number].bytes for number in set(batch)) for batch in batches)


# -------------------------------------------------------------------------------------------------------------- writing


def test_writers_count_all_columns(tmp_path: Path) -> None:
    row = {"id": "a", "url": "u" * 300_000, "text": "t", "source": "s", "offset": 0}
    row |= {"stage": "a", "rule": "b", "reason": "c"}
    for table, schema in (("kept", records.kept({})), ("dropped", records.DROPPED), ("failed", records.FAILED)):
        writer = TableWriter(str(tmp_path), table, "unit", schema, 1 << 40)
        for number in range(40):
            writer.add({**row, "offset": number}, 1)
        (file,) = writer.close()
        assert pq.read_metadata(tmp_path / file.path).num_row_groups >= 5, table


def test_lines_become_rows_one_by_one() -> None:
    document = Document("a", "x\n" * 1_000_000, row_per_line=True)
    rows = kept_rows(document)
    assert next(rows)["id"] == "a#0"
    assert next(rows)["id"] == "a#1"


@pytest.mark.parametrize("where", ["url", "notes", "carried"])
def test_the_spool_counts_all_columns(tmp_path: Path, where: str) -> None:
    step = Step("dedup/exact", "dedup/exact", filters.make("dedup/exact"))
    spool = Spool(str(tmp_path), "unit", step)
    long = "u" * 300_000
    for number in range(40):
        document = Document(str(number), f"text {number}", source="s", offset=number)
        if where == "url":
            document = Document(str(number), f"text {number}", long, source="s", offset=number)
        elif where == "notes":
            document = document.note(language=long)
        else:
            document = document.carrying({"meta": long})
        spool.add(document)
    shard = spool.close()
    assert pq.read_metadata(shard.spool).num_row_groups >= 5
    assert sum(1 for _ in documents(shard)) == 40
