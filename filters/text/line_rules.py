"""Drops lines of a segmented text by their counts, in the order and with the side effects of DCLM's line modifiers."""

from typing import NamedTuple

import numpy as np
from numba import njit

from filters.text.segments import Segments

# Why a line went; also the index into LinesLeft.removed
KEPT, UPPERCASE, NUMERIC, COUNTER, SHORT, BLANK = range(6)
REASONS = ("", "uppercase", "numeric", "counter", "short_line", "blank")


class LinesLeft(NamedTuple):
    """What is left of a text.

    data      uint8, shape (n,): the text in UTF-8
    removed   int64, shape (6,): characters removed for each of REASONS, a newline counted with each line
    words     words (Lines.spaced_words) in the lines removed
    emptied   index into REASONS of the rule that left nothing; 0 if something is left
    """

    data: np.ndarray
    removed: np.ndarray
    words: int
    emptied: int


def drop_lines(
    segments: Segments,
    max_uppercase: float | None,
    max_numeric: float | None,
    counters: np.ndarray | None,
    min_words: int | None,
    blank: bool,
) -> LinesLeft:
    """Apply line rules one after the other; None (False) leaves a rule out.

    max_uppercase   largest share of upper-case characters in a line        max_numeric   the same for digits
    counters        boolean, shape (lines,): lines that are mere counters
    min_words       fewest words between white space in a line that is not empty
    blank           whether lines of white space only are dropped (empty ones stay)

    Every rule but min_words strips white space from both ends of the text afterwards.
    """
    lines = segments.lines
    return LinesLeft(
        *_drop_lines(
            segments.data,
            lines.start,
            lines.end,
            lines.body,
            lines.body_end,
            lines.characters,
            lines.body_characters,
            lines.leading,
            lines.words,
            lines.spaced_words,
            lines.upper,
            lines.digits,
            counters if counters is not None else np.empty(0, dtype=np.bool_),
            np.nan if max_uppercase is None else float(max_uppercase),
            np.nan if max_numeric is None else float(max_numeric),
            counters is not None,
            -1 if min_words is None else int(min_words),
            blank,
        )
    )


@njit(cache=True)
def _drop_lines(  # type: ignore[no-untyped-def]
    data,
    start,
    end,
    body,
    body_end,
    characters,
    body_characters,
    leading,
    words,
    spaced_words,
    upper,
    digits,
    counters,
    max_uppercase,
    max_numeric,
    use_counters,
    min_words,
    blank,
):
    lines = len(start)
    why = np.zeros(lines, np.uint8)
    low, high, length = start.copy(), end.copy(), characters.copy()  # what is left of each line
    removed = np.zeros(len(REASONS), np.int64)
    first, last = 0, lines - 1  # of the lines left
    for rule in range(UPPERCASE, BLANK + 1):
        if (
            (rule == UPPERCASE and np.isnan(max_uppercase))
            or (rule == NUMERIC and np.isnan(max_numeric))
            or (rule == COUNTER and not use_counters)
            or (rule == SHORT and min_words < 0)
            or (rule == BLANK and not blank)
        ):
            continue
        left = 0
        ink = False
        for line in range(first, last + 1):
            if why[line] != KEPT:
                continue
            size = length[line]
            if rule == UPPERCASE:
                drop = size > 0 and upper[line] / size > max_uppercase
            elif rule == NUMERIC:
                drop = size > 0 and digits[line] / size > max_numeric
            elif rule == COUNTER:
                drop = counters[line]
            elif rule == SHORT:
                drop = size > 0 and words[line] < min_words
            else:
                drop = size > 0 and body_characters[line] == 0
            if drop:
                why[line] = rule
                removed[rule] += size + 1
            else:
                left += 1
                ink |= body_characters[line] > 0
        if left == 0 or (not ink and rule != SHORT):
            return data[:0], removed, 0, rule
        strip = rule != SHORT
        while why[first] != KEPT or (strip and body_characters[first] == 0):
            if why[first] == KEPT:
                why[first] = BLANK
                removed[BLANK] += length[first] + 1
            first += 1
        while why[last] != KEPT or (strip and body_characters[last] == 0):
            if why[last] == KEPT:
                why[last] = BLANK
                removed[BLANK] += length[last] + 1
            last -= 1
        if not strip:
            if first == last and length[first] == 0:
                return data[:0], removed, 0, rule
            continue
        if low[first] != body[first]:
            low[first] = body[first]
            length[first] -= leading[first]
            removed[BLANK] += leading[first]
        if high[last] != body_end[last]:
            trailing = characters[last] - leading[last] - body_characters[last]
            high[last] = body_end[last]
            length[last] -= trailing
            removed[BLANK] += trailing

    left_data = np.empty(len(data), np.uint8)
    size = 0
    gone = 0
    for line in range(lines):
        if why[line] == KEPT:
            if line > first:
                left_data[size] = 10
                size += 1
            for i in range(low[line], high[line]):
                left_data[size] = data[i]
                size += 1
            continue
        gone += spaced_words[line]
    return left_data[:size], removed, gone, 0
