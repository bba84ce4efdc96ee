"""Text in about one byte a letter of any alphabet, so that what is counted in bytes is the same for all of them."""

import numpy as np
from numba import njit

from filters.text.segments import code_point, encode

_BLOCK_BITS = 7
# No characters of text: a byte before a letter of a neighbouring block or punctuation, and one before the
# byte that names a new block
_ONE, _SWITCH = 0x01, 0x02
_PUNCTUATION = 0x2000 >> _BLOCK_BITS


def compact(text: str) -> bytes:
    """UTF-8, but letters of alphabets beyond ASCII (U+0080 to U+2FFF) take one byte.

    Letters of one block of 128 code points are bytes from 0x80 on. A letter of the block beside it and punctuation have
    a byte before them, any other block is named in two bytes and counts from then on; the first is that of Latin-1.
    Hangul, Han and Kana are as in UTF-8, which repeats little of them.
    """
    if text.isascii():
        return text.encode("ascii")
    data = encode(text)
    out = np.empty(2 * len(data) + 4, np.uint8)
    return out[: _compact(data, out)].tobytes()


@njit(cache=True)
def _compact(data, out):  # type: ignore[no-untyped-def]
    block = 1
    size = i = 0
    while i < len(data):
        point, width = code_point(data, i)
        if point < 0x80 or point >= 0x3000:
            for k in range(i, min(i + width, len(data))):
                out[size] = data[k]
                size += 1
        else:
            own = point >> _BLOCK_BITS
            if own != block:
                if abs(own - block) == 1 or own == _PUNCTUATION:
                    out[size] = _ONE + 4 * (own == _PUNCTUATION)
                    size += 1
                else:
                    block = own
                    out[size], out[size + 1] = _SWITCH, own
                    size += 2
            out[size] = 0x80 | (point & 0x7F)
            size += 1
        i += width
    return size
