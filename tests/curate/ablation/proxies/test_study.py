"""What the study of proxies against transformers (benchmarks/truth.py) makes of its results."""

import json

import numpy as np
import pytest

from benchmarks import truth

ARMS = ["base", "near", "far", "no-dedup", *truth.CONTROLS]
EFFECTS = dict(zip(ARMS, (0.0, -0.2, 0.2, 0.4, 0.6, 0.01, 0.8, -0.01), strict=True))


def _report(folder, seeds, noise=0.01, wrong=()):
    """A study in which the n-gram model turns the sign of some arms, and the unigram that of all."""
    settings = {"bytes": 100, "arms": {arm: None if arm in truth.CONTROLS else 1000 for arm in ARMS}}
    (folder / "study.json").write_text(json.dumps({**settings, "references": {"one": 1, "two": 1}}))
    rng = np.random.default_rng(0)
    rows = []
    for model in (*(proxy.name for proxy in truth.PROXIES), truth.TRANSFORMER):
        for arm in ARMS:
            sign = -1 if model == "unigram" or (model == "byte n-gram" and arm in wrong) else 1
            for seed in range(seeds):
                costs = {name: 3 + sign * EFFECTS[arm] + rng.normal(0, noise) for name in ("one", "two")}
                row = {"model": model, "arm": arm, "seed": seed, "costs": costs, "cpu": 1.0}
                rows.append({**row, "parameters": 1, "tokens": 1})
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return truth.report(folder)


def test_the_share_of_right_signs_and_its_intervals(tmp_path):
    found = _report(tmp_path, seeds=3)
    assert 2 * 25 <= found["separated"] <= found["cells"] == 2 * 28
    right = found["byte n-gram"]["right_separated"]
    assert right["cells"] == found["separated"]
    assert right["of_means"] > 0.95
    assert right["of_seeds"][1] <= right["of_seeds"][0] <= right["of_seeds"][2]
    assert right["of_other_seeds"][0] > 0.9
    assert found["byte n-gram"]["right_recipes_only"]["cells"] == 2 * 6  # pairs of four recipes
    assert found["byte n-gram"]["verdicts"]["right"] > 0.95
    assert found["unigram"]["right_separated"]["of_means"] < 0.05
    assert found["unigram"]["verdicts"]["right"] < 0.05
    assert found["byte n-gram"]["to_base"]["far"]["one"] == pytest.approx(200, abs=30)
    assert "far on one" in found[truth.TRANSFORMER]["beyond_chance"]


def test_arms_that_keep_copies_are_judged_apart(tmp_path):
    """The model calls both arms with copies better; reports do not ask it about these."""
    found = _report(tmp_path, seeds=3, wrong=("no-dedup", "half duplicated"))["byte n-gram"]
    assert found["right_separated"]["of_means"] < 0.7
    assert found["right_without_copies"]["of_means"] > 0.95
    least, most = found["right_separated"]["without_one_arm"]
    assert least < found["right_separated"]["of_means"] < most


def test_two_seeds_have_no_other_seeds_to_ask(tmp_path):
    assert _report(tmp_path, seeds=2)["byte n-gram"]["right_separated"]["of_other_seeds"] is None
    assert "why" in _report(tmp_path, seeds=1)
