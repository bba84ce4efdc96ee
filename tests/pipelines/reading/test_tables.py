"""Tables and files beside JSON Lines and Parquet: CSV, TSV, JSON arrays, Arrow IPC, text, HTML, and their packings."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from filters.document import RawPage
from pipelines.reading import read
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.fields import Fields, Reading
from pipelines.reading.jsonarray import array_rows
from pipelines.reading.units import InputError, Piece, expand

PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
TEXTS = ["첫 번째 문장입니다.", 'two "quoted", words\nover two lines', "tab\there; and, more", "끝"]


def _events(path, data, fields=None):
    path.write_bytes(data)
    return list(read(Piece(str(path), 0, None, len(data)), fields or Fields()))


def _texts(events):
    return [event.body.decode() for event in events if isinstance(event, RawPage)]


def _csv(rows, separator=","):
    quoted = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join(quoted) + "\n"


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", _csv([["id", "text"], *([str(n), text] for n, text in enumerate(TEXTS))]).encode()),
        ("a.json", json.dumps([{"id": str(n), "text": text} for n, text in enumerate(TEXTS)], indent=2).encode()),
        ("a.jsonl", "".join(json.dumps({"id": str(n), "text": t}) + "\n" for n, t in enumerate(TEXTS)).encode()),
    ],
)
def test_every_table_in_every_packing(tmp_path, name, data, packing):
    events = _events(tmp_path / (name + packing), PACK[packing](data))
    assert _texts(events) == TEXTS
    assert [event.id for event in events] == ["0", "1", "2", "3"]
    assert [event.offset for event in events] == [1, 2, 3, 4]


@pytest.mark.parametrize("packing", [".gz", ".zst", ".bz2", ".xz"])
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.txt"])
def test_a_packed_file_that_is_cut_says_so(tmp_path, name, packing):
    rows = [{"text": f"text number {n} " * 20} for n in range(2000)]
    whole = {
        "a.csv": _csv([["text"], *([row["text"]] for row in rows)]),
        "a.json": json.dumps(rows),
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "a.txt": "text\n" * 90_000,
    }[name].encode()
    data = PACK[packing](whole)
    *_, last = _events(tmp_path / (name + packing), data[: len(data) * 3 // 4])
    assert isinstance(last, Damaged)
    assert last.reason in ("file_truncated", "file_corrupt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_spreadsheet_as_people_have_it(tmp_path, encoding, separator):
    data = _csv([["번호", "본문"], ["1", "가나다, 라마바"], ["2", "둘째 줄"]], separator).replace("\n", "\r\n")
    events = _events(tmp_path / "a.csv", data.encode(encoding), Fields(text="본문", id="번호"))
    assert _texts(events) == ["가나다, 라마바", "둘째 줄"]
    assert [event.id for event in events] == ["1", "2"]


def test_quotes_in_tsv_are_characters(tmp_path):
    data = 'id\tdocument\tlabel\n1\t"재미있다\t1\n2\t정말 "최고"\t1\n'.encode()
    assert _texts(_events(tmp_path / "a.tsv", data, Fields(text="document"))) == ['"재미있다', '정말 "최고"']
    data = b'"id"\t"text"\n"1"\t"a ""word"""\n'
    assert _texts(_events(tmp_path / "b.tsv", data)) == ['a "word"']


def test_a_row_of_another_length_fails_and_its_neighbours_stay(tmp_path):
    events = _events(tmp_path / "a.csv", b"id,text\n1,one\n2\n3,three,more\n4,four\n\n5,five")
    assert _texts(events) == ["one", "four", "five"]
    failed = [(event.offset, event.reason) for event in events if isinstance(event, Damaged)]
    assert failed == [(2, "schema_error"), (3, "schema_error")]
    assert len({event.offset for event in events}) == len(events)


def test_a_quote_that_is_never_closed_is_no_text(tmp_path):
    events = _events(tmp_path / "a.csv", b'id,text\n1,one\n2,"two\n3,three\n')
    assert _texts(events) == ["one"]
    assert events[-1].reason == "csv_error"


def test_a_first_line_that_cannot_be_read_is_one_failed_row(tmp_path):
    """Otherwise the next line would be taken for the names, and the row key 0 be used twice."""
    for data in (b"id,te\rxt\n1\r,a\n2,b\n", b'"id"x,text\n"1"x,a\n2,b\n'):
        (event,) = _events(tmp_path / "a.csv", data)
        assert (event.reason, event.offset) == ("csv_error", 0)


