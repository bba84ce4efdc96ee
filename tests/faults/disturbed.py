"""Runs that are disturbed at random moments, each compared with an undisturbed run: python -m tests.faults.disturbed.

Killed are the driver, its whole process group, workers, extraction children, and whatever has just started; some runs
have less memory than they need (a memory cgroup, version 1, where this process may make one). A run that ends is
resumed. Every one must add up and hold the very rows of the undisturbed run.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from tests.curate.running_tools import adds_up, content, write_rows
from tests.faults.disturbances import children_of, kill, workers_of
from tests.pipelines.reading.archives import http, member, record

ROOT = Path(__file__).resolve().parents[2]
CGROUPS = Path("/sys/fs/cgroup/memory")
RECIPE = """name: disturbed
stages:
  - extraction/resiliparse: {main_content: true}
  - quality/length: {min_words: 5}
  - dedup/exact
  - dedup/minhash
  - cleanup/newlines
"""
TEXT = "river bridge old stone water flows under morning light people walk slowly home and the of to with"
WORDS = tuple(TEXT.split())


def write_inputs(folder: Path, pages: int) -> list[Path]:
    """Archives of pages of which some repeat, a damaged one, and rows of JSONL."""
    made = []
    for number in range(4):
        chance = random.Random(number)
        path = folder / f"{number}.warc.gz"
        data = b""
        for page in range(pages):
            words = " ".join(chance.choices(WORDS, k=60 + page % 90))
            same = "The same page in every archive. " * 20 if page % 10 == 0 else words
            data += member(record(http(f"<html><body><p>{page} {same}</p><p>{words}</p></body></html>".encode()), page))
        path.write_bytes(data[: len(data) - 40 * (number == 3)])
        made.append(path)
    texts = [" ".join(random.Random(n // 2).choices(WORDS, k=80)) for n in range(4 * pages)]
    return [*made, write_rows(folder / "rows.jsonl", texts)]


class Run:
    """A run as a process group of its own."""

    def __init__(self, inputs: list[Path], recipe: Path, output: Path, cgroup: Path | None = None) -> None:
        command = [sys.executable, "-m", "curate", "run", str(recipe), *map(str, inputs), "-o", str(output)]
        command += ["--workers", "2", *(["--resume"] if output.exists() and any(output.iterdir()) else [])]

        def enter() -> None:
            if cgroup is not None:
                (cgroup / "cgroup.procs").write_text(str(os.getpid()))

        self.process = subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, preexec_fn=enter, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def running(self) -> bool:
        return self.process.poll() is None

    def family(self) -> tuple[list[psutil.Process], list[psutil.Process]]:
        """The processes of workers and of extraction children."""
        return workers_of(self.process.pid), children_of(self.process.pid)

    def end(self) -> tuple[int, str]:
        said = self.process.communicate()[1]
        return self.process.returncode, said.strip()


def kill_driver(run: Run, chance: random.Random) -> int:
    time.sleep(chance.uniform(0.2, 9))
    return kill([psutil.Process(run.process.pid)]) if run.running() else 0


def kill_group(run: Run, chance: random.Random) -> int:
    time.sleep(chance.uniform(0.2, 9))
    if run.running():
        os.killpg(run.process.pid, signal.SIGKILL)
        return 1
    return 0


def kill_workers(run: Run, chance: random.Random) -> int:
    killed = 0
    while run.running() and not all(run.family()):
        time.sleep(0.05)
    for _ in range(chance.randint(1, 4)):
        time.sleep(chance.uniform(0.0, 2))
        workers = run.family()[0]
        killed += kill([chance.choice(workers)] if workers else [])
    return killed


def kill_children(run: Run, chance: random.Random) -> int:
    """Twenty kills, at whatever the children are at."""
    killed = 0
    while run.running() and killed < 20:
        killed += kill(run.family()[1])
        time.sleep(chance.uniform(0.0, 0.1))
    return killed


def kill_starting(run: Run, chance: random.Random) -> int:
    """Kill workers and children right after they appear."""
    killed, seen = 0, set[int]()
    while run.running() and killed < 12:
        workers, children = run.family()
        new = [one for one in (*workers, *children) if one.pid not in seen]
        seen.update(one.pid for one in new)
        time.sleep(chance.uniform(0.0, 0.1))
        killed += kill([one for one in new if killed < 3 or chance.random() < 0.4])
    return killed


KINDS: dict[str, Callable[[Run, random.Random], int]] = {
    "driver": kill_driver,
    "group": kill_group,
    "worker": kill_workers,
    "child": kill_children,
    "start": kill_starting,
    "memory": lambda run, chance: 0,
}


def make_cgroup() -> Path | None:
    """A memory cgroup of this script's own; None where there cannot be one."""
    path = CGROUPS / f"curate-disturbed-{os.getpid()}"
    with suppress(OSError):
        path.mkdir()
        if (path / "memory.limit_in_bytes").exists():
            return path
    return None


