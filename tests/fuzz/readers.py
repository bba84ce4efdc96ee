"""Every reader on any bytes: it raises nothing, keys are unique, what it gives out is fit to be written, details quote
nothing, and ranges give what the whole file gives."""

import gzip
import io
import os
import re
from pathlib import Path

from tests.fuzz.engine import Target

GUIDED = ("pipelines",)  # packages whose branches are seen

NAMES = (
    "a.warc", "a.warc.gz", "a.arc", "a.arc.gz", "a.warc.zst", "a.jsonl", "a.jsonl.gz", "a.json", "a.csv", "a.tsv",
    "a.parquet", "a.arrow", "a.wacz", "a.txt", "a.html", "a.bin",
)  # fmt: skip
# How the bytes are packed before they are read: a checksum would stop most that is made by chance.
AS_IS, MEMBERS, ONE_MEMBER, ZSTD, BZIP2, XZ = range(6)
CANARY = "zqCanary7"  # stands in the seeds where somebody's data would
_RECORDS = re.compile(rb"(?=WARC/1)")
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def header(name: str, packing: int = AS_IS, cut: int = 0) -> bytes:
    """The three bytes before the content of an input: name, packing, where a second range begins (in 255ths)."""
    return bytes((NAMES.index(name), packing, cut))


def content(data: bytes) -> tuple[str, bytes, int]:
    """The name, the bytes of the file, and where a second range begins."""
    name, packing, cut = data[:3]
    body = data[3:]
    kind = packing % 6
    if kind == MEMBERS:
        body = b"".join(gzip.compress(part, 1, mtime=0) for part in _RECORDS.split(body) if part)
    elif kind == ONE_MEMBER:
        body = gzip.compress(body, 1, mtime=0)
    elif kind == ZSTD:
        import zstandard

        body = zstandard.ZstdCompressor(1).compress(body)
    elif kind == BZIP2:
        import bz2

        body = bz2.compress(body, 1)
    elif kind == XZ:
        import lzma

        body = lzma.compress(body, preset=0)
    return NAMES[name % len(NAMES)], body, len(body) * cut // 255


def target(folder: Path) -> Target:
    """The target; files are written below the folder."""
    from pipelines.reading import formats, look, read
    from pipelines.reading.events import Damaged, Rejected
    from pipelines.reading.fields import Fields, Reading
    from pipelines.reading.units import Piece

    reading = Reading(Fields(carry=("a", "meta.b")))
    place = folder / "files"
    place.mkdir(parents=True, exist_ok=True)

    def events(path: str, *starts: int) -> list[object]:
        found: list[object] = []
        size = os.path.getsize(path)
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            reader = read(Piece(path, start, end, size), reading)
            here = list(reader)
            assert reader.records == len(here)
            found += here
        return found

    def one(data: bytes) -> bool | None:
        if len(data) < 4:
            return False
        name, body, cut = content(data)
        path = str(place / name)
        with open(path, "wb") as file:
            file.write(body)
        found = events(path, 0)
        keys = {(event.source, event.offset) for event in found}  # type: ignore[attr-defined]
        assert len(keys) == len(found), "row keys repeat"
        for event in found:
            said = [event.id, event.url]  # type: ignore[attr-defined]
            if isinstance(event, Damaged):
                said += [event.reason, event.detail]
                assert CANARY not in event.detail, "a detail quotes the input"
            elif isinstance(event, Rejected):
                said.append(event.drop.rule)
            else:
                said += [event.date, event.media_type]
                assert event.body, "an empty page"  # type: ignore[attr-defined]
                for value in event.carried.values():  # type: ignore[attr-defined]
                    value.encode()
            for text in said:
                assert not _UNFIT.search(text), f"unfit for a row: {type(event).__name__}"
        with open(path, "rb") as file:
            kind = formats.sniff(file, path)
        if cut and kind in formats.RANGED:
            # inside of a record a range may take for one what only looks so (docs/reading.md): more rows, and none less
            ranged = events(path, 0, cut)
            lost = [event for event in found if not isinstance(event, Damaged) and event not in ranged]
            assert not lost, "ranges lose what the whole file has"
            damaged = any(isinstance(event, Damaged) for event in found)
            assert damaged or ranged == found, "ranges differ from the whole file"
        look.look(path, reading)
        return None

    return one


