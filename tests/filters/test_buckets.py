"""Rankings cut by weight: against the plain definition, with ties, weights, slices and several scores."""

import random
from fractions import Fraction

import numpy as np
import pytest

from filters import make
from filters.buckets import all_cuts, joined, judged
from filters.contracts import Buckets, FrozenMap, SettingsError, settings_of
from filters.dedup.survivors import sortable
from filters.document import Document


def table(scores: list[list[float]], weights: list[int], slices: list[int]) -> tuple[np.ndarray, np.ndarray]:
    rows = [[*map(sortable, row), weight, slice_] for row, weight, slice_ in zip(scores, weights, slices, strict=True)]
    order = np.random.default_rng(1).permutation(len(rows)).astype(np.uint64)
    return np.array(rows, dtype=np.uint64), np.column_stack([order // np.uint64(3), order])


def decision(cuts, tied, keep=(1,), join="maximum", scores=("a",), **more) -> Buckets:
    return Buckets("bucket", scores, cuts, frozenset(keep), join, tied, **more)


def plain_bucket(row: int, number: int, values: np.ndarray, order: np.ndarray, cuts, tied: bool) -> int:
    """By the definition: how many cuts the document is above."""
    score = values[row, number]
    if not score:
        return -1
    inside = [one for one in range(len(values)) if values[one, -1] == values[row, -1] and values[one, number]]
    total = sum(int(values[one, -2]) for one in inside)

    def ranks_above(one: int) -> bool:
        if values[one, number] != score or tied:
            return bool(values[one, number] > score)
        return tuple(order[one]) < tuple(order[row])

    above = sum(int(values[one, -2]) for one in inside if ranks_above(one))
    return sum(above < (1 - cut) * total for cut in cuts)


@pytest.mark.parametrize("seed", range(12))
def test_every_bucket_is_that_of_the_definition(seed):
    rng = random.Random(seed)
    count, tied = rng.choice([1, 7, 40]), rng.random() < 0.5
    few = rng.choice([3, 1000])  # many ties, or hardly any
    scores = [[rng.choice([float("nan"), -2.0, 0.0, rng.randrange(few) / 7]) for _ in range(2)] for _ in range(count)]
    weights = [rng.choice([0, 1, 1, 1, rng.randrange(500)]) for _ in range(count)]
    values, order = table(scores, weights, [rng.choice([5, 9]) for _ in range(count)])
    cuts = tuple(Fraction(number, 7) for number in range(1, 7))
    one = decision(cuts, tied, scores=("a", "b"))
    found = judged(one, all_cuts(one, values, order), values, order)
    for row in range(count):
        for number in range(2):
            assert found.by_score[row, number] == plain_bucket(row, number, values, order, cuts, tied)


def test_shares_are_exact_to_the_document():
    values, order = table([[float(number // 9)] for number in range(100)], [1] * 100, [0] * 100)
    twenty = decision(tuple(Fraction(number, 20) for number in range(1, 20)), tied=False, keep=(18, 19))
    found = judged(twenty, all_cuts(twenty, values, order), values, order)
    assert np.bincount(found.bucket).tolist() == [5] * 20
    assert found.stays.sum() == 10
    assert found.top.sum() == 10
    tied = decision(twenty.cuts, tied=True)
    together = judged(tied, all_cuts(tied, values, order), values, order)
    for score in np.unique(values[:, 0]):
        assert len(set(together.bucket[values[:, 0] == score].tolist())) == 1


def test_weights_add_up_to_the_budget_and_a_smaller_one_is_part_of_a_larger():
    rng = np.random.default_rng(2)
    scores = [[float(one)] for one in rng.permutation(500)]
    weights = rng.integers(1, 90, 500)
    values, order = table(scores, weights.tolist(), rng.integers(0, 3, 500).tolist())
    before = np.zeros(500, dtype=bool)
    for budget in (100, 700, 3000, 10**6):
        one = decision((Fraction(1, 2),), tied=False, budget=FrozenMap({0: budget, 1: budget // 2}))
        stays = judged(one, all_cuts(one, values, order), values, order).stays
        for slice_, wanted in ((0, budget), (1, budget // 2), (2, 0)):
            inside = values[:, -1] == slice_
            taken, there = weights[stays & inside].sum(), weights[inside].sum()
            assert min(wanted, there) <= taken < min(wanted, there) + (90 if wanted else 1)
        assert not (before & ~stays).any()
        before = stays


def test_buckets_of_several_scores_are_joined():
    by_score = np.array([[0, 3, 4], [2, -1, 3], [-1, -1, 1], [4, 0, 0]])
    assert joined(by_score, "maximum").tolist() == [4, 3, 1, 4]
    assert joined(by_score, "mean").tolist() == [2, 3, 1, 1]
    assert joined(by_score, "vote").tolist() == [3, 2, 1, 0]


QUALITY = {"length": {"quality/length": {}, "signal": "words"}}


def test_keys_of_judges_and_notes():
    judge = make(
        "quality/buckets",
        {"scores": {**QUALITY, "p": {"note": "p", "best": "lowest"}}, "weight": "bytes", "within": "language"},
    )
    assert judge.notes_read() == ("p", "language")
    keys = judge.open()
    one = keys(Document("1", "세 낱말 뿐", notes={"p": 2.5, "language": "ko"}))
    two = keys(Document("2", "one two three", notes={"language": "en"}))
    assert one[:3].tolist() == [sortable(3.0), sortable(-2.5), len("세 낱말 뿐".encode())]
    assert two[:3].tolist() == [sortable(3.0), 0, 13]
    assert one[3] != two[3]
    assert make("quality/buckets", {"scores": {"p": {"note": "p"}}}).open()(Document("1", "x")).shape == (0,)
    again = make("quality/buckets", {"scores": judge.scores, "weight": "bytes", "within": "language"})
    assert again == judge
    assert hash(again) == hash(judge)
    turned = make("quality/buckets", {**settings_of(judge), "scores": dict(sorted(judge.scores.items(), reverse=True))})
    assert turned == judge
    assert turned.decision() == judge.decision()
    assert turned.open()(Document("1", "세 낱말 뿐", notes={"p": 2.5, "language": "ko"})).tolist() == one.tolist()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "scores"),
        ({"scores": {}}, "one score or more"),
        ({"scores": {"a": {"quality/lenth": {}}}}, "unknown strategy"),
        ({"scores": {"a": {"quality/length": {"min_wrds": 1}}}}, "min_wrds"),
        ({"scores": {"a": {"dedup/exact": {}}}}, "not a per-document judge"),
        ({"scores": {"a": {"note": "p", "best": "higher"}}}, "highest or lowest"),
        ({"scores": {"a": {"quality/length": {}, "signal": 5}}}, "name of a signal"),
        ({"scores": QUALITY, "cuts": [0.5, 0.4]}, "ascending"),
        ({"scores": QUALITY, "cuts": 4, "keep": [4]}, "0 to 3"),
        ({"scores": QUALITY, "keep": []}, "0 to 19"),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(SettingsError, match=said):
        make("quality/buckets", settings)
