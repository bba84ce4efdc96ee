"""What the units of a job left, added up by its engine: the driver reads neither rows nor a file of each unit."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow.parquet as pq

from filters.chain import StepBook
from filters.sketch import merged
from pipelines import sketches, storage
from pipelines.corpus.components import partition, rows_by_part
from pipelines.corpus.shuffle import shuffled
from pipelines.manifest import BooksRecord, FileRecord, Manifest, ScoredRecord

PARTS = 1024  # that hashes of ids are dealt into
WHOLE = "whole"  # the unit that the sketch of all units is named after


class Totals(beam.PTransform):
    """Manifests of units -> manifests with one sketch and one set of books in the place of all, without shards, and
    with the number of repeated ids.

    root  the run's directory        examples  documents shown of each rule; None where nothing was sketched
    """

    def __init__(self, root: str, examples: int | None) -> None:
        super().__init__()
        self.root, self.examples = root, examples

    def expand(self, done: Any) -> Any:
        repeated = (
            done
            | "ids" >> beam.FlatMap(_ids, root=self.root)
            | "group ids" >> beam.GroupByKey()
            | "repeated" >> beam.Map(_repeated)
            | "repeated ids" >> beam.CombineGlobally(sum)
            | "their number" >> beam.Map(_number)
        )
        books = done | "books" >> beam.FlatMap(_books) | "one set of books" >> beam.CombineGlobally(_Books())
        found = [done | "the rest" >> beam.Map(rest_of), repeated, books | "its manifest" >> beam.Map(_with_books)]
        if self.examples is not None:
            sketch = (
                done
                | "sketches" >> beam.FlatMap(_sketches, root=self.root)
                | "one sketch" >> beam.CombineGlobally(_Merged(self.examples))
                | "write sketch" >> beam.Map(_write, root=self.root)
            )
            found.append(sketch)
        return found | "all" >> beam.Flatten()


class ScoredTotals(beam.PTransform):
    """Manifests of units of an ablation's phase -> those with their files and shards, and one with the costs of all."""

    def expand(self, done: Any) -> Any:
        costs = done | "costs" >> beam.FlatMap(_scored) | "one set of costs" >> beam.CombineGlobally(_Costs())
        found = [done | "files" >> beam.Map(_files_of), costs | "their manifest" >> beam.Map(_with_costs)]
        return found | "all" >> beam.Flatten()


def id_hashes(root: str, record: FileRecord) -> np.ndarray:
    """Hashes of the ids in a file of kept/, uint64, shape (rows,)."""
    with storage.reading(storage.join(root, record.path)) as file:
        ids = pq.read_table(file, columns=["id"])["id"].to_pylist()
    digests = (hashlib.blake2b(str(found).encode(), digest_size=8).digest() for found in ids)
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def repeats(hashes: np.ndarray) -> int:
    """How many of these hashes are also that of another row."""
    _, counts = np.unique(hashes, return_counts=True)
    return int(counts[counts > 1].sum())


def _ids(done: Any, root: str) -> Iterator[tuple[int, bytes]]:
    for record in done.files:
        if record.table == "kept":
            hashes = id_hashes(root, record)
            for part, chosen in rows_by_part(partition(hashes, PARTS)):
                sent = hashes[chosen].tobytes()
                shuffled("ids", len(sent))
                yield part, sent


def _repeated(element: tuple[int, Iterable[bytes]]) -> int:
    return repeats(np.frombuffer(b"".join(element[1]), dtype=np.uint64))


def _number(count: int) -> Any:
    return Manifest(repeated_ids=count)


def _is_sketch(record: FileRecord) -> bool:
    return record.table == sketches.TABLE


def rest_of(done: Any) -> Any:
    """A manifest without what is added up, and without what its own file alone needs to tell."""
    files = tuple(record for record in done.files if not _is_sketch(record))
    return replace(done, files=files, shards=(), books=())


def _books(done: Any) -> Any:
    return done.books


def _with_books(books: Any) -> Any:
    return Manifest(books=(books,))


class _Books(beam.CombineFn):
    def create_accumulator(self) -> Any:
        return BooksRecord(WHOLE, {})

    def add_input(self, accumulator: Any, books: Any) -> Any:
        return self.merge_accumulators((accumulator, books))

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        stages: dict[str, StepBook] = {}
        elsewhere = 0.0
        for one in accumulators:
            elsewhere += one.cpu_elsewhere
            for stage, book in one.stages.items():
                stages.setdefault(stage, StepBook()).add(book)
        return BooksRecord(WHOLE, stages, elsewhere)

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


def _files_of(done: Any) -> Any:
    return Manifest(done.files, done.shards, cpu_seconds=done.cpu_seconds)


def _scored(done: Any) -> Any:
    return done.scored


def _with_costs(costs: Any) -> Any:
    return Manifest(scored=(costs,))


class _Costs(beam.CombineFn):
    def create_accumulator(self) -> Any:
        return ScoredRecord(WHOLE, {}, {}, {})

    def add_input(self, accumulator: Any, scored: Any) -> Any:
        return self.merge_accumulators((accumulator, scored))

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        nodes: Counter[int] = Counter()
        measures: Counter[int] = Counter()
        edits: dict[int, Counter[str]] = {}
        elsewhere = 0.0
        for one in accumulators:
            nodes.update(one.cpu_of_nodes)
            measures.update(one.cpu_of_measures)
            for node, by_rule in one.edits.items():
                edits.setdefault(node, Counter()).update(by_rule)
            elsewhere += one.cpu_elsewhere
        return ScoredRecord(WHOLE, dict(nodes), dict(measures), {n: dict(book) for n, book in edits.items()}, elsewhere)

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


def _sketches(done: Any, root: str) -> Iterator[Any]:
    for record in filter(_is_sketch, done.files):
        yield json.loads(storage.read_bytes(storage.join(root, record.path)))


class _Merged(beam.CombineFn):
    def __init__(self, examples: int) -> None:
        self.examples = examples

    def create_accumulator(self) -> Any:
        return merged((), self.examples)

    def add_input(self, accumulator: Any, sketch: Any) -> Any:
        return merged((accumulator, sketch), self.examples)

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        return merged(accumulators, self.examples)

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


def _write(sketch: Any, root: str) -> Any:
    return Manifest(files=(sketches.write(root, WHOLE, WHOLE, sketch),))
