"""Figures of merit against values worked out by hand and by definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.evaluation.metrics import auc_interval, binary_scores, bootstrap, precision_recall_f1, roc_auc


def test_auc_by_hand() -> None:
    assert roc_auc([True, False], [1, 0]) == 1
    assert roc_auc([True, False], [0, 1]) == 0
    assert roc_auc([True, False], [1, 1]) == 0.5
    assert roc_auc([True, True, False, False], [3, 1, 2, 0]) == 0.75
    assert roc_auc([True, False], [math.inf, -math.inf]) == 1
    assert math.isnan(roc_auc([True, True], [1, 2]))
    assert math.isnan(roc_auc([], []))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=30))
@settings(max_examples=100, deadline=None)
def test_auc_is_the_share_of_pairs_in_order(items: list[tuple[bool, int]]) -> None:
    high = [score for positive, score in items if positive]
    low = [score for positive, score in items if not positive]
    auc = roc_auc(np.array([positive for positive, _ in items]), np.array([score for _, score in items]))
    if not high or not low:
        assert math.isnan(auc)
    else:
        pairs = [(a > b) + (a == b) / 2 for a in high for b in low]
        assert auc == pytest.approx(sum(pairs) / len(pairs))


def test_precision_recall_f1() -> None:
    positive, predicted = np.array([1, 1, 1, 0, 0], bool), np.array([1, 1, 0, 1, 0], bool)
    assert precision_recall_f1(positive, predicted) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    precision, recall, f1 = precision_recall_f1(positive, np.zeros(5, bool))
    assert math.isnan(precision)
    assert (recall, f1) == (0, 0)
    assert all(math.isnan(figure) for figure in precision_recall_f1(np.zeros(2, bool), np.zeros(2, bool)))


def test_intervals_hold_the_value_and_shrink_with_more_items() -> None:
    generator = np.random.default_rng(1)

    def interval(n: int):  # type: ignore[no-untyped-def]
        positive = np.arange(n) % 2 == 0
        return auc_interval(positive, generator.normal(size=n) + positive, rounds=300)

    few, many = interval(100), interval(2000)
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert many.low < 0.7602 < many.high  # the AUC of two unit normals one apart


def test_bootstrap_of_a_mean_has_the_known_width() -> None:
    values = np.random.default_rng(2).normal(size=400)
    (interval,) = bootstrap(lambda items: float(values[items].mean()), 400, rounds=2000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert bootstrap(lambda items: float(values[items].mean()), 400, rounds=2000) == (interval,)


def test_binary_scores_and_json() -> None:
    positive = np.array([True, False] * 20)
    scores = binary_scores(positive, positive * 1.0, positive, rounds=50)
    assert (scores.items, scores.positives) == (40, 20)
    assert scores.as_dict()["auc"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    empty = binary_scores(np.zeros(0, bool), np.zeros(0), np.zeros(0, bool))
    assert empty.as_dict()["auc"] == {"value": None, "low": None, "high": None}
