"""What benchmarks share: where the shared data is, files repeated under distinct names, child processes measured."""

import json
import os
import resource
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
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


def shown_texts(archive: Path) -> Iterator[str]:
    """All that the pages of an archive show, main text or not."""
    from fastwarc.warc import ArchiveIterator
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    with archive.open("rb") as file:
        for record in ArchiveIterator(file):
            body = record.reader.read()
            yield extract_plain_text(bytes_to_str(body, detect_encoding(body)))


def datatrove_python(folder: Path, *packages: str) -> str:
    """The Python that CURATE_DATATROVE_PYTHON names, or that of a new virtual environment with these packages."""
    given = os.environ.get("CURATE_DATATROVE_PYTHON")
    if given:
        return given
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


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
