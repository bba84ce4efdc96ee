"""HTTP responses to bodies: the head, chunks and content encodings undone within limits, the media type by content.

Headers are hints. A body that does not look chunked or compressed is taken as it is, whatever its headers say: many
crawlers undo both and keep the headers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from isal import isal_zlib

from pipelines.reading.packing import Corrupt, Cut, InflateError, zstd_chunks

HTTP_BODY_BYTES = 32 << 20
_HEAD_BYTES = 1 << 20
_MOST_ENCODINGS = 2
_STEP_BYTES = 1 << 14  # deflate grows by 1032 at most: 17 MB a step

_HEAD_END = re.compile(rb"\r?\n\r?\n")
# Some archives say the version twice.
_STATUS = re.compile(rb"(?:HTTP/\d(?:\.\d)?[ \t]+){1,2}(\d{3})(?!\d)")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,32})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]{1,40})""", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")

# The WHATWG MIME Sniffing Standard: bytes that only HTML begins with, after white space and comments.
_TAG_START = re.compile(
    rb"(?:\s|<!--.{0,2000}?-->|<\?xml[^>]{0,500}\?>)*"
    rb"<(!doctype\s+html|html|head|body|title|script|iframe|h1|div|font|table|a|style|b|br|p|meta|link|main|article|"
    rb"section|span|center|form|ul|ol|img|noscript|header|nav)(?=[\s/>])",
    re.IGNORECASE | re.DOTALL,
)
_HTML_ROOT = re.compile(rb"<(?:!doctype\s+html|html|head|body)(?=[\s/>])", re.IGNORECASE)
_XML_ROOT = re.compile(
    rb"(?:\s|<\?[^>]{0,1000}\?>|<!--.{0,2000}?-->|<!doctype[^>]{0,1000}>)*<(?:[\w.-]+:)?([\w.-]+)",
    re.IGNORECASE | re.DOTALL,
)
_BINARY_START = (
    *(b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"OggS", b"ID3", b"\x00\x00\x01\x00", b"wOFF", b"wOF2"),
    *(b"PK\x03\x04", b"\x1f\x8b\x08", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\xd0\xcf\x11\xe0"),
    *(b"\x7fELF", b"MZ\x90", b"{\\rtf", b"%!PS"),
)
_BINARY_BYTES = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])  # WHATWG "binary data byte"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_SNIFF_BYTES = 2048
_XML_DATA = frozenset({b"rss", b"feed", b"rdf", b"urlset", b"sitemapindex", b"svg"})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_UNTYPED = frozenset({"", "application/octet-stream", "unknown/unknown", "application/unknown", "*/*", "text/*"})

Headers = tuple[tuple[str, str], ...]


class BodyError(Exception):
    """A response that cannot be decoded. reason is a code, detail holds sizes and names only."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an HTTP response: its status, its fields (names in lower case), and where the body begins."""

    status: int
    fields: Headers
    body_at: int

    def get(self, name: str) -> str:
        """All values of a field, joined by commas."""
        return ", ".join(value for key, value in self.fields if key == name)


