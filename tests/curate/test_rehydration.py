"""Weights by what a run's filters kept of documents that stand for one, two, … of the input."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curate.commands.application import app
from curate.rehydration import rehydration, weights_of
from curate.rundir import UsageError
from tests.curate.running_tools import go, recipe, rows, write_rows

# the share that FineWeb2's filters removed of Korean documents, by how many they stood for (six and more: nearly level)
PUBLISHED = [0.774, 0.606, 0.559, 0.527, 0.503, 0.50, 0.498, 0.495, 0.492, 0.489, 0.492]


def test_the_rule_is_fineweb2s_and_its_weights_lie_beside_those_published():
    """Most documents stand for themselves, so that 69 % are removed in all; of later sizes some shares are known."""
    documents = [10_000, 4_000, 1_500, 900, 600, 500, 400, 300, 300, 200, 200]
    kept = [round(count * (1 - share)) for count, share in zip(documents, PUBLISHED, strict=True)]
    found = weights_of(documents, kept, 10)
    assert found[0] == 1
    assert all(
        abs(ours - theirs) <= 1 for ours, theirs in zip(found, [1, 5, 6, 8, 8, 9, 9, 9, 10, 10, 10], strict=True)
    )


def test_a_line_from_one_to_the_most_the_mean_of_five_and_a_whole_number():
    kept = [20, 30, 40, 50, 60, 60, 60, 60, 60]  # of 100 each: 0.489 in all
    # before the mean: 1, 1, 1, 1.9, 10, 10, 10, 10, 10
    assert weights_of([100] * 9, kept, 10) == [1, 1, 1, 5, 7, 8, 10, 10, 10]
    assert weights_of([100] * 9, kept, 1) == [1] * 9
    assert weights_of([100] * 3, [50] * 3, 10) == [1] * 3  # none is better than all
    assert weights_of([100] * 3, [0] * 3, 10) == [1] * 3
    assert weights_of([100] * 3, kept[:3][::-1], 5) == [2, 1, 1]  # of 5, 1, 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Documents of one, two and three copies, of which a filter keeps 2 of 8, 2 of 4, 4 of 4; then half are drawn."""
    folder = tmp_path_factory.mktemp("rehydration")
    words = {
        1: ("long enough " * 9, 2, 8),
        2: ("also of some length " * 6, 2, 4),
        3: ("repeated three times " * 6, 4, 4),
    }
    texts = []
    for copies, (text, stay, total) in words.items():
        for number in range(total):
            texts += [f"{number} {copies} {text if number < stay else 'short'}\n2"] * copies
    inputs = [write_rows(folder / "a.jsonl", texts[::2]), write_rows(folder / "b.jsonl", texts[1::2], 100)]
    steps = ["extraction/plain", "dedup/exact", {"quality/length": {"min_words": None, "min_characters": 40}}]
    go(recipe(*steps, {"sampling/random": {"share": 0.5}}), inputs, folder / "out")
    return folder / "out"


def test_what_filters_kept_by_dup_count(run):
    dropped = [row for row in rows(run, "dropped") if row["stage"] == "quality/length"]
    assert sorted(row["dup_count"] for row in dropped) == [1] * 6 + [2] * 2
    assert {row["stage"] for row in rows(run, "dropped") if row["dup_count"] is None} == {"dedup/exact"}
    found = rehydration(run, least=4)
    assert found.stage == "dedup/exact"
    # what sampling drops was kept by all filters
    assert [(one.start, one.documents, one.kept) for one in found.sizes] == [(1, 8, 2), (2, 4, 2), (3, 4, 4)]
    assert (found.documents, found.kept) == (16, 8)
    assert found.weights == {1: 1, 3: 4}
    # the sizes that are too few alone go with those above them, and the rest with the last
    assert [(one.start, one.documents) for one in rehydration(run, least=5).sizes] == [(1, 8), (2, 8)]
    recipe("extraction/plain", "dedup/exact", found.as_dict()["strategy"])


def test_the_command_writes_a_stage(run):
    said = CliRunner().invoke(app, ["weights", str(run), "--least", "4"])
    assert said.exit_code == 0
    assert said.stdout in Path("docs/sampling.md").read_text(encoding="utf-8")
    lower = CliRunner().invoke(app, ["weights", str(run), "--least", "4", "--most", "5"]).stdout
    assert lower.splitlines()[-1] == "- sampling/upsample: {by: dup_count, weights: {1: 1, 3: 2}}"
    figures = json.loads(CliRunner().invoke(app, ["weights", str(run), "--least", "4", "--json"]).stdout)
    assert figures["sizes"][1] == {"dup_count": 2, "documents": 4, "kept": 2, "weight": 1}


def test_what_is_refused(run, tmp_path):
    inputs = [write_rows(tmp_path / "a.jsonl", ["one", "two"])]
    go(recipe("extraction/plain"), inputs, tmp_path / "plain")
    for given, more, said in (
        (tmp_path / "plain", {}, "no stage of the run notes dup_count"),
        (run, {}, "of 16 documents that dedup/exact left, too few"),
        (run, {"most": 0.5}, "must be 1 or more, got 0.5"),
        (run, {"most": float("nan")}, "must be 1 or more"),
        (run, {"least": 0}, "one document or more"),
        (tmp_path, {}, "no run"),
        (tmp_path / "none", {}, "not found"),
    ):
        with pytest.raises(UsageError, match=said):
            rehydration(given, **more)
    (run / "run.json").rename(run / "was.json")
    try:
        with pytest.raises(UsageError, match="it has no run"):
            rehydration(run)
    finally:
        (run / "was.json").rename(run / "run.json")
