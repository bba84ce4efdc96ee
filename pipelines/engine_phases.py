"""A phase of units as one graph on an engine, where the driver decides between phases, as in an ablation."""

import errno
import hashlib
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam

from pipelines import engine_units, storage
from pipelines.curation import end_with_merged
from pipelines.inputs import WORK
from pipelines.totals import ScoredTotals

PLANS = "plans"


@dataclass(frozen=True)
class _Element:
    """A unit as an element of the graph: a task under the name that its manifest has in the phase."""

    name: str
    task: Any
    size: int

    @property
    def decisions(self) -> Any:
        """The path of what was decided on the unit's documents."""
        return getattr(self.task, "decisions", None)


def build(
    root: str, phase: str, works: Sequence[Any], running: Callable[[Any, str], beam.DoFn], pipeline: Any, path: str
) -> None:
    """The graph of a phase: phases.Work, each to its unit's manifest, and one manifest of all of them at path.

    Workers read the units from files, so the graph does not grow with the input.

    running  the DoFn from a task to its manifest; see engine_units.Units
    """
    by_build: dict[int, list[Any]] = {}
    for work in works:
        by_build.setdefault(id(work.build), []).append(work)
    found = []
    for number, some in enumerate(by_build.values()):
        plan = storage.join(root, WORK, PLANS, f"{phase}-{number}")
        data = pickle.dumps([_Element(work.name, work.task, work.size) for work in some])
        storage.write_bytes(plan, data)
        elements = (
            pipeline
            | f"plan {number}" >> beam.Create([(plan, hashlib.sha256(data).hexdigest())])
            | f"units {number}" >> beam.FlatMap(_planned)
            | f"spread {number}" >> beam.Reshuffle()
        )
        found.append(elements | f"run {number}" >> beam.ParDo(running(partial(_run, some[0].build), phase)))
    end_with_merged(found | "manifests" >> beam.Flatten() | "totals" >> ScoredTotals(), path)


def unfinished(root: str, phase: str, works: Sequence[Any]) -> list[str]:
    """The names of the units of a phase whose manifests are not there."""
    elements = [_Element(work.name, work.task, work.size) for work in works]
    paths = {engine_units.manifest_path(root, phase, element): element.name for element in elements}
    there = storage.sizes(list(paths))
    return [name for path, name in paths.items() if path not in there]


def _planned(plan: Any) -> Iterator[Any]:
    """The units in the file of a plan, which must be the one that the driver wrote."""
    path, sha256 = plan
    if not storage.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    data = storage.read_bytes(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise OSError(errno.EIO, "is not the plan that was written", path)
    yield from pickle.loads(data)  # noqa: S301 - its hash came with the graph


def _run(build: Callable[[Any, Any, str], None], pipeline: beam.Pipeline, element: Any, path: str) -> None:
    build(pipeline, element.task, path)
