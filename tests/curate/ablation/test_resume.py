"""An ablation that was stopped, and then lost something, makes that again and ends as if nothing had happened."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.ablation import driver
from curate.rundir import RunError, UsageError
from pipelines.pool import PoolError
from tests.curate.ablation.tools import BODY, run_ablation, texts, without_times, write

ROWS = 130
DATA = {
    "recipe": {
        "name": "base",
        "stages": [
            BODY,
            "cleanup/unicode",
            {"tests.strategies.Characters": {"least": 20}},
            "dedup/lines",
            {"quality/length": {"min_words": 4}},
            "dedup/exact",
        ],
    },
    "arms": {"loose": {"quality/length": {"min_words": 1}}, "no-lines": {"dedup/lines": "off"}},
    "seeds": 2,
}


def _cut_rows(path: Path) -> None:
    table = pq.read_table(path)
    assert table.num_rows > 100
    pq.write_table(table.slice(0, table.num_rows - 100), path, compression="zstd", write_page_checksum=True)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty_list(path: Path) -> None:
    path.write_text("[]")


def _other_manifest(path: Path) -> None:
    """Put another whole manifest in the place of this one."""
    other = next(other for other in sorted(path.parents[1].rglob("*.json")) if other != path)
    path.write_bytes(other.read_bytes())


SCORED, PAGES = "scored/00-*/*.parquet", "scored/pages/*.parquet"
LATER = "scored/*-dedup-lines/*.parquet"
TEXTS, MANIFESTS = ".curate/texts/01-*/*.parquet", ".curate/done/score/*.json"


@pytest.mark.parametrize(
    ("pattern", "harm"),
    [
        pytest.param(SCORED, os.unlink, id="scored-lost"),
        pytest.param(SCORED, _cut_rows, id="scored-cut-by-100-rows"),
        pytest.param(SCORED, _flip, id="scored-flipped"),
        pytest.param(LATER, os.unlink, id="scored-after-corpus-lost"),
        pytest.param(LATER, _flip, id="scored-after-corpus-flipped"),
        pytest.param(PAGES, _cut, id="pages-cut"),
        pytest.param(PAGES, _cut_rows, id="pages-cut-by-100-rows"),
        pytest.param(PAGES, os.unlink, id="pages-lost"),
        pytest.param(TEXTS, os.unlink, id="texts-lost"),
        pytest.param(MANIFESTS, _cut, id="manifest-cut"),
        pytest.param(MANIFESTS, _empty_list, id="manifest-empty"),
        pytest.param(MANIFESTS, _other_manifest, id="another-manifest"),
        pytest.param(".curate/done/spool-*/*.json", _cut, id="manifest-of-the-spool-cut"),
        pytest.param(".curate/spool/*/*.keys", _flip, id="keys-flipped"),
    ],
)
def test_what_was_lost_is_made_again(pattern, harm, stopped):
    inputs, output, whole = stopped
    harmed = sorted(output.glob(pattern))[0]
    before = harmed.read_bytes()
    harm(harmed)
    notes: list[str] = []
    progress = driver.Progress(tell=lambda now: notes.extend(now.notes))
    report = run_ablation(DATA, inputs, output, resume=True, progress=progress)
    assert without_times(report) == whole
    assert any("is repeated" in note for note in notes)
    if harmed.exists():  # what lies in .curate is deleted at the end
        assert harmed.read_bytes() == before


@pytest.fixture
def stopped(tmp_path, monkeypatch) -> tuple[list[Path], Path, dict]:
    """Inputs, the directory of an ablation that was stopped when all was scored, and an undisturbed report."""
    inputs = [write(tmp_path / "a.jsonl", texts(seed=6, count=ROWS)), write(tmp_path / "b.jsonl", texts(7, 120), 200)]
    whole = without_times(run_ablation(DATA, inputs, tmp_path / "whole"))
    output = tmp_path / "out"
    _stop_at(monkeypatch, "build", lambda: run_ablation(DATA, inputs, output))
    return inputs, output, whole


def _stop_at(monkeypatch, name: str, run: Callable[[], object]) -> None:
    def stop(*_: object) -> None:
        raise PoolError("stopped here")

    with monkeypatch.context() as broken:
        broken.setattr(driver, name, stop)
        with pytest.raises(RunError, match="stopped here"):
            run()


def test_an_ablation_goes_on_where_it_stopped(tmp_path, monkeypatch):
    inputs = [write(tmp_path / "a.jsonl", texts(seed=6, count=30))]
    characters = "tests.strategies.Characters"
    data = {
        "recipe": {"name": "base", "stages": [BODY, {characters: {"least": 20}}, "dedup/lines", "dedup/exact"]},
        "leave_one_out": True,
        "sweeps": {f"{characters}.least": [60, 100]},
        "jointly": True,
    }
    whole = run_ablation(data, inputs, tmp_path / "whole")
    output = tmp_path / "out"
    _stop_at(monkeypatch, "_steps_before", lambda: run_ablation(data, inputs, output))
    assert not (output / "report.json").exists()
    with pytest.raises(UsageError):
        run_ablation(data, inputs, output)
    for other in ({"leave_one_out": False}, {"sweeps": {f"{characters}.least": [100]}}, {"jointly": False}):
        with pytest.raises(UsageError, match="cannot resume"):
            run_ablation({**data, **other}, inputs, output, resume=True)
    again = run_ablation(data, inputs, output, resume=True)
    assert without_times(again) == without_times(whole)


def test_a_plan_whose_units_were_changed_is_refused(tmp_path, monkeypatch):
    inputs = [write(tmp_path / "a.jsonl", texts(seed=6, count=30)), write(tmp_path / "b.jsonl", texts(7, 20), 40)]
    data = {"recipe": {"name": "base", "stages": [BODY]}, "arms": {"a": {"after": {BODY: "dedup/exact"}}}}
    output = tmp_path / "out"
    _stop_at(monkeypatch, "build", lambda: run_ablation(data, inputs, output))
    path = output / ".curate" / "state.json"
    state = json.loads(path.read_text())
    units = state["data"]["units"]
    units[0] = units[0][:-1]
    path.write_text(json.dumps(state))
    with pytest.raises(UsageError, match="damaged"):
        run_ablation(data, inputs, output, resume=True)


def test_only_the_very_same_ablation_is_resumed(tmp_path, monkeypatch):
    inputs = [write(tmp_path / "a.jsonl", texts(seed=6, count=20))]
    lines = {"after": {BODY: "dedup/lines"}}
    data = {"recipe": {"name": "base", "stages": [BODY]}, "arms": {"a": lines, "b": {"after": {BODY: "dedup/bff"}}}}
    output = tmp_path / "out"
    _stop_at(monkeypatch, "build", lambda: run_ablation(data, inputs, output))
    turned = {**data, "arms": dict(reversed(data["arms"].items()))}  # text paths are numbered in the order of the arms
    for other in (turned, {**data, "arms": {"a": lines}}):
        with pytest.raises(UsageError, match="cannot resume: the recipe or a model changed"):
            run_ablation(other, inputs, output, resume=True)
    resumed = run_ablation({**data, "samples": 3}, inputs, output, resume=True)  # what is decided anew may change
    assert len(resumed["arms"]) == 3
