"""A document's way through a recipe, walked once more: what each stage found, on what text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filters.chain import OpenStep, Step, apply
from filters.contracts import CorpusJudge, CorpusRewriter, Judge, Strategy
from filters.document import Document, Drop, NoteValue, RawPage
from filters.rules import Rule


@dataclass(frozen=True, slots=True)
class Check:
    """A rule on a document: the value found, the range that keeps, and whether the value lies in it."""

    rule: str
    value: float | str
    keeps: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """What one stage did to a document.

    how      "passed", "dropped", "failed"; "decided": a corpus stage, whose outcome only the run knows; "unknown": it
             came after a corpus rewriter, on a text that is not known
    before, after  the document before and after the stage; None where there is none or where it is not known
    conceals  whether the stage removes personal data
    checks   the rules of a judge               scores  its signals that no rule looks at
    edits    characters that a rewriter changed, by rule
    notes    notes that the stage wrote
    drop     the judgement                      reason, detail  the fault
    """

    stage: str
    strategy: str
    how: str
    before: Document | None = None
    after: Document | None = None
    conceals: bool = False
    checks: tuple[Check, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    edits: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, NoteValue] = field(default_factory=dict)
    drop: Drop | None = None
    reason: str = ""
    detail: str = ""


class Walker:
    """Walks documents through the steps of a recipe; models are loaded when the first one is walked."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self._open: dict[str, OpenStep] = {}

    def walk(self, page: RawPage | Document, until: str = "") -> Iterator[Passage]:
        """A passage for each stage, until one drops the document or fails on it, or until the stage `until` (itself
        included). A corpus stage keeps the document here, and after a corpus rewriter, whose cuts are decided over the
        whole corpus, nothing is known any more: its passage is the last one.
        """
        item: RawPage | Document = page
        for step in self.steps:
            before = item if isinstance(item, Document) else None
            if isinstance(step.strategy, (CorpusJudge, CorpusRewriter)):
                known = isinstance(step.strategy, CorpusJudge)
                yield Passage(step.name, step.strategy_name, "decided", before, before if known else None)
                if not known or step.name == until:
                    return
                continue
            passage = self.passage(step, item)
            yield passage
            if passage.after is None or step.name == until:
                return
            item = passage.after

    def passage(self, step: Step, item: RawPage | Document) -> Passage:
        """What a per-document step makes of an item."""
        if step.name not in self._open:
            self._open[step.name] = OpenStep(step, with_page=True)
        opened = self._open[step.name]
        applied = apply(opened, item)
        before = item if isinstance(item, Document) else None
        document = applied.document
        checks, scores = _checks(opened, step.strategy, item, applied.scores)
        known = item.notes
        notes = {name: value for name, value in document.notes.items() if known.get(name) != value} if document else {}
        how = "passed" if document is not None else "dropped" if applied.drop is not None else "failed"
        return Passage(
            step.name, step.strategy_name, how, before, document, step.strategy.conceals, checks, scores, applied.edits,
            notes, applied.drop, applied.reason, applied.detail,
        )  # fmt: skip


def _checks(
    opened: OpenStep, strategy: Strategy, item: RawPage | Document, scores: Any
) -> tuple[tuple[Check, ...], Mapping[str, float]]:
    if not isinstance(strategy, Judge) or scores is None:
        return (), {}
    notes = {**item.notes, **scores.notes}
    rules = opened.rules(str(notes.get("language", "")))
    checks = []
    for rule in rules:
        value: Any = notes.get(rule.signal, "") if rule.one_of is not None else scores.signals[rule.signal]
        checks.append(Check(rule.name, value, range_of(rule), not rule.fails(value)))
    used = {rule.signal for rule in rules}
    return tuple(checks), {name: value for name, value in scores.signals.items() if name not in used}


def range_of(rule: Rule) -> str:
    """The values that a rule keeps, to be read."""
    if rule.one_of is not None:
        return " or ".join(rule.one_of)
    bounds = (("≥", rule.at_least), (">", rule.above), ("≤", rule.at_most), ("<", rule.below))
    return " and ".join(f"{sign} {number(bound)}" for sign, bound in bounds if bound is not None)


def number(value: Any) -> str:
    """A figure to be read: whole ones whole, others with four digits."""
    if isinstance(value, str) or value is None:
        return value or ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
