"""Runs: nothing is lost, the same input gives the same output, and what goes wrong costs what it touches."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from curate.rundir import UsageError
from pipelines import inputs as units
from pipelines import stage
from pipelines.manifest import FileRecord
from tests import forked
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows

BODY = "tests.strategies.Body"
ROOT = Path(__file__).resolve().parent.parent.parent


def _texts(count: int, start: int = 0) -> list[str]:
    return [f"text number {n} " + "word " * (n % 40) for n in range(start, start + count)]


def _inputs(folder: Path, files: int = 6, each: int = 40) -> list[Path]:
    return [write_rows(folder / f"{n}.jsonl", _texts(each, n * each), n * each) for n in range(files)]


def _stages(trouble: str = "raise"):
    return [
        BODY,
        {"tests.strategies.Characters": {"least": 30}},
        {"tests.strategies.Trouble": {"kind": trouble, "word": "number 77 "}},
        "tests.strategies.Upper",
    ]


def test_everything_is_kept_dropped_or_failed(tmp_path):
    result = go(recipe(*_stages()), _inputs(tmp_path), tmp_path / "out")
    assert adds_up(result)
    assert result["read"] == {"files": 6, "records": 240, "failed": 0, "types": result["read"]["types"]}
    assert result["failed"] == 1
    assert result["stages"][2]["dropped_by_rule"] == {"too_short": result["dropped"]}
    (failed,) = rows(tmp_path / "out", "failed")
    assert (failed["id"], failed["stage"], failed["reason"]) == ("77", "tests.strategies.Trouble", "error:ValueError")
    assert failed["source"].endswith("1.jsonl")
    assert failed["offset"] == 38
    for row in rows(tmp_path / "out", "dropped"):
        assert row["value"] < row["threshold"] == 30
    kept = rows(tmp_path / "out", "kept")
    assert all(row["text"] == row["text"].upper() for row in kept)
    assert not (tmp_path / "out" / units.WORK).exists()
    assert json.loads((tmp_path / "out" / "run.json").read_text())["conserved"] is True


class _Stumbling:
    """A reader that gives two events and then has a fault."""

    def __init__(self, reader):
        self.types, self._reader = reader.types, reader

    def steps(self):
        events = self._reader.steps()
        yield next(events)
        yield next(events)
        raise KeyError("a fault")


def test_a_fault_of_the_reader_costs_its_file_and_no_other(tmp_path, monkeypatch):
    inputs = _inputs(tmp_path, files=3, each=4)

    true = units.read

    def faulty(piece, fields):
        reader = true(piece, fields)
        return _Stumbling(reader) if piece.path.endswith("1.jsonl") else reader

    monkeypatch.setattr(units, "read", faulty)
    result = go(recipe(BODY), inputs, tmp_path / "out")
    assert adds_up(result)
    assert (result["kept"], result["failed"]) == (10, 1)
    (failed,) = rows(tmp_path / "out", "failed")
    assert (failed["reason"], failed["source"]) == ("error:KeyError", str(inputs[1]))


def test_fields_by_name_go_along_through_every_stage(tmp_path):
    lines = [
        {"content": "가나다라 마바사", "doc": "a", "license": "by", "meta": {"tags": ["x"]}},
        {"content": "가나다라 마바사", "doc": "b", "license": "by"},
        {"content": "다른 문장이다. 둘째 문장이다.", "doc": "c", "meta": {"tags": None}},
        {"text": "no content", "doc": "d"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    fields = {"text": "content", "id": "doc", "carry": ["license", "meta.tags"]}
    stages = ["dedup/exact", {"cleanup/sentences": {"emit": "sentences"}}]
    result = go(recipe(*stages, rows=fields), [path], tmp_path / "out", workers=2)
    assert adds_up(result)
    assert (result["kept"], result["dropped"], result["failed"]) == (2, 1, 1)
    kept = {row["id"]: (row["license"], row["meta.tags"]) for row in rows(tmp_path / "out", "kept")}
    assert kept == {"a#0": ("by", '["x"]'), "c#0": (None, None), "c#1": (None, None)}
    assert rows(tmp_path / "out", "failed")[0]["detail"] == "line 4: the field 'content' is missing"


def test_sentences_are_kept_once_and_count_their_own_personal_data(tmp_path):
    texts = [
        "문의는 a@example.com 으로 한다. 하늘이 맑다. 답은 b@example.com 이나 c@example.com 이 한다.",
        "하늘이 맑다. 바람이 분다. 문의 사항",
    ]
    split = {"cleanup/sentences": {"judges": ["quality/sentence"], "emit": "sentences"}}
    scrub = "pii/patterns"
    inputs = [write_rows(tmp_path / "rows.jsonl", texts)]
    result = go(recipe(split, "dedup/lines", scrub), inputs, tmp_path / "out")
    assert adds_up(result)
    kept = {row["text"]: row["pii_email"] for row in rows(tmp_path / "out", "kept")}
    assert len(kept) == len(rows(tmp_path / "out", "kept")) == 4
    assert kept["하늘이 맑다."] == kept["바람이 분다."] == 0
    assert sorted(kept.values()) == [0, 0, 1, 2]
    # where a later stage changes the lines, nobody can tell whose a count was
    go(recipe(split, scrub, "dedup/lines"), inputs, tmp_path / "other")
    assert None in {row["pii_email"] for row in rows(tmp_path / "other", "kept")}


def test_workers_order_and_cutting_do_not_change_the_result(tmp_path):
    inputs = _inputs(tmp_path)
    go(recipe(*_stages()), inputs, tmp_path / "one")
    go(recipe(*_stages()), reversed(inputs), tmp_path / "reversed")
    go(recipe(*_stages()), inputs, tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "reversed")


def test_steps_take_batches_and_the_result_is_that_of_pages_one_by_one(tmp_path, monkeypatch):
    inputs = [*_inputs(tmp_path, 3, 50), write_rows(tmp_path / "empty.jsonl", [])]
    found = []
    for items, size in ((1, 1), (7, 1 << 30), (1 << 30, 1_000), (1 << 30, 1 << 30)):
        monkeypatch.setattr(stage, "BATCH_ITEMS", items)
        monkeypatch.setattr(stage, "BATCH_BYTES", size)
        output = tmp_path / f"{items}-{size}"
        assert adds_up(go(recipe(*_stages()), inputs, output))
        found.append({table: rows(output, table) for table in ("kept", "dropped", "failed")})
    assert all(tables == found[0] for tables in found)
    assert all(found[0].values())


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--runner", "FnApiRunner"], marks=pytest.mark.long),
        ["--runner", "FnApiRunner", "--direct_runner_bundle_repeat", "1"],
        ["--runner", "FnApiRunner", "--direct_running_mode", "multi_processing", "--direct_num_workers", "2"],
    ],
)
def test_the_graph_in_one_piece_gives_the_same(tmp_path, options):
    inputs = _inputs(tmp_path, 4, 20)
    go(recipe(*_stages()), inputs, tmp_path / "pool")
    result = go(recipe(*_stages()), inputs, tmp_path / "engine", options=options)
    assert adds_up(result)
    assert content(tmp_path / "pool") == content(tmp_path / "engine")


@pytest.mark.parametrize(("kind", "reason"), [("kill", "worker_died"), ("stall", "worker_stalled")])
def test_a_page_that_ends_its_worker_costs_that_page(tmp_path, kind, reason):
    inputs = _inputs(tmp_path)
    stall_seconds = 5 if kind == "stall" else 120  # a busy machine is no stall
    result = go(recipe(*_stages(kind)), inputs, tmp_path / "out", workers=2, stall_seconds=stall_seconds)
    assert adds_up(result)
    (failed,) = rows(tmp_path / "out", "failed")
    assert (failed["id"], failed["reason"], failed["offset"]) == ("77", reason, 38)


def test_a_worker_that_dies_from_outside_costs_no_page(tmp_path):
    inputs = _inputs(tmp_path)
    result = go(recipe(*_stages(f"once:{tmp_path / 'flag'}")), inputs, tmp_path / "out", workers=2)
    assert adds_up(result)
    assert (tmp_path / "flag").exists()
    assert result["failed"] == 0


def test_a_stage_that_loses_a_document_is_found(tmp_path, monkeypatch):
    real = stage._RunSteps.process

    def losing(self, element):
        if element[1].offset != 5:
            yield from real(self, element)

    monkeypatch.setattr(stage._RunSteps, "process", losing)
    result = go(recipe(BODY), _inputs(tmp_path, 1), tmp_path / "out")
    assert result["conserved"] is False
    assert [key[1] for key in result["differences"]["missing"]] == [5]
    assert result["differences"]["extra"] == []


def test_a_stage_that_loses_one_and_doubles_another_is_found(tmp_path):
    stages = [BODY, {"tests.strategies.Trouble": {"kind": "double", "word": "number 7 "}}]
    result = go(recipe(*stages), _inputs(tmp_path, 1), tmp_path / "out")
    assert result["conserved"] is False
    assert result["kept"] + result["dropped"] + result["failed"] == result["read"]["records"]
    assert [key[1] for key in result["differences"]["missing"]] == [8]
    assert [key[1] for key in result["differences"]["extra"]] == [7]


def test_a_run_that_does_not_add_up_exits_with_one(tmp_path):
    write_rows(tmp_path / "a.jsonl", _texts(20))
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: a\nstages:\n  - tests.strategies.Body\n  - tests.strategies.Trouble: {kind: double, word: 'number 7 '}\n"
    )
    done = _curate("run", path, "--input", tmp_path / "a.jsonl", "--output", tmp_path / "out", "--workers", "1")
    assert done.returncode == 1
    assert "does not add up" in done.stderr
    assert "missing" in done.stdout


def test_repeated_ids_are_told_and_not_merged(tmp_path):
    write_rows(tmp_path / "a.jsonl", ["one", "two"])
    write_rows(tmp_path / "b.jsonl", ["three", "four"], first=1)
    result = go(recipe(BODY), [tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out")
    assert adds_up(result)
    assert result["kept"] == 4
    assert result["repeated_ids"] == 2


def test_files_are_closed_at_their_size(tmp_path):
    result = go(recipe(BODY, output={"file_bytes": 4000}), _inputs(tmp_path, 1, 200), tmp_path / "out")
    files = [file for file in result["files"] if file["table"] == "kept"]
    assert len(files) > 3
    assert sum(file["rows"] for file in files) == 200


def test_limit_reads_the_first_records(tmp_path):
    inputs = _inputs(tmp_path)
    result = go(recipe(BODY), inputs, tmp_path / "out", limit=50)
    assert adds_up(result)
    assert sorted(int(row["id"]) for row in rows(tmp_path / "out", "kept")) == list(range(50))


def test_dropped_texts_are_written_on_request_and_scrubbed(tmp_path):
    write_rows(tmp_path / "a.jsonl", ["short mail a.person@example.com"])
    stages = [BODY, {"tests.strategies.Characters": {"least": 1000}}]
    go(recipe(*stages, output={"dropped_text": True}), [tmp_path / "a.jsonl"], tmp_path / "out")
    (row,) = rows(tmp_path / "out", "dropped")
    assert row["text"].startswith("short mail")
    assert "a.person" not in row["text"]


@pytest.mark.parametrize("texts", [[], ["only one"]])
def test_no_input_at_all_and_one_row(tmp_path, texts):
    write_rows(tmp_path / "a.jsonl", texts)
    (tmp_path / "a.jsonl").write_text((tmp_path / "a.jsonl").read_text() or "\n")
    result = go(recipe(BODY), [tmp_path / "a.jsonl"], tmp_path / "out")
    assert adds_up(result)
    assert result["kept"] == len(texts)


def _curate(*arguments, **more):
    if not more:
        return forked.command(*arguments, cwd=ROOT)
    command = [sys.executable, "-m", "curate.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **more)


@pytest.mark.parametrize(
    ("recipe_text", "arguments", "said"),
    [
        ("name: a\nstages: [quality/nothing]\n", [], "quality/nothing"),
        ("name: a\nstages:\n  - tests.strategies.Characters: {leest: 1}\n", [], "did you mean least"),
        ("name: a\nstages: [tests.strategies.Body]\n", ["--input", "no/such/*.warc.gz"], "no/such"),
        ("name: a\nstages: [{language/fasttext: {model: no/model.bin}}]\n", [], "no/model.bin"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_2(tmp_path, recipe_text, arguments, said):
    (tmp_path / "r.yaml").write_text(recipe_text)
    write_rows(tmp_path / "a.jsonl", ["text"])
    arguments = arguments or ["--input", tmp_path / "a.jsonl"]
    done = _curate("run", tmp_path / "r.yaml", *arguments, "--output", tmp_path / "out")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_output_directory_in_use_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(UsageError, match="in use"):
        go(recipe(BODY), _inputs(tmp_path, 1), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_resume_refuses_what_changed(tmp_path):
    inputs = _inputs(tmp_path, 2)
    (tmp_path / "out" / units.WORK).mkdir(parents=True)
    first = recipe(*_stages())
    _begin_only(first, inputs, tmp_path / "out")
    with pytest.raises(UsageError, match="the recipe or a model changed"):
        go(recipe(BODY), inputs, tmp_path / "out", resume=True)
    inputs[0].write_text(inputs[0].read_text() + json.dumps({"text": "more"}) + "\n")
    with pytest.raises(UsageError, match="the input files changed"):
        go(first, inputs, tmp_path / "out", resume=True)


def _begin_only(chosen, inputs, output):
    """Leave a directory as a run does that was killed at once."""
    from curate import rundir
    from curate.running import plan_units
    from pipelines.reading.units import sizes_of

    paths = [str(path) for path in inputs]
    directory = rundir.RunDirectory(str(output))
    (output / units.WORK).rmdir()
    directory.begin(
        {
            "fingerprint": chosen.fingerprint(),
            "versions": rundir.versions(),
            "inputs": [rundir.input_identity(path) for path in paths],
            "limit": None,
            "units": units.task_state(plan_units(sizes_of(dict.fromkeys(paths)), 1, None)),
        },
        resume=False,
    )
    directory.close()


def test_a_killed_run_is_resumed_to_the_same_result_and_leaves_no_process(tmp_path):
    inputs = _inputs(tmp_path, 4, 50)
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: a\nstages:\n  - tests.strategies.Body\n  - tests.strategies.Characters: {least: 30}\n"
        "  - tests.strategies.Slow: {milliseconds: 5}\n  - dedup/exact\n  - dedup/minhash\n  - tests.strategies.Upper\n"
    )
    arguments = ["run", path, *(part for one in inputs for part in ("--input", one)), "--workers", "2"]
    whole = _curate(*arguments, "--output", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    for moment in (0.1, 2.5, 3.5, 4.5):
        command = [sys.executable, "-m", "curate.cli", *map(str, arguments), "--output", str(tmp_path / "killed")]
        if (tmp_path / "killed").exists() and any((tmp_path / "killed").iterdir()):
            command.append("--resume")
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    if not (tmp_path / "killed" / "run.json").exists():
        resumed = [] if not any((tmp_path / "killed").glob("*")) else ["--resume"]
        done = _curate(*arguments, "--output", tmp_path / "killed", *resumed)
        assert done.returncode == 0, done.stderr
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_files_that_a_killed_worker_left_unfinished_are_gone_in_the_end(tmp_path):
    from curate.rundir import RunDirectory

    out = tmp_path / "out"
    go(recipe(BODY), _inputs(tmp_path, 1), out)
    named = {path for path in out.rglob("*") if path.is_file()}
    files = [FileRecord(**file) for file in json.loads((out / "run.json").read_text())["files"]]
    for folder in ("kept", "dropped", "failed", "keys"):
        (out / folder).mkdir(exist_ok=True)
        (out / folder / f".tmp-{'0123' * 8}").write_bytes(b"half")
    (kept,) = (Path(file.path).name for file in files if file.table == "kept")
    unit = kept.rpartition("-")[0].rpartition("-")[0]
    (out / "kept" / f"{unit}-000-01234567.parquet").write_bytes(b"an earlier attempt")
    mine = {out / "kept" / name for name in ("mine.parquet", ".tmp-mine", "mine-000-01234567.parquet", "more/a.txt")}
    (out / "kept" / "more").mkdir()
    for path in mine:
        path.write_bytes(b"precious")
    RunDirectory(str(out)).remove_orphans(files, [unit])
    assert {path for path in out.rglob("*") if path.is_file()} == named | mine


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--no_such_option"], "--no_such_option"),
        (["--runner", "NoSuchRunner"], "NoSuchRunner"),
        (["--direct_num_workers", "many"], "many"),
    ],
)
def test_options_that_beam_does_not_know_are_refused_before_anything_is_written(tmp_path, options, said, capfd):
    with pytest.raises(UsageError, match=said):
        go(recipe(BODY), _inputs(tmp_path, 1), tmp_path / "out", options=options)
    assert not (tmp_path / "out").exists()
    assert capfd.readouterr().err == ""


def test_beam_options_reach_the_pool_and_a_replayed_bundle_counts_once(tmp_path):
    inputs = _inputs(tmp_path, 2)
    go(recipe(*_stages()), inputs, tmp_path / "one")
    result = go(recipe(*_stages()), inputs, tmp_path / "replayed", options=["--direct_runner_bundle_repeat", "1"])
    assert adds_up(result)
    assert content(tmp_path / "one") == content(tmp_path / "replayed")


def test_a_table_without_rows_still_tells_its_columns(tmp_path):
    import pyarrow.parquet as pq

    result = go(
        recipe(BODY, {"tests.strategies.Characters": {"least": 10_000}}), _inputs(tmp_path, 1), tmp_path / "out"
    )
    assert adds_up(result)
    for table, count in (("kept", 0), ("dropped", 40), ("failed", 0)):
        found = pq.read_table(tmp_path / "out" / table)
        assert found.num_rows == count
        assert {"id", "source", "offset"} <= set(found.column_names)
    assert len({file["table"] for file in result["files"]}) == 3
