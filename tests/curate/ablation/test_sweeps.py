"""Sweeps are decided from the scored table, as runs with each value would decide."""

import pytest

from pipelines.phases import Progress
from tests.curate.ablation.tools import BODY, run_ablation, texts, write
from tests.curate.running_tools import go, recipe, rows

CHARACTERS = "tests.strategies.Characters"
VALUES = [0, 30, 100, 300, 10_000]


def _stages(least: int = 30, *more) -> list:
    return [BODY, {CHARACTERS: {"least": least}}, "dedup/exact", {"quality/gopher": {"min_words": 5}}, *more]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    made = texts(seed=9)
    inputs = [write(folder / "rows.jsonl", made)]
    data = {
        "recipe": {"name": "base", "stages": _stages()},
        "sweeps": {f"{CHARACTERS}.least": VALUES, "dedup/exact.normalize": [True, False]},
    }
    return made, inputs, run_ablation(data, inputs, folder / "out")


def test_a_sweep_is_what_runs_would_keep(swept, tmp_path):
    made, inputs, report = swept
    sweep = report["sweeps"][0]
    assert sweep["in_use"] == 30
    assert [point["value"] for point in sweep["points"]] == VALUES
    assert [point["in_use"] for point in sweep["points"]] == [value == 30 for value in VALUES]
    for point in sweep["points"]:
        long = [text for text in made if text and len(text) >= point["value"]]
        assert point["alone"]["documents"] == len(long)
        assert point["alone"]["bytes"] == sum(len(text.encode()) for text in long)
        result = go(recipe(*_stages(point["value"])), inputs, tmp_path / str(point["value"]))
        assert point["jointly"]["documents"] == result["kept"]
        assert point["jointly"]["bytes"] == result["stages"][-1]["bytes_kept"]


def test_the_documents_shown_are_the_nearest_on_both_sides(swept):
    made, _, report = swept
    near = report["sweeps"][0]["nearest"]
    passing = sorted(one["value"] for one in near if one["passes"])
    failing = sorted((one["value"] for one in near if not one["passes"]), reverse=True)
    lengths = sorted(len(text) for text in made if text)
    assert passing == [length for length in lengths if length >= 30][:3]
    assert failing == [length for length in reversed(lengths) if length < 30][:3]
    assert all(one["threshold"] == 30 and one["rule"] == "too_short" for one in near)


def test_of_two_limits_the_nearer_one_is_shown(tmp_path):
    inputs = [write(tmp_path / "rows.jsonl", [" ".join(["word"] * count) for count in range(1, 12)])]
    judge = "quality/refinedweb"
    stages = [BODY, {judge: {"min_words": 3, "max_words": 8, "min_word_length": 9}}]
    data = {"recipe": {"name": "base", "stages": stages}, "sweeps": {f"{judge}.max_words": [5, 8]}}
    near = run_ablation(data, inputs, tmp_path / "out")["sweeps"][0]["nearest"]
    assert {one["rule"] for one in near} == {"page_length"}  # the setting moves no other rule
    assert {(one["value"], one["threshold"]) for one in near if not one["passes"]} == {(2, 3), (1, 3), (9, 8)}
    assert {(one["value"], one["threshold"]) for one in near if one["passes"]} == {(3, 3), (8, 8), (4, 3)}


