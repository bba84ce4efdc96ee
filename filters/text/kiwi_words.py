"""Words by the Korean morphological analyser Kiwi, in the form of the UAX #29 words."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import re2

from filters.needs import need
from filters.text.marks import describe
from filters.text.segments import Words, encode
from filters.text.unicode import repair

_LONGEST = 10_000  # characters given to Kiwi at once: over text that repeats, its time grows faster than the text
# datatrove leaves them out, too
_LONG_NUMBER = re2.compile(r"[0-9,]{20,}")


@functools.cache
def analyser() -> Any:
    """Kiwi on one thread, with the model sbg as in FineWeb2 where it has one (before 0.22), else with its default."""
    kiwi = need("kiwipiepy", "words: kiwi")
    older = tuple(map(int, kiwi.__version__.split(".")[:2])) < (0, 22)
    return kiwi.Kiwi(num_workers=1, model_type="sbg") if older else kiwi.Kiwi(num_workers=1)


def kiwi_words(text: str) -> Words:
    """The pieces of text that morphemes stand for, in their order, as datatrove takes them; punctuation included.

    Morphemes that share a syllable give it once each: "했다" is 했, 했 and 다. Byte offsets are those of the repaired
    text (filters/text/unicode.py) without its runs of 20 and more digits and commas. Texts of more than 10,000
    characters are analysed in pieces, which end with a line or at a space where they can.
    """
    clean = _LONG_NUMBER.sub("", repair(text))
    kiwi = analyser()
    places = [
        (start + token.start, start + token.end)
        for start, end in _pieces(clean)
        for token in kiwi.tokenize(clean[start:end])
    ]
    data = encode(clean)
    byte_of = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data)).astype(np.int32)
    start, end = byte_of[np.array(places, dtype=np.int64).reshape(-1, 2)].T
    filled = start < end
    return describe(data, np.ascontiguousarray(start[filled]), np.ascontiguousarray(end[filled]))


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > _LONGEST:
        most = start + _LONGEST
        end = text.rfind("\n", start, most) + 1 or text.rfind(" ", start, most) + 1 or most
        yield start, end
        start = end
    yield start, len(text)
