"""Small archives for the tests of the readers, written by hand."""

import gzip
import io
from pathlib import Path

from pipelines.reading import read
from pipelines.reading.units import Piece

# A line for scripts of tests: `peak` is the process's peak memory in MB. ru_maxrss would do, but a child inherits its
# parent's across exec, and the parent here is a whole test session.
PEAK = "peak = int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024\n"

TEXT = "강물은 흐르고 다리는 오래되었다. The river runs under the old bridge. "


def http(body: bytes, *fields: str, status: str = "200 OK", content_type: str = "text/html; charset=utf-8") -> bytes:
    """An HTTP response."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


def page(number: int, repeat: int = 3) -> bytes:
    """An HTML page."""
    return f"<!DOCTYPE html><html><body><p>{number} {TEXT * repeat}</p></body></html>".encode()


def record(block: bytes, number: int = 0, kind: str = "response", length: str | None = None, *fields: str) -> bytes:
    """A WARC record."""
    content_type = {"response": "application/http; msgtype=response", "conversion": "text/plain"}.get(
        kind, "application/warc-fields"
    )
    head = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>",
        f"WARC-Target-URI: http://ok.example/{number}",
        "WARC-Date: 2024-05-01T10:00:00Z",
        f"Content-Type: {content_type}",
        *fields,
        f"Content-Length: {len(block) if length is None else length}",
        "",
        "",
    ]
    return "\r\n".join(head).encode() + block + b"\r\n\r\n"


def member(data: bytes) -> bytes:
    """One gzip member."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
        file.write(data)
    return out.getvalue()


def events(path: Path | str, *cuts: int):  # type: ignore[no-untyped-def]
    """All events of a file, read as ranges that begin at 0 and at each cut; and the counts of types."""
    found = []
    types: dict[str, int] = {}
    starts = [0, *sorted(cuts)]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        reader = read(Piece(str(path), start, end, Path(path).stat().st_size))
        here = list(reader)
        assert reader.records == len(here)
        found += here
        for kind, count in reader.types.items():
            types[kind] = types.get(kind, 0) + count
    keys = [(event.source, event.offset) for event in found]
    assert len(set(keys)) == len(keys), "row keys repeat"
    return found, types
