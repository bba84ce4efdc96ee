"""Runs on an engine in this process: a page that ends its worker, an interrupted job, one that is only checked."""

import pytest

from curate.rundir import RunDirectory, RunError
from pipelines import engine_units, engines
from pipelines.inputs import WORK
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows

ENGINE = ["--runner", "FnApiRunner", "--direct_runner_bundle_repeat", "1"]


@pytest.fixture
def units(tmp_path):
    texts = [f"text-{n}- " + " ".join(f"word{n * k % 97}" for k in range(1, 60)) for n in range(20)] * 2
    return [write_rows(tmp_path / f"{n}.jsonl", texts[n::3], 1000 * n) for n in range(3)]


@pytest.mark.long
def test_a_page_that_ends_its_worker_costs_that_page_on_an_engine_too(units, tmp_path):
    write_rows(units[1], ["A text like others. " * 20, "TROUBLE " * 80, "One more text. " * 20], 5000)
    there = go(recipe({"tests.strategies.Trouble": {"kind": "kill"}}), units, tmp_path / "there", options=ENGINE)
    assert adds_up(there)
    (failed,) = rows(tmp_path / "there", "failed")
    assert (failed["id"], failed["reason"]) == ("5001", "worker_died")
    assert there["kept"] == there["read"]["records"] - 1


def test_what_an_engine_finished_is_not_done_again(units, tmp_path, monkeypatch):
    chosen = recipe("quality/length", "dedup/exact")
    there = tmp_path / "there"
    with monkeypatch.context() as stopped:  # a driver that ended before run.json
        stopped.setattr(RunDirectory, "clean", lambda directory: None)
        stopped.setattr("curate.rundir.write_json", _ends)
        with pytest.raises(RunError, match="the driver ends here"):
            go(chosen, units, there, shards=3, options=ENGINE)
    job = engines.run_on_engine
    monkeypatch.setattr(engines, "run_on_engine", _not_again)
    kept = tmp_path / "kept-aside"
    whole = there / WORK / "done" / "whole" / "whole.json"
    kept.write_bytes(whole.read_bytes())
    with monkeypatch.context() as stopped:
        stopped.setattr("curate.rundir.write_json", _ends)
        with pytest.raises(RunError, match="the driver ends here"):  # and not _not_again: it was only checked
            go(chosen, units, there, shards=3, options=ENGINE, resume=True)
    whole.unlink()  # as if the job had been stopped between its last unit and its end
    monkeypatch.setattr(engines, "run_on_engine", job)
    run, again = engine_units._children.run, []
    monkeypatch.setattr(
        engine_units._children, "run", lambda phase, seconds: (again.append(phase.task.name), run(phase, seconds))
    )
    damaged = sorted((there / WORK / "done" / "0").glob("*.json"))[1]
    damaged.write_text("{}", encoding="utf-8")
    found = go(chosen, units, there, shards=3, options=ENGINE, resume=True)
    assert adds_up(found)
    assert again == [damaged.stem]
    go(chosen, units, tmp_path / "here")
    assert content(there) == content(tmp_path / "here")


def _ends(*_):
    raise OSError(5, "the driver ends here")


def _not_again(*_):
    raise AssertionError("the engine is asked again")
