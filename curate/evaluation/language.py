"""Language identification against labelled sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.evaluation.applied import apply_to_all, documents, ms_per_kb
from curate.evaluation.labelled import EvaluationError
from curate.evaluation.metrics import ROUNDS, Interval, bootstrap
from filters.contracts import Judge


@dataclass(frozen=True, slots=True)
class LanguageEvaluation:
    """How often a judge names the language of a sentence.

    accuracy    over all sentences        by_language  over those of each language, by its label
    confusions  (label, answer, how often), the most frequent first
    ms_per_kb   CPU milliseconds for 1,000 bytes of UTF-8, loading left out
    failed      sentences on which the judge failed: they count as wrong
    """

    items: int
    accuracy: Interval
    by_language: dict[str, Interval]
    confusions: tuple[tuple[str, str, int], ...]
    ms_per_kb: float
    failed: int = 0

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "items": self.items,
            "failed": self.failed,
            "accuracy": self.accuracy.as_dict(),
            "by_language": {name: interval.as_dict() for name, interval in self.by_language.items()},
            "confusions": [list(confusion) for confusion in self.confusions],
            "ms_per_kb": round(self.ms_per_kb, 4),
        }


def evaluate(
    judge: Judge, texts: Sequence[str], languages: Sequence[str], rounds: int = ROUNDS, most: int = 20
) -> LanguageEvaluation:
    """Compare the note `language` that the judge writes with labels (ISO 639-1).

    most  how many confusions are listed
    Raises EvaluationError where the judge writes no language, or fails on every sentence.
    """
    if "language" not in judge.writes:
        raise EvaluationError(f"{type(judge).__name__} does not write the note language")
    found = apply_to_all(judge, documents(texts), warm_up=1)
    answers = [
        str(outcome.scores.notes.get("language", "und")) if outcome.scores is not None else _FAILED
        for outcome in found.outcomes
    ]
    right = np.array([answer == label for answer, label in zip(answers, languages, strict=True)], dtype=np.float64)
    labels = np.asarray(languages)
    wrong = Counter((label, answer) for label, answer in zip(languages, answers, strict=True) if label != answer)
    return LanguageEvaluation(
        len(texts),
        _share(right, rounds),
        {str(name): _share(right[labels == name], rounds) for name in np.unique(labels)},
        tuple((*pair, count) for pair, count in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:most]),
        ms_per_kb(found.cpu_seconds, texts),
        found.failed,
    )


_FAILED = "(failed)"  # in the place of an answer


def _share(right: np.ndarray, rounds: int) -> Interval:
    def mean(items: np.ndarray) -> float:
        return float(right[items].mean()) if len(items) else float("nan")

    return bootstrap(mean, len(right), rounds)[0]
