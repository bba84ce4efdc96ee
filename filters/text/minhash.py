"""Shingles and MinHash signatures over 64-bit hashes.

A shingle is n consecutive words or characters; its hash is a polynomial of theirs, finished by MurmurHash3's mixer.
Value j of a signature is the smallest a_j * h + b_j (mod 2**64) over the shingles h, so that two texts agree at a
position with probability equal to the Jaccard similarity of their sets of shingles (Broder 1997).
"""

from functools import lru_cache

import numpy as np
from numba import njit

from filters.text.properties import ALPHANUMERIC, CLASS_MASK, WORD_BREAK, code_points
from filters.text.segments import code_point, encode, finish

_BASE = np.uint64(0x9E3779B97F4A7C15)
_CHARACTERS = np.uint64(0xD1B54A32D192ED03)  # keeps shingles of characters apart from shingles of words
_PRIME = np.uint64(0x100000001B3)
OTHER = WORD_BREAK.index("Other")
MARKS = sum(1 << WORD_BREAK.index(name) for name in ("Extend", "Format", "ZWJ"))


@lru_cache(maxsize=8)
def permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Odd factors and offsets of `count` hash functions, uint64 of shape (count,) each."""
    found = np.random.Generator(np.random.PCG64(seed)).integers(0, 1 << 64, size=(2, count), dtype=np.uint64)
    return found[0] | np.uint64(1), found[1]


def word_shingles(text: str, n: int) -> np.ndarray:
    """Hashes of all runs of n words, lower-cased and without punctuation: uint64 of shape (words - n + 1,).

    A word is a run of letters, marks and digits; scripts written without spaces (ideographs, kana, Thai) give a word
    a character. That is UAX #29 without its rules on what stands inside a word ("don't" gives two words), found in a
    tenth of the time that all of `segments` takes. A text of fewer than n words is one shingle, so that it equals only
    texts of the same words; a text without words has none.
    """
    return _word_shingles(encode(text), *code_points(), n)


def character_shingles(text: str, n: int) -> np.ndarray:
    """Hashes of all runs of n letters, marks and digits, lower-cased: uint64 of shape (characters - n + 1,).

    White space and punctuation are left out, as by word_shingles: spacing, quotes and dashes vary between copies. A
    text of fewer than n characters is one shingle; a text without any has none.
    """
    return _character_shingles(encode(text), *code_points(), n)


def signature(shingles: np.ndarray, factors: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The signature of a set of shingles, uint64 of shape (len(factors),). shingles must not be empty."""
    return _signature(shingles, factors, offsets)


def band_keys(values: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """One hash for each band of `rows` values of a signature, uint64 of shape (bands,)."""
    return _band_keys(values, bands, rows)


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Exact Jaccard similarity of two sets of hashes; 0 where both are empty."""
    first, second = np.unique(a), np.unique(b)
    shared = len(np.intersect1d(first, second, assume_unique=True))
    union = len(first) + len(second) - shared
    return shared / union if union else 0.0


@njit(cache=True)
def _word_shingles(data, properties, lower, n):  # type: ignore[no-untyped-def]
    size = len(data)
    words = np.empty(size, np.uint64)
    count = 0
    inside = False
    value = np.uint64(0)
    i = 0
    while i < size:
        point = np.int64(data[i])
        width = 1
        if point >= 0x80:
            point, width = code_point(data, i)
        i += width
        prop = np.int64(properties[point])
        if prop & ALPHANUMERIC:
            if prop & CLASS_MASK == OTHER:
                if inside:
                    words[count] = finish(value)
                    count += 1
                words[count] = finish(np.uint64(lower[point]))
                count += 1
                inside = False
                continue
            if not inside:
                inside = True
                value = np.uint64(0)
        elif not (inside and (1 << (prop & CLASS_MASK)) & MARKS):
            if inside:
                words[count] = finish(value)
                count += 1
                inside = False
            continue
        value = (value ^ np.uint64(lower[point])) * _PRIME
    if inside:
        words[count] = finish(value)
        count += 1
    return _windows(words, count, n, np.uint64(0))


@njit(cache=True)
def _character_shingles(data, properties, lower, n):  # type: ignore[no-untyped-def]
    size = len(data)
    kept = np.empty(size, np.uint64)
    count = 0
    i = 0
    while i < size:
        point, width = code_point(data, i)
        prop = np.int64(properties[point])
        if prop & ALPHANUMERIC or (1 << (prop & CLASS_MASK)) & MARKS:
            kept[count] = np.uint64(lower[point]) + np.uint64(1)
            count += 1
        i += width
    return _windows(kept, count, n, _CHARACTERS)


@njit(cache=True)
def _windows(values, count, n, salt):  # type: ignore[no-untyped-def]
    if count == 0:
        return np.empty(0, np.uint64)
    if count < n:  # the length goes in, as "a" is no shingle of "a a"
        whole = np.uint64(count)
        for i in range(count):
            whole = whole * _BASE + values[i]
        out = np.empty(1, np.uint64)
        out[0] = finish(finish(whole) ^ salt)
        return out
    out = np.empty(count - n + 1, np.uint64)
    power = np.uint64(1)
    for _ in range(n):
        power *= _BASE
    rolling = np.uint64(0)
    for i in range(count):
        rolling = rolling * _BASE + values[i]
        if i >= n:
            rolling -= power * values[i - n]
        if i >= n - 1:
            out[i - n + 1] = finish(rolling ^ salt)
    return out


@njit(cache=True)
def _signature(shingles, factors, offsets):  # type: ignore[no-untyped-def]
    out = np.empty(len(factors), np.uint64)
    for j in range(len(factors)):
        factor, offset = factors[j], offsets[j]
        smallest = np.uint64(0xFFFFFFFFFFFFFFFF)
        for i in range(len(shingles)):
            smallest = min(smallest, shingles[i] * factor + offset)
        out[j] = smallest
    return out


@njit(cache=True)
def _band_keys(values, bands, rows):  # type: ignore[no-untyped-def]
    out = np.empty(bands, np.uint64)
    for band in range(bands):
        key = np.uint64(band)
        for row in range(rows):
            key = finish((key + values[band * rows + row]) * _BASE)
        out[band] = key
    return out
