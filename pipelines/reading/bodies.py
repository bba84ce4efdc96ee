"""HTTP responses to bodies: the head, chunks and content encodings undone within limits.

Headers are hints. What the bytes say wins: a body that is not chunked or compressed is taken as it is, many crawlers
undo both and keep the headers; and one that is compressed otherwise than its header says is read as what it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from isal import isal_zlib

from pipelines.reading.packing import Corrupt, Cut, InflateError, WideWindow, zstd_chunks
from pipelines.reading.sniffing import HTML_TYPES, is_text

HTTP_BODY_BYTES = 32 << 20
_HEAD_BYTES = 1 << 20
_MOST_ENCODINGS = 2
_STEP_BYTES = 1 << 14  # deflate grows by 1032 at most: 17 MB a step

_HEAD_END = re.compile(rb"\r?\n\r?\n")
# Some archives say the version twice.
_STATUS = re.compile(rb"(?:HTTP/\d(?:\.\d)?[ \t]+){1,2}(\d{3})(?!\d)")
# A proxy's answer to CONNECT, which some crawlers keep before that of the server.
_TUNNEL = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+200[^\r\n]*(?:\r?\n(?!content-)[^\r\n]+)*\r?\n\r?\n", re.IGNORECASE)
# of the line that says the size of a chunk, and the size
MOST_DIGITS, MOST_EXTENSION = 32, 4096
LONGEST_CHUNK = 1 << 40
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,%d})[ \t]*(?:;[^\r\n]{0,%d})?\r?\n" % (MOST_DIGITS, MOST_EXTENSION))
_FEW_CHUNKS = 1 << 12
_TRAILER_BYTES = 1 << 13
_TRAILERS = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n)*\s*")
_MARKUP = re.compile(rb"\s*<")
_CHARSET = re.compile(r"""charset\s*=\s*(?:["']\s*)?([^\s"';,]{1,40})""", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")

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

    Where interim responses (1xx) or a proxy's come first, that of the final one. body_at counts from the beginning of
    data. Raises BodyError.
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
        another = _STATUS.match(data, body_at, stop) is not None
        if not (another and (100 <= code < 200 or _TUNNEL.fullmatch(data, at, body_at))):
            break
        at = body_at
    fields: list[tuple[str, str]] = []
    folded: list[str] = []
    for line in data[at:head_end].decode("latin-1").split("\n")[1:]:
        line = line.rstrip("\r")
        if line[:1] in (" ", "\t") and fields:
            folded.append(line.strip())
            continue
        if folded:
            _unfold(fields, folded)
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name.strip().lower(), value.strip()))
    if folded:
        _unfold(fields, folded)
    return Head(code, tuple(fields), body_at)


def _unfold(fields: list[tuple[str, str]], folded: list[str]) -> None:
    """Add the lines after a field that belong to it."""
    name, value = fields[-1]
    fields[-1] = (name, " ".join((value, *folded)))
    folded.clear()


def charset_of(content_type: str) -> str:
    """The charset parameter of a Content-Type, or ""."""
    found = _CHARSET.search(content_type)
    return found[1] if found else ""


def media_type_of(content_type: str) -> str:
    """The media type of a Content-Type in lower case without parameters, or "" if there is none."""
    name = content_type.split(";", 1)[0].split(",", 1)[0].strip().lower()
    return name if _NAME.fullmatch(name) else ""


def decode_body(head: Head, body: bytes, cut: bool = False) -> bytes:
    """The body without chunks and content encodings, at most HTTP_BODY_BYTES.

    cut   the crawler says that it cut the record (WARC-Truncated): what is there is taken
    Raises BodyError: http_body_too_big, http_body_truncated, http_body_corrupt, http_bad_chunk.
    """
    if "chunked" in head.get("transfer-encoding").lower() and _is_chunked(body):
        body = _dechunk(body, cut)
    codings = [name.strip() for name in head.get("content-encoding").lower().split(",")]
    # Some servers write a compression into Transfer-Encoding instead.
    codings += [name for name in map(str.strip, head.get("transfer-encoding").lower().split(",")) if name != "chunked"]
    for coding in [name for name in codings if name and name != "identity"][::-1][:_MOST_ENCODINGS]:
        body = _undo(coding, body, cut)
    declared = media_type_of(head.get("content-type"))
    if declared in HTML_TYPES or declared == "text/plain":
        body = _undo("", body, cut)  # compressed though no header says so
    if len(body) > HTTP_BODY_BYTES:
        raise BodyError("http_body_too_big", f"{len(body)} bytes, at most {HTTP_BODY_BYTES}")
    return body


