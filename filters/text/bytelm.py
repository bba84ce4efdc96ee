"""A byte n-gram language model with absolute discounting, in hashed tables: small, fast, the same every time."""

import math
from typing import Any

import numpy as np
from numba import njit

ORDER = 9  # bytes of context at most
BITS = 22  # log2 of the number of slots of each table
DISCOUNT = 0.75
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0x100000001B3)


@njit(cache=True)
def _slot(value: Any, bits: int) -> Any:
    value ^= value >> np.uint64(29)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(32)
    return np.int64(value >> np.uint64(64 - bits))


@njit(cache=True)
def _train(data: Any, pairs: Any, totals: Any, kinds: Any, order: int, bits: int) -> None:
    for place in range(data.size):
        context = np.uint64(0)
        for length in range(min(order, place) + 1):
            if length:
                context = (context ^ np.uint64(data[place - length] + 1)) * _STEP
            base = context + np.uint64(length + 1) * _MIX
            whole = _slot(base, bits)
            pair = _slot((base ^ np.uint64(data[place] + 1)) * _STEP + np.uint64(length), bits)
            if pairs[pair] == 0:
                kinds[whole] += 1
            pairs[pair] += 1
            totals[whole] += 1


@njit(cache=True)
def _bits_of(data: Any, pairs: Any, totals: Any, kinds: Any, order: int, bits: int, discount: float) -> float:
    total = 0.0
    for place in range(data.size):
        chance = 1.0 / 256.0
        context = np.uint64(0)
        for length in range(min(order, place) + 1):
            if length:
                context = (context ^ np.uint64(data[place - length] + 1)) * _STEP
            base = context + np.uint64(length + 1) * _MIX
            whole = _slot(base, bits)
            seen = totals[whole]
            if seen == 0:
                break
            pair = _slot((base ^ np.uint64(data[place] + 1)) * _STEP + np.uint64(length), bits)
            count = pairs[pair]
            # tables are hashed: a collision may make a pair more frequent than its context
            count = min(count, seen)
            rest = min(1.0, discount * kinds[whole] / seen)
            chance = max(count - discount, 0.0) / seen + max(rest, 1e-6) * chance
            chance = min(chance, 1.0)
        total -= math.log2(chance)
    return total


class ByteModel:
    """Interpolated absolute discounting over contexts of up to ORDER bytes. Trained once, then fixed."""

    def __init__(self, order: int = ORDER, bits: int = BITS) -> None:
        self._order, self._bits = order, bits
        self._pairs = np.zeros(1 << bits, dtype=np.uint32)
        self._totals = np.zeros(1 << bits, dtype=np.uint32)
        self._kinds = np.zeros(1 << bits, dtype=np.uint32)

    def train(self, text: str) -> None:
        """Learn from one document; contexts do not cross documents."""
        _train(_bytes(text), self._pairs, self._totals, self._kinds, self._order, self._bits)

    def bits_per_byte(self, text: str) -> float:
        """Bits for each byte of a text; the model does not learn from it."""
        data = _bytes(text)
        if not data.size:
            return 0.0
        tables = (self._pairs, self._totals, self._kinds)
        return float(_bits_of(data, *tables, self._order, self._bits, DISCOUNT) / data.size)


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
