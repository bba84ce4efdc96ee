"""An ablation from arms to report: score every text path once, decide every arm from the scores."""

import contextlib
import dataclasses
import datetime
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from curate import rundir
from curate.ablation import gold, joint
from curate.ablation.arm_files import write_arms
from curate.ablation.arms import Ablation
from curate.ablation.arms import load as load_ablation
from curate.ablation.build import build
from curate.ablation.costs import Costs
from curate.ablation.decide import DecidedArm, Decider
from curate.ablation.proxies.references import BadReference, read_references
from curate.ablation.scored import Part, Scored, in_parts
from curate.arguments import given_count, given_path, given_paths, given_seconds
from curate.evaluation.labelled import EvaluationError
from curate.report.page import render_html, render_markdown
from curate.results import AblationResult, returns
from curate.rundir import RunDirectory, UsageError
from curate.running import check, plan_units, runs_on_engine, timed
from filters.chain import close_all
from filters.contracts import CorpusJudge, CorpusRewriter, Duplicates, ResourceError
from filters.document import Document
from filters.text import tokens
from pipelines import engines, storage
from pipelines.corpus.forms import DecisionError, decide
from pipelines.corpus.keyfile import DamagedFile
from pipelines.curation import RereadTask
from pipelines.inputs import ReadTask, task_state, tasks_of
from pipelines.manifest import Manifest
from pipelines.phases import Phases, Progress, Work
from pipelines.pool import STALL_SECONDS
from pipelines.reading.units import InputError, find, sizes_of
from pipelines.scoring import table
from pipelines.scoring.plan import CorpusVisit, Measure, Node, Plan, TextVisit, Visit, later_rounds, make_plan
from pipelines.scoring.rescore import SpoolTask, build_rescoring, build_respool, documents
from pipelines.scoring.score import ScoreJob, build_scoring
from pipelines.storage import Listed


@dataclasses.dataclass
class Inputs:
    """The files of one input group: their units, and the header that pairs its pages with the base's."""

    found: Mapping[str, Listed | None]
    tasks: list[ReadTask]
    pair_by: str


