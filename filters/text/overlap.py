"""Which of many items stand in a text: n-grams looked up in a table, and matches that cover enough of an item."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from filters.text.minhash import MARKS, OTHER
from filters.text.properties import ALPHANUMERIC, CLASS_MASK, code_points
from filters.text.segments import code_point, encode

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
COMMON = 64  # items beyond which an n-gram is a phrase of the whole collection: it names none of them


class Table(NamedTuple):
    """The n-grams of items. Arrays over different n-grams (g), slots of the hash table (a power of two), items (i).

    filled         bit field over bits of the spread hash: most n-grams of a text are refused by it
    keys, grams    slots: hash, and number of the n-gram, or -1
    starts, items  int64 (g + 1,) and int32: the items that hold each n-gram; none where they are more than COMMON
    begins, texts  int64 (i + 1,) and uint64: the n-grams of each item, in order
    phrases        int64 (i,): units of each item (words, characters) that stand in n-grams that COMMON leaves out
    needed         int64 (i,): units of each item that make a match
    """

    filled: np.ndarray
    keys: np.ndarray
    grams: np.ndarray
    starts: np.ndarray
    items: np.ndarray
    begins: np.ndarray
    texts: np.ndarray
    phrases: np.ndarray
    needed: np.ndarray


def table_of(hashes: Sequence[np.ndarray], needed: Sequence[int], n: int) -> Table:
    """The table of the n-grams of each item, in order, and how many units of it make a match."""
    begins = np.cumsum([0, *(len(one) for one in hashes)], dtype=np.int64)
    texts = np.concatenate([*hashes, np.empty(0, dtype=np.uint64)])
    different = [np.unique(one) for one in hashes]
    owner = np.repeat(np.arange(len(hashes), dtype=np.int32), [len(one) for one in different])
    every = np.concatenate([*different, np.empty(0, dtype=np.uint64)])
    order = np.argsort(every, kind="stable")
    every, owner = every[order], owner[order]
    known, frequency = np.unique(every, return_counts=True)
    common = frequency > COMMON
    owner = owner[~np.repeat(common, frequency)]
    starts = np.cumsum([0, *np.where(common, 0, frequency).tolist()], dtype=np.int64)
    bits = max(4, int(np.ceil(np.log2(max(1, 2 * len(known))))))
    keys, grams = np.zeros(1 << bits, dtype=np.uint64), np.full(1 << bits, -1, dtype=np.int32)
    filled = np.zeros(1 << (bits + 1), dtype=np.uint8)  # 16 bits for each slot
    _fill(known, keys, grams, filled)
    phrases = np.array([_covered(common[np.searchsorted(known, one)], n) for one in hashes], dtype=np.int64)
    return Table(filled, keys, grams, starts, owner, begins, texts, phrases, np.array(needed, dtype=np.int64))


def matches(hashes: np.ndarray, table: Table, n: int) -> np.ndarray:
    """Items found in a text, from the hashes of its n-grams in order: int64 of shape (m, 4).

    Rows are (item, its units found, first n-gram of the text, last n-gram). A unit is found where an n-gram that it is
    in stands in a part of the text about as long as the item.
    """
    return _matches(hashes, *table, n)


@njit(cache=True)
def _fill(known, keys, grams, filled):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(keys) - 1)
    bits = np.uint64(8 * len(filled) - 1)
    for number in range(len(known)):
        mixed = known[number] * _SPREAD
        bit = (mixed >> np.uint64(20)) & bits
        filled[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))
        place = (mixed >> _HALF) & mask
        while grams[place] >= 0:
            place = (place + np.uint64(1)) & mask
        keys[place] = known[number]
        grams[place] = number


@njit(cache=True)
def _covered(hit, n):  # type: ignore[no-untyped-def]
    """How many units stand in the n-grams that are hit: bool, shape (n-grams,)."""
    covered, behind = 0, 0
    for i in range(len(hit)):
        if hit[i]:
            covered += i + n - max(i, behind)
            behind = i + n
    return covered


@njit(cache=True)
def _within(value, ascending):  # type: ignore[no-untyped-def]
    place = np.searchsorted(ascending, value)
    return place < len(ascending) and ascending[place] == value


@njit(cache=True)
def _matches(hashes, filled, keys, grams, starts, items, begins, texts, phrases, needed, n):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(keys) - 1)
    bits = np.uint64(8 * len(filled) - 1)
    places = np.empty(len(hashes), np.int64)
    numbers = np.empty(len(hashes), np.int64)
    count = 0
    total = 0
    for i in range(len(hashes)):
        mixed = hashes[i] * _SPREAD
        bit = (mixed >> np.uint64(20)) & bits
        if not (filled[bit >> np.uint64(3)] >> (bit & np.uint64(7))) & 1:
            continue
        place = (mixed >> _HALF) & mask
        while grams[place] >= 0 and keys[place] != hashes[i]:
            place = (place + np.uint64(1)) & mask
        number = grams[place]
        if number >= 0 and starts[number + 1] > starts[number]:
            places[count], numbers[count] = i, number
            count += 1
            total += starts[number + 1] - starts[number]
    found = np.empty((total, 4), np.int64)
    size = 0
    pairs = np.empty(total, np.int64)  # item, and which hit
    at = 0
    for j in range(count):
        for k in range(starts[numbers[j]], starts[numbers[j] + 1]):
            pairs[at] = np.int64(items[k]) * count + j
            at += 1
    pairs.sort()
    begin = 0
    while begin < total:
        item = pairs[begin] // count
        text = texts[begins[item] : begins[item + 1]]
        end = begin + 1
        while (
            end < total
            and pairs[end] // count == item
            and places[pairs[end] % count] - places[pairs[end - 1] % count] <= len(text) + 2 * n
        ):
            end += 1
        # each hit covers n units at most, so most items are refused here
        if (end - begin) * n + phrases[item] >= needed[item]:
            first, last = places[pairs[begin] % count], places[pairs[end - 1] % count]
            low, high = max(0, first - len(text) - 2 * n), min(len(hashes), last + len(text) + 2 * n + 1)
            around = np.sort(hashes[low:high])
            hit = np.empty(len(text), np.bool_)
            for i in range(len(text)):
                hit[i] = _within(text[i], around)
            covered = _covered(hit, n)
            if covered >= needed[item]:
                own = np.sort(text)
                for i in range(first - 1, low - 1, -1):  # phrases at both ends belong to it
                    if first - i > n + 1:
                        break
                    if _within(hashes[i], own):
                        first = i
                for i in range(last + 1, high):
                    if i - last > n + 1:
                        break
                    if _within(hashes[i], own):
                        last = i
                found[size, 0], found[size, 1], found[size, 2], found[size, 3] = item, covered, first, last
                size += 1
        begin = end
    return found[:size]


def word_bounds(text: str) -> np.ndarray:
    """Where the words of minhash.word_shingles begin and end in the UTF-8 bytes of a text: int64, shape (words, 2)."""
    return _bounds(encode(text), code_points()[0], True)


def character_bounds(text: str) -> np.ndarray:
    """The same for the characters of minhash.character_shingles."""
    return _bounds(encode(text), code_points()[0], False)


@njit(cache=True)
def _bounds(data, properties, words):  # type: ignore[no-untyped-def]
    size = len(data)
    out = np.empty((size, 2), np.int64)
    count = 0
    inside = False
    i = 0
    while i < size:
        point, width = code_point(data, i)
        start = i
        i += width
        prop = np.int64(properties[point])
        mark = bool((1 << (prop & CLASS_MASK)) & MARKS)
        if not words:
            if prop & ALPHANUMERIC or mark:
                out[count, 0], out[count, 1] = start, i
                count += 1
            continue
        if prop & ALPHANUMERIC:
            if prop & CLASS_MASK == OTHER:
                out[count, 0], out[count, 1] = start, i
                count += 1
                inside = False
                continue
            if not inside:
                inside = True
                out[count, 0] = start
                count += 1
            out[count - 1, 1] = i
        elif inside and mark:
            out[count - 1, 1] = i
        else:
            inside = False
    return out[:count]