def test_a_delimiter_in_a_message_is_shown_escaped(tmp_path):
    found = _events(tmp_path / "a.tsv", b'"id"\t"text"\n"1"x\t"a"\n"2"\t"b"\n')
    assert [event.reason for event in found if isinstance(event, Damaged)] == ["csv_error"]
    assert "\\t" in found[0].detail and "\t" not in found[0].detail
    assert _texts(found[1:]) == ["b"]


@pytest.mark.parametrize("name", ["a.csv.zst", "a.tsv.zst", "a.json.zst", "a.txt.zst", "a.html.zst"])
def test_a_wide_window_of_zstandard_is_named_or_read_in_every_format(tmp_path, name):
    data = b'[{"text": "one"}]' if "json" in name else b"text\none\n"
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=29)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    path = tmp_path / name
    path.write_bytes(packer.compress(data) + packer.flush())
    piece = Piece(str(path), 0, None, path.stat().st_size)
    (event,) = read(piece)
    assert event.reason == "zstd_window_too_large"
    assert "zstd_long: 29" in event.detail
    (event,) = read(piece, Reading(zstd_long=29))
    assert b"one" in event.body


def test_utf16_that_ends_within_a_character_costs_its_row(tmp_path):
    for broken in (b"\x41", b"\x00\xd8\x41\x00"):
        found = _events(tmp_path / "a.csv", "text\none\n".encode("utf-16") + broken)
        assert _texts(found[:1]) == ["one"]
        assert [event.reason for event in found[1:]] == ["bad_unicode"]


def test_bytes_that_are_no_utf8_cost_the_row_that_has_them(tmp_path):
    rows = "id,text\n" + "".join(f"{n},문장 {n}\n" for n in range(9000))
    data = rows.encode() + b"x,bad \xff\xfe\xfa\n\xff,good\n"
    events = _events(tmp_path / "a.csv", data)
    assert [event.reason for event in events if isinstance(event, Damaged)] == ["bad_unicode"]
    assert _texts(events)[-1] == "good"
    assert "bad" not in events[-2].detail


def test_line_separators_of_unicode_end_no_row(tmp_path):
    events = _events(tmp_path / "a.csv", "id,text\n1,a\u2028b\x0bc\x85d\n2,e\n".encode())
    assert _texts(events) == ["a\u2028b\x0bc\x85d", "e"]


def test_an_array_with_elements_that_are_no_rows(tmp_path):
    data = b'[{"text": "a"}, 1, "x", [2], {"text": 3}, {"text": "}]\\",["}, {"text" "b"}, {"text": "c"}]\n'
    events = _events(tmp_path / "a.json", data)
    assert _texts(events) == ["a", '}]",[', "c"]
    assert [event.offset for event in events] == list(range(1, 9))
    reasons = Counter(event.reason for event in events if isinstance(event, Damaged))
    assert reasons == {"schema_error": 4, "json_error": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b'[{"text": "a"}, {"text": "b', "file_truncated"), (b'[{"text": "a"}] more', "json_error")],
)
def test_an_array_that_is_not_whole_says_so(tmp_path, data, reason):
    events = _events(tmp_path / "a.json", data)
    assert _texts(events) == ["a"]
    assert events[-1].reason == reason


class _Slow:
    """A file that gives a few bytes at a time."""

    def __init__(self, data, step):
        self._data, self._step, self._at = data, step, 0

    def seek(self, at):
        self._at = at

    def read(self, _):
        piece = self._data[self._at : self._at + self._step]
        self._at += len(piece)
        return piece