def oom_kills(cgroup: Path) -> int:
    fields = dict(line.split() for line in (cgroup / "memory.oom_control").read_text().splitlines())
    return int(fields.get("oom_kill", 0))


def limit(cgroup: Path, size: int) -> None:
    (cgroup / "memory.limit_in_bytes").write_text(str(size))


def disturbed(number: int, kind: str, inputs: list[Path], recipe: Path, folder: Path, cgroup: Path | None) -> str:
    """One run, resumed until it is complete; how it was disturbed."""
    chance = random.Random(number)
    output = folder / f"{number}-{kind}"
    here = cgroup if kind == "memory" else None
    before = oom_kills(here) if here else 0
    killed = 0
    for attempt in range(6):
        run = Run(inputs, recipe, output, here)
        killed += KINDS[kind](run, chance) if attempt < 3 else 0
        code, said = run.end()
        if code == 0:
            break
        if here is not None:
            limit(here, 1 << 40)  # the machine has room again
    else:
        raise SystemExit(f"run {number} ({kind}): not finished after {attempt + 1} attempts: {said}")
    killed += oom_kills(here) - before if here else 0
    result = json.loads((output / "run.json").read_text())
    assert adds_up(result), f"run {number} ({kind}) does not add up"
    assert not (output / ".curate").exists()
    return f"{killed} kills, {attempt + 1} {'attempt' if attempt == 0 else 'attempts'}"


def main() -> None:
    """Run, and exit with 1 where a run differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--pages", type=int, default=400, help="pages in each of four archives")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="curate-disturbed-"))
    (folder / "in").mkdir()
    inputs = write_inputs(folder / "in", options.pages)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE)
    cgroup = make_cgroup()
    differ = 0
    try:
        if cgroup is None:
            print("memory: skipped, this process cannot make a memory cgroup (version 1)")
        whole = Run(inputs, recipe, folder / "whole", cgroup)
        code, said = whole.end()
        assert code == 0, said
        assert min(
            json.loads((folder / "whole" / "run.json").read_text())[one] for one in ("kept", "dropped", "failed")
        )
        expected = content(folder / "whole")
        peak = int((cgroup / "memory.max_usage_in_bytes").read_text()) if cgroup else 0
        kinds = [kind for kind in options.kinds if kind != "memory" or cgroup]
        for number in range(options.runs):
            kind = kinds[number % len(kinds)]
            if cgroup is not None:
                limit(cgroup, peak * random.Random(number).randint(60, 90) // 100)
            how = disturbed(number, kind, inputs, recipe, folder, cgroup)
            same = content(folder / f"{number}-{kind}") == expected
            differ += not same
            print(f"{number + 1:3d} {kind:8s} {how:30s} {'identical' if same else 'DIFFERS'}", flush=True)
            if same:
                shutil.rmtree(folder / f"{number}-{kind}")
    finally:
        if cgroup is not None:
            cgroup.rmdir()
    print(f"{options.runs} disturbed runs, {differ} differ from the undisturbed one")
    if differ:
        raise SystemExit(f"what differs is in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
