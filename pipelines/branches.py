"""Arms to one graph: texts are made once per path, scored once, and nothing is dropped while scoring."""

import time
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.transforms.window import GlobalWindows

from filters.chain import Dropped, Step, fault_of, opened
from filters.contracts import CorpusJudge, CorpusRewriter, Extractor, Judge, Rewriter
from filters.document import Document, Drop, RawPage
from filters.rules import Rule, failing
from filters.text.tokens import counter
from pipelines import curation, storage, watch
from pipelines.curation import ReadTask, RereadTask
from pipelines.reading.fields import USUAL_READING, Reading

Source = tuple[str, int]  # where a note's value comes from: ("node", n) or ("measure", n)


@dataclass(frozen=True)
class Node:
    """A text path: an extractor, or a rewriter after another path. parent is -1 for an extractor.

    reads  the notes the step reads, each with who wrote it on this path
    """

    number: int
    parent: int
    step: Step
    reads: tuple[tuple[str, Source | None], ...] = ()
    group: int = 0

    @property
    def folder(self) -> str:
        """The folder of this path's scored rows."""
        return f"{self.number:02d}-{self.step.name.replace('/', '-')}"

    @property
    def is_corpus(self) -> bool:
        """Whether the text depends on the whole corpus."""
        return isinstance(self.step.strategy, CorpusRewriter)


@dataclass(frozen=True)
class Measure:
    """A judge or a corpus judge at a text path: scored once, whatever thresholds the arms give it."""

    number: int
    node: int
    step: Step
    label: str
    reads: tuple[tuple[str, Source | None], ...] = ()


@dataclass(frozen=True)
class Visit:
    """One step of an arm: the node or the measure it stands for, and who wrote the language it sees."""

    step: Step
    kind: str
    number: int
    language: Source | None = None


@dataclass
class Plan:
    """What is computed for all arms together. groups: the input groups (arms may read files of their own)."""

    nodes: list[Node] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    arms: dict[str, tuple[Visit, ...]] = field(default_factory=dict)

    def children(self, number: int) -> list[Node]:
        """The text paths that go on from one."""
        return [node for node in self.nodes if node.parent == number]

    def measures_at(self, number: int) -> list[Measure]:
        """What is measured on a text path."""
        return [measure for measure in self.measures if measure.node == number]

    def notes_of_nodes(self) -> dict[int, tuple[str, ...]]:
        """By text path: the notes its own step writes and something later on reads."""
        found: dict[int, set[str]] = {}
        for reads in (*(node.reads for node in self.nodes), *(measure.reads for measure in self.measures)):
            for name, source in reads:
                if source is not None and source[0] == "node":
                    found.setdefault(source[1], set()).add(name)
        return {number: tuple(sorted(names)) for number, names in found.items()}

    def path(self, number: int) -> str:
        """A text path in words."""
        node = self.nodes[number]
        return node.step.name if node.parent < 0 else f"{self.path(node.parent)} > {node.step.name}"


