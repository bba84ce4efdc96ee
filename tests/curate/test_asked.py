"""What run, ablate and export refuse before they touch anything, and what they never delete."""

import os
import random
import resource
from pathlib import Path

import pytest

import curate
from curate import rundir, running
from curate.export.export import export
from curate.rundir import RunDirectory, RunError, UsageError, identities
from pipelines import storage
from pipelines.reading.units import find
from tests.curate.running_tools import adds_up, go, recipe, write_rows

BODY = "tests.strategies.Body"
ABLATION = {"name": "a", "recipe": {"name": "b", "stages": [BODY, "dedup/exact"]}, "leave_one_out": True}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """A file of rows, in a working directory with a user's files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.parquet").write_bytes(b"precious")
    return str(write_rows(tmp_path / "rows.jsonl", ["one text", "another text"]))


def _everything(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in Path(folder).rglob("*")}


WRONG = {
    "an empty output": ({"output": ""}, "output: the path is empty"),
    "a NUL in the output": ({"output": "a\0b"}, "output: .* NUL"),
    "an output of bytes": ({"output": b"out"}, "output: a path"),
    "no output": ({"output": None}, "output: a path, got NoneType"),
    "an output that is not UTF-8": ({"output": "a\udcff"}, "output: .*not UTF-8"),
    "a folder in use": ({"output": "."}, "in use"),
    "a file": ({"output": "rows.jsonl"}, "is a file"),
    "a NUL in an input": ({"inputs": ["rows.jsonl", "a\0b"]}, "inputs: .* NUL"),
    "an empty input": ({"inputs": [""]}, "inputs: the path is empty"),
    "a limit of 0": ({"limit": 0}, "limit: a whole number of at least 1, got 0"),
    "a limit below": ({"limit": -3}, "limit: a whole number of at least 1, got -3"),
    "a limit that is no number": ({"limit": True}, "limit: a whole number"),
    "no workers": ({"workers": 0}, "workers: a whole number of at least 1, got 0"),
    "a stall of no time": ({"stall_seconds": 0}, "stall_seconds: a number above 0"),
    "a stall that is no time": ({"stall_seconds": float("nan")}, "stall_seconds: a number above 0"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("call", [curate.run, curate.ablate])
def test_what_cannot_be_is_refused_before_anything_is_touched(rows, wrong, call):
    arguments, said = WRONG[wrong]
    chosen = ABLATION if call is curate.ablate else {"name": "r", "stages": [BODY]}
    before = _everything(".")
    with pytest.raises(UsageError, match=said):
        call(chosen, **{"inputs": [rows], "output": "out", "workers": 1, **arguments})
    assert _everything(".") == before


@pytest.mark.parametrize("against", ["", "a\0b"])
def test_an_earlier_run_that_cannot_be_is_refused(rows, against):
    with pytest.raises(UsageError, match="against: "):
        curate.run({"name": "r", "stages": [BODY, "dedup/exact"]}, [rows], "out", against=against)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"output": ""}, "output: the path is empty"),
        ({"output": "a\0b"}, "output: .* NUL"),
        ({"output": "kept"}, "not an empty folder"),
        ({"run": ""}, "run: the path is empty"),
        ({"run": "a\0b"}, "run: .* NUL"),
        ({"run": "kept"}, r"no run\.json"),
        ({"shards": 0}, "shards: a whole number"),
    ],
)
def test_an_export_refuses_likewise(rows, arguments, said):
    go(recipe(BODY), [rows], "done")
    before = _everything(".")
    with pytest.raises(UsageError, match=said):
        export(**{"run": "done", "output": "exported", **arguments})
    assert _everything(".") == before


def _stopped(monkeypatch, rows, output):
    def stop(*_):
        raise RunError("stopped here")

    with monkeypatch.context() as broken:
        broken.setattr(running, "_finish", stop)
        with pytest.raises(RunError, match="stopped here"):
            go(recipe(BODY), [rows], output)


def test_a_run_deletes_nothing_of_the_users(rows, tmp_path, monkeypatch):
    _stopped(monkeypatch, rows, "out")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    mine = [elsewhere / f".tmp-{'0' * 32}"]
    for name in ("kept/mine.parquet", "kept/.tmp-mine", "failed/notes.txt", ".curate/notes.txt", "keys/k/mine.keys"):
        mine.append(Path("out") / name)
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    Path("out/kept/linked").symlink_to(elsewhere)
    assert adds_up(go(recipe(BODY), [rows], "out", resume=True))
    assert all(path.read_bytes() == b"precious" for path in mine)
    assert os.listdir("out/.curate") == ["notes.txt"]


def test_a_folder_that_is_called_like_a_runs_own_is_not_taken_for_one(rows):
    Path("out/.curate").mkdir(parents=True)
    Path("out/.curate/notes.txt").write_text("precious")
    for resume in (False, True):
        with pytest.raises(UsageError, match="in use"):
            go(recipe(BODY), [rows], "out", resume=resume)
    assert Path("out/.curate/notes.txt").read_text() == "precious"


def test_a_start_that_fails_leaves_no_lock(rows, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("curate.rundir.manifest.write_sealed", _full)
        with pytest.raises(UsageError, match="out: cannot be written: No space left on device"):
            go(recipe(BODY), [rows], "out")
    with monkeypatch.context() as broken:
        broken.setattr("curate.running.tasks_of", _full)
        with pytest.raises(RunError, match="No space left"):
            go(recipe(BODY), [rows], "out", resume=True)
    assert adds_up(go(recipe(BODY), [rows], "out", resume=True))


def _full(*_):
    raise OSError(28, "No space left on device")


FULL = {
    "run": lambda: curate.run({"name": "r", "stages": [BODY, "dedup/exact"]}, ["rows.jsonl"], "out", workers=1),
    "ablate": lambda: curate.ablate(ABLATION, ["rows.jsonl"], "out", workers=1),
    "export": lambda: export("done", "out", "jsonl.gz"),
}


@pytest.mark.parametrize("size", [0, 1000, 3000, 6000, 12000, 20000])
@pytest.mark.parametrize("what", FULL)
def test_a_full_disk_is_one_error_that_names_a_path(tmp_path, monkeypatch, what, size):
    """Wherever the space ends: at the plan, a table, the spool, the keys, or run.json."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", [f"text {n} {random.Random(n).randbytes(40).hex()}" for n in range(300)])
    if what == "export":
        go(recipe(BODY), [tmp_path / "rows.jsonl"], tmp_path / "done")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    said = ""
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        FULL[what]()
    except RunError as error:
        said = str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if size < 20000 or said:
        assert "File too large" in said
        assert "out" in said or "curate-export-" in said
        assert not Path("out/run.json").exists()
    assert not list(Path("out").rglob(".tmp-*")), "what is not whole is gone"