@given(st.lists(st.text(min_size=1, max_size=20), max_size=6), st.integers(1, 9), st.booleans())
def test_an_array_is_the_same_however_it_comes_in(texts, step, ascii_only):
    data = json.dumps([{"text": text} for text in texts], ensure_ascii=ascii_only)
    data = data.encode("utf-8", "replace")
    expected = [row["text"] for row in json.loads(data)]
    found = list(array_rows(_Slow(data, step), "", "a.json", Fields()))
    clean = [text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore") for text in expected]
    assert [event.body.decode() for event in found if isinstance(event, RawPage)] == [text for text in clean if text]


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_arrow(tmp_path, kind):
    table = pa.table({"id": [str(n) for n in range(4)], "meta": [{"text": text} for text in TEXTS]})
    path = tmp_path / "a.arrow"
    make = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with make(str(path), table.schema) as writer:
        for batch in table.to_batches(max_chunksize=3):
            writer.write_batch(batch)
    whole = path.read_bytes()
    events = _events(path, whole, Fields(text="meta.text"))
    assert _texts(events) == TEXTS
    assert [event.offset for event in events] == [0, 1, 2, 3]
    (problem,) = _events(path, whole)
    assert problem.reason == "schema_error"
    assert "columns found: id, meta" in problem.detail
    *_, last = _events(path, whole[: len(whole) * 2 // 3], Fields(text="meta.text"))
    assert last.reason in ("arrow_unreadable", "file_truncated")


def test_arrow_of_which_a_byte_is_wrong_reads_no_memory_but_its_own(tmp_path):
    """In a process of its own: where offsets are believed, this ends it."""
    table = pa.table({"id": ["1", "2"], "text": ["one", None], "a": [1.5, None]})
    out = pa.BufferOutputStream()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    data = out.getvalue().to_pybytes()
    script = tmp_path / "read.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom pipelines.reading import look, read\n"
        "from pipelines.reading.fields import Fields, Reading\nfrom pipelines.reading.units import Piece\n"
        "data, reading = Path(sys.argv[1]).read_bytes(), Reading(Fields(carry=('a',)))\n"
        "path = Path(sys.argv[1] + '.arrow')\n"
        "for at in range(8, len(data)):\n"
        "    path.write_bytes(data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :])\n"
        "    list(read(Piece(str(path), 0, None, len(data)), reading))\n"
        "    look.look(str(path), reading)\n"
    )
    (tmp_path / "whole").write_bytes(data)
    command = [sys.executable, str(script), str(tmp_path / "whole")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_arrow_whose_texts_are_no_utf8_costs_their_rows(tmp_path):
    texts = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"a\xff"], pa.binary()).buffers())
    path = tmp_path / "a.arrow"
    with pa.ipc.new_file(str(path), pa.schema({"text": pa.string()})) as writer:
        writer.write_table(pa.table({"text": texts}))
    found = list(read(Piece(str(path), 0, None, path.stat().st_size)))
    assert _texts(found[:1]) == ["ok"]
    assert [event.reason for event in found[1:]] == ["bad_unicode"]


def test_files_that_are_documents(tmp_path):
    (text,) = _events(tmp_path / "a.txt", "[서울=통신] 본문\n둘째 줄".encode("cp949"))
    assert (text.media_type, text.charset, text.offset) == ("text/plain", "", 0)
    (page,) = _events(tmp_path / "a.html.gz", gzip.compress(b"<html><p>hello</p>"))
    assert page.media_type == "text/html"
    assert page.body == b"<html><p>hello</p>"
    (empty,) = _events(tmp_path / "b.txt", b" \n")
    assert isinstance(empty, Rejected)
    (large,) = _events(tmp_path / "c.txt", b"x" * 10_000_001)
    assert large.reason == "doc_too_long"


def test_rows_in_a_file_called_txt_are_rows(tmp_path):
    assert _texts(_events(tmp_path / "a.txt", b'{"text": "one"}\n{"text": "two"}\n')) == ["one", "two"]
    assert _texts(_events(tmp_path / "b.txt", b"{braces} begin a text")) == ["{braces} begin a text"]


def test_a_folder_is_the_files_in_it_that_can_be_read(tmp_path):
    for name in ("b/2.txt", "b/1.html", "a.jsonl.gz", "README", ".hidden.txt", "c.wat.gz", "b/.x/3.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = [path.removeprefix(f"{tmp_path}/") for path in expand([str(tmp_path)])]
    assert found == ["a.jsonl.gz", "b/1.html", "b/2.txt"]


def test_the_output_of_a_run_is_no_input(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match=r"kept$"):
        expand([str(tmp_path)])


def test_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "list").write_text(f"{tmp_path}/a.txt\n")
    assert expand(["~/a.txt"]) == expand(["@~/list"]) == expand(["~/*.txt"]) == [str(tmp_path / "a.txt")]
