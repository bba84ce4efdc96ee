"""Runs that are killed, stopped and starved: rows and report must be those of an undisturbed run."""

import atexit
import contextlib
import functools
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.faults.table import Ended, Fault, Place, run_arguments, same_rows, sound
from tests.pipelines.reading.archives import http, member, record

DOCUMENTS = 1800
STAGES = ({"extraction/resiliparse": {"main_content": False}}, "language/script", "dedup/exact", "dedup/minhash")
RESUME = ("--resume",)


def corpus(place: Place) -> list[Path]:
    """Six files, pages and rows, some texts twice, some places damaged: four units and more."""
    rng = random.Random(11)
    words = [f"단어{n}" if n % 2 else f"word{n}" for n in range(900)]
    made = []
    for number in range(6):
        texts = [" ".join(rng.choices(words, k=100)) + "." for _ in range(DOCUMENTS // 6)]
        texts[7::50] = texts[::50][: len(texts[7::50])]
        if number % 2:
            made.append(place.rows(f"{number}.jsonl", texts, 10_000 * number))
            with open(made[-1], "ab") as file:
                file.write(b'{"text": broken\n')
        else:
            blocks = [record(http(f"<p>{text}</p>".encode()), 10_000 * number + n) for n, text in enumerate(texts)]
            damaged = bytearray(member(blocks[5]))
            damaged[len(damaged) // 2] ^= 0xFF
            made.append(place.write(f"{number}.warc.gz", b"".join(map(member, blocks)) + bytes(damaged)))
    return made


def once(make: Callable[[Place], tuple[Path, list[Path], Ended]]) -> Callable[[], tuple[Path, list[Path], Ended]]:
    """Makes something in a place of its own, once for all rows that ask."""
    lock = threading.Lock()

    @functools.cache
    def made() -> tuple[Path, list[Path], Ended]:
        place = Place(Path(tempfile.mkdtemp(prefix="curate-undisturbed-")))
        atexit.register(shutil.rmtree, place.folder, ignore_errors=True)
        place.folder.chmod(0o755)
        return make(place)

    def ask() -> tuple[Path, list[Path], Ended]:
        with lock:
            return made()

    return ask


@once
def undisturbed(place: Place) -> tuple[Path, list[Path], Ended]:
    """The recipe, the inputs, and the run that nothing disturbs."""
    inputs, recipe = corpus(place), place.recipe(*STAGES)
    whole = sound(place.run(recipe, *inputs, output="whole", workers=2))
    assert whole.result["kept"] > 0 and whole.result["failed"] == 6 and whole.result["dropped"] > 0
    return recipe, inputs, whole


def below(pid: int) -> list[psutil.Process]:
    """Processes below a driver; none where it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes of the pool."""
    return [process for process in below(pid) if any("spawn_main" in part for part in _command(process))]


def children_of(pid: int) -> list[psutil.Process]:
    """The processes of extraction."""
    return [process for process in below(pid) if any("child_main.py" in part for part in _command(process))]


def wait_for(found: Callable[[], Any], process: Any, seconds: float = 60) -> Any:
    """What is found, as soon as there is something; None when the process ends or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = found()
        if answer:
            return answer
        if psutil.pid_exists(process.pid) and psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
            return None
        time.sleep(0.005)
    return None


def kill(processes: list[psutil.Process], number: int = signal.SIGKILL) -> int:
    """Signal processes; how many were there."""
    count = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
            count += 1
    return count


def moments(seconds: float, count: int, seed: int) -> Iterator[float]:
    """Moments in a run of so many seconds, one in each part of it, at random within the part."""
    rng = random.Random(seed)
    for number in range(count):
        yield seconds * (number + rng.random()) / count


def driver_killed(whole_group: bool) -> Callable[[Place], None]:
    """The driver is killed at moments all over the run, and resumed each time."""

    def check(place: Place) -> None:
        recipe, inputs, whole = undisturbed()
        out = place.folder / "out"
        for number, moment in enumerate(moments(whole.wall_seconds, 6, 3 + whole_group)):
            more = RESUME if out.exists() and not (out / "run.json").exists() else ()
            if (out / "run.json").exists():
                break
            process = place.start(*run_arguments(recipe, inputs, "out", 2, more))
            time.sleep(moment if number < 3 else moment / 2)
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
            place.wait(process)
            time.sleep(0.3)
            assert not below(process.pid), "processes outlive their driver"
        if not (out / "run.json").exists():
            sound(place.run(recipe, *inputs, workers=2, options=RESUME if out.exists() else ()))
        same_rows(Ended(0, "", "", 0, 0, 0, out), whole)

    return check


def driver_at(name: str) -> Callable[[Place], None]:
    """The driver is killed as soon as there is a file of a kind in its directory, then resumed."""

    def check(place: Place) -> None:
        recipe, inputs, whole = undisturbed()
        process = place.start(*run_arguments(recipe, inputs, "out", 2))
        out = place.folder / "out"
        wait_for(lambda: any(out.glob(name)), process)
        kill([psutil.Process(process.pid)])
        place.wait(process)
        if not (out / "run.json").exists():
            sound(place.run(recipe, *inputs, workers=2, options=RESUME))
        same_rows(Ended(0, "", "", 0, 0, 0, out), whole)

    return check


def asked_to_end(number: int, code: int) -> Callable[[Place], None]:
    """The driver gets a signal that asks it to end."""

    def check(place: Place) -> None:
        recipe, inputs, whole = undisturbed()
        process = place.start(*run_arguments(recipe, inputs, "out", 2))
        wait_for(lambda: any((place.folder / "out" / ".curate" / "done").rglob("*.json")), process)
        os.kill(process.pid, number)
        ended = place.wait(process, seconds=60)
        assert ended.code in (code, -number), f"exit code {ended.code}"
        assert "Traceback" not in ended.said, ended.err[-300:]
        time.sleep(0.3)
        assert not below(process.pid), "processes outlive their driver"
        sound(place.run(recipe, *inputs, workers=2, options=RESUME))
        same_rows(Ended(0, "", "", 0, 0, 0, place.folder / "out"), whole)

    return check


def harmed(times: int, find: Callable[[int], list[psutil.Process]], one: bool = True, number: int = signal.SIGKILL,
           options: tuple[Any, ...] = ()) -> Callable[[Place], None]:  # fmt: skip
    """Processes below the driver are harmed so often, at moments all over the run; rows must not differ."""

    def check(place: Place) -> None:
        recipe, inputs, whole = undisturbed()
        rng = random.Random(5)
        process = place.start(*run_arguments(recipe, inputs, "out", 2, options))
        struck = 0
        for moment in moments(whole.wall_seconds * 0.9, times, 9):
            time.sleep(max(0.0, process.began + moment - time.monotonic()))
            targets = wait_for(lambda: find(process.pid), process, 20) or []
            struck += kill(rng.sample(targets, 1) if one and targets else targets, number)
        ended = sound(place.wait(process))
        assert struck >= times // 2, f"only {struck} of {times} were there to be harmed"
        same_rows(ended, whole)

    return check


def at_start(place: Place) -> None:
    """Workers are killed as they start."""
    recipe, inputs, whole = undisturbed()
    process = place.start(*run_arguments(recipe, inputs, "out", 2))
    kill((wait_for(lambda: workers_of(process.pid), process) or [])[:1])
    ended = sound(place.wait(process))
    same_rows(ended, whole)


def child_at_start(place: Place) -> None:
    """Ten times, a child is killed the moment it is there."""
    recipe, inputs, whole = undisturbed()
    process = place.start(*run_arguments(recipe, inputs, "out", 1))
    seen: set[int] = set()

    def fresh() -> list[psutil.Process]:
        return [one for one in children_of(process.pid) if one.pid not in seen]

    for _ in range(10):
        found = wait_for(fresh, process, 20) or []
        seen.update(one.pid for one in found)
        kill(found)
    ended = sound(place.wait(process))
    same_rows(ended, whole)


def stopped_driver(place: Place) -> None:
    """The driver sleeps for longer than a stall, as a laptop's does."""
    recipe, inputs, whole = undisturbed()
    process = place.start(*run_arguments(recipe, inputs, "out", 2, ("--stall-seconds", 3)))
    wait_for(lambda: workers_of(process.pid), process)
    time.sleep(1.5)
    group = [psutil.Process(process.pid), *below(process.pid)]
    kill(group, signal.SIGSTOP)
    time.sleep(6)
    kill(group, signal.SIGCONT)
    ended = sound(place.wait(process))
    same_rows(ended, whole)


SAME = "rows and report of an undisturbed run"
LIVES, IDLE = SAME + "; no page pays", ("--stall-seconds", 4)

DISTURBANCES: list[Fault] = [
    Fault(
        "the driver is killed six times",
        "kill -9 at moments all over the run, then --resume",
        SAME,
        driver_killed(False),
    ),
    Fault(
        "the driver and all below it are killed six times", "kill -9 of the process group", SAME, driver_killed(True)
    ),
    Fault("the driver is killed as it begins", "when state.json is there", SAME, driver_at(".curate/state.json")),
    Fault(
        "the driver is killed while units are read",
        "when the first manifest is there",
        SAME,
        driver_at(".curate/done/0/*.json"),
    ),
    Fault(
        "the driver is killed at the first decision",
        "when the first key file is decided on",
        SAME,
        driver_at(".curate/decisions/0/*"),
    ),
    Fault(
        "the driver is killed while the spool is re-read",
        "when a manifest of the second phase is there",
        SAME,
        driver_at(".curate/done/1/*.json"),
    ),
    Fault(
        "the driver is killed as it writes the result",
        "when the last manifest is there",
        SAME,
        driver_at(".curate/done/2/*.json"),
    ),
    Fault(
        "Ctrl-C",
        "SIGINT after the first unit",
        "exit code 130, nothing is left running, --resume gives the same rows",
        asked_to_end(signal.SIGINT, 130),
    ),
    Fault(
        "a scheduler ends the job",
        "SIGTERM after the first unit",
        "it ends, nothing is left running, --resume gives the same rows",
        asked_to_end(signal.SIGTERM, 143),
    ),
    Fault(
        "the terminal goes",
        "SIGHUP after the first unit",
        "it ends, nothing is left running, --resume gives the same rows",
        asked_to_end(signal.SIGHUP, 129),
    ),
    Fault("a worker is killed", "one, once", LIVES, harmed(1, workers_of)),
    Fault(
        "workers are killed again and again", "one of them, six times, at random moments", LIVES, harmed(6, workers_of)
    ),
    Fault("all workers are killed at once", "both, twice", LIVES, harmed(2, workers_of, one=False)),
    Fault("a worker is killed as it starts", "before it is ready", LIVES, at_start),
    Fault(
        "a worker is stopped",
        "SIGSTOP for longer than a stall",
        LIVES,
        harmed(1, workers_of, number=signal.SIGSTOP, options=IDLE),
    ),
    Fault("the machine sleeps", "the whole group is stopped for twice a stall", LIVES, stopped_driver),
    Fault("an extraction child is killed at work", "20 times, at random moments", LIVES, harmed(20, children_of)),
    Fault("an extraction child is killed as it starts", "ten times", LIVES, child_at_start),
    Fault("an extraction child is stopped", "SIGSTOP, twice", LIVES, harmed(2, children_of, number=signal.SIGSTOP)),
]
