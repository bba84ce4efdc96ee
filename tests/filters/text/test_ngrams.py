"""Repetition beside a slow count with Counter."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.ngrams import Duplicates, duplicates, ngrams
from filters.text.segments import hash_of
from tests.linear import grows_linearly

WORDS = st.lists(st.sampled_from(["a", "bb", "ccc", "dddd", "e"]), max_size=40) | st.lists(
    st.integers(0, 12).map(lambda n: "x" * (n + 1)), max_size=60
)


def slow(words: list[str], n: int) -> tuple[int, int, int, int, int]:
    grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    if not grams:
        return 0, 0, 0, 0, 0
    size = {gram: sum(map(len, gram)) for gram in grams}
    counts = Counter(grams)
    most = max(counts.values())
    longest = max(size[gram] for gram in grams if counts[gram] == most) if most > 1 else 0
    first = next(size[gram] for gram in grams if counts[gram] == most)
    covered = {i + k for i, gram in enumerate(grams) if counts[gram] > 1 for k in range(n)}
    met: set[tuple[str, ...]] = set()
    skipped = i = 0
    while i < len(grams):
        if grams[i] in met:
            skipped += size[grams[i]]
            i += n
        else:
            met.add(grams[i])
            i += 1
    return most, longest, first, sum(len(words[i]) for i in covered), skipped


@given(WORDS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_ngrams_agree_with_a_slow_count(words: list[str], twice: bool) -> None:
    words = words * 2 if twice else words
    hashes = np.array([hash_of(word) for word in words], dtype=np.uint64)
    found = ngrams(hashes, np.array([len(word) for word in words], dtype=np.int32))
    for n in range(2, 11):
        assert tuple(int(row[n]) for row in found) == slow(words, n)


def test_duplicates_count_copies_with_and_without_the_first() -> None:
    lines = ["one", "three", "one", "two", "one", "three"]
    assert duplicates(lines, [len(line) for line in lines]) == Duplicates(6, 22, 5, 19, 3, 11)
    assert duplicates([], []) == Duplicates(0, 0, 0, 0, 0, 0)


def test_cost_is_linear_where_everything_repeats() -> None:
    assert grows_linearly(
        lambda hashes: ngrams(hashes, np.ones(len(hashes), dtype=np.int32)),
        lambda size: np.arange(size, dtype=np.uint64) % np.uint64(7),
        100_000,
    )
