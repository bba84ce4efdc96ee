"""Repetition in a text: duplicate lines and paragraphs, most frequent n-grams, n-grams that occur more than once.

Words, lines and paragraphs come as 64-bit hashes. A pair of neighbouring (n-1)-grams that both repeat is looked up by
their numbers, so n-grams are compared exactly once words are, and only what repeats at n-1 is looked at for n: the cost
is linear in the words, and small where little repeats.
"""

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


def duplicates(hashes: np.ndarray, characters: np.ndarray) -> Duplicates:
    """Duplicate segments; hashes uint64 and characters int32, both of shape (n,)."""
    return Duplicates(*_duplicates(hashes, characters))


def ngrams(hashes: np.ndarray, characters: np.ndarray, longest: int = 10) -> NGrams:
    """Repeated n-grams of n = 2 to `longest`; hashes uint64 and characters int32 of the words, shape (n,)."""
    return NGrams(*_ngrams(hashes, characters, longest))


@njit(cache=True)
def _number(keys, used, slots, numbers):  # type: ignore[no-untyped-def]
    """Number equal keys alike, from 0 in order of first occurrence; returns how many differ.

    slots is scratch space of at least 2 * used entries rounded up to a power of two; numbers[:used] is filled.
    """
    size = 4
    while size < 2 * used:
        size *= 2
    mask = np.uint64(size - 1)
    slots[:size] = -1
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
def _duplicates(hashes, characters):  # type: ignore[no-untyped-def]
    size = len(hashes)
    numbers = np.empty(size, np.int32)
    slots = np.empty(4 * size + 4, np.int32)
    different = _number(hashes, size, slots, numbers)
    counts = np.zeros(different, np.int32)
    for i in range(size):
        counts[numbers[i]] += 1
    total, copies, copied, later, later_characters = 0, 0, 0, 0, 0
    for i in range(size):
        total += characters[i]
        count = counts[numbers[i]]
        if count != 1:  # -1 marks a segment of which the first copy has been met
            copies += 1
            copied += characters[i]
            if count < 0:
                later += 1
                later_characters += characters[i]
            counts[numbers[i]] = -1
    return size, total, copies, copied, later, later_characters


@njit(cache=True)
def _ngrams(hashes, characters, longest):  # type: ignore[no-untyped-def]
    size = len(hashes)
    most = np.zeros(longest + 1, np.int64)
    long = np.zeros(longest + 1, np.int64)
    first = np.zeros(longest + 1, np.int64)
    covered = np.zeros(longest + 1, np.int64)
    skipped = np.zeros(longest + 1, np.int64)
    behind = np.zeros(size + 1, np.int64)  # characters of the words before each
    for i in range(size):
        behind[i + 1] = behind[i] + characters[i]

    # places[:used] are the starts of the n-grams under consideration, numbers[:used] tell them apart
    places = np.arange(size)
    keys = hashes.copy()
    numbers = np.empty(size, np.int32)
    slots = np.empty(4 * size + 4, np.int32)
    counts = np.empty(size, np.int32)
    seen = np.empty(size, np.bool_)
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
            most[n] = 1
            first[n] = behind[n]
        different = _number(keys, used, slots, numbers)
        counts[:different] = 0
        seen[:different] = False
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
                if count > most[n]:
                    most[n], long[n], first[n] = count, length, length
                elif count == most[n] and length > long[n]:
                    long[n] = length
                covered[n] += behind[place + n] - behind[max(place, end)]
                end = place + n
                if place >= free:
                    if seen[numbers[j]]:
                        skipped[n] += length
                        free = place + n
                    else:
                        seen[numbers[j]] = True
            places[repeated] = place
            numbers[repeated] = numbers[j]
            repeated += 1
        used = repeated
    return most, long, first, covered, skipped
