"""A strategy applied to labelled items as a run applies it, with the CPU time it takes."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from curate.evaluation.labelled import EvaluationError
from filters.chain import Applied, OpenStep, Step, apply
from filters.contracts import Strategy
from filters.document import Document, RawPage
from filters.text.unicode import settled

WARM_UP = 100


@dataclass(frozen=True)
class AppliedToAll:
    """What a strategy made of each item.

    outcomes     one for each item, in their order
    cpu_seconds  of this process and of those it works in, loading and the first calls left out
    """

    outcomes: tuple[Applied, ...]
    cpu_seconds: float

    @property
    def failed(self) -> int:
        """Items on which the strategy failed."""
        return sum(bool(outcome.reason) for outcome in self.outcomes)


def apply_to_all(strategy: Strategy, items: Sequence[RawPage | Document], warm_up: int = WARM_UP) -> AppliedToAll:
    """Apply a strategy to items. Raises EvaluationError where it fails on every one of them.

    warm_up  first items to which it is applied beforehand, to load and compile what is loaded when first needed
    """
    name = type(strategy).__name__
    step = OpenStep(Step(name, name, strategy))
    for item in items[:warm_up]:
        apply(step, item)
    started = time.process_time() + step.cpu_elsewhere()
    outcomes = tuple(apply(step, item) for item in items)
    spent = time.process_time() + step.cpu_elsewhere() - started
    found = AppliedToAll(outcomes, spent)
    if items and found.failed == len(items):
        ((reason, detail), _), *_ = Counter((one.reason, one.detail) for one in outcomes).most_common(1)
        raise EvaluationError(f"{name} failed on every item: {reason}{f' ({detail})' if detail else ''}")
    return found


def documents(texts: Sequence[str], language: str = "") -> list[Document]:
    """Texts as documents with their number as id, settled as in a run; language becomes their note where given."""
    notes = {"language": language} if language else {}
    return [Document(str(number), settled(text), notes=notes) for number, text in enumerate(texts)]


def ms_per_kb(cpu_seconds: float, texts: Sequence[str]) -> float:
    """CPU milliseconds for 1,000 bytes of UTF-8."""
    return cpu_seconds * 1e6 / max(1, sum(len(text.encode("utf-8", "replace")) for text in texts))
