"""Repeated runs of tokens, by sorting the suffixes of a sequence as deep as needed (prefix doubling).

Ranks of suffixes by their first h tokens give ranks by their first 2h (Karp, Miller and Rosenberg 1972; Manber and
Myers 1990). Sorting stops at depth n: two positions have the same rank exactly when n equal tokens follow. Unlike a
hash of the n tokens this cannot confuse different runs. O(t log n) sorts of t numbers, 40 bytes a token.
"""

import numpy as np


def ranks(tokens: np.ndarray, depth: int) -> np.ndarray:
    """Rank of the run of `depth` tokens at each position, int64 of shape (t - depth + 1,); equal where runs are equal.

    tokens  integers, shape (t,)
    """
    if depth < 1 or len(tokens) < depth:
        return np.empty(0, dtype=np.int64)
    rank = _numbered(tokens.astype(np.uint64))
    length = 1
    while length < depth:
        step = min(length, depth - length)
        rank = _numbered((rank[:-step].astype(np.uint64) << np.uint64(32)) | rank[step:].astype(np.uint64))
        length += step
    return rank


def _numbered(values: np.ndarray) -> np.ndarray:
    """Equal numbers for equal values, from 0 in ascending order."""
    order = np.argsort(values)
    ordered = values[order]
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.cumsum(np.concatenate([[False], ordered[1:] != ordered[:-1]]))
    return found


def repeats(tokens: np.ndarray, texts: np.ndarray, depth: int) -> np.ndarray:
    """Which tokens belong to a run of at least `depth` tokens that stood before in the sequence: bool, shape (t,).

    texts  number of the text of each token, ascending, shape (t,); a run lies within one text

    The first occurrence of a run stays whole, also where a later one overlaps it.
    """
    cut = np.zeros(len(tokens) + 1, dtype=np.int32)
    if len(tokens) < depth:
        return np.zeros(len(tokens), dtype=bool)
    places = np.flatnonzero(texts[: len(tokens) - depth + 1] == texts[depth - 1 :])
    rank = ranks(tokens, depth)[places]
    order = np.argsort(rank, kind="stable")
    ordered = rank[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]
    first = places[order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]]
    later = places[order]
    start = np.maximum(later, first + depth)[~new]
    end = (later + depth)[~new]
    np.add.at(cut, start, 1)
    np.add.at(cut, end, -1)
    return np.cumsum(cut[:-1]) > 0
