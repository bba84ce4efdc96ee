"""Word-unigram cross-entropy as a proxy (arXiv 2602.10657): it sees which words occur, and explains a difference.

A word is a UAX #29 word in lower case. Hangul words carry their particles and endings, so few of them repeat; they are
cut into pieces of two syllables from the front, which parts most Sino-Korean stems from what follows.
"""

from collections.abc import Callable, Sequence

import numpy as np

from curate.ablation.proxies.contract import Costs, Proxy, References, size_of
from filters.text.segments import segment

SYLLABLES = 2
_PIECE = 3 * SYLLABLES  # a Hangul syllable has three bytes in UTF-8


def word_keys(text: str) -> np.ndarray:
    """Keys of a text's words and of the pieces of its Hangul words: uint64 of shape (n,), in no order that matters."""
    found = segment(text)
    words = found.words
    start, end = words.start[words.is_word], words.end[words.is_word]
    hangul = _is_hangul(found.data, start, end)
    keys = words.lower[words.is_word]
    return np.concatenate([keys[~hangul], _pieces(found.data, start[hangul], end[hangul])])


def _is_hangul(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Whether the first and the last character of each word are Hangul syllables (U+AC00 to U+D7A3)."""
    hangul = (end - start) % 3 == 0
    whole = np.concatenate([data, np.zeros(3, dtype=np.uint8)]).astype(np.int64)
    for at in (start, end - 3):
        at = np.where(hangul, at, 0)
        first, second, third = whole[at], whole[at + 1] & 63, whole[at + 2] & 63
        point = (first & 15) << 12 | second << 6 | third
        hangul &= (first >> 4 == 14) & (point >= 0xAC00) & (point <= 0xD7A3)
    return hangul


def _pieces(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    counts = -(-(end - start) // _PIECE)
    first = np.repeat(start, counts)
    within = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = first + within * _PIECE
    stop = np.repeat(end, counts)
    keys = np.zeros(len(at), dtype=np.uint64)
    whole = np.concatenate([data, np.zeros(_PIECE, dtype=np.uint8)])
    for place in range(_PIECE):
        byte = np.where(at + place < stop, whole[at + place], 0).astype(np.uint64)
        keys |= byte << np.uint64(8 * place)
    return keys  # six bytes as they stand: no hash that could meet another


def _open(references: References) -> Callable[[Sequence[str]], Costs]:
    words = {name: [word_keys(text) for text in texts] for name, texts in references.items()}
    sizes = {name: size_of(texts) for name, texts in references.items()}
    everything = [keys for found in words.values() for keys in found]
    vocabulary = np.unique(np.concatenate(everything)) if everything else np.zeros(0, dtype=np.uint64)
    occurs = {
        name: np.bincount(
            np.searchsorted(vocabulary, np.concatenate(found)) if found else np.zeros(0, dtype=np.int64),
            minlength=len(vocabulary),
        )
        for name, found in words.items()
    }

    def costs(training: Sequence[str]) -> Costs:
        # Words that no reference has are one word, so the chances add up to one over the same words for every arm.
        counts = np.zeros(len(vocabulary), dtype=np.int64)
        total = 0
        for text in training:
            keys = word_keys(text)
            total += len(keys)
            at = np.searchsorted(vocabulary, keys)
            at[at == len(vocabulary)] = 0
            counts += np.bincount(at[vocabulary[at] == keys], minlength=len(vocabulary)) if len(vocabulary) else 0
        bits = np.log2(total + len(vocabulary) + 1) - np.log2(counts + 1)
        return {name: float((occurs[name] * bits).sum() / sizes[name]) for name in references}

    return costs


UNIGRAM = Proxy(
    "unigram",
    "The cross-entropy of single words (pieces of two syllables in Hangul) with add-one smoothing: it sees which words "
    "an arm has, and not their order.",
    _open,
)
