"""Repeated runs against a search by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text import suffix

tokens_of_texts = st.lists(st.lists(st.integers(0, 2), max_size=12), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(tokens_of_texts, st.integers(1, 5))
def test_repeats_are_later_copies_of_runs(texts: list[list[int]], depth: int) -> None:
    tokens = np.array([token for text in texts for token in text], dtype=np.uint32)
    numbers = np.array([number for number, text in enumerate(texts) for _ in text], dtype=np.int64)
    expected = np.zeros(len(tokens), dtype=bool)
    first: dict[tuple[int, ...], int] = {}
    for place in range(len(tokens) - depth + 1):
        if numbers[place] != numbers[place + depth - 1]:
            continue
        run = tuple(tokens[place : place + depth].tolist())
        if run in first:
            expected[max(place, first[run] + depth) : place + depth] = True
        else:
            first[run] = place
    assert suffix.repeats(tokens, numbers, depth).tolist() == expected.tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 9))
def test_ranks_are_equal_where_runs_are_equal(tokens: list[int], depth: int) -> None:
    rank = suffix.ranks(np.array(tokens, dtype=np.uint32), depth)
    runs = [tuple(tokens[place : place + depth]) for place in range(len(tokens) - depth + 1)]
    assert len(rank) == len(runs)
    for a in range(len(runs)):
        for b in range(a):
            assert (rank[a] == rank[b]) == (runs[a] == runs[b])
            assert (rank[a] < rank[b]) == (runs[a] < runs[b])
