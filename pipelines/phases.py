"""Phases of units: which are finished, running the others in a pool, on this machine or on an engine, and checking."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam

from filters.chain import close_all
from pipelines import engine_phases, engines, manifest, storage
from pipelines.blame import PoolError
from pipelines.engine_units import Units
from pipelines.inputs import done_path
from pipelines.manifest import Manifest, ManifestError
from pipelines.pool import (
    STALL_SECONDS,
    Call,
    PhaseTask,
    Pool,
    restart_serially,
    run_call,
    run_serially,
    serial_startup,
)

Build = Callable[[Callable[[Any, str], beam.DoFn], beam.Pipeline, str], None]
WHOLE = "whole"  # the manifest of all that an engine did


@dataclass
class Progress:
    """Where a run stands, for whoever shows it.

    pages      records begun so far, in all phases
    size       of the phase's units together: bytes of input where it reads (in_bytes), rows where it re-reads
    size_done  of those that are finished
    manifest   of the unit that was finished last; "" where an earlier process finished it
    notes      sentences for people: units that are made again, work that is about to be done
    """

    phase: str = "starting"
    units: int = 0
    units_done: int = 0
    pages: int = 0
    size: int = 0
    size_done: int = 0
    in_bytes: bool = False
    manifest: str = ""
    notes: tuple[str, ...] = ()
    tell: Callable[["Progress"], None] = field(default=lambda progress: None, repr=False)

    def update(self, **changes: Any) -> None:
        """Change what is said and tell it."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.tell(self)

    def note(self, sentence: str) -> None:
        """Say a sentence."""
        self.update(notes=(*self.notes, sentence))

    def begin(self, phase: str, sizes: Sequence[int] = (), in_bytes: bool = False) -> None:
        """A phase begins, with units of these sizes."""
        self.update(
            phase=phase, units=len(sizes), units_done=0, size=sum(sizes), size_done=0, in_bytes=in_bytes, manifest=""
        )

    def finish(self, size: int, manifest: str = "") -> None:
        """A unit of the phase is finished; manifest: where it was finished now, and not by an earlier process."""
        self.update(units_done=self.units_done + 1, size_done=self.size_done + size, manifest=manifest)


@dataclass(frozen=True)
class Work:
    """A unit of a phase.

    build  build(pipeline, task, manifest) makes the unit's graph; it must be picklable by name
    task   has a name
    name   of the unit's manifest, unique in the phase
    size   about how much work it is: the largest units run first
    """

    build: Callable[[Any, Any, str], None]
    task: Any
    name: str
    size: int = 0