def test_the_documents_shown_bear_what_became_of_them(tmp_path):
    made = ["short", "two words", "extraordinarily longwinded wording", "oops and more", "this is kept"]
    inputs = [write(tmp_path / "rows.jsonl", made)]
    trouble = {"tests.strategies.Trouble": {"word": "oops"}}
    both = {CHARACTERS: {"least": 8, "most": 16}}
    stages = [BODY, both, {"quality/length": {"min_words": 3}}, trouble]
    data = {
        "recipe": {"name": "base", "stages": stages},
        "sweeps": {f"{CHARACTERS}.least": [1, 8], "quality/length.min_words": [1, 3]},
    }
    report = run_ablation(data, inputs, tmp_path / "out")
    result = go(recipe(*stages), inputs, tmp_path / "run")
    removed = {row["id"]: f"dropped by {row['stage']}:{row['rule']}" for row in rows(tmp_path / "run", "dropped")}
    removed |= {row["id"]: f"failed at {row['stage']}:{row['reason']}" for row in rows(tmp_path / "run", "failed")}
    expected = {f"d{n:04d}": removed.get(f"d{n:04d}", "kept") for n in range(len(made))}
    assert (result["kept"], result["dropped"], result["failed"]) == (1, 3, 1)
    for sweep in report["sweeps"]:
        assert {one["id"]: one["outcome"] for one in sweep["nearest"]}.items() <= expected.items()
        assert all(one["kept"] == (one["outcome"] == "kept") for one in sweep["nearest"])
    near = {(one["rule"], one["id"]): one for sweep in report["sweeps"] for one in sweep["nearest"]}
    long = near["min_words", "d0002"]
    assert long["passes"] and long["outcome"] == f"dropped by {CHARACTERS}:too_long"
    assert near["min_words", "d0003"]["outcome"].startswith("failed at tests.strategies.Trouble:")
    html = (tmp_path / "out" / "report.html").read_text()
    assert "dropped by tests.strategies.Characters:too_long" in html


def test_a_list_is_in_use_though_it_is_built_as_a_tuple(tmp_path):
    inputs = [write(tmp_path / "rows.jsonl", texts(seed=4))]
    data = {
        "recipe": {"name": "base", "stages": [BODY, {"language/script": {"keep": ["ko"], "latin": "en"}}]},
        "sweeps": {"language/script.keep": [["ko"], ["ko", "en"], {"ko": 0.9}]},
    }
    (sweep,) = run_ablation(data, inputs, tmp_path / "out")["sweeps"]
    assert [point["in_use"] for point in sweep["points"]] == [True, False, False]
    counts = [point["jointly"]["documents"] for point in sweep["points"]]
    assert counts[2] < counts[0] < counts[1]


def test_settings_that_change_scores_are_for_arms(swept):
    _, _, report = swept
    assert report["sweeps"][1]["points"] == []
    assert "arms" in report["sweeps"][1]["why"]


def test_before_a_corpus_rewriter_only_the_value_in_use_is_known_jointly(swept, tmp_path):
    _, inputs, _ = swept
    stages = _stages(30, "dedup/lines")
    data = {
        "recipe": {"name": "base", "stages": stages},
        "sweeps": {f"{CHARACTERS}.least": VALUES},
        "leave_one_out": True,
    }
    report = run_ablation(data, inputs, tmp_path / "out")
    result = go(recipe(*stages), inputs, tmp_path / "run")
    for point in report["sweeps"][0]["points"]:
        if point["value"] == 30:
            assert point["jointly"]["documents"] == result["kept"]
        else:
            assert point["jointly"] is None
            assert point["alone"]["documents"] > 0 or point["value"] == 10_000
    # what leaving a stage out gains is taken from the arm that does so
    for row in report["attribution"]["stages"]:
        left = [stage for stage in stages if row["stage"] not in (stage, *stage)]
        without = go(recipe(*left), inputs, tmp_path / row["stage"].replace("/", "-"))
        assert row["without"]["documents"] == without["kept"] - result["kept"], row["stage"]
    (lines,) = [row for row in report["attribution"]["rules"] if row["stage"] == "dedup/lines"]
    assert lines["without"]["documents"] == report["attribution"]["stages"][-1]["without"]["documents"]


