"""Inline elements that stand in a sentence, which resiliparse leaves out for their names and classes.

With main_content, resiliparse leaves out every `time`, and an element of any name whose class (for advertising and
logos: or id) speaks of sharing, signing in, advertising or a logo. (Read from the source of 2.0.0; 2.0.1, whose source
of this is not published, does the same on the words below.) That is meant for buttons and bylines,
but `<code class="email">` and `<span class="share">지분</span>을` are parts of sentences. There the attributes are
renamed, and `time` becomes `span`, so that only the text counts. What is hidden stays hidden.
"""

import re
from collections.abc import Iterable

import re2

_INLINE = "abbr|a|bdi|bdo|b|cite|code|data|del|dfn|em|font|ins|i|kbd|mark|q|samp|small|span|strong|sub|sup|s|tt|u|var"
# What resiliparse's patterns are made of. They are narrower, but besides these and what _HIDING finds, the class of an
# inline element decides nothing: to rename one too many changes no text.
_SPEAKING = (
    r"social|shar(?:e|ing)|syndication|newsletter|follow|email|like|(?:give[_-]?)?feedback|engagement|facebook|twitter"
    r"|subscribe|wa|jp|aptf-follow|log[_-]?in|sign[_-]?(?:in|up)|account|user[_-](?:info|profile|settings|actions)"
    r"|(?:google|wide)[_-]?ad|ad|sponsor|promoted|paid|(?:wide)?banner|donate|short-view-count"
)
# Only elements that begin with text: icons and buttons of images, by far the most, need no look.
_SUSPECT = re2.compile(
    (
        rf"(?i)<(?:time(?:\s[^<>]*)?|(?:{_INLINE})\s(?:[^<>]*\s)?(?:class|id)\s*="
        rf"(?:(?:[^<>=]*[\s\"'_-])?(?:{_SPEAKING})|[^<>=]*(?:logo|spinner))[^<>]*)>"
        rf"(?:\s|<(?:{_INLINE})(?:\s[^<>]*)?>)*[^<>\s]"
    ).encode()
)
_HIDING = re2.compile(
    rb"(?i)[\s\"'=](?:hidden|(?:(?:is|visually)[_-])?(?:display-none|hidden|invisible|collapsed|h-0|nocontent|expandable)"
    rb"(?:-xs|-sm|-lg|-2?xl)?)[\s\"'=>/]"
)
_ATTRIBUTE = re2.compile(rb"(?i)(\s)(class|id)(\s*=)")
_WORD = re2.compile(rb"[\w-]+")
_BLOCK = re2.compile(
    rb"(?i)<(?:address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav"
    rb"|ol|p|pre|section|table|td|th|tr|ul)[\s/>]"
)
_SPACE = r"[\s\x{a0}]|&nbsp;"
_FORMATTING = "b|bdi|bdo|cite|code|em|font|i|kbd|mark|q|s|samp|small|strong|sub|sup|tt|u|var"
_BETWEEN = rf"((?:{_SPACE}|</?(?:{_FORMATTING})(?:\s[^<>]*)?>)*)"
_TEXT = r"[\p{L}\p{M}\p{N}_,.;:!?()\[\]\"'“”‘’…—–%]"
_BEFORE = re2.compile(rf"([^<>]*{_TEXT}){_BETWEEN}\z".encode())
_AFTER = re2.compile(rf"{_BETWEEN}({_TEXT}[^<>]*)".encode())
_APART = re2.compile(_SPACE.encode())
_LONGEST = 1000  # bytes of an element in a sentence
_AROUND = 160  # bytes of the page looked at on either side
_RUN = 4  # words


def named_in(selectors: Iterable[str]) -> frozenset[bytes]:
    """Classes, ids and values of attributes that CSS selectors name, and `time`: what they need to find."""
    found = re.findall(r"[.#=\"']\s*([\w-]+)|(?<![\w.#-])(time)\b", " ".join(selectors))
    return frozenset((value or name).encode() for value, name in found)


def with_sentences(page: bytes, spared: frozenset[bytes] = frozenset()) -> bytes:
    """HTML in UTF-8 in which nothing speaks against the inline elements of sentences; the page itself where none is.

    spared  words in a tag that keep it as it is (named_in)
    """
    parts, at, seen = [], 0, 0
    for suspect in _SUSPECT.findall(page):
        start = page.index(suspect, seen)  # they come in the order of the page
        seen = end = start + len(suspect)
        name = suspect[1 : suspect.index(b">")].split(None, 1)[0]
        close = page.find(b"</" + name, end, end + _LONGEST)
        behind = close + len(name) + 2
        if close < 0 or start < at or not _in_sentence(page, start, behind):
            continue
        if _HIDING.search(suspect) or _BLOCK.search(page[end:close]) or not spared.isdisjoint(_WORD.findall(suspect)):
            continue
        renamed = _ATTRIBUTE.sub(rb"\1data-\2\3", suspect)
        if name.lower() == b"time":
            parts += [page[at:start], b"<span", renamed[5:], page[end:close], b"</span"]
            at = behind
        else:
            parts += [page[at:start], renamed]
            at = end
    return b"".join((*parts, page[at:])) if parts else page


def _in_sentence(page: bytes, start: int, behind: int) -> bool:
    """Whether text touches an element, or stands on both of its sides, or on one side a run of words."""
    before = _BEFORE.search(page[max(0, start - _AROUND) : start])
    after = _AFTER.match(page[behind : behind + _AROUND].partition(b">")[2])
    if before and after:
        return True
    if before:
        text, between = before.groups()
        return not _APART.search(between) or (text[-1:] not in b".!?" and len(text.split()) >= _RUN)
    if after:
        between, text = after.groups()
        return not _APART.search(between) or len(text.split()) >= _RUN
    return False
