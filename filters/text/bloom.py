"""A Bloom filter over 64-bit hashes, and the pass over paragraphs that removes what it has seen (DCLM's BFF)."""

import math

import numpy as np
from numba import njit

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_LOW = np.uint64(63)
_SIX = np.uint64(6)
_HALF = np.uint64(32)


def size_for(count: int, rate: float) -> tuple[int, int]:
    """(bits, hash functions) so that `count` entries give false positives at this rate or less (Bloom 1970)."""
    bits = max(64, math.ceil(-max(1, count) * math.log(rate) / math.log(2) ** 2))
    functions = max(1, round(bits / max(1, count) * math.log(2))) if count else 1
    while (1 - math.exp(-functions * max(1, count) / bits)) ** functions > rate:
        bits += max(64, bits // 64)
    return -(-bits // 64) * 64, functions


class BloomFilter:
    """A set of 64-bit hashes that never forgets one, and takes others for members at a known rate.

    bits   uint64, shape (bits / 64,)        functions   how many bits stand for one entry
    """

    def __init__(self, count: int, rate: float = 0.01) -> None:
        size, self.functions = size_for(count, rate)
        self.bits = np.zeros(size // 64, dtype=np.uint64)

    def add(self, hashes: np.ndarray) -> None:
        """Add hashes, uint64 of shape (n,)."""
        _add(self.bits, self.functions, hashes)

    def contains(self, hashes: np.ndarray) -> np.ndarray:
        """Which hashes are (taken for) members: bool of shape (n,)."""
        return _contains(self.bits, self.functions, hashes)

    def remove_seen(
        self, words: np.ndarray, paragraphs: np.ndarray, shortest: int, longest: int, threshold: float
    ) -> tuple[np.ndarray, int, int]:
        """Pass over one document's paragraphs: (which were seen before, bool of shape (p,); n-grams contained; all).

        words       uint32, shape (w,): hashes of the words of all paragraphs
        paragraphs  int32, shape (p,): words in each
        shortest    paragraphs of fewer words have no n-grams and stay; of fewer than `longest` have one n-gram
        threshold   a paragraph of which more than this share is contained has been seen; the n-grams of others are
                    added at once, so that repeats later in the same document are found
        """
        seen, contained, total = _remove_seen(
            self.bits, self.functions, words, paragraphs, shortest, longest, threshold
        )
        return seen, int(contained), int(total)


def count_ngrams(paragraphs: np.ndarray, shortest: int, longest: int) -> int:
    """How many n-grams paragraphs of these numbers of words have."""
    counts = np.where(paragraphs >= longest, paragraphs.astype(np.int64) - longest + 1, paragraphs >= shortest)
    return int(counts.sum())


@njit(cache=True, inline="always")
def _mix(value):  # type: ignore[no-untyped-def]
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, inline="always")
def _has(bits, functions, value):  # type: ignore[no-untyped-def]
    size = np.uint64(len(bits)) << _SIX
    step = (value >> _HALF) | _ONE
    for _ in range(functions):
        place = value % size
        if not (bits[place >> _SIX] >> (place & _LOW)) & _ONE:
            return False
        value = _mix(value + step)
    return True


@njit(cache=True, inline="always")
def _put(bits, functions, value):  # type: ignore[no-untyped-def]
    size = np.uint64(len(bits)) << _SIX
    step = (value >> _HALF) | _ONE
    for _ in range(functions):
        place = value % size
        bits[place >> _SIX] |= _ONE << (place & _LOW)
        value = _mix(value + step)


@njit(cache=True)
def _add(bits, functions, hashes):  # type: ignore[no-untyped-def]
    for value in hashes:
        _put(bits, functions, value)


@njit(cache=True)
def _contains(bits, functions, hashes):  # type: ignore[no-untyped-def]
    out = np.empty(len(hashes), np.bool_)
    for i in range(len(hashes)):
        out[i] = _has(bits, functions, hashes[i])
    return out


@njit(cache=True)
def _remove_seen(bits, functions, words, paragraphs, shortest, longest, threshold):  # type: ignore[no-untyped-def]
    seen = np.zeros(len(paragraphs), np.bool_)
    most = 1
    for size in paragraphs:
        most = max(most, size)
    grams = np.empty(most, np.uint64)
    start = 0
    all_contained, total = 0, 0
    for number in range(len(paragraphs)):
        size = np.int64(paragraphs[number])
        end = start + size
        count = 0
        if size >= shortest:
            length = min(size, longest)
            power = np.uint64(1)
            for _ in range(length):
                power *= _BASE
            rolling = np.uint64(0)
            for i in range(start, end):
                rolling = rolling * _BASE + np.uint64(words[i])
                if i >= start + length:
                    rolling -= power * np.uint64(words[i - length])
                if i >= start + length - 1:
                    grams[count] = _mix(rolling + np.uint64(length))
                    count += 1
        contained = 0
        for i in range(count):
            contained += _has(bits, functions, grams[i])
        all_contained += contained
        total += count
        if count and contained > threshold * count:
            seen[number] = True
        else:
            for i in range(count):
                _put(bits, functions, grams[i])
        start = end
    return seen, all_contained, total
