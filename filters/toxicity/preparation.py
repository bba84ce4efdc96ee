"""How text is made ready for a classifier: one line of it, in a form that training and prediction agree on."""

import unicodedata
from collections.abc import Callable, Mapping

import numpy as np

from filters.text.unicode import cap_marks, repair

# Terminal punctuation, alone or before one closing mark; before a space in scripts that write spaces
_CLOSING = ("", '"', "'", "”", "’", ")", "]")
_CUTS = tuple((f"{end}{close} ", f"{end}{close}\n") for end in ".!?…" for close in _CLOSING)
_CUTS_CJK = tuple((end, f"{end}\n") for end in "。！？")
_CLOSING_CJK = tuple((f"\n{close}", f"{close}\n") for close in "」』”’")

# Hangul syllables, Unicode 3.12: 19 initials, 21 vowels, 27 finals and none
_FIRST, _LAST = 0xAC00, 0xD7A3
_INITIAL, _VOWEL, _FINAL = 0x1100, 0x1161, 0x11A7
_VOWELS, _FINALS = 21, 28


def line(text: str) -> str:
    """The text on one line: white space as single spaces. Nothing else changes."""
    return " ".join(repair(text).split())


def lower(text: str) -> str:
    """One line in lower case and NFKC: full-width letters, ligatures and letters in circles become plain ones."""
    # NFKC makes one character at most 18, and may put marks side by side that were apart
    return line(unicodedata.normalize("NFKC", cap_marks(repair(text))).lower())


def jamo(text: str) -> str:
    """As lower, with Hangul syllables in letters, so that endings and misspellings share n-grams."""
    text = lower(text)
    points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    syllable = (points >= _FIRST) & (points <= _LAST)
    if not syllable.any():
        return text
    index = np.where(syllable, points - _FIRST, 0)
    final = index % _FINALS
    parts = np.zeros((len(points), 3), dtype="<u4")
    parts[:, 0] = np.where(syllable, _INITIAL + index // (_VOWELS * _FINALS), points)
    parts[:, 1] = np.where(syllable, _VOWEL + index // _FINALS % _VOWELS, 0)
    parts[:, 2] = np.where(syllable & (final > 0), _FINAL + final, 0)
    used = parts != 0
    used[:, 0] = True
    return parts[used].tobytes().decode("utf-32-le")


PREPARATIONS: Mapping[str, Callable[[str], str]] = {"line": line, "lower": lower, "jamo": jamo}


def sentences(text: str) -> list[str]:
    """The lines of a text, cut after terminal punctuation too; without empty ones."""
    text = repair(text)
    # str.replace is native, and a hundred times as fast as a pattern with as many matches
    for end, cut in _CUTS:
        text = text.replace(end, cut)
    if not text.isascii():
        for end, cut in _CUTS_CJK + _CLOSING_CJK:
            text = text.replace(end, cut)
    return [piece for piece in (part.strip() for part in text.split("\n")) if piece]
