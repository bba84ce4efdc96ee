"""Scoring again after a corpus rewriter: the documents alive go into a spool and come back cut."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np

from filters.document import Document
from pipelines import curation, storage, watch
from pipelines.corpus.spool import Spool, reread
from pipelines.curation import RereadTask
from pipelines.manifest import BooksRecord
from pipelines.scoring import table
from pipelines.scoring.plan import Node, Reads
from pipelines.scoring.score import Cut, Score, ScoreJob, with_notes
from pipelines.watch import Doing


@dataclass(frozen=True)
class SpoolTask:
    """Documents of one unit that go into the spool of a corpus rewriter. bits: a bit for each page, set where alive."""

    name: str
    bits: bytes

    @classmethod
    def of(cls, name: str, alive: np.ndarray) -> "SpoolTask":
        """The task of a unit. alive: bool, one for each of its pages."""
        return cls(name, np.packbits(alive).tobytes())

    @property
    def rows(self) -> frozenset[int]:
        """The numbers of the pages alive."""
        return frozenset(np.flatnonzero(np.unpackbits(np.frombuffer(self.bits, np.uint8))).tolist())


class _Respool(beam.DoFn):
    """SpoolTask -> the shard of the documents that are alive, with the notes that the rewriter reads."""

    def __init__(self, job: ScoreJob, node: Node) -> None:
        self.job, self.node = job, node

    def process(self, task: SpoolTask) -> Iterator[Any]:
        parent = self.job.plan.parent(self.node)
        if parent is None:
            raise TypeError(f"{self.node.step.name} has no text before it")
        folder = storage.join(self.job.root, table.spool_folder(self.node))
        spool = Spool(folder, task.name, self.node.step)
        watch.begin(Doing.REREADING, task.name)
        for _, document in documents(self.job, parent, task.name, task.rows, self.node.reads):
            watch.begin(Doing.REREADING, document.source, document.offset)
            spool.add(document)
        watch.begin(Doing.FINISHING, task.name)
        yield spool.close()


def documents(
    job: ScoreJob, node: Node, unit: str, rows: frozenset[int], reads: Reads = ()
) -> Iterator[tuple[int, Document]]:
    """The stored documents of a text path in a unit: (row, document) for these rows, ascending.

    reads  the notes that the documents get
    """
    texts = table.read_file(job.root, table.texts_file(node, unit)) if rows else None
    pages = table.read_file(job.root, table.pages_file(node.group, unit)) if rows else None
    if texts is None or pages is None:
        return  # a unit of which nothing came this far has no files here
    page = pages.select(["id", "url", "source", "offset", "date"]).to_pydict()
    noted = table.StoredNotes.read(job.root, job.plan, node, unit) if reads else None
    for row, text in zip(texts["row"].to_pylist(), texts["text"].to_pylist(), strict=True):
        if row in rows:
            document = Document(
                page["id"][row],
                text,
                page["url"][row] or "",
                {},
                page["source"][row],
                page["offset"][row],
                page["date"][row] or "",
            )
            yield row, with_notes(document, reads, noted.of(row)) if noted is not None else document


def build_respool(job: ScoreJob, node: Node, pipeline: beam.Pipeline, task: SpoolTask, path: str) -> None:
    """The graph that puts the living documents of a unit into the spool of a corpus rewriter."""
    begun = time.process_time()
    found = pipeline | beam.Create([task], reshuffle=False) | beam.ParDo(_Respool(job, node))
    curation.end_with_manifest([found], path, begun)


class _RereadRows(beam.DoFn):
    """RereadTask -> (unit, Cut)."""

    def __init__(self, job: ScoreJob, node: Node) -> None:
        self.job, self.node = job, node

    def process(self, task: RereadTask) -> Iterator[Any]:
        parent = self.job.plan.parent(self.node)
        pages = table.read_file(self.job.root, table.pages_file(self.node.group, task.name))
        if parent is None or pages is None:
            raise TypeError(f"{self.node.step.name} has no text before it in {task.name}")
        keys = zip(pages["source"].to_pylist(), pages["offset"].to_pylist(), strict=True)
        row_of = {key: row for row, key in enumerate(keys)}
        noted = table.StoredNotes.read(self.job.root, self.job.plan, parent, task.name)
        for spooled, applied in reread(task.shard, task.decisions, self.node.step):
            document = applied.document or spooled
            row = row_of[document.source, document.offset]
            # Without the notes that the step read: what follows reads those of its own arms' writers.
            notes = {name: document.notes[name] for name in self.node.step.strategy.writes if name in document.notes}
            bare = Document(
                document.id, document.text, document.url, notes, document.source, document.offset, document.date,
                applied.edits,
            )  # fmt: skip
            yield task.name, Cut(row, bare, noted.of(row), applied.drop, applied.reason)
        watch.begin(Doing.FINISHING, task.name)
        # Where nothing is left there is nothing to score, and a unit without a record would have no manifest.
        yield beam.pvalue.TaggedOutput("records", BooksRecord(task.name, {}))


def build_rescoring(job: ScoreJob, node: Node, pipeline: beam.Pipeline, task: RereadTask, path: str) -> None:
    """The graph that re-reads a shard after a corpus rewriter's decision and scores what follows."""
    begun = time.process_time()
    again = (
        pipeline
        | beam.Create([task], reshuffle=False)
        | "re-read" >> beam.ParDo(_RereadRows(job, node)).with_outputs("records", main="items")
    )
    scored = again["items"] | "score" >> beam.ParDo(Score(job, node.group, node))
    curation.end_with_manifest([again.records, scored], path, begun)
