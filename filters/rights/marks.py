"""The Creative Commons licences that a page states for itself: where, and how far that is to be trusted."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import re2

from filters.document import RawPage
from filters.rights.creative_commons import License, by_address, named_in
from filters.rights.statements import Statement, attributes, header, statements
from filters.text.tags import ANCHOR, FOOTER, IN_FOOTER, IN_ITEM, JSON_LD, LINK, META

MAX_JSON = 1_000_000  # characters of structured data that are parsed
MAX_FOOTER = 100_000  # characters of a footer that are read
_DEPTH = 20

_META_NAMES = frozenset(
    {
        "license", "licence", "rights", "copyright", "dc.rights", "dc.rights.license", "dc.license", "dcterms.rights",
        "dcterms.license", "dc:rights", "dc:license", "dct:license", "cc:license", "dcterms:license",
    }
)  # fmt: skip
_REL_LICENSE = frozenset({"license", "licence"})
# Types of schema.org that are the page or its text, by the end of their names: Article, NewsArticle, WebPage, FAQPage …
_PAGE_TYPES = ("article", "page", "posting", "website", "blog", "creativework", "report", "learningresource", "course")
_LINK_HEADER = re2.compile(r"""<([^<>]+)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)""")
_REL = re2.compile(r"""(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))""")
_UNSHOWN = re2.compile(r"(?is)<!--.*?-->|<script\b.*?</script|<style\b.*?</style")
_TAG = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"\s+")
# What a footer's licence is said of, by the last such word before it: something else than the text, or the text
_OF = re2.compile(
    r"(?i)\b(?:(icons?|photos?|photographs?|images?|pictures?|logos?|fonts?|maps?|tiles|themes?|templates?|music|videos?|"
    r"illustrations?|design|data|fotos?|bild(?:er)?|grafik(?:en)?|karten?)"
    r"|contents?|texts?|articles?|contributions?|posts?|works?|pages?|site|website|blog|inhalte?|texte|werk|seite|"
    r"beitr(?:ag|äge)|contenidos?|contenus?)\b"
    r"|(사진|이미지|그림|아이콘|글꼴|지도|배경|음악|영상)|콘텐츠|컨텐츠|저작물|게시물|문서|내용"
)
_BEFORE = 80  # characters in which such a word counts


Mark = tuple[int, str, License]  # how far it is trusted, where it stands, what it says


def marks_of(page: RawPage) -> Iterator[Mark]:
    """The licences that a page and its headers state for the page; trust and places as rights/license names them."""
    for value in header(page, "link"):
        for link in _LINK_HEADER.finditer(value):
            rel = _REL.search(link[2] or "")
            license = by_address(link[1]) if rel and _rels(rel[1] or rel[2]) & _REL_LICENSE else None
            if license is not None:
                yield 5, "header", license
    for statement in page.derive(statements):
        if statement.place != IN_ITEM:
            yield from _READ[statement.kind](statement)


def _of_meta(statement: Statement) -> Iterator[Mark]:
    given = statement.attributes
    if _META_NAMES & {given.get("name", "").strip().lower(), given.get("property", "").strip().lower()}:
        for _, license in named_in(given.get("content", "")[:MAX_FOOTER]):
            yield 5, "meta", license
            break


def _of_link(statement: Statement) -> Iterator[Mark]:
    if _rels(statement.attributes.get("rel", "")) & {*_REL_LICENSE, "copyright"}:
        license = by_address(statement.attributes.get("href", ""))
        if license is not None:
            yield 3, "link", license


def _of_anchor(statement: Statement) -> Iterator[Mark]:
    given = statement.attributes
    license = by_address(given.get("href", ""))
    if license is None or "about" in given or "resource" in given:  # RDFa: the licence of what is named there
        return
    if _rels(given.get("rel", "")) & _REL_LICENSE:
        yield 2, "rel", license
    elif statement.place != IN_FOOTER:  # in a footer its text counts too
        yield 1, "body", license


def _of_footer(statement: Statement) -> Iterator[Mark]:
    text = _TAG.sub(_address, _UNSHOWN.sub(" ", statement.text[:MAX_FOOTER]))
    text = _BLANKS.sub(" ", html.unescape(text))
    for at, license in named_in(text):
        said_of = list(_OF.finditer(text[max(0, at - _BEFORE) : at]))
        if not said_of or not (said_of[-1][1] or said_of[-1][2]):
            yield 2, "footer", license


def _address(tag: re.Match[str]) -> str:
    """What stands for a tag in a footer's text: the address of a deed, else a space."""
    return f" {attributes(tag[0]).get('href', '')} " if "creativecommons" in tag[0].lower() else " "


def _of_json_ld(statement: Statement) -> Iterator[Mark]:
    text = statement.text
    if len(text) > MAX_JSON or "icense" not in text:
        return
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for license in _licenses_of(data, 0):
        yield 4, "json-ld", license


def _licenses_of(data: Any, depth: int) -> Iterator[License]:
    """The licences of the entities in structured data that are the page or its text: on top, or in a graph."""
    if depth > _DEPTH:
        return
    if isinstance(data, list):
        for one in data:
            yield from _licenses_of(one, depth + 1)
    elif isinstance(data, dict):
        yield from _licenses_of(data.get("@graph"), depth + 1)
        types = data.get("@type")
        names = [one for one in (types if isinstance(types, list) else [types]) if isinstance(one, str)]
        if any(name.lower().endswith(_PAGE_TYPES) for name in names):
            yield from _stated(data.get("license"))


def _stated(value: Any) -> Iterator[License]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            one = one.get("@id") or one.get("url")
        if isinstance(one, str):
            for _, license in named_in(one[:MAX_FOOTER]):
                yield license
                break


def _rels(value: str) -> set[str]:
    return set(value.lower().split())


_READ: dict[int, Callable[[Statement], Iterator[Mark]]] = {
    META: _of_meta,
    LINK: _of_link,
    ANCHOR: _of_anchor,
    FOOTER: _of_footer,
    JSON_LD: _of_json_ld,
}


__all__ = ["Mark", "marks_of"]
