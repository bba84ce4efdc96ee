"""Intervals are as wide as chance, also where samples take much of an arm."""

import math

import numpy as np
import pytest

from curate.ablation.proxies.decisions import Costs


def _arms_of_one_kind(rng, documents, taken, seeds, arms=2):
    """Costs of arms whose texts are drawn from one population: a sample's cost is the mean of its documents' values."""
    population = [rng.normal(0, 1, documents) for _ in range(arms)]
    return np.array([[rng.choice(values, taken, replace=False).mean() for _ in range(seeds)] for values in population])


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_intervals_of_arms_that_do_not_differ_cover_zero(share):
    rng = np.random.default_rng(1)
    covered = sum(
        Costs(_arms_of_one_kind(rng, 400, int(400 * share), 5), [share] * 2, [True] * 2).difference(0, 1).sign == 0
        for _ in range(400)
    )
    assert 360 <= covered <= 395  # 380 expected; intervals that always cover would tell nothing


def test_seeds_that_are_hard_for_all_arms_are_no_chance():
    rng = np.random.default_rng(2)
    seeds = rng.normal(0, 5, 5)
    costs = np.array([1.0, 1.1, 1.2])[:, None] + seeds + rng.normal(0, 0.01, (3, 5))
    found = Costs(costs, [0.1] * 3, [True] * 3)
    assert found.freedom == 8
    assert found.difference(0, 1).sign == 1
    assert found.difference(2, 0).sign == -1
    assert found.difference(0, 1).value == pytest.approx(0.1, abs=0.02)


def test_chance_is_told_from_arms_with_documents_of_their_own():
    rng = np.random.default_rng(3)
    own = rng.normal(0, 1, (2, 5))
    shuffled = own[0] + 0.001  # the same documents as the base's
    with_it = Costs(np.array([*own, shuffled]), [0.1] * 3, [True, True, False])
    without = Costs(own, [0.1] * 2, [True] * 2)
    assert with_it.variance == without.variance
    assert with_it.difference(0, 2).half_width == without.difference(0, 1).half_width


@pytest.mark.parametrize("costs", [np.ones((2, 1)), np.ones((1, 5))])
def test_without_seeds_or_arms_chance_is_not_known(costs):
    found = Costs(costs, [0.1] * len(costs), [True] * len(costs)).difference(0, -1)
    assert math.isnan(found.half_width)
    assert found.sign == 0
    assert found.as_dict() == {"value": 0.0, "low": None, "high": None}


def test_arms_that_are_the_same_do_not_differ():
    assert Costs(np.ones((2, 5)), [0.1] * 2, [True] * 2).difference(0, 1).sign == 0
