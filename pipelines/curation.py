"""Steps to a Beam graph: read or re-read, run the stages, write or spool. The same transforms on every engine."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

import filters
from filters.chain import Dropped, Failed, Step, StepBook, notes_written, opened, utf8_bytes
from filters.contracts import CorpusJudge, CorpusRewriter
from filters.document import Document
from filters.sketch import EXAMPLES
from pipelines import manifest, records, sketches, storage, watch
from pipelines.corpus.shuffle import CorpusDecision
from pipelines.corpus.spool import Spool, reread
from pipelines.inputs import STATE, WORK, ReadTask, ReadUnits, planned
from pipelines.manifest import BooksRecord, EvidenceRecord, Manifest
from pipelines.reading.fields import USUAL_READING, Reading
from pipelines.stage import Sketching, Stages
from pipelines.totals import Totals
from pipelines.watch import Doing
from pipelines.writing import TableWriter, dropped_row, failed_row, kept_rows


@dataclass(frozen=True)
class Segment:
    """Consecutive per-document steps, and the corpus step that ends them (None: what is left is kept)."""

    number: int
    steps: tuple[Step, ...]
    corpus: Step | None

    def ends_with(self) -> Step:
        """The corpus step."""
        if self.corpus is None:
            raise ValueError(f"segment {self.number} does not end with a corpus step")
        return self.corpus

    def decides(self) -> CorpusJudge | CorpusRewriter:
        """The strategy of the corpus step."""
        strategy = self.corpus.strategy if self.corpus is not None else None
        if not isinstance(strategy, (CorpusJudge, CorpusRewriter)):
            raise ValueError(f"segment {self.number} does not end with a corpus step")
        return strategy


def segments(steps: Sequence[Step]) -> list[Segment]:
    """A recipe's steps cut after every corpus step."""
    cut: list[Segment] = []
    run: list[Step] = []
    for step in steps:
        if isinstance(step.strategy, (CorpusJudge, CorpusRewriter)):
            cut.append(Segment(len(cut), tuple(run), step))
            run = []
        else:
            run.append(step)
    return [*cut, Segment(len(cut), tuple(run), None)]


@dataclass(frozen=True)
class Job:
    """What every worker needs to know of a run.

    root          the run's directory, local or anything Beam writes to
    file_bytes    bytes of text after which a file of kept/ is closed
    dropped_text  whether dropped/ holds texts (with personal data replaced)
    reading       what is read of the input
    examples      documents shown of each rule; None sketches nothing
    """

    root: str
    steps: tuple[Step, ...]
    file_bytes: int = 256_000_000
    dropped_text: bool = False
    reading: Reading = USUAL_READING
    examples: int | None = EXAMPLES

    @property
    def segments(self) -> list[Segment]:
        """The segments of the steps."""
        return segments(self.steps)

    def kept_schema(self) -> pa.Schema:
        """The schema of kept/."""
        return records.kept(notes_written(self.steps), self.reading.rows.carry)

    def sketching(self, *, ends: bool = False) -> Sketching | None:
        """What of the run is sketched. ends: by the steps at the end of the recipe."""
        return Sketching(self.root, self.steps, self.examples, ends) if self.examples is not None else None

    def work(self, *parts: str) -> str:
        """A path in the folder of intermediate files."""
        return storage.join(self.root, WORK, *parts)

    def spool_folder(self, segment: Segment) -> str:
        """Where a segment's documents wait for the decision of its corpus step."""
        return self.work("spool", str(segment.number))


def schema_of(table: str, job: Job) -> pa.Schema:
    """The schema of kept, dropped or failed in a run."""
    if table == "kept":
        return job.kept_schema()
    return records.FAILED if table == "failed" else records.DROPPED_WITH_TEXT if job.dropped_text else records.DROPPED


@dataclass(frozen=True)
class RereadTask:
    """A spooled shard with the decisions on it (None: no losers)."""

    name: str
    shard: Any
    decisions: Any

    @property
    def size(self) -> int:
        """About how much work it is."""
        return int(self.shard.rows)


