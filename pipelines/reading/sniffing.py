"""What a body is, by its bytes, following the WHATWG's MIME Sniffing Standard; its header decides where they do
not."""

import re

from filters.text.charset import wide_codec, wide_text

PAGE_TYPES = frozenset({"text/html", "text/plain"})
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
UNTYPED = frozenset({"", "application/octet-stream", "unknown/unknown", "application/unknown", "*/*", "text/*"})

# Bytes that only HTML begins with, after white space and comments.
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
_XML_DATA = {
    b"rss": "application/rss+xml",
    b"rdf": "application/rdf+xml",
    b"feed": "application/atom+xml",
    b"svg": "image/svg+xml",
    b"urlset": "application/xml",
    b"sitemapindex": "application/xml",
}
_BINARY_STARTS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "application/x-riff"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"Rar!", "application/vnd.rar"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ", "application/x-xz"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"\x7fELF", "application/x-elf"),
    (b"MZ\x90", "application/vnd.microsoft.portable-executable"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
)
_BINARY = "application/octet-stream"
_BINARY_BYTES = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])  # WHATWG "binary data byte"
_SNIFF_BYTES = 2048
_MARK = b"\xef\xbb\xbf"


def is_text(body: bytes) -> bool:
    """Whether the beginning of a body has no bytes that only binary data have, or is UTF-16 or UTF-32."""
    head = body[:_SNIFF_BYTES]
    return _as_utf8(head, "") is not None or len(head.translate(None, _BINARY_BYTES)) == len(head)


def media_type(body: bytes, declared: str, charset: str = "") -> str:
    """The media type of a body. It is a page where that is one of PAGE_TYPES; everything else is named as far as its
    first bytes tell, else by its header.

    declared  the media type of the header, as bodies.media_type_of gives it
    charset   that of the header, by which UTF-16 without a mark is known
    """
    head = body[:_SNIFF_BYTES].removeprefix(_MARK)
    wide = _as_utf8(head, charset)
    if wide is not None:
        head = wide
    elif binary := next((name for start, name in _BINARY_STARTS if head.startswith(start)), ""):
        return binary
    root = _XML_ROOT.match(head) if head.lstrip(_MARK + b" \t\r\n").startswith(b"<?xml") else None
    data = _XML_DATA.get(root[1].lower(), "") if root else ""
    if declared in HTML_TYPES:
        if _HTML_ROOT.search(head):
            return "text/html"
        # A few stray controls do not make a page binary; a browser shows it too.
        strange = len(head) - len(head.translate(None, _BINARY_BYTES))
        return _BINARY if strange * 20 > len(head) else data or "text/html"
    if len(head.translate(None, _BINARY_BYTES)) != len(head):
        return _BINARY if declared in UNTYPED or declared in PAGE_TYPES else declared
    start = _TAG_START.match(head)
    # Plain text, scripts and feeds are HTML only where they begin like a whole page.
    whole_page = start is not None and start[1].lower().startswith((b"!doctype", b"html", b"head", b"body"))
    if whole_page or (root and root[1].lower() == b"html"):
        return "text/html"
    if declared in UNTYPED:
        first = head.lstrip()[:1]
        known = {b"": _BINARY, b"<": data or "application/xml", b"{": "application/json", b"[": "application/json"}
        return "text/html" if start else known.get(first, "text/plain")
    return data or declared if declared != "text/plain" else "text/plain"


def _as_utf8(head: bytes, charset: str) -> bytes | None:
    """The beginning of a text in UTF-16 or UTF-32 in UTF-8, None for everything else."""
    wide = wide_codec(head, charset)
    text = wide_text(head[wide[1] :], wide[0]) if wide else None
    return None if text is None else text.encode("utf-8", "replace")
