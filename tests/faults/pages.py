"""Bodies and pages that are damaged, lying, huge, or made to cost."""

import gzip

from tests.faults.archives import WARC, chunked, packed, page, pages, with_middle, zeros
from tests.faults.table import TEXT, Fault, given
from tests.pipelines.reading.archives import http, member, record

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
    given(
        "a body in chunks",
        "Transfer-Encoding: chunked",
        WARC,
        with_middle(record(http(chunked(b"<p>whole ", b"text</p>"), "Transfer-Encoding: chunked"), 1)),
        3,
        texts=["whole text"],
    ),
    given(
        "chunks that end early",
        "the last chunk is missing",
        WARC,
        with_middle(record(http(chunked(b"<p>" + b"whole " * 90, b"text")[:-20], "Transfer-Encoding: chunked"), 1)),
        2,
        fails={"http_body_truncated": 1},
    ),
    given(
        "a chunk size that is no number",
        "zz",
        WARC,
        with_middle(record(http(b"4\r\n<p>a\r\nzz\r\n" + b"whole text " * 9, "Transfer-Encoding: chunked"), 1)),
        2,
        fails={"http_bad_chunk": 1},
    ),
    given(
        "300,000 chunks of two bytes",
        "packed to 5 KB",
        WARC,
        with_middle(record(http(chunked(*[b"ab"] * 300_000), "Transfer-Encoding: chunked"), 1)),
        3,
        fails={},
        peak=500_000_000,
        cpu_seconds=8.0,
    ),
    given(
        "headers that say gzip over plain HTML",
        "Content-Encoding: gzip",
        WARC,
        with_middle(record(http(f"<p>plain {TEXT}</p>".encode(), "Content-Encoding: gzip"), 1)),
        3,
        texts=["plain"],
    ),
    given(
        "headers that say chunked over plain HTML",
        "Transfer-Encoding: chunked",
        WARC,
        with_middle(record(http(f"<p>plain {TEXT}</p>".encode(), "Transfer-Encoding: chunked"), 1)),
        3,
        texts=["plain"],
    ),
    given(
        "an encoding nobody knows",
        "Content-Encoding: zip9",
        WARC,
        with_middle(record(http(f"<p>plain {TEXT}</p>".encode(), "Content-Encoding: zip9"), 1)),
        3,
        texts=["plain"],
    ),
    given(
        "Korean without a charset",
        "EUC-KR bytes, no label",
        WARC,
        with_middle(
            record(
                http(
                    "<p>강물은 흐르고 다리는 오래되었다 우리는 그 위를 걷는다</p>".encode("euc-kr"),
                    content_type="text/html",
                ),
                1,
            )
        ),
        3,
        texts=["강물은 흐르고 다리는"],
    ),
    given(
        "CP949 syllables under the label EUC-KR",
        "똠, 뷁",
        WARC,
        with_middle(
            record(
                http(
                    "<p>똠방각하와 뷁스런 글을 읽었다 오래된 다리에서</p>".encode("cp949"),
                    content_type="text/html; charset=euc-kr",
                ),
                1,
            )
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
    given(
        "30,000 nested divs",
        "one page",
        WARC,
        with_middle(page(1, b"<div>" * 30_000 + TEXT.encode() + b"</div>" * 30_000)),
        None,
        fails=None,
        texts=[f"0 {TEXT}", f"2 {TEXT}"],
        cpu_seconds=25.0,
    ),
    given(
        "nested lists that blow up the text",
        "60,000 times <ul><li>x",
        WARC,
        with_middle(page(1, b"<ul><li>x" * 60_000)),
        None,
        fails=None,
        texts=[f"0 {TEXT}", f"2 {TEXT}"],
        cpu_seconds=25.0,
        peak=1_500_000_000,
    ),
    given(
        "100,000 options in a select",
        "one page",
        WARC,
        with_middle(page(1, b"<select>" + b"<option>a" * 100_000)),
        None,
        fails=None,
        drops=None,
        texts=[f"0 {TEXT}", f"2 {TEXT}"],
        cpu_seconds=25.0,
    ),
    given(
        "60,000 attributes on one tag",
        "one page",
        WARC,
        with_middle(page(1, b"<p " + b" ".join(b"a%d=1" % n for n in range(60_000)) + b">" + TEXT.encode())),
        None,
        fails=None,
        texts=[f"0 {TEXT}", f"2 {TEXT}"],
        cpu_seconds=45.0,
    ),
    given(
        "a text node of 12 MB",
        "one page",
        WARC,
        with_middle(page(1, b"<p>" + b"word " * 2_400_000 + b"</p>")),
        None,
        fails=None,
        texts=[f"0 {TEXT}", f"2 {TEXT}"],
        cpu_seconds=25.0,
    ),
    given(
        "a million line breaks",
        "<br> a million times",
        WARC,
        with_middle(page(1, b"a<br>" * 1_000_000)),
        None,
        fails=None,
        texts=[f"0 {TEXT}", f"2 {TEXT}"],
        cpu_seconds=25.0,
    ),
    given(
        "80,000 combining marks",
        "e with marks, in turn",
        WARC,
        with_middle(page(1, b"<p>" + ("e" + "\u0301\u0316" * 40_000).encode() + b"</p>")),
        3,
        cpu_seconds=8.0,
    ),
    given(
        "NUL and control characters in HTML",
        "0x00, 0x07, 0x1b",
        WARC,
        with_middle(page(1, b"<p>a\x00b\x07c\x1b[31m " + TEXT.encode())),
        3,
        lacks=["\x00", "\x07", "\x1b"],
    ),
]
