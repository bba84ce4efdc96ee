"""Bodies and pages that are damaged, lying, huge, or made to cost."""

import gzip
from typing import Any

from tests.faults.archives import OTHERS, WARC, between, chunked, packed, page, pages, zeros
from tests.faults.table import TEXT, Fault, given
from tests.pipelines.reading.archives import http, member, record


def heavy(name: str, made: str, html: bytes, **more: Any) -> Fault:
    """A row whose fault is a page that costs: whatever comes of it, in bounded time, its neighbours are kept."""
    return between(name, made, page(1, html), None, **{"fails": None, "texts": OTHERS, "cpu_seconds": 25.0, **more})


def mislabelled(name: str, header: str) -> Fault:
    """A row whose fault is a header that its plain HTML belies."""
    return between(name, header, record(http(f"<p>plain {TEXT}</p>".encode(), header), 1), 3, texts=["plain"])


PAGES: list[Fault] = [
    given(
        "a page of 150 MB of zeros in 150 KB",
        "an honest bomb",
        WARC,
        lambda: pages()[0] + zeros(150) + pages()[1],
        2,
        fails={"record_too_big": 1},
        peak=600_000_000,
    ),
    given(
        "a member of 120 MB that says 100 bytes",
        "a lying bomb",
        WARC,
        lambda: pages()[0] + member(record(http(b"<p>a</p>"), 1, "response", "100") + bytes(120 << 20)) + pages()[1],
        2,
        fails=None,
        peak=600_000_000,
    ),
    given(
        "a body of 512 MB in a nested gzip",
        "Content-Encoding: gzip, twice packed zeros",
        WARC,
        lambda: (
            pages()[0]
            + member(record(http(gzip.compress(bytes(512 << 20), 1), "Content-Encoding: gzip"), 1))
            + pages()[1]
        ),
        2,
        fails={"http_body_too_big": 1},
        peak=600_000_000,
        cpu_seconds=25.0,
    ),
    between(
        "a body in chunks",
        "Transfer-Encoding: chunked",
        record(http(chunked(b"<p>whole ", b"text</p>"), "Transfer-Encoding: chunked"), 1),
        3,
        texts=["whole text"],
    ),
    between(
        "chunks that end early",
        "the last chunk is missing",
        record(http(chunked(b"<p>" + b"whole " * 90, b"text")[:-20], "Transfer-Encoding: chunked"), 1),
        fails={"http_body_truncated": 1},
    ),
    between(
        "a chunk size that is no number",
        "zz",
        record(http(b"4\r\n<p>a\r\nzz\r\n" + b"whole text " * 9, "Transfer-Encoding: chunked"), 1),
        fails={"http_bad_chunk": 1},
    ),
    between(
        "300,000 chunks of two bytes",
        "packed to 5 KB",
        record(http(chunked(*[b"ab"] * 300_000), "Transfer-Encoding: chunked"), 1),
        3,
        fails={},
        peak=500_000_000,
        cpu_seconds=8.0,
    ),
    mislabelled("headers that say gzip over plain HTML", "Content-Encoding: gzip"),
    mislabelled("headers that say chunked over plain HTML", "Transfer-Encoding: chunked"),
    mislabelled("an encoding nobody knows", "Content-Encoding: zip9"),
    between(
        "Korean without a charset",
        "EUC-KR bytes, no label",
        record(
            http(
                "<p>강물은 흐르고 다리는 오래되었다 우리는 그 위를 걷는다</p>".encode("euc-kr"),
                content_type="text/html",
            ),
            1,
        ),
        3,
        texts=["강물은 흐르고 다리는"],
    ),
    between(
        "CP949 syllables under the label EUC-KR",
        "똠, 뷁",
        record(
            http(
                "<p>똠방각하와 뷁스런 글을 읽었다 오래된 다리에서</p>".encode("cp949"),
                content_type="text/html; charset=euc-kr",
            ),
            1,
        ),
        3,
        texts=["똠방각하와 뷁스런"],
    ),
    given(
        "a PDF, a PNG and a zip labelled as HTML",
        "magic bytes and noise",
        WARC,
        lambda: (
            b"".join(
                member(page(n, magic + packed(400)))
                for n, magic in enumerate((b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"))
            )
            + pages(9)[8]
        ),
        1,
        drops=None,
    ),
    heavy(
        "30,000 nested divs",
        "one page",
        b"<div>" * 30_000 + TEXT.encode() + b"</div>" * 30_000,
    ),
    heavy(
        "nested lists that blow up the text",
        "60,000 times <ul><li>x",
        b"<ul><li>x" * 60_000,
        peak=1_500_000_000,
    ),
    heavy(
        "100,000 options in a select",
        "one page",
        b"<select>" + b"<option>a" * 100_000,
        drops=None,
    ),
    heavy(
        "60,000 attributes on one tag",
        "one page",
        b"<p " + b" ".join(b"a%d=1" % n for n in range(60_000)) + b">" + TEXT.encode(),
        cpu_seconds=45.0,
    ),
    heavy(
        "a text node of 12 MB",
        "one page",
        b"<p>" + b"word " * 2_400_000 + b"</p>",
    ),
    heavy(
        "a million line breaks",
        "<br> a million times",
        b"a<br>" * 1_000_000,
    ),
    between(
        "80,000 combining marks",
        "e with marks, in turn",
        page(1, b"<p>" + ("e" + "\u0301\u0316" * 40_000).encode() + b"</p>"),
        3,
        cpu_seconds=8.0,
    ),
    between(
        "NUL and control characters in HTML",
        "0x00, 0x07, 0x1b",
        page(1, b"<p>a\x00b\x07c\x1b[31m " + TEXT.encode()),
        3,
        lacks=["\x00", "\x07", "\x1b"],
    ),
]
