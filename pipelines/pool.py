"""Units on one machine: a long-lived pool of spawned processes that survives the pages that kill its workers."""

import contextlib
import ctypes
import mmap
import multiprocessing
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import connection, reduction
from typing import Any

import pyarrow as pa

from filters import run_queue
from filters.chain import close_all, fault_of, first_cause
from filters.contracts import ResourceError
from pipelines import curation, engines, storage, watch  # noqa: F401 - workers import curation before their first unit
from pipelines.blame import ATTEMPTS, DIED, MOST, STALLED, Blame, PoolError
from pipelines.watch import Doing

STALL_SECONDS = 120.0
START_SECONDS = 600.0
_POLL_SECONDS = 0.25
_serial_slot = bytearray(watch.SLOT_BYTES)


@dataclass(frozen=True)
class PhaseTask:
    """A unit of one phase. build(pipeline, task, manifest) makes its graph; it must be picklable by name.

    The manifest is written last and atomically, so a manifest that is there says that the unit is done.
    task has a name. options are Beam's. left_out: places that ended workers, and the reasons of their failed rows.
    """

    build: Callable[[Any, Any, str], None]
    task: Any
    manifest: str
    size: int = 0
    options: tuple[str, ...] = ()
    left_out: Mapping[watch.Place, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A function without arguments that is called in a worker; it and what it returns must be picklable.

    name  what it is, for people        expected  errors that are raised to the caller as they are
    """

    function: Callable[[], Any]
    name: str
    expected: tuple[type[Exception], ...] = ()


@dataclass
class Done:
    """A finished unit or call, the CPU seconds its worker spent on it, and what the call returned."""

    task: Any
    cpu_seconds: float
    value: Any = None


def run_call(call: Call) -> tuple[float, Any]:
    """Call a function in this process; the CPU seconds it took, and what it returned."""
    started = time.process_time()
    with watch.during(Doing.DECIDING, call.name):
        try:
            value = call.function()
        except MemoryError:
            raise PoolError(f"{call.name}: there is not enough memory") from None
    return time.process_time() - started, value


def run_task(phase: PhaseTask) -> float:
    """Run a unit in this process; returns the CPU seconds it took here (children not included)."""
    started = time.process_time()
    watch.begin_unit(phase.task.name, phase.left_out)
    try:
        engines.run_in_process(lambda pipeline: phase.build(pipeline, phase.task, phase.manifest), phase.options)
    except Exception as error:
        storage.abandon_unfinished()
        if isinstance(first_cause(error), KeyboardInterrupt):  # Beam makes an error like others of it
            raise KeyboardInterrupt from None
        raise PoolError(f"unit {phase.task.name}: {_said(error)}") from None
    return time.process_time() - started


def _said(error: Exception) -> str:
    """Why a worker cannot go on, in one line that quotes no document."""
    cause = first_cause(error)
    if isinstance(cause, OSError) and cause.filename is not None:
        return f"{cause.filename}: {cause.strerror or type(cause).__name__}"
    reason, detail = fault_of(cause)
    return detail if isinstance(cause, ResourceError) else f"{reason}: {detail}"


def run_serially(tasks: Iterable[PhaseTask], progress: Callable[[int], None]) -> Iterable[Done]:
    """Run units one after the other in this process. Nothing outlives a page that kills the process."""
    watch.attach(memoryview(_serial_slot))
    try:
        for phase in tasks:
            cpu_seconds = run_task(phase)
            progress(watch.pages(_serial_slot))
            yield Done(phase, cpu_seconds)
    finally:
        watch.attach(None)


def restart_serially() -> None:
    """Another run begins in this process: the pages of those before are not counted."""
    watch.restart()
    _serial_slot[:] = bytes(watch.SLOT_BYTES)


def serial_startup() -> tuple[float, float] | None:
    """When run_serially began the first page, and the CPU seconds used by then; None before the first page."""
    return watch.first(_serial_slot)


class _Slot:
    """Memory of SLOT_BYTES that is shared with a process that gets it as an argument. It needs no /dev/shm."""

    def __init__(self) -> None:
        with contextlib.ExitStack() as stack:
            if hasattr(os, "memfd_create"):
                self._file = os.memfd_create("slot")
                stack.callback(os.close, self._file)
            else:
                self._file = stack.enter_context(tempfile.TemporaryFile()).fileno()
            os.ftruncate(self._file, watch.SLOT_BYTES)
            self.memory = mmap.mmap(self._file, watch.SLOT_BYTES)
            self._open = stack.pop_all()

    def __reduce__(self) -> Any:
        return _mapped, (reduction.DupFd(self._file),)

    def close_file(self) -> None:
        """Close the file behind the memory, once the process has it."""
        self._open.close()


def _mapped(file: Any) -> mmap.mmap:
    descriptor = file.detach()
    try:
        return mmap.mmap(descriptor, watch.SLOT_BYTES)
    finally:
        os.close(descriptor)


def _worker(pipe: Any, slot: mmap.mmap) -> None:
    """The life of a worker: take a unit, run it, say so; end when the driver ends."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch.attach(slot)
    pipe.send(("ready", time.process_time()))
    try:
        while True:
            phase = pipe.recv()
            if phase is None:
                break
            expected = phase.expected if isinstance(phase, Call) else ()
            try:
                found = run_call(phase) if isinstance(phase, Call) else (run_task(phase), None)
            except Exception as error:  # an EOFError of the call's, too: below it means that the driver is gone
                known = isinstance(error, (PoolError, *expected))
                pipe.send(("error", error if known else PoolError(_said(error))))
            else:
                _give_memory_back()
                watch.wait()
                pipe.send(("done", found))
    except (EOFError, BrokenPipeError):
        pass
    except Exception as error:  # a unit that cannot even be unpickled here
        pipe.send(("error", PoolError(_said(error))))
    finally:
        close_all()


def _give_memory_back() -> None:
    """Hand what is free back to the system: a worker then holds what it needs, not the most that any unit needed."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc
    if trim is not None:
        trim(0)


def _die_with_parent() -> None:
    with_linux = getattr(ctypes.CDLL(None), "prctl", None)
    if with_linux is not None:
        with_linux(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class _Member:
    """A worker process as the driver sees it."""

    def __init__(self, context: Any) -> None:
        slot = _Slot()
        self.slot = slot.memory
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_worker, args=(theirs, slot), daemon=True)
        self.process.start()
        theirs.close()
        slot.close_file()
        self.ready = False
        self.started = time.monotonic()
        self.phase: PhaseTask | Call | None = None
        self._waits_since = 0.0
        self._waits: dict[int, float] = {}

    def give(self, phase: PhaseTask | Call) -> None:
        self.phase = phase
        with contextlib.suppress(OSError):  # a worker that died is seen by its process
            self.pipe.send(phase)

    def at(self) -> watch.At:
        return watch.read(self.slot)

    def time_at(self, at: watch.At, now: float, limit: float) -> float:
        """Seconds for which the worker is at a place. Of those after half of the limit, what it waited for a core does
        not count: on a busy machine the first page, in which kernels are compiled, may take minutes."""
        elapsed = now - at.since
        if elapsed <= limit / 2:
            return elapsed
        waits = run_queue.waits(self.process.pid or 0)
        if at.since != self._waits_since:
            self._waits_since, self._waits = at.since, waits
        return elapsed - run_queue.waited(self._waits, waits)

    def pages(self) -> int:
        return watch.pages(self.slot)

    def first(self) -> tuple[float, float] | None:
        return watch.first(self.slot)

    def end(self, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        else:
            try:
                self.pipe.send(None)
            except OSError:
                self.process.kill()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


class Pool:
    """Workers that serve queues of units, one queue a phase; start-up is paid once.

    A worker that dies, or that is at one place for stall_seconds, is replaced, and its unit runs again; from half of
    them on, what it waits for a core is not counted. Blame says what the next worker leaves out of it.
    """

    def __init__(self, workers: int, stall_seconds: float = STALL_SECONDS) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._stall_seconds = stall_seconds
        self._members = [_Member(self._context) for _ in range(workers)]
        self.import_cpu_seconds = 0.0
        self._pages = 0
        self._ended: list[tuple[float, float]] = []
        self._failed_starts = 0

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
        return self._serve(sorted(tasks, key=lambda phase: (-phase.size, phase.task.name)), progress)

    def call(self, call: Call, progress: Callable[[int], None]) -> Done:
        """Call a function in a worker, again where a worker dies at it."""
        (done,) = self._serve([call], progress)
        return done

    def _serve(self, tasks: Iterable[Any], progress: Callable[[int], None]) -> Iterator[Done]:
        queue = deque(tasks)
        blames: dict[str, Blame] = {}
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
                    self._members[number] = self._replace(member, lost, queue, blames)
            progress(self._pages + sum(member.pages() for member in self._members))

    def _listen(self, member: _Member) -> Done | None:
        try:
            while member.pipe.poll():
                kind, value = member.pipe.recv()
                if kind == "ready":
                    member.ready = True
                    self._failed_starts = 0
                    self.import_cpu_seconds += value
                elif kind == "error":
                    member.phase = None
                    raise value
                elif member.phase is not None:
                    done, member.phase = Done(member.phase, *value), None
                    return done
        except (EOFError, ConnectionError):
            pass  # a worker that died is seen by its process
        return None

    def _lost(self, member: _Member) -> str:
        if not member.process.is_alive():
            return DIED
        now, at = time.monotonic(), member.at()
        if not member.ready:
            return STALLED if now - member.started > max(START_SECONDS, self._stall_seconds) else ""
        if member.phase is not None and at.place.doing.can_stall:
            return STALLED if member.time_at(at, now, self._stall_seconds) > self._stall_seconds else ""
        return ""

    def _replace(self, member: _Member, reason: str, queue: deque[Any], blames: dict[str, Blame]) -> _Member:
        code = member.process.exitcode
        at, phase = member.at(), member.phase
        first = member.first()
        if first is not None:
            self._ended.append(first)
        self._pages += member.pages()
        member.end(kill=True)
        if not member.ready:
            self._failed_starts += 1
            # what was killed may have been killed from outside
            if self._failed_starts >= (MOST if code is not None and code < 0 else ATTEMPTS):
                raise PoolError(
                    f"workers cannot start ({_how(reason, code)}); a script that calls curate.run needs "
                    "if __name__ == '__main__': around it, or workers=1"
                )
        if phase is not None:
            name = phase.name if isinstance(phase, Call) else f"unit {phase.task.name}"
            blame = blames.setdefault(name, Blame(name))
            blame.ended(at, reason, _how(reason, code))
        if isinstance(phase, Call):
            queue.appendleft(phase)
        elif phase is not None:
            if storage.exists(phase.manifest):  # it died after the unit was finished
                storage.delete([phase.manifest])
            queue.appendleft(replace(phase, left_out=dict(blame.left_out)))
        return _Member(self._context)


def _how(reason: str, code: int | None) -> str:
    """How a worker ended, for people."""
    if reason == STALLED or code is None:
        return "stalled"
    if code >= 0:
        return f"ended with exit code {code}"
    names = {one.value: one.name for one in signal.Signals}
    return f"died by {names.get(-code, f'signal {-code}')}"
