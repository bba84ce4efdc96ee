"""What benchmarks share: where the shared data is, files repeated under distinct names, child processes measured."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("CURATE_SHARED_DATA", ROOT.parent / "shared" / "data"))


def missing() -> dict[str, str] | None:
    """What run() returns where the shared data is not there; None where it is."""
    return None if DATA.is_dir() else {"skipped": "the shared test data is not beside this checkout"}


def pages_gold() -> list[Path]:
    """The archives of pages with gold text."""
    return sorted((DATA / "pages_gold").glob("*.warc.gz"))


def repeat(files: list[Path], folder: Path, times: int) -> list[Path]:
    """Copies of files under distinct names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(times):
        for file in files:
            target = folder / f"{number:03d}-{file.name}"
            shutil.copyfile(file, target)
            made.append(target)
    return made


def in_child(code: str, *arguments: str) -> dict[str, Any]:
    """Run Python code in a process of its own; it prints one JSON object last. Adds its peak memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    found["process_cpu_seconds"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found
