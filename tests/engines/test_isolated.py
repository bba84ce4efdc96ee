"""One graph on two workers that share nothing with the driver but an object store gives the rows of a local run."""

import pytest

from pipelines import storage
from tests.curate.running_tools import adds_up, content, go, recipe, write_rows
from tests.engines.isolated import cannot_isolate, fetched, on_isolated_workers, told_by_workers

pytestmark = pytest.mark.skipif(bool(cannot_isolate()), reason=cannot_isolate())


@pytest.mark.parametrize("runner", ["Isolated", pytest.param("Unfused", marks=pytest.mark.long)])
def test_rows_are_those_of_a_local_run(store, tmp_path, runner):
    texts = [f"{n} " + " ".join(f"word{n * k % 97}" for k in range(1, 60)) for n in range(40)] * 2
    inputs = [write_rows(tmp_path / f"{n}.jsonl", texts[n::4], 1000 * n) for n in range(4)]
    for path in inputs:
        store.objects[f"in/{path.name}"] = path.read_bytes()
    chosen = recipe("quality/length", "dedup/minhash", "cleanup/unicode")
    here = go(chosen, inputs, tmp_path / "here", workers=2)
    options = ["--runner", f"tests.engines.runners.{runner}", "--direct_num_workers", "2"]
    there = go(chosen, ["store://in/*.jsonl"], "store://out", options=options, shards=4)
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


@pytest.mark.long
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
