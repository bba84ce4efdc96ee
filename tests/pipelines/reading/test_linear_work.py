"""Files made to cost much cost in proportion to their size: work is counted, not timed, at three sizes each.

Work is what is read of the file, inflated, copied into windows and searched, in bytes, and every call that is made.
"""

import bz2
import gzip
import json
import lzma
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from filters.document import RawPage
from pipelines import storage
from pipelines.reading import formats, headers, packing, read, streams
from pipelines.reading.bodies import charset_of, parse_head
from pipelines.reading.delimited import _lines
from pipelines.reading.units import Piece
from tests.linear import grows_linearly
from tests.pipelines.reading.archives import http, member, page, record

GOOD = record(http(page(1)), 1)
LAST = record(http(page(2)), 2)


class _Counted:
    """Something whose work is counted in bytes."""

    work = 0


class _File(_Counted):
    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, *size: int) -> bytes:
        data: bytes = self._file.read(*size)
        _Counted.work += len(data)
        return data

    def seek(self, *where: int) -> int:
        return int(self._file.seek(*where))

    def tell(self) -> int:
        return int(self._file.tell())

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


class _Pattern(_Counted):
    """A pattern that counts the bytes it goes over."""

    def __init__(self, pattern: Any) -> None:
        self._pattern = pattern
        self.pattern = pattern.pattern

    def search(self, data: bytes, begin: int = 0, end: int = sys.maxsize) -> Any:
        found = self._pattern.search(data, begin, end)
        _Counted.work += (found.end() if found else min(end, len(data))) - begin
        return found

    def match(self, *given: Any) -> Any:
        return self._pattern.match(*given)


