"""How well an extractor finds the main text of pages: shingles of its text against those of the gold text."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

# The metric of scrapinghub/article-extraction-benchmark. `re` splits at any length in linear time here.
_TOKEN = re.compile(r"\w+")
SHINGLE = 4


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page. precision and recall lie in [0, 1]; exact says that the tokens are equal.

    precision is None when nothing was extracted, recall is None when the gold text has no token.
    """

    precision: float | None
    recall: float | None
    exact: bool


@dataclass(frozen=True, slots=True)
class ExtractionEvaluation:
    """Means over pages: precision, recall, accuracy (the share of exact pages), and the F1 of the two means.

    f1 has an interval by bootstrap over pages.
    dropped, failed  pages from which the extractor made no document: their text counts as empty
    ms_per_page      CPU milliseconds a page, those of the child process included, its start left out
    """

    pages: int
    precision: float
    recall: float
    f1: Interval
    accuracy: float
    dropped: int = 0
    failed: int = 0
    ms_per_page: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "pages": self.pages,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": self.f1.as_dict(),
            "accuracy": round(self.accuracy, 4),
            "dropped": self.dropped,
            "failed": self.failed,
            "ms_per_page": round(self.ms_per_page, 3),
        }


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
        both / found.total() if found else None,
        both / wanted.total() if wanted else None,
        _TOKEN.findall(text) == _TOKEN.findall(gold),
    )


def score(pairs: Iterable[tuple[str, str]]) -> ExtractionScore:
    """Score (text, gold text) of many pages. Without pages, everything is 0.

    Pages from which nothing was extracted count in recall as 0, and not in precision; both empty counts as right.
    """
    pages = [score_page(text, gold) for text, gold in pairs]
    precision = _mean([page.precision for page in pages])
    recall = _mean([page.recall for page in pages])
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    accuracy = sum(page.exact for page in pages) / len(pages) if pages else 0.0
    return ExtractionScore(len(pages), precision, recall, f1, accuracy)


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0


__all__ = ["ExtractionScore", "PageScore", "score", "score_page", "shingles"]