class Phases:
    """Runs phases one after the other in a directory. Use it in a with statement: the workers live as long.

    root           the run's directory
    workers        processes on this machine; 1 runs everything in this process
    resume         whether units that an earlier process finished are looked for. Their files are hashed, and a unit
                   is made again where its manifest or a file is not as it was written
    verify         whether files are hashed again right after they were written, too (otherwise names and sizes are
                   compared)
    stall_seconds  after which a worker that is still at one place of the input is replaced
    options        Beam's
    since          time.process_time() when the run began: what this process used before (in a notebook, for earlier
                   runs) is not the run's

    cpu_seconds          CPU seconds of all finished units, those of an earlier process included, that are not counted
                         in this process; with workers, what they imported too
    startup_seconds      until the first page was begun; startup_cpu_seconds until then, in all processes
    made_again           a sentence for each unit that an earlier process finished and that had to be made again
    """

    def __init__(
        self,
        root: str,
        workers: int = 1,
        *,
        resume: bool = False,
        verify: bool = False,
        progress: Progress | None = None,
        stall_seconds: float = STALL_SECONDS,
        options: Sequence[str] = (),
        since: float = 0.0,
    ) -> None:
        self.root = root
        self.progress = progress or Progress()
        self.cpu_seconds = 0.0
        self.startup_seconds = 0.0
        self.startup_cpu_seconds = 0.0
        self.made_again: list[str] = []
        self._workers, self._resume, self._verify = workers, resume, verify
        self._stall_seconds, self._options = stall_seconds, tuple(options)
        self._since = since
        self._pool: Pool | None = None
        self._began = (0.0, 0.0)

    def used(self) -> float:
        """CPU seconds of the run so far, in all processes."""
        return self.cpu_seconds + time.process_time() - self._since

    def __enter__(self) -> "Phases":
        self._began = time.monotonic(), time.process_time()
        if self._workers > 1:
            self._pool = Pool(self._workers, self._stall_seconds)
        else:
            restart_serially()
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        began, before = self._began
        first: float | None
        if self._pool is None:
            first, spent = serial_startup() or self._began
            self.startup_cpu_seconds = max(before, spent) - self._since
        else:
            first, spent = self._pool.startup()
            self.startup_cpu_seconds = before + spent - self._since
            self.cpu_seconds += self._pool.import_cpu_seconds
            self._pool.close(kill=kind is not None)
        self.startup_seconds = max(0.0, (first or began) - began)
        close_all()

    def manifest(self, phase: str, name: str) -> str:
        """The path of a unit's manifest in a phase."""
        return done_path(self.root, phase, name)

    def run(self, phase: str, works: Sequence[Work], shown: str = "", in_bytes: bool = False) -> list[Manifest]:
        """Run the units that are not finished; the manifests of all of them, in the order of `works`.

        phase  the folder of the phase's manifests        shown  what the progress calls it
        in_bytes  whether the sizes of the units are bytes of input
        Raises PoolError for a unit that cannot be finished.

        Where the options name a runner, that engine runs them; there is one manifest of all then.
        """
        if engines.names_runner(self._options):
            return [self._phase_on_engine(phase, works, shown or phase)]
        self.progress.begin(shown or phase, [work.size for work in works], in_bytes)
        found = {work.name: self._finished(phase, work.name) for work in works} if self._resume else {}
        todo = [work for work in works if found.get(work.name) is None]
        for work in works:
            if found.get(work.name) is not None:
                self.progress.finish(work.size)
        self.cpu_seconds += sum(one.cpu_seconds for one in found.values() if one is not None)
        tasks = [
            PhaseTask(work.build, work.task, self.manifest(phase, work.name), work.size, self._options) for work in todo
        ]
        for done in run_serially(tasks, self._pages) if self._pool is None else self._pool.run(tasks, self._pages):
            if self._pool is not None:  # what runs in this process is counted with it
                self.cpu_seconds += done.cpu_seconds
            self.progress.finish(done.task.size, done.task.manifest)
        manifests = [found.get(work.name) or self._just_made(phase, work.name) for work in works]
        self.cpu_seconds += sum(one.cpu_elsewhere for one in manifests)
        return manifests

    def call(self, function: Callable[[], Any], name: str, expected: tuple[type[Exception], ...] = ()) -> Any:
        """What a function returns that is called in a worker, so that the run outlives it; with one worker here.

        name      what it is, for people
        expected  errors of the function that are raised as they are

        The CPU seconds count. Raises PoolError where workers end at it, or there is not enough memory.
        """
        call = Call(function, name, expected)
        if self._pool is None:
            return run_call(call)[1]
        done = self._pool.call(call, self._pages)
        self.cpu_seconds += done.cpu_seconds
        return done.value

    def _phase_on_engine(self, phase: str, works: Sequence[Work], shown: str) -> Manifest:
        def build(running: Callable[[Any, str], beam.DoFn], pipeline: beam.Pipeline, path: str) -> None:
            engine_phases.build(self.root, phase, works, running, pipeline, path)

        found = self.run_on_engine(build, len(works), phase, f"engine: {shown}")
        left = engine_phases.unfinished(self.root, phase, works)
        if left:
            raise PoolError(f"unit {left[0]}: the engine is done, and its manifest is not there")
        return found

    def run_on_engine(self, build: Build, units: int, name: str = WHOLE, shown: str = "engine") -> Manifest:
        """Run one graph for all units on the engine that Beam's options name.

        build(running, pipeline, manifest) makes it; see engine_units.Units for running. With resume, the engine is
        asked for nothing where it had finished, and otherwise for the units that are not finished.

        name  of the graph's manifest        shown  what the progress calls it

        Files are not read back: names and sizes are compared. Raises EngineError, and PoolError where the manifest or
        a file is missing.
        """
        self.progress.update(phase=shown, units=units)
        found = self._finished(WHOLE, name, self._verify) if self._resume else None
        if found is None:
            path = self.manifest(WHOLE, name)
            how = Units(self.root, self._options, self._verify, self._stall_seconds)
            engines.run_on_engine(lambda pipeline: build(how.running, pipeline, path), self._options)
            if not storage.exists(path):
                raise PoolError(
                    f"{self.root}: the engine is done, and nothing is there; its workers do not see this path"
                )
            found = self._just_made(WHOLE, name)
        self.cpu_seconds += found.cpu_seconds + found.cpu_elsewhere
        return found

    def _pages(self, count: int) -> None:
        self.progress.update(pages=count)

    def _finished(self, phase: str, name: str, hashing: bool = True) -> Manifest | None:
        """The manifest of a unit that an earlier process finished; None where the unit has to run (again)."""
        path = self.manifest(phase, name)
        if not storage.exists(path):
            return None
        try:
            found = manifest.read(path)
            fault = found.fault(self.root, hashing)
        except ManifestError as error:
            fault = str(error)
        if not fault:
            return found
        self.made_again.append(f"unit {name} is repeated: {fault}")
        self.progress.note(self.made_again[-1])
        storage.delete([path])
        return None

    def _just_made(self, phase: str, name: str) -> Manifest:
        path = self.manifest(phase, name)
        try:
            found = manifest.read(path)
            fault = found.fault(self.root, hashing=self._verify)
        except ManifestError as error:
            fault = str(error)
        if fault:
            raise PoolError(f"unit {name} finished, but {fault}")
        return found
