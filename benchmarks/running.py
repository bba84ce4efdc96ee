"""A run against a bare loop of the same library calls; two workers against one; memory and start-up."""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.shared import in_child, missing, pages_gold, repeat

_BARE = """
import json, sys, time
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from filters.models import load_fasttext
from filters.language.fasttext import FastText
judge = FastText()
model = load_fasttext(judge.model, judge.sha256)
pages = 0
started = time.process_time()
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            body = record.reader.read()
            text = extract_plain_text(bytes_to_str(body, detect_encoding(body)), main_content=True)
            model.predict([text[:10000].replace("\\n", " ")], 1)
            pages += 1
print(json.dumps({"pages": pages, "cpu_seconds": time.process_time() - started}))
"""

_RUN = """
import json, resource, sys
from curate.recipe import parse
from curate.running import run
output, workers, *inputs = sys.argv[1:]
recipe = parse({"name": "bench", "stages": ["extraction/resiliparse", {"language/fasttext": {"keep": []}}]}, "bench")
result = run(recipe, inputs, output, workers=int(workers))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
keep = ("cpu_seconds", "wall_seconds", "startup_seconds", "startup_cpu_seconds", "conserved")
stages = {stage["stage"]: stage["cpu_seconds"] for stage in result["stages"]}
found = {name: result[name] for name in keep}
print(json.dumps({**found, "records": result["read"]["records"], "peak_mb": max(peak, child) / 1024, "stages": stages}))
"""


def _measured(output: Path, workers: int, inputs: list[Path]) -> dict[str, Any]:
    return in_child(_RUN, str(output), str(workers), *map(str, inputs))


def run() -> dict[str, Any]:
    """overhead: CPU of a run in process over that of the bare loop, start-up excluded. speedup: pages a second with
    two workers over one, start-up excluded. memory: peak of a worker with 100 files over 10."""
    if skipped := missing():
        return skipped
    with tempfile.TemporaryDirectory() as folder:
        inputs = repeat(pages_gold(), Path(folder) / "in", 6)
        bare = in_child(_BARE, *map(str, inputs))
        one = _measured(Path(folder) / "one", 1, inputs)
        two = _measured(Path(folder) / "two", 2, inputs)
        spent = one["cpu_seconds"] - one["startup_cpu_seconds"]
        rates = [r["records"] / (r["wall_seconds"] - r["startup_seconds"]) for r in (one, two)]
        small = [file for file in pages_gold() if file.name.startswith("readability")]
        few = _measured(Path(folder) / "few", 2, repeat(small, Path(folder) / "ten", 10))
        many = _measured(Path(folder) / "many", 2, repeat(small, Path(folder) / "hundred", 100))
    return {
        "pages": one["records"],
        "overhead": round(spent / bare["cpu_seconds"], 3),
        "ms_per_page": {
            "bare": round(1000 * bare["cpu_seconds"] / bare["pages"], 3),
            "run": round(1000 * spent / one["records"], 3),
            "stages": {name: round(1000 * cpu / one["records"], 3) for name, cpu in one["stages"].items()},
        },
        "speedup_two_workers": round(rates[1] / rates[0], 2),
        "memory_100_over_10_files": round(many["peak_mb"] / few["peak_mb"], 3),
        "startup_seconds_two_workers": two["startup_seconds"],
        "conserved": one["conserved"] and two["conserved"] and few["conserved"] and many["conserved"],
    }
