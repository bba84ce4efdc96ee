"""Repetition in a text: duplicate lines and paragraphs, most frequent n-grams, n-grams that occur more than once.

Words, lines and paragraphs come as 64-bit hashes. A pair of neighbouring (n-1)-grams that both repeat is looked up by
their numbers, so n-grams are compared exactly once words are, and only what repeats at n-1 is looked at for n: the cost
is linear in the words, and small where little repeats.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


class Duplicates(NamedTuple):
    """How much of a list of segments (lines, paragraphs) occurs more than once.

    segments, characters    of the whole list
    copies, copied          segments that have a twin, the first copy included, and their characters
    later, later_characters the same without the first copy of each
    """

    segments: int
    characters: int
    copies: int
    copied: int
    later: int
    later_characters: int


class NGrams(NamedTuple):
    """Repetition by n, arrays of shape (longest + 1,) indexed by n (entries 0 and 1 are not filled).

    most      how often the most frequent n-gram occurs; 0 in a text of fewer than n words
    longest   characters of the longest of the most frequent n-grams, spaces not counted (0 where most is 1)
    first     characters of the most frequent n-gram that comes first
    covered   characters of all words in some n-gram that occurs more than once, each word once
    skipped   characters of n-grams seen before, in a scan from the start that jumps behind each one it meets
    """

    most: np.ndarray
    longest: np.ndarray
    first: np.ndarray
    covered: np.ndarray
    skipped: np.ndarray


def duplicates(keys: Sequence[Hashable], characters: Sequence[int]) -> Duplicates:
    """Duplicate segments by keys that are equal where segments are (hashes, or the segments), and their lengths."""
    counts = Counter(keys)
    length = dict(zip(keys, characters, strict=True))
    repeated = [(count, length[key]) for key, count in counts.items() if count > 1]
    copies = sum(count for count, _ in repeated)
    copied = sum(count * size for count, size in repeated)
    return Duplicates(
        segments=len(keys),
        characters=sum(characters),
        copies=copies,
        copied=copied,
        later=copies - len(repeated),
        later_characters=copied - sum(size for _, size in repeated),
    )


def ngrams(hashes: np.ndarray, characters: np.ndarray, longest: int = 10) -> NGrams:
    """Repeated n-grams of n = 2 to `longest`; hashes uint64 and characters int32 of the words, shape (n,)."""
    size = len(hashes)
    behind = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(characters, out=behind[1:])
    found = np.zeros((5, longest + 1), dtype=np.int64)
    scratch = np.empty((4, size), dtype=np.int32)
    _ngrams(hashes.copy(), behind, scratch, np.empty(4 * size + 4, dtype=np.int32), found)
    return NGrams(*found)


@njit(cache=True)
def _number(keys, used, slots, numbers):  # type: ignore[no-untyped-def]
    """Number equal keys alike, from 0 in order of first occurrence; returns how many differ.

    slots is scratch space of at least 2 * used entries rounded up to a power of two; numbers[:used] is filled.
    """
    size = 4
    while size < 2 * used:
        size *= 2
    mask = np.uint64(size - 1)
    for i in range(size):
        slots[i] = -1
    different = 0
    for i in range(used):
        mixed = keys[i] * _SPREAD
        place = (mixed ^ (mixed >> _HALF)) & mask
        while True:
            owner = slots[place]
            if owner < 0:
                slots[place] = i
                numbers[i] = different
                different += 1
                break
            if keys[owner] == keys[i]:
                numbers[i] = numbers[owner]
                break
            place = (place + np.uint64(1)) & mask
    return different


@njit(cache=True)
def _ngrams(keys, behind, scratch, slots, found):  # type: ignore[no-untyped-def]
    """Fill found, whose rows are the fields of NGrams. behind holds the characters of the words before each."""
    size = len(keys)
    longest = found.shape[1] - 1
    # places[:used] are the starts of the n-grams under consideration, numbers[:used] tell them apart
    places, numbers, counts, seen = scratch[0], scratch[1], scratch[2], scratch[3]
    for i in range(size):
        places[i] = i
    used = size
    for n in range(1, longest + 1):
        if n > 1:  # an n-gram can only repeat where both (n-1)-grams in it do
            pairs = 0
            for j in range(used - 1):
                if places[j + 1] == places[j] + 1:
                    keys[pairs] = np.uint64(numbers[j]) << _HALF | np.uint64(numbers[j + 1])
                    places[pairs] = places[j]
                    pairs += 1
            used = pairs
            if size < n:
                break
            found[0, n] = 1
            found[2, n] = behind[n]
        different = _number(keys, used, slots, numbers)
        for j in range(different):
            counts[j] = 0
            seen[j] = 0
        for j in range(used):
            counts[numbers[j]] += 1
        repeated = 0
        end, free = 0, 0
        for j in range(used):
            count = counts[numbers[j]]
            if count == 1:
                continue
            place = places[j]
            if n > 1:
                length = behind[place + n] - behind[place]
                if count > found[0, n]:
                    found[0, n], found[1, n], found[2, n] = count, length, length
                elif count == found[0, n] and length > found[1, n]:
                    found[1, n] = length
                found[3, n] += behind[place + n] - behind[max(place, end)]
                end = place + n
                if place >= free:
                    if seen[numbers[j]] == 1:
                        found[4, n] += length
                        free = place + n
                    else:
                        seen[numbers[j]] = 1
            places[repeated] = place
            numbers[repeated] = numbers[j]
            repeated += 1
        used = repeated
