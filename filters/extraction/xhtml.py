"""XHTML that is XML, written as the HTML that means the same, for parsers that know HTML only."""

import html
from typing import Any

import re2

from filters.document import RawPage

XHTML = "http://www.w3.org/1999/xhtml"
# Content types by which a browser parses a page as XML.
XML_TYPES = frozenset({"application/xhtml+xml", "application/vnd.wap.xhtml+xml", "application/xml", "text/xml"})

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_PREFIX = re2.compile(rf"""xmlns:([\w.-]+)\s*=\s*["']{XHTML}["']""")
_MARKUP = re2.compile(
    r"(?s)<!--.*?-->"
    r"|<!\[CDATA\[(?P<text>.*?)\]\]>"
    r"|<\?.*?\?>"
    r"|(?P<type><!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)"
    r"""|<(?P<end>/?)(?:(?P<prefix>[\w.-]+):)?(?P<name>[A-Za-z_][\w.-]*)(?P<rest>(?:[^<>"'/]|/+[^>]|"[^"]*"|'[^']*')*?)"""
    r"(?P<empty>/?)>"
)

XML = "xml"


def label_of(page: RawPage) -> str:
    """What the child is told of a page: whether it is XML, and its declared charset."""
    content_type = next((value for name, value in page.headers if name == "content-type"), "")
    return f"{XML if is_xml(content_type, page.body) else 'html'}:{page.charset}"


def is_xml(content_type: str, body: bytes) -> bool:
    """Whether a browser would parse a page as XML: by its content type, or where it has none, by an XML declaration."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in XML_TYPES or (not media_type and body.lstrip(b"\xef\xbb\xbf \t\r\n")[:6] == b"<?xml ")


def as_html(page: str) -> str:
    """A page of XHTML as HTML: elements that close themselves get an end, CDATA becomes text, the prefix of the
    namespace of XHTML goes, and so do instructions and an internal subset. What is not well-formed stays as it is."""
    prefixes = {found[1] for found in _PREFIX.finditer(page)}

    def rewritten(found: Any) -> str:
        if found["text"] is not None:
            return html.escape(found["text"], quote=False)
        if found["type"] is not None:
            return "<!DOCTYPE html>"
        name = found["name"]
        if name is None:  # a comment, or an instruction
            return ""
        if found["prefix"] and found["prefix"] not in prefixes:
            name = f"{found['prefix']}:{name}"
        void = name in _VOID
        if found["end"]:
            return "" if void else f"</{name}>"
        closed = found["empty"] and not void
        return f"<{name}{found['rest']}></{name}>" if closed else f"<{name}{found['rest']}>"

    return str(_MARKUP.sub(rewritten, page))
