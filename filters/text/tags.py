"""The tags of a page that may say what its text may be used for, found in one pass over its bytes.

A tokenizer after the HTML standard (13.2.5), for the question which tags are markup: what stands in comments, scripts,
style sheets, templates, titles and text areas is none, nor is a `>` within quotes the end of a tag.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

META, LINK, ANCHOR, JSON_LD, FOOTER = range(5)  # kinds of tags
HEAD, BODY, IN_FOOTER, IN_ITEM = range(4)  # where in the page one stands


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag, or what stands in an element.

    kind   META, LINK, ANCHOR: a tag that holds one of the words _MARKS or _META_MARKS; JSON_LD: the content of a script
           of that type; FOOTER: a footer from its start tag to its end
    place  HEAD, BODY, IN_FOOTER; IN_ITEM: in a caption, a quotation or a comment, which speak for themselves
    data   the bytes, from "<" on for a tag
    """

    kind: int
    place: int
    data: bytes


def tags(page: bytes) -> tuple[Tag, ...]:
    """The tags of a page in an encoding that ASCII is part of, in its order. Code and preformatted text have none.

    Time is linear in the page's size.
    """
    data = np.frombuffer(page, dtype=np.uint8)
    found = _scan(data, np.append(np.flatnonzero(data == ord("<")), len(data)))
    return tuple(Tag(kind, place, page[begin:end]) for kind, place, begin, end in found.tolist())


_LONGEST_NAME = 16


@njit(cache=True)
def _mixed(name: np.uint64, letter: np.uint8) -> np.uint64:
    return (name ^ np.uint64(letter)) * np.uint64(0x100000001B3)


def _hashed(name: str) -> np.uint64:
    """FNV-1a of a name, as the kernel has it of names up to _LONGEST_NAME letters."""
    value = 0xCBF29CE484222325
    for letter in name.encode():
        value = (value ^ letter) * 0x100000001B3 % (1 << 64)
    return np.uint64(value)


def _hashes(names: str) -> np.ndarray:
    return np.array([_hashed(name) for name in names.split()], dtype=np.uint64)


_NAMES = {name: _hashed(name) for name in ("meta", "link", "a", "script", "head", "body", "plaintext", "footer")}
_META, _LINK, _A, _SCRIPT, _HEAD, _BODY, _PLAINTEXT, _FOOTER = _NAMES.values()
_CLASS, _ID, _ROLE, _TYPE = (_hashed(name) for name in ("class", "id", "role", "type"))
# elements whose content is text (title and textarea with references), whatever looks like a tag there
_RAW = _hashes("script style xmp iframe noembed noframes textarea title")
# elements that may stand in a head; any other begins the body
_OF_HEAD = _hashes("html head meta link script style title base basefont bgsound noscript template noframes")
# what shows markup rather than being it, and what no browser shows
_DEAD = _hashes("pre code samp kbd template")
_ITEM = _hashes("figure figcaption blockquote q")
# elements that may be called a footer or a caption by their class; the others need not have an end tag
_CONTAINERS = _hashes("div section aside nav table ul ol dl span center small article footer header")


