"""Damaged and hostile web archives and pages."""

import io
import random
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from tests.faults.table import CANARY, TEXT, Fault, given
from tests.pipelines.reading.archives import http, member, record

WARC = "a.warc.gz"


def page(number: int, body: bytes = b"") -> bytes:
    """A response with a page of its own."""
    html = body or f"<!DOCTYPE html><p>{number} {TEXT}</p>".encode()
    return record(http(html), number)


def pages(count: int = 3) -> list[bytes]:
    """Gzip members, a page each."""
    return [member(page(number)) for number in range(count)]


def with_middle(block: bytes) -> Callable[[], bytes]:
    """A .warc.gz of two good pages, and this record as a member between them."""
    return lambda: pages()[0] + member(block) + pages()[2]


def flipped(at: float) -> bytes:
    """Three members, the second with a byte changed at a share of its length."""
    first, second, third = (bytearray(part) for part in pages())
    second[int(len(second) * at)] ^= 0xFF
    return bytes(first + second + third)


def zeros(megabytes: int) -> bytes:
    """A gzip member of a page of zeros, made without holding it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = record(b"", 1, "response", str(len(http(b"")) + (megabytes << 20)))[:-4] + http(b"")
    parts = [packer.compress(head)]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join((*parts, packer.flush()))


def packed(size: int) -> bytes:
    """Bytes that chance wrote: they do not compress."""
    return random.Random(size).randbytes(size)


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def magics(megabytes: float) -> bytes:
    """A good page, then the magic of gzip over and over, then a good page."""
    return pages()[0] + b"\x1f\x8b\x08" * int(megabytes * 350_000) + pages()[1]


def lying(count: int) -> bytes:
    """A plain archive of records whose lengths lead beyond the end of the file."""
    return b"".join(record(http(b"<p>x</p>"), n, "response", str(10**9 + n)) for n in range(count)) + page(count + 1)


def nested(depth: int) -> bytes:
    """Members inside stored blocks of members that are damaged, one in the other."""
    inner = pages()[0]
    for _ in range(depth):
        packer = zlib.compressobj(0, zlib.DEFLATED, 31)
        inner = packer.compress(b"WARC/1.0\r\n" + inner) + packer.flush()
        inner = inner[:-8] + bytes(8)
    return inner + pages()[1]


def folded(where: str) -> bytes:
    """Header lines that go on and on."""
    lines = "X-Long: a" + "\r\n b" * 200_000
    if where == "http":
        return member(record(http(f"<p>{TEXT}</p>".encode(), lines), 1)) + pages()[2]
    return member(record(http(f"<p>{TEXT}</p>".encode()), 1, "response", None, lines)) + pages()[2]


def wacz(archive: bytes, damage: Callable[[bytearray], bytearray] = lambda data: data) -> bytes:
    """A WACZ with one archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("archive/a.warc.gz", archive)
        file.writestr("datapackage.json", "{}")
    return bytes(damage(bytearray(made.getvalue())))


def arc(lengths: tuple[int, ...] = (0, 0)) -> bytes:
    """An ARC file of two pages, lengths off by so much."""
    entries = [b"filedesc://a.arc 0.0.0.0 20200101000000 text/plain 4\n1 0\n\n"]
    for number, off in enumerate(lengths):
        block = http(f"<p>{number} {TEXT}</p>".encode())
        entries.append(
            b"http://a.example/%d 10.0.0.1 20200101000000 text/html %d\n" % (number, len(block) + off) + block + b"\n"
        )
    return b"".join(entries)


def zstd(data: bytes, log: int = 0) -> bytes:
    """A Zstandard frame, with a window of so many bits."""
    import zstandard

    if not log:
        return bytes(zstandard.ZstdCompressor().compress(data))
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=log)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    return bytes(packer.compress(data) + packer.flush())


TRUNCATED, CORRUPT, LENGTH = {"warc_truncated": 1}, {"warc_gzip_corrupt": 1}, {"warc_bad_content_length": 1}
OTHERS = [f"0 {TEXT}", f"2 {TEXT}"]  # the two good pages of with_middle


