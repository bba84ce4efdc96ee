"""Units on one machine: a long-lived pool of spawned processes that survives the pages that kill its workers."""

import ctypes
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from multiprocessing import connection
from typing import Any

from filters.chain import close_all, fault_of, first_cause
from filters.contracts import ResourceError
from pipelines import curation, engines, storage, watch  # noqa: F401 - workers import curation before their first unit

STALL_SECONDS = 120.0
ATTEMPTS = 3
_POLL_SECONDS = 0.25
_serial_slot = bytearray(watch.SLOT_BYTES)


class PoolError(Exception):
    """A unit could not be finished; the message names it and why."""


@dataclass(frozen=True)
class PhaseTask:
    """A unit of one phase. build(pipeline, task, manifest) makes its graph; it must be picklable by name.

    The manifest is written last and atomically, so a manifest that is there says that the unit is done.
    task has a name, and a mapping skip from row keys to reasons where it reads pages. options are Beam's.
    """

    build: Callable[[Any, Any, str], None]
    task: Any
    manifest: str
    size: int = 0
    options: tuple[str, ...] = ()


@dataclass
class Done:
    """A finished unit: its task, and the CPU seconds its worker spent on it."""

    task: PhaseTask
    cpu_seconds: float


def run_task(phase: PhaseTask) -> float:
    """Run a unit in this process; returns the CPU seconds it took here (children not included)."""
    started = time.process_time()
    try:
        engines.run_in_process(lambda pipeline: phase.build(pipeline, phase.task, phase.manifest), phase.options)
    except Exception as error:
        cause = first_cause(error)
        if isinstance(cause, KeyboardInterrupt):  # Beam makes an error like others of it
            raise KeyboardInterrupt from None
        reason, detail = fault_of(cause)
        said = detail if isinstance(cause, ResourceError) else f"{reason}: {detail}"
        raise PoolError(f"unit {phase.task.name}: {said}") from None
    return time.process_time() - started


def run_serially(tasks: Iterable[PhaseTask], progress: Callable[[int], None]) -> Iterable[Done]:
    """Run units one after the other in this process. Nothing outlives a page that kills the process."""
    watch.attach(memoryview(_serial_slot))
    try:
        for phase in tasks:
            cpu_seconds = run_task(phase)
            progress(watch.read(_serial_slot)[0])
            yield Done(phase, cpu_seconds)
    finally:
        watch.attach(None)


def serial_startup() -> tuple[float, float] | None:
    """When run_serially began the first page, and the CPU seconds used by then; None before the first page."""
    return watch.first(_serial_slot)


