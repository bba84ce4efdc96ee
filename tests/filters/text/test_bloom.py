"""The Bloom filter's rate, and its pass over paragraphs against DCLM's rules written out."""

import numpy as np
import pytest

from filters.text.bloom import BloomFilter, count_ngrams, size_for


@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
def test_false_positives_stay_at_the_rate_asked_for(rate: float) -> None:
    generator = np.random.default_rng(3)
    count = 50_000
    seen = BloomFilter(count, rate)
    seen.add(generator.integers(0, 1 << 63, size=count, dtype=np.uint64))
    others = generator.integers(1 << 63, (1 << 64) - 1, size=200_000, dtype=np.uint64)
    measured = seen.contains(others).mean()
    assert 0.7 * rate < measured < 1.25 * rate


def test_members_are_never_missed() -> None:
    values = np.random.default_rng(1).integers(0, 1 << 64, size=10_000, dtype=np.uint64)
    seen = BloomFilter(10_000)
    seen.add(values)
    assert seen.contains(values).all()


def test_size_for_a_million_at_one_percent() -> None:
    bits, functions = size_for(1_000_000, 0.01)
    assert 9.58e6 < bits < 9.8e6
    assert functions == 7


def words(count: int, start: int = 0) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.uint32)


def test_paragraphs_seen_before_go_and_short_ones_stay() -> None:
    seen = BloomFilter(10_000, 1e-6)
    sizes = np.array([20, 12, 20], dtype=np.int32)
    text = np.concatenate([words(20), words(12, 100), words(20)])  # the third repeats the first
    gone, contained, total = seen.remove_seen(text, sizes, 13, 13, 0.8)
    assert gone.tolist() == [False, False, True]
    assert (contained, total) == (8, 16)
    gone, contained, total = seen.remove_seen(text, sizes, 13, 13, 0.8)
    assert gone.tolist() == [True, False, True]
    assert (contained, total) == (16, 16)


@pytest.mark.parametrize(("fresh", "removed"), [(2, False), (1, True)])
def test_the_threshold_is_exclusive(fresh: int, removed: bool) -> None:
    """Ten 13-grams, of which 8 (not more than 0.8) or 9 were seen."""
    seen = BloomFilter(10_000, 1e-6)
    seen.remove_seen(words(22 - fresh), np.array([22 - fresh], dtype=np.int32), 13, 13, 0.8)
    gone, contained, total = seen.remove_seen(words(22), np.array([22], dtype=np.int32), 13, 13, 0.8)
    assert (contained, total) == (10 - fresh, 10)
    assert gone[0] == removed


def test_shorter_ngrams_between_the_two_sizes() -> None:
    sizes = np.array([12, 13, 20], dtype=np.int32)
    assert count_ngrams(sizes, 13, 13) == 9
    assert count_ngrams(sizes, 5, 20) == 3
    seen = BloomFilter(1000, 1e-6)
    assert seen.remove_seen(words(12), np.array([12], dtype=np.int32), 5, 20, 0.8)[2] == 1
    assert seen.remove_seen(words(12), np.array([12], dtype=np.int32), 5, 20, 0.8)[0].all()
