"""Kneser-Ney estimates: by hand, as KenLM's lmplz has them, adding up to one, and the same whatever the order."""

import io
import math
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from curate.training import kneser_ney
from filters.text.arpa import log10_of, read_arpa

LMPLZ = Path(__file__).with_name("lmplz.arpa")


def lines_of(seed: int, count: int = 300) -> list[str]:
    """Lines of few words that repeat, so that all counts occur."""
    rng = random.Random(seed)
    words = [f"{letter}{number}" for letter in "가나다z" for number in range(6)]
    weights = [1 / (number + 1) for number in range(len(words))]
    return [" ".join(rng.choices(words, weights, k=rng.randint(1, 8))) for _ in range(count)]


def arpa(lines: list[str], order: int = 3, prune: int = 0, min_count: int = 1) -> bytes:
    words, text = kneser_ney.numbered(lines, min_count)
    file = io.BytesIO()
    kneser_ney.write_arpa(words, kneser_ney.estimate(kneser_ney.count(text, len(words), order), prune), file)
    return file.getvalue()


def entries(data: bytes) -> dict[str, tuple[float, float]]:
    """(log10 chance, log10 backoff) by n-gram."""
    rows = (line.split("\t") for line in data.decode().splitlines() if "\t" in line)
    return {row[1]: (float(row[0]), float(row[2]) if len(row) > 2 else 0.0) for row in rows}


def test_two_lines_by_hand() -> None:
    """ "a b" and "a c". Every count is too rare to tell discounts, so they are 0.5, 1 and 1.5.

    Bigrams: <s> a occurs twice (discount 1); a b, a c, b </s>, c </s> once (0.5). Words follow this many different
    ones: a 1, b 1, c 1, </s> 2, in all 5; taken off 0.5 * 3 + 1 = 2.5, shared by 5 (a, b, c, </s>, <unk>): 0.1 each.
    """
    found = entries(arpa(["a b", "a c"], order=2))
    one, end = 0.5 / 5 + 0.1, 1 / 5 + 0.1
    expected = {
        "<unk>": (0.1, 1), "a": (one, 0.5), "b": (one, 0.5), "c": (one, 0.5), "</s>": (end, 1),
        "<s> a": ((2 - 1) / 2 + 0.5 * one, 1), "a b": (0.5 / 2 + 0.5 * one, 1), "a c": (0.5 / 2 + 0.5 * one, 1),
        "b </s>": (0.5 + 0.5 * end, 1), "c </s>": (0.5 + 0.5 * end, 1),
    }  # fmt: skip
    assert set(found) == {*expected, "<s>"}
    assert found["<s>"] == (-99, pytest.approx(math.log10(0.5), abs=1e-6))
    for gram, (chance, backoff) in expected.items():
        assert found[gram] == pytest.approx((math.log10(chance), math.log10(backoff)), abs=1e-6), gram


def test_discounts_by_hand() -> None:
    """Of 6 n-grams seen once, 3 twice, 2 three times and 1 four times: Y = 6 / (6 + 2 * 3) = 0.5."""
    counts = np.array([1] * 6 + [2] * 3 + [3] * 2 + [4] + [9] * 5)
    assert kneser_ney._discounts(counts) == pytest.approx((1 - 0.5 * 2 * 3 / 6, 2 - 0.5 * 3 * 2 / 3, 3 - 0.5 * 4 / 2))
    assert kneser_ney._discounts(np.array([1, 1, 2])) is None  # none is seen three times
    assert kneser_ney._discounts(np.array([1, 1, 1, 2, 3, 3, 3])) is None  # that of 2 is below 0


def test_lmplz_estimates_the_same() -> None:
    """lmplz.arpa is what KenLM 0.3.0 makes of these lines: lmplz -o 3 --prune 0 0 1 --discount_fallback."""
    ours, theirs = entries(arpa(lines_of(1), prune=1)), entries(LMPLZ.read_bytes())
    assert set(ours) == set(theirs)
    for gram, (chance, backoff) in theirs.items():
        if gram != "<s>":  # only a context: lmplz gives it chance 1, which nothing asks for
            assert ours[gram][0] == pytest.approx(chance, abs=2e-5), gram
        assert ours[gram][1] == pytest.approx(backoff, abs=2e-5), gram


@pytest.mark.parametrize(
    ("order", "prune", "min_count"), [(1, 0, 1), (2, 0, 1), (3, 0, 1), (3, 1, 1), (4, 2, 2), (5, 0, 3)]
)
def test_chances_add_up_to_one(order: int, prune: int, min_count: int) -> None:
    lines = lines_of(order, 400)
    data = arpa(lines, order, prune, min_count)
    found, table = entries(data), read_arpa(data)
    every = [word for word in found if " " not in word and word != "<s>"]
    rng = random.Random(3)
    for line in rng.sample(lines, 40):
        words = ["<s>", *line.split()]
        if rng.random() < 0.3:
            rng.shuffle(words)
        context = words[: rng.randint(0, order)]
        assert sum(10 ** log10(found, context, word) for word in every) == pytest.approx(1, abs=1e-5), context
        known = ["<s>", *(word if word in found else "<unk>" for word in line.split()), "</s>"]
        asked = sum(log10(found, known[max(0, at - order + 1) : at], known[at]) for at in range(1, len(known)))
        assert log10_of(table, line).log10 == pytest.approx(asked, abs=1e-4), line


def log10(found: dict[str, tuple[float, float]], context: list[str], word: str) -> float:
    """The chance of a word after others, by the definition of backing off."""
    gram = " ".join([*context, word])
    if gram in found:
        return found[gram][0]
    return found.get(" ".join(context), (0, 0))[1] + log10(found, context[1:], word)


def test_the_order_of_the_texts_does_not_matter() -> None:
    lines = lines_of(2)
    assert arpa(lines, prune=1) == arpa(lines[::-1], prune=1) == arpa(sorted(lines), prune=1)


def test_words_that_look_like_marks_are_unknown() -> None:
    found = entries(arpa(["a <s> b", "</s> <unk>", "a\u00a0b", ""], order=2))
    assert "<s> </s>" not in found
    assert {"a <unk>", "<unk> b", "<unk> <unk>", "a\u00a0b"} <= set(found)


def test_memory_grows_with_the_words() -> None:
    """Ten times the words take no more bytes a word at the peak, and no more than the docs say."""
    peaks = []
    for count in (2_000, 20_000):
        rng = random.Random(count)
        lines = [" ".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=10)) for _ in range(count)]
        words, text = kneser_ney.numbered(lines)
        tracemalloc.start()
        kneser_ney.estimate(kneser_ney.count(text, len(words), 5))
        peaks.append(tracemalloc.get_traced_memory()[1] / len(text))
        tracemalloc.stop()
    assert max(peaks) < 320, peaks
    assert peaks[1] < 1.1 * peaks[0]
