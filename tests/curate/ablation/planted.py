"""Strategies whose effect on a corpus the tests know: they drop what was planted, and grade."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from filters.contracts import Judge, Rewriter, Scores, limit, strategy
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


@strategy
class Grades(Rewriter):
    """Notes a grade, a whole number."""

    writes: ClassVar[Mapping[str, str]] = {"grade": "int64"}
    modulus: int = 7

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document.note(grade=len(document.text) % self.modulus)


@strategy
class ByGrade(Judge):
    """Keeps documents of a grade, as it was noted before."""

    reads: ClassVar[tuple[str, ...]] = ("grade",)
    least: int = limit(0, description="The lowest grade kept.")

    def open(self) -> Callable[[Document], Scores]:
        return lambda document: Scores({"grade": float(document.notes["grade"])})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return (Rule("low_grade", "grade", at_least=self.least),)
