"""Drops lines of a segmented text by their counts, in the order and with the side effects of DCLM's line modifiers."""

from typing import NamedTuple

import numpy as np

from filters.text.segments import Segments

# Why a line went; also the index into LinesLeft.removed
KEPT, UPPERCASE, NUMERIC, COUNTER, SHORT, BLANK = range(6)
REASONS = ("", "uppercase", "numeric", "counter", "short_line", "blank")


class LinesLeft(NamedTuple):
    """What is left of a text.

    data      the text in UTF-8; None where nothing was removed
    removed   characters removed for each of REASONS, a newline counted with each line
    words     words (Lines.spaced_words) in the lines removed
    emptied   index into REASONS of the rule that left nothing; 0 if something is left
    """

    data: bytes | None
    removed: list[int]
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
    start, end, length = lines.start.copy(), lines.end.copy(), lines.characters.copy()  # what is left of each line
    removed = [0] * len(REASONS)
    left = np.arange(len(lines))
    stripped = False
    for rule, off in (
        (UPPERCASE, max_uppercase is None),
        (NUMERIC, max_numeric is None),
        (COUNTER, counters is None),
        (SHORT, min_words is None),
        (BLANK, not blank),
    ):
        if off:
            continue
        size = length[left]
        if rule == UPPERCASE:
            drop = lines.upper[left] / np.maximum(size, 1) > max_uppercase
        elif rule == NUMERIC:
            drop = lines.digits[left] / np.maximum(size, 1) > max_numeric
        elif rule == COUNTER:
            drop = counters[left]  # type: ignore[index]
        elif rule == SHORT:
            drop = (size > 0) & (lines.words[left] < min_words)
        else:
            drop = (size > 0) & (lines.body_characters[left] == 0)
        if drop.any():
            removed[rule] += int(size[drop].sum()) + int(np.count_nonzero(drop))
            left = left[~drop]
            stripped = False
        if rule == SHORT:
            if len(left) == 0 or (len(left) == 1 and length[left[0]] == 0):
                return LinesLeft(b"", removed, 0, rule)
            continue
        if stripped:
            continue
        stripped = True
        filled = np.flatnonzero(lines.body_characters[left])
        if len(filled) == 0:
            return LinesLeft(b"", removed, 0, rule)
        if filled[-1] - filled[0] + 1 < len(left):
            within = slice(filled[0], filled[-1] + 1)
            outside = len(left) - (within.stop - within.start)
            removed[BLANK] += int(length[left].sum()) - int(length[left[within]].sum()) + outside
            left = left[within]
        first, last = left[0], left[-1]
        if start[first] != lines.body[first]:
            start[first] = lines.body[first]
            length[first] -= lines.leading[first]
            removed[BLANK] += int(lines.leading[first])
        if end[last] != lines.body_end[last]:
            trailing = lines.characters[last] - lines.leading[last] - lines.body_characters[last]
            end[last] = lines.body_end[last]
            length[last] -= trailing
            removed[BLANK] += int(trailing)
    if not any(removed):
        return LinesLeft(None, removed, 0, 0)
    raw = segments.data.tobytes()
    # neighbours that are left are copied in one piece; only the first and the last line can have lost white space
    breaks = np.flatnonzero(np.diff(left) > 1)
    pieces = zip(start[left[np.append(0, breaks + 1)]].tolist(), end[left[np.append(breaks, -1)]].tolist(), strict=True)
    data = b"\n".join([raw[a:b] for a, b in pieces])
    words = int(lines.spaced_words.sum()) - int(lines.spaced_words[left].sum())
    return LinesLeft(data, removed, words, 0)
