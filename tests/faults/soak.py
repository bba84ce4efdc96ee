"""A long run with faults in the input, killed again and again: make soak, or python -m tests.faults.soak.

The same input is run twice: undisturbed, and with its driver, its workers and its extraction children killed at random
moments of all phases. It must add up, rows and report must be the same, and no process may grow.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from tests.curate.running_tools import adds_up
from tests.faults.disturbances import below, children_of, kill, workers_of
from tests.faults.table import Ended, Place, books, run_arguments
from tests.pipelines.reading.archives import http, member, record

STAGES = (
    {"extraction/resiliparse": {"main_content": False}},
    "language/script",
    {"quality/length": {"min_words": 20}},
    {"pii/patterns": {"action": "replace"}},  # before the phases end: what a later one loads would look like growth
    "dedup/exact",
    "dedup/minhash",
)
SAMPLE_SECONDS = 0.5
SHORTEST_LIFE = 120  # samples
IMPORT_SECONDS = 8.0  # of CPU; until then a process grows by what it imports, however long that takes
_SYLLABLES = "가나다라마바사아자차카타파하고는을이도에서"


def corpus(place: Place, documents: int, faults: float, seed: int = 4) -> list[Path]:
    """Archives and rows in turn, 2,000 documents a file; some are near-copies of others, some are damaged."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(4000)]
    words += ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(4000)]
    seen: list[str] = []
    paths = []
    for first in range(0, documents, 2000):
        texts = []
        for _ in range(min(2000, documents - first)):
            if seen and rng.random() < 0.1:
                text = rng.choice(seen) + rng.choice(("", "", " " + rng.choice(words)))
            else:
                text = " ".join(rng.choices(words, k=rng.randint(10, 200))) + "."
                if len(seen) < 20_000:
                    seen.append(text)
            texts.append(text)
        archive = (first // 2000) % 2 == 0
        parts = [_page(rng, first + n, text, faults) if archive else _row(rng, first + n, text, faults)
                 for n, text in enumerate(texts)]  # fmt: skip
        paths.append(place.write(f"in/{first:08}.{'warc.gz' if archive else 'jsonl'}", b"".join(parts)))
    return paths


def _page(rng: random.Random, number: int, text: str, faults: float) -> bytes:
    whole = member(record(http(f"<html><body><p>{text}</p></body></html>".encode()), number))
    if rng.random() >= faults:
        return whole
    kind = rng.randrange(5)
    if kind == 0:
        return whole[: rng.randrange(20, len(whole))]
    if kind == 1:
        damaged = bytearray(whole)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        return bytes(damaged)
    if kind == 2:
        return rng.randbytes(rng.randrange(1, 2000)) + whole
    if kind == 3:
        return member(record(http(b"<p>a</p>"), number, "response", str(rng.randrange(10**6))))
    return member(record(http(b"<div>" * 3000 + text.encode()), number))


def _row(rng: random.Random, number: int, text: str, faults: float) -> bytes:
    line = json.dumps(
        {"id": str(number), "text": text, "url": f"http://a.example/{number}"}, ensure_ascii=False
    ).encode()
    if rng.random() < faults:
        kind = rng.randrange(4)
        if kind == 0:
            line = line[: rng.randrange(1, len(line))]
        elif kind == 1:
            line = line.replace(b'"text": "', b'"text": "\xff', 1)
        elif kind == 2:
            line = b'{"text": %d}' % number
        else:
            line = line.replace(b"{", b"{" * 3, 1)
    return line + b"\n"


class Watch:
    """Memory of all processes of a run, sampled. curves: of each process in MB, from the end of its imports on."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.curves: dict[int, list[float]] = {}

    def look(self) -> None:
        try:
            processes = [psutil.Process(self.pid), *below(self.pid)]
        except psutil.Error:
            return
        for process in processes:
            try:
                resident = process.memory_info().rss / 1e6
                used = process.cpu_times()
            except psutil.Error:
                continue
            if resident and used.user + used.system >= IMPORT_SECONDS:
                self.curves.setdefault(process.pid, []).append(resident)

    def growth(self) -> list[tuple[int, float, float]]:
        """(samples, MB in the first quarter, MB in the last) of each process that lived long enough."""
        found = []
        for curve in self.curves.values():
            quarter = len(curve) // 4
            if len(curve) >= SHORTEST_LIFE:
                found.append((len(curve), statistics.median(curve[:quarter]), statistics.median(curve[-quarter:])))
        return found


def run(
    place: Place, recipe: Path, paths: list[Path], output: str, workers: int, kills: Iterator[float]
) -> list[Watch]:
    """The run to its end, with kills after so many seconds of work; what was watched, one for each driver."""
    listed = place.write("inputs.txt", "".join(f"{path}\n" for path in paths))
    rng = random.Random(8)
    watches: list[Watch] = []
    worked, due = 0.0, next(kills, None)
    number = 0
    while True:
        more = ("--resume",) if watches else ()
        process = place.start(*run_arguments(recipe, [f"@{listed}"], output, workers, more))
        watches.append(Watch(process.pid))
        killed = False
        while True:
            time.sleep(SAMPLE_SECONDS)
            watches[-1].look()
            pid, status, _ = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if due is not None and worked + time.monotonic() - process.began > due:
                targets = ("driver", "worker", "child", "group")
                what, number, due = targets[number % 4], number + 1, next(kills, None)
                print(f"  {output}: killing a {what}", flush=True)
                if what == "driver" or what == "group":
                    killed = True
                    (os.kill if what == "driver" else os.killpg)(process.pid, signal.SIGKILL)
                else:
                    found = workers_of(process.pid) if what == "worker" else children_of(process.pid)
                    kill(rng.sample(found, min(1, len(found))))
        process.returncode = os.waitstatus_to_exitcode(status)
        worked += time.monotonic() - process.began
        if not killed:
            said = (place.folder / f"said-{process.number}.err").read_text(encoding="utf-8", errors="replace")
            assert process.returncode == 0, f"exit code {process.returncode}: {said[-500:]}"
            return watches


def digest(output: Path) -> dict[str, tuple[int, str]]:
    """The number of rows of each table and a sum of their hashes, whatever the files."""
    found = {}
    for table in ("kept", "dropped", "failed"):
        total = count = 0
        for path in (output / table).glob("*.parquet"):
            for batch in pq.ParquetFile(path, page_checksum_verification=True).iter_batches():
                for row in batch.to_pylist():
                    hashed = hashlib.blake2b(repr(sorted(row.items())).encode("utf-8", "surrogatepass"), digest_size=16)
                    total += int.from_bytes(hashed.digest(), "big")
                    count += 1
        found[table] = count, f"{total % 2**128:032x}"
    return found


def main() -> int:
    """Run what was asked for; prints what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--faults", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=5)
    given = parser.parse_args()
    place = Place(Path(tempfile.mkdtemp(prefix="curate-soak-")))
    print(
        f"{given.documents:,} documents, {given.faults:.1%} faults, {given.workers} workers, in {place.folder}",
        flush=True,
    )
    paths = corpus(place, given.documents, given.faults)
    recipe = place.recipe(*STAGES)
    began = time.monotonic()
    watched = run(place, recipe, paths, "whole", given.workers, iter(()))
    seconds = time.monotonic() - began
    rng = random.Random(given.kills)
    moments = (seconds * (number + rng.random()) / given.kills for number in range(given.kills))
    watched += run(place, recipe, paths, "out", given.workers, moments)
    whole, out = (Ended(0, "", "", 0, 0, 0, place.folder / name) for name in ("whole", "out"))
    wrong: list[Any] = []
    for ended in (whole, out):
        if not adds_up(ended.result):
            wrong.append(f"{ended.output.name} does not add up")
    result = whole.result
    print(f"undisturbed: {seconds:.0f} s, {result['cpu_seconds']:.0f} CPU s, {result['read']['records']:,} records = "
          f"{result['kept']:,} kept + {result['dropped']:,} dropped + {result['failed']:,} failed")  # fmt: skip
    if digest(whole.output) != digest(out.output):
        wrong.append(f"other rows: {digest(whole.output)} undisturbed, {digest(out.output)} disturbed")
    if books(whole) != books(out):
        wrong.append("another report")
    for watch in watched:
        for samples, first, last in watch.growth():
            lived = samples * SAMPLE_SECONDS
            print(f"  a process of {lived:.0f} s: {first:.0f} MB in its first quarter, {last:.0f} in its last")
            if last > 1.2 * first:
                wrong.append(f"a process grew from {first:.0f} to {last:.0f} MB")
    peak = max(max(curve) for watch in watched for curve in watch.curves.values())
    print(f"largest process: {peak:.0f} MB")
    print("\n".join(f"WRONG: {one}" for one in wrong) or "as it must")
    if not wrong:
        shutil.rmtree(place.folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