def seeds() -> dict[str, bytes]:
    """Small inputs of every format, by name."""
    import brotli
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    from tests.pipelines.reading.archives import http, member, page, record

    html = f"<p>{CANARY} 강물은 흐르고</p>".encode()
    plain = record(b"software: a\r\n", 9, "warcinfo") + b"".join(record(http(page(n, 1)), n) for n in range(2))
    encoded = {
        "chunked": record(http(b"5\r\n<p>ab\r\n3\r\ncde\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 1),
        "gzip-body": record(http(gzip.compress(html, mtime=0), "Content-Encoding: gzip"), 1),
        "br-body": record(http(brotli.compress(html), "Content-Encoding: br"), 1),
        "folded": record(http(html, "X-Long: a\r\n\tb\r\n c"), 1, "response", None, "X-Folded: a\r\n b"),
        "lying": record(http(html), 1, "response", "99999") + record(http(html), 2),
        "short": record(http(html), 1, "response", "9") + record(http(html), 2),
        "conversion": record(html, 1, "conversion"),
        "truncated": record(http(html[:9]), 1, "response", None, "WARC-Truncated: length"),
        "url": record(http(html), 1, "response", None, f"WARC-Target-URI: https://me:{CANARY}@h.example/?q=1"),
    }
    arc = b"filedesc://a.arc 0.0.0.0 20200101000000 text/plain 3\n1 0\n\n"
    arc += b"http://a.example/ 10.0.0.1 20200101000000 text/html %d\n" % len(http(html)) + http(html) + b"\n"
    rows = b'{"id": "1", "text": "%b", "url": "http://a.example/", "a": 1}\n{"text": "\\ud83d\\ude00"}\n{"text": 5}\n'
    rows %= CANARY.encode()
    table = pa.table({"id": ["1", "2"], "text": [CANARY, None], "a": [1.5, None]})
    parquet, arrow = io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet, compression="none")
    feather.write_feather(table, arrow, compression="uncompressed")
    made = {"warc": header("a.warc", AS_IS, 120) + plain, "warc-gz": header("a.warc.gz", MEMBERS, 120) + plain}
    made |= {f"warc-{name}": header("a.warc", AS_IS, 99) + data for name, data in encoded.items()}
    made |= {f"warc-gz-{name}": header("a.warc.gz", MEMBERS, 99) + data for name, data in encoded.items()}
    made["warc-gz-cut"] = header("a.warc.gz", AS_IS, 50) + member(plain)[:-9] + member(plain)
    made["warc-gz-one-member"] = header("a.warc.gz", ONE_MEMBER) + plain
    made["warc-zst"] = header("a.warc.zst", ZSTD) + plain
    made["arc"] = header("a.arc") + arc
    made["arc-gz"] = header("a.arc.gz", ONE_MEMBER, 80) + arc
    made["jsonl"] = header("a.jsonl") + rows
    made["jsonl-gz"] = header("a.jsonl.gz", ONE_MEMBER) + rows
    made["jsonl-bz2"] = header("a.jsonl", BZIP2) + rows
    made["jsonl-xz"] = header("a.jsonl", XZ) + rows
    made["json"] = header("a.json") + b'[{"text": "a", "date": 1700000000}, 3, {"text": "[\\"}", "a": [1]}]'
    made["csv"] = header("a.csv") + f'id,text,date\r\n1,"{CANARY}, ""x""\r\ny",2020-01-01\r\n2,a\r\n'.encode()
    made["csv-cp949"] = header("a.csv") + "번호,text\n1,한국어 글\n".encode("cp949")
    made["tsv"] = header("a.tsv") + b'id\ttext\n1\t"a\n'
    made["parquet"] = header("a.parquet") + parquet.getvalue()
    made["arrow"] = header("a.arrow") + arrow.getvalue()
    made["text"] = header("a.txt") + "강물은 흐르고".encode("utf-16")
    made["html"] = header("a.html") + html
    made["unknown"] = header("a.bin") + b"%PDF-1.7\n"
    return made
