"""A worker that is killed ends the job with a reason, nothing is left behind, and resuming reads nothing again."""

import json
import subprocess
import time

import psutil
import pytest

from tests.curate.running_tools import content, go, write_rows
from tests.engines.isolated import cannot_isolate, command, fetched, on_isolated_workers, told_by_workers

pytestmark = [pytest.mark.engines, pytest.mark.skipif(bool(cannot_isolate()), reason=cannot_isolate())]


def _until(seconds, found):
    deadline = time.monotonic() + seconds
    while not (what := found()):
        assert time.monotonic() < deadline, "this does not happen"
        time.sleep(0.2)
    return what


def _descendants(process):
    return psutil.Process(process.pid).children(recursive=True)


def _sdk_worker(process, worker):
    """The process of an engine's worker, seen from outside of its namespace."""
    for one in _descendants(process):
        with_name = one.name().startswith("python") and "tests.engines.worker" in one.cmdline()
        if with_name and one.environ().get("WORKER_ID") == worker:
            return one
    raise AssertionError(f"no process of {worker}")


@pytest.mark.parametrize("what", ["busy", "idle"])
def test_a_killed_worker_ends_the_job_and_resume_goes_on(store, tmp_path, what):
    texts = [f"{n} " + " ".join(f"word{n * k % 97}" for k in range(1, 60)) for n in range(40)] * 2
    inputs = [write_rows(tmp_path / f"{n}.jsonl", texts[n::4], 1000 * n) for n in range(4)]
    inputs[0].write_text(inputs[0].read_text() + json.dumps({"id": "w", "text": "WAIT " * 80}) + "\n", encoding="utf-8")
    for path in inputs:
        store.objects[f"in/{path.name}"] = path.read_bytes()
    chosen = tmp_path / "r.yaml"
    waits = "{tests.strategies.Trouble: {word: WAIT, kind: 'wait:store://free'}}"
    chosen.write_text(f"name: a\nstages: [quality/length, {waits}, dedup/minhash]\n", encoding="utf-8")
    arguments = [chosen, "store://in/*.jsonl", "--output", "store://out", "--shards", "4"]
    with (tmp_path / "said").open("w") as said:
        driver = subprocess.Popen(command(*arguments), cwd="/", stdout=said, stderr=said)
    try:

        def done():
            return {name for name in store.objects if name.startswith("out/.curate/done/0/")}

        def busy():
            told = told_by_workers(store)
            return next((one for one in told if "store://in/0.jsonl" in told[one]["read"]), None)

        waiting = _until(900, busy)
        both = _until(900, lambda: len(told_by_workers(store)) == 2 and told_by_workers(store))
        idle = next(worker for worker in both if worker != waiting)
        _until(900, lambda: len(done()) >= 2)
        time.sleep(2)
        finished = done()
        processes = _descendants(driver)
        began = time.monotonic()
        _sdk_worker(driver, waiting if what == "busy" else idle).kill()
        driver.wait(60)
        assert driver.returncode == 1
        assert "gave up: " in (tmp_path / "said").read_text()
        assert "worker" in (tmp_path / "said").read_text()
        assert time.monotonic() - began < 60
        _until(5, lambda: not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])
    finally:
        driver.kill()
        driver.wait()
    names = {name.rpartition("/")[2] for name in finished}
    read_before = _reads(store)
    store.objects["free"] = b""
    resumed = on_isolated_workers(*arguments, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    state = json.loads(store.objects["out/run.json"])
    assert state["conserved"]
    read_again = {path for path, times in _reads(store).items() if times > read_before.get(path, 0)}
    assert 1 <= len(read_again) <= 4 - len(names)
    go(_recipe(chosen), inputs, tmp_path / "here")
    assert content(fetched(store, "store://out", tmp_path)) == content(tmp_path / "here")


def _recipe(path):
    from curate.recipe import load

    return load(str(path))


def _reads(store):
    """How often each file of the input was opened."""
    times: dict[str, int] = {}
    for said in told_by_workers(store).values():
        for path in said["read"]:
            if path.startswith("store://in/"):
                times[path] = times.get(path, 0) + 1
    return times
