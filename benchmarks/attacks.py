"""Small files that cost much: each alone through a run with one worker. Its outcome, peak memory and CPU.

python -m benchmarks.attacks [FILE ...] prints a line for each; without files, those of the shared data. A file fails
where a process takes 1 GB, or the run 10 CPU seconds more than one over a single short row.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.shared import DATA, ROOT, missing

BY_HAND = True
MOST_MB = 1000
MOST_CPU_SECONDS = 10.0
_RECIPE = ROOT / "configs" / "quickstart.yaml"
# In a process of its own, as small as can be: a child inherits the peak memory of the process that starts it.
_MEASURE = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024, used.ru_utime + used.ru_stime]))
"""


@dataclass
class Outcome:
    """What came of a file. peak_mb: of the largest of the processes; reasons: of its failed rows."""

    file: str
    exit: int
    kept: int
    dropped: int
    failed: int
    reasons: dict[str, int]
    peak_mb: int
    cpu_seconds: float

    def passed(self, empty_cpu_seconds: float) -> bool:
        """Whether it stays within the limits."""
        return self.peak_mb < MOST_MB and self.cpu_seconds - empty_cpu_seconds <= MOST_CPU_SECONDS


def outcome(path: Path, folder: Path) -> Outcome:
    """Run the recipe over one file, with its output in a new folder."""
    output = folder / f"{path.name}.run"
    command = [str(Path(sys.executable).with_name("curate")), "run", str(_RECIPE), "--input", str(path)]
    measure = [sys.executable, "-S", "-E", "-c", _MEASURE, *command, "--output", str(output), "--workers", "1"]
    done = subprocess.run(measure, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    code, peak, spent = json.loads(done.stdout.strip().splitlines()[-1])
    about: dict[str, Any] = {}
    if (output / "run.json").is_file():
        about = json.loads((output / "run.json").read_text())
    rows = (about.get(table, 0) for table in ("kept", "dropped", "failed"))
    return Outcome(path.name, code, *rows, _reasons(output), peak, round(spent, 1))


def _reasons(output: Path) -> dict[str, int]:
    import pyarrow.parquet as pq

    found: Counter[str] = Counter()
    for file in (output / "failed").glob("*.parquet"):
        found.update(pq.read_table(file, columns=["reason"])["reason"].to_pylist())
    return dict(found.most_common(3))


def outcomes(paths: list[Path]) -> tuple[Outcome, list[Outcome]]:
    """The outcome of a single short row, and those of the files."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        row = Path(folder) / "one.jsonl"
        row.write_text('{"text": "one two three"}\n')
        first = outcome(row, Path(folder))
        found = []
        for path in paths:
            found.append(outcome(path, Path(folder)))
            print(_line(found[-1], first), file=sys.stderr, flush=True)
        return first, found


def _line(one: Outcome, empty: Outcome) -> str:
    more = one.cpu_seconds - empty.cpu_seconds
    mark = " " if one.passed(empty.cpu_seconds) else "!"
    reasons = ", ".join(f"{reason} {count}" for reason, count in one.reasons.items())
    counts = f"exit {one.exit}  kept {one.kept}  dropped {one.dropped}  failed {one.failed}"
    return f"{mark} {one.file:28} {one.peak_mb:5} MB {more:6.1f} CPU s  {counts}  {reasons}"


def _shared() -> list[Path]:
    return sorted(path for path in (DATA / "attacks").iterdir() if path.suffix != ".md")


def run() -> dict[str, Any]:
    """The figures of all shared files; {"skipped": reason} without them."""
    if skipped := missing():
        return dict(skipped)
    empty, found = outcomes(_shared())
    return {
        "files": len(found),
        "empty_run": asdict(empty),
        "peak_mb": max(one.peak_mb for one in found),
        "over": [asdict(one) for one in found if not one.passed(empty.cpu_seconds)],
    }


if __name__ == "__main__":
    given = [Path(os.path.abspath(name)) for name in sys.argv[1:]] or _shared()
    first, found = outcomes(given)
    sys.exit(0 if all(one.passed(first.cpu_seconds) for one in found) else 1)