def parse_head(data: bytes, begin: int = 0, stop: int | None = None) -> Head:
    """The head of the response that stands in data[begin:stop].

    Where interim responses (1xx) come first, that of the final one. body_at counts from the beginning of data.
    Raises BodyError.
    """
    at = begin
    stop = len(data) if stop is None else stop
    while True:
        status = _STATUS.match(data, at, stop)
        if status is None:
            raise BodyError("http_bad_head", f"{stop - begin} bytes that do not begin with an HTTP status line")
        end = _HEAD_END.search(data, at, min(stop, at + _HEAD_BYTES))
        head_end, body_at = end.span() if end else (stop, stop)
        if head_end - at > _HEAD_BYTES:
            raise BodyError("http_bad_head", f"no end of the head within {_HEAD_BYTES} bytes")
        code = int(status[1])
        if not (100 <= code < 200 and code != 101 and data.startswith(b"HTTP/", body_at, stop)):
            break
        at = body_at
    fields: list[tuple[str, str]] = []
    for line in data[at:head_end].decode("latin-1").split("\n")[1:]:
        line = line.rstrip("\r")
        if line[:1] in (" ", "\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name.strip().lower(), value.strip()))
    return Head(code, tuple(fields), body_at)


def charset_of(content_type: str) -> str:
    """The charset parameter of a Content-Type, or ""."""
    found = _CHARSET.search(content_type)
    return found[1] if found else ""


def media_type_of(content_type: str) -> str:
    """The media type of a Content-Type in lower case without parameters, or "" where there is none."""
    name = content_type.split(";", 1)[0].split(",", 1)[0].strip().lower()
    return name if _NAME.fullmatch(name) else ""


def decode_body(head: Head, body: bytes, cut: bool = False) -> bytes:
    """The body without chunks and content encodings, at most HTTP_BODY_BYTES.

    cut   the crawler says that it cut the record (WARC-Truncated): what is there is taken
    Raises BodyError: http_body_too_big, http_body_truncated, http_body_corrupt, http_bad_chunk.
    """
    if "chunked" in head.get("transfer-encoding").lower() and _CHUNK_SIZE.match(body):
        body = _dechunk(body, cut)
    codings = [name.strip() for name in head.get("content-encoding").lower().split(",")]
    # Some servers write a compression into Transfer-Encoding instead.
    codings += [name for name in map(str.strip, head.get("transfer-encoding").lower().split(",")) if name != "chunked"]
    for coding in [name for name in codings if name and name != "identity"][::-1][:_MOST_ENCODINGS]:
        body = _undo(coding, body, cut)
    if body.startswith(b"\x1f\x8b\x08") and media_type_of(head.get("content-type")) in _HTML_TYPES:
        body = _undo("gzip", body, cut)  # compressed though no header says so
    if len(body) > HTTP_BODY_BYTES:
        raise BodyError("http_body_too_big", f"{len(body)} bytes, at most {HTTP_BODY_BYTES}")
    return body


def _dechunk(body: bytes, cut: bool) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        size = _CHUNK_SIZE.match(body, at)
        if size is None:
            if at >= len(body) or len(body) - at < 34:
                break  # ends between chunks, or within a size
            raise BodyError("http_bad_chunk", f"no chunk size at byte {at} of {len(body)}")
        length = int(size[1], 16)
        if length == 0:
            return b"".join(parts)
        if length > 1 << 40:
            raise BodyError("http_bad_chunk", f"chunk of {length} bytes at byte {at} of {len(body)}")
        parts.append(body[size.end() : size.end() + length])
        if len(parts[-1]) < length:
            break
        at = size.end() + length
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    if cut:
        return b"".join(parts)
    raise BodyError("http_body_truncated", f"the chunks end at byte {len(body)} before the last one")


def _undo(coding: str, body: bytes, cut: bool) -> bytes:
    if not body:
        return body
    if coding in ("gzip", "x-gzip"):
        return _inflate(body, 31, cut) if body[:2] == b"\x1f\x8b" else body
    if coding == "deflate":
        if body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0:
            return _inflate(body, 15, cut)
        return body if _is_text(body) else _inflate(body, -15, cut)
    if coding == "br":
        return body if _is_text(body) else _brotli(body, cut)
    if coding == "zstd":
        return _zstd(body, cut) if body[:4] == b"\x28\xb5\x2f\xfd" else body
    return body  # a coding nobody knows: the bytes tell what they are


def _too_big() -> BodyError:
    return BodyError("http_body_too_big", f"more than {HTTP_BODY_BYTES} bytes when decoded")


def _inflate(body: bytes, window: int, cut: bool) -> bytes:
    parts: list[bytes] = []
    total = at = 0
    inflater = isal_zlib.decompressobj(window)
    while at < len(body):
        try:
            out = inflater.decompress(body[at : at + _STEP_BYTES])
        except InflateError as error:
            if cut and parts:
                break
            raise BodyError("http_body_corrupt", f"damaged deflate stream of {len(body)} bytes") from error
        at += _STEP_BYTES
        parts.append(out)
        total += len(out)
        if total > HTTP_BODY_BYTES:
            raise _too_big()
        if inflater.eof:
            at = min(at, len(body)) - len(inflater.unused_data)
            if window != 31 or body[at : at + 2] != b"\x1f\x8b":
                break  # what follows is padding
            inflater = isal_zlib.decompressobj(window)
    if not inflater.eof and not cut:
        raise BodyError("http_body_truncated", f"the deflate stream of {len(body)} bytes has no end")
    return b"".join(parts)


def _brotli(body: bytes, cut: bool) -> bytes:
    import brotli

    inflater = brotli.Decompressor()
    try:
        out = inflater.process(body, output_buffer_limit=HTTP_BODY_BYTES + 1)
        parts = [out]
        total = len(out)
        while not inflater.is_finished() and not inflater.can_accept_more_data():
            if total > HTTP_BODY_BYTES:
                raise _too_big()
            parts.append(inflater.process(b"", output_buffer_limit=HTTP_BODY_BYTES + 1))
            total += len(parts[-1])
    except brotli.error as error:
        raise BodyError("http_body_corrupt", f"damaged brotli stream of {len(body)} bytes") from error
    if total > HTTP_BODY_BYTES:
        raise _too_big()
    if not inflater.is_finished() and not cut:
        raise BodyError("http_body_truncated", f"the brotli stream of {len(body)} bytes has no end")
    return b"".join(parts)


def _zstd(body: bytes, cut: bool) -> bytes:
    parts: list[bytes] = []
    total = 0
    try:
        for out in zstd_chunks(iter((body,))):
            parts.append(out)
            total += len(out)
            if total > HTTP_BODY_BYTES:
                raise _too_big()
    except Corrupt as error:
        raise BodyError("http_body_corrupt", f"damaged zstd stream of {len(body)} bytes") from error
    except Cut as error:
        if not cut:
            raise BodyError("http_body_truncated", f"the zstd stream of {len(body)} bytes has no end") from error
    return b"".join(parts)


def _is_text(body: bytes) -> bool:
    head = body[:_SNIFF_BYTES]
    return head.startswith(_WIDE_MARKS) or len(head.translate(None, _BINARY_BYTES)) == len(head)


def sniff(body: bytes, declared: str) -> str:
    """The media type of a body that is a page: "text/html" or "text/plain"; "" for everything else.

    declared  the media type of the header, as media_type_of gives it. It decides between HTML and plain text only
              where the bytes do not.
    """
    head = body[:_SNIFF_BYTES].removeprefix(b"\xef\xbb\xbf")
    if head.startswith(_WIDE_MARKS) or _looks_wide(head):
        head = head.replace(b"\x00", b"").lstrip(b"\xff\xfe")
    elif head.startswith(_BINARY_START):
        return ""
    if declared in _HTML_TYPES:
        if _HTML_ROOT.search(head):
            return "text/html"
        # A few stray controls do not make a page binary; a browser shows it too.
        strange = len(head) - len(head.translate(None, _BINARY_BYTES))
        if strange * 20 > len(head):
            return ""
        root = _XML_ROOT.match(head) if head.lstrip().startswith(b"<?xml") else None
        return "" if root and root[1].lower() in _XML_DATA else "text/html"
    if not _is_text(head):
        return ""
    start = _TAG_START.match(head)
    # Plain text, scripts and feeds are HTML only where they begin like a whole page.
    whole_page = start is not None and start[1].lower().startswith((b"!doctype", b"html", b"head", b"body"))
    if declared in _UNTYPED:
        data = head.lstrip()[:1] in (b"", b"<", b"{", b"[")
        return "text/html" if start else "" if data else "text/plain"
    if declared == "text/plain":
        return "text/html" if whole_page else "text/plain"
    return "text/html" if whole_page else ""


def _looks_wide(head: bytes) -> bool:
    even, odd = head[::2].count(0), head[1::2].count(0)
    return max(even, odd) * 10 > len(head) // 2 and min(even, odd) * 8 < max(even, odd)


def declared_types(fields: Sequence[tuple[str, str]]) -> str:
    """The Content-Type among fields, or ""; the last one counts, as in a browser."""
    return next((value for name, value in reversed(fields) if name == "content-type"), "")
