"""Units on the workers of an engine: each in a process that may die, and remembered by its manifest."""

import concurrent.futures
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipelines import engines, manifest, storage
from pipelines.inputs import done_path
from pipelines.manifest import ManifestError
from pipelines.pool import STALL_SECONDS, PhaseTask, Pool


@dataclass(frozen=True)
class Units:
    """How the workers of an engine run units.

    root           the run's directory
    options        Beam's, for the file systems that units read and write
    verify         whether the files of a unit that was finished before are hashed, or only names and sizes compared
    stall_seconds  after which a process that is still at one place of the input is replaced
    """

    root: str
    options: tuple[str, ...] = ()
    verify: bool = False
    stall_seconds: float = STALL_SECONDS

    def running(self, build: Callable[[Any, Any, str], None], phase: str) -> beam.DoFn:
        """The DoFn that runs the units of a phase: task -> the unit's Manifest."""
        return _RunUnits(self, build, phase)


class _RunUnits(beam.DoFn):
    """Task -> the Manifest of its unit. A unit whose manifest stands is not run again.

    A unit is one element and leaves only closed files, so it does not matter what an engine fuses or bundles, or how
    often it repeats a bundle. Its pipeline runs in a process beside the engine's worker, the same that serves units on
    one machine: a page that ends or stalls it becomes a failed row, and the engine's worker stays.
    """

    def __init__(self, units: Units, build: Callable[[Any, Any, str], None], phase: str) -> None:
        self.units, self.build, self.phase = units, build, phase

    def setup(self) -> None:
        engines.open_file_systems(self.units.options, checked=False)

    def process(self, task: Any) -> Iterator[Any]:
        path = manifest_path(self.units.root, self.phase, task)
        found = self._standing(path)
        if found is None:
            phase = PhaseTask(self.build, task, path, task.size, self.units.options)
            _children.run(phase, self.units.stall_seconds)
            found = manifest.read(path)
        yield found

    def _standing(self, path: str) -> Any:
        """The manifest at a path, where its files are as it says; None otherwise."""
        try:
            found = manifest.read(path) if storage.exists(path) else None
        except ManifestError:
            return None
        return None if found is None or found.fault(self.units.root, self.units.verify) else found


def manifest_path(root: str, phase: str, task: Any) -> str:
    """The path of a unit's manifest in a phase. What was decided on its documents belongs to its name: where an earlier
    attempt decided something else, its manifest does not stand for this one."""
    decisions = getattr(task, "decisions", None)
    return done_path(root, phase, f"{task.name}-{storage.sha256(decisions)[:8]}" if decisions else str(task.name))


class _Children:
    """The process beside this one that runs units, one after the other, whatever thread asks.

    A thread of its own starts it, for it ends with the thread that started it; an engine's threads come and go.
    """

    def __init__(self) -> None:
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "units")  # which begins with the first unit
        self._pool: Pool | None = None

    def run(self, phase: PhaseTask, stall_seconds: float) -> None:
        """Run a unit. Raises PoolError for one that cannot be finished."""
        self._thread.submit(self._run, phase, stall_seconds).result()

    def _run(self, phase: PhaseTask, stall_seconds: float) -> None:
        if self._pool is None:
            self._pool = Pool(1, stall_seconds)
        try:
            for _ in self._pool.run([phase], lambda pages: None):
                pass
        except BaseException:
            self._pool.close(kill=True)
            self._pool = None
            raise


_children = _Children()
