"""Lines with blanks to spare, found by a kernel over UTF-8 bytes."""

import numpy as np
from numba import njit

from filters.text.segments import code_point, encode

# What is true of a line up to the character at hand
TRAILING = 1  # that character is a blank
WITHIN = 2  # two blanks side by side, neither a tab, stand between characters that are no blanks
_FILLED, _SPACE, _PAIR = 4, 8, 16  # some character is no blank; the last one is a blank but no tab; two such after one
_STATES = 32

_OTHER, _BLANK, _TAB, _LINE_FEED, _CONTINUED, _PERHAPS = range(6)


def _next_states() -> np.ndarray:
    """uint8 of shape (32, 3): the state after _OTHER, _BLANK and _TAB."""
    table = np.zeros((_STATES, 3), np.uint8)
    for state in range(_STATES):
        within = WITHIN if state & (WITHIN | _PAIR) else 0
        table[state, _OTHER] = _FILLED | within
        pair = _PAIR if state & _FILLED and state & _SPACE else 0
        table[state, _BLANK] = TRAILING | _SPACE | pair | state & (_FILLED | WITHIN | _PAIR)
        table[state, _TAB] = TRAILING | state & (_FILLED | WITHIN | _PAIR)
    return table


def _classes() -> np.ndarray:
    """uint8 of shape (256,), by byte; _PERHAPS begins a code point that may be a blank."""
    table = np.full(256, _OTHER, np.uint8)
    table[0x80:0xC0] = _CONTINUED
    table[[0xC2, 0xE1, 0xE2, 0xE3]] = _PERHAPS
    table[[ord(" "), ord("\t"), ord("\n")]] = _BLANK, _TAB, _LINE_FEED
    return table


_NEXT_STATES, _CLASSES = _next_states(), _classes()


def loose_lines(text: str) -> list[list[int]]:
    """[start, end, TRAILING and WITHIN] of the lines of which either is true, in characters, without the line feed.

    Blanks are those of filters.text.patterns.BLANKS.
    """
    found: list[list[int]] = _loose_lines(encode(text + "\n"), text.count("\n") + 1).tolist()
    return found


@njit(cache=True)
def _loose_lines(data, lines):  # type: ignore[no-untyped-def]
    found = np.empty((lines, 3), np.int64)
    count, start, position = 0, 0, 0
    state = np.uint8(0)
    for i in range(len(data)):
        kind = _CLASSES[data[i]]
        if kind > _TAB:
            if kind == _CONTINUED:
                continue
            if kind == _LINE_FEED:
                if state & (TRAILING | WITHIN):
                    found[count, 0], found[count, 1], found[count, 2] = start, position, state & (TRAILING | WITHIN)
                    count += 1
                position += 1
                start = position
                state = np.uint8(0)
                continue
            point, _ = code_point(data, i)
            blank = point == 0xA0 or point == 0x1680 or 0x2000 <= point <= 0x200A
            kind = np.uint8(blank or point == 0x202F or point == 0x205F or point == 0x3000)  # _BLANK or _OTHER
        state = _NEXT_STATES[state, kind]
        position += 1
    return found[:count].copy()
