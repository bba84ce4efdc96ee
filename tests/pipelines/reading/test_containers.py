"""Containers and bodies told by their bytes; what is said about what was found, refused and not read."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard

from filters.document import RawPage
from pipelines.reading import read
from pipelines.reading.bodies import Head, decode_body, parse_head
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.fields import Reading
from pipelines.reading.look import look
from pipelines.reading.sniffing import media_type
from pipelines.reading.units import InputError, Piece, expand
from tests.pipelines.reading.archives import events, http, record

ROWS = b"".join(json.dumps({"text": f"배 {number}", "id": number}).encode() + b"\n" for number in range(4))
PAGE = b"<!DOCTYPE html><html><body><p>The ferry leaves at noon.</p></body></html>"


def _skippable(number: int, content: bytes = b"1234") -> bytes:
    return bytes([0x50 + number]) + b"\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content


def _texts(path: Path, **settings: Any) -> list[str]:
    return [event.body.decode() for event in read(Piece(str(path)), Reading(**settings)) if isinstance(event, RawPage)]


def _reasons(path: Path, **settings: Any) -> list[Damaged]:
    return [event for event in read(Piece(str(path)), Reading(**settings)) if isinstance(event, Damaged)]


@pytest.mark.parametrize("number", [0, 7, 15])
@pytest.mark.parametrize("place", ["before", "between", "behind"])
def test_skippable_frames_anywhere(tmp_path: Path, number: int, place: str) -> None:
    halves = [zstandard.ZstdCompressor().compress(ROWS[:30]), zstandard.ZstdCompressor().compress(ROWS[30:])]
    skipped = _skippable(number) * 2
    data = {
        "before": skipped + halves[0] + halves[1],
        "between": halves[0] + skipped + halves[1],
        "behind": halves[0] + halves[1] + skipped,
    }[place]
    path = tmp_path / "named-like-nothing"
    path.write_bytes(data)
    assert _texts(path) == [f"배 {n}" for n in range(4)]


def _windowed(log: int, data: bytes = ROWS) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=log, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(data) + packer.flush()


def test_wide_windows_are_read_or_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    for log in (27, 28):
        path.write_bytes(_windowed(log))
        assert len(_texts(path)) == 4
    path.write_bytes(_windowed(30))
    (damaged,) = _reasons(path)
    assert damaged.reason == "zstd_window_too_large"
    assert "zstd_long: 30" in damaged.detail
    assert len(_texts(path, zstd_long=30)) == 4
    warc = tmp_path / "a.warc.zst"
    warc.write_bytes(_windowed(30))
    assert [event.reason for event in _reasons(warc)] == ["zstd_window_too_large"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.json.zst", b'{\n"text":\n"one"\n}\n', "jq -c"),
        ("a.json.zst", b'[{"body": "one"}]', "--text-field body"),
        ("a.jsonl.zst", b'{"body": "one"}\n', "--text-field body"),
        ("a.csv.zst", b"id,body\n1,one\n", "--text-field body"),
    ],
)
def test_the_way_out_is_told_for_wide_windows_too(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(_windowed(30, data))
    assert said in look(str(path), Reading(zstd_long=30)).problem


@pytest.mark.parametrize("tail", [b"\n", b"garbage", b"\x00\x00x", b"x" * 100_000])
@pytest.mark.parametrize("whole", [True, False])
def test_bytes_behind_the_last_gzip_member_cost_no_row(tmp_path: Path, tail: bytes, whole: bool) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(ROWS if whole else ROWS[:-1]) + tail)
    assert len(_texts(path)) == 4
    assert [event.reason for event in _reasons(path)] == ["file_garbage_skipped"]


@pytest.mark.parametrize(
    "data", [gzip.compress(b"", mtime=0) * 3, zstandard.ZstdCompressor().compress(b""), _skippable(0)]
)
def test_a_file_of_nothing_is_empty_however_it_is_packed(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    assert [event.reason for event in _reasons(path)] == ["file_empty"]


def _head(coding: str = "", transfer: str = "", content_type: str = "text/html") -> Head:
    fields = (("content-type", content_type), ("content-encoding", coding), ("transfer-encoding", transfer))
    return Head(200, tuple(field for field in fields if field[1]), 0)


PACKED = {
    "gzip": gzip.compress(PAGE, mtime=0),
    "deflate": zlib.compress(PAGE),
    "zstd": zstandard.ZstdCompressor().compress(PAGE),
}


@pytest.mark.parametrize("label", ["", "gzip", "deflate", "br", "zstd", "identity", "compress"])
@pytest.mark.parametrize("coding", PACKED)
def test_a_body_is_what_its_bytes_say(label: str, coding: str) -> None:
    assert decode_body(_head(label), PACKED[coding]) == PAGE
    assert decode_body(_head(label), PAGE) == PAGE


def test_brotli_has_only_its_label() -> None:
    assert decode_body(_head("br"), brotli.compress(PAGE)) == PAGE


PLAIN = [
    b"2024\r\nThe ferry leaves at noon.\r\n" * 3,
    b"12\nferries left, and none came back\n",
    b"0\r\n\r\nzero\r\n\r\n",
]


@pytest.mark.parametrize("body", PLAIN)
def test_text_that_begins_with_a_number_is_no_chunk(body: bytes) -> None:
    assert decode_body(_head(transfer="chunked", content_type="text/plain"), body) == body


def test_a_proxys_head_comes_before_the_servers() -> None:
    for first in (b"HTTP/1.0 200 Connection established\r\n\r\n", b"HTTP/1.1 200 OK\r\nProxy-Agent: x\r\n\r\n"):
        data = first + b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody"
        assert parse_head(data).status == 404
    about_http = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHTTP/1.1 404 is an answer"
    assert about_http[parse_head(about_http).body_at :] == b"HTTP/1.1 404 is an answer"


WIDE = "渡し船は正午に出る。桟橋では誰も急いでいない。\n나룻배는 정오에 떠난다.\n"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("declared", ["text/plain", "", "text/html"])
def test_utf16_is_text(codec: str, declared: str) -> None:
    marked = ("\ufeff" + WIDE * 3).encode(codec)
    assert media_type(marked, declared) == ("text/html" if declared == "text/html" else "text/plain")
    assert media_type((WIDE * 3).encode("utf-16-le"), "text/plain", "utf-16le") == "text/plain"
    noise = b"\xff\xfe" + bytes(range(1, 256)) * 5
    assert media_type(noise, declared) == "application/octet-stream"


FOUND = [
    (b"<?xml version='1.0'?><feed xmlns='x'>", "text/html", "application/atom+xml"),
    (b"<?xml version='1.0'?><rss>", "application/json", "application/rss+xml"),
    (b"<?xml version='1.0'?><x:html xmlns:x='y'>", "application/xml", "text/html"),
    (b"PK\x03\x04....", "text/html", "application/zip"),
    (b'{"a": 1}', "application/json", "application/json"),
]


@pytest.mark.parametrize(("body", "declared", "found"), FOUND)
def test_what_is_told_is_what_was_found(body: bytes, declared: str, found: str) -> None:
    assert media_type(body, declared) == found


def _typed(block: bytes, number: int, kind: str, content_type: str) -> bytes:
    found = record(block, number, kind)
    at = found.index(b"Content-Type: ") + 14
    return found[:at] + content_type.encode() + found[found.index(b"\r\n", at) :]


def _archive(path: Path, *records: bytes) -> Path:
    path.write_bytes(b"".join(records))
    return path


def test_resources_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    path = _archive(
        tmp_path / "a.warc",
        _typed(PAGE, 1, "resource", "text/html"),
        _typed(b"just words", 2, "resource", "text/plain"),
        _typed(b"\x89PNG....", 3, "resource", "image/png"),
        record(http(PAGE), 4),
    )
    found, types = events(path)
    assert [event.media_type for event in found] == ["text/html"]
    assert types == {"resource": 3, "response": 1}
    more = list(read(Piece(str(path)), Reading(records=("response", "conversion", "resource"))))
    assert [getattr(event, "media_type", "") for event in more] == ["text/html", "text/plain", "", "text/html"]
    assert isinstance(more[2], Rejected)
    assert more[2].drop.value == "image/png"


def test_a_response_of_html_without_a_head_is_a_page(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.warc", _typed(PAGE, 1, "response", "text/html"))
    (found,) = events(path)[0]
    assert (found.media_type, found.body) == ("text/html", PAGE)


SECRET = ['{"text": "Ms Hidden", "url": "http://a"}', "Hidden,12 Pine Road", "hidden@example.com", "a://b Hidden://c"]


@pytest.mark.parametrize("line", SECRET)
def test_a_list_of_data_shows_no_line_of_it(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.txt").write_text(line + "\n")
    with pytest.raises(InputError) as error:
        expand([f"@{tmp_path}/rows.txt"])
    assert "idden" not in str(error.value)
    assert "rows.txt" in str(error.value)


def test_a_list_names_missing_files_and_knows_file_addresses(tmp_path: Path) -> None:
    (tmp_path / "a b.jsonl").write_bytes(ROWS)
    listed = tmp_path / "list.txt"
    listed.write_text(f"file://{tmp_path}/a%20b.jsonl\n")
    assert expand([f"@{listed}"]) == [f"{tmp_path}/a b.jsonl"]
    for line in ("file:///nowhere/x.warc.gz", "nowhere/x.warc.gz", "https://a.example/x.warc.gz"):
        listed.write_text(line)
        with pytest.raises(InputError) as error:
            expand([f"@{listed}"])
        assert "nowhere/x.warc.gz" in str(error.value) or "https" in str(error.value)
        assert "pip" not in str(error.value)