def _words(words: str) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of some words, one after the other, and where each begins."""
    data = [word.encode() for word in words.split()]
    return np.frombuffer(b"".join(data), np.uint8), np.cumsum([0, *map(len, data)]).astype(np.int64)


_FOOTERS = _words("footer colophon contentinfo")
_ITEMS = _words("caption credit comment")
_MARKS = _words("creativecommons license licence")
_META_MARKS = _words(
    "creativecommons license licence copyright rights noai noimageai noml noindex noarchive nocache nosnippet none "
    "max-snippet tdm- &#"
)
_LD = _words("application/ld+json")


@njit(cache=True)
def _lower(letter: np.uint8) -> np.uint8:
    return np.uint8(letter | 0x20) if 65 <= letter <= 90 else letter


@njit(cache=True)
def _blank(letter: np.uint8) -> bool:
    return letter == 32 or letter == 10 or letter == 9 or letter == 13 or letter == 12


@njit(cache=True)
def _in(name: np.uint64, names: np.ndarray) -> bool:
    for one in names:  # noqa: SIM110  (a kernel has no any())
        if one == name:
            return True
    return False


@njit(cache=True)
def _begins(page: np.ndarray, at: int, words: np.ndarray, starts: np.ndarray) -> bool:
    """Whether one of some words, in lower case, stands at a place, in any case."""
    for word in range(len(starts) - 1):
        length = starts[word + 1] - starts[word]
        if at + length > len(page):
            continue
        same = True
        for k in range(length):
            if _lower(page[at + k]) != words[starts[word] + k]:
                same = False
                break
        if same:
            return True
    return False


@njit(cache=True)
def _after_comment(page: np.ndarray, at: int) -> int:
    """The place after a comment whose text begins at `at`."""
    size = len(page)
    if at < size and page[at] == 62:  # <!-->
        return at + 1
    if at + 1 < size and page[at] == 45 and page[at + 1] == 62:  # <!--->
        return at + 2
    while at < size:
        if page[at] == 45 and at + 1 < size and page[at + 1] == 45:
            if at + 2 < size and page[at + 2] == 62:
                return at + 3
            if at + 3 < size and page[at + 2] == 33 and page[at + 3] == 62:  # --!>
                return at + 4
        at += 1
    return size


@njit(cache=True)
def _named(page: np.ndarray, at: int, name: np.uint64) -> bool:
    """Whether an element's name stands at a place, with white space, "/" or ">" behind it."""
    size, value, begin = len(page), np.uint64(0xCBF29CE484222325), at
    while at < size and at - begin <= _LONGEST_NAME:
        letter = page[at]
        if _blank(letter) or letter == 47 or letter == 62:
            return value == name
        value = _mixed(value, _lower(letter))
        at += 1
    return False


@njit(cache=True)
def _end_of_raw(page: np.ndarray, opens: np.ndarray, number: int, name: np.uint64) -> int:
    """Which "<" begins the end tag of an element whose content is text: an index of opens, from `number` on; the last,
    which is the page's end, where there is none."""
    escaped = doubly = False  # a script within <!-- --> within a script ends neither
    seen = opens[number]
    while number < len(opens) - 1:
        at = opens[number]
        while escaped and seen < at:
            if page[seen] == 62 and page[seen - 1] == 45 and page[seen - 2] == 45:
                escaped = doubly = False
            seen += 1
        if at + 1 < len(page) and page[at + 1] == 47:
            if _named(page, at + 2, name):
                if not doubly:
                    return number
                doubly = False
        elif name == _SCRIPT:
            if at + 3 < len(page) and page[at + 1] == 33 and page[at + 2] == 45 and page[at + 3] == 45:
                escaped = True
                seen = at + 4
            elif escaped and _named(page, at + 1, name):
                doubly = True
        number += 1
    return number


@njit(cache=True)
def _grown(rows: np.ndarray) -> np.ndarray:
    more = np.empty((2 * len(rows), 4), dtype=np.int64)
    more[: len(rows)] = rows
    return more