def make_plan(arms: Mapping[str, tuple[Sequence[Step], int]]) -> Plan:
    """The trie of all arms' steps; arms maps a name to its steps and its input group.

    Texts are shared where everything that changes text is equal, scores where the text, the judge's scoring key and
    the notes it reads are. A corpus rewriter's text depends on who is alive, so it is shared only by arms that are
    equal in all steps before it.
    """
    plan = Plan()
    nodes: dict[Hashable, Node] = {}
    measures: dict[Hashable, Measure] = {}
    labels: set[tuple[int, str]] = set()
    for arm, (steps, group) in arms.items():
        visits: list[Visit] = []
        current = -1
        writers: dict[str, Source] = {}
        prefix: tuple[Hashable, ...] = (group,)
        for step in steps:
            strategy = step.strategy
            prefix = (*prefix, strategy)
            reads = tuple((name, writers.get(name)) for name in strategy.reads)
            language = writers.get("language")
            if isinstance(strategy, (Extractor, Rewriter, CorpusRewriter)):
                key: Hashable = (current, group, strategy, reads)
                if isinstance(strategy, CorpusRewriter):
                    key = prefix
                if key not in nodes:
                    nodes[key] = Node(len(plan.nodes), current, step, reads, group)
                    plan.nodes.append(nodes[key])
                current = nodes[key].number
                visits.append(Visit(step, "text", current, language))
                writers.update(dict.fromkeys(strategy.writes, ("node", current)))
                continue
            kind = "judge" if isinstance(strategy, Judge) else "corpus"
            scoring = strategy.scoring_key() if isinstance(strategy, Judge) else strategy
            key = (current, scoring, reads)
            if key not in measures:
                label = step.name
                while (current, label) in labels:
                    label += "~"
                labels.add((current, label))
                measures[key] = Measure(len(plan.measures), current, step, label, reads)
                plan.measures.append(measures[key])
            number = measures[key].number
            visits.append(Visit(step, kind, number, language))
            if isinstance(strategy, Judge):
                writers.update(dict.fromkeys(strategy.writes, ("measure", number)))
        plan.arms[arm] = tuple(visits)
    return plan


def rounds(plan: Plan) -> list[list[Node]]:
    """The roots of each round: extractors first, then the corpus rewriters whose parents were scored before."""
    depth: dict[int, int] = {}
    for node in plan.nodes:  # parents come before children
        depth[node.number] = (depth[node.parent] if node.parent >= 0 else 0) + int(node.is_corpus)
    most = max(depth.values(), default=0)
    found = [[node for node in plan.nodes if node.parent < 0]]
    for round_number in range(1, most + 1):
        found.append([node for node in plan.nodes if node.is_corpus and depth[node.number] == round_number])
    return found


@dataclass(frozen=True)
class ScoreJob:
    """What every worker needs to know of an ablation.

    texts   the paths whose texts are stored, for samples, decisions that need them, and the proxy
    reading  what is read of the input
    """

    root: str
    plan: Plan
    tokens: str = "words"
    texts: frozenset[int] = frozenset()
    pair_by: Mapping[int, str] = field(default_factory=dict)
    reading: Reading = USUAL_READING

    def work(self, *parts: str) -> str:
        """A path in the folder of intermediate files."""
        return storage.join(self.root, curation.WORK, *parts)

    def texts_folder(self, node: int) -> str:
        """Where a path's texts are."""
        return self.work("texts", self.plan.nodes[node].folder)


