"""How well an extractor finds the main text of pages: shingles of its text against those of the gold text."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from curate.evaluation.applied import apply_to_all
from curate.evaluation.metrics import ROUNDS, Interval, bootstrap
from filters.contracts import Extractor
from filters.document import RawPage

SHINGLE = 4
_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page: precision and recall in [0, 1], and whether the tokens are exactly those of the gold text.

    precision is NaN when nothing was extracted, recall is NaN when the gold text has no token.
    """

    precision: float
    recall: float
    exact: bool


@dataclass(frozen=True, slots=True)
class ExtractionEvaluation:
    """Means over pages, as in scrapinghub/article-extraction-benchmark.

    precision        over pages from which something was extracted        recall  over pages with gold text
    f1               of these two means        accuracy  share of pages with exactly the gold tokens
    dropped, failed  pages of which the extractor made no document: their text counts as empty
    ms_per_page      CPU milliseconds a page, those of the child process included, its first start left out
    """

    pages: int
    precision: Interval
    recall: Interval
    f1: Interval
    accuracy: Interval
    dropped: int = 0
    failed: int = 0
    ms_per_page: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        figures = {name: getattr(self, name).as_dict() for name in ("precision", "recall", "f1", "accuracy")}
        counts = {"pages": self.pages, "dropped": self.dropped, "failed": self.failed}
        return {**counts, **figures, "ms_per_page": round(self.ms_per_page, 3)}


def shingles(text: str, n: int = SHINGLE) -> Counter[tuple[str, ...]]:
    """The multiset of n-grams of a text's tokens (runs of \\w); of all its tokens when there are fewer than n."""
    tokens = _TOKEN.findall(text)
    if len(tokens) < n:
        return Counter([tuple(tokens)] if tokens else [])
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def score_page(text: str, gold: str) -> PageScore:
    """Score the text extracted from a page ("" for none) against its gold text."""
    found, wanted = shingles(text), shingles(gold)
    both = (found & wanted).total()
    return PageScore(
        both / found.total() if found else math.nan,
        both / wanted.total() if wanted else math.nan,
        _TOKEN.findall(text) == _TOKEN.findall(gold),
    )


def score(texts: Sequence[str], golds: Sequence[str], rounds: int = ROUNDS) -> ExtractionEvaluation:
    """Score the texts extracted from pages against their gold texts; the intervals are by bootstrap over pages."""
    pages = [score_page(text, gold) for text, gold in zip(texts, golds, strict=True)]
    columns = np.array([(page.precision, page.recall, page.exact) for page in pages], dtype=np.float64).reshape(-1, 3)

    def statistic(items: np.ndarray) -> tuple[float, ...]:
        precision, recall, accuracy = (_mean(column) for column in columns[items].T)
        total = precision + recall
        return precision, recall, 2 * precision * recall / total if total else 0.0, accuracy

    precision, recall, f1, accuracy = bootstrap(statistic, len(pages), rounds)
    return ExtractionEvaluation(len(pages), precision, recall, f1, accuracy)


def evaluate(
    extractor: Extractor, pages: Sequence[RawPage], golds: Sequence[str], rounds: int = ROUNDS
) -> ExtractionEvaluation:
    """Extract pages and score the texts. A page that is dropped, or that fails, has the text "".

    Raises EvaluationError where every page fails.
    """
    found = apply_to_all(extractor, pages, warm_up=0)
    texts = [outcome.document.text if outcome.document is not None else "" for outcome in found.outcomes]
    dropped = sum(outcome.drop is not None for outcome in found.outcomes)
    scored = score(texts, golds, rounds)
    per_page = 1000 * found.cpu_seconds / len(pages) if pages else 0.0
    return replace(scored, dropped=dropped, failed=found.failed, ms_per_page=per_page)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


__all__ = ["ExtractionEvaluation", "PageScore", "evaluate", "score", "score_page", "shingles"]
