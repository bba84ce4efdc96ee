"""Signatures against their definition, and the S-curve of bands against its formula."""

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from filters.text import minhash


def planted(similarity: float, size: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of hashes whose Jaccard similarity is exactly `similarity`."""
    shared = round(size * similarity)
    rest = size - shared
    pool = generator.integers(0, 1 << 64, size=size, dtype=np.uint64)
    return pool[: shared + rest // 2], np.concatenate([pool[:shared], pool[shared + rest // 2 :]])


@pytest.mark.parametrize(("bands", "rows"), [(14, 8), (9, 13)])
@pytest.mark.parametrize("similarity", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_s_curve(similarity: float, bands: int, rows: int) -> None:
    pairs = 400
    generator = np.random.default_rng([int(similarity * 10), bands])
    permutations = minhash.permutations(bands * rows, 1)
    caught = 0
    for _ in range(pairs):
        keys = [
            minhash.band_keys(minhash.signature(one, *permutations), bands, rows)
            for one in planted(similarity, 600, generator)
        ]
        caught += bool((keys[0] == keys[1]).any())
    expected = 1 - (1 - similarity**rows) ** bands
    low, high = binom.interval(0.99, pairs, expected)
    assert low <= caught <= high


def test_estimates_are_as_good_as_datasketch() -> None:
    generator = np.random.default_rng(7)
    permutations = minhash.permutations(112, 1)
    ours, theirs, truth = [], [], []
    for number in range(150):
        similarity = number % 10 / 10
        pair = planted(similarity, 400, generator)
        a, b = (minhash.signature(one, *permutations) for one in pair)
        ours.append(float((a == b).mean()))
        sketches = [datasketch.MinHash(num_perm=112, seed=1) for _ in pair]
        for sketch, one in zip(sketches, pair, strict=True):
            sketch.update_batch([value.tobytes() for value in one])
        theirs.append(sketches[0].jaccard(sketches[1]))
        truth.append(minhash.jaccard(*pair))
    error = np.sqrt(np.mean(np.square(np.array(ours) - truth)))
    reference = np.sqrt(np.mean(np.square(np.array(theirs) - truth)))
    assert error < 0.06
    assert error < 1.3 * reference
    assert abs(np.mean(np.array(ours) - truth)) < 0.015


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["a", "bb", "가나", "다", "x1", "Ω"]), max_size=30), st.integers(1, 6))
def test_word_shingles_are_sets_of_runs_of_words(words: list[str], n: int) -> None:
    found = minhash.word_shingles(" ".join(words), n)
    runs = {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}
    expected = len(runs) if len(words) >= n else bool(words)
    assert len(np.unique(found)) == expected
    assert len(found) == max(len(words) - n + 1, bool(words))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("The cat, sat!", "the CAT sat", True),
        ("한국어 문서는 띄어쓰기", "한국어  문서는\n띄어쓰기.", True),
        ("한국어 문서는", "한국어문서는", False),
        ("cat sat", "cat sat cat", False),
        ("a", "a a", False),
    ],
)
def test_what_words_are(a: str, b: str, same: bool) -> None:
    assert np.array_equal(minhash.word_shingles(a, 5), minhash.word_shingles(b, 5)) is same


def test_characters_ignore_white_space_and_case() -> None:
    a = minhash.character_shingles("한국어 문서는 Abc", 4)
    assert np.array_equal(a, minhash.character_shingles("한국어문서는\tabc", 4))
    assert len(a) == 6
    assert len(minhash.character_shingles(" \n", 4)) == 0


@pytest.mark.parametrize("text", ["", " \n\t", "!!! …", "\u200b"])
def test_texts_without_words_have_no_shingles(text: str) -> None:
    assert len(minhash.word_shingles(text, 5)) == 0
