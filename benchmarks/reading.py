"""What verified reading costs over plain FastWARC, in one run; and how many encodings are told right.

reading_over_fastwarc   CPU of read() over CPU of a bare FastWARC loop that takes every response and its body. FastWARC
                        neither verifies that a record is whole, nor undoes chunks and encodings, nor sniffs types.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 5


def _shared() -> Path:
    return Path(os.environ.get("CURATE_SHARED_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))


def _cpu(work: Callable[[], int]) -> tuple[float, int]:
    started = time.process_time()
    count = work()
    return time.process_time() - started, count


def run() -> dict[str, Any]:
    """The figures; {"skipped": reason} without the shared data."""
    shared = _shared()
    archives = sorted(map(str, (shared / "pages_gold").glob("*.warc.gz")))
    if not archives:
        return {"skipped": f"no archives under {shared.name}/pages_gold"}
    from fastwarc.warc import ArchiveIterator, response

    from pipelines.reading import read
    from pipelines.reading.units import Piece

    def verified() -> int:
        return sum(1 for path in archives for _ in read(Piece(path)))

    def plain() -> int:
        count = 0
        for path in archives:
            with open(path, "rb") as file:
                for record in ArchiveIterator(file, record_types=response, parse_http=True):
                    count += bool(record.reader.read())
        return count

    # by turns, and the best of each: what others do on the machine at the time falls on both
    rounds = [(_cpu(verified), _cpu(plain)) for _ in range(ROUNDS)]
    pages = rounds[0][0][1]
    if any(count != pages for pair in rounds for _, count in pair):
        raise AssertionError("the two loops read different numbers of pages")
    ours, theirs = (min(pair[side][0] for pair in rounds) for side in (0, 1))
    return {
        "pages": pages,
        "read_ms_a_page": round(1000 * ours / pages, 3),
        "fastwarc_ms_a_page": round(1000 * theirs / pages, 3),
        "reading_over_fastwarc": round(ours / theirs, 2),
        **_encodings(shared),
    }


def _encodings(shared: Path) -> dict[str, Any]:
    from filters.text.charset import decode
    from filters.text.encodings import codec_of

    manifest = shared / "encodings" / "manifest.jsonl"
    entries = [json.loads(line) for line in manifest.read_text().splitlines()]
    known = [entry for entry in entries if entry["encoding"] and codec_of(entry["encoding"])]
    wrong: dict[str, list[str]] = {"declared": [], "undeclared": []}
    for entry in known:
        body = (shared / "encodings" / entry["file"]).read_bytes()
        gold = body.decode(codec_of(entry["encoding"]) or "utf-8", "replace").removeprefix("\ufeff")
        if decode(body, entry["encoding"]).text != gold:
            wrong["declared"].append(entry["file"])
        if decode(body).text != gold:
            wrong["undeclared"].append(entry["file"])
    return {
        "encodings_files": len(known),
        "encodings_right_declared": round(1 - len(wrong["declared"]) / len(known), 4),
        "encodings_right_undeclared": round(1 - len(wrong["undeclared"]) / len(known), 4),
        "encodings_wrong": wrong,
        "encodings_unknown": sorted({entry["encoding"] or "" for entry in entries} - {e["encoding"] for e in known}),
    }
