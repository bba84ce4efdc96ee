"""Corpora for the benchmarks of deduplication, made of sentences of real pages; every fifth document is an edit."""

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.shared import DATA


def sentences() -> list[str]:
    """Different sentences of 20 to 300 characters from the gold texts of real pages; empty without the shared data."""
    found: set[str] = set()
    for path in sorted((DATA / "pages_gold").glob("*.gold.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                text = json.loads(line).get("text") or ""
                found.update(s for s in re.split(r"(?<=[.!?])\s+|\n", text) if 20 <= len(s) <= 300)
    return sorted(found)


def documents(count: int, size: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Rows with id, url and text of about `size` bytes; every fifth is an earlier one with one word in 100 replaced."""
    chance = random.Random(seed)
    source = sentences()
    words = " ".join(source[:2000]).split()
    recent: list[str] = []  # documents that may be edited; a bounded number, spread over all
    for number in range(count):
        if number % 5 == 4:
            parts = chance.choice(recent).split(" ")
            for _ in range(max(1, len(parts) // 100)):
                parts[chance.randrange(len(parts))] = chance.choice(words)
            text = " ".join(parts)
        else:
            parts, length = [], 0
            while length < size:
                parts.append(chance.choice(source))
                length += len(parts[-1].encode()) + 1
            text = " ".join(parts)
        if len(recent) < 2000:
            recent.append(text)
        elif chance.random() < 0.1:
            recent[chance.randrange(2000)] = text
        yield {"id": f"d{number}", "url": f"http://example.org/{number}", "text": text}


def write(folder: Path, count: int, size: int, files: int = 4, **more: int) -> int:
    """Write the documents as JSONL files; returns bytes of text."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    targets = [(folder / f"{number}.jsonl").open("w", encoding="utf-8") for number in range(files)]
    for number, row in enumerate(documents(count, size, **more)):
        total += len(row["text"].encode())
        targets[number * files // count].write(json.dumps(row, ensure_ascii=False) + "\n")
    for target in targets:
        target.close()
    return total
