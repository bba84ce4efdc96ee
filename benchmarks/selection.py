"""What buckets, weights and mixtures cost: CPU of a run with one of them, beside the nearest stage of another kind.

Of corpus stages that is dedup/exact, which also spools, decides from keys and re-reads; of the others sampling/random.
"""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.dedup import full_run
from benchmarks.dedup_corpus import sentences, write
from benchmarks.shared import missing

DOCUMENTS, BYTES, ROUNDS = 3_000, 6_600, 3
SCORES = {"scores": {"ratio": {"quality/compression": {}}}, "cuts": 20, "weight": "bytes", "keep": list(range(8, 20))}
# by what it is compared with
STAGES: dict[str, dict[str, Any]] = {
    "dedup/exact": {
        "dedup/exact": {},
        "quality/buckets": SCORES,
        "quality/buckets, as a note": {**SCORES, "keep": list(range(20))},
        "sampling/mix": {"budget": 20_000_000, "unit": "bytes", "shares": {"*/0.jsonl": 0.5, "*": 0.5}},
    },
    "sampling/random": {
        "sampling/random": {"share": 0.99},
        "sampling/upsample": {"weights": {1: 1, 2: 5, 3: 6}, "by": "encoding"},
        "quality/compression": {},
    },
}


def run() -> dict[str, Any]:
    """CPU seconds of runs, least of three in turn, read to written with start-up apart, and ratios."""
    if (skipped := missing()) is not None or not sentences():
        return skipped or {"skipped": "no sentences"}
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), DOCUMENTS, BYTES)
        for _ in range(ROUNDS):
            for stages in STAGES.values():
                for name, settings in stages.items():
                    found = full_run(Path(folder), {name.partition(",")[0]: settings})["cpu_seconds"]
                    spent[name] = min(found, spent.get(name, float("inf")))
    ratios = {name: {one: spent[one] / spent[name] for one in stages if one != name} for name, stages in STAGES.items()}
    return {"documents": DOCUMENTS, "cpu_seconds": spent, "ratio_to": ratios}