def between(name: str, made: str, block: bytes, kept: int | None = 2, **more: Any) -> Fault:
    """A row whose fault is a record between two good pages."""
    return given(name, made, WARC, with_middle(block), kept, **more)


def length(name: str, said: str) -> Fault:
    """A row whose fault is the Content-Length of a record between two good pages."""
    return between(name, said, record(http(b"<p>a</p>"), 1, "response", said), fails=LENGTH)


ARCHIVES: list[Fault] = [
    given(
        "the last gzip member is cut",
        "20 bytes of a .warc.gz are missing at the end",
        WARC,
        lambda: b"".join(pages())[:-20],
        2,
        fails=TRUNCATED,
    ),
    given(
        "a gzip member is cut and others follow",
        "the second of three members lacks its end",
        WARC,
        lambda: pages()[0] + pages()[1][:-30] + pages()[2],
        2,
        fails=CORRUPT,
    ),
    given(
        "a member's checksum is wrong",
        "one byte of its CRC is changed",
        WARC,
        lambda: pages()[0] + pages()[1][:-6] + b"!" + pages()[1][-5:] + pages()[2],
        2,
        fails=CORRUPT,
    ),
    given(
        "a member's deflate stream is damaged",
        "one byte in its middle is changed",
        WARC,
        lambda: flipped(0.5),
        2,
        fails=CORRUPT,
    ),
    given(
        "garbage between members",
        "300 random bytes",
        WARC,
        lambda: pages()[0] + packed(300) + pages()[1],
        2,
        fails={"warc_garbage_skipped": 1},
    ),
    given(
        "zeros between members",
        "5,000 zeros",
        WARC,
        lambda: pages()[0] + bytes(5000) + pages()[1],
        2,
        fails={"warc_garbage_skipped": 1},
    ),
    given(
        "empty members between others",
        "100 members of nothing",
        WARC,
        lambda: pages()[0] + member(b"") * 100 + pages()[1],
        2,
    ),
    given("an empty file", "0 bytes", WARC, lambda: b"", 0, fails={"file_empty": 1}),
    given("a gzip file of nothing", "one empty member", WARC, lambda: member(b""), 0, fails={"file_empty": 1}),
    between(
        "a Content-Length that is too small",
        "9 of some hundred bytes",
        record(http(f"<p>{TEXT}</p>".encode()), 1, "response", "9"),
        fails=LENGTH,
    ),
    between(
        "a Content-Length that reaches over the member",
        "2,000 bytes too many; the neighbour is not swallowed",
        record(http(b"<p>a</p>"), 1, "response", "2000"),
        fails=LENGTH,
    ),
    given(
        "a Content-Length beyond the file, uncompressed",
        "10^9 in a plain .warc",
        "a.warc",
        lambda: page(0) + record(http(b"<p>a</p>"), 1, "response", str(10**9)) + page(2),
        2,
        fails=LENGTH,
    ),
    length("a Content-Length of 2^63", "9223372036854775808"),
    length("a negative Content-Length", "-1"),
    length("a Content-Length in words", "many"),
    between(
        "a record without Content-Length",
        "the line is missing",
        page(1).replace(b"Content-Length", b"X-Length", 1),
        fails=LENGTH,
    ),
    between(
        "a header of 1 MB",
        "one line of a WARC header",
        record(http(b"<p>a</p>"), 1, "response", None, "X-Long: " + "a" * (1 << 20)),
        fails=None,
    ),
    between(
        "100,000 HTTP header lines",
        "X-1 to X-100000",
        record(http(b"<p>a</p>", *(f"X-{n}: {n}" for n in range(100_000))), 1),
        None,
        fails=None,
    ),
    between(
        "line feeds alone in headers",
        "no carriage return in a record",
        page(1).replace(b"\r\n", b"\n"),
        None,
        fails=None,
        texts=OTHERS,
    ),
    given(
        "two records with one id",
        "the same WARC-Record-ID",
        WARC,
        lambda: member(page(7)) + member(page(7, f"<p>another {TEXT}</p>".encode())),
        2,
    ),
    given(
        "records that are no pages",
        "warcinfo, request, revisit",
        WARC,
        lambda: (
            b"".join(member(record(b"a: b\r\n", n, kind)) for n, kind in enumerate(("warcinfo", "request", "revisit")))
            + pages()[0]
        ),
        1,
    ),
    given(
        "a gzip magic 700,000 times",
        "2 MB of 1f 8b 08 between pages",
        WARC,
        lambda: magics(2),
        2,
        fails=CORRUPT,
        cpu_seconds=6.0,
    ),
    given(
        "lengths beyond the file, 4,000 times",
        "a plain .warc",
        "a.warc",
        lambda: lying(4000),
        None,
        fails=None,
        cpu_seconds=10.0,
    ),
    given(
        "members inside damaged members, 150 deep",
        "stored blocks, wrong checksums",
        WARC,
        lambda: nested(150),
        None,
        fails=None,
        cpu_seconds=6.0,
    ),
    given(
        "a WARC header folded 200,000 times",
        "packed to a kilobyte",
        WARC,
        lambda: folded("warc"),
        None,
        fails=None,
        texts=[f"2 {TEXT}"],
        cpu_seconds=6.0,
    ),
    given(
        "an HTTP header folded 200,000 times",
        "packed to a kilobyte",
        WARC,
        lambda: folded("http"),
        None,
        fails=None,
        texts=[f"2 {TEXT}"],
        cpu_seconds=6.0,
    ),
    given(
        "a .warc.zst that is cut",
        "20 bytes missing",
        "a.warc.zst",
        lambda: zstd(page(0) + page(1, b"<p>" + packed(300_000).hex().encode()))[:-20],
        1,
        fails=TRUNCATED,
    ),
    given(
        "a .warc.zst with a window of 2 GiB",
        "as zstd --long=31 writes",
        "a.warc.zst",
        lambda: zstd(page(0) + page(1), 31),
        0,
        fails={"zstd_window_too_large": 1},
    ),
    given(
        "a .warc.bz2 that is cut",
        "20 bytes missing",
        "a.warc.bz2",
        lambda: __import__("bz2").compress(page(0) + page(1))[:-20],
        0,
        fails=TRUNCATED,
    ),
    given(
        "a .warc.xz with a damaged byte",
        "one byte changed in the middle",
        "a.warc.xz",
        lambda: (lambda data: data[:200] + bytes((data[200] ^ 255,)) + data[201:])(
            __import__("lzma").compress(page(0) + record(packed(5000), 1))
        ),
        0,
        fails={"warc_xz_corrupt": 1},
    ),
    given(
        "a WACZ whose archive is damaged",
        "a byte in the middle of a stored member",
        "a.wacz",
        lambda: wacz(flipped(0.5)),
        2,
        fails=CORRUPT,
    ),
    given(
        "an ARC record whose length is wrong",
        "5 bytes too few, in the first of two",
        "a.arc",
        lambda: arc((-5, 0)),
        None,
        fails=None,
        texts=[f"1 {TEXT}"],
    ),
    between(
        "an address of 1 MB",
        "WARC-Target-URI",
        page(1).replace(b"http://ok.example/1", b"http://ok.example/" + b"a" * (1 << 20), 1),
        None,
        fails=None,
        texts=OTHERS,
    ),
    given(
        "addresses that are paths",
        "file:///etc/passwd and ../../../../etc/passwd",
        WARC,
        lambda: b"".join(
            member(page(n).replace(b"http://ok.example/", address, 1))
            for n, address in enumerate((b"file:///etc/passwd?", b"../../../../etc/passwd?"))
        ),
        2,
        lacks=["root:"],
    ),
    between(
        "a password in an address",
        "https://me:CANARY@host/",
        record(http(b""), 1, "response", None).replace(
            b"http://ok.example/1", f"https://me:{CANARY}@ok.example/1".encode(), 1
        ),
        drops=None,
    ),
]
