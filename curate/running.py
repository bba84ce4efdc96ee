"""A run from a recipe to run.json: units through the pool, decisions between the phases, the check at the end."""

import os
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from curate import recipe as recipes
from curate import rundir
from curate.recipe import Recipe
from curate.rundir import RunDirectory, RunError, UsageError
from filters.chain import close_all
from filters.contracts import CorpusJudge, CorpusRewriter, ResourceError
from pipelines import engines, storage
from pipelines.barrier import DecisionError
from pipelines.curation import Job, ReadTask, RereadTask, Segment, build_phase, build_whole, schema_of
from pipelines.keyfile import DamagedFile
from pipelines.pool import STALL_SECONDS, PhaseTask, Pool, PoolError, run_serially, serial_startup
from pipelines.reading.units import InputError, cut, expand
from pipelines.writing import TableWriter

LARGEST_UNIT = 64 << 20
SMALLEST_UNIT = 2 << 20
UNITS_PER_WORKER = 6


@dataclass
class Progress:
    """Where a run stands, for whoever shows it.

    pages       records begun so far, in all phases
    size        of the phase's units together: bytes of input where it reads, rows where it re-reads
    size_done   of those that are finished
    manifest    of the unit that was finished last
    """

    phase: str = "starting"
    units: int = 0
    units_done: int = 0
    pages: int = 0
    size: int = 0
    size_done: int = 0
    in_bytes: bool = False
    manifest: str = ""
    tell: Callable[["Progress"], None] = field(default=lambda progress: None, repr=False)

    def update(self, **changes: Any) -> None:
        """Change what is said and tell it."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.tell(self)

    def begin(self, phase: str, sizes: Sequence[int] = (), in_bytes: bool = False) -> None:
        """A phase begins, with units of these sizes."""
        self.update(
            phase=phase, units=len(sizes), units_done=0, size=sum(sizes), size_done=0, in_bytes=in_bytes, manifest=""
        )

    def finish(self, size: int, manifest: str = "") -> None:
        """A unit of the phase is finished; manifest: where it was finished now, and not by an earlier process."""
        self.update(units_done=self.units_done + 1, size_done=self.size_done + size, manifest=manifest)


def check(recipe: Recipe) -> None:
    """Make sure that models, lists and packages are there; raises UsageError."""
    try:
        recipes.check(recipe)
    except ResourceError as error:
        raise UsageError(str(error)) from error


def plan_units(paths: Sequence[str], workers: int, limit: int | None) -> list[ReadTask]:
    """The units of a run: large enough that starting a pipeline (0.1 s) does not show, small enough to balance."""
    total = sum(storage.size(path) for path in paths)
    share = total // max(1, workers * UNITS_PER_WORKER)
    size = min(LARGEST_UNIT, max(SMALLEST_UNIT, share))
    if workers == 1:
        size = LARGEST_UNIT
    units = cut(paths, size, workers)
    if limit is None:
        return [ReadTask.of(unit) for unit in units]
    # The first records in the order of the input: one unit, read until there are enough.
    pieces = tuple(piece for unit in cut(paths, 1 << 62, 1) for piece in unit.pieces)
    return [ReadTask("limit", pieces, {}, limit)]


def given_paths(inputs: Any) -> list[str]:
    """One path, or several, as a list of text; raises UsageError for what is neither."""
    several = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    if not isinstance(several, Iterable) or isinstance(several, (bytes, Mapping)):
        raise UsageError(f"inputs: a path or a list of paths, got {type(inputs).__name__}: {inputs!r:.80}")
    found = list(several)
    for item in found:
        if not isinstance(item, (str, os.PathLike)):
            raise UsageError(f"inputs: {item!r:.80} is no path")
    return [str(os.fspath(item)) for item in found]


def run(
    recipe: Recipe | str | os.PathLike[str] | Mapping[str, Any],
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    workers: int | None = None,
    limit: int | None = None,
    resume: bool = False,
    options: Sequence[str] = (),
    progress: Progress | None = None,
    stall_seconds: float = STALL_SECONDS,
    against: str | None = None,
) -> dict[str, Any]:
    """Run a recipe over archives and write kept/, dropped/, failed/ and run.json.

    recipe   a recipe, the name of a shipped one, the path of a file, or a map as a file would hold it
    inputs   a glob, a path or an @LIST file, or several in a list; local or anything Beam opens
    workers  processes on this machine (default: its cores); 1 runs everything in this process
    limit    stop after this many records of the input
    resume   go on with the run in the output directory
    options  Beam options; with --runner the engine gets the whole recipe as one graph

    Returns what run.json holds. Raises RecipeError or UsageError before anything is written, RunError afterwards.
    """
    started = time.monotonic()
    recipe = recipe if isinstance(recipe, Recipe) else recipes.load(recipe)
    progress = progress or Progress()
    workers = workers or len(os.sched_getaffinity(0))
    try:
        paths = expand(given_paths(inputs))
    except InputError as error:
        raise UsageError(str(error)) from error
    check(recipe)
    try:
        engines.parse_options(options)
    except engines.EngineError as error:
        raise UsageError(f"Beam options: {error}") from error
    if against is not None:
        _check_against(recipe, against)
    directory = RunDirectory(os.fspath(output))
    try:
        identities = [rundir.input_identity(path) for path in paths]
        tasks = plan_units(paths, workers, limit)
    except OSError as error:
        raise UsageError(f"{error.filename or 'input'}: cannot be read: {error.strerror or error}") from error
    state = directory.begin(
        {
            "fingerprint": recipe.fingerprint(),
            "recipe": recipe.filled(),
            "versions": rundir.versions(),
            "inputs": identities,
            "limit": limit,
            "against": against,
            "units": rundir.task_state(tasks),
        },
        resume,
    )
    tasks = rundir.tasks_of(state["units"])
    job = Job(directory.root, recipe.steps, recipe.output.file_bytes, recipe.output.dropped_text, recipe.rows)
    try:
        if engines.names_runner(options):
            manifests, timing = _on_engine(job, directory, tasks, options, progress)
            evidence: list[dict[str, Any]] = []
        else:
            manifests, evidence, timing = _on_this_machine(
                job, directory, tasks, workers, progress, stall_seconds, against, tuple(options)
            )
        progress.begin("checking")
        result = _finish(recipe, directory, job, paths, manifests, evidence)
    except (PoolError, DecisionError, engines.EngineError) as error:
        raise RunError(str(error)) from error
    except DamagedFile as error:  # since its unit was finished, or in keys of an earlier run
        mine = str(error).startswith(directory.work())
        raise RunError(f"{error}; {'--resume makes it again' if mine else 'make it again, or do without'}") from error
    finally:
        directory.release()
    wall = time.monotonic() - started
    result["cpu_seconds"] = round(timing["cpu"] + _driver_cpu(), 3)
    result["wall_seconds"] = round(wall, 3)
    result["startup_seconds"] = round(timing["startup"], 3)
    result["startup_cpu_seconds"] = round(timing["startup_cpu"], 3)
    rundir.write_json(directory.root, "run.json", result)
    if result["conserved"]:
        directory.clean()
    return result


def _driver_cpu() -> float:
    return time.process_time()


def _on_engine(
    job: Job, directory: RunDirectory, tasks: Sequence[ReadTask], options: Sequence[str], progress: Progress
) -> tuple[list[Any], dict[str, float]]:
    from pipelines.barrier import DecisionError

    progress.begin("engine", [_size_of(task) for task in tasks], in_bytes=True)
    manifest = directory.manifest(0, "whole")
    children = _children_cpu()
    try:
        engines.run_on_engine(lambda pipeline: build_whole(pipeline, job, tasks, manifest), options)
    except DecisionError as error:
        raise RunError(str(error)) from error
    records = directory.finished(0, "whole")
    if records is None:
        raise RunError("the engine finished, but its manifest or a file it names is missing or damaged")
    close_all()
    return [records], {"cpu": _children_cpu() - children, "startup": 0.0, "startup_cpu": 0.0}


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _on_this_machine(
    job: Job,
    directory: RunDirectory,
    tasks: Sequence[ReadTask],
    workers: int,
    progress: Progress,
    stall_seconds: float,
    against: str | None,
    options: tuple[str, ...],
) -> tuple[list[Any], list[dict[str, Any]], dict[str, float]]:
    began, before = time.monotonic(), time.process_time()
    timing = {"cpu": 0.0, "startup": 0.0, "startup_cpu": 0.0}
    manifests: list[Any] = []
    evidence: list[dict[str, Any]] = []
    pool = Pool(workers, stall_seconds) if workers > 1 else None
    try:
        if pool is not None:
            pool.__enter__()
        current: Sequence[Any] = tasks
        for segment in job.segments:
            sizes = [_size_of(task) for task in current]
            progress.begin(_phase_name(job, segment), sizes, in_bytes=segment.number == 0)
            done = _run_phase(job, directory, segment, current, pool, progress, timing, options)
            manifests += done
            if segment.corpus is not None:
                progress.begin(f"{segment.corpus.name}: deciding")
                shards = [record["shard"] for manifest in done for record in manifest if record["kind"] == "shard"]
                current, found = _decide(directory, segment, shards, against)
                evidence.append(found)
        if pool is None:
            when, spent = serial_startup() or (began, before)
            timing["startup"], timing["startup_cpu"] = when - began, spent
        else:
            first, timing["startup_cpu"] = pool.startup()
            timing["startup"] = (first or began) - began
            timing["startup_cpu"] += before
            timing["cpu"] += pool.import_cpu_seconds
            pool.__exit__(None)
            pool = None
    finally:
        if pool is not None:
            pool.__exit__(RunError)
        else:
            close_all()
    return manifests, evidence, timing


def _phase_name(job: Job, segment: Segment) -> str:
    """The stages that run in a phase: the first and the last."""
    before = job.segments[segment.number - 1].corpus if segment.number else None
    names = [*([before.name] if before is not None else []), *(step.name for step in segment.steps)]
    stages = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0] if names else "writing"
    return f"{segment.number + 1}/{len(job.segments)} {stages}"


def _size_of(task: Any) -> int:
    return int(task.bytes if isinstance(task, ReadTask) else task.shard.rows)


def _run_phase(
    job: Job,
    directory: RunDirectory,
    segment: Segment,
    tasks: Sequence[Any],
    pool: Pool | None,
    progress: Progress,
    timing: dict[str, float],
    options: tuple[str, ...],
) -> list[Any]:
    """Run the units that are not finished; the records of all of them, in the order of the units."""
    todo = []
    for task in tasks:
        if directory.finished(segment.number, task.name) is None:
            manifest = directory.manifest(segment.number, task.name)
            todo.append(PhaseTask(partial(build_phase, job, segment), task, manifest, _size_of(task), options))
        else:
            progress.finish(_size_of(task))

    def pages(count: int) -> None:
        progress.update(pages=count)

    for done in run_serially(todo, pages) if pool is None else pool.run(todo, pages):
        if pool is not None:  # what runs in this process is counted with it
            timing["cpu"] += done.cpu_seconds
        progress.finish(done.task.size, done.task.manifest)
    records = [directory.finished(segment.number, task.name, just_now=True) for task in tasks]
    for task, found in zip(tasks, records, strict=True):
        if found is None:
            raise RunError(f"unit {task.name}: it was run, but its manifest or a file it names is missing or damaged")
    timing["cpu"] += rundir.summarise([found for found in records if found]).cpu_elsewhere if todo else 0.0
    return records


def _keys_folder(root: str, stage: str) -> str:
    """Where a run leaves the keys of what a corpus stage kept."""
    return storage.join(root, "keys", stage.replace("/", "-"))


def _check_against(recipe: Recipe, against: str) -> None:
    """Raises UsageError where a corpus stage cannot be run against the keys of an earlier run."""
    from pipelines.barrier import DecisionError, check_against

    stages = [(step.name, step.strategy) for step in recipe.steps]
    found = [(name, step) for name, step in stages if isinstance(step, (CorpusJudge, CorpusRewriter))]
    if not found:
        raise UsageError("--against: the recipe has no stage that compares documents")
    for name, step in found:
        try:
            check_against(step, _keys_folder(against, name))
        except (DecisionError, DamagedFile) as error:
            raise UsageError(f"--against: {name}: {error}") from error


def _decide(
    directory: RunDirectory, segment: Segment, shards: Sequence[dict[str, Any]], against: str | None
) -> tuple[list[RereadTask], dict[str, Any]]:
    from pipelines.barrier import Shard, decide

    step = segment.corpus
    if step is None:
        raise ValueError(f"segment {segment.number} ends with no corpus step")
    found = [Shard.from_dict(shard) for shard in shards]
    started = time.process_time()
    earlier = _keys_folder(against, step.name) if against else None
    folder = directory.work("decisions", str(segment.number))
    decision = decide(segment.decides(), found, folder, earlier, _keys_folder(directory.root, step.name))
    spent = time.process_time() - started
    tasks = [RereadTask(shard.name, shard, decision.of(shard)) for shard in found]
    return tasks, {"stage": step.name, "cpu_seconds": spent, **decision.evidence}


def _finish(
    recipe: Recipe,
    directory: RunDirectory,
    job: Job,
    paths: Sequence[str],
    manifests: Sequence[Any],
    evidence: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    summary = rundir.summarise(manifests)
    for table in rundir.TABLES:
        if not any(record["table"] == table for record in summary.files):
            writer = TableWriter(directory.root, table, "empty", schema_of(table, job), 1)
            summary.files += [record.as_dict() for record in writer.close_empty()]
    ledger = rundir.keys_of(summary.files, ["ledger"])
    written = rundir.keys_of(summary.files, rundir.TABLES)
    dropped, failed = rundir.removed_by_stage(directory.root, summary.files)
    stages = rundir.funnel(recipe, summary, dropped, failed)
    for entry in stages:
        for found in evidence:
            if found["stage"] == entry["stage"]:
                entry["cpu_seconds"] = round(entry["cpu_seconds"] + found["cpu_seconds"], 3)
    kept = rundir.keys_of(summary.files, ["kept"]).count
    conserved = ledger == written and kept == stages[-1]["kept"] and ledger.count == summary.read["records"]
    result: dict[str, Any] = {
        "recipe": recipe.filled(),
        "fingerprint": recipe.fingerprint(),
        "versions": rundir.versions(),
        "input": list(paths) if len(paths) <= 1000 else [*paths[:1000], f"… and {len(paths) - 1000} more"],
        "read": {
            "files": len(paths),
            "records": summary.read["records"],
            "failed": summary.read["failed"],
            "types": dict(sorted(summary.types.items())),
        },
        "stages": stages,
        "kept": kept,
        "kept_rows": sum(record["rows"] for record in summary.files if record["table"] == "kept"),
        "dropped": sum(counter.total() for counter in dropped.values()),
        "failed": sum(counter.total() for counter in failed.values()),
        "conserved": conserved,
        "repeated_ids": rundir.repeated_ids(directory.root, summary.files),
        "corpus": [{key: value for key, value in found.items() if key != "cpu_seconds"} for found in evidence],
        "files": sorted(
            (
                {key: record[key] for key in ("table", "path", "rows", "bytes", "sha256")}
                for record in summary.files
                if record["table"] != "ledger"
            ),
            key=lambda record: str(record["path"]),
        ),
    }
    if conserved:
        directory.remove_orphans(record for record in summary.files if record["table"] != "ledger")
    else:
        result["differences"] = rundir.differences(directory.root, summary.files)
    return result
