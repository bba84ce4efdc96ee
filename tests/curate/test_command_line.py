"""The command line as its users meet it: one clear line, the right exit code, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.curate.running_tools import write_rows

ROOT = Path(__file__).resolve().parents[2]
RECIPE = "name: a\nstages: [language/script, dedup/exact]\n"


def _curate(*arguments, **more):
    if not more:
        return forked.command(*arguments, cwd=ROOT)
    command = [sys.executable, "-m", "curate.cli", *map(str, arguments)]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.run(command, cwd=ROOT, text=True, timeout=120, check=False, **given)


@pytest.fixture
def job(tmp_path):
    """A recipe and an input, as arguments of curate run."""
    (tmp_path / "r.yaml").write_text(RECIPE)
    write_rows(tmp_path / "a.jsonl", ["one text", "another text"])
    return ["run", tmp_path / "r.yaml", "--input", tmp_path / "a.jsonl", "--workers", "1"]


def _one_line(done, code, *said):
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("curate: ")
    for part in said:
        assert part in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "recipe"),
        (["frobnicate"], "frobnicate"),
        (["run", "c4", "--inptu", "x"], "--input"),
        (["run", "c4", "--workers", "0"], "--workers"),
        (["run", "c4", "--limit", "none"], "--limit"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, said):
    _one_line(_curate(*arguments), 2, said, "--help")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["stray"], "stray"),
        (["--runner=FnApiRunner", "stray"], "stray"),
        (["--runner", "DataflowRunner"], "project"),
    ],
)
def test_beam_options_that_cannot_work_are_told_before_anything_is_written(tmp_path, job, options, said):
    _one_line(_curate(*job, "--output", tmp_path / "out", "--", *options), 2, "Beam options", said)
    assert not (tmp_path / "out").exists()


def test_an_output_that_beam_cannot_open(job):
    _one_line(_curate(*job, "--output", "nothing://bucket/out"), 2, "nothing://bucket/out")


def test_a_run_that_was_ended_before_it_began_can_be_resumed(tmp_path, job):
    work = tmp_path / "out" / ".curate"
    work.mkdir(parents=True)
    (work / "lock").touch()
    _one_line(_curate(*job, "--output", tmp_path / "out"), 2, "--resume")
    assert _curate(*job, "--output", tmp_path / "out", "--resume").returncode == 0


def test_a_damaged_state_is_not_resumed(tmp_path, job):
    work = tmp_path / "out" / ".curate"
    work.mkdir(parents=True)
    (work / "state.json").write_text("no JSON")
    _one_line(_curate(*job, "--output", tmp_path / "out", "--resume"), 2, "state.json", "damaged")


@pytest.mark.parametrize("arguments", [["plan", "dclm-baseline"], ["strategies", "--json"]])
def test_nobody_reads_on(arguments):
    command = [sys.executable, "-m", "curate.cli", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, b"")


def test_a_run_ends_well_whoever_listens(tmp_path, job):
    command = [sys.executable, "-m", "curate.cli", *map(str, job), "--output", str(tmp_path / "a")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.close()
    assert process.returncode == 0
    shell = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command[:-1], tmp_path / "b"], cwd=ROOT, timeout=120)
    assert shell.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_no_space_for_what_is_shown():
    with open("/dev/full", "w") as full:
        _one_line(_curate("plan", "dclm-baseline", stdout=full), 1, "No space left")


def test_a_name_that_the_terminal_cannot_show(tmp_path, job):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    assert _curate(*job, "--output", tmp_path / "출력", env=environment).returncode == 0


def _warnings(done):
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("curate: warning: ")]


def test_an_input_of_which_nothing_can_be_read_is_refused(tmp_path, job):
    (tmp_path / "b.warc").write_text("no archive")
    job[job.index("--input") + 1] = tmp_path / "b.warc"
    _one_line(_curate(*job, "--output", tmp_path / "out"), 2, "b.warc: not a format that can be read")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["TROUBLE", "TROUBLE", "kept"], "2 of 3 records failed"),
        (["TROUBLE", "kept"], ""),  # half, and no more
        (["TROUBLE", "TROUBLE", ""], "nothing was kept, and 2 of 3 records failed"),
        (["TROUBLE", "", ""], "nothing was kept, and 1 of 3 records failed"),
        (["", ""], ""),  # nothing was kept, and nothing failed
    ],
)
def test_a_run_of_which_most_failed_is_warned_about(tmp_path, texts, said):
    (tmp_path / "r.yaml").write_text("stages: [quality/length: {min_words: 1}, tests.strategies.Trouble]\n")
    write_rows(tmp_path / "a.jsonl", texts)
    done = _curate("run", tmp_path / "r.yaml", tmp_path / "a.jsonl", "--output", tmp_path / "out", "--workers", "1")
    mostly = "nothing" in said and texts.count("TROUBLE") * 2 > len(texts)
    assert done.returncode == mostly
    found = [line for line in done.stderr.splitlines() if line.startswith("curate: ")]
    assert len(found) == bool(said)
    mark = "" if mostly else "warning: "
    assert all(line.startswith(f"curate: {mark}{said}, most by tests.strategies.Trouble: ") for line in found)