def test_inputs_that_changed_between_stop_and_resume_are_noticed(rows, monkeypatch):
    """By size, by time, and by content where size and time are the same."""
    _stopped(monkeypatch, rows, "out")
    path, before = Path(rows), Path(rows).stat()
    text = path.read_text()
    path.write_text(text.replace("one text", "one test"))
    with pytest.raises(UsageError, match=r"the input files changed \(.*rows.jsonl has another time\)"):
        go(recipe(BODY), [rows], "out", resume=True)
    os.utime(rows, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(UsageError, match=r"the input files changed \(.*rows.jsonl has another content\)"):
        go(recipe(BODY), [rows], "out", resume=True)
    path.write_text(text + text)
    with pytest.raises(UsageError, match=r"the input files changed \(.*rows.jsonl has another size\)"):
        go(recipe(BODY), [rows], "out", resume=True)
    other = write_rows(Path("other.jsonl"), ["a text"])
    with pytest.raises(UsageError, match=r"the input files changed \(other.jsonl is new\)"):
        go(recipe(BODY), [other], "out", resume=True)
    path.write_text(text)
    os.utime(rows, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert adds_up(go(recipe(BODY), [rows], "out", resume=True))


@pytest.mark.parametrize("size", [1, 4096, (256 << 10), (256 << 10) + 1, 5_000_000])
def test_content_is_sampled_from_the_beginning_to_the_end(tmp_path, size):
    path = tmp_path / "input"
    data = bytearray(random.Random(size).randbytes(size))
    path.write_bytes(data)
    (before,) = identities({str(path): None})
    places = range(size) if size <= 4096 else (0, size // 3, size // 2, size - 1)
    noticed = 0
    for place in list(places)[:50]:
        changed = bytearray(data)
        changed[place : place + 80_000] = bytes(byte ^ 0xFF for byte in data[place : place + 80_000])
        path.write_bytes(changed)
        os.utime(path, ns=(before["time"], before["time"]))
        noticed += identities({str(path): None}) != [before]
    assert noticed == len(list(places)[:50])


def test_elsewhere_the_stores_own_version_counts(monkeypatch):
    versions = iter([("a", 1.0, "etag-1"), ("a", 1.0, "etag-1"), ("a", 1.0, "etag-2"), ("a", 2.0, "etag-2")])

    class Systems:
        now = None

        def match(self, patterns):
            from apache_beam.io.filesystem import FileMetadata, MatchResult

            self.now = next(versions)
            return [MatchResult(patterns[0], [FileMetadata(patterns[0], 9, self.now[1])])]

        def checksum(self, path):
            return self.now[2]

    systems = Systems()
    monkeypatch.setattr(storage, "_systems", lambda: systems)
    found = [identities(find(["s3://bucket/a.warc.gz"])) for _ in range(4)]
    assert found[0] == found[1] == [{"path": "s3://bucket/a.warc.gz", "size": 9, "time": 1.0, "checksum": "etag-1"}]
    assert found[1] != found[2] != found[3]


@pytest.mark.parametrize(("most", "sums"), [(2, ["sum", "sum"]), (1, ["", ""])])
def test_of_many_files_elsewhere_no_checksums_are_asked_for(monkeypatch, most, sums):
    monkeypatch.setattr(rundir, "CHECKSUMS", most)
    monkeypatch.setattr(storage, "checksum", lambda path: "sum")
    found = identities({f"s3://bucket/{name}": storage.Listed(9, 1.0) for name in "ab"})
    assert [one["checksum"] for one in found] == sums


def test_a_directory_is_released_by_close(tmp_path):
    first = RunDirectory(str(tmp_path / "out"))
    first.begin({}, False)
    second = RunDirectory(str(tmp_path / "out"))
    with pytest.raises(UsageError, match="run in progress"):
        second.begin({}, True)
    first.close()
    second.begin({}, True)
    second.close()
