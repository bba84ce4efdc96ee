"""Named keep-ranges over signals: how a judge's scores become a decision, for one document or for a column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from filters.document import Drop, FailedRule, Fault, NoteValue


@dataclass(frozen=True, slots=True)
class Rule:
    """A document is kept when the signal lies in the range; every bound given must hold.

    signal            the name of a score, or with one_of the name of a note
    at_least, at_most inclusive bounds            above, below   exclusive bounds
    one_of            the values allowed for a note

    None means no bound; 0 is a bound like any other. A score of NaN means that the rule does not apply to this
    document, and the rule passes; a judge that wants such a document dropped gives infinity.
    """

    name: str
    signal: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    one_of: tuple[str, ...] | None = None

    def fails(self, value: float | str) -> bool:
        """Whether a document with this value is to be dropped."""
        if self.one_of is not None:
            return value not in self.one_of
        return (
            (self.at_least is not None and value < self.at_least)  # type: ignore[operator]
            or (self.at_most is not None and value > self.at_most)  # type: ignore[operator]
            or (self.above is not None and value <= self.above)  # type: ignore[operator]
            or (self.below is not None and value >= self.below)  # type: ignore[operator]
        )

    def fails_column(self, values: Any) -> np.ndarray:
        """The same for a column, shape (n,): a boolean array, True where the document is to be dropped."""
        column = np.asarray(values)
        if self.one_of is not None:
            return ~np.isin(column.astype(str), np.asarray(self.one_of, dtype=str))
        column = column.astype(np.float64)
        failed = np.zeros(column.shape, dtype=bool)
        if self.at_least is not None:
            failed |= column < self.at_least
        if self.at_most is not None:
            failed |= column > self.at_most
        if self.above is not None:
            failed |= column <= self.above
        if self.below is not None:
            failed |= column >= self.below
        return failed

    def threshold(self, value: float | str) -> float | str:
        """The bound that this value breaks, for a dropped row."""
        if self.one_of is not None:
            return ",".join(self.one_of)
        lower = self.at_least if self.at_least is not None else self.above
        upper = self.at_most if self.at_most is not None else self.below
        if lower is not None and (upper is None or value < lower or (value == self.above)):  # type: ignore[operator]
            return lower
        return upper if upper is not None else ""


def failing(
    rules: Iterable[Rule], signals: Mapping[str, float], notes: Mapping[str, NoteValue]
) -> tuple[FailedRule, ...]:
    """Every rule that a document breaks, in the order of the rules. Raises Fault for a rule over a missing score: a
    misspelt name would switch the rule off."""
    failed = []
    for rule in rules:
        value: Any = notes.get(rule.signal, "") if rule.one_of is not None else signals.get(rule.signal)
        if value is None:
            given = ", ".join(sorted(signals)) or "none"
            raise Fault("signal_missing", f"the rule {rule.name} needs {rule.signal}; the judge gives {given}")
        if rule.fails(value):
            failed.append(FailedRule(rule.name, value, rule.threshold(value)))
    return tuple(failed)


def decide(rules: Iterable[Rule], signals: Mapping[str, float], notes: Mapping[str, NoteValue]) -> Drop | None:
    """The drop named after the first rule broken, with the others beside it; None keeps the document."""
    failed = failing(rules, signals, notes)
    if not failed:
        return None
    first = failed[0]
    return Drop(first.rule, first.value, first.threshold, also_failed=failed[1:])
