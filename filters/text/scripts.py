"""How much of a text is Hangul, and how much Chinese or Japanese, by kernels over UTF-8 bytes."""

from numba import njit

from filters.text.properties import SPACE, code_points
from filters.text.segments import code_point, encode


def hangul_share(text: str) -> float:
    """Hangul characters (syllables, conjoining, compatibility and half-width jamo) over all that are not white space,
    in [0, 1]; 0 for a text of white space alone."""
    hangul, others = _hangul(encode(text), code_points().properties)
    return float(hangul / (hangul + others)) if hangul else 0.0


def cjk_characters(text: str) -> int:
    """Han, Hiragana and Katakana characters: neither Hangul nor punctuation, nor the middle dot (U+30FB) and the mark
    of length (U+30FC), which Korean texts use as signs."""
    return int(_cjk(encode(text)))


@njit(cache=True)
def _hangul(data, properties):  # type: ignore[no-untyped-def]
    hangul = others = 0
    i = 0
    while i < len(data):
        point, width = code_point(data, i)
        i += width
        if (
            0xAC00 <= point <= 0xD7FB
            or 0x3131 <= point <= 0x318E
            or 0x1100 <= point <= 0x11FF
            or 0xA960 <= point <= 0xA97C
            or 0xFFA0 <= point <= 0xFFDC
        ):
            hangul += 1
        elif not properties[point] & SPACE:
            others += 1
    return hangul, others


@njit(cache=True)
def _cjk(data):  # type: ignore[no-untyped-def]
    count = 0
    i = 0
    while i < len(data):
        point, width = code_point(data, i)
        i += width
        if point < 0x3005 or 0xAC00 <= point < 0xF900:  # nearly all of other languages
            continue
        count += (
            0x4E00 <= point <= 0x9FFF
            or 0x3041 <= point <= 0x3096
            or 0x30A1 <= point <= 0x30FA
            or 0x3400 <= point <= 0x4DBF
            or 0xF900 <= point <= 0xFAFF
            or 0xFF66 <= point <= 0xFF6F
            or 0xFF71 <= point <= 0xFF9D
            or 0x309D <= point <= 0x309F
            or 0x30FD <= point <= 0x30FF
            or 0x31F0 <= point <= 0x31FF
            or point == 0x3005
            or point == 0x3007
            or point == 0x303B
            or 0x20000 <= point <= 0x3FFFF
            or 0x1B000 <= point <= 0x1B16F
        )
    return count
