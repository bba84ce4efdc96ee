"""Text nodes of one character: how many of those in the main content reach the text. By hand.

CURATE_LONE_PAGES names folders of HTML files, separated by colons. Korean and Japanese documentation has many such
nodes, for example the help of LibreOffice as Debian packages it:

    apt-get download libreoffice-help-ko && dpkg -x libreoffice-help-ko_*.deb help
    CURATE_LONE_PAGES=help/usr/share/libreoffice/help/ko python -m benchmarks lone_characters

lxml finds the nodes. A page with a word in the place of each, which no extractor takes for an icon, tells which of them
are in the main content, and what the text around them is.

inside   nodes of one visible character (of three bytes in UTF-8, not for private use) in the main content
reached  the share of them that are in the text of extraction/resiliparse between the same neighbours; limit 0.995
bare     the same with `bare: true`, as resiliparse has it
pages    those whose whole text is that of the page with words, among all
"""

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

from lxml import etree, html

from filters import make
from filters.document import Document, Fault, RawPage
from filters.text.unicode import settled

BY_HAND = True
LIMIT = 0.995
AROUND = 8  # characters on each side
_WORD = re.compile(r"zq(\d{5})qz")


def run() -> dict[str, Any]:
    """The figures by folder; {"skipped": reason} where no folder is named."""
    folders = [Path(name) for name in os.environ.get("CURATE_LONE_PAGES", "").split(":") if name]
    if not folders:
        return {"skipped": "CURATE_LONE_PAGES names no folder of pages"}
    return {folder.name: _folder(folder) for folder in folders}


def _folder(folder: Path) -> dict[str, Any]:
    cured: Any = make("extraction/resiliparse").open()  # type: ignore[attr-defined]
    bare: Any = make("extraction/resiliparse", {"bare": True}).open()  # type: ignore[attr-defined]
    pages = same = inside = reached = reached_bare = 0
    for path in sorted(folder.rglob("*.html")):
        page, worded, characters = _with_words(path.read_bytes())
        text, reference = _text(cured, page), _text(bare, worded)
        expected, spots = _expected(reference, characters)
        pages += 1
        same += text.split() == expected.split()
        inside += len(spots)
        reached += _found(text, spots)
        reached_bare += _found(_text(bare, page), spots)
    cured.close()
    bare.close()
    return {
        "pages": {"all": pages, "same": same},
        "inside": inside,
        "reached": round(reached / max(1, inside), 5),
        "bare": round(reached_bare / max(1, inside), 5),
        "within_limit": reached >= LIMIT * inside,
    }


def _with_words(body: bytes) -> tuple[bytes, bytes, list[str]]:
    """The page as lxml writes it, the same with a word for each lone character, and the characters by number."""
    tree = html.document_fromstring(body, parser=html.HTMLParser(encoding="utf-8"))
    page = etree.tostring(tree, encoding="utf-8", method="html")
    characters: list[str] = []
    for element in tree.iter():
        for place in ("text", "tail"):
            node = getattr(element, place) or ""
            lone = node.strip(" \t\r\n\f")
            if place == "text" and (not isinstance(element.tag, str) or element.tag in ("script", "style", "title")):
                continue
            if len(lone) == 1 and _visible(lone):
                setattr(element, place, node.replace(lone, f"zq{len(characters):05d}qz"))
                characters.append(lone)
    return page, etree.tostring(tree, encoding="utf-8", method="html"), characters


def _visible(character: str) -> bool:
    return "\u0800" <= character <= "\uffff" and unicodedata.category(character) not in ("Co", "Cf", "Cc", "Cn", "Zs")


def _text(extract: Any, body: bytes) -> str:
    try:
        found = extract(RawPage("page", body=body, charset="utf-8"))
    except Fault:
        return ""
    return found.text if isinstance(found, Document) else ""


def _expected(reference: str, characters: list[str]) -> tuple[str, list[str]]:
    """The text with characters in the place of words, and each of them with what stands around it."""
    parts, at, places = [], 0, []
    length = 0
    for word in _WORD.finditer(reference):
        parts += [reference[at : word.start()], characters[int(word[1])]]
        length += word.start() - at
        places.append(length)
        length += 1
        at = word.end()
    expected = settled("".join((*parts, reference[at:])))
    return expected, [_flat(expected[max(0, place - AROUND) : place + AROUND + 1]) for place in places]


def _found(text: str, spots: list[str]) -> int:
    flat = _flat(text)
    return sum(spot in flat for spot in spots)


def _flat(text: str) -> str:
    return "".join(text.split())