def _is_chunked(body: bytes) -> bool:
    """Whether a body begins as chunks do: with a size, and the next size where it says.

    A body that ends before that is a chunk cut short, unless its first line is a number that a text may begin with.
    """
    size = _CHUNK_SIZE.match(body)
    if size is None:
        return False
    length = int(size[1], 16)
    end = size.end() + length
    if length == 0:
        return len(body) - size.end() <= _TRAILER_BYTES and _TRAILERS.fullmatch(body, size.end()) is not None
    if end >= len(body):
        return not (size[1].isdigit() and end > len(body) + 2 and is_text(body) and not _MARKUP.match(body, size.end()))
    after = end + body.startswith(b"\n", end)
    return body.startswith(b"\r\n", end) or after == len(body) or _CHUNK_SIZE.match(body, after) is not None


def _dechunk(body: bytes, cut: bool) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        if len(parts) == _FEW_CHUNKS:
            return _dechunk_many(body, at, parts, cut)
        size = _CHUNK_SIZE.match(body, at)
        if size is None:
            if at >= len(body) or len(body) - at < 34:
                break  # ends between chunks, or within a size
            raise BodyError("http_bad_chunk", f"no chunk size at byte {at} of {len(body)}")
        length = int(size[1], 16)
        if length == 0:
            return b"".join(parts)
        if length > LONGEST_CHUNK:
            raise BodyError("http_bad_chunk", f"chunk of more than {LONGEST_CHUNK} bytes at byte {at} of {len(body)}")
        parts.append(body[size.end() : size.end() + length])
        if len(parts[-1]) < length:
            break
        at = size.end() + length
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return _unended(body, parts, cut)


def _dechunk_many(body: bytes, at: int, parts: list[bytes], cut: bool) -> bytes:
    """The same for the rest of a body of very many chunks, mostly of a few bytes each."""
    from pipelines.reading import chunks

    rest, how, at = chunks.join(body, at)
    if how == chunks.NO_SIZE:
        raise BodyError("http_bad_chunk", f"no chunk size at byte {at} of {len(body)}")
    if how == chunks.TOO_LONG:
        raise BodyError("http_bad_chunk", f"chunk of more than {LONGEST_CHUNK} bytes at byte {at} of {len(body)}")
    parts.append(rest)
    return b"".join(parts) if how == chunks.WHOLE else _unended(body, parts, cut)


def _unended(body: bytes, parts: list[bytes], cut: bool) -> bytes:
    if cut:
        return b"".join(parts)
    raise BodyError("http_body_truncated", f"the chunks end at byte {len(body)} before the last one")


def _undo(coding: str, body: bytes, cut: bool) -> bytes:
    """The body without a compression: the one that its first bytes say, else that of its header ("" where none is)."""
    if not body:
        return body
    if body[:2] == b"\x1f\x8b":
        return _inflate(body, 31, cut)
    if body[:4] == b"\x28\xb5\x2f\xfd":
        return _zstd(body, cut)
    if body[0] & 0x0F == 8 and body[0] >> 4 <= 7 and int.from_bytes(body[:2], "big") % 31 == 0 and not is_text(body):
        return _inflate(body, 15, cut)
    if coding in ("deflate", "br") and not is_text(body):
        return _inflate(body, -15, cut) if coding == "deflate" else _brotli(body, cut)
    return body  # not compressed, or by a coding nobody knows: the bytes tell what they are


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
    except (Corrupt, WideWindow) as error:
        raise BodyError("http_body_corrupt", f"damaged zstd stream of {len(body)} bytes") from error
    except Cut as error:
        if not cut:
            raise BodyError("http_body_truncated", f"the zstd stream of {len(body)} bytes has no end") from error
    return b"".join(parts)


def declared_types(fields: Sequence[tuple[str, str]]) -> str:
    """The Content-Type among fields, or ""; the last one counts, as in a browser."""
    return next((value for name, value in reversed(fields) if name == "content-type"), "")
