"""C4's line rules, FineWeb's line statistics and a sentence counter, as kernels over UTF-8 bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from filters.text.abbreviations import ABBREVIATIONS
from filters.text.properties import (
    ALPHABETIC,
    ALPHANUMERIC,
    DIGIT,
    LINE_BREAK,
    SENTENCE_END,
    SPACE,
    UPPERCASE,
    code_points,
)
from filters.text.segments import Segments, code_point, encode

# What becomes of a line, in the order in which C4 asks
LONG_WORD, CITATION, NO_TERMINAL, FEW_WORDS, JAVASCRIPT, POLICY = range(6)
LINE_RULES = ("long_word", "citation", "no_terminal_punctuation", "few_words", "javascript", "policy")

# The phrases C4 looks for (TFDS c4_utils.py; the same in DCLM's c4.yaml and datatrove): bit 0 to 3 of a line
_LOREM, _SCRIPT, _CURLY, _POLICY = 1, 2, 4, 8
_PHRASES = (
    ("lorem ipsum", _LOREM),
    ("javascript", _SCRIPT),
    ("{", _CURLY),
    ("terms of use", _POLICY),
    ("privacy policy", _POLICY),
    ("cookie policy", _POLICY),
    ("uses cookies", _POLICY),
    ("use of cookies", _POLICY),
    ("use cookies", _POLICY),
)

_SETTINGS = (
    "any_break", "strip", "citations", "terminal", "ellipsis", "min_words", "words_after_citations", "max_word",
    "script", "policy", "trim_end", "keep_blank", "sentences", "long_line",
)  # fmt: skip


@dataclass(frozen=True)
class LineOptions:
    """What C4's line rules ask of a line; -1 switches a number off.

    any_break              lines end where str.splitlines ends them, else at newline characters only
    strip                  white space at both ends of a line is removed
    citations              "[3]", "[]", "[edit]" and "[citation needed]" are removed
    terminal               characters one of which a line must end in; "" = any ending will do
    ellipsis               a line must not end in "..." (or in "…" where that is no terminal)
    min_words              words between white space a line must have
    words_after_citations  whether words are counted after citations are removed
    max_word               characters a word may have
    script, policy         whether lines with "javascript", with a phrase about cookies or terms of use are removed
    trim_end               white space after the last character does not hide a terminal
    keep_blank             blank lines stay
    sentences              whether sentences are counted
    long_line              characters of a line that counts as long
    phrases                more phrases that remove a line, as those of policies do
    """

    any_break: bool = True
    strip: bool = True
    citations: bool = True
    terminal: str = ".?!\"'"
    ellipsis: bool = True
    min_words: int = 3
    words_after_citations: bool = False
    max_word: int = 1000
    script: bool = True
    policy: bool = True
    trim_end: bool = False
    keep_blank: bool = False
    sentences: bool = True
    long_line: int = 200
    phrases: tuple[str, ...] = ()
    packed: tuple[np.ndarray, np.ndarray] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = np.array([int(getattr(self, name if name != "terminal" else "terminal_on")) for name in _SETTINGS])
        marks = np.array(sorted({ord(mark) for mark in self.terminal}), dtype=np.int64)
        object.__setattr__(self, "packed", (numbers.astype(np.int64), marks))

    @property
    def terminal_on(self) -> bool:
        """Whether a line must end in one of some characters."""
        return bool(self.terminal)


class C4Page(NamedTuple):
    """A page as C4's line rules leave it.

    text         the lines that stay, joined by newlines, without white space at the ends
    characters   of the page before
    removed      characters removed by each of LINE_RULES, in their order, int64 of shape (6,)
    lorem        lines with "lorem ipsum", among those that are whole, terminated and long enough
    curly        lines with "{", among the same less those with "javascript"
    sentences    in the lines that stay
    long_lines   lines of at least `long_line` characters in the page before
    """

    text: str
    characters: int
    removed: np.ndarray
    lorem: int
    curly: int
    sentences: int
    long_lines: int


class LineShares(NamedTuple):
    """FineWeb's statistics of a page.

    lines        that are not blank        terminated    of them, those whose last character is terminal
    short        those of at most `short` characters
    duplicated   characters of those that stood before as they are
    characters   of the page without newlines            newlines      newline characters
    """

    lines: int
    terminated: int
    short: int
    duplicated: int
    characters: int
    newlines: int


def c4_lines(text: str, options: LineOptions) -> C4Page:
    """Apply C4's line rules to a page, in time linear in its length."""
    data = encode(text)
    out = np.empty(len(data) + 1, np.uint8)
    numbers, marks = options.packed
    phrases, bounds, bits, first = _phrases(options.phrases)
    size, counts = _c4_lines(
        data, code_points().properties, numbers, marks, phrases, bounds, bits, first, _abbreviations(), out
    )
    kept = out[:size].tobytes().decode("utf-8", "surrogatepass").strip()
    return C4Page(kept, int(counts[6]), counts[:6], int(counts[7]), int(counts[8]), int(counts[9]), int(counts[10]))


