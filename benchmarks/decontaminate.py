"""Decontamination: items found by edit rate, hits on clean texts, and CPU beside MinHash signatures, memory."""

import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dedup_corpus import documents
from benchmarks.dedup_verify import prose
from benchmarks.shared import missing
from filters import make
from filters.document import Document, Drop
from filters.text import overlap

ITEMS = 600
CLEAN = 500
RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
SIZES = ((8, "8-19 words"), (20, "20-49 words"), (50, "50 words and more"))
UNITS: dict[str, tuple[str | None, ...]] = {"en": (None,), "ko": (None, "words")}


def _items(new: Callable[[], str], chance: random.Random) -> list[dict[str, str]]:
    return [
        {"question": " ".join(new() for _ in range(chance.choice([1, 1, 2, 4]))), "answer": new().split()[0]}
        for _ in range(ITEMS)
    ]


def _found(language: str, unit: str | None) -> dict[str, Any]:
    """Shares of planted items found, by edit rate (share of words replaced) and size, and hits on clean texts."""
    chance = random.Random(5)
    new = prose(language, 1)
    items = _items(new, chance)
    clean = [" ".join(chance.sample(pool, 40)) for pool in ([new() for _ in range(3000)],) for _ in range(CLEAN)]
    words = " ".join(clean[:50]).split()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
        settings = {"files": [str(path)], "answer": ["answer"], "unit": unit}
        step = make("dedup/decontaminate", settings)
        function = step.open()  # type: ignore[attr-defined]
        looked_for = {item.text for index in step.indexes(step.items()) for item in index.items}  # type: ignore[attr-defined]
    hits = sum(isinstance(function(Document("d", text)), Drop) for text in clean)
    found: dict[str, Any] = {"clean": CLEAN, "hits on clean": hits}
    for rate in RATES:
        counts = {name: [0, 0] for _, name in SIZES}
        for number, item in enumerate(items):
            size = len(item["question"].split())
            if size < SIZES[0][0] or item["question"] not in looked_for:
                continue
            name = next(name for least, name in reversed(SIZES) if size >= least)
            edited = [chance.choice(words) if chance.random() < rate else word for word in item["question"].split(" ")]
            half = len(clean[number % CLEAN]) // 2
            around = clean[number % CLEAN][:half], clean[number % CLEAN][half:]
            text = f"{around[0]} {' '.join(edited)} {item['answer']}. {around[1]}"
            counts[name][0] += isinstance(function(Document("d", text)), Drop)
            counts[name][1] += 1
        found[f"{rate:.0%} edited"] = {
            name: round(hit / total, 3) for name, (hit, total) in counts.items() if total
        } | {"items": sum(total for _, total in counts.values())}
    return found


def _cost() -> dict[str, float]:
    """CPU microseconds a document of 6.6 KB, best of five passes: signatures, and items by words and by characters."""
    pages = [Document(str(number), row["text"]) for number, row in enumerate(documents(200, 6600))]
    functions = {"minhash": make("dedup/minhash").open()}  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        for language in ("en", "ko"):
            path = Path(folder) / f"{language}.jsonl"
            items = _items(prose(language, 3), random.Random(5))
            path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
        files = [str(path) for path in sorted(Path(folder).glob("*.jsonl"))]
        for name, chosen in (("english items", files[:1]), ("both", files)):
            functions[name] = make("dedup/decontaminate", {"files": chosen, "action": "note"}).open()  # type: ignore[attr-defined]
    best = dict.fromkeys(functions, float("inf"))
    for function in functions.values():
        function(pages[0])
    for _ in range(5):
        for name, function in functions.items():
            started = time.process_time()
            for page in pages:
                function(page)
            best[name] = min(best[name], 1e6 * (time.process_time() - started) / len(pages))
    return {**best, **{f"{name}, times minhash": best[name] / best["minhash"] for name in functions}}


def _memory() -> dict[str, float]:
    """Bytes of the table for each n-gram of items of 40 words, where it is fullest and emptiest: its size doubles."""
    chance = np.random.default_rng(5)
    found = {}
    for name, ngrams in (("fullest", 1 << 17), ("emptiest", (1 << 17) + 36)):
        hashes = np.array_split(chance.integers(0, 1 << 63, ngrams, dtype=np.uint64), ngrams // 36)
        table = overlap.table_of(hashes, [40] * len(hashes), 5)
        found[name] = round(sum(array.nbytes for array in table) / ngrams, 1)
    return found


def run() -> dict[str, Any]:
    """Items found, by language and unit, the cost, and the memory that items take."""
    if (skipped := missing()) is not None:
        return skipped
    found = {f"{language}, {unit or 'auto'}": _found(language, unit) for language in UNITS for unit in UNITS[language]}
    return {"found": found, "cost_us": _cost(), "bytes_per_ngram": _memory()}
