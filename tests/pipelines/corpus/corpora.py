"""Small corpora with known duplicates, and what a decision leaves of them."""

import random
from collections.abc import Sequence
from pathlib import Path

from filters.chain import Step
from filters.contracts import Strategy
from filters.document import Document, Drop
from pipelines.corpus.forms import decide
from pipelines.corpus.spool import Spool, reread
from pipelines.manifest import Shard


def corpus(size: int = 120, seed: int = 1) -> list[Document]:
    """Pages of lines, many of which repeat; every third is an edit of an earlier one; some are empty or equal."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdeghiklmnoprstu가나다라", k=chance.randint(2, 7))) for _ in range(900)]
    lines = [" ".join(chance.choices(words, k=chance.randint(2, 40))) for _ in range(size)]
    documents: list[Document] = []
    for number in range(size):
        if number % 3 == 2:
            parts = chance.choice(documents).text.split(" ")
            parts[chance.randrange(len(parts))] = chance.choice(words)
            text = " ".join(parts)
        elif number % 10 == 1:
            text = chance.choice(["", "!!!", "short text", lines[0]])
        else:
            text = "\n".join(chance.choices(lines, k=6))
        address = f"http://example.org/{number % (size - 9)}"
        notes = {"score": number % 50 / 7, "language": "ko" if number % 2 else "en"}
        documents.append(
            Document(f"id-{number}", text, address, notes, "file", number, f"2024-01-{number % 28 + 1:02}")
        )
    return documents


def as_step(strategy: Strategy) -> Step:
    """A stage of this strategy."""
    return Step("dedup", type(strategy).__name__, strategy)


def spooled(step: Strategy, folder: Path, parts: Sequence[Sequence[Document]]) -> list[Shard]:
    """One shard for each part."""
    shards = []
    for number, part in enumerate(parts):
        spool = Spool(str(folder), f"unit-{number}", as_step(step))
        for document in part:
            spool.add(document)
        shards.append(spool.close())
    return shards


Result = list[tuple[str, str, dict[str, int], Drop | None]]


def left(shards: Sequence[Shard], paths: dict[str, str | None], step: Strategy) -> Result:
    """(id, text, edits, drop) of each document, by id."""
    found = [pair for shard in shards for pair in reread(shard, paths.get(shard.name), as_step(step))]
    assert not any(applied.reason for _, applied in found)
    rows = [(before.id, applied.document or before, applied) for before, applied in found]
    return sorted(((name, d.text, dict(a.edits), a.drop) for name, d, a in rows), key=lambda row: row[0])


def decided(step: Strategy, folder: Path, parts: Sequence[Sequence[Document]]) -> Result:
    """What the decision on one machine leaves of documents spread over these shards."""
    shards = spooled(step, folder, parts)
    decision = decide(step, shards[::-1], str(folder / "decisions"))
    return left(shards, {shard.name: decision.of(shard) for shard in shards}, step)