@lru_cache(maxsize=64)
def c4_reader(options: LineOptions) -> Callable[[str], C4Page]:
    """c4_lines with these options; equal options give the same function, so document.derive shares its result."""
    return lambda text: c4_lines(text, options)


def line_shares(segments: Segments, extra: str, short: int) -> LineShares:
    """Statistics of the lines of a page; terminal are the Sentence_Terminal characters of Unicode and `extra`."""
    marks = np.array(sorted({ord(mark) for mark in extra}), dtype=np.int64)
    lines = segments.lines
    terminated, short_lines, duplicated, filled = _line_shares(
        segments.data, code_points().properties, lines.start, lines.end, lines.characters, lines.body_characters,
        lines.hash, marks, short,
    )  # fmt: skip
    newlines = len(lines) - 1
    return LineShares(filled, terminated, short_lines, duplicated, segments.characters - newlines, newlines)


def sentences(text: str) -> int:
    """How many sentences a text has.

    A sentence ends after a Sentence_Terminal character where white space, the end or punctuation follows (full-width
    ones and those between Hangul or Han characters: anywhere), except after an initial, an abbreviation and an
    ellipsis; the next one begins at the next letter or digit. It follows spaCy's sentencizer over spaCy's tokens.
    """
    data = encode(text)
    return int(_sentences(data, 0, len(data), code_points().properties, _abbreviations()))


@cache
def _phrases(more: tuple[str, ...]) -> tuple[np.ndarray, ...]:
    """The phrases as bytes, their bounds, their bits, and by first byte a mask of the phrases that begin with it."""
    phrases = [(phrase.encode(), bit) for phrase, bit in (*_PHRASES, *((phrase, _POLICY) for phrase in more))]
    bounds = np.cumsum([0, *(len(phrase) for phrase, _ in phrases)])
    first = np.zeros(256, np.int64)
    for number, (phrase, _) in enumerate(phrases):
        first[phrase[0]] |= 1 << number
        first[phrase[:1].upper()[0]] |= 1 << number
    raw = b"".join(phrase for phrase, _ in phrases)
    return np.frombuffer(raw, np.uint8), bounds.astype(np.int64), np.array([bit for _, bit in phrases], np.int64), first


@cache
def _abbreviations() -> np.ndarray:
    return _packed_words(word.lower() for word in ABBREVIATIONS)


def _packed_words(words: Iterable[str]) -> np.ndarray:
    """Words of up to eight ASCII bytes as sorted integers."""
    return np.array(sorted(int.from_bytes(word.encode("ascii"), "big") for word in words), dtype=np.int64)


@njit(cache=True)
def _abbreviated(data, start, stop, abbreviations):  # type: ignore[no-untyped-def]
    """Whether the ASCII letters and full stops that end at `stop` are an abbreviation."""
    i = stop
    while i > start and stop - i <= 8:
        byte = data[i - 1]
        if not (byte == 46 or 65 <= byte <= 90 or 97 <= byte <= 122):
            break
        i -= 1
    if stop - i > 7 or i == stop:
        return False
    value = np.int64(0)
    for k in range(i, stop):
        byte = np.int64(data[k])
        value = value << 8 | (byte + 32 if 65 <= byte <= 90 else byte)
    where = np.searchsorted(abbreviations, value)
    return where < len(abbreviations) and abbreviations[where] == value