class _Reread(beam.DoFn):
    """RereadTask -> (unit, Document | Dropped | Failed)."""

    def __init__(self, step: Step, job: Job) -> None:
        self.step = step
        self.sketching = job.sketching() if isinstance(step.strategy, CorpusRewriter) else None

    def process(self, task: RereadTask) -> Iterator[Any]:
        clock = time.thread_time
        sketch = self.sketching.sketch() if self.sketching is not None else None
        started = clock()
        spent = 0.0
        book = StepBook()
        for document, applied in reread(task.shard, task.decisions, self.step):
            size = document.derive(utf8_bytes)
            book.documents_in += 1
            book.bytes_in += size
            item: Any = applied.document
            if applied.drop is not None:
                item = Dropped(document, self.step.name, self.step.strategy_name, applied.drop)
                book.dropped += 1
                book.dropped_by_rule[applied.drop.rule] += 1
            elif item is None:
                key = document.source, document.offset, document.id, document.url
                item = Failed(*key, self.step.name, applied.reason, applied.detail)
                book.failed += 1
                book.failed_by_reason[applied.reason] += 1
            else:
                book.kept += 1
                book.bytes_kept += item.derive(utf8_bytes)
                if applied.edits:
                    book.edits.update(applied.edits)
                    if sketch is not None:
                        sketch.edited(self.step.name, document, item, applied.edits)
            spent += clock() - started
            yield task.name, item
            started = clock()
        watch.begin(Doing.FINISHING, task.name)
        if sketch is not None and self.sketching is not None:
            yield TaggedOutput(
                "records", sketches.write(self.sketching.root, task.name, task.shard.name, sketch.close())
            )
        book.cpu_seconds = spent + clock() - started
        yield TaggedOutput("records", BooksRecord(task.name, {self.step.name: book}))


class _Write(beam.DoFn):
    """(unit, Document | Dropped | Failed) -> rows of kept/, dropped/, failed/; gives the records of the files."""

    def __init__(self, table: str, job: Job) -> None:
        self.table, self.job = table, job
        self.schema = schema_of(table, job)

    def setup(self) -> None:
        scrubbing = self.table == "dropped" and self.job.dropped_text
        self._scrub = opened(filters.make("pii/patterns", {"action": "replace"})) if scrubbing else None

    def start_bundle(self) -> None:
        self._writers: dict[str, TableWriter] = {}

    def process(self, element: tuple[str, Any]) -> Iterable[Any]:
        unit, item = element
        writer = self._writers.get(unit)
        if writer is None:
            root, size = self.job.root, self.job.file_bytes
            writer = self._writers[unit] = TableWriter(root, self.table, unit, self.schema, size)
        if self.table == "kept":
            for number, row in enumerate(kept_rows(item)):
                writer.add(row, len(row["text"]), first_piece=number == 0)
        elif self.table == "dropped":
            writer.add(dropped_row(item, self._scrubbed(item.document)), 300)
        else:
            writer.add(failed_row(item), 300)
        writer.at_document_end()
        return ()

    def _scrubbed(self, document: Document) -> str | None:
        """The text without personal data, where dropped texts are written."""
        if self._scrub is None:
            return None
        clean = self._scrub(document) if document.text else document
        return clean.text if isinstance(clean, Document) else ""

    def finish_bundle(self) -> Iterator[Any]:
        for writer in self._writers.values():
            for record in writer.close():
                yield GlobalWindows.windowed_value(record)
        self._writers = {}


class _SpoolDocuments(beam.DoFn):
    """(unit, Document) -> shards of the spool, given out when their files are closed."""

    def __init__(self, job: Job, segment: Segment) -> None:
        self.job, self.segment = job, segment

    def start_bundle(self) -> None:
        self._spools: dict[str, Spool] = {}

    def process(self, element: tuple[str, Document]) -> Iterable[Any]:
        unit, document = element
        if unit not in self._spools:
            with watch.during(Doing.OPENING, self.segment.ends_with().name):
                self._spools[unit] = Spool(self.job.spool_folder(self.segment), unit, self.segment.ends_with())
        self._spools[unit].add(document)
        return ()

    def finish_bundle(self) -> Iterator[Any]:
        for spool in self._spools.values():
            yield GlobalWindows.windowed_value(spool.close())
        self._spools = {}


class _WriteManifest(beam.DoFn):
    """Writes what one pipeline left as one JSON file, the last thing the pipeline does.

    begun  CPU seconds of this process when the unit was begun
    """

    def __init__(self, path: str, begun: float) -> None:
        self.path, self.begun = path, begun

    def process(self, element: tuple[int, Iterable[Any]]) -> Iterable[Any]:
        manifest.write(self.path, Manifest.of(element[1], time.process_time() - self.begun))
        return ()


class _WriteMerged(beam.DoFn):
    """Writes what all units of a job left as one manifest."""

    def __init__(self, path: str) -> None:
        self.path = path

    def process(self, element: tuple[int, Iterable[Any]]) -> Iterable[Any]:
        manifest.write(self.path, Manifest.merged(element[1]))
        return ()


def _keyed(record: Any) -> tuple[int, Any]:
    return 0, record


