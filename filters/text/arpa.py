"""N-gram language models in the ARPA format: read into one table, and scored over bytes of UTF-8.

A word is known by the hash of its bytes and an n-gram by a hash of its words, so no vocabulary is kept; two n-grams
could only be confused by an equal hash of 64 bits. Chances are backed off as the format says (Katz 1987; Stolcke 2002).
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from filters.text.segments import BASIS, PRIME, finish

MAX_ORDER = 16
UNKNOWN_LOG10 = -100.0  # of a word that is not listed, where <unk> is not listed either: KenLM's value

_ROTATE = np.uint64(0x9E3779B97F4A7C15)
_BEGIN, _END, _UNKNOWN = b"<s>", b"</s>", b"<unk>"
# What is wrong with a file, by the answer of the kernel
PROBLEMS = {
    1: "a line that is no n-gram: a number, a tab, words, and perhaps a tab and a number",
    2: "more n-grams than the header says",
    3: "fewer n-grams than the header says",
    4: "a section where another is expected",
    5: "the file ends before \\end\\",
    6: "an n-gram that stands there twice",
}


class Table(NamedTuple):
    """An n-gram model: open addressing by hash, 0 where a slot is free.

    keys  uint64, shape (slots,), a power of two       chances, backoffs  float32, shape (slots,), log10
    order  words in the longest n-gram
    begin, end, unknown  hashes of <s>, </s> and <unk>
    """

    keys: np.ndarray
    chances: np.ndarray
    backoffs: np.ndarray
    order: int
    begin: np.uint64
    end: np.uint64
    unknown: np.uint64


class Malformed(ValueError):
    """A file is not in the ARPA format; the message says what is wrong, and in which line."""


class Sum(NamedTuple):
    """What a model says of a text: the sum of the log10 chances of all words and ends of lines, and their numbers."""

    log10: float
    words: int
    lines: int


def read_arpa(data: bytes) -> Table:
    """The model in the bytes of a file. Raises Malformed. 16 bytes a slot, 1.5 to 3 slots for each n-gram."""
    counts, body = _header(data)
    slots = 1 << max(4, int(1.5 * sum(counts)).bit_length())
    keys = np.zeros(slots, np.uint64)
    chances, backoffs = np.zeros(slots, np.float32), np.zeros(slots, np.float32)
    content = np.frombuffer(data, np.uint8)
    problem, at = _load(content, body, np.array(counts, np.int64), keys, chances, backoffs)
    if problem:
        raise Malformed(f"line {data.count(10, 0, int(at)) + 1}: {PROBLEMS[problem]}")
    begin, end, unknown = (_word(word) for word in (_BEGIN, _END, _UNKNOWN))
    for word, value in ((_BEGIN, begin), (_END, end)):
        if _row(keys, _first(value)) < 0:
            raise Malformed(f"it does not list {word.decode()}")
    return Table(keys, chances, backoffs, len(counts), begin, end, unknown)


def log10_of(table: Table, text: str) -> Sum:
    """What a model says of the lines of a text; words are parted by white space of ASCII, and a line without words
    counts for nothing. Each line begins after <s> and ends with </s>."""
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    total, words, lines = _score(
        data, table.keys, table.chances, table.backoffs, table.order, table.begin, table.end, table.unknown
    )
    return Sum(float(total), int(words), int(lines))


def _header(data: bytes) -> tuple[list[int], int]:
    """(number of n-grams for n = 1, 2, …; where the sections begin)."""
    at = 0
    counts: list[int] = []
    begun = False
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end].strip()
        if begun and line.startswith(b"\\"):
            if not counts:
                raise Malformed("the header counts no n-grams")
            if sum(counts) > len(data):
                raise Malformed(f"the header counts {sum(counts)} n-grams, in {len(data)} bytes")
            return counts, at
        if begun and line:
            name, equals, count = line.partition(b"=")
            if name.split() != [b"ngram", b"%d" % (len(counts) + 1)] or not equals or not count.strip().isdigit():
                raise Malformed(f"the header should say ngram {len(counts) + 1}=NUMBER")
            counts.append(int(count))
            if len(counts) > MAX_ORDER:
                raise Malformed(f"n-grams of more than {MAX_ORDER} words")
        elif line:
            if line != b"\\data\\":
                raise Malformed("it does not begin with \\data\\")
            begun = True
        at = end + 1
    raise Malformed("it ends within its header" if begun else "it does not begin with \\data\\")


def _word(word: bytes) -> np.uint64:
    data = np.frombuffer(word, np.uint8)
    return np.uint64(_hash(data, 0, len(data)))


@njit(cache=True)
def _hash(data, start, end):  # type: ignore[no-untyped-def]
    value = BASIS
    for i in range(start, end):
        value = (value ^ np.uint64(data[i])) * PRIME
    return finish(value)


@njit(cache=True)
def _first(word):  # type: ignore[no-untyped-def]
    """The hash of an n-gram of one word; longer ones are hashed from their last word on."""
    value = finish(word * _ROTATE + np.uint64(1))
    return value if value else np.uint64(1)


@njit(cache=True)
def _before(value, word):  # type: ignore[no-untyped-def]
    """The hash of an n-gram with one more word before it."""
    value = finish((value ^ word) * _ROTATE + np.uint64(1))
    return value if value else np.uint64(1)


@njit(cache=True)
def _row(keys, value):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(keys) - 1)
    at = value & mask
    while keys[at]:
        if keys[at] == value:
            return np.int64(at)
        at = (at + np.uint64(1)) & mask
    return np.int64(-1)


@njit(cache=True)
def _blank(byte):  # type: ignore[no-untyped-def]
    return byte == 32 or (9 <= byte <= 13)


@njit(cache=True)
def _number(data, start, end):  # type: ignore[no-untyped-def]
    """(number, whether data[start:end] is one): digits, a point and an exponent, or -inf."""
    i = start
    negative = False
    if i < end and (data[i] == 45 or data[i] == 43):
        negative = data[i] == 45
        i += 1
    if end - i == 3 and data[i] | 32 == 105 and data[i + 1] | 32 == 110 and data[i + 2] | 32 == 102:
        return (-np.inf if negative else np.inf), True
    value, exponent, digits, point = 0.0, 0, 0, False
    while i < end:
        byte = data[i]
        if 48 <= byte <= 57:
            value = value * 10.0 + (byte - 48)
            digits += 1
            if point:
                exponent -= 1
        elif byte == 46 and not point:
            point = True
        else:
            break
        i += 1
    if digits == 0:
        return 0.0, False
    if i < end and data[i] | 32 == 101:
        i += 1
        less = False
        if i < end and (data[i] == 45 or data[i] == 43):
            less = data[i] == 45
            i += 1
        power = 0
        if i == end:
            return 0.0, False
        while i < end and 48 <= data[i] <= 57:
            power = min(power * 10 + (data[i] - 48), 9999)
            i += 1
        exponent += -power if less else power
    if i != end:
        return 0.0, False
    value = value * 10.0 ** np.float64(exponent)
    return (-value if negative else value), True


@njit(cache=True)
def _load(data, at, counts, keys, chances, backoffs):  # type: ignore[no-untyped-def]
    """Fill the table from the sections that begin at a byte: (0, 0), or (what is wrong, the byte where)."""
    size = len(data)
    mask = np.uint64(len(keys) - 1)
    words = np.empty(MAX_ORDER, np.uint64)
    n, found = 0, 0
    while at < size:
        start = at
        while at < size and data[at] != 10:
            at += 1
        end = at
        at += 1
        while end > start and _blank(data[end - 1]):
            end -= 1
        if end == start:
            continue
        if data[start] == 92:  # "\N-grams:" or "\end\"
            if n > 0 and found < counts[n - 1]:
                return 3, start
            last = data[start + 1] == 101
            if last != (n == len(counts)):
                return 4, start
            if last:
                return 0, 0
            n += 1
            found = 0
            number = 0
            i = start + 1
            while i < end and 48 <= data[i] <= 57:
                number = number * 10 + (data[i] - 48)
                i += 1
            if number != n or i == end or data[i] != 45:
                return 4, start
            continue
        if n == 0:
            return 4, start
        # the chance, then n words, then perhaps a backoff
        i = start
        while i < end and not _blank(data[i]):
            i += 1
        chance, fine = _number(data, start, i)
        if not fine or chance > 0:
            return 1, start
        for k in range(n):
            while i < end and _blank(data[i]):
                i += 1
            begun = i
            while i < end and not _blank(data[i]):
                i += 1
            if begun == i:
                return 1, start
            words[k] = _hash(data, begun, i)
        while i < end and _blank(data[i]):
            i += 1
        backoff = 0.0
        if i < end:
            backoff, fine = _number(data, i, end)
            if not fine or backoff == np.inf:
                return 1, start
        found += 1
        if found > counts[n - 1]:
            return 2, start
        value = _first(words[n - 1])
        for k in range(n - 2, -1, -1):
            value = _before(value, words[k])
        slot = value & mask
        while keys[slot]:
            if keys[slot] == value:
                return 6, start
            slot = (slot + np.uint64(1)) & mask
        keys[slot] = value
        chances[slot] = chance
        backoffs[slot] = backoff
    return 5, size


@njit(cache=True)
def _score(data, keys, chances, backoffs, order, begin, end, unknown):  # type: ignore[no-untyped-def]
    """(sum of log10 chances, words, lines that have words)."""
    size = len(data)
    words = np.empty(order, np.uint64)  # the words before, the last one first
    context = np.empty(order, np.int64)  # rows of the n-grams that end in the word before, by length - 1
    rows = np.empty(order, np.int64)
    total, count, lines = 0.0, 0, 0
    i = 0
    while i < size:
        known = 0  # words before this one, at most order - 1
        inside = False
        ended = False
        while not ended:
            while i < size and data[i] != 10 and _blank(data[i]):
                i += 1
            if i < size and data[i] != 10:
                start = i
                while i < size and not _blank(data[i]):
                    i += 1
                word = _hash(data, start, i)
                row = _row(keys, _first(word))
                if row < 0:
                    word = unknown
                    row = _row(keys, _first(word))
                count += 1
                if not inside:
                    inside = True
                    lines += 1
                    known = min(1, order - 1)
                    words[0] = begin
                    context[0] = _row(keys, _first(begin))
            else:
                i += 1
                ended = True
                if not inside:
                    break
                word = end
                row = _row(keys, _first(word))
            value = _first(word)
            longest = 0
            chance = UNKNOWN_LOG10
            for length in range(known + 1):
                if length:
                    value = _before(value, words[length - 1])
                    row = _row(keys, value)
                rows[length] = row
                if row >= 0:
                    longest = length
                    chance = np.float64(chances[row])
            for length in range(longest, known):
                if context[length] >= 0:
                    chance += np.float64(backoffs[context[length]])
            total += chance
            known = min(known + 1, order - 1)
            for k in range(known - 1, 0, -1):
                words[k] = words[k - 1]
            if known:
                words[0] = word
            for k in range(known):
                context[k] = rows[k]
    return total, count, lines


__all__ = ["Malformed", "Sum", "Table", "log10_of", "read_arpa"]
