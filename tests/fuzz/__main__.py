"""python -m tests.fuzz [readers] [kernels] [strategies] --seconds 600: one class after the other, and a table.

Exit code 1 where something was found; the inputs and tracebacks are then in the folder that is named.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.engine import ROOT, executions, feed

CLASSES = ("readers", "kernels", "strategies")


def main() -> int:
    """Run the classes that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("classes", nargs="*", choices=[*CLASSES, []], help="all of them where none is named")
    parser.add_argument("--seconds", type=int, default=600, help="for each class")
    parser.add_argument("--folder", type=Path, help="for the corpus and the finds (default: a new one)")
    parser.add_argument("--feed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="curate-fuzz-"))
    if given.feed:
        feed(given.classes[0], given.seconds, folder)
        return 0
    found = 0
    for name in given.classes or CLASSES:
        found += _run(name, given.seconds, folder / name)
    return 1 if found else 0


def _run(name: str, seconds: int, folder: Path) -> int:
    """A class for its time; a process that dies of an input is a find, and another goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finds").mkdir(exist_ok=True)
    before = executions(folder)
    started = time.monotonic()
    deaths = 0
    # its own cache: kernels that check their bounds are compiled for this alone
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(folder.parent / "kernels-checked")}
    while (left := int(started + seconds - time.monotonic())) > 0:
        command = [sys.executable, "-m", "tests.fuzz", "--feed", name, "--seconds", str(left), "--folder", str(folder)]
        with open(folder / "log", "ab") as log:
            code = subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False).returncode
        if code:
            deaths += 1
            current = folder / "current"
            if current.exists():
                current.rename(folder / "finds" / f"death-{deaths}")
            if deaths > 50 or time.monotonic() - started < 5 * deaths:
                print(f"{name}: the target does not run, see {folder / 'log'}", file=sys.stderr)
                return 1
    finds = sorted(path.stem for path in (folder / "finds").glob("*.txt"))
    count, minutes = executions(folder) - before, (time.monotonic() - started) / 60
    print(f"{name:<12}{minutes:6.1f} min{count:>12,} executions{len(finds):>4} finds{deaths:>4} deaths  {folder}")
    for find in finds:
        print(f"    {(folder / 'finds' / f'{find}.txt').read_text(encoding='utf-8').splitlines()[0]}")
    return len(finds) + deaths


if __name__ == "__main__":
    sys.exit(main())
