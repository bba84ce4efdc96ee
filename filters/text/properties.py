"""Properties of every Unicode code point as arrays, for the kernels that walk over text."""

import functools
from typing import NamedTuple

import numpy as np
import regex

CODE_POINTS = 0x110000

# Word_Break classes (UAX #29), in the low five bits of a code point's properties. 0 is Other.
WORD_BREAK = (
    "Other", "CR", "LF", "Newline", "Extend", "ZWJ", "Format", "Regional_Indicator", "Katakana", "Hebrew_Letter",
    "ALetter", "Single_Quote", "Double_Quote", "MidNumLet", "MidLetter", "MidNum", "Numeric", "ExtendNumLet",
    "WSegSpace",
)  # fmt: skip
CLASS_MASK = 31

# One bit each above the class. ALPHABETIC to SPACE are exactly str.isalpha, isalnum, isdigit, isupper and isspace of
# this Python, because the published filters are defined by them.
ALPHABETIC = 1 << 5
ALPHANUMERIC = 1 << 6
DIGIT = 1 << 7
UPPERCASE = 1 << 8
SPACE = 1 << 9
PICTOGRAPHIC = 1 << 10
SYMBOL = 1 << 11  # a code point of SYMBOLS
LINE_BREAK = 1 << 12  # str.splitlines ends a line here
SENTENCE_END = 1 << 13  # Sentence_Terminal property: . ? ! 。 and their like in all scripts

# Code points that datatrove's Gopher quality filter counts as no part of a word: ASCII punctuation, controls,
# and the punctuation of CCNet's normalisation table (Wenzek et al. 2020). Sentence terminals belong to it too.
SYMBOLS = "".join(map(chr, [*range(0x21, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61), *range(0x7B, 0x7F)])) + "".join(
    chr(code)
    for code in (
        *(*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)),
        *(0xAB, 0xB4, 0xBB, 0x2013, 0x2014, 0x201C, 0x201D, 0x201E, 0x2018, 0x2026, 0x2236, 0x2501, 0x25BA),
        *(0x3001, 0x3002, 0x3008, 0x3009, 0x300A, 0x300B, 0x300C, 0x300D, 0x3010, 0x3011),
        *(0xFF01, 0xFF05, 0xFF08, 0xFF09, 0xFF0C, 0xFF0E, 0xFF11, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF5E),
    )
)


class CodePoints(NamedTuple):
    """Arrays indexed by code point, shape (0x110000,).

    properties  uint16: Word_Break class in the low five bits, flags above
    lower       int32: the simple lower-case mapping (İ maps to i)
    """

    properties: np.ndarray
    lower: np.ndarray


@functools.cache
def code_points() -> CodePoints:
    """The tables, made once a process (0.1 s) from the regex package and Python's own character database."""
    characters = np.arange(CODE_POINTS, dtype="<u4").view("<U1")
    everything = characters.tobytes().decode("utf-32-le", "surrogatepass")
    properties = np.zeros(CODE_POINTS, dtype=np.uint16)
    for number, name in enumerate(WORD_BREAK[1:], start=1):
        for run in regex.finditer(rf"\p{{Word_Break={name}}}+", everything):
            properties[run.start() : run.end()] |= number
    for pattern, flag in ((r"\p{Extended_Pictographic}+", PICTOGRAPHIC), (r"\p{Sentence_Terminal}+", SENTENCE_END)):
        for run in regex.finditer(pattern, everything):
            properties[run.start() : run.end()] |= flag
    for test, flag in (
        (np.strings.isalpha, ALPHABETIC),
        (np.strings.isalnum, ALPHANUMERIC),
        (np.strings.isdigit, DIGIT),
        (np.strings.isupper, UPPERCASE),
        (np.strings.isspace, SPACE),
    ):
        properties[test(characters)] |= np.uint16(flag)
    properties[[ord(character) for character in SYMBOLS]] |= SYMBOL
    properties[(properties & SENTENCE_END) != 0] |= SYMBOL
    properties[[0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029]] |= LINE_BREAK
    lower = np.arange(CODE_POINTS, dtype=np.int32)
    cased = np.strings.isupper(characters) | np.strings.istitle(characters)
    lower[cased] = np.ascontiguousarray(np.strings.lower(characters[cased])).view("<i4")
    return CodePoints(properties, lower)
