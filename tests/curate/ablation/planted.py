"""A judge and a rewriter that drop what the tests planted."""

from collections.abc import Callable

from filters.contracts import Judge, Rewriter, Scores, strategy
from filters.document import Document, Drop
from filters.rules import Rule


@strategy
class Marks(Judge):
    """One rule a mark: texts with the mark go."""

    marks: tuple[str, ...] = ()

    def open(self) -> Callable[[Document], Scores]:
        return lambda document: Scores({mark: float(mark in document.text) for mark in self.marks})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return tuple(Rule(mark, mark, below=1.0) for mark in self.marks)


@strategy
class DropMark(Rewriter):
    """Drops texts with the mark, and changes nothing."""

    mark: str = ""

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: Drop(self.mark) if self.mark in document.text else document
