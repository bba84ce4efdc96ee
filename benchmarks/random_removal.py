"""How often the interval of a proxy covers zero where two arms differ in nothing but chance."""

import gzip
import json
import random
from typing import Any

import numpy as np

from benchmarks.shared import DATA, missing
from curate.ablation.controls import budget
from curate.ablation.proxies.byte_ngram import BYTE_NGRAM
from curate.ablation.proxies.decisions import Costs
from curate.ablation.proxies.samples import Source, sample

DRAWS, SEEDS = 200, 5
# corpus, characters of a document, documents, share of the base that a sample takes
CASES = (("en/gutenberg", 1_500, 200, 0.2), ("en/gutenberg", 6_000, 75, 0.33), ("ko/news_dps", 1_500, 100, 0.25))


def run() -> dict[str, Any]:
    """For each case, of 200 random removals of a third of the base, how many have an interval that covers zero."""
    if skipped := missing():
        return skipped
    return {
        "draws": DRAWS,
        "seeds": SEEDS,
        "covers_zero": {f"{case[0]}, {case[2]} documents": _covered(*case) for case in CASES},
    }


def _covered(corpus: str, size: int, documents: int, share: float) -> int:
    with gzip.open(DATA / "prose" / f"{corpus}.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    pieces = [text[start : start + size] for text in texts for start in range(0, len(text), size)]
    random.Random(1).shuffle(pieces)
    held_out, kept = pieces[: 45_000 // size], pieces[45_000 // size :][:documents]
    costs = BYTE_NGRAM.open({"held out": held_out})
    sizes = np.array([len(text.encode()) for text in kept])
    ids = np.array([f"d{number}" for number in range(len(kept))], dtype=object)
    base = Source(ids, sizes, lambda rows: {row: kept[row] for row in rows}, np.full(len(kept), "", dtype=object))
    most = int(base.bytes * share)

    def by_seed(arm: Source) -> list[float]:
        drawn = [sample(arm, {"": most}, seed, lambda text: False) for seed in range(SEEDS)]
        return [costs(one.texts)["held out"] for one in drawn]

    of_base = by_seed(base)
    covered = 0
    for draw in range(DRAWS):
        mask = budget(ids, sizes, np.ones(len(kept), dtype=bool), base.bytes * 2 // 3, draw, "removal")
        left = base.where(mask)
        table = Costs(np.array([of_base, by_seed(left)]), [most / base.bytes, most / left.bytes], [True, True])
        covered += table.difference(0, 1).sign == 0
    return covered