class _Rows:
    """What was found for one text path in one unit, sparse by row number."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.columns: dict[str, dict[int, Any]] = {}
        self.texts: list[tuple[int, str]] = []
        self.documents: list[tuple[int, Document]] = []

    def put(self, row: int, name: str, value: Any) -> None:
        self.columns.setdefault(name, {})[row] = value


PAGE_COLUMNS = {
    "id": pa.string(),
    "pair": pa.string(),
    "url": pa.string(),
    "source": pa.string(),
    "offset": pa.int64(),
    "date": pa.string(),
    "read": pa.string(),
    "rule": pa.string(),
    "bytes": pa.int64(),
}
NODE_COLUMNS = {
    "status": pa.string(),
    "rule": pa.string(),
    "value": pa.float64(),
    "threshold": pa.float64(),
    "bytes": pa.int64(),
    "tokens": pa.int64(),
    "edited": pa.int64(),
}


class _Score(beam.DoFn):
    """(unit, RawPage | Dropped | Failed), or (unit, (row, Document, Drop | reason | None)) where documents come back
    from a corpus rewriter -> files of scored rows, and their records."""

    def __init__(self, job: ScoreJob, roots: tuple[int, ...]) -> None:
        self.job, self.roots = job, roots

    def setup(self) -> None:
        plan = self.job.plan
        self._count = counter(self.job.tokens)
        self._children = {
            node.number: [child for child in plan.children(node.number) if not child.is_corpus] for node in plan.nodes
        }
        self._measures = {node.number: plan.measures_at(node.number) for node in plan.nodes}
        self._read_later = plan.notes_of_nodes()
        self._rules: dict[tuple[int, str], tuple[Rule, ...]] = {}

    def start_bundle(self) -> None:
        self._units: dict[str, dict[int, _Rows]] = {}
        self._pages: dict[str, list[dict[str, Any]]] = {}
        self._cost: dict[str, float] = {}
        self._edits: dict[str, dict[str, int]] = {}
        self._elsewhere = self._spent_elsewhere()

    def _spent_elsewhere(self) -> dict[int, float]:
        """CPU seconds that extractors spent in their children so far."""
        extractors = (node for node in self.job.plan.nodes if node.number in self.roots and node.parent < 0)
        return {node.number: getattr(opened(node.step.strategy), "cpu_seconds", 0.0) for node in extractors}

    def process(self, element: tuple[str, Any]) -> Iterable[Any]:
        unit, item = element
        nodes = self._units.setdefault(unit, {})
        if isinstance(item, tuple):  # a document that comes back from a corpus rewriter
            row, document, outcome = item
            self._after_corpus(nodes, row, document, outcome)
            return ()
        pages = self._pages.setdefault(unit, [])
        row = len(pages)
        pages.append(self._page(item))
        if isinstance(item, RawPage):
            for root in self.roots:
                self._visit(nodes, row, self.job.plan.nodes[root], item, {})
        return ()

    def _page(self, item: Any) -> dict[str, Any]:
        page = item.document if isinstance(item, Dropped) else item
        found = {"id": page.id, "pair": page.id, "url": page.url, "source": page.source, "offset": page.offset}
        if isinstance(item, RawPage):
            group = self.job.plan.nodes[self.roots[0]].group
            wanted = self.job.pair_by.get(group, "").lower()
            if wanted:
                found["pair"] = next((value for name, value in item.headers if name.lower() == wanted), item.id)
            return {**found, "date": item.date, "read": "kept", "bytes": len(item.body)}
        if isinstance(item, Dropped):
            return {**found, "read": "dropped", "rule": item.drop.rule, "bytes": 0}
        return {**found, "read": "failed", "rule": item.reason, "bytes": 0}

    def _after_corpus(self, nodes: dict[int, _Rows], row: int, document: Document, outcome: Drop | str | None) -> None:
        node = self.job.plan.nodes[self.roots[0]]
        rows = nodes.setdefault(node.number, _Rows())
        if isinstance(outcome, Drop):
            self._dropped(rows, row, outcome)
            return
        if outcome is not None:
            self._failed(rows, row, outcome)
            return
        self._book_edits(node, document)
        # Without the notes that the rewriter read: what follows reads those of its own arms' writers.
        bare = replace(document.with_text(document.text), notes={})
        self._kept(nodes, rows, row, node, bare, self._notes_of(document))

    def _notes_of(self, document: Document) -> dict[Source, Any]:
        # Notes were stored under the key of their writer when the document went into the spool.
        found: dict[Source, Any] = {}
        for name, value in document.notes.items():
            if "\x00" in name:
                kind, number, note = name.split("\x00")
                found.setdefault((kind, int(number)), {})[note] = value
        return found

    def _visit(self, nodes: dict[int, _Rows], row: int, node: Node, item: Any, values: dict[Source, Any]) -> None:
        rows = nodes.setdefault(node.number, _Rows())
        started = time.thread_time()
        try:
            result = opened(node.step.strategy)(_with_notes(item, node.reads, values))
            if not isinstance(result, (Document, Drop)):
                raise TypeError(type(result).__name__)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic of a native library is no Exception
            self._failed(rows, row, fault_of(error)[0])
            return
        finally:
            self._spend(f"node {node.number}", started)
        if isinstance(result, Drop):
            self._dropped(rows, row, result)
            return
        self._book_edits(node, result)
        document = result.with_text(result.text) if result.edits else result
        values = {**values, ("node", node.number): document.notes}
        self._kept(nodes, rows, row, node, document, values)

    def _kept(
        self, nodes: dict[int, _Rows], rows: _Rows, row: int, node: Node, document: Document, values: dict[Source, Any]
    ) -> None:
        rows.rows.append(row)
        rows.put(row, "status", "kept")
        rows.put(row, "bytes", len(document.text.encode()))
        started = time.thread_time()
        rows.put(row, "tokens", self._count(document))
        self._spend("tokens", started)
        if node.number in self.job.texts:
            rows.texts.append((row, document.text))
        for name in self._read_later.get(node.number, ()):
            if name in document.notes:
                rows.put(row, f"@{name}", document.notes[name])
        for measure in self._measures[node.number]:
            values = self._measure(rows, row, measure, document, values)
        for child in self._children[node.number]:
            self._visit(nodes, row, child, document, values)

    def _measure(
        self, rows: _Rows, row: int, measure: Measure, document: Document, values: dict[Source, Any]
    ) -> dict[Source, Any]:
        started = time.thread_time()
        strategy = measure.step.strategy
        document = _with_notes(document, measure.reads, values)
        try:
            if isinstance(strategy, CorpusJudge):
                from pipelines.barrier import key_record

                rows.put(row, f"{measure.label}#keys", key_record(strategy, document))
                return values
            scores = opened(strategy)(document)
            # what it says is decided from the columns, later; a rule without its score is a fault of every document
            if isinstance(strategy, Judge):
                key = measure.number, str(document.notes.get("language", ""))
                if key not in self._rules:
                    self._rules[key] = strategy.rules(key[1])
                failing(self._rules[key], scores.signals, scores.notes)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            rows.put(row, f"{measure.label}!", fault_of(error)[0])
            return values
        finally:
            self._spend(f"measure {measure.number}", started)
        for signal, value in scores.signals.items():
            rows.put(row, f"{measure.label}.{signal}", float(value))
        for name, value in scores.notes.items():
            rows.put(row, f"{measure.label}@{name}", value)
        return {**values, ("measure", measure.number): scores.notes} if scores.notes else values

    def _failed(self, rows: _Rows, row: int, reason: str) -> None:
        rows.rows.append(row)
        rows.put(row, "status", "failed")
        rows.put(row, "rule", reason)

    def _dropped(self, rows: _Rows, row: int, drop: Drop) -> None:
        rows.rows.append(row)
        rows.put(row, "status", "dropped")
        rows.put(row, "rule", drop.rule)
        for name in ("value", "threshold"):
            found = getattr(drop, name)
            if not isinstance(found, str):
                rows.put(row, name, float(found))

    def _book_edits(self, node: Node, document: Document) -> None:
        book = self._edits.setdefault(str(node.number), {})
        for rule, count in document.edits.items():
            book[rule] = book.get(rule, 0) + count

    def _spend(self, what: str, started: float) -> None:
        self._cost[what] = self._cost.get(what, 0.0) + time.thread_time() - started

    def finish_bundle(self) -> Iterator[Any]:
        elsewhere = 0.0
        for number, spent in self._spent_elsewhere().items():
            elsewhere += spent - self._elsewhere[number]
            name = f"node {number}"
            self._cost[name] = self._cost.get(name, 0.0) + spent - self._elsewhere[number]
        for unit, nodes in self._units.items():
            pages = self._pages.get(unit)
            if pages is not None:
                path = storage.join(self.job.root, "scored", "pages", f"{self._group():02d}-{unit}.parquet")
                columns = {name: [page.get(name) for page in pages] for name in PAGE_COLUMNS}
                _write(path, columns, PAGE_COLUMNS)
            for number, rows in nodes.items():
                self._write_node(unit, number, rows)
            record = {
                "kind": "scored",
                "unit": unit,
                "rows": len(pages) if pages is not None else 0,
                "nodes": sorted(nodes),
                "cpu": self._cost,
                "edits": self._edits,
                "cpu_elsewhere": elsewhere,
            }
            yield GlobalWindows.windowed_value(record)
            self._cost, self._edits, elsewhere = {}, {}, 0.0
        self.start_bundle()

    def _group(self) -> int:
        return self.job.plan.nodes[self.roots[0]].group

    def _write_node(self, unit: str, number: int, rows: _Rows) -> None:
        node = self.job.plan.nodes[number]
        order = rows.rows
        kinds: dict[str, pa.DataType] = {"row": pa.int64(), **NODE_COLUMNS}
        for name in rows.columns:
            if name not in kinds:
                kinds[name] = _kind_of(name, rows.columns[name])
        columns: dict[str, list[Any]] = {"row": order}
        for name in list(kinds)[1:]:
            found = rows.columns.get(name, {})
            columns[name] = [found.get(row) for row in order]
        _write(storage.join(self.job.root, "scored", node.folder, f"{unit}.parquet"), columns, kinds)
        if number in self.job.texts:
            path = storage.join(self.job.texts_folder(number), f"{unit}.parquet")
            texts: dict[str, list[Any]] = {
                "row": [row for row, _ in rows.texts],
                "text": [text for _, text in rows.texts],
            }
            _write(path, texts, {"row": pa.int64(), "text": pa.large_string()})


def _kind_of(name: str, values: Mapping[int, Any]) -> pa.DataType:
    if "#" in name:
        return pa.binary()
    if name.endswith("!"):
        return pa.string()
    if "@" in name:
        sample = next(iter(values.values()))
        return pa.string() if isinstance(sample, str) else pa.float64()
    return pa.float64()


def _with_notes(item: Any, reads: Sequence[tuple[str, Source | None]], values: Mapping[Source, Any]) -> Any:
    if not reads or not isinstance(item, Document):
        return item
    found = {name: values[source][name] for name, source in reads if source and name in values.get(source, {})}
    return item.note(**found) if found else item


def _write(path: str, columns: Mapping[str, list[Any]], kinds: Mapping[str, pa.DataType]) -> None:
    schema = pa.schema(list(kinds.items()))
    table = pa.Table.from_arrays([pa.array(columns[name], kind) for name, kind in kinds.items()], schema=schema)
    storage.make_folder(path.rpartition("/")[0])
    with storage.writing(path) as file:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)


def build_scoring(job: ScoreJob, roots: tuple[int, ...], pipeline: beam.Pipeline, task: ReadTask, path: str) -> None:
    """The graph of one unit: read, and score every text path below these extractors."""
    read = (
        pipeline
        | beam.Create([task], reshuffle=False)
        | "read" >> beam.ParDo(curation.ReadUnits(job.root, job.reading)).with_outputs("records", main="items")
    )
    scored = read["items"] | "score" >> beam.ParDo(_Score(job, roots))
    curation.end_with_manifest([read.records, scored], "end", path)


@dataclass(frozen=True)
class SpoolTask:
    """Documents of one unit on one text path that go into the spool of a corpus rewriter: the rows alive there."""

    name: str
    node: int
    rows: tuple[int, ...]
    group: int


class _Respool(beam.DoFn):
    """SpoolTask -> the shard of the documents that are alive; their notes travel under their writers' names."""

    def __init__(self, job: ScoreJob) -> None:
        self.job = job

    def process(self, task: SpoolTask) -> Iterator[Any]:
        from pipelines.barrier import Spool

        node = self.job.plan.nodes[task.node]
        parent = node.parent
        folder = self.job.work("spool", node.folder)
        spool = Spool(folder, task.name, node.step.strategy)
        for document in documents(self.job, parent, task.name, task.group, frozenset(task.rows), node.reads):
            spool.add(document)
        yield {"kind": "shard", "shard": spool.close().as_dict()}


