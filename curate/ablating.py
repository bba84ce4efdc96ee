"""An ablation from arms to report: score every text path once, decide every arm from the scores."""

import dataclasses
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate import rundir
from curate.arms import Ablation, Arm
from curate.arms import load as load_ablation
from curate.report.decide import KEPT, Decided, Decider
from curate.report.scored import Part, Scored
from curate.rundir import RunDirectory, RunError, UsageError
from curate.running import Progress, check, given_paths, plan_units
from filters.chain import close_all
from filters.contracts import CorpusRewriter, ResourceError
from filters.document import Document
from filters.text import tokens
from pipelines import storage
from pipelines.branches import (
    Node,
    Plan,
    ScoreJob,
    SpoolTask,
    build_rescoring,
    build_respool,
    build_scoring,
    documents,
    make_plan,
    rounds,
)
from pipelines.curation import ReadTask, RereadTask
from pipelines.keyfile import DamagedFile
from pipelines.pool import STALL_SECONDS, PhaseTask, Pool, PoolError, run_serially, serial_startup
from pipelines.reading.units import InputError, expand


@dataclasses.dataclass
class Inputs:
    """The files of one input group: their units, the header that pairs its pages with the base's, its arms."""

    paths: list[str]
    tasks: list[ReadTask]
    pair_by: str


