"""One graph on two workers that share nothing with the driver but an object store gives the rows of a local run."""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from curate import running
from pipelines import storage
from tests.curate.running_tools import adds_up, content, go, recipe, write_rows
from tests.engines import runners
from tests.engines.store import serving


def _can_isolate() -> str:
    """Why workers cannot be isolated here; empty where they can."""
    if not shutil.which("unshare"):
        return "the command unshare is not there"
    if os.getuid() != 0:
        return "namespaces need root"
    done = subprocess.run(["unshare", "--mount", "--pid", "--ipc", "--fork", "true"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "this machine allows no namespaces"


pytestmark = pytest.mark.skipif(bool(_can_isolate()), reason=_can_isolate())


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CURATE_TEST_VISIBLE", runners.visible())
    monkeypatch.setenv("CURATE_TEST_WORKER_LOG", str(tmp_path / "workers.log"))
    monkeypatch.setenv("CURATE_TEST_CODE", str(runners.ROOT))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(runners.packages()))
    monkeypatch.setattr(running, "SMALLEST_UNIT", 1)  # several units even of the smallest files
    with serving() as found:
        yield found


def told_by_workers(store) -> dict[str, dict[str, list[str]]]:
    """What each worker said it did: by worker and by verb, paths."""
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(store.objects):
        if name.startswith("log/"):
            what, path = json.loads(store.objects[name])
            told[name.split("/")[1]][what].append(path)
    return told


def fetched(store, output: str, folder: Path) -> Path:
    """The files of an output, copied here."""
    for name, data in store.objects.items():
        if f"store://{name}".startswith(output + "/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder / output.removeprefix("store://")


@pytest.mark.parametrize("runner", ["Isolated", pytest.param("Unfused", marks=pytest.mark.long)])
def test_rows_are_those_of_a_local_run(store, tmp_path, runner):
    texts = [f"{n} " + " ".join(f"word{n * k % 97}" for k in range(1, 60)) for n in range(40)] * 2
    inputs = [write_rows(tmp_path / f"{n}.jsonl", texts[n::4], 1000 * n) for n in range(4)]
    for path in inputs:
        store.objects[f"in/{path.name}"] = path.read_bytes()
    chosen = recipe("quality/length", "dedup/minhash", "cleanup/unicode")
    here = go(chosen, inputs, tmp_path / "here", workers=2)
    options = ["--runner", f"tests.engines.runners.{runner}", "--direct_num_workers", "2"]
    there = go(chosen, ["store://in/*.jsonl"], "store://out", options=options, workers=4)
    assert adds_up(here) and adds_up(there)
    assert here["dropped"] >= 40
    assert content(fetched(store, "store://out", tmp_path)) == content(tmp_path / "here")
    told = told_by_workers(store)
    assert len(told) == 2
    files = {worker: ({*said["read"]}, {*said["wrote"]}) for worker, said in told.items()}
    for read, wrote in files.values():
        assert not [path for path in read | wrote if storage.is_local(path)]
        assert wrote
        others = set().union(*(more for _, more in files.values() if more is not wrote))
        assert read & others, "each worker reads what the other wrote"


def on_isolated_workers(*arguments) -> subprocess.CompletedProcess:
    """curate run on two isolated workers, by the command."""
    command = [sys.executable, "-m", "tests.engines.drive", "run", *map(str, arguments), "--", "--runner"]
    more = ["tests.engines.runners.Isolated", "--direct_num_workers", "2"]
    return subprocess.run([*command, *more], cwd=runners.ROOT, capture_output=True, text=True, timeout=240, check=False)


def test_paths_of_this_machine_end_the_job_and_are_named(store, tmp_path):
    rows_file = write_rows(tmp_path / "a.jsonl", ["word " * 60])
    store.objects["in/a.jsonl"] = rows_file.read_bytes()
    chosen = tmp_path / "r.yaml"
    chosen.write_text("name: a\nstages: [quality/length]\n", encoding="utf-8")
    read_here = on_isolated_workers(chosen, rows_file, "--output", "store://out")
    assert read_here.returncode == 1
    assert f"{rows_file}: No such file or directory; do its workers see this path?" in read_here.stderr
    written_here = on_isolated_workers(chosen, "store://in/a.jsonl", "--output", tmp_path / "out")
    assert written_here.returncode == 1
    assert f"{tmp_path / 'out'}/.curate/state.json: No such file or directory; do its workers" in written_here.stderr
