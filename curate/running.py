"""A run from a recipe to run.json: units through the pool, decisions between the phases, the check at the end."""

import contextlib
import datetime
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from curate import recipe as recipes
from curate import rundir, shown
from curate.arguments import given_count, given_path, given_paths, given_seconds
from curate.recipe import Recipe
from curate.results import RunResult, returns
from curate.rundir import RunDirectory, Summary, UsageError
from filters.contracts import CorpusJudge, CorpusRewriter, ResourceError
from pipelines import engines, sketches, storage
from pipelines.corpus.forms import DecisionError, check_against, decide
from pipelines.corpus.keyfile import DamagedFile
from pipelines.curation import Job, RereadTask, Segment, build_phase, build_whole, schema_of
from pipelines.inputs import ReadTask, task_state, tasks_of
from pipelines.manifest import EvidenceRecord, Manifest, Shard
from pipelines.phases import Phases, Progress, Work
from pipelines.pool import STALL_SECONDS
from pipelines.reading.units import InputError, cut, find, in_one_piece, sizes_of
from pipelines.writing import TableWriter

LARGEST_UNIT = 64 << 20
SMALLEST_UNIT = 2 << 20
UNITS_PER_WORKER = 6
UNITS_OF_ENGINE = 500  # aimed at where units are larger than SMALLEST_OF_ENGINE: an engine's workers are not known
SMALLEST_OF_ENGINE = 8 << 20


def check(recipe: Recipe) -> None:
    """Make sure that models, lists and packages are there; raises UsageError."""
    try:
        recipes.check(recipe)
    except ResourceError as error:
        raise UsageError(str(error)) from error


def plan_units(
    sizes: Mapping[str, int], workers: int | None, limit: int | None, shards: int | None = None
) -> list[ReadTask]:
    """The units of a run: large enough that starting a pipeline (0.1 s) does not show, small enough to balance.

    sizes    bytes of the input files by path, in their order
    workers  processes on this machine; None on an engine, where units depend on the input alone
    shards   about how many units there are; by default they follow from the input (and the workers)
    """
    units = cut(sizes, unit_bytes(sum(sizes.values()), workers, shards), workers or 1)
    if limit is None:
        return [ReadTask.of(unit) for unit in units]
    # The first records in the order of the input: one unit, read until there are enough.
    pieces = tuple(piece for unit in cut(sizes, 1 << 62, 1) for piece in unit.pieces)
    return [ReadTask("limit", pieces, limit)]