def documents(
    job: ScoreJob,
    number: int,
    unit: str,
    group: int,
    rows: frozenset[int],
    reads: Sequence[tuple[str, Source | None]] | None = None,
) -> Iterator[Document]:
    """The stored documents of a text path in a unit, those of these rows, in order; a row's number is the note row.

    reads  whose value of a note counts, for documents that something is to read notes of: those notes then stand under
           their names, and all notes written on this path under the keys of their writers
    """
    if not rows:
        return  # a unit of which nothing came this far has no files here
    node = job.plan.nodes[number]
    texts = pq.read_table(storage.join(job.texts_folder(number), f"{unit}.parquet")).to_pydict()
    pages = pq.read_table(storage.join(job.root, "scored", "pages", f"{group:02d}-{unit}.parquet")).to_pydict()
    notes = _stored_notes(job, node, unit, reads) if reads is not None else {}
    for row, text in zip(texts["row"], texts["text"], strict=True):
        if row in rows:
            page = {name: pages[name][row] for name in ("id", "url", "source", "offset", "date")}
            yield Document(
                page["id"],
                text,
                page["url"] or "",
                {"row": row, **notes.get(row, {})},
                page["source"],
                page["offset"],
                page["date"] or "",
            )


def _stored_notes(
    job: ScoreJob, node: Node, unit: str, reads: Sequence[tuple[str, Source | None]]
) -> dict[int, dict[str, Any]]:
    """Notes written on a path, by row: under each writer's key, and those of `reads` under their plain names."""
    chain: list[Node] = []
    current: Node | None = node
    while current is not None:
        chain.insert(0, current)
        current = job.plan.nodes[current.parent] if current.parent >= 0 else None
    found: dict[int, dict[str, Any]] = {}
    for one in chain:
        table = pq.read_table(storage.join(job.root, "scored", one.folder, f"{unit}.parquet"))
        rows = table["row"].to_pylist()
        writers = {measure.label: f"measure\x00{measure.number}" for measure in job.plan.measures_at(one.number)}
        writers[""] = f"node\x00{one.number}"
        for column in table.column_names:
            label, at, note = column.rpartition("@")
            if at and label in writers:
                for row, value in zip(rows, table[column].to_pylist(), strict=True):
                    if value is not None:
                        found.setdefault(row, {})[f"{writers[label]}\x00{note}"] = value
    for name, source in reads:
        if source is not None:
            key = f"{source[0]}\x00{source[1]}\x00{name}"
            for notes in found.values():
                if key in notes:
                    notes[name] = notes[key]
    return found


