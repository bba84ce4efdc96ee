"""Per-document stages as one transform: pages or documents in, what was kept, dropped and failed out."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from filters.chain import Chain, Dropped, Failed, Step
from filters.document import Document
from pipelines.manifest import BooksRecord


class Flow(NamedTuple):
    """What comes out of stages. Every element is a pair (unit, value).

    kept     Document            dropped  Dropped           failed  Failed
    books    records of what each step did, one for a bundle and unit
    """

    kept: Any
    dropped: Any
    failed: Any
    books: Any


class Stages(beam.PTransform):
    """Runs consecutive per-document steps in one transform.

    The steps of a segment share one DoFn rather than one each: a bundle's books then agree with each other, and a
    document's word segments stay with it. An element is (unit, RawPage | Document | Dropped | Failed); what was
    dropped or failed before passes through.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        super().__init__()
        self.steps = tuple(steps)

    def expand(self, pcoll: Any) -> Any:  # a Flow; Beam complains about hints that are no PCollection
        """The outputs as a Flow."""
        out = pcoll | "run" >> beam.ParDo(_RunSteps(self.steps)).with_outputs("dropped", "failed", "books", main="kept")
        return Flow(out.kept, out.dropped, out.failed, out.books)


class _RunSteps(beam.DoFn):
    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps

    def setup(self) -> None:
        self._chain = Chain(self.steps)

    def start_bundle(self) -> None:
        self._chain.reset()
        self._elsewhere = self._chain.cpu_elsewhere
        self._unit: str | None = None
        self._records: list[BooksRecord] = []

    def process(self, element: tuple[str, Any]) -> Iterator[Any]:
        unit, item = element
        if unit != self._unit:
            self._close_books()
            self._unit = unit
        outcome = item if isinstance(item, (Dropped, Failed)) else self._chain.run(item)
        if isinstance(outcome, Document):
            yield unit, outcome
        elif isinstance(outcome, Dropped):
            yield TaggedOutput("dropped", (unit, outcome))
        else:
            yield TaggedOutput("failed", (unit, outcome))

    def finish_bundle(self) -> Iterator[Any]:
        self._close_books()
        for record in self._records:
            yield TaggedOutput("books", GlobalWindows.windowed_value(record))

    def _close_books(self) -> None:
        books = self._chain.reset()
        elsewhere = self._chain.cpu_elsewhere
        if self._unit is not None:
            self._records.append(BooksRecord(self._unit, books, elsewhere - self._elsewhere))
        self._elsewhere = elsewhere
