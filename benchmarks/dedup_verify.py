"""Testing the members of clusters: CPU against a run without, bytes shuffled, what goes of planted duplicates."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.dedup import full_run
from benchmarks.dedup_corpus import sentences, write
from benchmarks.dedup_scale import SHUFFLE
from benchmarks.shared import DATA, in_child, missing
from curate.evaluation.labelled import read_rows
from filters import make
from tests.filters.dedup.planted import judged, planted
from tests.filters.dedup.test_judges import decide

DOCUMENTS = 6_000
BYTES = 6600
ROUNDS = 3
SEEDS = range(3)
SAME = {"verify": {"containment": 0.9, "jaccard": 0.9}}
VERIFY: dict[str, Any] = {
    "off": {},
    "0.8": {"verify": 0.8},
    "containment 0.9, jaccard 0.9": SAME,
    "containment 0.95, jaccard 0.9": {"verify": {"containment": 0.95, "jaccard": 0.9}},
    "containment 0.98, jaccard 0.95": {"verify": {"containment": 0.98, "jaccard": 0.95}},
    "containment 0.8, jaccard 0.8": {"verify": {"containment": 0.8, "jaccard": 0.8}},
}


def prose(language: str, seed: int) -> Callable[[], str]:
    """A function that gives another sentence of real prose each time."""
    found = {
        part.strip()
        for path in sorted((DATA / "prose" / language).glob("*.jsonl.gz"))
        for row in read_rows(path)
        for line in str(row.get("text") or "").split("\n")
        for part in line.split(". ")
        if 30 <= len(part.strip()) <= 250
    }
    ordered = sorted(found)
    random.Random(seed).shuffle(ordered)
    endless: Iterator[str] = iter(ordered)
    return lambda: next(endless) + "."


def _planted() -> dict[str, dict[str, dict[str, float]]]:
    """By language and setting, what judged() says of planted duplicates made of real sentences; all seeds together."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for language in ("en", "ko"):
        made = [planted(language, seed, 2, prose(language, seed)) for seed in SEEDS]
        found[language] = {}
        for name, more in VERIFY.items():
            step = make("dedup/minhash", more)
            parts = [judged(one, decide(step, [plant.document for plant in one])) for one in made]
            removed, copies = (sum(part[key] for part in parts) for key in ("removed", "copies"))
            right = sum(part["precision"] * part["removed"] for part in parts)
            caught = sum(part["recall"] * part["copies"] for part in parts)
            figures = {"removed": removed, "precision": right / removed, "copies": copies, "recall": caught / copies}
            found[language][name] = {key: round(value, 4) for key, value in figures.items()}
    return found


def run() -> dict[str, Any]:
    """CPU seconds read to written (start-up apart), the ratio, bytes shuffled a document, and the planted table."""
    if (skipped := missing()) is not None or not sentences():
        return skipped or {"skipped": "no sentences"}
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), DOCUMENTS, BYTES)
        spent: dict[str, list[float]] = {"without": [], "with": []}
        for _ in range(ROUNDS):
            spent["without"].append(full_run(Path(folder), {"dedup/minhash": {}})["cpu_seconds"])
            spent["with"].append(full_run(Path(folder), {"dedup/minhash": SAME})["cpu_seconds"])
        code = SHUFFLE.replace('filters.make("dedup/minhash")', f'filters.make("dedup/minhash", {SAME!r})')
        with tempfile.TemporaryDirectory() as work:
            shuffled = in_child(code, folder, work)["bytes_a_document"]
    ratio = min(spent["with"]) / min(spent["without"])
    return {"documents": DOCUMENTS, "cpu_seconds": spent, "ratio": ratio, "shuffled": shuffled, "planted": _planted()}