def _worker(pipe: Any, slot: Any) -> None:
    """The life of a worker: take a unit, run it, say so; end when the driver ends."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch.attach(memoryview(slot).cast("B"))
    watch.idle()
    pipe.send(("ready", time.process_time()))
    try:
        while True:
            phase = pipe.recv()
            if phase is None:
                break
            try:
                cpu_seconds = run_task(phase)
            except PoolError as error:
                pipe.send(("error", str(error)))
            else:
                pipe.send(("done", cpu_seconds))
    except (EOFError, BrokenPipeError):
        pass
    except Exception as error:  # a unit that cannot even be unpickled here
        pipe.send(("error", ": ".join(fault_of(error))))
    finally:
        close_all()


def _die_with_parent() -> None:
    with_linux = getattr(ctypes.CDLL(None), "prctl", None)
    if with_linux is not None:
        with_linux(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class _Member:
    """A worker process as the driver sees it."""

    def __init__(self, context: Any) -> None:
        self.slot = context.RawArray("B", watch.SLOT_BYTES)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_worker, args=(theirs, self.slot), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.phase: PhaseTask | None = None
        self.pages_before = 0

    def give(self, phase: PhaseTask) -> None:
        self.phase = phase
        self.pipe.send(phase)

    def at(self) -> tuple[int, watch.At | None]:
        return watch.read(memoryview(self.slot).cast("B"))

    def first(self) -> tuple[float, float] | None:
        return watch.first(memoryview(self.slot).cast("B"))

    def end(self, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        else:
            try:
                self.pipe.send(None)
            except (BrokenPipeError, OSError):
                self.process.kill()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


class Pool:
    """Workers that serve queues of units, one queue a phase; start-up is paid once.

    A worker that dies, or that is at one page for stall_seconds, is replaced: the page it was at is noted in the
    unit's skip list (it becomes a failed row, worker_died or worker_stalled) and the unit runs again. A page is held
    to have ended a worker when two died at it: one death may come from outside (no memory left, somebody's kill),
    and the same input must give the same output. If a worker dies outside any page, its unit is run again
    up to ATTEMPTS times.
    """

    def __init__(self, workers: int, stall_seconds: float = STALL_SECONDS) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._stall_seconds = stall_seconds
        self._members = [_Member(self._context) for _ in range(workers)]
        self.import_cpu_seconds = 0.0
        self._pages = 0
        self._ended: list[tuple[float, float]] = []
        self._suspects: set[tuple[str, str, int]] = set()

    def __enter__(self) -> "Pool":
        return self

    def startup(self) -> tuple[float | None, float]:
        """When the first page was begun in any worker (time.monotonic), and the CPU seconds that all workers used
        before their first pages: imports, models, opening what the stages need."""
        found = self._ended + [first for member in self._members if (first := member.first()) is not None]
        return min((when for when, _ in found), default=None), sum(cpu_seconds for _, cpu_seconds in found)

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.close(kill=kind is not None)

    def close(self, kill: bool = False) -> None:
        """End all workers: after what they are at, or at once."""
        for member in self._members:
            member.end(kill=kill)

    def run(self, tasks: Sequence[PhaseTask], progress: Callable[[int], None]) -> Iterable[Done]:
        """Run units, the largest first; yields each as it is done. progress is told the number of pages begun."""
        queue = deque(sorted(tasks, key=lambda phase: (-phase.size, phase.task.name)))
        failures: dict[str, int] = {}
        left = len(queue)
        while left:
            for member in self._members:
                if member.ready and member.phase is None and queue:
                    member.give(queue.popleft())
            waiting = [member.pipe for member in self._members] + [m.process.sentinel for m in self._members]
            connection.wait(waiting, timeout=_POLL_SECONDS)
            for number, member in enumerate(self._members):
                done = self._listen(member)
                if done is not None:
                    left -= 1
                    yield done
                lost = self._lost(member)
                if lost:
                    self._members[number] = self._replace(member, lost, queue, failures)
            progress(self._pages + sum(member.at()[0] for member in self._members))

    def _listen(self, member: _Member) -> Done | None:
        try:
            while member.pipe.poll():
                kind, value = member.pipe.recv()
                if kind == "ready":
                    member.ready = True
                    self.import_cpu_seconds += value
                elif kind == "error":
                    raise PoolError(value)
                elif member.phase is not None:
                    done, member.phase = Done(member.phase, value), None
                    return done
        except (EOFError, OSError):
            pass  # a worker that died is seen by its process
        return None

    def _lost(self, member: _Member) -> str:
        if not member.process.is_alive():
            return "worker_died"
        at = member.at()[1]
        if member.phase is not None and at is not None and time.monotonic() - at.since > self._stall_seconds:
            return "worker_stalled"
        return ""

    def _replace(self, member: _Member, reason: str, queue: deque[PhaseTask], failures: dict[str, int]) -> _Member:
        code = member.process.exitcode
        pages, at = member.at()
        phase = member.phase
        first = member.first()
        if first is not None:
            self._ended.append(first)
        member.end(kill=True)
        self._pages += pages
        if phase is None and not member.ready:
            failures[""] = failures.get("", 0) + 1
            if failures[""] >= ATTEMPTS:
                raise PoolError(
                    f"workers cannot start (exit code {code}); a script that calls curate.run needs "
                    "if __name__ == '__main__': around it, or workers=1"
                )
        if phase is not None:
            name = phase.task.name
            suspect = None if at is None else (name, at.source, at.offset)
            if suspect is not None and reason == "worker_died" and suspect not in self._suspects:
                self._suspects.add(suspect)
            elif at is not None:
                skip = {**phase.task.skip, (at.source, at.offset): reason}
                phase = replace(phase, task=replace(phase.task, skip=skip))
            else:
                failures[name] = failures.get(name, 0) + 1
                if failures[name] >= ATTEMPTS:
                    raise PoolError(
                        f"unit {name}: its worker died {ATTEMPTS} times outside any page (exit code {code})"
                    )
            if storage.exists(phase.manifest):  # it died after the unit was finished
                storage.delete([phase.manifest])
            queue.appendleft(phase)
        return _Member(self._context)
