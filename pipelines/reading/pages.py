"""One record or row to a page: ids, addresses and dates made safe, headers without personal data."""

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from filters.credentials import without_credentials
from filters.document import Drop, RawPage
from pipelines.reading.events import Damaged, Rejected

TEXT_BYTES = 10_000_000
ID_CHARACTERS = 8192  # a longer id is as good as absent: those of a unit are held in memory

_PLAIN_URL = re.compile(rb"[!#-;=?-~]+")  # printable ASCII without space, quote and angle brackets
# C0, DEL, C1, line separators, marks and overrides of direction, U+FFFE and U+FFFF: nothing a terminal may be given.
_UNSAFE = re.compile(
    "[\x00-\x20\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_UNSAFE_ID = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")

# Headers that extractors and ablations may ask for. Everything else is left out: cookies, addresses of machines and
# people stand in headers.
_KEPT_HEADERS = frozenset(
    {"content-type", "content-language", "last-modified", "link", "x-robots-tag", "tdm-reservation", "tdm-policy"}
)


def kept_headers(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The HTTP headers that are passed on; names in lower case. Of Link headers those that name a licence are."""
    return [
        (name, clean_id(value))
        for name, value in fields
        if name in _KEPT_HEADERS and (name != "link" or "license" in value.lower())
    ]


def clean_url(raw: bytes | str) -> str:
    """An address as valid UTF-8 without control characters, angle brackets around it, and user names in it."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    data = data.strip()
    if data.startswith(b"<") and data.endswith(b">"):
        data = data[1:-1]
    if _PLAIN_URL.fullmatch(data):
        url = data.decode("ascii")
    else:
        try:
            url = data.decode("utf-8")
        except UnicodeDecodeError:
            url = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in data)
        url = _UNSAFE.sub(_percent, url)
    return without_credentials(url)


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def clean_id(raw: bytes | str, most: int = sys.maxsize) -> str:
    """A record's own id as it stands, without characters that no id holds; "" for more than most characters."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = _UNSAFE_ID.sub("\ufffd", text.strip())
    return text if len(text) <= most else ""


def clean_date(raw: bytes | str) -> str:
    """A date that is ISO 8601, or the 14 digits of an ARC file, in ISO 8601; "" for everything else."""
    text = (raw.decode("latin-1") if isinstance(raw, bytes) else raw).strip()
    if text.isascii() and text.isdigit() and len(text) == 14:
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}Z"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return text if re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", text) else ""
    return text


def made_id(url: str, date: str, body: bytes) -> str:
    """The id of a page that brings none: a hash of address, date and body, the same wherever the page is found."""
    digest = hashlib.sha256(f"{url}\n{date}\n".encode("utf-8", "replace"))
    digest.update(body)
    return f"sha256:{digest.hexdigest()[:40]}"


_KNOWN = (
    (b"%PDF", "PDF"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x04\x22\x4d\x18", "lz4"),
    (b"Obj\x01", "Avro"), (b"ORC", "ORC"), (b"\x89PNG", "PNG"), (b"<", "HTML or XML"), (b"[", "a JSON array"),
)  # fmt: skip


def first_bytes(data: bytes) -> str:
    """What the first bytes look like, for a message about a file that is not what it should be: the kind where it is
    known, and four bytes, escaped. More could be a line of somebody's data."""
    head = bytes(data[:64])
    kind = next((name for magic, name in _KNOWN if head.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(magic)), "")
    if not kind:
        kind = "bytes" if set(head) & _NEVER_IN_TEXT else "text"
    return f"with {repr(head[:4])[1:]}, {kind}"


_NEVER_IN_TEXT = frozenset(range(0x20)) - {0x09, 0x0A, 0x0D}


def text_page(
    source: str,
    offset: int,
    body: bytes,
    own_id: str,
    url: str,
    date: str,
    headers: Iterable[tuple[str, str]] = (),
    carried: Mapping[str, str] | None = None,
) -> RawPage | Rejected | Damaged:
    """A row or record that holds text already, as UTF-8."""
    page_id = own_id or made_id(url, date, body)
    if not body:
        return Rejected(source, offset, page_id, url, Drop("empty_body", 0.0, 1.0))
    if len(body) > TEXT_BYTES:
        return Damaged(source, offset, page_id, url, "doc_too_long", f"{len(body)} bytes of text, at most {TEXT_BYTES}")
    beside = sum(map(len, carried.values())) if carried else 0
    if beside > TEXT_BYTES:
        detail = f"{beside} characters in the carried fields, at most {TEXT_BYTES}"
        return Damaged(source, offset, page_id, url, "doc_too_long", detail)
    page = RawPage(page_id, url, body, "text/plain", "utf-8", tuple(headers), date, source, offset)
    return replace(page, carried=carried) if carried else page
