"""A byte n-gram language model with Kneser-Ney counts: small, fast, the same every time, its chances add up to 1.

The longest n-gram of a byte counts every occurrence; a shorter one counts the bytes before it that it was seen after
(Kneser and Ney 1995). Were all lengths to count every occurrence, contexts that are all sure of the next byte would
multiply their escapes, and a text seen often would cost more than one seen once.
"""

import math
from typing import Any

import numpy as np
from numba import njit

ORDER = 5  # bytes of context at most
DISCOUNT = 0.75
SLOTS_PER_BYTE = 3  # 1 to 3 MB of prose hold 0.2 to 0.4 different n-grams a byte; broken text and small samples more
FULL = 0.9

# Columns of the table: one row for each n-gram seen. `followers` and `kinds` make the row a context too.
_TAG, _COUNT, _FOLLOWERS, _KINDS = 0, 1, 2, 3
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


@njit(cache=True)
def _hashed(before: Any, byte: Any) -> Any:
    """The hash of an n-gram from that of all but its first byte: n-grams are hashed from their end."""
    value = (before ^ (np.uint64(byte) + np.uint64(1))) * _STEP
    value ^= value >> np.uint64(29)
    value *= _MIX
    value ^= value >> np.uint64(32)
    return value


@njit(cache=True)
def _find(table: Any, value: Any) -> Any:
    """(row of the n-gram with this hash, whether it is there); the row is where it would be put if it is not."""
    slots = np.uint64(table.shape[0] - 1)
    tag = np.uint32(value >> np.uint64(32)) | np.uint32(1)
    at = value & slots
    while True:
        found = table[at, _TAG]
        if found == tag:
            return np.int64(at), True
        if found == 0:
            return np.int64(at), False
        at = (at + np.uint64(1)) & slots


@njit(cache=True)
def _train(data: Any, table: Any, root: Any, order: int, used: int, most: int) -> Any:
    # rows of the contexts that end before this byte, by length; -1: none, and 0 stands for the root
    before = np.full(order + 1, -1, np.int64)
    here = np.full(order + 1, -1, np.int64)
    rows = np.empty(order + 1, np.int64)
    for place in range(data.size):
        value = np.uint64(0)
        here[:] = -1
        longest = -1
        for length in range(min(order, place) + 1):
            if length > 0 and before[length] < 0:
                break
            value = _hashed(value, data[place - length])
            row, known = _find(table, value)
            if not known:
                if used >= most:  # a full table learns no new n-grams: their mass stays with what it knows
                    break
                table[row, _TAG] = np.uint32(value >> np.uint64(32)) | np.uint32(1)
                used += 1
            rows[length] = row
            if length < order:
                here[length + 1] = row
            longest = length
        for length in range(longest, -1, -1):
            count = table[rows[length], _COUNT]
            table[rows[length], _COUNT] = count + np.uint32(1)
            context = root if length == 0 else table[before[length]]
            context[_FOLLOWERS] += np.uint32(1)
            if count > 0:  # the shorter n-grams counted it when this one was new
                break
            context[_KINDS] += np.uint32(1)
        before, here = here, before
    return used


@njit(cache=True)
def _bits_of(data: Any, table: Any, root: Any, order: int, discount: float) -> Any:
    total = 0.0
    before = np.full(order + 1, -1, np.int64)
    here = np.full(order + 1, -1, np.int64)
    for place in range(data.size):
        chance = 1.0 / 256.0
        value = np.uint64(0)
        here[:] = -1
        known = True
        for length in range(min(order, place) + 1):
            if length > 0 and before[length] < 0:
                break
            context = root if length == 0 else table[before[length]]
            followers = context[_FOLLOWERS]
            if followers == 0:
                break
            count = 0
            if known:  # where a shorter n-gram was not seen, no longer one was
                value = _hashed(value, data[place - length])
                row, known = _find(table, value)
                if known:
                    count = table[row, _COUNT]
                    if length < order:
                        here[length + 1] = row
            chance = max(count - discount, 0.0) / followers + discount * context[_KINDS] / followers * chance
        total -= math.log2(chance)
        before, here = here, before
    return total


class ByteModel:
    """Interpolated Kneser-Ney over contexts of up to `order` bytes. Trained once, then fixed.

    expected_bytes  of training text, for the size of the table (48 bytes of memory a byte, in powers of two)
    """

    def __init__(self, expected_bytes: int, order: int = ORDER) -> None:
        self._order = order
        slots = 1 << max(12, math.ceil(math.log2(SLOTS_PER_BYTE * max(1, expected_bytes))))
        self._table = np.zeros((slots, 4), dtype=np.uint32)
        self._root = np.zeros(4, dtype=np.uint32)
        self._used = 0

    def train(self, text: str) -> None:
        """Learn from one document; contexts do not cross documents."""
        most = int(FULL * len(self._table))
        self._used = _train(_bytes(text), self._table, self._root, self._order, self._used, most)

    def bits(self, text: str) -> float:
        """Bits that a text costs; the model does not learn from it."""
        return float(_bits_of(_bytes(text), self._table, self._root, self._order, DISCOUNT))

    def bits_per_byte(self, text: str) -> float:
        """Bits for each byte of a text, 0 for an empty one."""
        return self.bits(text) / max(1, len(_bytes(text)))


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
