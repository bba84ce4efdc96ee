"""Controls: nested samples, random removal, and intervals that cover what they should."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from curate.ablation import controls
from curate.ablation.controls import budget, draws, paired_difference, random_removals
from curate.ablation.scored import DROPPED, KEPT

IDS = np.array([f"document {n}" for n in range(2000)], dtype=object)
SIZES = np.random.default_rng(5).integers(100, 5000, len(IDS))
ALL = np.ones(len(IDS), dtype=bool)


def test_draws_are_functions_of_id_and_seed():
    first = draws(IDS, 1)
    assert ((first >= 0) & (first < 1)).all()
    assert abs(first.mean() - 0.5) < 0.03
    assert (draws(IDS[::-1], 1)[::-1] == first).all()
    for other in (draws(IDS, 2), draws(IDS, 1, "removal")):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


def test_smaller_budgets_take_subsets():
    total = int(SIZES.sum())
    taken = [budget(IDS, SIZES, ALL, int(total * share), 3) for share in (0.1, 0.3, 0.7, 1.0)]
    for share, (smaller, larger) in zip((0.3, 0.7, 1.0), itertools.pairwise(taken), strict=True):
        assert not (smaller & ~larger).any()
        assert total * share - SIZES.max() <= SIZES[larger].sum() <= total * share
    assert taken[-1].all()
    half = ALL.copy()
    half[::2] = False
    assert not (budget(IDS, SIZES, half, total, 3) & ~half).any()
    assert not budget(IDS, SIZES, ALL, 0, 3).any()


def test_random_arms_do_not_differ():
    """Two arms that both remove at random: over 20 seeds at least 17 intervals of the difference cover zero."""
    most = int(SIZES.sum() * 0.6)
    for what in ("documents", "bytes"):
        covered = 0
        for seed in range(20):
            left = budget(IDS, SIZES, ALL, most, 2 * seed, "removal")
            right = budget(IDS, SIZES, ALL, most, 2 * seed + 1, "removal")
            low, high = paired_difference(left, right, SIZES, seed)[f"{what}_interval"]
            covered += low <= 0 <= high
        assert covered >= 17, what


def test_a_difference_is_found_and_its_interval_covers_it():
    rng = np.random.default_rng(7)
    covered = 0
    for seed in range(100):
        left = rng.random(500) < 0.6
        right = left & (rng.random(500) < 0.9)  # removes a tenth of what the left keeps
        found = paired_difference(left, right, np.ones(500), seed)
        low, high = found["documents_interval"]
        assert low <= found["documents"] <= high < 0
        assert found["bytes"] == found["documents"]
        covered += low <= -0.06 <= high
    assert covered >= 88
    nothing = paired_difference(left, left, np.ones(500))
    assert nothing["documents_interval"] == [0.0, 0.0]
    assert paired_difference(left[:0], left[:0], np.ones(0))["documents"] == 0.0


def test_a_difference_and_its_interval_stay_within_what_was_read():
    left, right = np.ones(32, dtype=bool), np.zeros(32, dtype=bool)
    right[:4] = True
    found = paired_difference(left, right, np.arange(1.0, 33.0))
    assert found["documents"] == -28 / 32
    for what in ("documents", "bytes"):
        low, high = found[f"{what}_interval"]
        assert -1 <= low <= found[what] <= high <= 0


def test_the_interval_of_a_difference_is_about_that_of_a_binomial():
    rng = np.random.default_rng(3)
    left = rng.random(4000) < 0.5
    right = left.copy()
    right[:400] = False
    found = paired_difference(left, right, np.ones(4000))
    share = -found["documents"]
    width = found["documents_interval"][1] - found["documents_interval"][0]
    assert 0.8 < width / (2 * 1.96 * (share * (1 - share) / 4000) ** 0.5) < 1.25


def test_many_documents_have_the_intervals_of_few(monkeypatch):
    """Where many documents differ their sums are drawn as wholes: the intervals stay those of drawing each."""
    rng = np.random.default_rng(11)
    left, right = rng.random((2, 3000)) < 0.7
    weights = rng.lognormal(7, 1, 3000)
    one_by_one = paired_difference(left, right, weights)
    monkeypatch.setattr(controls, "DRAWN", 100)
    together = paired_difference(left, right, weights)
    for what in ("documents", "bytes"):
        assert together[what] == one_by_one[what]
        width = np.diff(one_by_one[f"{what}_interval"])[0]
        assert np.abs(np.subtract(together[f"{what}_interval"], one_by_one[f"{what}_interval"])).max() < 0.15 * width


def test_random_removals_keep_as_many_bytes_as_the_arm():
    rng = np.random.default_rng(5)
    sizes, read = rng.integers(1, 900, len(IDS)), rng.random(len(IDS)) < 0.9
    arms = [
        SimpleNamespace(arm=str(share), node=None, kept=kept, how=np.where(kept, KEPT, DROPPED))
        for share in (0.0, 0.3, 1.0)
        for kept in [read & (rng.random(len(IDS)) < share)]
    ]
    scored = SimpleNamespace(
        plan=SimpleNamespace(lineage=lambda node: [node]),
        pages=lambda node: SimpleNamespace(ids=IDS),
        bytes=lambda node: sizes,
        reached=lambda node: read,
        sizes=lambda node, mask: {"documents": int(mask.sum()), "bytes": int(sizes[mask].sum())},
    )
    found = random_removals(scored, arms[-1], arms, 2)
    for arm in arms:
        for seed, share in enumerate(found[arm.arm]):
            chance = budget(IDS, sizes, read, int(sizes[arm.kept].sum()), seed, "removal")
            union = (chance | arm.kept).sum()
            assert share == pytest.approx((chance & arm.kept).sum() / union if union else 1.0)
    assert found["1.0"] == found["0.0"] == [1.0, 1.0] and 0.1 < found["0.3"][0] < 0.25
