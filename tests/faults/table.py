"""What a row of the table is, the place it runs in, and what holds whatever the fault."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from tests.curate.running_tools import adds_up

ROOT = Path(__file__).resolve().parents[2]
CANARY = "secret-canary-51c7"  # stands where somebody's data would; no message and no dropped or failed row may hold it
LOOK_SECONDS = 0.1
PEAK_BYTES = 1_000_000_000  # of any process
CPU_SECONDS = 12.0  # of a run over a small input; an empty run takes about 1.5
TEXT = "강물은 흐르고 다리는 오래되었다. The river runs under the old bridge, and nobody counts the boats."

BESIDE = [
    "갯벌에서 일하는 사람들은 시계보다 물때를 먼저 본다. 하루에 두 번 물이 들고 난다.",
    "The man who mends the clocks carries a bag of keys, and he knows them by their sound.",
    "Bread needs flour, water, salt and a night of patience; the oven does the smallest part of the work.",
]


class CannotRun(Exception):
    """This machine lacks what a row needs; the message says what."""


@dataclass(frozen=True)
class Fault:
    """A row: what goes wrong, how it is made, what must come of it, and the function that makes and checks it.

    check raises AssertionError where the outcome is another, and CannotRun where it cannot be made here.
    cheap  takes a second or two, wherever it runs
    """

    name: str
    made: str
    outcome: str
    check: Callable[["Place"], None]
    cheap: bool = False


@dataclass
class Ended:
    """A command that ended: its exit code (below 0: the signal), what it printed, what it took, and its directory."""

    code: int
    out: str
    err: str
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    output: Path

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads((self.output / "run.json").read_text(encoding="utf-8")))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, as the files have them, sorted by row key."""
        found: list[dict[str, Any]] = []
        for path in sorted((self.output / table).glob("*.parquet")):
            found += pq.read_table(path, page_checksum_verification=True).to_pylist()
        return sorted(found, key=lambda row: (row["source"], row["offset"], row["id"]))

    def reasons(self) -> Counter[str]:
        return Counter(row["reason"] for row in self.rows("failed"))

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """All rows there are."""
        return {table: self.rows(table) for table in ("kept", "dropped", "failed")}


class Place:
    """A folder of its own for one row, and the commands it runs there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, data: bytes | str) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def rows(self, name: str, texts: Sequence[str], first: int = 0) -> Path:
        """A JSONL file of texts; ids count from first."""
        lines = (json.dumps({"id": str(first + n), "text": text}, ensure_ascii=False) for n, text in enumerate(texts))
        return self.write(name, "".join(line + "\n" for line in lines))

    def recipe(self, *stages: Any, name: str = "recipe.yaml", **more: Any) -> Path:
        """A recipe of these stages. (JSON is YAML.)"""
        return self.write(name, json.dumps({"name": "fault", "stages": list(stages), **more}))

    def start(self, *arguments: Any, before: Sequence[str] = (), env: Mapping[str, str] | None = None, **more: Any):  # type: ignore[no-untyped-def]
        """A curate command that runs in the folder, in a process group of its own."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        environment = {name: value for name, value in environment.items() if value != UNSET}
        number = len(list(self.folder.glob("said-*.out")))
        out, err = (open(self.folder / f"said-{number}.{end}", "wb") for end in ("out", "err"))  # noqa: SIM115
        with out, err:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "curate", *map(str, arguments)],
                cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                **{"stdout": out, "stderr": err, "start_new_session": True, **more},
            )  # fmt: skip
        process.began, process.number = time.monotonic(), number  # type: ignore[attr-defined]
        return process

    def wait(self, process: Any, output: str | Path = "out", seconds: float = 300) -> Ended:
        """Wait for a command; after so many seconds it is killed, which is a failure."""
        until = time.monotonic() + seconds
        peak = looked = 0.0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - looked > LOOK_SECONDS:
                peak, looked = max(peak, peak_of(process.pid)), time.monotonic()
            if time.monotonic() > until:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                os.wait4(process.pid, 0)
                process.returncode = -9
                raise AssertionError(f"not done after {seconds:g} s")
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        out, err = (
            (self.folder / f"said-{process.number}.{end}").read_text(encoding="utf-8", errors="replace")
            for end in ("out", "err")
        )
        took = usage.ru_utime + usage.ru_stime, time.monotonic() - process.began
        return Ended(process.returncode, out, err, *took, int(peak), self.folder / output)

    def curate(self, *arguments: Any, output: str | Path = "out", seconds: float = 300, **more: Any) -> Ended:
        """A curate command, to its end."""
        return self.wait(self.start(*arguments, **more), output, seconds)

    def run(
        self,
        recipe: Any,
        *inputs: Any,
        output: str | Path = "out",
        workers: int = 1,
        options: Sequence[Any] = (),
        **more: Any,
    ) -> Ended:
        """curate run, to its end."""
        return self.curate(*run_arguments(recipe, inputs, output, workers, options), output=output, **more)


def peak_of(pid: int) -> int:
    """The largest peak of a process and those below it, in bytes. (ru_maxrss would count what their parent had.)"""
    found = 0
    with contextlib.suppress(psutil.Error):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with contextlib.suppress(OSError, IndexError):
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                found = max(found, int(status.partition("VmHWM:")[2].split()[0]) << 10)
    return found


UNSET = "\0unset"  # as the value of an environment variable: without it


def run_arguments(
    recipe: Any, inputs: Sequence[Any], output: Any, workers: int, options: Sequence[Any] = ()
) -> list[Any]:
    """The arguments of curate run."""
    named = [part for path in inputs for part in ("-i", path)]
    return ["run", recipe, *named, "-o", output, "--workers", workers, *options]


