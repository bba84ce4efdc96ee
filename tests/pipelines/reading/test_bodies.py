"""HTTP responses: heads, chunks, content encodings within limits, media types by content."""

import gzip
import tracemalloc
import zlib
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.document import RawPage
from pipelines.reading import bodies, pages
from pipelines.reading.bodies import BodyError, Head, decode_body, parse_head
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.sniffing import media_type
from tests.pipelines.reading.archives import events, http, page, record


def _head(**fields: str) -> Head:
    return Head(200, tuple((name.replace("_", "-"), value) for name, value in fields.items()), 0)


def _chunked(body: bytes, size: int = 7) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


CHUNKED = _head(transfer_encoding="chunked")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 60))
def test_chunks_come_back_as_they_went_in(body: bytes, size: int) -> None:
    assert decode_body(CHUNKED, _chunked(body, size)) == body


def test_chunks_with_extensions_trailers_and_bare_line_feeds() -> None:
    assert decode_body(CHUNKED, b"3;name=value\r\nabc\r\n0\r\nTrailer: x\r\n\r\n") == b"abc"
    assert decode_body(CHUNKED, b"3 \nabc\n0\n\n") == b"abc"


def test_chunks_that_end_early_or_make_no_sense() -> None:
    whole = _chunked(b"x" * 100, 10)
    for size in range(40, len(whole) - 5, 9):
        with pytest.raises(BodyError) as error:
            decode_body(CHUNKED, whole[:size])
        assert error.value.reason == "http_body_truncated"
    with pytest.raises(BodyError) as error:
        decode_body(CHUNKED, b"3\r\nabc\r\n" + b"<p>no size</p>" * 9)
    assert error.value.reason == "http_bad_chunk"
    # A crawler that says that it cut the record: what is there is taken.
    assert decode_body(CHUNKED, b"5\r\nabc", cut=True) == b"abc"


BODY = page(1, 200)
ENCODED = {
    "gzip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY[:99]) + gzip.compress(BODY[99:]),
    "deflate": zlib.compress(BODY),
    "br": brotli.compress(BODY),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress(BODY),
    "gzip, br": brotli.compress(gzip.compress(BODY)),
    "identity": BODY,
    "unheard-of": BODY,
}


@pytest.mark.parametrize("coding", ENCODED)
def test_content_encodings(coding: str) -> None:
    assert decode_body(_head(content_encoding=coding), ENCODED[coding]) == BODY
    # a header that lies: the crawler undid the encoding and kept the header
    assert decode_body(_head(content_encoding=coding, transfer_encoding="chunked"), BODY) == BODY
    assert decode_body(_head(content_encoding=coding), b"") == b""


