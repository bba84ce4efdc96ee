"""Per-document stages as one transform: pages or documents in, what was kept, dropped and failed out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from filters.chain import Chain, Dropped, Failed, Step
from filters.document import Document, RawPage
from filters.sketch import Sketch
from pipelines import sketches, watch
from pipelines.manifest import BooksRecord, FileRecord
from pipelines.watch import Doing

# How many items a step takes before the next step begins, and about how many bytes. From 16 items on more gain little.
BATCH_ITEMS = 32
BATCH_BYTES = 4_000_000


class Flow(NamedTuple):
    """What comes out of stages. Every element is a pair (unit, value).

    kept     Document            dropped  Dropped           failed  Failed
    books    records of what each step did, one for a bundle and unit, and of the files of sketches
    """

    kept: Any
    dropped: Any
    failed: Any
    books: Any


@dataclass(frozen=True)
class Sketching:
    """What of a run is sketched (see filters/sketch.py), and the directory for the sketches.

    steps  of the whole recipe        ends  whether documents that are left are kept for good
    """

    root: str
    steps: tuple[Step, ...]
    examples: int
    ends: bool = False

    def sketch(self) -> Sketch:
        """An empty sketch."""
        return Sketch(self.steps, self.examples)


class Stages(beam.PTransform):
    """Runs consecutive per-document steps in one transform.

    The steps of a segment share one DoFn rather than one each: a bundle's books then agree with each other, and a
    document's word segments stay with it. An element is (unit, RawPage | Document | Dropped | Failed); what was
    dropped or failed before passes through.
    """

    def __init__(self, steps: Iterable[Step], sketching: Sketching | None = None) -> None:
        super().__init__()
        self.steps = tuple(steps)
        self.sketching = sketching

    def expand(self, pcoll: Any) -> Any:  # a Flow; Beam complains about hints that are no PCollection
        """The outputs as a Flow."""
        out = pcoll | "run" >> beam.ParDo(_RunSteps(self.steps, self.sketching)).with_outputs(
            "dropped", "failed", "books", main="kept"
        )
        return Flow(out.kept, out.dropped, out.failed, out.books)


class _RunSteps(beam.DoFn):
    def __init__(self, steps: tuple[Step, ...], sketching: Sketching | None) -> None:
        self.steps, self.sketching = steps, sketching

    def setup(self) -> None:
        self._sketch = self.sketching.sketch() if self.sketching is not None else None
        self._ends = self.sketching is not None and self.sketching.ends
        self._chain = Chain(self.steps, self._sketch)

    def start_bundle(self) -> None:
        self._chain.reset()
        self._elsewhere = self._chain.cpu_elsewhere
        self._unit: str | None = None
        self._batch: list[Any] = []
        self._bytes = 0
        self._records: list[BooksRecord | FileRecord] = []

    def process(self, element: tuple[str, Any]) -> Iterator[Any]:
        unit, item = element
        if unit != self._unit:
            yield from self._outcomes()
            self._close_books()
            self._unit = unit
            source, offset = _key(item)
            self._part = f"{offset} {source}"
        self._batch.append(item)
        self._bytes += _size(item)
        if len(self._batch) >= BATCH_ITEMS or self._bytes >= BATCH_BYTES:
            yield from self._outcomes()

    def finish_bundle(self) -> Iterator[Any]:
        for output in self._outcomes():
            if isinstance(output, TaggedOutput):
                yield TaggedOutput(output.tag, GlobalWindows.windowed_value(output.value))
            else:
                yield GlobalWindows.windowed_value(output)
        if self._unit is not None:
            watch.begin(Doing.FINISHING, self._unit)
        self._close_books()
        for record in self._records:
            yield TaggedOutput("books", GlobalWindows.windowed_value(record))

    def _outcomes(self) -> Iterator[Any]:
        """What becomes of the batch, in its order; the next batch is empty."""
        batch, self._batch, self._bytes = self._batch, [], 0
        outcomes = iter(self._chain.run_all([item for item in batch if not isinstance(item, _ENDED)], _watch))
        for item in batch:
            outcome = item if isinstance(item, _ENDED) else next(outcomes)
            _watch(outcome)  # what takes it works on it right now
            if isinstance(outcome, Document):
                if self._ends and self._sketch is not None:
                    self._sketch.kept(outcome)
                yield self._unit, outcome
            elif isinstance(outcome, Dropped):
                if self._sketch is not None:
                    self._sketch.dropped(outcome)
                yield TaggedOutput("dropped", (self._unit, outcome))
            else:
                yield TaggedOutput("failed", (self._unit, outcome))

    def _close_books(self) -> None:
        books = self._chain.reset()
        elsewhere = self._chain.cpu_elsewhere
        if self._unit is not None:
            self._records.append(BooksRecord(self._unit, books, elsewhere - self._elsewhere))
            if self._sketch is not None and self.sketching is not None:
                self._records.append(sketches.write(self.sketching.root, self._unit, self._part, self._sketch.close()))
        self._elsewhere = elsewhere


_ENDED = (Dropped, Failed)


def _size(item: Any) -> int:
    if isinstance(item, RawPage):
        return len(item.body)
    return len(item.text) if isinstance(item, Document) else 0


def _key(item: Any) -> tuple[str, int]:
    page = item.document if isinstance(item, Dropped) else item
    return page.source, page.offset


def _watch(item: Any) -> None:
    watch.begin(Doing.PAGE, *_key(item))
