"""Lines of a text as keys: their hashes, and how many words stand in each."""

import numpy as np
from numba import njit

from filters.text.properties import SPACE, code_points
from filters.text.segments import Segments, code_point, encode, finish

_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)


def line_hashes(text: str) -> tuple[np.ndarray, np.ndarray]:
    """(hash of each line, lower-cased and without white space at its ends, uint64; which lines are blank, bool).

    Both have shape (text.count("\\n") + 1,).
    """
    return _line_hashes(encode(text), *code_points(), text.count("\n") + 1)


def word_counts(segments: Segments) -> np.ndarray:
    """Words of `segments.words` that begin in each line of `segments.lines`: int32, shape (lines,)."""
    bounds = np.searchsorted(segments.words.start, segments.lines.end, side="right")
    counts: np.ndarray = np.diff(bounds, prepend=0).astype(np.int32)
    return counts


@njit(cache=True)
def _line_hashes(data, properties, lower, lines):  # type: ignore[no-untyped-def]
    hashes = np.empty(lines, np.uint64)
    blank = np.ones(lines, np.bool_)
    line = 0
    value = _BASIS  # of the line so far
    last = _BASIS  # up to its last character that is not white space
    i = 0
    while i < len(data):
        point, width = code_point(data, i)
        i += width
        if point == 10:
            hashes[line] = finish(last)
            line += 1
            value = _BASIS
            last = _BASIS
            continue
        space = properties[point] & SPACE
        if space and blank[line]:
            continue
        value = (value ^ np.uint64(lower[point])) * _PRIME
        if not space:
            blank[line] = False
            last = value
    hashes[line] = finish(last)
    return hashes, blank