def test_a_sweep_of_a_stage_that_only_an_arm_has(tmp_path):
    made = texts(seed=9)
    inputs = [write(tmp_path / "rows.jsonl", made)]
    data = {
        "recipe": {"name": "base", "stages": [BODY, "dedup/exact"]},
        "arms": {"long": {"after": {BODY: {CHARACTERS: {"least": 30}}}}},
        "sweeps": {f"{CHARACTERS}.least": [0, 30, 100]},
    }
    (sweep,) = run_ablation(data, inputs, tmp_path / "out")["sweeps"]
    assert sweep["sweep"] == f"{CHARACTERS}.least in long"
    assert [point["in_use"] for point in sweep["points"]] == [False, True, False]
    for point in sweep["points"]:
        stages = [BODY, {CHARACTERS: {"least": point["value"]}}, "dedup/exact"]
        result = go(recipe(*stages), inputs, tmp_path / str(point["value"]))
        assert point["jointly"]["documents"] == result["kept"]


@pytest.mark.long
def test_jointly_runs_corpus_rewriters_again_as_runs_with_each_value_would(swept, tmp_path):
    made, _, _ = swept
    made = [*made, *(f"The {name} lies alone." for name in ("island", "harbour", "mountain"))]
    inputs = [write(tmp_path / "rows.jsonl", made)]
    exact = "dedup/exact"

    def stages(least=60, most=400, marks=("하나",)):
        between = {"tests.curate.ablation.planted.Marks": {"marks": list(marks), "as": "between"}}
        first = {CHARACTERS: {"least": least, "most": most}}
        return [BODY, first, exact, "dedup/lines", between, {"dedup/bff": {"threshold": 0.8}},
                {"quality/length": {"min_words": 3}}]  # fmt: skip

    data = {
        "recipe": {"name": "base", "stages": stages()},
        "sweeps": {f"{CHARACTERS}.least": [0, 60, 100], f"{CHARACTERS}.most": [400, 10_000, 20_000]},
        "jointly": True,
    }
    progress = Progress()
    report = run_ablation(data, inputs, tmp_path / "out", progress=progress)

    def keeps(name, given):
        result = go(recipe(*given), inputs, tmp_path / name)
        return {"documents": result["kept"], "bytes": result["stages"][-1]["bytes_kept"]}

    now, any_start, any_length = keeps("base", stages()), keeps("0", stages(least=0)), keeps("any", stages(most=None))
    points = [[{unit: point["jointly"][unit] for unit in now} for point in one["points"]] for one in report["sweeps"]]
    assert points == [[any_start, now, keeps("100", stages(least=100))], [now, any_length, any_length]]
    expected = {
        (CHARACTERS, "too_short"): any_start,
        (CHARACTERS, "too_long"): any_length,
        (CHARACTERS, None): keeps("neither", stages(least=0, most=None)),
        ("between", "하나"): keeps("between", stages(marks=())),
        (exact, "exact-duplicate"): keeps("exact", [one for one in stages() if one != exact]),
    }
    found = {(row["stage"], row["rule"]): row["without"] for row in report["attribution"]["rules"]}
    whole = {row["stage"]: row["without"] for row in report["attribution"]["stages"]}
    found[CHARACTERS, None] = whole[CHARACTERS]
    for rule, then in expected.items():
        assert {unit: found[rule][unit] for unit in now} == {unit: then[unit] - now[unit] for unit in now}, rule
    gains = {tuple(found[rule].items()) for rule in expected if rule[0] != exact}
    assert len(gains) == len(expected) - 1, "one could be taken for another"
    assert whole["between"] == found["between", "하나"] and whole[exact] == found[exact, "exact-duplicate"]
    assert whole["dedup/lines"] is None  # it makes texts
    # Two values of each sweep; two rules and their stage; dedup/exact; "between" and its rule. Both values of "most"
    # are as if its rule were left out, and so is 0 of "least"; "between" is its rule, and comes after dedup/lines.
    (told,) = progress.notes
    assert told.startswith(
        "jointly: 10 values, rules and stages come before a corpus rewriter, 4 of them with the same documents as "
        "others; dedup/bff runs again 6 times and dedup/lines runs again 5 times, about "
    )
