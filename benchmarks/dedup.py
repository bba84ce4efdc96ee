"""MinHash deduplication: the signature against datasketch, and a full run over 20,000 documents of 6.6 KB."""

import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.dedup_corpus import documents, write
from benchmarks.shared import in_child, missing
from filters import make
from filters.document import Document

DOCUMENTS = 20_000
BYTES = 6600

# In a process of its own: start-up (imports, kernels from their cache) is shown apart.
RUN = """
import json, sys, time
from curate.recipe import parse
from curate.running import run
from filters.chain import opened
from filters.document import Document
import pipelines.curation, pipelines.phases
stage, workers, output, *inputs = sys.argv[1:]
stage = json.loads(stage)
recipe = parse({"name": "bench", "stages": ["extraction/plain", stage]}, "bench")
opened(recipe.steps[1].strategy)(Document("a", "some words that are signed to load the kernels"))
startup = time.process_time()
result = run(recipe, inputs, output, workers=int(workers))
found = {name: result[name] for name in ("kept", "dropped", "failed", "conserved", "wall_seconds")}
found["stages"] = {stage["stage"]: stage["cpu_seconds"] for stage in result["stages"]}
print(json.dumps({**found, "startup_cpu_seconds": startup}))
"""


def full_run(folder: Path, stage: str | dict[str, Any] = "dedup/minhash", workers: int = 1) -> dict[str, Any]:
    """A run over the JSONL files of a folder, read to written; cpu_seconds has start-up taken off."""
    inputs = [str(path) for path in sorted(folder.glob("*.jsonl"))]
    with tempfile.TemporaryDirectory() as output:
        found = in_child(RUN, json.dumps(stage), str(workers), f"{output}/run", *inputs)
    found["cpu_seconds"] = found.pop("process_cpu_seconds") - found["startup_cpu_seconds"]
    return found


def _signature() -> dict[str, float]:
    """Microseconds a document for shingling and signing; the best of three passes."""
    import datasketch

    texts = [row["text"] for row in documents(200, BYTES)]
    ours = make("dedup/minhash").open()  # type: ignore[attr-defined]
    pages = [Document(str(number), text) for number, text in enumerate(texts)]
    empty = datasketch.MinHash(num_perm=112)

    def library(text: str) -> Any:
        words = re.findall(r"\w+", text.lower())
        sketch = empty.copy()
        sketch.update_batch([" ".join(words[i : i + 5]).encode() for i in range(len(words) - 4)])
        return sketch

    def best(function: Callable[[Any], Any], items: list[Any]) -> float:
        spent = []
        for _ in range(3):
            start = time.process_time()
            for item in items:
                function(item)
            spent.append(time.process_time() - start)
        return 1e6 * min(spent) / len(items)

    found = {"ours": best(ours, pages), "datasketch": best(library, texts)}
    return {**found, "ratio": found["datasketch"] / found["ours"]}


def run() -> dict[str, Any]:
    """Signature: microseconds a document and ratio to datasketch. Run: CPU seconds, read to written, start-up apart."""
    if (skipped := missing()) is not None:
        return skipped
    with tempfile.TemporaryDirectory() as folder:
        size = write(Path(folder), DOCUMENTS, BYTES)
        found = full_run(Path(folder))
    return {"documents": DOCUMENTS, "megabytes": size / 1e6, "signature_us": _signature(), "run": found}
