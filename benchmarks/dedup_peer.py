"""datatrove's four MinHash stages over the documents of benchmarks.dedup, in an environment of their own. By hand.

Installs datatrove from the package index into a new virtual environment, unless CURATE_DATATROVE_PYTHON names a Python
that has it. Takes some ten minutes.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.dedup import BYTES, DOCUMENTS, full_run
from benchmarks.dedup_corpus import write
from benchmarks.shared import datatrove_python, missing

BY_HAND = True

PEER = """
import sys, json, time
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.typeshelper import Languages
folder, work = sys.argv[1:]
config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5)
reader = lambda: JsonlReader(folder, glob_pattern="*.jsonl", compression=None)
startup = time.process_time()
stages = [
    [reader(), MinhashDedupSignature(output_folder=f"{work}/signatures", config=config, language=Languages.english)],
    [MinhashDedupBuckets(input_folder=f"{work}/signatures", output_folder=f"{work}/buckets", config=config)],
    [MinhashDedupCluster(input_folder=f"{work}/buckets", output_folder=f"{work}/remove", config=config)],
    [reader(), MinhashDedupFilter(input_folder=f"{work}/remove"), JsonlWriter(f"{work}/kept", compression=None)],
]
seconds = []
for number, (pipeline, tasks) in enumerate(zip(stages, (1, 14, 1, 1))):
    before = time.process_time()
    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=f"{work}/logs/{number}").run()
    seconds.append(time.process_time() - before)
import glob
kept = sum(1 for path in glob.glob(f"{work}/kept/*.jsonl") for _ in open(path))
print(json.dumps({"kept": kept, "startup_cpu_seconds": startup, "stages": seconds}))
"""


def peer(python: str, folder: Path) -> dict[str, Any]:
    """datatrove over the JSONL files of a folder; cpu_seconds of its process and children, start-up taken off."""
    with tempfile.TemporaryDirectory() as work:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [python, "-c", PEER, str(folder), work], check=True, stdout=subprocess.PIPE, stderr=sys.stderr, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**found, "cpu_seconds": spent - found["startup_cpu_seconds"]}


def run() -> dict[str, Any]:
    """CPU seconds here and there over the same files, and the ratio; documents kept by both."""
    if (skipped := missing()) is not None:
        return skipped
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        write(files, DOCUMENTS, BYTES)
        python = datatrove_python(Path(folder) / "venv", "datatrove[processing]", "spacy", "orjson")
        here = full_run(files, "dedup/minhash")
        there = peer(python, files)
    return {"curate": here, "datatrove": there, "ratio": there["cpu_seconds"] / here["cpu_seconds"]}
