"""Character n-grams of a text, hashed into buckets, and the TF-IDF score of a linear model over them."""

import numpy as np
from numba import njit

_OFFSET = np.uint64(0xCBF29CE484222325)  # FNV-1a, 64 bits, over code points
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xFF51AFD7ED558CCD)  # the last steps of MurmurHash3's finaliser: FNV's low bits alone are weak
_HALF = np.uint64(33)
SPACE = 32


def code_points(line: str) -> np.ndarray:
    """The code points of a prepared text (preparation.py) with a space at either end, uint32 of shape (len + 2,)."""
    return np.frombuffer(f" {line} ".encode("utf-32-le"), dtype="<u4").astype(np.uint32)


@njit(cache=True)
def count(points, shortest, longest, bits, counts, touched):  # type: ignore[no-untyped-def]
    """Count the n-grams within words, the space on either side included, as scikit-learn's char_wb does.

    points   code points, uint32 of shape (n,), a space at either end
    counts   zeros, int32 of shape (2**bits,): gets the number of n-grams by bucket; the caller sets it back
    touched  int32 of shape (at least min(2**bits, n * (longest - shortest + 1)),): gets the buckets that are not zero
    Returns how many buckets that are.
    """
    shift = np.uint64(64 - bits)
    found = 0
    for start in range(points.size):
        value = _OFFSET
        for length in range(1, longest + 1):
            end = start + length
            if end > points.size:
                break
            point = points[end - 1]
            value = (value ^ np.uint64(point)) * _PRIME
            if length >= shortest:
                mixed = (value ^ (value >> _HALF)) * _MIX
                bucket = np.int64(mixed >> shift)
                if counts[bucket] == 0:
                    touched[found] = bucket
                    found += 1
                counts[bucket] += 1
            if point == SPACE and length > 1:
                break
    return found


@njit(cache=True)
def score(points, shortest, longest, bits, counts, touched, idf, weights):  # type: ignore[no-untyped-def]
    """The dot product of a text's TF-IDF vector (1 + log count, times idf, unit length) with weights.

    idf and weights are float32 of shape (2**bits,); an idf of 0 leaves a bucket out. NaN for a text of which no
    n-gram is known. counts and touched as in count(); counts is all zeros again afterwards.
    """
    found = count(points, shortest, longest, bits, counts, touched)
    dot = 0.0
    squares = 0.0
    for position in range(found):
        bucket = touched[position]
        value = (1.0 + np.log(counts[bucket])) * idf[bucket]
        squares += value * value
        dot += value * weights[bucket]
        counts[bucket] = 0
    if squares == 0.0:
        return np.nan
    return dot / np.sqrt(squares)