def unit_bytes(total: int, workers: int | None, shards: int | None = None) -> int:
    """About how many bytes a unit of an input of so many bytes is."""
    if shards is not None:
        return max(1, -(-total // shards))
    if workers is None:
        return min(LARGEST_UNIT, max(SMALLEST_OF_ENGINE, total // UNITS_OF_ENGINE))
    if workers == 1:
        return LARGEST_UNIT
    return min(LARGEST_UNIT, max(SMALLEST_UNIT, total // (workers * UNITS_PER_WORKER)))


@returns(RunResult)
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
    verify: bool = False,
    shards: int | None = None,
) -> dict[str, Any]:
    """Run a recipe over archives and write kept/, dropped/, failed/ and run.json.

    recipe   a recipe, the name of a shipped one, the path of a file, or a map as a file would hold it
    inputs   a glob, a path or an @LIST file, or several in a list; local or anything Beam opens
    workers  processes on this machine (default: its cores); 1 runs everything in this process
    limit    stop after this many records of the input
    resume   go on with the run in the output directory
    options  Beam options; with --runner the engine gets the whole recipe as one graph
    against  the directory of an earlier run, whose documents count as seen in every corpus stage
    verify   hash every file again after it was written; otherwise names and sizes are compared, and hashes where a
             run is resumed
    shards   about how many units the input is cut into, and so at least how many files are written; by default it
             follows from the size of the input

    Returns what run.json holds, as a RunResult: a mapping with kept, dropped, failed, funnel, rules and show().
    Raises RecipeError or UsageError before anything is written, RunError afterwards, and TemplateWritten
    (pipelines.engines) where the options ask for the template of a job: `resume` checks what the job has done then.
    """
    started, since = time.monotonic(), time.process_time()
    sources, target = given_paths(inputs), given_path(output, "output")
    against = None if against is None else given_path(against, "against")
    given_count(workers, "workers")
    given_count(limit, "limit")
    given_count(shards, "shards")
    given_seconds(stall_seconds, "stall_seconds")
    recipe = recipe if isinstance(recipe, Recipe) else recipes.load(recipe)
    progress = progress or Progress()
    workers = workers or len(os.sched_getaffinity(0))
    on_engine = runs_on_engine(options)
    try:
        found = find(sources)
    except InputError as error:
        raise UsageError(str(error)) from error
    check(recipe)
    if against is not None:
        _check_against(recipe, against)
    # workers of an engine have a working directory of their own
    directory = RunDirectory(storage.absolute(target) if on_engine else target)
    paths, identities = list(found), rundir.identities(found)
    try:
        tasks = plan_units(sizes_of(found), None if on_engine else workers, limit, shards)
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
            "units": task_state(tasks),
        },
        resume,
    )
    with rundir.errors_of(directory.root), contextlib.closing(directory):
        tasks = tasks_of(state["units"])
        progress.update(notes=(*progress.notes, *in_one_piece(tasks)))
        output_of = recipe.output
        job = Job(
            directory.root,
            recipe.steps,
            output_of.file_bytes,
            output_of.dropped_text,
            recipe.reading,
            output_of.examples,
        )
        phases = Phases(
            directory.root,
            1 if on_engine else workers,
            resume=resume,
            verify=verify,
            progress=progress,
            stall_seconds=stall_seconds,
            options=options,
            since=since,
        )
        with phases:
            if on_engine:
                manifests = [phases.run_on_engine(partial(build_whole, job), len(tasks))]
            else:
                manifests = _on_this_machine(job, directory, tasks, phases, against)
        progress.begin("checking")
        result = _finish(recipe, directory, job, paths, tasks, manifests)
        result["cpu_seconds"] = round(phases.used(), 3)
        result["wall_seconds"] = round(time.monotonic() - started, 3)
        result["startup_seconds"] = round(0.0 if on_engine else phases.startup_seconds, 3)
        result["startup_cpu_seconds"] = round(0.0 if on_engine else phases.startup_cpu_seconds, 3)
        rundir.write_json(directory.root, "run.json", result)
        if result["conserved"]:
            directory.clean()
    return result


def runs_on_engine(options: Sequence[str]) -> bool:
    """Whether Beam's options name a runner; its file systems get the options here. Raises UsageError."""
    try:
        engines.open_file_systems(options)
    except engines.EngineError as error:
        raise UsageError(f"Beam options: {error}") from error
    return engines.names_runner(options)


def _on_this_machine(
    job: Job, directory: RunDirectory, tasks: Sequence[ReadTask], phases: Phases, against: str | None
) -> list[Manifest]:
    manifests: list[Manifest] = []
    current: Sequence[ReadTask | RereadTask] = tasks
    for segment in job.segments:
        works = [Work(partial(build_phase, job, segment), task, task.name, task.size) for task in current]
        done = phases.run(str(segment.number), works, _phase_name(job, segment), in_bytes=segment.number == 0)
        manifests += done
        if segment.corpus is not None:
            phases.progress.begin(f"{segment.corpus.name}: deciding")
            shards = [shard for manifest in done for shard in manifest.shards]
            current, found = _decide(directory, segment, shards, phases, against)
            manifests.append(Manifest(evidence=(found,)))
    return manifests


def _phase_name(job: Job, segment: Segment) -> str:
    """The stages that run in a phase: the first and the last."""
    before = job.segments[segment.number - 1].corpus if segment.number else None
    names = [*([before.name] if before is not None else []), *(step.name for step in segment.steps)]
    stages = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0] if names else "writing"
    return f"{segment.number + 1}/{len(job.segments)} {stages}"


def _keys_folder(root: str, stage: str) -> str:
    """Where a run leaves the keys of what a corpus stage kept."""
    return storage.join(root, "keys", stage.replace("/", "-"))


def _check_against(recipe: Recipe, against: str) -> None:
    """Raises UsageError where a corpus stage cannot be run against the keys of an earlier run."""
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
    directory: RunDirectory, segment: Segment, shards: Sequence[Shard], phases: Phases, against: str | None
) -> tuple[list[RereadTask], EvidenceRecord]:
    step = segment.corpus
    if step is None:
        raise ValueError(f"segment {segment.number} does not end with a corpus step")
    earlier = _keys_folder(against, step.name) if against else None
    folder = directory.work("decisions", str(segment.number))
    keep = _keys_folder(directory.root, step.name)
    function = partial(timed, partial(decide, segment.decides(), shards, folder, earlier, keep))
    decision, spent = phases.call(function, f"{step.name}: deciding", (DecisionError, DamagedFile))
    tasks = [RereadTask(shard.unit, shard, decision.of(shard)) for shard in shards]
    return tasks, EvidenceRecord(step.name, decision.evidence, spent)


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """What a function returns, and the CPU seconds it took."""
    started = time.process_time()
    return function(), time.process_time() - started


def _finish(
    recipe: Recipe,
    directory: RunDirectory,
    job: Job,
    paths: Sequence[str],
    tasks: Sequence[ReadTask],
    manifests: Sequence[Manifest],
) -> dict[str, Any]:
    summary = Summary.of(manifests)
    for table in rundir.TABLES:
        if not any(record.table == table for record in summary.files):
            writer = TableWriter(directory.root, table, rundir.EMPTY, schema_of(table, job), 1)
            summary.files += writer.close_empty()
    ledger, written = summary.keys_of("ledger"), summary.keys_of(*rundir.TABLES)
    left_out = rundir.unread(paths, tasks, summary.reads)
    dropped, failed = summary.removed("dropped"), summary.removed("failed")
    stages = rundir.funnel(recipe, summary, dropped, failed)
    repeated = summary.repeated_ids
    if repeated is None:
        repeated = rundir.repeated_ids(directory.root, summary.files)
    evidence = {found.stage: found for found in summary.evidence}
    sketch = sketches.read_all(directory.root, summary.files, job.examples or 0)
    rundir.write_json(directory.root, shown.EXAMPLES_FILE, shown.of_run(recipe, sketch, summary.evidence))
    for entry in stages:
        if entry["stage"] in evidence:
            entry["cpu_seconds"] = round(entry["cpu_seconds"] + evidence[entry["stage"]].cpu_seconds, 3)
    kept = summary.keys_of("kept").count
    conserved = not left_out and ledger == written and kept == stages[-1]["kept"] and ledger.count == summary.records
    result: dict[str, Any] = {
        "recipe": recipe.filled(),
        "fingerprint": recipe.fingerprint(),
        "versions": rundir.versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "input": list(paths) if len(paths) <= 1000 else [*paths[:1000], f"… and {len(paths) - 1000} more"],
        "read": {
            "files": len(paths),
            "records": summary.records,
            "failed": sum(record.failed for record in summary.reads),
            "types": summary.types,
        },
        "stages": stages,
        "kept": kept,
        "kept_rows": sum(record.rows for record in summary.files if record.table == "kept"),
        "dropped": sum(counter.total() for counter in dropped.values()),
        "failed": sum(counter.total() for counter in failed.values()),
        "conserved": conserved,
        "repeated_ids": repeated,
        "corpus": [
            {"stage": step.name, **shown.without_texts(evidence[step.name].evidence)}
            for step in recipe.steps
            if step.name in evidence
        ],
        "files": sorted(
            (
                {key: getattr(record, key) for key in ("table", "path", "rows", "bytes", "sha256")}
                for record in summary.files
                if record.table in rundir.TABLES
            ),
            key=lambda record: str(record["path"]),
        ),
    }
    if conserved:
        named = (record for record in summary.files if record.table in rundir.TABLES)
        directory.remove_orphans(named, [task.name for task in tasks])
    else:
        result["differences"] = rundir.differences(directory.root, summary.files)
        result["differences"]["plan"] = left_out[:100]
    return result
