"""Per-document stages as one transform: pages or documents in, what was kept, dropped and failed out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from filters.chain import Chain, Dropped, Failed, Step
from filters.document import Document
from filters.sketch import Sketch
from pipelines import sketches
from pipelines.manifest import BooksRecord, FileRecord


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
        self._records: list[BooksRecord | FileRecord] = []

    def process(self, element: tuple[str, Any]) -> Iterator[Any]:
        unit, item = element
        if unit != self._unit:
            self._close_books()
            self._unit = unit
            begins = item.document if isinstance(item, Dropped) else item
            self._part = f"{begins.offset} {begins.source}"
        outcome = item if isinstance(item, (Dropped, Failed)) else self._chain.run(item)
        if isinstance(outcome, Document):
            if self._ends and self._sketch is not None:
                self._sketch.kept(outcome)
            yield unit, outcome
        elif isinstance(outcome, Dropped):
            if self._sketch is not None:
                self._sketch.dropped(outcome)
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
            if self._sketch is not None and self.sketching is not None:
                self._records.append(sketches.write(self.sketching.root, self._unit, self._part, self._sketch.close()))
        self._elsewhere = elsewhere
