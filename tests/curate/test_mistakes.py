"""The mistakes that everybody makes once: each message is one line that names the way out, and none is a traceback."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import forked
from tests.curate.running_tools import write_rows
from tests.pipelines.reading.archives import member, record

ROOT = Path(__file__).resolve().parents[2]
RECIPE = "stages: [language/script, dedup/exact]\n"
KOREAN = [{"번호": n, "본문": f"{n}번째 글입니다. 본문이 길어야 본문인 줄 압니다."} for n in range(30)]


def _curate(folder, *arguments, env=None, **more):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    if not env and not more:
        return forked.command(*arguments, cwd=folder, env=environment)
    command = [sys.executable, "-m", "curate", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, timeout=120, check=False, capture_output=True, **more
    )


def _jsonl(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder as a new user has it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "r.yaml").write_text(RECIPE)
    write_rows(folder / "a.jsonl", ["one text of some words", "another text of other words"])
    (folder / "news.jsonl").write_text(_jsonl(KOREAN))
    pq.write_table(pa.Table.from_pylist(KOREAN), folder / "news.parquet")
    (folder / "news.csv").write_bytes(
        "번호,본문\r\n".encode("cp949") + "".join(f"{row['번호']},{row['본문']}\r\n" for row in KOREAN).encode("cp949")
    )
    (folder / "deep.jsonl").write_text(_jsonl({"id": "1", "data": {"body": "text " * 9, "n": 1}} for _ in range(9)))
    (folder / "numbers.jsonl").write_text(_jsonl({"text": n, "title": "a title of words"} for n in range(9)))
    (folder / "pretty.json").write_text(json.dumps({"text": "one"}, indent=2))
    (folder / "a.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)))
    (folder / "a.wat.gz").write_bytes(b"".join(member(record(b"{}", n, "metadata")) for n in range(300)))
    (folder / "empty").mkdir()
    (folder / "occupied").mkdir()
    (folder / "occupied" / "thesis.txt").write_text("mine")
    (folder / "tabs.yaml").write_text("stages:\n\t- dedup/exact\n")
    (folder / "korean.yaml").write_bytes("name: a\ndescription: 한국어\nstages: [dedup/exact]\n".encode("cp949"))
    (folder / "model.yaml").write_text("stages: [quality/fasttext: {model: models/mine.bin}]\n")
    (folder / "url.yaml").write_text("stages: [quality/fasttext: {model: 'https://me:pw@host.example/m.bin?key=1'}]\n")
    (folder / "lists.yaml").write_text("stages: [toxicity/wordlist: {lists: {ko: pipe}}]\n")
    (folder / "extra.yaml").write_text("stages: [extraction/justext]\n")
    os.mkfifo(folder / "pipe")
    (folder / "hides" / "filters").mkdir(parents=True)
    (folder / "hides" / "filters" / "__init__.py").write_text("")
    (folder / "lacks").mkdir()
    (folder / "lacks" / "justext.py").write_text("import lxml.html.clean_that_is_gone\n")
    return folder


RUN = ["run", "r.yaml", "-o", "out", "-i"]
MISTAKES = {
    "a path": ([*RUN, "nothing.jsonl"], ["nothing.jsonl: no such file"]),
    "a glob": ([*RUN, "*.warc.gz"], ["*.warc.gz: matches no file"]),
    "an empty folder": ([*RUN, "empty"], ["empty: is a folder in which no file", "empty/*"]),
    "a pipe": ([*RUN, "pipe"], ["pipe: is a pipe, not a file"]),
    "a list of no files": ([*RUN, "@a.jsonl"], ["no such file (named in a.jsonl)"]),
    "no input": (["run", "r.yaml", "-o", "out"], ["--input"]),
    "no output": (["run", "r.yaml", "a.jsonl"], ["--output"]),
    "a column of JSONL": (
        [*RUN, "news.jsonl"],
        ["no field 'text'", "번호, 본문", "--text-field 본문", "rows: {text: "],
    ),
    "a column of Parquet": ([*RUN, "news.parquet"], ["no field 'text'", "번호, 본문", "--text-field 본문"]),
    "a column of CSV in CP949": ([*RUN, "news.csv"], ["no field 'text'", "번호, 본문", "--text-field 본문"]),
    "a field within": ([*RUN, "deep.jsonl"], ["id, data.body, data.n", "--text-field data.body"]),
    "a misspelt option of a field": (
        [*RUN, "news.jsonl", "--text-field", "본믄"],
        ["no field '본믄'", "--text-field 본문"],
    ),
    "numbers for text": ([*RUN, "numbers.jsonl"], ["the field 'text' holds no text", "--text-field title"]),
    "one JSON object over lines": ([*RUN, "pretty.json"], ["one object a line", "jq -c"]),
    "a PDF": ([*RUN, "a.pdf"], ["a.pdf: not a format that can be read", "PDF", "WARC"]),
    "a recipe": (["run", "kleu", "a.jsonl", "-o", "out"], ["kleu: no such file", "did you mean klue?"]),
    "an ablation for a recipe": (["run", "pii", "a.jsonl", "-o", "out"], ["curate ablate pii"]),
    "tabs": (["plan", "tabs.yaml"], ["line 2", "spaces, not with tabs"]),
    "a recipe that is not UTF-8": (["plan", "korean.yaml"], ["korean.yaml", "not UTF-8"]),
    "a stage of --set": ([*RUN, "a.jsonl", "--set", "dedup.x=1"], ["--set dedup.x=1", "dedup/exact"]),
    "a setting of --set": (
        [*RUN, "a.jsonl", "--set", "language/script.keeep=en"],
        ["--set language/script.keeep=en", "did you mean keep?"],
    ),
    "a value of --set": ([*RUN, "a.jsonl", "--set", "language/script.min_score=2"], ["min_score", "got 2"]),
    "a model": (["run", "model.yaml", "a.jsonl", "-o", "out"], ["models/mine.bin", "No such file"]),
    "a model to plan": (["plan", "model.yaml"], ["models/mine.bin", "No such file"]),
    "a list that is a pipe": (["plan", "lists.yaml"], ["pipe is a pipe, not a file"]),
    "an output that is a file": (["run", "r.yaml", "a.jsonl", "-o", "a.jsonl"], ["a.jsonl: is a file"]),
    "an output in use": (["run", "r.yaml", "a.jsonl", "-o", "occupied"], ["occupied: ", "not empty"]),
    "nothing to resume": (["run", "r.yaml", "a.jsonl", "-o", "occupied", "--resume"], ["occupied: "]),
    "an output that cannot be": (["run", "r.yaml", "a.jsonl", "-o", "/proc/out"], ["/proc/out: cannot be written"]),
}


def _one_line(done, code=2):
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("curate: ")
    return lines[0]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_names_the_way_out(desk, mistake):
    arguments, said = MISTAKES[mistake]
    line = _one_line(_curate(desk, *arguments))
    for part in said:
        assert part in line
    assert not (desk / "out").exists()
    assert (desk / "occupied" / "thesis.txt").read_text() == "mine"


def test_an_archive_of_other_records_is_named_and_read_as_nothing(desk, tmp_path):
    done = _curate(desk, "run", "r.yaml", "a.wat.gz", "-o", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "a.wat.gz: no pages" in done.stderr and "give the WARC or the WET file" in done.stderr
    assert "nothing was read; records of other types: 300 metadata" in done.stderr + done.stdout


def test_credentials_are_not_shown(desk):
    done = _curate(desk, "plan", "url.yaml")
    line = _one_line(done)
    assert "host.example" in line
    assert "pw" not in line + done.stdout
    assert "key=1" not in line + done.stdout


def test_a_package_of_the_users_own_is_named(desk):
    line = _one_line(_curate(desk, "plan", "r.yaml", env={"PYTHONPATH": f"{desk / 'hides'}:{ROOT}"}))
    assert "'filters'" in line
    assert str(desk / "hides" / "filters") in line


def test_packages_in_the_working_directory_hide_nothing_and_its_strategies_are_found(desk):
    folder = desk / "hides"
    (folder / "mine.py").write_text(
        "from filters.contracts import Rewriter, strategy\n\n\n@strategy\nclass Upper(Rewriter):\n"
        '    """Upper case."""\n\n    def open(self):\n        return lambda d: d.with_text(d.text.upper())\n'
    )
    (folder / "m.yaml").write_text("stages: [mine.Upper]\n")
    done = _curate(folder, "run", "m.yaml", desk / "a.jsonl", "-o", "upper", "--workers", "1")
    assert done.returncode == 0, done.stderr
    kept = pq.read_table(folder / "upper" / "kept")["text"].to_pylist()
    assert kept == ["ONE TEXT OF SOME WORDS", "ANOTHER TEXT OF OTHER WORDS"]


def test_an_extra_that_is_there_and_cannot_be_imported(desk):
    for arguments in (["plan", "extra.yaml"], ["run", "extra.yaml", "a.jsonl", "-o", "out"]):
        line = _one_line(_curate(desk, *arguments, env={"PYTHONPATH": f"{desk / 'lacks'}:{ROOT}"}))
        assert "extraction/justext needs the package justext" in line
        assert "pip install 'curate-lm-text[extractors]'" in line
    assert not (desk / "out").exists()


def test_windows_ends_of_lines_are_ends(desk):
    (desk / "windows.yaml").write_bytes(b"name: w\r\nstages:\r\n  - dedup/exact\r\n")
    (desk / "list").write_bytes(b"a.jsonl\r\n")
    done = _curate(desk, "run", "windows.yaml", "-i", "@list", "-o", "windows", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads((desk / "windows" / "run.json").read_text())["kept"] == 2


def test_a_file_without_the_field_beside_one_that_has_it_is_refused(desk):
    line = _one_line(_curate(desk, *RUN, "a.jsonl", "-i", "news.jsonl"))
    assert line.startswith("curate: news.jsonl: no field 'text'")


def test_damage_beside_what_can_be_read_is_warned_about(desk):
    (desk / "cut.jsonl").write_bytes(b'{"text": "ab')
    done = _curate(desk, "run", "r.yaml", "a.jsonl", "cut.jsonl", "-o", "damaged", "--workers", "1")
    assert done.returncode == 0
    assert "curate: warning: cut.jsonl: json_error" in done.stderr
    assert "kept" in done.stdout


def test_fields_settings_and_dropped_texts_by_option(desk):
    done = _curate(
        desk, "run", "r.yaml", "news.csv", "-o", "news", "--text-field", "본문", "--id-field", "번호",
        "--carry", "번호",
        "--set", "language/script.keep=en", "--dropped-text", "--workers", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dropped = pq.read_table(desk / "news" / "dropped").to_pylist()
    assert len(dropped) == 30
    assert {row["id"] for row in dropped} == {str(n) for n in range(30)}
    assert all("번째 글입니다" in row["text"] for row in dropped)
    filled = json.loads((desk / "news" / "run.json").read_text())["recipe"]
    rows = {"text": "본문", "id": "번호", "url": "url", "date": "", "carry": ["번호"], "max_bytes": 64 << 20}
    assert filled["rows"] == rows
    assert filled["stages"][1]["language/script"]["keep"] == ["en"]


NARROW = {"LC_ALL": "C", "TERM": "dumb", "COLUMNS": "40", "NO_COLOR": "1"}


def test_a_narrow_dumb_terminal_in_the_c_locale_shows_all(desk):
    (desk / "long.yaml").write_text(
        "stages: [cleanup/unicode, cleanup/newlines, cleanup/urls, quality/gopher-repetition]\n"
    )
    done = _curate(desk, "run", "long.yaml", "a.jsonl", "-o", "기록", "--workers", "1", env=NARROW)
    assert done.returncode == 0, done.stderr
    for stage in ("cleanup/unicode", "cleanup/newlines", "cleanup/urls", "quality/gopher-repetition"):
        assert stage in done.stdout
    assert "…" not in done.stdout
    assert "Traceback" not in done.stderr


def _little_space():
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))


def test_no_space_is_said_and_leaves_no_result(desk):
    done = _curate(desk, "run", "r.yaml", "a.jsonl", "-o", "full", "--workers", "1", preexec_fn=_little_space)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert not (desk / "full" / "run.json").exists()


def _interruptible():
    """A shell's background jobs, and what they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_two_runs_in_one_place_and_control_c_and_resume(desk):
    (desk / "slow.yaml").write_text("stages: [tests.strategies.Waiting: {file: go}, dedup/exact]\n")
    command = [sys.executable, "-m", "curate", "run", "slow.yaml", "a.jsonl", "-o", "slow", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    asked = {"cwd": desk, "env": environment, "stderr": subprocess.PIPE, "text": True, "preexec_fn": _interruptible}
    with subprocess.Popen(command, **asked) as first:
        deadline = time.monotonic() + 60
        while not (desk / "slow" / ".curate" / "state.json").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        arguments = ["run", "slow.yaml", "a.jsonl", "-o", "slow", "--workers", "1"]
        assert "slow: the output directory is in use" in _one_line(_curate(desk, *arguments))
        assert "in use by a run in progress" in _one_line(_curate(desk, *arguments, "--resume"))
        first.send_signal(signal.SIGINT)
        said = first.stderr.read()
        assert first.wait(30) == 130
    assert "curate: interrupted; the same command with --resume continues" in said
    assert "Traceback" not in said
    assert "--resume" in _one_line(_curate(desk, *arguments))
    (desk / "go").touch()
    done = _curate(desk, *arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert json.loads((desk / "slow" / "run.json").read_text())["kept"] == 2
