"""Phases and manifests: what is finished is found again, what is damaged is made again, and both are said."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from filters.chain import StepBook
from pipelines import manifest, storage, watch
from pipelines.curation import end_with_manifest
from pipelines.manifest import (
    BooksRecord,
    EvidenceRecord,
    FileRecord,
    FormatError,
    Manifest,
    ManifestError,
    PieceRead,
    ReadRecord,
    ScoredRecord,
    Shard,
)
from pipelines.phases import Phases, Progress, Work
from pipelines.pool import PoolError


class _Unit:
    """A task that writes its name into a file, and counts how often it was run in another."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Make(beam.DoFn):
    def __init__(self, root: str) -> None:
        self.root = root

    def process(self, unit: Any) -> Any:
        watch.begin_page(unit.name, 0)
        with (Path(self.root) / "runs").open("a") as runs:
            runs.write(f"{unit.name}\n")
        with storage.writing(f"{self.root}/made/{unit.name}") as file:
            file.write(unit.name.encode() * 100)
        yield FileRecord("made", f"made/{unit.name}", 1, file.written, file.hexdigest())


def _build(root: str, pipeline: beam.Pipeline, task: _Unit, path: str) -> None:
    end_with_manifest([pipeline | beam.Create([task], reshuffle=False) | beam.ParDo(_Make(root))], path, 0.0)


def _works(root: Path, *names: str) -> list[Work]:
    return [Work(partial(_build, str(root)), _Unit(name), name) for name in names]


def _ran(root: Path) -> list[str]:
    found = (root / "runs").read_text().split() if (root / "runs").exists() else []
    (root / "runs").unlink(missing_ok=True)
    return found


EVERYTHING = Manifest(
    files=(
        FileRecord("dropped", "dropped/a.parquet", 1, 100, "cd", 1, f"{5:032x}", {"a": {"rule": 1}}),
        FileRecord("kept", "kept/a.parquet", 3, 200, "ab", 2, f"{7:032x}"),
    ),
    shards=(Shard("u-1", "u", "s/u.spool.parquet", "s/u.keys", 4, "cd", "ef", 100, 50),),
    reads=(ReadRecord("u", (PieceRead("가.warc", 0, None, 9, 3),), 3, 1, 0, {"response": 2}, 12, 0.5),),
    books=(BooksRecord("u", {"a": StepBook(3, 2, 1, edits=Counter(x=4))}, 0.25),),
    scored=(ScoredRecord("u", {0: 0.1}, {2: 0.25}, {0: {"rule": 5}}, 0.5),),
    evidence=(EvidenceRecord("a", {"clusters": 2, "warnings": ["one"], "share": 0.5, "cut": None}, 0.1),),
    cpu_seconds=1.5,
)


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    path = str(tmp_path / "m.json")
    manifest.write(path, EVERYTHING)
    found = manifest.read(path)
    assert found == EVERYTHING
    assert found.cpu_seconds == 1.5
    assert found.cpu_elsewhere == 0.75
    records = [*found.evidence, *found.scored, *found.books, *found.reads, *found.shards, *found.files, *found.files]
    assert Manifest.of(records, 1.5) == EVERYTHING
    counted = replace(EVERYTHING, repeated_ids=2)
    manifest.write(path, counted)
    assert manifest.read(path) == counted


NAMED = {"format": manifest.FORMAT, "name": "done/m.json"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "damaged"),
        ("[]", "damaged"),
        ("null", "damaged"),
        ("{}", "another format"),
        (json.dumps({"format": manifest.FORMAT - 1}), "another format"),
        (json.dumps({"format": manifest.FORMAT}), "another file"),
        (json.dumps(NAMED), "its checksum differs"),
        (json.dumps({**NAMED, "sha256": "", "data": {}}), "its checksum differs"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "m.json").write_text(content)
    with pytest.raises(ManifestError, match=rf"m\.json: .*{said}"):
        manifest.read(str(tmp_path / "done" / "m.json"))


def test_a_sealed_file_of_something_else_is_no_manifest(tmp_path: Path) -> None:
    for data in ([], {"files": [{"table": "kept"}]}, {"files": 3}):
        manifest.write_sealed(str(tmp_path / "m.json"), data)
        with pytest.raises(ManifestError, match="is not a manifest"):
            manifest.read(str(tmp_path / "m.json"))


