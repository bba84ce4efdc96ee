"""Deciding 20 arms over 10,000,000 documents of 12 judges from made-up columns: CPU and memory. By hand.

CURATE_ABLATION_ROWS replaces the number of documents.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.shared import in_child
from curate.ablation.arms import Ablation, parse
from filters.chain import opened
from filters.contracts import Judge
from filters.document import Document
from pipelines.scoring import table
from pipelines.scoring.plan import Plan, make_plan

BY_HAND = True
ROWS = 10_000_000
UNITS = 200
LANGUAGES = ("en", "en", "en", "ko", "de", "fr", "und")
STAGES: list[Any] = [
    "extraction/plain",
    {"language/script": {"keep": ["en", "ko", "de"]}},
    "quality/length",
    "quality/url",
    "quality/gopher",
    "quality/gopher-repetition",
    "quality/refinedweb",
    "quality/c4",
    "quality/fineweb",
    "quality/sentence",
    "quality/compression",
    "quality/cjk",
    "toxicity/wordlist",
]
ARMS: dict[str, Any] = {
    **{f"gopher-{words}": {"quality/gopher": {"min_words": words}} for words in (20, 80, 100, 150, 200)},
    **{f"short-{share}": {"quality/fineweb": {"max_short": share / 100}} for share in (10, 30, 50, 90)},
    **{stage.partition("/")[2]: {stage: "off"} for stage in (
        "quality/url", "quality/gopher", "quality/gopher-repetition", "quality/refinedweb", "quality/c4",
        "quality/fineweb", "quality/sentence", "quality/compression", "toxicity/wordlist",
    )},
    "english": {"language/script": {"keep": ["en"]}},
}  # fmt: skip
_PAGE = """The lighthouse stands on a rock that the sea covers twice a day, and the path to it is dry for an hour.
Whoever wants to see the lamp has to wait for the tide, and then to climb a hundred and nine steps of worn stone.
The keeper was a quiet man who wrote down every ship, its name and its flag, in a book with a green cover.
When the light was made to work by itself, the book went to the museum in the town, where it can be read today.
Some of the pages are stained with oil, and on others the ink has run, but most of the names are still there."""

# Decides all arms, writes what they keep and builds the report; without the texts of samples, which are not made up.
RUN = """
import hashlib, json, resource, sys, time
from benchmarks.ablation_scale import ablation_and_plan
from curate.ablation.arm_files import write_arms
from curate.ablation.build import build
from curate.ablation.costs import Costs
from curate.ablation.decide import Decider
from curate.ablation.scored import Scored
root, *units = sys.argv[1:]
ablation, plan = ablation_and_plan()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
start_mb, started = peak(), time.process_time()
marks = {}  # CPU seconds until then, and the peak
def mark(name):
    marks[name] = {"cpu_seconds": round(time.process_time() - started, 1), "peak_mb": round(peak())}
decider = Decider(Scored(root, plan, [units]))
decided = {}
for arm in ablation.arms:
    decided[arm.name] = decider.decide(arm.name, plan.arms[arm.name])
mark("decide")
write_arms(root, decider.scored, list(decided.values()))
mark("write")
report = build(ablation, decider, decided, Costs(), lambda node, rows: {}, {})
mark("report")
digest = hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()
print(json.dumps({"cpu_seconds": time.process_time() - started, "peak_mb": peak(), "start_mb": start_mb, "marks": marks,
                  "kept": report["arms"][0]["kept"]["documents"], "report": digest}))
"""


def ablation_and_plan() -> tuple[Ablation, Plan]:
    """An ablation of 20 arms with attribution, slices and pairs, and its plan."""
    given = {
        "name": "bench",
        "recipe": {"name": "base", "stages": STAGES},
        "arms": ARMS,
        "slices": ["language", "domain", "length"],
        "controls": [],
        "samples": 3,
    }
    ablation = parse(given, "bench")
    return ablation, make_plan({arm.name: (arm.recipe.steps, 0) for arm in ablation.arms})


def make_table(root: str, rows: int) -> list[str]:
    """Write a scored table of made-up numbers, with the columns and types of a real one; the names of its units."""
    _, plan = ablation_and_plan()
    node = plan.nodes[0]
    page = Document("a", _PAGE, "http://a.example/b")
    sample = {m: opened(m.step.strategy)(page) for m in plan.measures if isinstance(m.step.strategy, Judge)}
    chance = np.random.default_rng(3)
    each = rows // UNITS
    units = [f"unit{number:03d}" for number in range(UNITS)]
    for number, unit in enumerate(units):
        first = number * each
        sizes = chance.lognormal(8, 1, each).astype(np.int64)
        names = [f"<urn:uuid:{row * 2654435761 % (1 << 40):012x}>" for row in range(first, first + each)]
        hosts = chance.zipf(1.3, each) % 50_000
        pages = {
            "id": names,
            "pair": names,
            "url": [f"https://www.host{host}.example/page/{row}" for row, host in enumerate(hosts.tolist(), first)],
            "source": [f"archive-{number}.warc.gz"] * each,
            "offset": np.arange(each) * 1000,
            "date": [f"2024-{1 + number % 12:02d}-11T00:00:00Z"] * each,
            "read": [table.KEPT] * each,
            "rule": [None] * each,
            "bytes": sizes * 9,
        }
        columns: dict[str, Any] = {
            "row": np.arange(each),
            "status": [table.KEPT] * each,
            "rule": pa.nulls(each, pa.string()),
            "value": pa.nulls(each, pa.float64()),
            "threshold": pa.nulls(each, pa.float64()),
            "bytes": sizes,
            "tokens": sizes // 6,
        }
        for measure, scores in sample.items():
            for name, value in scores.signals.items():
                near = chance.lognormal(0, 0.08, each) * value if value else (chance.random(each) < 0.01) * 1.0
                columns[table.signal_column(measure, name)] = np.round(near, 4)
            for name in scores.notes:
                made = chance.choice(LANGUAGES, each) if name == "language" else np.round(chance.random(each), 3)
                columns[table.note_column(plan, measure.writer, name)] = made
        _write(root, table.pages_file(0, unit), pa.table(pages, schema=table.PAGES))
        _write(root, table.rows_file(node, unit), pa.table(columns))
    return units


def _write(root: str, path: str, written: pa.Table) -> None:
    target = Path(root) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(written, target, compression="zstd", write_page_checksum=True)


def run() -> dict[str, Any]:
    """CPU seconds, peak memory, and a hash of the report, which tells whether a change changes a digit."""
    rows = int(os.environ.get("CURATE_ABLATION_ROWS", ROWS))
    with tempfile.TemporaryDirectory() as folder:
        units = make_table(folder, rows)
        found = in_child(RUN, folder, *units)
    return {"rows": rows, **found}
