"""What tests of runs share: small inputs, a run, and its output as plain data."""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq

from curate.recipe import parse
from curate.running import run


def write_rows(path: Path, texts: list[str], first: int = 0) -> Path:
    """A JSONL file with one row a text; ids are numbers from first."""
    rows = (json.dumps({"id": f"{first + n}", "text": text}) for n, text in enumerate(texts))
    path.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def recipe(*stages, **more):
    """A recipe of these stages."""
    return parse({"name": "test", "stages": list(stages), **more}, "test")


def rows(output: Path, table: str) -> list[dict]:
    """All rows of a table of a run, sorted by row key."""
    found = []
    for path in sorted((Path(output) / table).glob("*.parquet")):
        found += pq.read_table(path, page_checksum_verification=True).to_pylist()
    return sorted(found, key=lambda row: (row["source"], row["offset"], row["id"]))


def content(output: Path) -> str:
    """A hash of what a run gave: ids and texts kept, ids and rules dropped and why, whatever the files."""
    notes = ("dup_count", "dup_cluster", "bucket", "weight")
    kept = sorted((row["id"], row["text"], *(row.get(note) or 0 for note in notes)) for row in rows(output, "kept"))
    why = ("stage", "rule", "kept_id", "value", "threshold", "similarity")
    dropped = sorted((row["id"], *(row[name] or 0 for name in why)) for row in rows(output, "dropped"))
    failed = sorted((row["source"].rpartition("/")[2], row["offset"], row["reason"]) for row in rows(output, "failed"))
    return hashlib.sha256(repr([kept, dropped, failed]).encode()).hexdigest()


def go(chosen, inputs, output, **more) -> dict:
    """A run; in this process unless workers are given."""
    return run(chosen, [str(path) for path in inputs], str(output), **{"workers": 1, **more})


def adds_up(result: dict) -> bool:
    """Whether every number of a funnel follows from the others."""
    alive = result["read"]["records"]
    for stage in result["stages"]:
        if stage["in"] != alive or stage["in"] != stage["kept"] + stage["dropped"] + stage["failed"]:
            return False
        if stage["dropped"] != sum(stage["dropped_by_rule"].values()):
            return False
        alive = stage["kept"]
    total = result["kept"] + result["dropped"] + result["failed"]
    return bool(result["conserved"]) and alive == result["kept"] and total == result["read"]["records"]
