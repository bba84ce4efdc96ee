"""Deduplication of 50,000 against 400,000 documents of 1 KB: CPU, memory, bytes shuffled; hot keys. By hand."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.dedup import RUN
from benchmarks.dedup_corpus import write
from benchmarks.shared import ROOT, in_child, missing

BY_HAND = True
SIZES = (50_000, 400_000)
BYTES = 1000
HOT = (50_000, 100_000)

# Spools the documents of JSONL files and decides on the engine's graph; prints the bytes shuffled by kind.
SHUFFLE = """
import glob, json, sys, time
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
import filters
from filters.chain import Step
from filters.document import Document
from pipelines.corpus.shuffle import CorpusDecision
from pipelines.corpus.spool import Spool
folder, work = sys.argv[1:]
step = filters.make("dedup/minhash")
shards, count, spool = [], 0, None
for path in sorted(glob.glob(folder + "/*.jsonl")):
    for line in open(path, encoding="utf-8"):
        if spool is None:
            spool = Spool(work, f"unit-{len(shards)}", Step("dedup/minhash", "dedup/minhash", step))
        row = json.loads(line)
        spool.add(Document(row["id"], row["text"]))
        count += 1
        if count % 10_000 == 0:
            shards.append(spool.close())
            spool = None
if spool is not None:
    shards.append(spool.close())
before = time.process_time()
pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))
_ = pipeline | beam.Create(shards, reshuffle=False) | CorpusDecision(step, work + "/decisions")
result = pipeline.run()
result.wait_until_finish()
query = beam.metrics.MetricsFilter().with_namespace("shuffled")
found = {c.key.metric.name: c.result / count for c in result.metrics().query(query)["counters"]}
print(json.dumps({"documents": count, "cpu_seconds": time.process_time() - before, "bytes_a_document": found}))
"""

HOT_KEYS = """
import json, sys, tempfile, time
import filters
from filters.chain import Step
from filters.document import Document
from pipelines.corpus.forms import decide
from pipelines.corpus.spool import Spool, reread
count, text = int(sys.argv[1]), sys.argv[2]
step = filters.make("dedup/minhash")
stage = Step("dedup/minhash", "dedup/minhash", step)
with tempfile.TemporaryDirectory() as folder:
    warm = Spool(folder, "warm", stage)
    warm.add(Document("w", "words that load the kernels of this stage"))
    decide(step, [warm.close()], folder)
    start = time.process_time()
    shards = []
    for number in range(0, count, 10_000):
        spool = Spool(folder, f"unit-{number}", stage)
        for row in range(number, min(count, number + 10_000)):
            spool.add(Document(str(row), text))
        shards.append(spool.close())
    decision = decide(step, shards, folder + "/decisions")
    dropped = sum(found.drop is not None for shard in shards for _, found in reread(shard, decision.of(shard), stage))
    print(json.dumps({"documents": count, "dropped": dropped, "cpu_seconds": time.process_time() - start}))
"""


def _memory(root: int) -> int:
    """Bytes of memory of a process and all its descendants together (proportional set size: shared pages once)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        waiting += parents.get(process, [])
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return total


def measured_run(folder: Path, workers: int) -> dict[str, Any]:
    """A run in processes of its own, with the peak of their memory together, looked at five times a second."""
    inputs = [str(path) for path in sorted(folder.glob("*.jsonl"))]
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-c", RUN, "dedup/minhash", str(workers), f"{output}/run", *inputs]
        before = os.times()
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        peak = 0
        while child.poll() is None:
            peak = max(peak, _memory(child.pid))
            time.sleep(0.2)
        printed, _ = child.communicate()
        after = os.times()
    if child.returncode:
        raise RuntimeError(f"the run ended with {child.returncode}")
    found: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {**found, "cpu_seconds": spent - found["startup_cpu_seconds"], "peak_mb": peak / 1e6}


def run() -> dict[str, Any]:
    """Runs with two workers at both sizes, bytes shuffled at the smaller one, and hot keys at two sizes each."""
    if (skipped := missing()) is not None:
        return skipped
    found: dict[str, Any] = {"runs": {}, "hot": {}}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "files"
            write(files, size, BYTES)
            found["runs"][size] = measured_run(files, workers=2)
            if size == min(SIZES):
                found["shuffled"] = in_child(SHUFFLE, str(files), f"{folder}/work")
    small, large = (found["runs"][size] for size in SIZES)
    found["cpu_ratio"] = large["cpu_seconds"] / small["cpu_seconds"]
    found["memory_ratio"] = large["peak_mb"] / small["peak_mb"]
    for name, text in (("identical", "one text that all of these documents share, word for word"), ("empty", "")):
        found["hot"][name] = [in_child(HOT_KEYS, str(count), text) for count in HOT]
    return found
