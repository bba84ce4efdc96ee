"""The counts behind RedPajama v2's quality signals, in one pass over the UTF-8 bytes of a text."""

import functools
from dataclasses import dataclass

import numpy as np
from numba import njit

from filters.text.properties import ALPHABETIC, ALPHANUMERIC, CODE_POINTS, SENTENCE_END, SPACE, UPPERCASE, code_points
from filters.text.segments import BASIS, PRIME, code_point, encode, finish

_LOWERCASE, _NUMERIC, _PUNCTUATION = 1, 2, 4
_BULLETS = np.array([0x2013, 0x2022, 0x2023, 0x25A0, 0x25A1, 0x25AA, 0x25AB, 0x25B6, 0x25C0, 0x25E6])


@dataclass(frozen=True, slots=True)
class Signals:
    """Counts of a text.

    raw            uint64, shape (r,): hashes of the raw words: runs of \\w, and runs of neither \\w nor white space
    without_letter, all_caps   raw words without a letter; raw words whose cased characters are all upper-case
    words          uint64, shape (w,): hashes of the normalised words: ASCII punctuation deleted, lower-cased
    characters     int32, shape (w,): their lengths in code points
    sentences      stretches between sentence ends that hold a word character
    lines          lines, an empty one after the last newline not counted
    ellipsis, terminal, bullet   lines that end in ... or …; in . ! ? or ”; that begin with a bullet
    upper, numeric sums over lines: the share of upper-case characters (the newline counts in the length), and the
                   share of numeric characters in the normalised line
    length         of the text in code points
    """

    raw: np.ndarray
    without_letter: int
    all_caps: int
    words: np.ndarray
    characters: np.ndarray
    sentences: int
    lines: int
    ellipsis: int
    terminal: int
    bullet: int
    upper: float
    numeric: float
    length: int


@functools.cache
def _more() -> np.ndarray:
    """Properties beside those of properties.py, uint8 by code point: lower-case, numeric, ASCII punctuation."""
    characters = np.arange(CODE_POINTS, dtype="<u4").view("<U1")
    table = np.zeros(CODE_POINTS, np.uint8)
    table[np.strings.islower(characters) | np.strings.istitle(characters) & ~np.strings.isupper(characters)] |= (
        _LOWERCASE
    )
    table[np.strings.isnumeric(characters)] |= _NUMERIC
    table[[point for point in range(33, 127) if not chr(point).isalnum()]] |= _PUNCTUATION
    return table


def signals(text: str, every_script: bool) -> Signals:
    """Count; every_script: letters and sentence ends of all scripts, else A to Z and . ! ? alone."""
    properties, lower = code_points()
    data = encode(text)
    raw, words, characters, counts, shares = _signals(data, properties, lower, _more(), _BULLETS, every_script)
    return Signals(
        raw, int(counts[0]), int(counts[1]), words, characters, int(counts[2]), int(counts[3]), int(counts[4]),
        int(counts[5]), int(counts[6]), float(shares[0]), float(shares[1]), int(counts[7]),
    )  # fmt: skip


def unicode_signals(text: str) -> Signals:
    """signals(text, True)."""
    return signals(text, True)


def ascii_signals(text: str) -> Signals:
    """signals(text, False)."""
    return signals(text, False)


@njit(cache=True)
def _signals(data, properties, lower, more, bullets, every_script):  # type: ignore[no-untyped-def]
    size = len(data)
    raw = np.empty(size, np.uint64)
    words = np.empty(size // 2 + 1, np.uint64)
    characters = np.empty(size // 2 + 1, np.int32)
    # without letter, all caps, sentences, lines, ellipsis, terminal, bullet, length
    counts = np.zeros(8, np.int64)
    shares = np.zeros(2, np.float64)
    n_raw, n_words = 0, 0
    r_kind, r_value, r_letter, r_upper, r_lower = 0, BASIS, False, False, False  # kind: 0 none, 1 word, 2 punctuation
    w_size, w_value = 0, BASIS
    spoken = False  # a word character since the last sentence end
    l_size, l_upper, l_first = 0, 0, np.int64(-1)
    l_norm, l_numeric, l_words = 0, 0, 0
    last, before, third = np.int64(-1), np.int64(-1), np.int64(-1)  # of the line, white space left out where it ends
    gap = False
    i = 0
    while i <= size:
        at_end = i == size
        if at_end:
            point, width = np.int64(10), 1
        else:
            point, width = code_point(data, i)
        prop = np.int64(properties[point])
        extra = np.int64(more[point])
        space = (prop & SPACE) != 0
        wordy = (prop & ALPHANUMERIC) != 0 or point == 95

        kind = 0 if space else (1 if wordy else 2)
        if kind != r_kind:
            if r_kind != 0:
                raw[n_raw] = finish(r_value)
                n_raw += 1
                counts[0] += not r_letter
                counts[1] += r_upper and not r_lower
            r_kind, r_value, r_letter, r_upper, r_lower = kind, BASIS, False, False, False
        if kind != 0:
            r_value = (r_value ^ np.uint64(point)) * PRIME
            if every_script:
                r_letter |= (prop & ALPHABETIC) != 0
            else:
                r_letter |= 65 <= point <= 90 or 97 <= point <= 122
            r_upper |= (prop & UPPERCASE) != 0
            r_lower |= (extra & _LOWERCASE) != 0

        if point == 46 or point == 33 or point == 63 or (every_script and (prop & SENTENCE_END) != 0):
            counts[2] += spoken
            spoken = False
        elif wordy:
            spoken = True

        if space:
            if w_size > 0:
                words[n_words] = finish(w_value)
                characters[n_words] = w_size
                n_words += 1
                l_norm += w_size
                l_words += 1
                w_size, w_value = 0, BASIS
        elif (extra & _PUNCTUATION) == 0:
            w_value = (w_value ^ np.uint64(lower[point])) * PRIME
            w_size += 1
            l_numeric += (extra & _NUMERIC) != 0

        if point == 10:
            if not at_end or l_size > 0:
                counts[3] += 1
                if l_first >= 0:
                    counts[4] += last == 0x2026 or (last == 46 and before == 46 and third == 46)
                    counts[5] += last == 46 or last == 33 or last == 63 or last == 0x201D
                    for mark in bullets:
                        counts[6] += l_first == mark
                shares[0] += l_upper / (l_size + (not at_end))
                if l_words > 0:
                    shares[1] += l_numeric / (l_norm + l_words - 1)
            l_size, l_upper, l_first, l_norm, l_numeric, l_words = 0, 0, np.int64(-1), 0, 0, 0
            last, before, third, gap = np.int64(-1), np.int64(-1), np.int64(-1), False
        else:
            l_size += 1
            l_upper += (prop & UPPERCASE) != 0
            if space:
                gap = True
            else:
                if l_first < 0:
                    l_first = point
                third = np.int64(32) if gap else before
                before = np.int64(32) if gap else last
                last = point
                gap = False
        if not at_end:
            counts[7] += 1
        i += width
    counts[2] += spoken
    return raw[:n_raw].copy(), words[:n_words].copy(), characters[:n_words].copy(), counts, shares