def _run_segment(items: Any, job: Job, segment: Segment) -> tuple[Any, list[Any]]:
    """The stages of a segment and the writing of what they gave; returns shards (None at the end) and records."""
    label = f"segment {segment.number}"
    flow = items | f"{label}: stages" >> Stages(segment.steps, job.sketching(ends=segment.corpus is None))
    found = [
        flow.books,
        flow.dropped | f"{label}: write dropped" >> beam.ParDo(_Write("dropped", job)),
        flow.failed | f"{label}: write failed" >> beam.ParDo(_Write("failed", job)),
    ]
    if segment.corpus is None:
        found.append(flow.kept | f"{label}: write kept" >> beam.ParDo(_Write("kept", job)))
        return None, found
    return flow.kept | f"{label}: spool" >> beam.ParDo(_SpoolDocuments(job, segment)), found


def end_with_manifest(found: list[Any], path: str, begun: float) -> None:
    """Gather the records of all branches in one manifest, written when everything else is done.

    begun  CPU seconds of this process, which runs the pipeline, when it began with the unit
    """
    _ = (
        found
        | "records" >> beam.Flatten()
        | "all records" >> beam.Map(_keyed)
        | "group records" >> beam.GroupByKey()
        | "manifest" >> beam.ParDo(_WriteManifest(path, begun))
    )


def build_phase(
    job: Job, segment: Segment, pipeline: beam.Pipeline, task: ReadTask | RereadTask, path: str, retried: bool = False
) -> None:
    """The graph of one unit in one phase, as a worker of the pool or of an engine runs it; its manifest goes to path.

    retried  whether a file of the input that cannot be opened fails the unit, which an engine then tries again
    """
    begun = time.process_time()
    start = pipeline | beam.Create([task], reshuffle=False)
    dofn: beam.DoFn = (
        ReadUnits(job.root, job.reading, retried)
        if isinstance(task, ReadTask)
        else _Reread(_corpus_before(job, segment), job)
    )
    out = start | "read" >> beam.ParDo(dofn).with_outputs("records", main="items")
    shards, found = _run_segment(out["items"], job, segment)
    if shards is not None:
        found.append(shards)
    end_with_manifest([out.records, *found], path, begun)


def _corpus_before(job: Job, segment: Segment) -> Step:
    step = job.segments[segment.number - 1].corpus
    if step is None:
        raise ValueError(f"segment {segment.number} does not follow a corpus step")
    return step


def _reread_task(element: tuple[Any, Any]) -> RereadTask:
    shard, decisions = element
    return RereadTask(shard.unit, shard, decisions)


def _evidence_manifest(evidence: Any, stage: str) -> Any:
    return Manifest(evidence=(EvidenceRecord(stage, evidence),))


def _shards(done: Any) -> Iterable[Any]:
    return done.shards


def build_whole(job: Job, running: Callable[[Any, str], beam.DoFn], pipeline: beam.Pipeline, path: str) -> None:
    """The whole recipe as one graph, for an engine that schedules and retries by itself.

    Its elements are units, never documents: nothing depends on what an engine puts into one bundle.

    running  the DoFn from a task to its manifest, for the graph of a unit and a phase; see engine_units.Units
    """
    plan = storage.join(job.root, WORK, STATE)
    tasks = pipeline | "plan" >> beam.Create([plan]) | "units" >> beam.FlatMap(planned) | "spread" >> beam.Reshuffle()
    found: list[Any] = []
    for segment in job.segments:
        label = f"segment {segment.number}"
        run = running(partial(build_phase, job, segment, retried=True), str(segment.number))
        done = tasks | f"{label}: run" >> beam.ParDo(run)
        found.append(done)
        if segment.corpus is not None:
            folder = job.work("decisions", str(segment.number))
            shards = done | f"{label}: shards" >> beam.FlatMap(_shards)
            decisions = shards | f"{label}: decide" >> CorpusDecision(segment.decides(), folder)
            stage = segment.corpus.name
            found.append(decisions.evidence | f"{label}: evidence" >> beam.Map(_evidence_manifest, stage=stage))
            again = decisions.decided | f"{label}: tasks" >> beam.Map(_reread_task)
            tasks = again | f"{label}: spread" >> beam.Reshuffle()
    end_with_merged(found | "manifests" >> beam.Flatten() | "totals" >> Totals(job.root, job.examples), path)


def end_with_merged(manifests: Any, path: str) -> None:
    """Write what all units of a job left as one manifest, when everything else is done."""
    _ = (
        manifests
        | "all manifests" >> beam.Map(_keyed)
        | "group manifests" >> beam.GroupByKey()
        | "manifest" >> beam.ParDo(_WriteMerged(path))
    )