class Ablating:
    """One ablation in its directory."""

    def __init__(
        self, ablation: Ablation, directory: RunDirectory, inputs: Sequence[Inputs], plan: Plan, pool: Pool | None,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.ablation, self.directory, self.inputs, self.plan = ablation, directory, inputs, plan
        self._pool, self._progress = pool, progress
        self.records: list[dict[str, Any]] = []
        self.cpu_seconds = 0.0
        self.decide_cpu_seconds: dict[str, float] = {}
        self._parts_of: dict[int, list[Part]] = {}
        finals = {next(v.number for v in reversed(visits) if v.kind == "text") for visits in plan.arms.values()}
        verified = {m.node for m in plan.measures if getattr(m.step.strategy, "verify", None) is not None}
        needed = finals | verified | {node.parent for node in plan.nodes if node.is_corpus}
        if "extraction" in ablation.gold:
            needed |= {node.number for node in plan.nodes if node.parent < 0}
        pair_by = {number: group.pair_by for number, group in enumerate(inputs)}
        # an ablation writes no texts for fields to go along with
        fields = dataclasses.replace(ablation.base.recipe.rows, carry=())
        self.job = ScoreJob(directory.root, plan, ablation.tokens, frozenset(needed), pair_by, fields)

    def scored(self) -> Scored:
        """The scored table as it is now."""
        units = [[task.name for task in group.tasks] for group in self.inputs]
        return Scored(self.directory.root, self.plan, units)

    def decider(self) -> Decider:
        """Decides from the scored table as it is now."""
        return Decider(self.scored(), self._documents)

    def _documents(self, number: int, rows: Sequence[int]) -> Iterable[Document]:
        """Documents of pages as a measure sees them, in the order of rows (ascending)."""
        measure = self.plan.measures[number]
        node = measure.node
        group = self.plan.nodes[node].group
        for part in self._parts(group):
            inside = frozenset(row - part.start for row in rows if part.start <= row < part.start + part.rows)
            if inside:
                yield from documents(self.job, node, part.unit, group, inside, measure.reads)

    def score(self) -> None:
        """Score all text paths: those of extractors and rewriters first, then those after corpus rewriters."""
        todo = []
        for number, group in enumerate(self.inputs):
            roots = tuple(node.number for node in self.plan.nodes if node.parent < 0 and node.group == number)
            for task in group.tasks:
                manifest = self.directory.work("done", f"score-{number}", f"{task.name}.json")
                todo.append(PhaseTask(partial(build_scoring, self.job, roots), task, manifest, task.bytes))
        self._run("scoring", todo)
        for later in rounds(self.plan)[1:]:
            decider = self.decider()
            for node in later:
                self._score_after_corpus(node, decider)

    def _score_after_corpus(self, node: Node, decider: Decider) -> None:
        from pipelines.barrier import Shard, decide

        arm, place = next(
            (arm, place)
            for arm, visits in self.plan.arms.items()
            for place, visit in enumerate(visits)
            if visit.kind == "text" and visit.number == node.number
        )
        alive = decider.decide(arm, self.plan.arms[arm], only=place, funnel=False).how == KEPT
        spooling = []
        for part in decider.scored.groups[node.group].parts:
            rows = tuple(int(row) for row in alive[part.start : part.start + part.rows].nonzero()[0])
            task = SpoolTask(part.unit, node.number, rows, node.group)
            manifest = self.directory.work("done", f"spool-{node.number}", f"{part.unit}.json")
            spooling.append(PhaseTask(partial(build_respool, self.job), task, manifest, part.rows))
        found = self._run(f"{node.step.name}: spool", spooling)
        shards = [Shard.from_dict(record["shard"]) for record in found if record["kind"] == "shard"]
        started = time.process_time()
        strategy = node.step.strategy
        if not isinstance(strategy, CorpusRewriter):
            raise TypeError(f"{node.step.name} is no corpus rewriter")
        decision = decide(strategy, shards, self.directory.work("decisions", node.folder))
        self.decide_cpu_seconds[f"node {node.number}"] = time.process_time() - started
        todo = []
        for shard in shards:
            manifest = self.directory.work("done", f"after-{node.number}", f"{shard.name}.json")
            again = RereadTask(shard.name, shard, decision.of(shard))
            todo.append(PhaseTask(partial(build_rescoring, self.job, node.number), again, manifest, shard.rows))
        self._run(node.step.name, todo)

    def _run(self, name: str, todo: Sequence[PhaseTask]) -> list[dict[str, Any]]:
        self._progress.begin(name, [phase.size for phase in todo], in_bytes=name == "scoring")
        left = [phase for phase in todo if not storage.exists(phase.manifest)]

        def pages(count: int) -> None:
            self._progress.update(pages=count)

        for done in run_serially(left, pages) if self._pool is None else self._pool.run(left, pages):
            if self._pool is not None:
                self.cpu_seconds += done.cpu_seconds
            self._progress.finish(done.task.size, done.task.manifest)
        found = [record for phase in todo for record in json.loads(storage.read_bytes(phase.manifest))]
        self.records += found
        return found

    def _parts(self, group: int) -> list[Part]:
        if group not in self._parts_of:
            self._parts_of[group] = self.scored().groups[group].parts
        return self._parts_of[group]

    def documents_of(self, decided: Decided, rows: Iterable[int]) -> dict[int, str]:
        """The texts of pages (numbered as in Decided's arrays) on an arm's final text path, where there is one."""
        return self.texts_of(decided.node, rows)

    def texts_of(self, node: int, rows: Iterable[int]) -> dict[int, str]:
        """The texts of pages on a text path whose texts are stored, where there is one."""
        wanted = set(rows)
        found: dict[int, str] = {}
        group = self.plan.nodes[node].group
        for part in self._parts(group):
            inside = frozenset(row - part.start for row in wanted if part.start <= row < part.start + part.rows)
            path = storage.join(self.job.texts_folder(node), f"{part.unit}.parquet")
            if inside and storage.exists(path):
                for document in documents(self.job, node, part.unit, group, inside):
                    found[part.start + int(document.notes["row"])] = document.text
        return found


def ablate(
    ablation: Ablation | str | os.PathLike[str] | Mapping[str, Any],
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    workers: int | None = None,
    limit: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    stall_seconds: float = STALL_SECONDS,
) -> dict[str, Any]:
    """Run an ablation: scored/, arms/NAME.parquet (kept ids) and report.{json,html,md} in the output directory.

    ablation  an ablation, the name of a shipped one, the path of a file, or a map as a file would hold it
    inputs    as for a run; empty: those that the ablation names

    Returns the report as data. Raises RecipeError or UsageError before anything is written, RunError afterwards.
    """
    started = time.monotonic()
    ablation = ablation if isinstance(ablation, Ablation) else load_ablation(ablation)
    progress = progress or Progress()
    workers = workers or len(os.sched_getaffinity(0))
    try:
        tokens.check(ablation.tokens)
    except ResourceError as error:
        raise UsageError(str(error)) from error
    for arm in ablation.arms:
        check(arm.recipe)
    _check_gold(ablation)
    _check_proxy(ablation)
    groups, group_of = _inputs(ablation, given_paths(inputs), workers, limit)
    plan = make_plan({arm.name: (arm.recipe.steps, group_of[arm.name]) for arm in ablation.arms})
    directory = RunDirectory(os.fspath(output))
    fingerprints = {arm.name: arm.recipe.fingerprint() for arm in ablation.arms}
    state: dict[str, Any] = {
        "fingerprint": fingerprints,
        "versions": rundir.versions(),
        "inputs": [rundir.input_identity(path) for group in groups for path in group.paths],
        "limit": limit,
        "tokens": ablation.tokens,
        "gold": sorted(ablation.gold),
        "units": [rundir.task_state(group.tasks) for group in groups],
    }
    state = directory.begin(json.loads(json.dumps(state)), resume)
    for group, units in zip(groups, state["units"], strict=True):
        group.tasks = rundir.tasks_of(units)
    pool = Pool(workers, stall_seconds) if workers > 1 else None
    try:
        work = Ablating(ablation, directory, groups, plan, pool, progress)
        before = time.process_time()
        work.score()
        scoring = work.cpu_seconds + time.process_time() - before + _elsewhere(work)
        if pool is None:
            startup = (serial_startup() or (0.0, 0.0))[1]
            scoring -= max(0.0, startup - before)
        else:
            startup = pool.startup()[1]
            work.cpu_seconds += pool.import_cpu_seconds
            pool.__exit__(None)
            pool = None
        progress.begin("deciding", [1] * len(ablation.arms))
        report = _report(work, scoring)
        report["cpu_seconds"] = round(work.cpu_seconds + time.process_time() + _elsewhere(work), 3)
        report["startup_cpu_seconds"] = round(startup, 3)
        report["wall_seconds"] = round(time.monotonic() - started, 3)
        _write_report(directory.root, report)
    except PoolError as error:
        raise RunError(str(error)) from error
    except DamagedFile as error:
        raise RunError(f"{error}; delete {directory.root} and begin again, or use another --output") from error
    finally:
        if pool is not None:
            pool.__exit__(RunError)
        close_all()
        directory.release()
    directory.clean()
    return report


def _check_gold(ablation: Ablation) -> None:
    if ablation.gold:
        from curate.report import gold

        try:
            gold.check(ablation)
        except gold.EvaluationError as error:
            raise UsageError(str(error)) from error


def _check_proxy(ablation: Ablation) -> None:
    """The reference texts are read at the end, when all is scored: that they are there is asked at the start."""
    if ablation.proxy is not None:
        try:
            expand(list(ablation.proxy.reference))
        except InputError as error:
            raise UsageError(f"proxy: reference: {error}") from error


def _inputs(
    ablation: Ablation, inputs: Sequence[str], workers: int, limit: int | None
) -> tuple[list[Inputs], dict[str, int]]:
    groups: list[Inputs] = []
    numbers: dict[tuple[tuple[str, ...], str], int] = {}
    group_of: dict[str, int] = {}
    default = tuple(inputs) or ablation.input
    for arm in ablation.arms:
        key = (arm.input or default, arm.pair_by)
        if not key[0]:
            raise UsageError("no input: name archives with --input")
        if key not in numbers:
            try:
                paths = expand(list(key[0]))
                tasks = plan_units(paths, workers, limit)
            except InputError as error:
                raise UsageError(str(error)) from error
            numbers[key] = len(groups)
            groups.append(Inputs(paths, tasks, arm.pair_by))
        group_of[arm.name] = numbers[key]
    return groups, group_of


def _report(work: Ablating, scoring: float) -> dict[str, Any]:
    from curate.report.build import build

    started = time.process_time()
    decider = work.decider()
    scored = decider.scored
    decided: dict[str, Decided] = {}
    for arm in work.ablation.arms:
        decided[arm.name] = decider.decide(arm.name, work.plan.arms[arm.name])
        _write_arm(work.directory.root, arm, scored, decided[arm.name])
        work._progress.finish(1)
    deciding = time.process_time()
    report = build(work.ablation, decider, decided, work)
    phases = {"scoring": scoring, "deciding": deciding - started, "reporting": time.process_time() - deciding}
    report["cpu_by_phase"] = {name: round(seconds, 3) for name, seconds in phases.items()}
    return report


def _write_arm(root: str, arm: Arm, scored: Scored, decided: Decided) -> None:
    kept = decided.kept
    group = scored.groups[decided.group]
    columns = {name: group.strings(name)[kept] for name in ("id", "url", "source")}
    table = pa.table({**columns, "offset": pa.array(group.numbers("offset")[kept], pa.int64(), from_pandas=False)})
    storage.make_folder(storage.join(root, "arms"))
    with storage.writing(storage.join(root, "arms", f"{arm.name}.parquet")) as file:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)


def _elsewhere(work: Ablating) -> float:
    return sum(record.get("cpu_elsewhere", 0.0) for record in work.records)


def _write_report(root: str, report: dict[str, Any]) -> None:
    from curate.report.page import render_html, render_markdown

    rundir.write_json(root, "report.json", report)
    storage.write_bytes(storage.join(root, "report.html"), render_html(report).encode("utf-8", "replace"))
    storage.write_bytes(storage.join(root, "report.md"), render_markdown(report).encode("utf-8", "replace"))
