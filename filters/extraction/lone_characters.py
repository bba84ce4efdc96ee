"""Text nodes of a single character, which resiliparse takes for icons.

With main_content, resiliparse leaves out every text node of one character whose UTF-8 has three bytes (seen in all
versions up to 2.0.1). The icons of icon fonts are such nodes, but so are Korean particles behind a link, Han characters
and kana, and — ’ “ ” €. A mark beside such a character makes its node longer; the mark is taken out of the text again.
"""

import functools
import html
import unicodedata
from html.entities import html5

import re2

# The last character for private use: no text holds it, and no version of Unicode will assign it.
MARK = "\U0010fffd"

# Names of references to characters of three bytes; those to others are far more frequent and need no look.
_NAMED = "|".join(sorted(n for n, c in html5.items() if n[-1] == ";" and len(c) == 1 and "\u0800" <= c <= "\uffff"))
_LONE = re2.compile(
    rb">[ \t\n\r\f]*(?:[\x{0800}-\x{FFFF}]|&(?:#[xX]?[0-9A-Fa-f]{2,6};?|" + _NAMED.encode() + rb"))[ \t\n\r\f]*<"
)
# Characters that show nothing, and what is no character
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn"})


def marked(page: str, utf8: bytes | None = None) -> str:
    """HTML with a mark behind every visible character that is a text node by itself; the page itself where none is.

    utf8  the page in UTF-8, for callers that have it

    Characters for private use, which only an icon font can show, are taken out; a lone space of three bytes (em space)
    becomes a plain one, so that what it keeps apart stays apart. Characters that show nothing are left as they are.
    """
    data = page.encode("utf-8", "surrogatepass") if utf8 is None else utf8
    parts, at = [], 0
    for node in _LONE.findall(data):
        instead = _with_mark(node)
        if instead != node:
            start = data.index(node, at)  # nodes come in the order of the page
            parts += [data[at:start], instead]
            at = start + len(node)
    return b"".join((*parts, data[at:])).decode("utf-8", "surrogatepass") if parts else page


def unmarked(text: str) -> str:
    """The text without marks."""
    return text.replace(MARK, "")


@functools.lru_cache(maxsize=4096)
def _with_mark(node: bytes) -> bytes:
    written = node[1:-1].strip(b" \t\n\r\f")
    return node.replace(written, _instead(written.decode()).encode(), 1)


def _instead(written: str) -> str:
    """What stands for a character, or for a reference to one."""
    shown = html.unescape(written) if written[0] == "&" else written
    if len(shown) != 1 or not "\u0800" <= shown <= "\uffff" or shown == "\u3000":
        return written
    kind = unicodedata.category(shown)
    if kind == "Co":
        return ""
    if kind == "Zs":
        return " "
    return written if kind in _UNSEEN else written + MARK
