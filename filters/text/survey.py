"""What occurs in a text, found in one pass over its UTF-8 bytes, so that a cleanup looks only for what is there."""

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
import regex
from numba import njit

from filters.text.properties import CODE_POINTS
from filters.text.segments import code_point, encode
from filters.text.unicode import repair

# Kinds of character, one bit each
CONTROL = 1  # repair() removes or replaces it
UNSETTLED = 2  # NFC may change it, or join it to what stands before it: a text without is NFC
WIDTH = 4  # full width or half width
JAMO = 8  # a compatibility jamo: ㅋ, ㅠ
REPEATABLE = 16  # another letter beyond ASCII, or one of SIGNS
_LEAD = 32
_TAIL = 64
# A lead with as many tails after it as it calls for
MOJIBAKE = 128
INVISIBLE = 256  # takes no room, or shows as a blank that no letter is: soft hyphens, marks of width zero, fillers

SIGNS = "!?.~^;,…·ㆍ‥。、！？～〜♡♥★☆ㅡ"
# Syllables that are drawn out (와아아아, 하하하): a vowel alone, and laughter. Others are said as often as they stand
# (또또또또 is a name).
_DRAWN_OUT = [*range(ord("아"), ord("잊"), 28), *map(ord, "하허호후히헤흐크캬")]
_INVISIBLES = (0xAD, 0x200B, *range(0x2060, 0x2065), 0xFEFF, 0x3164, 0xFFA0, 0x2800)

_CONTROLS = (*range(0x09), *range(0x0B, 0x20), 0x7F, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_JAMO = range(0x3131, 0x3164)
_WIDTHS = (0x3000, *range(0xFF01, 0xFFDD), *range(0xFFE0, 0xFFEF))
# Conjoining jamo, ideographs for compatibility, musical symbols; marks and single characters come from the database
_RECOMPOSED = (range(0x1100, 0x1200), range(0xF900, 0xFB00), range(0x1D100, 0x1D200), range(0x2F800, 0x2FA20))
_MAY_CHANGE = (*range(0x300, 0x3100), *range(0xFB00, 0xFB50))
# UTF-8 read as Latin-1 or windows-1252: letters of lead bytes, with as many letters of continuation bytes as they call
# for. Leads of two bytes up to Ñ (accented Latin, Greek, Cyrillic): after ß and ö stand quotation marks in earnest.
_LEADS = (*range(0xC2, 0xD2), *range(0xE0, 0xF5))
_TAILS = (*range(0x80, 0xC0), *map(ord, "ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™"))


class Survey(NamedTuple):
    """What one pass tells of a text.

    text            the text itself, repaired: what the rest is said of
    kinds           the kinds of character that occur: CONTROL (never in a repaired text), UNSETTLED, WIDTH, JAMO,
                    REPEATABLE, MOJIBAKE, INVISIBLE
    longest_jamo    the longest run of one and the same compatibility jamo, in characters; 1 where none stands twice
    longest_repeat  the same for REPEATABLE characters
    """

    text: str
    kinds: int
    longest_jamo: int
    longest_repeat: int


def survey(text: str) -> Survey:
    """The survey of a text, after filters.text.unicode.repair; strategies share it by document.derive(survey)."""
    found = _survey(encode(text), kinds())
    if found[0] & CONTROL:
        text = repair(text)
        found = _survey(encode(text), kinds())
    return Survey(text, *found)


@functools.cache
def kinds() -> np.ndarray:
    """The kinds of every code point but MOJIBAKE, uint16 of shape (0x110000,); surrogates are CONTROL."""
    everything = np.arange(CODE_POINTS, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    table = np.zeros(CODE_POINTS, dtype=np.uint16)
    for pattern, kind in ((r"\p{M}+", UNSETTLED), (r"\p{L}+", REPEATABLE)):
        for run in regex.finditer(pattern, everything):
            table[run.start() : run.end()] |= kind
    table[:0x80] &= ~np.uint16(REPEATABLE)
    table[_JAMO] &= ~np.uint16(REPEATABLE)
    table[0xAC00:0xD7A4] &= ~np.uint16(REPEATABLE)
    changed = [code for code in _MAY_CHANGE if unicodedata.normalize("NFC", chr(code)) != chr(code)]
    for codes, kind in (
        *((codes, UNSETTLED) for codes in (*_RECOMPOSED, changed)),
        (_CONTROLS, CONTROL),
        (_WIDTHS, WIDTH),
        (_JAMO, JAMO),
        ([ord(sign) for sign in SIGNS], REPEATABLE),
        (_LEADS, _LEAD),
        (_TAILS, _TAIL),
        (_DRAWN_OUT, REPEATABLE),
        (_INVISIBLES, INVISIBLE),
    ):
        table[list(codes)] |= np.uint16(kind)
    return table


def invisible_characters() -> tuple[str, ...]:
    """The characters that count as INVISIBLE."""
    return tuple(map(chr, _INVISIBLES))


@njit(cache=True)
def _survey(data, table):  # type: ignore[no-untyped-def]
    kinds = np.int64(0)
    longest_jamo = longest_repeat = run = 1
    before = np.int64(-1)
    missing = 0  # tails that the last lead still calls for
    i = 0
    while i < len(data):
        point, width = code_point(data, i)
        i += width
        kind = np.int64(table[point])
        kinds |= kind
        if point != before:
            run = 1
            before = point
        else:
            run += 1
            if kind & JAMO:
                longest_jamo = max(longest_jamo, run)
            elif kind & REPEATABLE:
                longest_repeat = max(longest_repeat, run)
        if kind & _LEAD:
            missing = 1 if point <= 0xD1 else 2 if point <= 0xEF else 3
        elif missing:
            if not kind & _TAIL:
                missing = 0
            else:
                missing -= 1
                if missing == 0:
                    kinds |= MOJIBAKE
    return kinds & ~(_LEAD | _TAIL), longest_jamo, longest_repeat
