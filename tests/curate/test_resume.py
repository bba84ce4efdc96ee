"""Resumed runs: what was finished counts, what was tampered with is refused or does not add up, CPU adds up."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate import running
from curate.rundir import RunError, UsageError, unread
from filters.contracts import Extractor, strategy
from filters.document import Document, Drop, RawPage
from pipelines import manifest
from pipelines.inputs import ReadTask
from pipelines.manifest import PieceRead, ReadRecord
from pipelines.reading.units import Piece
from tests.curate.running_tools import adds_up, content, go, recipe, write_rows

BODY = "tests.strategies.Body"
ELSEWHERE = "tests.curate.test_resume.Elsewhere"


class _Elsewhere:
    """Says that a child spends a second on each page."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0

    def __call__(self, page: RawPage) -> Document:
        self.cpu_seconds += 1.0
        return page.document(page.body.decode())


@strategy
class Elsewhere(Extractor):
    """Extracts in another process, or says so."""

    def open(self) -> Callable[[RawPage], Document | Drop]:
        return _Elsewhere()


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three files, each a unit of its own."""
    made = [write_rows(tmp_path / f"{n}.jsonl", [f"text {n} {k} " * 5 for k in range(12)], 100 * n) for n in range(3)]
    monkeypatch.setattr(running, "LARGEST_UNIT", made[0].stat().st_size * 3 // 2)
    return made


def _stop(*_: Any) -> Any:
    raise RunError("stopped here")


def _stopped(monkeypatch: pytest.MonkeyPatch, at: str, chosen: Any, inputs: list[Path], output: Path) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(running, at, _stop)
        with pytest.raises(RunError, match="stopped here"):
            go(chosen, inputs, output)


def _without_a_unit(state: dict[str, Any], other: Path) -> None:
    del state["units"][1]


def _with_another_path(state: dict[str, Any], other: Path) -> None:
    piece = state["units"][1]["pieces"][0]
    piece["path"], piece["size"] = str(other), other.stat().st_size


def _with_a_unit_twice(state: dict[str, Any], other: Path) -> None:
    state["units"].append({**state["units"][1], "name": "again"})


def _shorter(state: dict[str, Any], other: Path) -> None:
    state["units"][0]["pieces"][0]["end"] = 50


TAMPERED = [
    (_without_a_unit, "the plan does not cover the whole file"),
    (_with_another_path, "the plan does not cover the whole file"),
    (_with_a_unit_twice, "was read twice"),
    (_shorter, "the plan does not cover the whole file"),
]


@pytest.mark.parametrize(("tamper", "said"), TAMPERED)
def test_a_state_that_was_tampered_with_is_refused(tmp_path, monkeypatch, inputs, tamper, said):
    out, chosen = tmp_path / "out", recipe(BODY)
    _stopped(monkeypatch, "_on_this_machine", chosen, inputs, out)
    path = out / ".curate" / "state.json"
    sealed = json.loads(path.read_text())
    assert len(sealed["data"]["units"]) == 3
    tamper(sealed["data"], write_rows(tmp_path / "other.jsonl", ["other"]))
    path.write_text(json.dumps(sealed))
    with pytest.raises(UsageError, match="is damaged"):
        go(chosen, inputs, out, resume=True)


@pytest.mark.parametrize(("tamper", "said"), TAMPERED)
def test_a_plan_that_leaves_something_out_does_not_add_up(tmp_path, monkeypatch, inputs, tamper, said):
    """Even where the checksum is right."""
    out, chosen = tmp_path / "out", recipe(BODY)
    _stopped(monkeypatch, "_on_this_machine", chosen, inputs, out)
    path = str(out / ".curate" / "state.json")
    state = manifest.read_sealed(path)
    tamper(state, write_rows(tmp_path / "other.jsonl", ["other"]))
    manifest.write_sealed(path, state)
    result = go(chosen, inputs, out, resume=True)
    assert result["conserved"] is False
    assert any(said in sentence for sentence in result["differences"]["plan"])


def test_a_state_of_another_version_is_refused(tmp_path, monkeypatch, inputs):
    out, chosen = tmp_path / "out", recipe(BODY)
    _stopped(monkeypatch, "_on_this_machine", chosen, inputs, out)
    path = out / ".curate" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text())["data"]))
    with pytest.raises(UsageError, match="another version of curate"):
        go(chosen, inputs, out, resume=True)


def test_manifests_that_were_replaced_are_made_again(tmp_path, monkeypatch, inputs):
    out, chosen = tmp_path / "out", recipe(BODY, "dedup/exact")
    go(chosen, inputs, tmp_path / "whole")
    _stopped(monkeypatch, "_finish", chosen, inputs, out)
    found = sorted((out / ".curate" / "done").rglob("*.json"))
    assert len(found) == 6
    for path in found:
        path.write_text("[]")
    assert adds_up(go(chosen, inputs, out, resume=True))
    assert content(out) == content(tmp_path / "whole")


def test_an_input_that_changed_while_it_was_read_does_not_add_up(tmp_path, monkeypatch, inputs):
    plan_units = running.plan_units

    def growing(*arguments: Any) -> Any:
        planned = plan_units(*arguments)
        with inputs[1].open("a") as file:
            file.write('{"text": "one more"}\n')
        return planned

    monkeypatch.setattr(running, "plan_units", growing)
    result = go(recipe(BODY), inputs, tmp_path / "out")
    assert result["conserved"] is False
    (said,) = result["differences"]["plan"]
    assert "1.jsonl had" in said


def test_cpu_of_finished_units_counts_that_of_their_children_too(tmp_path, monkeypatch, inputs):
    out, chosen = tmp_path / "out", recipe(ELSEWHERE)
    _stopped(monkeypatch, "_finish", chosen, inputs, out)
    result = go(chosen, inputs, out, resume=True)
    assert adds_up(result)
    assert result["stages"][1]["cpu_seconds"] >= 36
    assert result["cpu_seconds"] >= sum(stage["cpu_seconds"] for stage in result["stages"])
    assert go(chosen, inputs, tmp_path / "whole")["stages"][1]["cpu_seconds"] >= 36


@pytest.mark.parametrize("damage", [True, False])
def test_verify_reads_everything_once_more(tmp_path, monkeypatch, inputs, damage):
    hashed: list[str] = []
    sha256 = manifest.storage.sha256

    def hashing(path: str) -> str:
        hashed.append(path)
        return "0" * 64 if damage and "/kept/" in path else sha256(path)

    monkeypatch.setattr(manifest.storage, "sha256", hashing)
    go(recipe(BODY), inputs, tmp_path / "plain")
    assert not hashed
    if damage:
        with pytest.raises(RunError, match=r"kept/.* is damaged"):
            go(recipe(BODY), inputs, tmp_path / "out", verify=True)
    else:
        assert adds_up(go(recipe(BODY), inputs, tmp_path / "out", verify=True))
        assert len(hashed) == 9  # a file of kept/, one of the ledger and a sketch for each unit


def _read(*pieces: PieceRead) -> list[ReadRecord]:
    return [ReadRecord("u", pieces, 0, 0, 0, {}, 0, 0.0)]


def test_what_a_plan_and_a_reading_leave_out_is_told():
    tasks = [ReadTask("a", (Piece("x", 0, 10, 30), Piece("x", 10, None, 30))), ReadTask("b", (Piece("y", 0, None, 5),))]
    whole = [PieceRead("x", 0, 10, 30, 1), PieceRead("x", 10, None, 30, 1), PieceRead("y", 0, None, 5, 2)]
    assert unread(["x", "y"], tasks, _read(*whole)) == []
    assert unread(["x", "y"], tasks, _read(*whole[1:])) == ["x from 0 to 10 was not read"]
    assert unread(["x", "y"], tasks, _read(*whole, whole[2])) == ["y from 0 to the end was read twice"]
    assert unread(["x", "y", "z"], tasks, _read(*whole)) == ["z: the plan does not cover the whole file"]
    unknown = PieceRead("y", 0, None, -1, 0)
    assert unread(["x", "y"], tasks, _read(*whole[:2], unknown)) == []
    shorter = PieceRead("y", 0, None, 4, 2)
    assert unread(["x", "y"], tasks, _read(*whole[:2], shorter)) == [
        "y had 5 bytes when the run began, and 4 when it was read"
    ]
