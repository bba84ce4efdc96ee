"""The statements of a page: those of its tags and headers that may be about the use of its text."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import re2

from filters.document import RawPage
from filters.extraction.xhtml import as_html, is_xml
from filters.text.charset import decode
from filters.text.tags import ANCHOR, FOOTER, LINK, META, Tag, tags

# name, and a value in double quotes, in single ones, or without
_ATTRIBUTE = re2.compile(r"""([^\s"'>/=][^\s>/=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?""")
_NAME = re2.compile(r"<[^\s>/]*")
_WITH_ATTRIBUTES = (META, LINK, ANCHOR)
_WORDS = (
    b"commons", b"cc-by", b"cc by", b"ccby", b"cc&nbsp;by", b"cc0", b"cc-0", b"cc 0",
    *(word.encode(codec) for word in ("크리에이티브", "저작자") for codec in ("utf-8", "cp949")),
)  # fmt: skip
_ESCAPE = b"\x1b$"  # ISO-2022: two bytes a character, and any of them may be a "<"


@dataclass(frozen=True, slots=True)
class Statement:
    """A tag as filters.text.tags finds it, with its attributes by name in lower case; text is what Tag.data holds."""

    kind: int
    place: int
    attributes: Mapping[str, str]
    text: str


def statements(page: RawPage) -> tuple[Statement, ...]:
    """What a page's markup says, in its order; nothing for a page that is text."""
    if page.media_type != "text/html":
        return ()
    return tuple(_statement(tag, page.charset) for tag in tags(_markup(page)) if _may_say(tag))


def seen(page: RawPage) -> bool:
    """Whether there is markup or a server's answer that could have said something: a WET record has neither."""
    return page.media_type == "text/html" or any(not name.lower().startswith("warc-") for name, _ in page.headers)


def header(page: RawPage, wanted: str) -> Iterator[str]:
    """The values of an HTTP header, one for each time that it was sent."""
    return (value for name, value in page.headers if name.lower() == wanted)


def _may_say(tag: Tag) -> bool:
    """Whether a tag may be of interest: of the many footers, those with a word of a licence."""
    if tag.kind != FOOTER:
        return True
    lower = tag.data.lower()
    return any(word in lower for word in _WORDS)


def _statement(tag: Tag, charset: str) -> Statement:
    try:
        text = tag.data.decode()
    except UnicodeDecodeError:
        text = decode(tag.data, charset).text
    return Statement(tag.kind, tag.place, attributes(text) if tag.kind in _WITH_ATTRIBUTES else {}, text)


def attributes(tag: str) -> dict[str, str]:
    """The attributes of a start tag; of one that is written twice the first counts, as in a browser."""
    begin = _NAME.match(tag)
    found: dict[str, str] = {}
    for one in _ATTRIBUTE.finditer(tag, begin.end() if begin else 0):
        value = next((group for group in one.groups()[1:] if group is not None), "")
        found.setdefault(one[1].lower(), html.unescape(value))
    return found


def _markup(page: RawPage) -> bytes:
    """A page as bytes that are ASCII where its markup is, and HTML where it is XML."""
    body = page.body
    xml = is_xml(next(header(page, "content-type"), ""), body)
    if xml or b"\0" in body[:64] or _ESCAPE in body[:4096]:
        text = decode(body, page.charset, True).text
        body = (as_html(text) if xml else text).encode("utf-8", "replace")
    return body


__all__ = ["Statement", "attributes", "header", "seen", "statements"]
