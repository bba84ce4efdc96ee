"""Scoring: every page goes through all text paths and measures of a plan once, and nothing is dropped on the way."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from filters.chain import Dropped, Failed, OpenStep, apply, read_pages, utf8_bytes
from filters.contracts import CorpusJudge
from filters.document import Document, Drop, NoteValue, RawPage
from filters.text.tokens import counter
from pipelines import curation, watch
from pipelines.corpus.forms import forms_of
from pipelines.inputs import ReadTask, ReadUnits
from pipelines.manifest import ScoredRecord
from pipelines.reading.fields import USUAL_READING, Reading
from pipelines.scoring import table
from pipelines.scoring.plan import Measure, Node, Plan, Reads, Writer
from pipelines.watch import Doing

Noted = Mapping[Writer, Mapping[str, NoteValue]]  # what each writer noted of a page so far


@dataclass(frozen=True)
class ScoreJob:
    """What every worker needs to know of an ablation.

    texts    the text paths whose texts are stored: for samples, for decisions that need them, and for the proxy
    pair_by  by input group, the header that pairs its pages with those of the base
    reading  what is read of the input
    """

    root: str
    plan: Plan
    tokens: str = "words"
    texts: frozenset[int] = frozenset()
    pair_by: Mapping[int, str] = field(default_factory=dict)
    reading: Reading = USUAL_READING


@dataclass(frozen=True)
class Cut:
    """A document that a corpus strategy has cut or noted something of, dropped or failed on.

    document  with the notes that the strategy wrote          noted  what was written before

    row     the number of its page in the unit         drop, failed  why it is not there any more
    """

    row: int
    document: Document
    noted: Noted
    drop: Drop | None = None
    failed: str = ""


def with_notes(document: Document, reads: Reads, noted: Noted) -> Document:
    """A document with the notes that a step reads, each by the writer that counts for the step."""
    found = {name: noted[writer][name] for name, writer in reads if writer and name in noted.get(writer, {})}
    return document.note(**found) if found else document


class Score(beam.DoFn):
    """(unit, RawPage | Dropped | Failed | Cut) -> files of scored rows, and their records.

    group  the input group that is read; after  the corpus rewriter whose documents come, None for pages
    """

    def __init__(self, job: ScoreJob, group: int, after: Node | None = None) -> None:
        self.job, self.group, self.after = job, group, after

    def setup(self) -> None:
        plan = self.job.plan
        read_later = plan.notes_read_later()
        self._count = counter(self.job.tokens)
        self._with_page = read_pages([node.step for node in plan.nodes] + [measure.step for measure in plan.measures])
        self._roots = plan.roots(self.group)
        self._children = {n.number: [c for c in plan.children(n) if not c.is_corpus] for n in plan.nodes}
        self._measures = {node.number: plan.measures_at(node) for node in plan.nodes}
        self._stored_notes = {
            node.number: {
                name: kind
                for name, kind in node.step.strategy.writes.items()
                if name in read_later.get(node.writer, ())
            }
            for node in plan.nodes
        }
        self._forms = {
            measure.number: forms_of(measure.step.strategy)
            for measure in plan.measures
            if isinstance(measure.step.strategy, CorpusJudge)
        }
        self._open_nodes: dict[int, OpenStep] = {}
        self._open_measures: dict[int, OpenStep] = {}

    def start_bundle(self) -> None:
        self._units: dict[str, dict[int, table.PathRows]] = {}
        self._pages: dict[str, list[dict[str, Any]]] = {}
        self._clear_books()

    def _clear_books(self) -> None:
        self._cpu_of_nodes: dict[int, float] = {}
        self._cpu_of_measures: dict[int, float] = {}
        self._edits: dict[int, dict[str, int]] = {}
        self._elsewhere = self._spent_elsewhere()

    def _spent_elsewhere(self) -> dict[int, float]:
        """CPU seconds that extractors spent in their children so far."""
        roots = self._roots if self.after is None else ()
        return {node.number: self._open_node(node).cpu_elsewhere() for node in roots}

    def process(self, element: tuple[str, Any]) -> Iterable[Any]:
        unit, item = element
        paths = self._units.setdefault(unit, {})
        if isinstance(item, Cut):
            self._cut(paths, item)
            return ()
        pages = self._pages.setdefault(unit, [])
        row = len(pages)
        pages.append(self._page(item))
        if isinstance(item, RawPage):
            for root in self._roots:
                self._visit(paths, row, root, item, {})
        return ()

    def _page(self, item: RawPage | Dropped | Failed) -> dict[str, Any]:
        page = item.document if isinstance(item, Dropped) else item
        found = {"id": page.id, "pair": page.id, "url": page.url, "source": page.source, "offset": page.offset}
        if isinstance(item, Dropped):
            return {**found, "read": table.DROPPED, "rule": item.drop.rule, "bytes": 0}
        if isinstance(item, Failed):
            return {**found, "read": table.FAILED, "rule": item.reason, "bytes": 0}
        wanted = self.job.pair_by.get(self.group, "").lower()
        if wanted:
            found["pair"] = next((value for name, value in item.headers if name.lower() == wanted), item.id)
        return {**found, "date": item.date, "read": table.KEPT, "bytes": len(item.body)}

    def _rows(self, paths: dict[int, table.PathRows], node: Node) -> table.PathRows:
        if node.number not in paths:
            paths[node.number] = table.PathRows(self.job.plan, node)
        return paths[node.number]

    def _cut(self, paths: dict[int, table.PathRows], item: Cut) -> None:
        node = self.after
        if node is None:
            raise TypeError("a document was decided on, but no corpus strategy is scored")
        rows = self._rows(paths, node)
        if item.drop is not None:
            rows.dropped(item.row, item.drop)
        elif item.failed:
            rows.failed(item.row, item.failed)
        else:
            self._book_edits(node, item.document.edits)
            noted = {**item.noted, node.writer: item.document.notes}
            self._kept(paths, rows, item.row, node, item.document.with_text(item.document.text), noted)

    def _visit(
        self, paths: dict[int, table.PathRows], row: int, node: Node, item: RawPage | Document, noted: Noted
    ) -> None:
        rows = self._rows(paths, node)
        given = with_notes(item, node.reads, noted) if isinstance(item, Document) else item
        step, started = self._open_node(node), time.thread_time()
        applied = apply(step, given)
        _spend(self._cpu_of_nodes, node.number, time.thread_time() - started)
        if applied.document is not None:
            self._book_edits(node, applied.edits)
            noted = {**noted, node.writer: applied.document.notes}
            self._kept(paths, rows, row, node, applied.document, noted)
        elif applied.drop is not None:
            rows.dropped(row, applied.drop)
        else:
            rows.failed(row, applied.reason)

    def _kept(
        self,
        paths: dict[int, table.PathRows],
        rows: table.PathRows,
        row: int,
        node: Node,
        document: Document,
        noted: Noted,
    ) -> None:
        rows.kept(row, document.derive(utf8_bytes), self._count(document))
        if node.number in self.job.texts:
            rows.text(row, document.text)
        rows.notes(row, node.writer, self._stored_notes[node.number], document.notes)
        for measure in self._measures[node.number]:
            noted = self._measure(rows, row, measure, document, noted)
        for child in self._children[node.number]:
            self._visit(paths, row, child, document, noted)

    def _measure(self, rows: table.PathRows, row: int, measure: Measure, document: Document, noted: Noted) -> Noted:
        document = with_notes(document, measure.reads, noted)
        step, started = self._open_measure(measure), time.thread_time()
        applied = apply(step, document, decides=False)
        _spend(self._cpu_of_measures, measure.number, time.thread_time() - started)
        if applied.reason:
            rows.fault(row, measure, applied.reason)
        elif applied.keys is not None:
            rows.keys(row, measure, self._forms[measure.number].key_record(document, applied.keys[0]))
        elif applied.scores is not None:
            rows.scores(row, measure, applied.scores)
            return {**noted, measure.writer: applied.scores.notes}
        return noted

    def _open_node(self, node: Node) -> OpenStep:
        if node.number not in self._open_nodes:
            with watch.during(Doing.OPENING, node.step.name):
                self._open_nodes[node.number] = OpenStep(node.step, self._with_page)
        return self._open_nodes[node.number]

    def _open_measure(self, measure: Measure) -> OpenStep:
        if measure.number not in self._open_measures:
            with watch.during(Doing.OPENING, measure.step.name):
                self._open_measures[measure.number] = OpenStep(measure.step)
        return self._open_measures[measure.number]

    def _book_edits(self, node: Node, edits: Mapping[str, int]) -> None:
        if edits:
            book = self._edits.setdefault(node.number, {})
            for rule, count in edits.items():
                book[rule] = book.get(rule, 0) + count

    def finish_bundle(self) -> Iterator[Any]:
        elsewhere = 0.0
        for number, spent in self._spent_elsewhere().items():
            elsewhere += spent - self._elsewhere[number]
            _spend(self._cpu_of_nodes, number, spent - self._elsewhere[number])
        for unit, paths in self._units.items():
            pages = self._pages.get(unit)
            if pages is not None:
                yield GlobalWindows.windowed_value(table.write_pages(self.job.root, self.group, unit, pages))
            for number, rows in paths.items():
                for file in rows.write(self.job.root, unit, number in self.job.texts):
                    yield GlobalWindows.windowed_value(file)
            record = ScoredRecord(unit, self._cpu_of_nodes, self._cpu_of_measures, self._edits, elsewhere)
            yield GlobalWindows.windowed_value(record)
            elsewhere = 0.0
            self._clear_books()
        self.start_bundle()


def _spend(spent: dict[int, float], number: int, cpu_seconds: float) -> None:
    spent[number] = spent.get(number, 0.0) + cpu_seconds


def build_scoring(
    job: ScoreJob, group: int, pipeline: beam.Pipeline, task: ReadTask, path: str, retried: bool = False
) -> None:
    """The graph of one unit of an input group: read, and score every text path below the group's extractors.

    retried  whether a file of the input that cannot be opened fails the unit, which an engine then tries again
    """
    begun = time.process_time()
    read = (
        pipeline
        | beam.Create([task], reshuffle=False)
        | "read" >> beam.ParDo(ReadUnits(job.root, job.reading, retried)).with_outputs("records", main="items")
    )
    scored = read["items"] | "score" >> beam.ParDo(Score(job, group))
    curation.end_with_manifest([read.records, scored], path, begun)