def test_every_byte_of_a_manifest_counts(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    manifest.write(str(path), EVERYTHING)
    whole = path.read_bytes()
    for place in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:place])
        with pytest.raises(ManifestError):
            manifest.read(str(path))
        flipped = bytearray(whole)
        flipped[place] ^= 1
        if flipped.decode("utf-8", "replace").split() != whole.decode().split():
            path.write_bytes(bytes(flipped))
            with pytest.raises(ManifestError):
                manifest.read(str(path))


def test_another_format_is_told_apart_from_damage(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    manifest.write(str(path), EVERYTHING)
    sealed = json.loads(path.read_text())
    path.write_text(json.dumps({**sealed, "format": 1}))
    with pytest.raises(FormatError):
        manifest.read(str(path))


@pytest.mark.parametrize("workers", [1, 2])
def test_finished_units_are_not_run_again_and_their_cpu_counts(tmp_path: Path, workers: int) -> None:
    with Phases(str(tmp_path)) as first:
        made = first.run("a", _works(tmp_path, "x", "y"))
    assert sorted(_ran(tmp_path)) == ["x", "y"]
    assert all(one.cpu_seconds > 0 for one in made)
    with Phases(str(tmp_path), workers, resume=True) as again:
        found = again.run("a", _works(tmp_path, "x", "y", "z"))
        assert again.cpu_seconds >= sum(one.cpu_seconds for one in made)
    assert _ran(tmp_path) == ["z"]
    assert found[:2] == made
    assert again.made_again == []


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root: (root / "made" / "x").unlink(), r"made/x is missing"),
        (lambda root: _flip(root / "made" / "x"), r"made/x is damaged"),
        (lambda root: (root / "made" / "x").write_bytes(b"xx"), r"made/x has 2 bytes instead of 100"),
        (lambda root: _flip(_manifest(root)), r"x\.json: "),
        (lambda root: _manifest(root).write_text("[]"), r"x\.json: is damaged"),
        (lambda root: _manifest(root).write_bytes(_manifest(root).read_bytes()[:90]), r"x\.json: is damaged"),
    ],
)
def test_what_was_damaged_since_is_made_again_and_said(tmp_path: Path, damage: Any, said: str) -> None:
    with Phases(str(tmp_path)) as phases:
        before = phases.run("a", _works(tmp_path, "x", "y"))
    _ran(tmp_path)
    damage(tmp_path)
    told: list[tuple[str, ...]] = []
    progress = Progress(tell=lambda state: told.append(state.notes))
    with Phases(str(tmp_path), resume=True, progress=progress) as phases:
        assert phases.run("a", _works(tmp_path, "x", "y")) == before
    assert _ran(tmp_path) == ["x"]
    (note,) = phases.made_again
    assert note.startswith("unit x is repeated: ")
    assert re.search(said, note)
    assert told[-1] == (note,)


def _manifest(root: Path) -> Path:
    return root / ".curate" / "done" / "a" / "x.json"


class _Lying(_Make):
    def process(self, unit: Any) -> Any:
        for record in super().process(unit):
            yield FileRecord(record.table, record.path, record.rows, record.bytes, "0" * 64)


def _build_lying(root: str, pipeline: beam.Pipeline, task: _Unit, path: str) -> None:
    end_with_manifest([pipeline | beam.Create([task], reshuffle=False) | beam.ParDo(_Lying(root))], path, 0.0)


def test_verify_hashes_what_was_just_written(tmp_path: Path) -> None:
    work = Work(partial(_build_lying, str(tmp_path)), _Unit("x"), "x")
    with Phases(str(tmp_path)) as phases:
        phases.run("a", [work])
    said = r"unit x finished, but .*made/x is damaged"
    with Phases(str(tmp_path), verify=True) as phases, pytest.raises(PoolError, match=said):
        phases.run("b", [work])


def test_each_run_in_a_process_counts_its_own_pages(tmp_path: Path) -> None:
    for phase in ("first", "second"):
        with Phases(str(tmp_path)) as phases:
            phases.run(phase, _works(tmp_path, "a", "b"))
        assert phases.progress.pages == 2
        assert phases.startup_seconds > 0


def _ends_early() -> None:
    raise EOFError("a document's text")


def test_an_error_of_a_call_is_told_and_not_tried_again(tmp_path: Path) -> None:
    with Phases(str(tmp_path), 2) as phases, pytest.raises(PoolError, match=r"^error:EOFError: EOFError at "):
        phases.call(_ends_early, "deciding")
