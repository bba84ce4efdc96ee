"""Time in the run queue: what two processes wait that share one core."""

import os
import subprocess
import sys
import time

import pytest

from filters.run_queue import waited, waits

BUSY = "import time\nwhile True: time.perf_counter()"


def test_who_shares_a_core_waits_for_it():
    core = {min(os.sched_getaffinity(0))}
    processes = [
        subprocess.Popen([sys.executable, "-c", BUSY], preexec_fn=lambda: os.sched_setaffinity(0, core))
        for _ in range(2)
    ]
    try:
        if not waits(processes[0].pid):
            pytest.skip("the system does not say how long a process waits")
        mine = waits(os.getpid())
        before = [waits(process.pid) for process in processes]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            seen = [waited(was, waits(process.pid)) for was, process in zip(before, processes, strict=True)]
            if min(seen) > 0.2:
                break
            time.sleep(0.1)
        assert min(seen) > 0.2
        assert waited(mine, waits(os.getpid())) >= max(seen)  # those of its children count
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_who_is_gone_waits_for_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert waits(process.pid) == {}
    assert waited({}, {}) == 0.0
    assert waited({1: 5.0}, {1: 5.5, 2: 0.25}) == 0.5