class Ablating:
    """One ablation in its directory.

    costs  what scoring has cost so far
    joint  what variants keep for which corpus rewriters ran again, by name (see joint.py)
    """

    def __init__(
        self,
        ablation: Ablation,
        root: str,
        inputs: Sequence[Inputs],
        plan: Plan,
        phases: Phases,
        on_engine: bool = False,
    ) -> None:
        self.ablation, self.root, self.inputs, self.plan, self.phases = ablation, root, inputs, plan, phases
        self._on_engine = on_engine
        self.costs = Costs()
        self.joint: dict[str, dict[str, int]] = {}
        self._rewriting: dict[int, float] = {}  # CPU seconds by corpus rewriter, with the scoring after it
        self._parts_of: dict[int, list[Part]] = {}
        self._evidence: dict[int, dict[str, Any]] = {}
        pair_by = {number: group.pair_by for number, group in enumerate(inputs)}
        # an ablation writes no texts for fields to go along with
        recipe = ablation.base.recipe
        reading = dataclasses.replace(recipe.reading, rows=dataclasses.replace(recipe.rows, carry=()))
        self.job = ScoreJob(root, plan, ablation.tokens, with_texts(ablation, plan), pair_by, reading)

    def scored(self) -> Scored:
        """The scored table as it is now."""
        units = [[task.name for task in group.tasks] for group in self.inputs]
        return Scored(self.root, self.plan, units)

    def decider(self) -> Decider:
        """Decides from the scored table as it is now."""
        return Decider(self.scored(), self._documents, self._evidence)

    def _documents(self, measure: Measure, rows: Sequence[int]) -> Iterable[Document]:
        """Documents of pages as a measure sees them, in the order of rows (ascending)."""
        node = self.plan.nodes[measure.node]
        for part, inside in in_parts(self._parts(node.group), rows).items():
            for _, document in documents(self.job, node, part.unit, inside, measure.reads):
                yield document

    def score(self) -> None:
        """Score all text paths: those of extractors and rewriters first, then those after corpus rewriters."""
        works = []
        for number, group in enumerate(self.inputs):
            build_unit = partial(build_scoring, self.job, number, retried=self._on_engine)
            works += [Work(build_unit, task, f"{number}-{task.name}", task.size) for task in group.tasks]
        self._run("score", works, "scoring")
        self._score_later(later_rounds(self.plan))
        if self.ablation.jointly:
            self._score_jointly()

    def _score_later(self, rounds: Sequence[Sequence[Node]]) -> None:
        for later in rounds:
            decider = self.decider()
            for node in later:
                before = self.phases.used()
                self._score_after_corpus(node, decider)
                self._rewriting[node.number] = self.phases.used() - before

    def _score_jointly(self) -> None:
        """Run corpus rewriters again for the variants that need it, after saying what that will cost."""
        found = joint.find(self.ablation, self.decider())
        self.phases.progress.note(found.told(self._rewriting))
        self.plan = found.plan
        self.job = dataclasses.replace(self.job, plan=found.plan, texts=with_texts(self.ablation, found.plan))
        rounds = [[node for node in later if node.number in found.again] for later in later_rounds(found.plan)]
        self._score_later([later for later in rounds if later])
        self.joint = found.sizes(self.decider())

    def _score_after_corpus(self, node: Node, decider: Decider) -> None:
        strategy = node.step.strategy
        if not isinstance(strategy, (CorpusJudge, CorpusRewriter)):
            raise TypeError(f"{node.step.name} decides nothing over the corpus")
        arm, before = _steps_before(self.plan, node)
        alive = decider.decide(arm, before, self.plan.left_out.get(arm), funnel=False).kept
        build_unit: Callable[..., None] = partial(build_respool, self.job, node)
        works = []
        for part in decider.scored.pages(node).parts:
            task = SpoolTask.of(part.unit, alive[part.start : part.start + part.rows])
            works.append(Work(build_unit, task, part.unit, part.rows))
        found = self._run(f"spool-{node.number}", works, f"{node.step.name}: spool")
        shards = [shard for manifest in found for shard in manifest.shards]
        folder = storage.join(self.root, table.decisions_folder(node))
        deciding = partial(timed, partial(decide, strategy, shards, folder))
        expected = (DecisionError, DamagedFile)
        decision, spent = self.phases.call(deciding, f"{node.step.name}: deciding", expected)
        self.costs.of_nodes[node.number] += spent
        self._evidence[node.number] = decision.evidence
        tasks = [RereadTask(shard.unit, shard, decision.of(shard)) for shard in shards]
        build_unit = partial(build_rescoring, self.job, node)
        works = [Work(build_unit, task, task.name, task.size) for task in tasks]
        self._run(f"after-{node.number}", works, node.step.name)

    def _run(self, phase: str, works: Sequence[Work], shown: str) -> list[Manifest]:
        found = self.phases.run(phase, works, shown)
        for manifest in found:
            self.costs.add(manifest.scored)
        return found

    def _parts(self, group: int) -> list[Part]:
        if group not in self._parts_of:
            self._parts_of[group] = self.scored().groups[group].parts
        return self._parts_of[group]

    def texts_of(self, node: Node, rows: Iterable[int]) -> dict[int, str]:
        """The texts of pages (numbered as in DecidedArm's arrays) on a text path whose texts are stored.

        Pages without a text there are left out.
        """
        found: dict[int, str] = {}
        for part, inside in in_parts(self._parts(node.group), list(rows)).items():
            for row, document in documents(self.job, node, part.unit, inside):
                found[part.start + row] = document.text
        return found


