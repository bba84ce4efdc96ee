"""More units in one bundle than a process may have open files: those of one unit at a time are open."""

import os
import resource
import subprocess
import sys
import time

import psutil
import pytest

from tests.curate.running_tools import write_rows

OPEN_FILES = 256  # that a process may have
UNITS = int(os.environ.get("CURATE_TEST_UNITS", "300"))


@pytest.mark.engines
@pytest.mark.timeout(3000)
def test_open_files_do_not_grow_with_the_units_of_a_bundle(tmp_path):
    (tmp_path / "in").mkdir()
    text = " ".join(f"word{n}" for n in range(60))
    for number in range(UNITS):
        write_rows(tmp_path / "in" / f"{number:04}.jsonl", [f"{number} {text}"], number)
    run = [sys.executable, "-m", "tests.engines.drive", "run", tmp_path / "r.yaml", "--input", f"{tmp_path}/in/*.jsonl"]
    (tmp_path / "r.yaml").write_text("name: a\nstages: [quality/length, dedup/exact]\n", encoding="utf-8")
    options = ["--output", tmp_path / "out", "--shards", f"{UNITS}", "--", "--runner", "FnApiRunner"]

    def limited():
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))

    with (tmp_path / "said").open("w") as said:
        job = subprocess.Popen([*run, *options], cwd="/", stdout=said, stderr=said, preexec_fn=limited)
    most = 0
    while job.poll() is None:
        for process in psutil.Process(job.pid).children(recursive=True):
            try:
                most = max(most, sum(str(tmp_path) in file.path for file in process.open_files()))
            except psutil.Error:
                continue
        time.sleep(0.05)
    assert job.returncode == 0, (tmp_path / "said").read_text()
    assert f"{UNITS:,} read = {UNITS:,} kept" in (tmp_path / "said").read_text()
    assert 1 <= most <= 32
