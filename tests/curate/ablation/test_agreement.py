"""Whole recipes as arms: each is its run, and the matrix says what their kept documents say."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from curate.ablation.agreement import agreement
from curate.ablation.arms import parse
from curate.report.charts import charts
from curate.report.page import render_html, render_markdown
from tests.curate.ablation.tools import BODY, arms_by_name, kept_ids, run_ablation, texts, write
from tests.curate.running_tools import go, rows

UPPER = {"recipe": {"name": "upper", "stages": ["tests.strategies.Upper", {"quality/length": {"min_words": 9}}]}}
DATA = {
    "recipe": {"name": "mine", "stages": [BODY, {"tests.strategies.Characters": {"least": 60}}, "dedup/exact"]},
    "arms": {
        "upper": UPPER,
        "lines": {"recipe": {"name": "x", "stages": [BODY, "dedup/lines", {"dedup/minhash": {"rows": 4}}]}},
        "upper-once": {**UPPER, "after": {"quality/length": "dedup/exact"}},
        "all": {"recipe": {"name": "all", "stages": [BODY]}},
    },
    "samples": 6,
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreement")
    source = write(folder / "a.jsonl", texts())
    return folder, source, run_ablation(DATA, [source], folder / "out")


def test_an_arm_that_is_a_recipe_keeps_what_its_run_keeps(compared, tmp_path):
    folder, source, report = compared
    for arm in parse(DATA, "test").arms:
        result = go(arm.recipe, [source], tmp_path / arm.name)
        assert kept_ids(folder / "out", arm.name) == sorted(row["id"] for row in rows(tmp_path / arm.name, "kept"))
        assert arms_by_name(report)[arm.name]["stages"][-1]["bytes_kept"] == result["stages"][-1]["bytes_kept"]


def test_the_matrix_is_that_of_the_kept_documents(compared):
    folder, _, report = compared
    found = report["agreement"]
    names = found["arms"]
    assert names == ["base", "upper", "lines", "upper-once", "all"]
    kept = {name: set(kept_ids(folder / "out", name)) for name in names}
    read = report["arms"][0]["stages"][0]["kept"]
    assert found["documents"] == read < report["pages"]  # the reader rejects an empty text
    assert found["kept"] == [len(kept[name]) for name in names]
    for (a, one), (b, other) in itertools.product(enumerate(names), repeat=2):
        assert found["only"][a][b] == len(kept[one] - kept[other])
        assert found["agree"][a][b] == pytest.approx(1 - len(kept[one] ^ kept[other]) / read)
    assert sum(found["kept_by"]) == read
    assert found["kept_by"][-1] == len(set.intersection(*kept.values())) > 0


def test_documents_on_which_arms_disagree(compared):
    folder, _, report = compared
    found = report["agreement"]
    kept = {name: set(kept_ids(folder / "out", name)) for name in found["arms"]}
    apart = set.union(*kept.values()) - set.intersection(*kept.values())
    assert sum(pattern["documents"] for pattern in found["patterns"]) == len(apart)
    counts = [pattern["documents"] for pattern in found["patterns"]]
    assert counts == sorted(counts, reverse=True)
    samples = [(pattern, one) for pattern in found["patterns"] for one in pattern["samples"]]
    assert len(samples) == 6
    for pattern, one in samples:
        assert pattern["kept_by"] == [name for name in found["arms"] if one["id"] in kept[name]]
        assert set(one["dropped_by"]) == set(found["arms"]) - set(pattern["kept_by"])
        assert one["text"]
    why = {reason for _, one in samples for reason in one["dropped_by"].values()}
    assert why & {"tests.strategies.Characters:too_short", "quality/length:min_words"}


def test_it_is_shown_and_left_out_where_there_is_nothing_to_compare(compared, tmp_path):
    _, source, report = compared
    assert {"agreement", "only"} <= charts(report).keys()
    page, text = render_html(report), render_markdown(report)
    (most, *_) = report["agreement"]["patterns"]
    assert 'id="agreement"' in page and f"{most['documents']} kept by {', '.join(most['kept_by'])} only" in page
    assert "| upper-once |" in text and "100.0 % (0)" in text
    two = run_ablation({**DATA, "arms": {"all": DATA["arms"]["all"]}}, [source], tmp_path / "two")
    assert two["agreement"] is None
    before = {name: value for name, value in two.items() if name != "agreement"}  # a report of before
    for one in (two, before):
        assert 'id="agreement"' not in render_html(one) and "## Agreement" not in render_markdown(one)


def test_of_three_to_forty_arms():
    scored = SimpleNamespace(groups=[SimpleNamespace(read=np.zeros(2, dtype=np.int8))])
    arms = [SimpleNamespace(arm=str(number), group=0, kept=np.array([True, False])) for number in range(41)]
    found = {count: agreement(scored, arms[:count], None, 5) for count in (2, 3, 40, 41)}
    assert [count for count, one in found.items() if one is not None] == [3, 40]
    assert found[40]["kept_by"] == [1, *[0] * 39, 1] and found[40]["patterns"] == []
