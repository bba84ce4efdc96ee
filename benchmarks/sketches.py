"""What examples, histograms and languages cost: a chain of steps that is watched beside the same chain that is not."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.shared import DATA, missing, pages_gold
from curate.recipe import load
from filters.chain import Chain, Dropped
from filters.contracts import CorpusJudge, CorpusRewriter
from filters.document import Document, RawPage
from filters.sketch import EXAMPLES, Sketch
from pipelines.reading import read
from pipelines.reading.units import cut

ROUNDS = 3


def _pages(paths: Sequence[Path], most: int) -> list[RawPage]:
    units = cut({str(path): path.stat().st_size for path in paths}, 1 << 40, 1)
    found = (page for unit in units for piece in unit.pieces for page in read(piece))
    return [page for page, _ in zip((one for one in found if isinstance(one, RawPage)), range(most), strict=False)]


def _spent(steps: Sequence[Any], pages: Sequence[RawPage], examples: int | None) -> float:
    """CPU seconds of one pass; with a sketch, what it takes to close it too."""
    sketch = Sketch(steps, examples) if examples is not None else None
    chain = Chain(steps, sketch)
    started = time.process_time()
    for page in pages:
        outcome = chain.run(page)
        if sketch is not None and isinstance(outcome, Dropped):
            sketch.dropped(outcome)
        elif sketch is not None and isinstance(outcome, Document):
            sketch.kept(outcome)
    if sketch is not None:
        json.dumps(sketch.close())
    return time.process_time() - started


def run() -> dict[str, Any]:
    """By recipe: CPU of its per-document steps with a sketch over without, the median of rounds that alternate.

    A run also reads, shuffles and writes, so that the share of a run is smaller.
    """
    if skipped := missing():
        return skipped
    korean = sorted((DATA / "prose" / "ko").glob("*.jsonl.gz"))
    found: dict[str, Any] = {}
    for name, paths in (("klue", korean), ("dclm-baseline", pages_gold()), ("gopher", pages_gold())):
        steps = [step for step in load(name).steps if not isinstance(step.strategy, (CorpusJudge, CorpusRewriter))]
        pages = _pages(paths, 600)
        for examples in (None, EXAMPLES):
            _spent(steps, pages[:50], examples)
        plain, watched, counted = [], [], []
        for _ in range(ROUNDS):
            plain.append(_spent(steps, pages, None))
            watched.append(_spent(steps, pages, EXAMPLES))
            counted.append(_spent(steps, pages, 0))
        base = sorted(plain)[ROUNDS // 2]
        found[name] = {
            "documents": len(pages),
            "cpu_of_the_steps": round(base, 3),
            "with_examples": round(sorted(watched)[ROUNDS // 2] / base, 4),
            "without_examples": round(sorted(counted)[ROUNDS // 2] / base, 4),
        }
    return found
