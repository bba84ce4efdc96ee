"""300,000 short documents through exact and MinHash deduplication on Prism, as one graph: CPU, bytes, memory. By hand.

CURATE_PRISM names the engine's command. CURATE_ENGINE_SIZES (numbers of documents, separated by commas) replaces the
sizes; CURATE_BASE names another checkout to measure in the same run.
"""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.dedup_corpus import write
from benchmarks.shared import ROOT, missing

BY_HAND = True
SIZES = (75_000, 300_000)
BYTES = 300

# The engine's worker runs in this process (LOOPBACK): its memory is the worker's and the driver's. Units run in a child
# of it. Start-up is shown apart.
RUN = """
import contextlib, json, multiprocessing, os, re, resource, sys, time
from pathlib import Path
import apache_beam as beam
from curate.recipe import parse
from curate.running import run
from filters.chain import opened
from filters.document import Document
import pipelines.curation
with contextlib.suppress(ModuleNotFoundError):  # older checkouts have none
    import pipelines.phases
output, endpoint, *inputs = sys.argv[1:]
recipe = parse({"name": "bench", "stages": ["extraction/plain", "dedup/exact", "dedup/minhash"]}, "bench")
for step in recipe.steps[1:]:
    opened(step.strategy)(Document("a", "some words that are signed to load the kernels"))
class Counted:  # Prism gives counters of one worker the numbers of others, so what is shuffled is counted here
    by_name = {}
    def __init__(self, name):
        self.name = name
    def inc(self, size):
        self.by_name[self.name] = self.by_name.get(self.name, 0) + size
beam.metrics.Metrics.counter = lambda space, name: Counted(name)
options = ["--runner", "PortableRunner", "--job_endpoint", endpoint, "--environment_type", "LOOPBACK"]
options += ["--job_server_timeout", "86400"]  # older checkouts end a job with it
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
# the child of the units is still there: usage of children is that of those that ended
of_child = lambda child: int(re.search(r"VmHWM:\\s+(\\d+)", Path(f"/proc/{child.pid}/status").read_text())[1]) / 1e3
cpu_of = lambda child: sum(map(int, Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
startup, before = time.process_time(), peak()
found = run(recipe, inputs, output, options=options)
print(json.dumps({
    **{name: found[name] for name in ("kept", "dropped", "failed", "conserved", "wall_seconds")},
    "startup_cpu_seconds": startup, "start_mb": before, "shuffled": Counted.by_name,
    "cpu": {
        "worker": time.process_time() - startup,
        "its_child": sum(map(cpu_of, multiprocessing.active_children())) / os.sysconf("SC_CLK_TCK"),
    },
    "peak_mb": {"worker": peak(), "its_child": max(map(of_child, multiprocessing.active_children()), default=0)},
}))
"""


def prism() -> str | None:
    """The command of the engine; None where it is not there."""
    return os.environ.get("CURATE_PRISM") or shutil.which("prism")


def measured(command: str, folder: Path, checkout: Path) -> dict[str, Any]:
    """A run over the JSONL files of a folder with the code of a checkout, on an engine of its own."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as work:
        log = (Path(work) / "log").open("wb")
        engine = subprocess.Popen([command, f"-job_port={port}", "-serve_http=false"], stdout=log, stderr=log)
        try:
            while socket.socket().connect_ex(("localhost", port)):
                time.sleep(0.1)
            arguments = [f"{work}/out", f"localhost:{port}", *map(str, sorted(folder.glob("*.jsonl")))]
            environment = {**os.environ, "PYTHONPATH": str(checkout)}
            run = [sys.executable, "-c", RUN, *arguments]
            before = _cpu_of_children()
            done = subprocess.run(run, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            spent = _cpu_of_children() - before
        finally:
            before = _cpu_of_children()
            engine.kill()
            engine.wait()
            log.close()
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    documents = found["kept"] + found["dropped"] + found["failed"]
    found["engine_cpu_seconds"] = _cpu_of_children() - before
    found["cpu_seconds"] = spent - found["startup_cpu_seconds"] + found["engine_cpu_seconds"]
    found["bytes_a_document"] = sum(found["shuffled"].values()) / documents
    return found


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run() -> dict[str, Any]:
    """By checkout and number of documents: CPU seconds, peak memory, and bytes that are shuffled."""
    command = prism()
    if (skipped := missing()) is not None:
        return skipped
    if command is None:
        return {"skipped": "the command prism is not installed"}
    given = os.environ.get("CURATE_ENGINE_SIZES")
    sizes = tuple(int(size) for size in given.split(",")) if given else SIZES
    checkouts = {"here": ROOT}
    if "CURATE_BASE" in os.environ:
        checkouts["base"] = Path(os.environ["CURATE_BASE"])
    found: dict[str, Any] = {name: {} for name in checkouts}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), size, BYTES)
            for name, checkout in checkouts.items():
                found[name][size] = measured(command, Path(folder), checkout)
    if "base" in found:
        here, base = found["here"], found["base"]
        found["cpu_ratio"] = {size: here[size]["cpu_seconds"] / base[size]["cpu_seconds"] for size in sizes}
    small, large = (found["here"][size]["peak_mb"] for size in (sizes[0], sizes[-1]))
    found["memory_ratio"] = {name: large[name] / small[name] for name in small if small[name]}
    return found
