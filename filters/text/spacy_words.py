"""Words by spaCy's English tokenizer, in the form of the UAX #29 words."""

import functools
from typing import Any

import numpy as np
import regex

from filters.text.marks import describe
from filters.text.segments import Words, encode


@functools.cache
def tokenizer() -> Any:
    """The rule-based tokenizer of a blank English pipeline; needs no model."""
    try:
        import spacy
    except ImportError as error:
        raise ImportError("words: spacy needs the package spacy (pip install 'curate-lm-text[spacy]')") from error
    return spacy.blank("en").tokenizer


def spacy_words(text: str) -> Words:
    """Tokens without white space at their ends, empty ones left out; byte offsets into segments.encode(text)."""
    clean = text
    if not _encodes(text):  # spaCy takes no lone surrogates; the replacement is as long, in characters and in bytes
        clean = regex.sub(r"[\ud800-\udfff]", "\ufffd", text)
    starts, ends = [], []
    for token in tokenizer()(clean):
        word = token.text
        body = word.strip()
        if body:
            start = token.idx + len(word) - len(word.lstrip())
            starts.append(start)
            ends.append(start + len(body))
    data = encode(text)
    byte_of = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data)).astype(np.int32)
    return describe(data, byte_of[np.array(starts, dtype=np.int64)], byte_of[np.array(ends, dtype=np.int64)])


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