class _Inflater(_Counted):
    def __init__(self, inflater: Any) -> None:
        self._inflater = inflater

    def decompress(self, data: Any) -> bytes:
        _Counted.work += len(data)
        out: bytes = self._inflater.decompress(data)
        _Counted.work += len(out)
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inflater, name)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts the work of the readers."""
    opened, fill, inflater = storage.reading, streams.Stream.fill, streams.isal_zlib.decompressobj

    @contextmanager
    def reading(path: str) -> Iterator[_File]:
        with opened(path) as file:
            yield _File(file)

    def filling(self: streams.Stream, end: int) -> bool:
        before = self.data
        found = fill(self, end)
        _Counted.work += len(self.data) if self.data is not before else 0
        return found

    monkeypatch.setattr(storage, "reading", reading)
    monkeypatch.setattr(streams.Stream, "fill", filling)
    for module in (streams, formats, packing):
        monkeypatch.setattr(module.isal_zlib, "decompressobj", lambda *given: _Inflater(inflater(*given)))
    monkeypatch.setattr(headers, "_HEADER_END", _Pattern(headers._HEADER_END))
    for dialect in (headers.WARC, headers.ARC):
        object.__setattr__(dialect, "next", _Pattern(dialect.next))
    yield
    for dialect in (headers.WARC, headers.ARC):
        object.__setattr__(dialect, "next", dialect.next._pattern)


def _work(path: Path) -> int:
    """What reading a file takes: bytes and calls."""
    _Counted.work = calls = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        for _ in read(Piece(str(path), 0, None, path.stat().st_size)):
            pass
    finally:
        sys.setprofile(None)
    return _Counted.work + calls


def _is_linear(path: Path, make: Callable[[int], bytes], size: int) -> None:
    path.write_bytes(make(1))
    _work(path)  # imports
    found = []
    for times in (1, 2, 4):
        path.write_bytes(make(times * size))
        found.append(_work(path))
    once, twice, four_times = found
    # in a quadratic reader it would be four times as much
    assert four_times - twice < 2.5 * (twice - once) + once / 10, found


# ------------------------------------------------------------------------------------------------------------- archives


def _nested(count: int) -> bytes:
    """Members that hold the next one as it stands, each damaged behind the last."""
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\0" + struct.pack("<HH", 65535, 0) + b"WARC/1.0\r\n") * count


def _lying(length: int) -> Callable[[int], bytes]:
    return lambda count: GOOD + record(b"x", 3, length=str(length)) * count + LAST


GZIP = {
    "magics": lambda count: b"\x1f\x8b\x08" * count,
    "headers with names": lambda count: b"\x1f\x8b\x08\x08" * count,
    "headers": lambda count: b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x05" * count,
    "headers with extra fields": lambda count: b"\x1f\x8b\x08\x04\0\0\0\0\0\x03\x10\0" * count,
    "nested members": _nested,
    "empty members": lambda count: gzip.compress(b"", mtime=0) * count,
    "garbage and members": lambda count: (b"x" + gzip.compress(b"WARC/1.0\r\n\r\n", mtime=0)) * (count // 4),
    "line breaks": lambda count: gzip.compress(GOOD + b"\r\n" * 50 * count + LAST, mtime=0),
    "folded lines": lambda count: gzip.compress(b"WARC/1.0\r\nA: b\r\n" + b" a\n" * count, mtime=0),
    "folded lines of HTTP": lambda count: member(record(b"HTTP/1.1 200 OK\r\nA: b\r\n" + b" a\n" * count + b"\r\n<p>")),
    "lying lengths": lambda count: member(_lying(10**7)(count // 4)),
    "headers without an end": lambda count: member(b"WARC/1.0\r\nab:" * count),
}


@pytest.mark.parametrize("kind", GZIP)
def test_gzip_members(tmp_path: Path, counted: None, kind: str) -> None:
    # pieces of 16 KB are given to the inflater: of members smaller than that the file must hold many
    size = 3000 if kind in ("magics", "empty members", "garbage and members") else 600
    _is_linear(tmp_path / "a.warc.gz", lambda size: member(GOOD) + GZIP[kind](size) + member(LAST), size)


def test_a_magic_costs_no_call(tmp_path: Path, counted: None) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(member(GOOD) + b"\x1f\x8b\x08" * 20_000 + member(LAST))
    _work(path)
    assert _work(path) < 300_000


@pytest.mark.parametrize("kind", ["magics", "headers", "nested members", "garbage and members"])
def test_what_is_beside_them_survives(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.warc.gz"
    # as many bytes as a stored block may have, so that what runs on ends in the one before the last record
    path.write_bytes(member(GOOD) + GZIP[kind](1000) + bytes(1 << 16) + member(LAST))
    urls = [event.url for event in read(Piece(str(path))) if isinstance(event, RawPage)]
    assert urls == ["http://ok.example/1", "http://ok.example/2"]


PLAIN = {
    "lengths far beyond the file": _lying(10**9),
    "lengths beyond the file": _lying(10**7),
    "lengths that end in the file": _lying(300_000),
    "headers without an end": lambda count: b"WARC/1.0\r\nab:" * count,
    "headers within lines": lambda count: b"WARC/1.0\r\nab:x" * count,
    "magics": lambda count: b"WARC/1.0\n" * count,
    "line breaks": lambda count: GOOD + b"\n" * 20 * count + LAST,
}


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_archives(tmp_path: Path, counted: None, kind: str) -> None:
    _is_linear(tmp_path / "a.warc", PLAIN[kind], 2000 if kind == "lengths that end in the file" else 500)


@pytest.mark.parametrize("length", [10**9, 10**7, 300_000])
def test_records_after_lengths_that_lie_survive(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(_lying(length)(2000))
    found = list(read(Piece(str(path))))
    assert [event.url for event in found if isinstance(event, RawPage)] == [
        "http://ok.example/1",
        "http://ok.example/2",
    ]
    assert len(found) == 2002


def test_large_records_of_a_plain_file_are_read_and_their_end_is_checked(tmp_path: Path) -> None:
    """A length far ahead is checked at its end before what lies between is read."""
    path = tmp_path / "a.warc"
    block = http(b"<html>" + b"x" * 1_000_000)
    path.write_bytes(GOOD + record(block, 7) + record(block, 8, length=str(len(block) - 9)) + LAST)
    found = list(read(Piece(str(path))))
    assert [getattr(event, "reason", "page") for event in found] == ["page", "page", "warc_bad_content_length", "page"]
    assert found[2].detail == f"Content-Length {len(block) - 9}, the record continues after it"
    path.write_bytes(GOOD + record(block, 7)[:-4])  # the file ends with the record
    assert [getattr(event, "reason", "page") for event in read(Piece(str(path)))] == ["page", "page"]
    path.write_bytes(GOOD + record(block, 7)[:-5])
    assert [getattr(event, "reason", "page") for event in read(Piece(str(path)))] == ["page", "warc_truncated"]


def test_lines_that_are_nearly_records_of_arc(tmp_path: Path, counted: None) -> None:
    _is_linear(
        tmp_path / "a.arc",
        lambda size: b"filedesc://x 0.0.0.0 20200101000000 text/plain 3\nabc\n" + b"ab: 1 11111111 1 " * size,
        3000,
    )


def test_archives_of_frames(tmp_path: Path, counted: None) -> None:
    frame = zstandard.ZstdCompressor().compress(GOOD)
    empty = zstandard.ZstdCompressor().compress(b"")
    _is_linear(tmp_path / "a.warc.zst", lambda size: frame + empty * size + frame, 2000)


def test_members_of_a_zip_file(tmp_path: Path, counted: None) -> None:
    def many(count: int) -> bytes:
        path = tmp_path / "made.zip"
        with zipfile.ZipFile(path, "w") as packed:
            for number in range(count):
                packed.writestr(f"archive/{number}.warc.gz", member(GOOD))
        return path.read_bytes()

    _is_linear(tmp_path / "a.wacz", many, 40)


def test_members_of_a_zip_file_that_share_their_bytes_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(5):
            packed.writestr(f"archive/{number}.warc.gz", member(GOOD))
            packed.infolist()[-1].header_offset = 0
    found = list(read(Piece(str(path))))
    reasons = [getattr(event, "reason", "page") for event in found]
    assert reasons.count("wacz_unreadable") >= 4
    assert reasons.count("page") <= 1


def test_damaged_members_of_a_zip_file_cost_no_reading_from_its_beginning(tmp_path: Path, counted: None) -> None:
    bad = member(record(http(bytes(range(256)) * 2000), 5))

    def many(count: int) -> bytes:
        path = tmp_path / "made.zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("archive/a.warc.gz", (bad[:-8] + bytes(8)) * count + member(GOOD))
        return path.read_bytes()

    _is_linear(tmp_path / "a.wacz", many, 30)


# ----------------------------------------------------------------------------------------------------------------- rows

_ROW = b'{"text": "a"}\n'
ROWS = {
    "a.jsonl.gz": lambda count: gzip.compress(_ROW, mtime=0) + gzip.compress(b"", mtime=0) * count,
    "a.jsonl.bz2": lambda count: bz2.compress(_ROW) + bz2.compress(b"") * count,
    "a.jsonl.xz": lambda count: lzma.compress(_ROW) + lzma.compress(b"") * (count // 2),
    "a.jsonl.zst": lambda count: b"".join(zstandard.ZstdCompressor().compress(data) for data in (_ROW, *[b""] * count)),
    "a.jsonl": lambda count: _ROW + b"x" * 100 * count,
    "b.jsonl": lambda count: b'{"text": "a", "b": [' + b"[]," * count + b"1]}",
    "a.json": lambda count: b'[{"text": "a", "b": [' + b"[]," * count + b"1]}]",
    "b.json": lambda count: b'[{"text": "' + rb"\\\"" * count + b'"}]',
    "c.json": lambda count: b"[" + b'{"text": "a"},' * (count // 8) + b'{"text": "b"}]',
    "a.csv": lambda count: b"text,b\n" + b'"\n' * count,
    "b.csv": lambda count: b"text,b\n" + b"," * count + b"\n",
    "a.txt.gz": lambda count: gzip.compress(b"a", mtime=0) * count,
}


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path: Path, counted: None, name: str) -> None:
    _is_linear(tmp_path / name, ROWS[name], 4000)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_groups_of_rows(tmp_path: Path, counted: None, name: str) -> None:
    def many(count: int) -> bytes:
        path, table = tmp_path / "made", pa.table({"text": ["one"] * count, "id": [str(n) for n in range(count)]})
        if name == "a.parquet":
            pq.write_table(table, path, row_group_size=1)
        else:
            with pa.ipc.new_file(str(path), table.schema) as writer:
                writer.write_table(table, max_chunksize=1)
        return path.read_bytes()

    _is_linear(tmp_path / name, many, 100)


def test_lines_of_a_table_come_in_pieces() -> None:
    def pieces(size: int) -> Iterator[bytes]:
        return (b"a," * 500 for _ in range(size))

    assert grows_linearly(lambda given: list(_lines(given, 1 << 30)), pieces, 1000)


def test_blanks_in_a_charset() -> None:
    assert grows_linearly(charset_of, lambda size: "charset=" + " " * size + ";", 1000)
    for quoted in ('charset=" euc-kr "', "charset = 'euc-kr'", "charset=euc-kr;"):
        assert charset_of(f"text/html; {quoted}") == "euc-kr"


@pytest.mark.parametrize("line", [" a\n", "\ta\n", " \n"])
def test_folded_lines_of_a_response(line: str) -> None:
    assert grows_linearly(parse_head, lambda size: b"HTTP/1.1 200 OK\r\nA: b\r\n" + line.encode() * size, 20_000)
    head = parse_head(f"HTTP/1.1 200 OK\r\nA: b\r\n{line * 3}C: d\r\n\r\n".encode())
    assert [" ".join(value.split()) for _, value in head.fields] == [f"b{' a' * 3 * ('a' in line)}", "d"]


def test_a_line_of_many_values_is_a_failed_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    bomb, long = '{"text": "a", "b": [' + "{}," * 600_000 + "1]}", json.dumps({"text": "[{}, " * 600_000, "b": '\\"'})
    path.write_text(f"{bomb}\n{long}\n")
    found = list(read(Piece(str(path))))
    assert [getattr(event, "reason", "page") for event in found] == ["doc_too_long", "page"]
    assert found[0].detail == f"line 1: more than {(64 << 20) // 128} values in {len(bomb)} bytes"
    path.with_suffix(".json").write_text(f"[{bomb},{long}]")
    found = list(read(Piece(str(path.with_suffix(".json")))))
    assert [getattr(event, "reason", "page") for event in found] == ["doc_too_long", "page"]
