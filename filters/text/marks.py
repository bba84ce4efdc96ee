"""Paragraphs, bullets, ellipses and listed words of a segmented text."""

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

SYMBOL_MARKS = ("#", "...", ". . .", "…")


class Paragraphs(NamedTuple):
    """Paragraphs, arrays of shape (n,): start and end (byte offsets), characters, hash."""

    start: np.ndarray
    end: np.ndarray
    characters: np.ndarray
    hash: np.ndarray


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


def paragraphs(segments: Segments, strip: bool) -> Paragraphs:
    """Paragraphs between two or more newline characters.

    strip   True: white space at both ends of each is left out, and so are paragraphs of nothing else (DCLM);
            False: only white space at both ends of the text is left out (datatrove), and a text of nothing else is
            one empty paragraph
    """
    lines = segments.lines
    return Paragraphs(
        *_paragraphs(
            segments.data,
            lines.start,
            lines.end,
            lines.body,
            lines.body_end,
            lines.body_characters,
            lines.characters,
            strip,
        )
    )


def line_marks(segments: Segments) -> LineMarks:
    """Counts of lines that begin with a bullet or end in an ellipsis."""
    return LineMarks(*_line_marks(segments.data, segments.lines.body, segments.lines.body_end))


def split_lines(text: str, segments: Segments) -> Segments:
    """Segments whose lines are those of str.splitlines(), but for an empty last line where the text ends in a break."""
    return segment("\n".join(text.splitlines())) if segments.other_breaks else segments


def count_listed(hashes: np.ndarray, listed: np.ndarray) -> tuple[int, int]:
    """(how many of the hashes are listed, how many different listed ones occur); uint64, shapes (n,) and (m,)."""
    return _count_listed(hashes, listed)  # type: ignore[no-any-return]


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
def _paragraphs(data, start, end, body, body_end, body_characters, characters, strip):  # type: ignore[no-untyped-def]
    lines = len(start)
    first, last = 0, lines - 1
    while first < lines and body_characters[first] == 0:
        first += 1
    while last > first and body_characters[last] == 0:
        last -= 1
    p_start = np.empty(lines, np.int32)
    p_end = np.empty(lines, np.int32)
    p_characters = np.empty(lines, np.int32)
    p_hash = np.empty(lines, np.uint64)
    count = 0
    if first == lines:
        if strip:
            return p_start[:0], p_end[:0], p_characters[:0], p_hash[:0]
        p_start[0], p_end[0], p_characters[0], p_hash[0] = 0, 0, 0, BASIS
        return p_start[:1], p_end[:1], p_characters[:1], p_hash[:1]
    line = first
    while line <= last:
        if characters[line] == 0:
            line += 1
            continue
        here = line
        while line <= last and characters[line] != 0:
            line += 1
        there = line - 1
        if strip:
            while here < there and body_characters[here] == 0:
                here += 1
            while there > here and body_characters[there] == 0:
                there -= 1
            if body_characters[here] == 0:
                continue
        begin = body[here] if strip or here == first else start[here]
        stop = body_end[there] if strip or there == last else end[there]
        value = BASIS
        length = 0
        for i in range(begin, stop):
            value = (value ^ np.uint64(data[i])) * PRIME
            length += (data[i] & 0xC0) != 0x80
        p_start[count], p_end[count], p_characters[count], p_hash[count] = begin, stop, length, finish(value)
        count += 1
    return p_start[:count], p_end[:count], p_characters[:count], p_hash[:count]


@njit(cache=True)
def _line_marks(data, body, body_end):  # type: ignore[no-untyped-def]
    filled, bullets, plain_bullets, ellipses, plain_ellipses = 0, 0, 0, 0, 0
    for line in range(len(body)):
        start, end = body[line], body_end[line]
        if start == end:
            continue
        filled += 1
        point, _ = code_point(data, start)
        if point == 0x2D or point == 0x2022:
            bullets += 1
            plain_bullets += 1
        elif point == 0x2A or point == 0x25CF:
            bullets += 1
        tail = data[end - 1]
        if tail == 0x2E and end - start >= 3:
            if data[end - 2] == 0x2E and data[end - 3] == 0x2E:
                ellipses += 1
                plain_ellipses += 1
            elif (
                end - start >= 5
                and data[end - 2] == 0x20
                and data[end - 3] == 0x2E
                and data[end - 4] == 0x20
                and data[end - 5] == 0x2E
            ):
                ellipses += 1
        elif tail == 0xA6 and end - start >= 3 and data[end - 2] == 0x80 and data[end - 3] == 0xE2:
            ellipses += 1
            plain_ellipses += 1
    return filled, bullets, plain_bullets, ellipses, plain_ellipses


@njit(cache=True)
def _count_listed(hashes, listed):  # type: ignore[no-untyped-def]
    met = np.zeros(len(listed), np.bool_)
    count = 0
    for i in range(len(hashes)):
        for j in range(len(listed)):
            if hashes[i] == listed[j]:
                count += 1
                met[j] = True
                break
    return count, met.sum()


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