def build_respool(job: ScoreJob, pipeline: beam.Pipeline, task: SpoolTask, path: str) -> None:
    """The graph that puts the living documents of a unit into a spool."""
    found = pipeline | beam.Create([task], reshuffle=False) | beam.ParDo(_Respool(job))
    curation.end_with_manifest([found], "end", path)


class _RereadRows(beam.DoFn):
    """RereadTask -> (unit, (row, Document, Drop | None))."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def process(self, task: RereadTask) -> Iterator[Any]:
        from pipelines.barrier import reread

        for document, drop in reread(task.shard, task.decisions, self.step.strategy):
            watch.at(document.source, document.offset)
            reason = task.skip.get((document.source, document.offset))
            yield task.name, (int(document.notes["row"]), document, reason or drop)
        watch.idle()
        # Where nothing is left there is nothing to score, and a unit without a record would have no manifest.
        yield beam.pvalue.TaggedOutput("records", {"kind": "reread", "unit": task.name})


def build_rescoring(job: ScoreJob, node: int, pipeline: beam.Pipeline, task: RereadTask, path: str) -> None:
    """The graph that re-reads a shard after a corpus rewriter's decision and scores what follows."""
    again = (
        pipeline
        | beam.Create([task], reshuffle=False)
        | "re-read" >> beam.ParDo(_RereadRows(job.plan.nodes[node].step)).with_outputs("records", main="items")
    )
    scored = again["items"] | "score" >> beam.ParDo(_Score(job, (node,)))
    curation.end_with_manifest([again.records, scored], "end", path)