def with_texts(ablation: Ablation, plan: Plan) -> frozenset[int]:
    """The text paths whose texts are stored: those that arms end with, and those that something reads again."""
    needed = {node.parent for node in plan.nodes if node.is_corpus}
    for arm in ablation.arms:
        needed.add(next(visit.node.number for visit in reversed(plan.arms[arm.name]) if isinstance(visit, TextVisit)))
    for visits in plan.arms.values():
        for visit in visits:
            if isinstance(visit, CorpusVisit):
                decision = visit.judge.decision()
                if isinstance(decision, Duplicates) and decision.verify is not None:
                    needed.add(visit.measure.node)
    if "extraction" in ablation.gold:
        needed |= {node.number for node in plan.nodes if node.parent < 0}
    return frozenset(needed)


def _steps_before(plan: Plan, node: Node) -> tuple[str, tuple[Visit, ...]]:
    """An arm that a corpus rewriter's text path belongs to, and its steps before the rewriter."""
    for arm, visits in plan.arms.items():
        for place, visit in enumerate(visits):
            if isinstance(visit, TextVisit) and visit.node == node:
                return arm, visits[:place]
    raise ValueError(f"no arm has the text path {plan.described(node)}")


@returns(AblationResult)
def ablate(
    ablation: Ablation | str | os.PathLike[str] | Mapping[str, Any],
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    workers: int | None = None,
    limit: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    stall_seconds: float = STALL_SECONDS,
    options: Sequence[str] = (),
    shards: int | None = None,
) -> dict[str, Any]:
    """Run an ablation: scored/, report.{json,html,md}, and for each arm what it keeps (arms/NAME.parquet), drops
    (dropped/NAME.parquet) and fails on (failed/NAME.parquet) in the output directory.

    ablation  an ablation, the name of a shipped one, the path of a file, or a map as a file would hold it
    inputs    as for a run; empty: those that the ablation names
    options   Beam options; with --runner an engine scores, and this process decides from what was scored
    shards    about how many units the input is cut into

    Returns the report as data, as an AblationResult: a mapping with kept, dropped, failed, arms, funnel and show().
    Raises RecipeError or UsageError before anything is written, RunError afterwards.
    """
    started, since = time.monotonic(), time.process_time()
    sources, target = given_paths(inputs), given_path(output, "output")
    given_count(workers, "workers")
    given_count(limit, "limit")
    given_count(shards, "shards")
    given_seconds(stall_seconds, "stall_seconds")
    ablation = ablation if isinstance(ablation, Ablation) else load_ablation(ablation)
    progress = progress or Progress()
    workers = workers or len(os.sched_getaffinity(0))
    on_engine = runs_on_engine(options)
    if engines.names_template(options):
        raise UsageError("Beam options: an ablation runs several jobs and decides between them, so it has no template")
    try:
        tokens.check(ablation.tokens)
    except ResourceError as error:
        raise UsageError(str(error)) from error
    for arm in ablation.arms:
        check(arm.recipe)
    _check_gold(ablation)
    _check_proxy(ablation)
    groups, group_of = _inputs(ablation, sources, None if on_engine else workers, limit, shards)
    plan = make_plan({arm.name: (arm.recipe.steps, group_of[arm.name]) for arm in ablation.arms})
    directory = RunDirectory(storage.absolute(target) if on_engine else target)
    state = directory.begin(_state(ablation, groups, group_of, plan, limit), resume)
    try:
        with rundir.errors_of(directory.root), contextlib.closing(directory):
            for group, units in zip(groups, state["units"], strict=True):
                group.tasks = tasks_of(units)
            phases = Phases(
                directory.root,
                1 if on_engine else workers,
                resume=resume,
                progress=progress,
                stall_seconds=stall_seconds,
                options=options,
                since=since,
            )
            work = Ablating(ablation, directory.root, groups, plan, phases, on_engine)
            with phases:
                before = phases.used()
                work.score()
                scoring = phases.used() - before
            if workers == 1 and not on_engine:
                scoring -= max(0.0, phases.startup_cpu_seconds - before)
            report = _report(work, scoring)
            report["date"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            report["versions"] = rundir.versions()
            report["input"] = sorted({path for group in groups for path in group.found})
            report["cpu_seconds"] = round(phases.used(), 3)
            report["startup_cpu_seconds"] = round(0.0 if on_engine else phases.startup_cpu_seconds, 3)
            report["wall_seconds"] = round(time.monotonic() - started, 3)
            _write_report(directory.root, report)
            directory.clean()
    finally:
        close_all()
    return report


def _state(
    ablation: Ablation, groups: Sequence[Inputs], group_of: Mapping[str, int], plan: Plan, limit: int | None
) -> dict[str, Any]:
    """What a resumed ablation must have in common with the one that was stopped, as plain data."""
    # In the order of the arms: text paths are numbered in that order.
    arms = [
        [arm.name, arm.recipe.fingerprint(), group_of[arm.name], groups[group_of[arm.name]].pair_by]
        for arm in ablation.arms
    ]
    # What runs again jointly is numbered in the order of the sweeps; other sweeps are decided from whatever is there.
    swept = [joint.with_value(one, value) for one in ablation.sweeps for value in one.values if ablation.jointly]
    return {
        "fingerprint": [arms, ablation.tokens, sorted(with_texts(ablation, plan)), ablation.jointly, swept],
        "versions": rundir.versions(),
        "inputs": [one for group in groups for one in rundir.identities(group.found)],
        "limit": limit,
        "units": [task_state(group.tasks) for group in groups],
    }


def _check_gold(ablation: Ablation) -> None:
    try:
        gold.check(ablation)
    except EvaluationError as error:
        raise UsageError(str(error)) from error


def _check_proxy(ablation: Ablation) -> None:
    """Raise UsageError if reference texts are missing or damaged: they are needed only when everything is scored."""
    if ablation.proxy is not None:
        try:
            read_references(ablation.proxy.references)
        except BadReference as error:
            raise UsageError(f"proxy: references: {error}") from error


def _inputs(
    ablation: Ablation, inputs: Sequence[str], workers: int | None, limit: int | None, shards: int | None
) -> tuple[list[Inputs], dict[str, int]]:
    """The input groups, and the number of each arm's group."""
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
                found = find(list(key[0]))
                tasks = plan_units(sizes_of(found), workers, limit, shards)
            except InputError as error:
                raise UsageError(str(error)) from error
            except OSError as error:
                raise UsageError(f"{error.filename or 'input'}: cannot be read: {error.strerror or error}") from error
            numbers[key] = len(groups)
            groups.append(Inputs(found, tasks, arm.pair_by))
        group_of[arm.name] = numbers[key]
    return groups, group_of


def _report(work: Ablating, scoring: float) -> dict[str, Any]:
    """Decide all arms, write what each keeps, and build the report. scoring: CPU seconds until here."""
    started = time.process_time()
    work.phases.progress.begin("deciding", [1] * len(work.ablation.arms))
    decider = work.decider()
    decided: dict[str, DecidedArm] = {}
    for arm in work.ablation.arms:
        decided[arm.name] = decider.decide(arm.name, work.plan.arms[arm.name])
        work.phases.progress.finish(1)
    write_arms(work.root, decider.scored, list(decided.values()))
    deciding = time.process_time()
    report = build(work.ablation, decider, decided, work.costs, work.texts_of, work.joint)
    phases = {"scoring": scoring, "deciding": deciding - started, "reporting": time.process_time() - deciding}
    report["cpu_by_phase"] = {name: round(seconds, 3) for name, seconds in phases.items()}
    return report


def _write_report(root: str, report: dict[str, Any]) -> None:
    rundir.write_json(root, "report.json", report)
    storage.write_bytes(storage.join(root, "report.html"), render_html(report).encode("utf-8", "replace"))
    storage.write_bytes(storage.join(root, "report.md"), render_markdown(report).encode("utf-8", "replace"))
