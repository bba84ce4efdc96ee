"""Runs of one character cut short."""

import bisect
from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from filters.text.segments import code_point, encode
from filters.text.survey import JAMO, REPEATABLE, kinds

_MOST_STARS = 10  # a rating has no more; a longer run is a rule
_STAR, _EMPTY_STAR, _HEART, _EMPTY_HEART = 0x2605, 0x2606, 0x2665, 0x2661

ANY_LENGTH = 2**31 - 1  # a bound that no run exceeds


def shorten_runs(
    text: str,
    longest_jamo: int,
    longest: int,
    kept: Callable[[str], Sequence[tuple[int, int]]] = lambda text: (),
) -> tuple[str, int, int]:
    """The text with runs of one jamo cut to longest_jamo, runs of one letter beyond ASCII or one sign cut to longest.

    ANY_LENGTH cuts nothing. Ratings stay: up to ten stars, and hearts beside empty ones. kept(text) names spans to
    leave as they are. Returns the text and how many characters were removed of jamo, and of the rest. Both kinds
    are those of filters.text.survey.
    """
    runs = _long_runs(encode(text), kinds(), longest_jamo, longest)
    if not len(runs):
        return text, 0, 0
    protected = kept(text)
    ends = [end for _, end in protected]
    pieces, position, removed = [], 0, [0, 0]
    for start, end, is_jamo in runs.tolist():
        if protected:
            index = bisect.bisect_right(ends, start)
            if index < len(protected) and protected[index][0] < end:
                continue
        left = start + (longest_jamo if is_jamo else longest)
        pieces.append(text[position:left])
        position = end
        removed[is_jamo] += end - left
    pieces.append(text[position:])
    return "".join(pieces), removed[True], removed[False]


@njit(cache=True)
def _long_runs(data, table, longest_jamo, longest):  # type: ignore[no-untyped-def]
    """Runs longer than their kind is allowed: (start, end, whether of jamo) in code points, int64 of shape (n, 3)."""
    found = np.empty((len(data) // (min(longest_jamo, longest) + 1) + 1, 3), np.int64)
    count = 0
    before, start, position, i = np.int64(-1), 0, 0, 0
    outer = np.int64(-1)  # what stands before the run
    while True:
        point, width = code_point(data, i) if i < len(data) else (np.int64(-2), 1)
        if point != before:
            kind = np.int64(table[before]) if before >= 0 else np.int64(0)
            length = position - start
            long = (kind & JAMO and length > longest_jamo) or (kind & REPEATABLE and length > longest)
            if long and not _is_rating(before, point, outer, length):
                found[count, 0], found[count, 1], found[count, 2] = start, position, kind & JAMO != 0
                count += 1
            outer = before
            before, start = point, position
        if point == -2:
            break
        i += width
        position += 1
    return found[:count].copy()


@njit(cache=True)
def _is_rating(point, behind, ahead, length):  # type: ignore[no-untyped-def]
    if point in (_STAR, _EMPTY_STAR):
        return length <= _MOST_STARS
    if point in (_HEART, _EMPTY_HEART):
        other = _EMPTY_HEART if point == _HEART else _HEART
        return behind == other or ahead == other
    return False
