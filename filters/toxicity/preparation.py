"""How text is made ready for a classifier: one line of it, in a form that training and prediction agree on."""

import unicodedata
from collections.abc import Callable, Mapping

import numpy as np
import re2

from filters.text.unicode import cap_marks, repair

_SPACE = re2.compile(r"[\pZ\s\x{0B}\x{0085}]+")  # RE2's \s is ASCII and leaves out U+000B
_AFTER_LATIN = re2.compile(r"([.!?…]+[\"'”’)\]]*)[ \t]+")
_AFTER_CJK = re2.compile(r"([。！？]+[\"'”’」』)]*)")

# Hangul syllables, Unicode 3.12: 19 initials, 21 vowels, 27 finals and none
_FIRST, _LAST = 0xAC00, 0xD7A3
_INITIAL, _VOWEL, _FINAL = 0x1100, 0x1161, 0x11A7
_VOWELS, _FINALS = 21, 28


def line(text: str) -> str:
    """The text on one line: white space as single spaces. Nothing else changes."""
    return _SPACE.sub(" ", repair(text)).strip()


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
    cut = _AFTER_CJK.sub(r"\1\n", _AFTER_LATIN.sub(r"\1\n", repair(text)))
    return [piece for piece in (part.strip() for part in cut.split("\n")) if piece]
