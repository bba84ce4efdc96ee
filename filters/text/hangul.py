"""How much of a text is Hangul, by a kernel over UTF-8 bytes."""

from numba import njit

from filters.text.properties import SPACE, code_points
from filters.text.segments import code_point, encode


def hangul_share(text: str) -> float:
    """Hangul characters (syllables, conjoining, compatibility and half-width jamo) over all that are no white space,
    in [0, 1]; 0 for a text of white space alone."""
    hangul, others = _count(encode(text), code_points().properties)
    return float(hangul / (hangul + others)) if hangul else 0.0


@njit(cache=True)
def _count(data, properties):  # type: ignore[no-untyped-def]
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