@njit(cache=True)
def _scan(page: np.ndarray, opens: np.ndarray) -> np.ndarray:
    """int64 of shape (n, 4): kind, place, begin and end of each tag that Tag knows.

    opens  where each "<" stands, and the page's size
    """
    rows = np.empty((128, 4), dtype=np.int64)
    count = 0
    size, at, number = len(page), 0, 0
    head = True
    # three regions, each from an element to its end: its name, and how many elements of that name are open in it
    footer = item = dead = np.uint64(0)
    in_footer = in_item = in_dead = 0
    footer_row = -1
    while True:
        while opens[number] < at:
            number += 1
        begin = opens[number]
        at = begin + 1
        if at >= size:
            break
        letter = page[at]
        if letter == 33:  # <!
            if at + 2 < size and page[at + 1] == 45 and page[at + 2] == 45:
                at = _after_comment(page, at + 3)
            else:
                while at < size and page[at] != 62:
                    at += 1
            continue
        closing = letter == 47
        if closing:
            at += 1
        if at >= size:
            break
        if not (97 <= _lower(page[at]) <= 122):
            if closing or page[at] == 63:  # </ and no letter, <?: a comment up to >
                while at < size and page[at] != 62:
                    at += 1
            continue
        name = np.uint64(0xCBF29CE484222325)
        while at < size and page[at] != 62 and page[at] != 47 and not _blank(page[at]):
            name = _mixed(name, _lower(page[at]))
            at += 1
        # attributes: a quote opens a value only after "="
        marked = footer_like = item_like = json = False
        while at < size and page[at] != 62:
            if _blank(page[at]) or page[at] == 47:
                at += 1
                continue
            attribute = np.uint64(0xCBF29CE484222325)
            first = at
            while at < size and (
                at == first or not (_blank(page[at]) or page[at] == 47 or page[at] == 62 or page[at] == 61)
            ):
                attribute = _mixed(attribute, _lower(page[at]))
                at += 1
            after = at
            while after < size and _blank(page[after]):
                after += 1
            if after >= size or page[after] != 61:
                continue
            at = after + 1
            while at < size and _blank(page[at]):
                at += 1
            if at >= size or page[at] == 62:
                break
            quote = np.uint8(0)
            if page[at] == 34 or page[at] == 39:
                quote = page[at]
                at += 1
            classes = attribute in (_CLASS, _ID, _ROLE)
            if attribute == _TYPE and name == _SCRIPT:
                json = _begins(page, at, _LD[0], _LD[1])
            first = at
            if quote != 0:
                while at < size and page[at] != quote:
                    at += 1
            else:
                while at < size and page[at] != 62 and not _blank(page[at]):
                    at += 1
            if classes or name == _A:
                for k in range(first, at):
                    low = page[k] | 0x20
                    if low == 99 or low == 102 or low == 108:  # c, f, l: what all words begin with
                        if classes:
                            footer_like = footer_like or _begins(page, k, _FOOTERS[0], _FOOTERS[1])
                            item_like = item_like or _begins(page, k, _ITEMS[0], _ITEMS[1])
                        else:
                            marked = marked or _begins(page, k, _MARKS[0], _MARKS[1])
            elif name in (_META, _LINK):
                for k in range(first, at):
                    marked = marked or _begins(page, k, _META_MARKS[0], _META_MARKS[1])
            if quote != 0 and at < size:
                at += 1
        if at >= size:
            break  # the page ends within a tag
        at += 1
        if closing:
            if name == _HEAD:
                head = False
            if in_dead and name == dead:
                in_dead -= 1
            if in_item and name == item:
                in_item -= 1
            if in_footer and name == footer:
                in_footer -= 1
                if not in_footer and footer_row >= 0:
                    rows[footer_row, 3] = at
                    footer_row = -1
            continue
        if head and not _in(name, _OF_HEAD):
            head = False
        container = _in(name, _CONTAINERS)
        if in_dead:
            in_dead += name == dead
        elif _in(name, _DEAD):
            dead, in_dead = name, 1
        if in_item:
            in_item += name == item
        elif _in(name, _ITEM) or (item_like and container):
            item, in_item = name, 1
        if count + 2 > len(rows):
            rows = _grown(rows)
        if in_footer:
            in_footer += name == footer
        elif (name == _FOOTER or (footer_like and container)) and not in_item and not in_dead:
            footer, in_footer, footer_row = name, 1, count
            rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = FOOTER, IN_FOOTER, begin, size
            count += 1
        kind = -1
        if name == _META and marked:
            kind = META
        elif name == _LINK and marked:
            kind = LINK
        elif name == _A and marked:
            kind = ANCHOR
        elif json:
            kind = JSON_LD
        end = at
        if _in(name, _RAW):
            while opens[number] < at:
                number += 1
            number = _end_of_raw(page, opens, number, name)
            at = opens[number]
            if kind == JSON_LD:
                begin, end = end, at
        elif name == _PLAINTEXT:
            at = size
        if kind >= 0 and not in_dead:
            rows[count, 0], rows[count, 2], rows[count, 3] = kind, begin, end
            rows[count, 1] = HEAD if head else IN_ITEM if in_item else IN_FOOTER if in_footer else BODY
            count += 1
    return rows[:count].copy()


__all__ = ["ANCHOR", "BODY", "FOOTER", "HEAD", "IN_FOOTER", "IN_ITEM", "JSON_LD", "LINK", "META", "Tag", "tags"]
