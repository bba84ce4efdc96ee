"""Paragraphs, bullets, ellipses and listed words of a segmented text."""

import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from filters.text.properties import SYMBOL, code_points
from filters.text.segments import (
    BASIS,
    PRIME,
    Segments,
    Words,
    code_point,
    finish,
    hashes_of,
    segment,
    word_flags,
)

_BREAK = re.compile(r"\n{2,}")
SYMBOL_MARKS = ("#", "...", ". . .", "…")


class LineMarks(NamedTuple):
    """Lines that begin or end in marks.

    filled            lines that are not blank
    bullets           of these, lines whose first character is one of ● • * -
    plain_bullets     of these, • or -
    ellipses          lines that end in ... or . . . or …
    plain_ellipses    lines that end in ... or …
    """

    filled: int
    bullets: int
    plain_bullets: int
    ellipses: int
    plain_ellipses: int


def paragraphs(text: str, strip: bool) -> list[str]:
    """Paragraphs between two or more newline characters.

    strip   True: white space at both ends of each is left out, and so are paragraphs of nothing else (DCLM);
            False: only white space at both ends of the text is left out (datatrove), and a text of nothing else is
            one empty paragraph
    """
    if strip:
        return [body for paragraph in text.split("\n\n") if (body := paragraph.strip())]
    return _BREAK.split(text.strip())


def line_marks(segments: Segments) -> LineMarks:
    """Counts of lines that begin with a bullet or end in an ellipsis."""
    lines = segments.lines
    first, last = lines.first, lines.last
    plain_bullets = np.count_nonzero((first == ord("-")) | (first == ord("•")))
    bullets = plain_bullets + np.count_nonzero((first == ord("*")) | (first == ord("●")))
    plain_ellipses = ellipses = np.count_nonzero(last == ord("…"))
    raw = segments.data.tobytes()
    if b"..." in raw or b". . ." in raw:
        for end in lines.body_end[last == ord(".")].tolist():
            if raw.endswith(b"...", 0, end):
                plain_ellipses += 1
                ellipses += 1
            elif raw.endswith(b". . .", 0, end):
                ellipses += 1
    return LineMarks(int(np.count_nonzero(first)), int(bullets), int(plain_bullets), int(ellipses), int(plain_ellipses))


def split_lines(text: str, segments: Segments) -> Segments:
    """Segments whose lines are those of str.splitlines(), but for an empty last line where the text ends in a break."""
    return segment("\n".join(text.splitlines())) if segments.other_breaks else segments


class Listed:
    """Hashes to look for; a table over their low bits rules out nearly all others at once."""

    def __init__(self, hashes: np.ndarray) -> None:
        self.hashes = frozenset(hashes.tolist())
        self.table = np.zeros(1 << 12, dtype=np.bool_)
        self.table[(hashes & np.uint64(len(self.table) - 1)).astype(np.intp)] = True


def count_listed(hashes: np.ndarray, listed: Listed) -> tuple[int, int]:
    """(how many of the hashes, uint64 of shape (n,), are listed; how many different listed ones occur)."""
    low = hashes & np.uint64(len(listed.table) - 1)
    met = Counter(hashes[listed.table[low.view(np.int64)]].tolist())
    counts = [count for value, count in met.items() if value in listed.hashes]
    return sum(counts), len(counts)


class Suffixes(NamedTuple):
    """Word endings to count: their hashes, uint64 of shape (n,), and the code points of the longest."""

    hashes: np.ndarray
    longest: int


def suffixes(endings: Any) -> Suffixes:
    """Endings ready to be counted."""
    endings = tuple(endings)
    return Suffixes(hashes_of(endings), max((len(ending) for ending in endings), default=0))


def count_endings(segments: Segments, endings: Suffixes) -> int:
    """Words of a text that end in one of the endings and are longer than it."""
    words = segments.words
    return int(_count_endings(segments.data, words.start, words.end, words.characters, *endings))


def describe(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> Words:
    """Words at given byte offsets of a text in UTF-8; int32, shape (n,)."""
    return Words(start, end, *_describe(data, start, end, *code_points()))


@njit(cache=True)
def _describe(data, start, end, properties, lower):  # type: ignore[no-untyped-def]
    size = len(start)
    characters = np.zeros(size, np.int32)
    flags = np.zeros(size, np.uint8)
    hashes = np.empty(size, np.uint64)
    lowers = np.empty(size, np.uint64)
    for word in range(size):
        value, low = BASIS, BASIS
        first, every, plain = 0, 0, False
        i = start[word]
        while i < end[word]:
            point, width = code_point(data, i)
            prop = np.int64(properties[point])
            if i == start[word]:
                first = prop
            every |= prop
            plain |= (prop & SYMBOL) == 0
            value = (value ^ np.uint64(point)) * PRIME
            low = (low ^ np.uint64(lower[point])) * PRIME
            characters[word] += 1
            i += width
        flags[word] = word_flags(first, every, plain)
        hashes[word] = finish(value)
        lowers[word] = finish(low)
    return characters, flags, hashes, lowers


@njit(cache=True)
def _count_endings(data, start, end, characters, hashes, longest):  # type: ignore[no-untyped-def]
    count = 0
    for word in range(len(start)):
        at = end[word]
        for _ in range(1, min(longest, characters[word] - 1) + 1):
            at -= 1
            while data[at] & 0xC0 == 0x80:
                at -= 1
            value = BASIS
            i = at
            while i < end[word]:
                point, width = code_point(data, i)
                value = (value ^ np.uint64(point)) * PRIME
                i += width
            value = finish(value)
            found = False
            for j in range(len(hashes)):
                found |= hashes[j] == value
            if found:
                count += 1
                break
    return count
