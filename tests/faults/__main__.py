"""python -m tests.faults: runs the table and prints it with its outcomes. Exit code 1 where an outcome is another.

--only WORD     rows whose text holds it (case does not matter)
--jobs N        rows at a time (2)
--list          prints the table, runs nothing
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.rows import FAULTS
from tests.faults.table import CannotRun, Fault, Place


def outcome(fault: Fault, folder: Path) -> str:
    """ "as it must", "not run: why", or what came of it instead."""
    try:
        fault.check(Place(folder))
    except CannotRun as error:
        return f"not run: {error}"
    except AssertionError as error:
        return f"WRONG: {' '.join(str(error).split())[:600] or traceback.format_exc()[-300:]}"
    except Exception as error:
        return f"WRONG: {type(error).__name__}: {error} at {traceback.extract_tb(error.__traceback__)[-1]}"
    shutil.rmtree(folder, ignore_errors=True)
    return "as it must"


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    rows = [(n, f) for n, f in enumerate(FAULTS, 1) if given.only.lower() in f"{f.name} {f.made} {f.outcome}".lower()]
    if given.list:
        for number, fault in rows:
            print(f"{number:>3}  {fault.name} | {fault.made} | {fault.outcome}")
        return 0
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job would hand down that it is ignored
    folder = Path(tempfile.mkdtemp(prefix="curate-faults-"))
    folder.chmod(0o755)  # rows run as other users
    counts: Counter[str] = Counter()

    def run(row: tuple[int, Fault]) -> tuple[str, float]:
        started = time.monotonic()
        return outcome(row[1], folder / str(row[0])), time.monotonic() - started

    with ThreadPoolExecutor(given.jobs) as pool:
        for (number, fault), (said, seconds) in zip(rows, pool.map(run, rows), strict=True):
            counts[said.partition(":")[0]] += 1
            print(f"{number:>3}  {fault.name} | {fault.made} | {fault.outcome} | {said} | {seconds:.0f} s", flush=True)
    print(f"{sum(counts.values())} faults: " + ", ".join(f"{count} {said}" for said, count in sorted(counts.items())))
    if counts["WRONG"]:
        print(f"what they left is in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
