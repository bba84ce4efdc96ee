"""Runs with corpus stages: workers, splits, engines, interruptions and earlier runs do not change what is kept."""

import pytest

from curate import running
from curate.rundir import RunError, UsageError
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows
from tests.pipelines.corpora import corpus

STAGES = ("extraction/plain", "dedup/exact", "dedup/minhash", {"dedup/bff": {"min_ngram": 8}}, "dedup/lines")


def written(folder, parts=2):
    """The corpus as JSONL files; ids are numbered through, so a split changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [page.text for page in corpus(90)]
    size = -(-len(texts) // parts)
    return [write_rows(folder / f"{k}.jsonl", texts[k * size : (k + 1) * size], k * size) for k in range(parts)]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What one worker gives, reading one file."""
    folder = tmp_path_factory.mktemp("whole")
    result = go(recipe(*STAGES), written(folder / "in", 1), folder / "out")
    assert adds_up(result)
    assert all(stage["dropped"] for stage in result["stages"] if stage["stage"] in ("dedup/exact", "dedup/minhash"))
    decided = [entry["stage"] for entry in result["corpus"]]
    assert decided == ["dedup/exact", "dedup/minhash", "dedup/bff", "dedup/lines"]
    return content(folder / "out")


def test_two_workers_and_other_splits_in_another_order(tmp_path, expected):
    result = go(recipe(*STAGES), written(tmp_path / "in", 5)[::-1], tmp_path / "out", workers=2)
    assert adds_up(result)
    assert content(tmp_path / "out") == expected


def test_as_one_graph_on_an_engine(tmp_path, expected):
    options = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner", "--direct_runner_bundle_repeat=1"]
    stages = [stage for stage in STAGES if stage not in ("dedup/lines", "dedup/minhash")]
    go(recipe(*stages), written(tmp_path / "in"), tmp_path / "one")
    result = go(recipe(*stages), written(tmp_path / "in"), tmp_path / "engine", options=options)
    assert adds_up(result)
    assert content(tmp_path / "engine") == content(tmp_path / "one")


@pytest.mark.parametrize("stop", [1, 3])
def test_stopped_at_a_decision_and_resumed(tmp_path, monkeypatch, expected, stop):
    calls = []
    decide = running._decide

    def failing(*arguments):
        calls.append(1)
        if len(calls) == stop:
            raise RunError("stopped here")
        return decide(*arguments)

    inputs = written(tmp_path / "in", 3)
    monkeypatch.setattr(running, "_decide", failing)
    with pytest.raises(RunError, match="stopped here"):
        go(recipe(*STAGES), inputs, tmp_path / "out")
    monkeypatch.setattr(running, "_decide", decide)
    assert adds_up(go(recipe(*STAGES), inputs, tmp_path / "out", resume=True))
    assert content(tmp_path / "out") == expected


def test_a_run_on_its_own_output_removes_nothing(tmp_path):
    first = tmp_path / "first"
    go(recipe("extraction/plain", "dedup/minhash"), written(tmp_path / "in"), first)
    again = go(
        recipe("extraction/plain", "dedup/minhash"), sorted((first / "kept").glob("*.parquet")), tmp_path / "again"
    )
    assert again["dropped"] == 0
    assert again["kept"] > 0


def test_against_an_earlier_run(tmp_path):
    chosen = recipe("extraction/plain", "dedup/minhash")
    old, new = written(tmp_path / "in")
    go(chosen, [old], tmp_path / "old")
    kept_before = {row["id"] for row in rows(tmp_path / "old", "kept")}
    result = go(chosen, [new, old], tmp_path / "new", against=str(tmp_path / "old"))
    assert adds_up(result)
    with_text = {row["id"] for row in rows(tmp_path / "old", "kept") if row["text"].strip(" !")}
    assert not with_text & {row["id"] for row in rows(tmp_path / "new", "kept")}
    names = {row["kept_id"] for row in rows(tmp_path / "new", "dropped")}
    assert names & kept_before
    assert not list((tmp_path / "old" / "keys").rglob("*.parquet"))


def test_against_is_checked_before_the_run(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    inputs = written(tmp_path / "in")
    for chosen, message in [
        (recipe("extraction/plain", "dedup/minhash"), "no keys"),
        (recipe("extraction/plain", {"dedup/minhash": {"verify": 0.8}}), "verify"),
        (recipe("extraction/plain"), "no stage that compares"),
    ]:
        with pytest.raises(UsageError, match=message):
            go(chosen, inputs, tmp_path / "out", against=str(old))
    assert not (tmp_path / "out").exists()


def test_what_needs_one_machine_says_so_on_an_engine(tmp_path):
    options = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"]
    with pytest.raises(RunError, match="one machine"):
        go(recipe("extraction/plain", "dedup/substring"), written(tmp_path / "in"), tmp_path / "out", options=options)
