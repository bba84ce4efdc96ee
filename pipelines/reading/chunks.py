"""Bodies of very many chunks, joined in one pass: as Python's bytes, the chunks would take far more than the body."""

from typing import Any

import numpy as np
from numba import njit

from pipelines.reading.bodies import LONGEST_CHUNK, MOST_DIGITS, MOST_EXTENSION

WHOLE, ENDED, NO_SIZE, TOO_LONG = range(4)


def join(body: bytes, at: int) -> tuple[bytes, int, int]:
    """The content of the chunks of a body from a position on, how they end, and where the last of them begins.

    WHOLE     the chunk of no bytes was found        ENDED     the body ends before it
    NO_SIZE   no chunk begins at the position        TOO_LONG  a size that no chunk has
    """
    out = np.empty(len(body) - at, dtype=np.uint8)
    size, how, at = _join(np.frombuffer(body, dtype=np.uint8), at, out)
    return out[:size].tobytes(), how, at


@njit(cache=True)
def _join(body: Any, at: int, out: Any) -> Any:
    end = len(body)
    size = 0
    while True:
        digits = at
        while digits < end and (body[digits] == 32 or body[digits] == 9):
            digits += 1
        length = 0
        here = digits
        while here < end and here - digits < MOST_DIGITS:
            digit = body[here]
            if 48 <= digit <= 57:
                digit -= 48
            elif 65 <= digit <= 70:
                digit -= 55
            elif 97 <= digit <= 102:
                digit -= 87
            else:
                break
            length = min(length * 16 + digit, LONGEST_CHUNK + 1)
            here += 1
        found = here > digits
        while here < end and (body[here] == 32 or body[here] == 9):
            here += 1
        if here < end and body[here] == 59:  # an extension
            begin = here
            here += 1
            while here < end and here - begin <= MOST_EXTENSION and body[here] != 13 and body[here] != 10:
                here += 1
        if here < end and body[here] == 13:
            here += 1
        if not found or here >= end or body[here] != 10:
            return size, (ENDED if end - at < 34 else NO_SIZE), at
        here += 1
        if length == 0:
            return size, WHOLE, at
        if length > LONGEST_CHUNK:
            return size, TOO_LONG, at
        take = min(length, end - here)
        for place in range(take):
            out[size + place] = body[here + place]
        size += take
        if take < length:
            return size, ENDED, at
        at = here + length
        if at + 1 < end and body[at] == 13 and body[at + 1] == 10:
            at += 2
        elif at < end and body[at] == 10:
            at += 1
