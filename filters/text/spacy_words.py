"""Words by spaCy's English tokenizer, in the form of the UAX #29 words."""

import functools
from typing import Any

import numpy as np
import regex

from filters.needs import need
from filters.text.marks import describe
from filters.text.segments import Words, encode, segment

# spaCy takes affixes off one by one: quadratic time and more in the length of such a run (20,000 brackets: 38 s)
_LONG_RUN = regex.compile(r"[^\w\s]{257,}")


@functools.cache
def tokenizer() -> Any:
    """The rule-based tokenizer of a blank English pipeline; needs no model."""
    spacy = need("spacy", "words: spacy")
    return spacy.blank("en").tokenizer


def spacy_words(text: str) -> Words:
    """Tokens without white space at their ends, empty ones left out; byte offsets into segments.encode(text).

    Runs of more than 256 punctuation marks and symbols are cut into UAX #29 words instead.
    """
    clean = text
    if not _encodes(text):  # spaCy takes no lone surrogates; the replacement is as long, in characters and in bytes
        clean = regex.sub(r"[\ud800-\udfff]", "\ufffd", text)
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for run in _LONG_RUN.finditer(clean):
        _tokens(clean[at : run.start()], at, starts, ends)
        at = run.end()
        found = segment(run.group())
        edges = np.append(np.flatnonzero((found.data & 0xC0) != 0x80), len(found.data))
        starts += (np.searchsorted(edges, found.words.start) + run.start()).tolist()
        ends += (np.searchsorted(edges, found.words.end) + run.start()).tolist()
    _tokens(clean[at:], at, starts, ends)
    data = encode(text)
    byte_of = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data)).astype(np.int32)
    return describe(data, byte_of[np.array(starts, dtype=np.int64)], byte_of[np.array(ends, dtype=np.int64)])


def _tokens(text: str, offset: int, starts: list[int], ends: list[int]) -> None:
    for token in tokenizer()(text):
        word = token.text
        body = word.strip()
        if body:
            start = offset + token.idx + len(word) - len(word.lstrip())
            starts.append(start)
            ends.append(start + len(body))


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
