"""Words, lines and counts of a text, found in one pass over its UTF-8 bytes.

A strategy asks with `doc.derive(segment)`, so a document is segmented once however many strategies read it:

    s = doc.derive(segments.segment)
    s.words.hash[s.words.is_word]          # UAX #29 words, punctuation left out
    s.text(s.lines.start[0], s.lines.end[0])

All positions are byte offsets into `s.data` (UTF-8, lone surrogates in three bytes); lengths named `characters` count
code points, as len() of a str does. `hash_of("word")` is the hash such a word has in the arrays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from filters.document import Fault
from filters.text.properties import (
    ALPHABETIC,
    ALPHANUMERIC,
    CLASS_MASK,
    DIGIT,
    LINE_BREAK,
    PICTOGRAPHIC,
    SPACE,
    SYMBOL,
    UPPERCASE,
    WORD_BREAK,
    code_points,
)

# Flags of a word
WORD = 1  # its first character is alphanumeric: not punctuation, not an emoji
HAS_ALPHABETIC = 2
HAS_DIGIT = 4
HAS_UPPER = 8
NOT_SYMBOL = 16  # some character is not a symbol (properties.SYMBOLS)

# What decides whether there is a boundary between two classes, beside the two themselves
_BREAK, _JOIN, _ADJACENT, _IF_BEFORE, _IF_NEXT, _PAIRED = range(6)
_ZWJ = WORD_BREAK.index("ZWJ")
_ALETTER = WORD_BREAK.index("ALetter")
_NEWLINES = {"CR", "LF", "Newline"}
_SKIPPED = {"Extend", "Format", "ZWJ"}
_LETTERS = {"ALetter", "Hebrew_Letter"}


def _word_break_rules() -> tuple[np.ndarray, np.ndarray]:
    """UAX #29, WB3 to WB999, for each (class behind, class at hand), where WB4's skipped classes are not "behind".

    Returns what decides, uint8 of shape (19, 19), and for _IF_BEFORE and _IF_NEXT the set of classes one of which must
    stand before the class behind, or after the class at hand, for the two to join: int64 of shape (19, 19), one bit a
    class. WB3c (ZWJ before a pictograph) is not in the table.
    """
    decides = np.zeros((len(WORD_BREAK), len(WORD_BREAK)), dtype=np.uint8)
    needs = np.zeros(decides.shape, dtype=np.int64)

    def rule(left: set[str], right: set[str], decision: int, among: set[str] | None = None) -> None:
        for behind in left:
            for at_hand in right:
                place = WORD_BREAK.index(behind), WORD_BREAK.index(at_hand)
                decides[place] = decision
                needs[place] = sum(1 << WORD_BREAK.index(name) for name in among or ())

    middle_letter = {"MidLetter", "MidNumLet", "Single_Quote"}
    middle_number = {"MidNum", "MidNumLet", "Single_Quote"}
    hebrew, double, number, extender = {"Hebrew_Letter"}, {"Double_Quote"}, {"Numeric"}, {"ExtendNumLet"}
    rule({"CR"}, {"LF"}, _JOIN)  # WB3; that nothing else joins a line break is WB3a and WB3b
    rule({"WSegSpace"}, {"WSegSpace"}, _ADJACENT)  # WB3d
    rule(set(WORD_BREAK) - _NEWLINES, _SKIPPED, _JOIN)  # WB4
    rule(_LETTERS, _LETTERS, _JOIN)  # WB5
    rule(_LETTERS, middle_letter, _IF_NEXT, _LETTERS)  # WB6
    rule(middle_letter, _LETTERS, _IF_BEFORE, _LETTERS)  # WB7
    rule(hebrew, {"Single_Quote"}, _JOIN)  # WB7a
    rule(hebrew, double, _IF_NEXT, hebrew)  # WB7b
    rule(double, hebrew, _IF_BEFORE, hebrew)  # WB7c
    rule(_LETTERS | number, number, _JOIN)  # WB8, WB9
    rule(number, _LETTERS, _JOIN)  # WB10
    rule(middle_number, number, _IF_BEFORE, number)  # WB11
    rule(number, middle_number, _IF_NEXT, number)  # WB12
    rule({"Katakana"}, {"Katakana"}, _JOIN)  # WB13
    rule(_LETTERS | number | {"Katakana"} | extender, extender, _JOIN)  # WB13a
    rule(extender, _LETTERS | number | {"Katakana"}, _JOIN)  # WB13b
    rule({"Regional_Indicator"}, {"Regional_Indicator"}, _PAIRED)  # WB15, WB16
    return decides, needs


_DECIDES, _NEEDS = _word_break_rules()
_SKIP_MASK = sum(1 << WORD_BREAK.index(name) for name in _SKIPPED)

# FNV-1a over code points, then the finaliser of MurmurHash3, which spreads the last characters over all bits.
BASIS = np.uint64(0xCBF29CE484222325)
PRIME = np.uint64(0x100000001B3)
_MIX1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)

MAX_BYTES = 2**31 - 2  # offsets are int32


@dataclass(slots=True, eq=False)
class Words:
    """Words in the order of the text; arrays of shape (n,).

    start, end   int32, byte offsets           characters  int32, length in code points
    flags        uint8: WORD, HAS_ALPHABETIC, HAS_DIGIT, HAS_UPPER, NOT_SYMBOL
    hash         uint64, of the word as it stands        lower  uint64, of its lower-cased form
    """

    start: np.ndarray
    end: np.ndarray
    characters: np.ndarray
    flags: np.ndarray
    hash: np.ndarray
    lower: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @property
    def is_word(self) -> np.ndarray:
        """Boolean mask of words that begin with a letter or a number (DCLM's "ignore punctuation")."""
        return (self.flags & WORD) != 0


@dataclass(slots=True, eq=False)
class Lines:
    """Lines between newline characters (text.split("\\n"), so an empty text has one); arrays of shape (n,).

    start, end        int32, byte offsets without the newline
    body, body_end    int32, byte offsets without white space at either end (both equal end in a blank line)
    characters        int32, length in code points, white space at the ends included
    body_characters   int32, the same without; 0 marks a blank line
    leading           int32, white-space characters before the body (all of them in a blank line)
    words             int32, words between white space (line.split())
    spaced_words      int32, words between ASCII white space (or NUL) that begin with a letter or a number: DCLM counts
                      so, by fastText's tokenizer
    first, last       int32, first and last code point of the body; 0 in a blank line
    upper, digits, alphabetic   int32, characters for which str.isupper, isdigit, isalpha hold
    hash              uint64, of the line as it stands        body_hash  uint64, of its body
    """

    start: np.ndarray
    end: np.ndarray
    body: np.ndarray
    body_end: np.ndarray
    characters: np.ndarray
    body_characters: np.ndarray
    leading: np.ndarray
    words: np.ndarray
    spaced_words: np.ndarray
    first: np.ndarray
    last: np.ndarray
    upper: np.ndarray
    digits: np.ndarray
    alphabetic: np.ndarray
    hash: np.ndarray
    body_hash: np.ndarray

    def __len__(self) -> int:
        return len(self.start)


@dataclass(slots=True, eq=False)
class Segments:
    """A text in pieces.

    data            uint8, shape (n,): the text in UTF-8
    characters      its length in code points
    words           UAX #29 pieces that are not white space, punctuation and emoji included: mask with words.is_word
    tokens          runs of characters that are not white space (text.split()); Words.hash is not computed for them
                    and equals Words.lower
    lines           lines at newline characters
    other_breaks    whether the text has line breaks of str.splitlines() other than the newline character
    """

    data: np.ndarray
    characters: int
    words: Words
    tokens: Words
    lines: Lines
    other_breaks: bool

    def text(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        return self.data[start:end].tobytes().decode("utf-8", "surrogatepass")


def encode(text: str) -> np.ndarray:
    """UTF-8 bytes of a text, uint8 of shape (n,); lone surrogates become three bytes."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        raise Fault("text_too_long", f"{len(data)} bytes")
    return np.frombuffer(data, dtype=np.uint8)


def segment(text: str) -> Segments:
    """The segments of a text, in time and memory linear in its length."""
    data = encode(text)
    size = len(data)
    # Scratch as long as the text allows; only what is used of it is ever touched, and copied below.
    words, word_flags, word_hashes = _scratch(3, size, 2)
    tokens, token_flags, token_hashes = _scratch(3, size // 2 + 1, 1)
    lines, _, line_hashes = _scratch(14, text.count("\n") + 1, 2)
    totals = np.zeros(4, dtype=np.int64)
    _segment(
        data,
        *code_points(),
        words,
        word_flags,
        word_hashes,
        tokens,
        token_flags,
        token_hashes,
        lines,
        line_hashes,
        totals,
    )
    word_count, token_count, characters, other_breaks = totals.tolist()
    start, end, length = words[:, :word_count].copy()
    exact, low = word_hashes[:, :word_count].copy()
    found = Words(start, end, length, word_flags[:word_count].copy(), exact, low)
    start, end, length = tokens[:, :token_count].copy()
    low = token_hashes[0, :token_count].copy()
    spaced = Words(start, end, length, token_flags[:token_count].copy(), low, low)
    return Segments(data, characters, found, spaced, Lines(*lines, *line_hashes), bool(other_breaks))


def _scratch(numbers: int, size: int, hashes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.empty((numbers, size), dtype=np.int32),
        np.empty(size, dtype=np.uint8),
        np.empty((hashes, size), dtype=np.uint64),
    )


def hash_of(word: str) -> int:
    """The hash a word has in Words.hash; of a lower-cased word, in Words.lower."""
    value = int(BASIS)
    for character in word:
        value = ((value ^ ord(character)) * int(PRIME)) & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 33
    value = (value * int(_MIX1)) & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 33
    value = (value * int(_MIX2)) & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 33)


def hashes_of(words: Any) -> np.ndarray:
    """Sorted hashes of some words, uint64 of shape (n,)."""
    return np.array(sorted({hash_of(word) for word in words}), dtype=np.uint64)


@njit(cache=True, inline="always")
def finish(value):  # type: ignore[no-untyped-def]
    value ^= value >> _SHIFT
    value *= _MIX1
    value ^= value >> _SHIFT
    value *= _MIX2
    value ^= value >> _SHIFT
    return value


@njit(cache=True, inline="always")
def word_flags(first, every, plain):  # type: ignore[no-untyped-def]
    """Words.flags from the properties of the first character, those of all, and whether some are no symbols."""
    return (
        ((first & ALPHANUMERIC) != 0) * WORD
        + ((every & ALPHABETIC) != 0) * HAS_ALPHABETIC
        + ((every & DIGIT) != 0) * HAS_DIGIT
        + ((every & UPPERCASE) != 0) * HAS_UPPER
        + plain * NOT_SYMBOL
    )


@njit(cache=True)
def code_point(data, i):  # type: ignore[no-untyped-def]
    """(code point, bytes it takes) at byte offset i of valid UTF-8."""
    first = np.int64(data[i])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | np.int64(data[i + 1]) & 0x3F, 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (np.int64(data[i + 1]) & 0x3F) << 6 | np.int64(data[i + 2]) & 0x3F, 3
    return (
        (first & 0x07) << 18
        | (np.int64(data[i + 1]) & 0x3F) << 12
        | (np.int64(data[i + 2]) & 0x3F) << 6
        | np.int64(data[i + 3]) & 0x3F
    ), 4


@njit(cache=True)
def _next_class(data, i, properties):  # type: ignore[no-untyped-def]
    """Word_Break class of the next character that rule WB4 does not skip; 0 at the end of the text."""
    while i < len(data):
        point, width = code_point(data, i)
        kind = np.int64(properties[point]) & CLASS_MASK
        if (1 << kind) & _SKIP_MASK == 0:
            return kind
        i += width
    return np.int64(0)


@njit(cache=True)
def _segment(  # type: ignore[no-untyped-def]
    data,
    properties,
    lower,
    w_table,
    w_flags,
    w_hashes,
    t_table,
    t_flags,
    t_hashes,
    l_table,
    l_hashes,
    totals,
):
    """Fill the tables: rows are the fields of Words and Lines in their order; totals as segment() reads them."""
    size = len(data)
    words, tokens, lines = 0, 0, 0

    # the word, the token and the line under way
    w_from, w_count, w_props, w_first = 0, 0, 0, 0
    w_value, w_low = BASIS, BASIS
    w_ink, w_plain = False, False
    t_from, t_count, t_props, t_first = -1, 0, 0, 0
    t_low = BASIS
    t_plain = False
    l_from, l_count, l_body, l_body_end, l_leading, l_body_count = 0, 0, -1, 0, 0, 0
    l_words, l_spaced, l_first, l_last, l_upper, l_digits, l_alpha = 0, 0, 0, 0, 0, 0, 0
    l_value, l_body_value, l_body_final = BASIS, BASIS, BASIS

    characters, after_space = 0, True
    other_breaks = False
    before, last, raw, paired = 0, 0, 0, False  # classes behind; whether a regional indicator has its partner
    i = 0
    while i <= size:
        if i < size:
            point, width = code_point(data, i)
            prop = np.int64(properties[point])
            kind = prop & CLASS_MASK
            space = (prop & SPACE) != 0
        else:  # the end of the text closes what is open
            point, width, prop, kind, space = np.int64(10), 1, np.int64(SPACE), np.int64(2), True

        # words
        decision = _DECIDES[last, kind]
        if i == 0 or i == size:
            boundary = True
        elif decision == _JOIN or (raw == _ZWJ and (prop & PICTOGRAPHIC) != 0):  # the latter is WB3c
            boundary = False
        elif decision == _BREAK:
            boundary = True
        elif decision == _IF_BEFORE:
            boundary = _NEEDS[last, kind] >> before & 1 == 0
        elif decision == _IF_NEXT:
            boundary = _NEEDS[last, kind] >> _next_class(data, i + width, properties) & 1 == 0
        elif decision == _ADJACENT:
            boundary = raw != last
        else:
            boundary = paired
        if boundary:
            if w_ink:
                w_table[0, words] = w_from
                w_table[1, words] = i
                w_table[2, words] = w_count
                w_flags[words] = word_flags(w_first, w_props, w_plain)
                w_hashes[0, words] = finish(w_value)
                w_hashes[1, words] = finish(w_low)
                words += 1
            w_from, w_count, w_props, w_first = i, 0, 0, prop
            w_value, w_low = BASIS, BASIS
            w_ink, w_plain = False, False
        if (1 << kind) & _SKIP_MASK == 0:
            paired = decision == _PAIRED and not boundary
            before = last
            last = kind
        elif boundary:  # at the start of the text or of a line there is nothing to skip to
            last = 0
        raw = kind
        low = np.uint64(lower[point])
        value = np.uint64(point)
        w_count += 1
        w_props |= prop
        w_value = (w_value ^ value) * PRIME
        w_low = (w_low ^ low) * PRIME
        w_ink |= not space
        w_plain |= (prop & SYMBOL) == 0

        # tokens
        if space:
            if t_from >= 0:
                t_table[0, tokens] = t_from
                t_table[1, tokens] = i
                t_table[2, tokens] = t_count
                t_flags[tokens] = word_flags(t_first, t_props, t_plain)
                t_hashes[0, tokens] = finish(t_low)
                tokens += 1
                l_words += 1
                t_from = -1
        else:
            if t_from < 0:
                t_from, t_count, t_props, t_first = i, 0, 0, prop
                t_low = BASIS
                t_plain = False
            t_count += 1
            t_props |= prop
            t_low = (t_low ^ low) * PRIME
            t_plain |= (prop & SYMBOL) == 0

        # lines
        if point == 10:
            l_table[0, lines] = l_from
            l_table[1, lines] = i
            l_table[2, lines] = l_body if l_body >= 0 else i
            l_table[3, lines] = l_body_end if l_body >= 0 else i
            l_table[4, lines] = l_count
            l_table[5, lines] = l_body_count
            l_table[6, lines] = l_leading
            l_table[7, lines] = l_words
            l_table[8, lines] = l_spaced
            l_table[9, lines] = l_first
            l_table[10, lines] = l_last
            l_table[11, lines] = l_upper
            l_table[12, lines] = l_digits
            l_table[13, lines] = l_alpha
            l_hashes[0, lines] = finish(l_value)
            l_hashes[1, lines] = finish(l_body_final)
            lines += 1
            l_from, l_count, l_body, l_body_end, l_leading, l_body_count = i + 1, 0, -1, 0, 0, 0
            l_words, l_spaced, l_first, l_last, l_upper, l_digits, l_alpha = 0, 0, 0, 0, 0, 0, 0
            l_value, l_body_value, l_body_final = BASIS, BASIS, BASIS
        else:
            l_count += 1
            l_value = (l_value ^ value) * PRIME
            if space:
                if l_body < 0:
                    l_leading += 1
                else:
                    l_body_value = (l_body_value ^ value) * PRIME
            else:
                if l_body < 0:
                    l_body = i
                    l_first = point
                l_last = point
                l_body_value = (l_body_value ^ value) * PRIME
                l_body_final = l_body_value
                l_body_end = i + width
                l_body_count = l_count - l_leading
            l_spaced += after_space and (prop & ALPHANUMERIC) != 0
            l_upper += (prop & UPPERCASE) != 0
            l_digits += (prop & DIGIT) != 0
            l_alpha += (prop & ALPHABETIC) != 0
            other_breaks |= (prop & LINE_BREAK) != 0
        after_space = point == 32 or 9 <= point <= 13 or point == 0
        characters += 1
        i += width

        # the rest of a run of ASCII letters, most of most texts: no boundary anywhere, all counts grow alike
        if kind == _ALETTER:
            run = i
            while i < size:
                point = np.int64(data[i])
                if point >= 128:
                    break
                prop = np.int64(properties[point])
                if prop & CLASS_MASK != _ALETTER:
                    break
                value = np.uint64(point)
                low = np.uint64(lower[point])
                w_value = (w_value ^ value) * PRIME
                w_low = (w_low ^ low) * PRIME
                t_low = (t_low ^ low) * PRIME
                l_value = (l_value ^ value) * PRIME
                l_body_value = (l_body_value ^ value) * PRIME
                w_props |= prop
                l_upper += (prop & UPPERCASE) != 0
                l_last = point
                i += 1
            if i > run:
                t_props |= w_props
                w_plain = t_plain = True
                before = _ALETTER
                w_count += i - run
                t_count += i - run
                l_count += i - run
                l_alpha += i - run
                characters += i - run
                l_body_count = l_count - l_leading
                l_body_end = i
                l_body_final = l_body_value
                after_space = False

    totals[0], totals[1], totals[2], totals[3] = words, tokens, characters - 1, other_breaks
