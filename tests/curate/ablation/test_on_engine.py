"""An ablation whose scoring an engine does: the report of a local one, and what it finished is not done again."""

import json

import pytest

from curate.ablation import driver
from curate.commands import running
from curate.rundir import RunError, UsageError
from pipelines import engine_phases, engines
from pipelines.pool import PoolError
from tests.curate.ablation.tools import BODY, run_ablation, texts, without_times, write

ENGINE = ["--runner", "FnApiRunner"]
DATA = {
    "name": "test",
    "controls": [],
    "recipe": {
        "name": "base",
        "stages": [BODY, {"tests.strategies.Trouble": {"kind": "raise"}}, "dedup/lines", "dedup/exact"],
    },
    "arms": {"no-lines": {"dedup/lines": "off"}},
}


def test_an_engine_scores_what_this_machine_scores(tmp_path, monkeypatch):
    inputs = [write(tmp_path / "a.jsonl", texts(6, 40)), write(tmp_path / "b.jsonl", texts(7, 30), 200)]
    here = run_ablation(DATA, inputs, tmp_path / "here")
    assert sum(arm["failed"] for arm in here["arms"]) > 0
    there, file = tmp_path / "there", tmp_path / "ablation.yaml"
    file.write_text(json.dumps(DATA))
    monkeypatch.setattr(running, "beam_options", ENGINE)

    def command(resume: bool) -> None:
        running.ablate(str(file), inputs=list(map(str, inputs)), output=str(there), shards=2, resume=resume)

    with monkeypatch.context() as stopped:
        stopped.setattr(driver, "build", _ends)
        with pytest.raises(SystemExit):
            command(resume=False)
    assert len(list(there.glob("scored/pages/*.parquet"))) > 1
    with monkeypatch.context() as checked:
        checked.setattr(engines, "run_on_engine", _not_again)
        command(resume=True)
    assert without_times(json.loads((there / "report.json").read_text())) == without_times(here)
    assert sorted(path.name for path in there.iterdir()) == sorted(path.name for path in (tmp_path / "here").iterdir())


def _ends(*_):
    raise PoolError("the driver ends here")


def _not_again(*_):
    raise AssertionError("the engine is asked again")


def test_what_cannot_be_asked_of_an_engine_is_told_before_anything_is_written(tmp_path):
    inputs = [write(tmp_path / "a.jsonl", texts(6, 5))]
    for options, said in ((["--template_location", "gs://b/t"], "no template"), (["--rnner", "x"], "--rnner")):
        with pytest.raises(UsageError, match=said):
            run_ablation(DATA, inputs, tmp_path / "out", options=options)
    assert not (tmp_path / "out").exists()


def test_an_input_that_a_worker_cannot_open_fails_the_job(tmp_path, monkeypatch):
    inputs = [write(tmp_path / "a.jsonl", texts(6, 5))]
    plan = driver.plan_units
    monkeypatch.setattr(driver, "plan_units", lambda *given: (plan(*given), inputs[0].unlink())[0])
    monkeypatch.setattr(driver.rundir, "identities", lambda found: [])
    with pytest.raises(RunError, match="FnApiRunner gave up"):
        run_ablation(DATA, inputs, tmp_path / "out", options=ENGINE)


def test_a_worker_runs_the_plan_that_the_driver_wrote(tmp_path):
    path = tmp_path / "plan"
    with pytest.raises(FileNotFoundError):
        list(engine_phases._planned((str(path), "")))
    path.write_bytes(b"another plan")
    with pytest.raises(OSError, match="not the plan"):
        list(engine_phases._planned((str(path), "0" * 64)))