def test_raw_deflate_and_gzip_without_a_header() -> None:
    packer = zlib.compressobj(wbits=-15)
    assert decode_body(_head(content_encoding="deflate"), packer.compress(BODY) + packer.flush()) == BODY
    assert decode_body(_head(content_type="text/html"), gzip.compress(BODY)) == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_encoded_bodies_that_are_cut_or_damaged(coding: str) -> None:
    packed = ENCODED[coding]
    head = _head(content_encoding=coding)
    with pytest.raises(BodyError) as error:
        decode_body(head, packed[:-9])
    assert error.value.reason == "http_body_truncated"
    assert BODY.startswith(decode_body(head, packed[:-9], cut=True))
    middle = len(packed) // 2
    damage = bytes(255 - byte for byte in packed[middle : middle + 20])
    with pytest.raises(BodyError) as error:
        decode_body(head, packed[:middle] + damage + packed[middle + 20 :])
    assert error.value.reason in ("http_body_corrupt", "http_body_truncated", "http_body_too_big")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_body_bombs_are_refused_in_little_memory(coding: str) -> None:
    zeros = bytes(100 << 20)
    compress = {
        "gzip": lambda data: gzip.compress(data, 1),
        "deflate": lambda data: zlib.compress(data, 1),
        "br": lambda data: brotli.compress(data, quality=1),
        "zstd": zstandard.ZstdCompressor().compress,
    }[coding]
    bomb = compress(zeros)
    del zeros
    tracemalloc.start()
    with pytest.raises(BodyError) as error:
        decode_body(_head(content_encoding=coding), bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.value.reason == "http_body_too_big"
    assert peak < 4 * bodies.HTTP_BODY_BYTES


def test_heads() -> None:
    head = parse_head(b"HTTP/1.1 200 OK\r\nContent-Type: text/html;\r\n charset=euc-kr\r\nX: 1\r\nx: 2\r\n\r\nbody")
    assert head.status == 200 and head.get("content-type") == "text/html; charset=euc-kr" and head.get("x") == "1, 2"
    assert bodies.charset_of(head.get("content-type")) == "euc-kr"
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody"
    assert parse_head(interim).status == 200 and interim[parse_head(interim).body_at :] == b"body"
    assert parse_head(b"HTTP/1.1 HTTP/1.1 404 Not Found\r\n\r\n").status == 404
    assert parse_head(b"HTTP/2 200\nA: b\n\nbody").get("a") == "b"
    assert parse_head(b"HTTP/1.0 204 No Content").body_at == 23
    for block in (b"", b"<html>", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 2000\r\n\r\n"):
        with pytest.raises(BodyError) as error:
            parse_head(block)
        assert error.value.reason == "http_bad_head"


HTML = b"<!-- c --><!DOCTYPE html><html><head></head><body>text</body></html>"
KINDS = [
    (HTML, "text/html", "text/html"),
    (HTML, "application/octet-stream", "text/html"),
    (HTML, "", "text/html"),
    (HTML, "text/plain", "text/html"),
    (HTML, "application/json", "text/html"),
    (b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="x">', "application/xhtml+xml", "text/html"),
    (b"  <p>only a paragraph", "", "text/html"),
    (b"words and nothing else", "text/html", "text/html"),
    (b"words and nothing else", "text/plain", "text/plain"),
    (b"words and nothing else", "", "text/plain"),
    (HTML.decode().encode("utf-16"), "text/html", "text/html"),
    (HTML.decode().encode("utf-16-le"), "text/html", "text/html"),
    ("글만 있습니다".encode("cp949"), "text/plain", "text/plain"),
    (b"%PDF-1.4 <html>", "text/html", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "text/html", "image/png"),
    (bytes(range(256)) * 4, "text/html", "application/octet-stream"),
    (bytes(range(256)) * 4, "text/plain", "application/octet-stream"),
    (b'<?xml version="1.0"?><rss><channel>', "text/html", "application/rss+xml"),
    (b'<?xml version="1.0"?><rss><channel>', "text/xml", "application/rss+xml"),
    (b'{"a": 1}', "application/json", "application/json"),
    (b'{"a": 1}', "", "application/json"),
    (b"var a = '<html>';", "application/javascript", "application/javascript"),
    (b"body { color: red }", "text/css", "text/css"),
]


@pytest.mark.parametrize(("body", "declared", "expected"), KINDS)
def test_media_type_is_told_from_the_bytes(body: bytes, declared: str, expected: str) -> None:
    assert media_type(body, declared) == expected


def _outcome(event: RawPage | Rejected | Damaged) -> str:
    if isinstance(event, RawPage):
        return event.media_type
    return event.drop.rule if isinstance(event, Rejected) else event.reason


def test_what_becomes_of_responses(tmp_path: Path) -> None:
    blocks = [
        http(
            BODY,
            "Set-Cookie: session=secret",
            "X-Client-IP: 10.1.2.3",
            "Content-Language: ko",
            "X-Robots-Tag: noai",
            "x-ROBOTS-tag:  noarchive",
            "TDM-Reservation: 1",
            "TDM-Policy: https://a.example/p",
            "Link: </secret.css>; rel=preload",
            'Link: <https://a.example/>; rel="LICENSE"',
        ),
        http(BODY, status="404 Not Found"),
        http(b"%PDF-1.4", content_type="application/pdf"),
        http(b""),
        http("글".encode("cp949"), content_type="text/plain; charset=euc-kr"),
        http(gzip.compress(BODY)[:-9], "Content-Encoding: gzip"),
        b"<html>no head",
        http(b"x" * (pages.TEXT_BYTES + 1), content_type="text/plain"),
    ]
    records = [
        record(block, number, "response", None, "WARC-IP-Address: 10.9.8.7") for number, block in enumerate(blocks)
    ]
    records.append(record("글 하나".encode(), 20, "conversion", None, "WARC-Refers-To: <urn:uuid:1>"))
    records.append(record(b"", 21, "conversion"))
    (tmp_path / "a.warc").write_bytes(b"".join(records))
    found, types = events(tmp_path / "a.warc")
    outcome = [
        event.media_type
        if isinstance(event, RawPage)
        else event.drop.rule
        if isinstance(event, Rejected)
        else event.reason
        for event in found
    ]
    assert outcome == [
        *("text/html", "http_status", "mime_type", "empty_body", "text/plain", "http_body_truncated", "http_bad_head"),
        *("doc_too_long", "text/plain", "empty_body"),
    ]
    assert types == {"response": 8, "conversion": 2}
    assert not [word for word in ("secret", "10.1.2.3", "10.9.8.7") if word in repr(found[0].headers)]
    assert dict(found[0].headers)["content-language"] == "ko" and found[0].charset == "utf-8"
    assert found[0].headers[2:] == (
        ("x-robots-tag", "noai"), ("x-robots-tag", "noarchive"), ("tdm-reservation", "1"),
        ("tdm-policy", "https://a.example/p"), ("link", '<https://a.example/>; rel="LICENSE"'),
    )  # fmt: skip
    assert dict(found[8].headers)["WARC-Refers-To"] == "<urn:uuid:1>"
    assert found[0].id == "<urn:uuid:00000000-0000-4000-8000-000000000000>" and found[0].date == "2024-05-01T10:00:00Z"
    assert found[4].charset == "euc-kr" and all(isinstance(event, (RawPage, Rejected, Damaged)) for event in found)


URLS = [
    (b"<http://a.example/>", "http://a.example/"),
    (b" http://a.example/b ", "http://a.example/b"),
    (b"http://user:secret@a.example/x@y", "http://a.example/x@y"),
    (b"//user@a.example/", "//a.example/"),
    ("http://한국.example/길".encode(), "http://한국.example/길"),
    ("http://a.example/길".encode("cp949"), "http://a.example/%B1%E6"),
    (b"http://a.example/\x00\x1b[31m x", "http://a.example/%00%1B[31m%20x"),
    ("http://a.example/\u202egnp".encode(), "http://a.example/%E2%80%AEgnp"),
    (b"", ""),
]


@pytest.mark.parametrize(("raw", "expected"), URLS)
def test_addresses_are_safe_to_show_and_name_no_user(raw: bytes, expected: str) -> None:
    assert pages.clean_url(raw) == expected


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_address_and_id_encodes(raw: bytes | str) -> None:
    for cleaned in (pages.clean_url(raw), pages.clean_id(raw)):
        cleaned.encode()
        assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in cleaned)


def test_dates() -> None:
    assert pages.clean_date(b"20240501100000") == "2024-05-01T10:00:00Z"
    for date in ("2024-05-01T10:00:00Z", "2024-05-01", "2024", "2024-05-01T10:00:00.123456Z", "2024-05"):
        assert pages.clean_date(date) == date
    for date in ("yesterday", "2024-13-45T99:00:00Z", "", "20240501"):
        assert pages.clean_date(date) in ("", "20240501")