def sound(ended: Ended, code: int = 0, peak: int = PEAK_BYTES, cpu_seconds: float | None = None) -> Ended:
    """What holds after every run that ends by itself: the books add up, nobody's data is shown, memory is bounded."""
    assert ended.code == code, f"exit code {ended.code}, not {code}: {ended.err[-400:]}"
    assert "Traceback" not in ended.said, f"a traceback: {ended.err[-600:]}"
    assert CANARY not in ended.said, "data of the input on the terminal"
    assert ended.peak_bytes < peak, f"a process took {ended.peak_bytes >> 20} MB"
    if cpu_seconds is not None:
        assert ended.cpu_seconds < cpu_seconds, f"{ended.cpu_seconds:.1f} CPU s"
    if (ended.output / "run.json").exists():
        result = ended.result
        assert adds_up(result), "the books do not add up"
        for table in ("kept", "dropped", "failed"):
            rows = ended.rows(table)
            counted = "kept_rows" if table == "kept" else table
            assert len(rows) == result[counted], f"{table}/ has {len(rows)} rows, run.json says {result[counted]}"
            if table != "kept":
                assert not any(CANARY in repr(row) for row in rows), f"data of the input in {table}/"
        for row in ended.rows("failed"):
            assert row["source"] and row["reason"] and row["stage"], row
    return ended


def refused(ended: Ended, *said: str, code: int = 2) -> Ended:
    """A command that is refused: one line that says why, and no run."""
    sound(ended, code)
    lines = [line for line in ended.err.splitlines() if not line.startswith("curate: warning")]
    assert lines and lines[-1].startswith("curate: "), ended.err[-300:]
    for part in said:
        assert part in ended.err, f"{part!r} is not in {ended.err[-300:]!r}"
    return ended


def same_rows(one: Ended, other: Ended) -> None:
    """Two runs gave the same rows and the same report."""
    for table, rows in one.tables().items():
        others = other.rows(table)
        assert len(rows) == len(others), f"{table}/: {len(rows)} rows, and {len(others)} undisturbed"
        assert rows == others, f"{table}/: other rows than undisturbed"
    assert books(one) == books(other), "another funnel than undisturbed"


def books(ended: Ended) -> Any:
    """What of run.json does not depend on time and on files."""
    result = ended.result
    stages = [{key: value for key, value in stage.items() if key != "cpu_seconds"} for stage in result["stages"]]
    return stages, {key: result[key] for key in ("read", "kept", "dropped", "failed", "corpus", "repeated_ids")}


@dataclass(frozen=True)
class Given:
    """The check of an input beside a good one: so many kept, these rules and reasons, and the good one untouched.

    make      the content of the file; dict: of several
    fails     failed rows by reason; None: any number of any reason
    texts     each must stand in a text that is kept; lacks: in none
    code      of the command; most others end with 0
    """

    name: str
    make: Callable[[], bytes | dict[str, bytes]]
    kept: int | None = 0
    fails: Mapping[str, int] | None = field(default_factory=dict)
    drops: Mapping[str, int] | None = field(default_factory=dict)
    texts: Sequence[str] = ()
    lacks: Sequence[str] = ()
    stages: Sequence[Any] = ({"extraction/resiliparse": {"main_content": False}}, "dedup/exact")
    more: Mapping[str, Any] = field(default_factory=dict)
    peak: int = PEAK_BYTES
    cpu_seconds: float | None = CPU_SECONDS

    def __call__(self, place: Place) -> None:
        made = self.make()
        files = made if isinstance(made, dict) else {self.name: made}
        paths = [place.write(name, data) for name, data in files.items()]
        good = place.rows("beside.jsonl", BESIDE)
        recipe = place.recipe(*self.stages, **self.more)
        ended = sound(place.run(recipe, *paths, good), peak=self.peak, cpu_seconds=self.cpu_seconds)
        kept = ended.rows("kept")
        assert [row["text"] for row in kept if row["source"] == str(good)] == BESIDE, "the good file beside it suffered"
        kept = [row for row in kept if row["source"] != str(good)]
        rules = Counter(row["rule"] for row in ended.rows("dropped"))
        found = f"{len(kept)} kept, dropped {dict(rules)}, failed {dict(ended.reasons())}"
        assert self.kept is None or len(kept) == self.kept, found
        assert self.drops is None or rules == Counter(self.drops), found
        assert self.fails is None or ended.reasons() == Counter(self.fails), found
        texts = [row["text"] for row in kept]
        for wanted in self.texts:
            assert any(wanted in text for text in texts), f"{wanted!r:.60} is in no text"
        for unwanted in self.lacks:
            assert not any(unwanted in text for text in texts), f"{unwanted!r:.60} is in a text"

    def said(self) -> str:
        """The outcome in words."""
        parts = [f"{self.kept} kept"] if self.kept is not None else []
        for word, counts in (("dropped", self.drops), ("failed", self.fails)):
            if counts is None:
                parts.append(f"{word} or not")
            else:
                parts += [f"{count} {word} as {name}" for name, count in counts.items()]
        return ", ".join(parts) or "nothing"


def given(
    name: str, made: str, file: str, make: Callable[[], bytes | dict[str, bytes]], kept: int | None = 0, **more: Any
) -> Fault:
    """A row whose fault is an input."""
    check = Given(file, make, kept, **more)
    return Fault(name, made, check.said(), check, cheap="peak" not in more and "cpu_seconds" not in more)