@njit(cache=True)
def _sentences(data, start, stop, properties, abbreviations):  # type: ignore[no-untyped-def]
    count = 0
    ink = False
    ended = False
    before, last = np.int64(32), np.int64(32)  # the two code points behind
    i = start
    while i < stop:
        point, width = code_point(data, i)
        prop = np.int64(properties[point])
        i += width
        if (prop & SENTENCE_END) != 0:
            ink = True
            follows = np.int64(32)
            if i < stop:
                follows, _ = code_point(data, i)
            glued = (np.int64(properties[follows]) & ALPHANUMERIC) != 0
            if point == 46:
                upper = (np.int64(properties[last]) & UPPERCASE) != 0
                if last == 46 or follows == 46:
                    ends = False
                elif glued:
                    lower = (np.int64(properties[last]) & ALPHABETIC) != 0 and not upper
                    follows_upper = (np.int64(properties[follows]) & UPPERCASE) != 0
                    ends = lower and (follows_upper or (last >= 0x3000 and follows >= 0x3000))
                elif upper and (np.int64(properties[before]) & UPPERCASE) == 0:
                    ends = False  # an initial
                else:
                    ends = not _abbreviated(data, start, i - 1, abbreviations)
            else:
                ends = point >= 0x80 or not glued
            ended = ended or ends
        elif (prop & ALPHANUMERIC) != 0:
            ink = True
            if ended:
                count += 1
                ended = False
        elif (prop & SPACE) == 0:
            ink = True
        before = last
        last = point
    return count + 1 if ink else 0


@njit(cache=True)
def _line_phrases(data, start, stop, phrases, bounds, bits, first):  # type: ignore[no-untyped-def]
    """The bits of all phrases in a line, whatever the case of ASCII letters."""
    found = 0
    for i in range(start, stop):
        mask = first[data[i]]
        number = 0
        while mask != 0:
            if mask & 1 and (found & bits[number]) == 0:
                size = bounds[number + 1] - bounds[number]
                same = i + size <= stop
                k = 1
                while same and k < size:
                    byte = data[i + k]
                    if 65 <= byte <= 90:
                        byte += 32
                    same = byte == phrases[bounds[number] + k]
                    k += 1
                if same:
                    found |= bits[number]
            mask >>= 1
            number += 1
    return found


@njit(cache=True)
def _citation(data, i, stop, properties):  # type: ignore[no-untyped-def]
    """Bytes of the citation mark that begins with the bracket at i; 0 if there is none."""
    k = i + 1
    while k < stop:
        point, width = code_point(data, k)
        if (np.int64(properties[point]) & DIGIT) == 0:
            break
        k += width
    if k < stop and data[k] == 93:
        return k + 1 - i
    for mark in (b"[edit]", b"[citation needed]"):
        size = len(mark)
        if i + size <= stop:
            same = True
            for j in range(1, size):
                if data[i + j] != mark[j]:
                    same = False
                    break
            if same:
                return size
    return 0


@njit(cache=True)
def _last_point(data, start, stop):  # type: ignore[no-untyped-def]
    """(code point, offset) of the last character between two offsets, which differ."""
    k = stop - 1
    while k > start and (data[k] & 0xC0) == 0x80:
        k -= 1
    point, _ = code_point(data, k)
    return point, k


@njit(cache=True)
def _c4_lines(data, properties, numbers, marks, phrases, bounds, bits, first, abbreviations, out):  # type: ignore[no-untyped-def]
    any_break, strip, citations, terminal, ellipsis = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    min_words, words_after, max_word, script, policy = numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]
    trim_end, keep_blank, with_sentences, long_line = numbers[10], numbers[11], numbers[12], numbers[13]
    # removed by rule (6), characters, lorem, curly, sentences, long lines
    counts = np.zeros(11, np.int64)
    size = 0  # bytes of out that are settled
    kept = 0  # lines
    i = 0
    stop = len(data)
    while i < stop:
        start = i
        characters, words, longest, run = 0, 0, 0, 0
        body, body_end = -1, start
        end = stop
        bracket = False
        while i < stop:
            point, width = code_point(data, i)
            prop = np.int64(properties[point])
            if point == 10 or (any_break and (prop & LINE_BREAK) != 0):
                end = i
                i += width
                counts[6] += 1
                if point == 13 and i < stop and data[i] == 10:
                    i += 1
                    counts[6] += 1
                break
            characters += 1
            i += width
            if (prop & SPACE) != 0:
                run = 0
            else:
                if body < 0:
                    body = i - width
                body_end = i
                if run == 0:
                    words += 1
                run += 1
                longest = max(longest, run)
                bracket |= point == 91
        counts[6] += characters
        counts[10] += characters >= long_line
        if end == start and keep_blank:
            if kept > 0:
                out[size] = 10
                size += 1
            kept += 1
            continue
        if max_word >= 0 and longest > max_word:
            counts[LONG_WORD] += characters
            continue
        left = start
        right = end
        if strip:
            left = body if body >= 0 else end
            right = body_end if body >= 0 else end

        # the line as it may stay, after what is settled
        into = size
        if kept > 0:
            out[into] = 10
            into += 1
        line = into
        if citations and bracket:
            cited = 0
            k = left
            words_left, in_word = 0, False
            while k < right:
                if data[k] == 91:
                    skip = _citation(data, k, right, properties)
                    if skip > 0:
                        for j in range(k, k + skip):
                            cited += (data[j] & 0xC0) != 0x80
                        k += skip
                        continue
                point, width = code_point(data, k)
                space = (np.int64(properties[point]) & SPACE) != 0
                words_left += not space and not in_word
                in_word = not space
                for j in range(k, k + width):
                    out[into] = data[j]
                    into += 1
                k += width
            if words_after:
                words = words_left
        else:
            cited = 0
            for k in range(left, right):
                out[into] = data[k]
                into += 1
        if into == line and keep_blank:
            counts[CITATION] += cited
            size = into
            kept += 1
            continue

        tail = into
        if trim_end:
            while tail > line:
                point, where = _last_point(out, line, tail)
                if (np.int64(properties[point]) & SPACE) == 0:
                    break
                tail = where
        if terminal:
            ends = False
            if tail > line:
                point, _ = _last_point(out, line, tail)
                for mark in marks:
                    ends |= point == mark
                if ellipsis and point == 46 and tail - line >= 3:
                    ends &= not (out[tail - 2] == 46 and out[tail - 3] == 46)
            if not ends:
                counts[NO_TERMINAL] += characters
                continue
        if words < min_words:
            counts[FEW_WORDS] += characters
            continue
        found = _line_phrases(out, line, into, phrases, bounds, bits, first)
        if found:
            counts[7] += (found & _LOREM) != 0
            if script and (found & _SCRIPT) != 0:
                counts[JAVASCRIPT] += characters
                continue
            counts[8] += (found & _CURLY) != 0
            if policy and (found & _POLICY) != 0:
                counts[POLICY] += characters
                continue
        if with_sentences:
            counts[9] += _sentences(out, line, into, properties, abbreviations)
        counts[CITATION] += cited
        size = into
        kept += 1
    return size, counts


@njit(cache=True)
def _line_shares(data, properties, starts, ends, lengths, bodies, hashes, marks, short):  # type: ignore[no-untyped-def]
    terminated, short_lines, duplicated, filled = 0, 0, 0, 0
    room = 16
    while room < 2 * len(starts):
        room *= 2
    table = np.zeros(room, np.uint64)
    wrap = np.uint64(room - 1)
    one = np.uint64(1)
    for n in range(len(starts)):
        if bodies[n] == 0:
            continue
        filled += 1
        point, _ = _last_point(data, starts[n], ends[n])
        ends_well = (np.int64(properties[point]) & SENTENCE_END) != 0
        for mark in marks:
            ends_well |= point == mark
        terminated += ends_well
        short_lines += lengths[n] <= short
        value = hashes[n] if hashes[n] != 0 else one  # 0 marks an empty slot
        slot = value & wrap
        while table[slot] != 0 and table[slot] != value:
            slot = (slot + one) & wrap
        if table[slot] == value:
            duplicated += lengths[n]
        else:
            table[slot] = value
    return terminated, short_lines, duplicated, filled
