"""Language identification against labelled sentences."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.evaluation.metrics import ROUNDS, Interval, bootstrap
from filters.contracts import Judge
from filters.document import Document


@dataclass(frozen=True, slots=True)
class LanguageEvaluation:
    """How often a judge names the language of a sentence.

    accuracy    over all sentences        by_language  over those of each language, by its label
    confusions  (label, answer, how often), the most frequent first
    ms_per_kb   CPU milliseconds for 1,000 bytes of UTF-8, loading left out
    """

    items: int
    accuracy: Interval
    by_language: dict[str, Interval]
    confusions: tuple[tuple[str, str, int], ...]
    ms_per_kb: float

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "items": self.items,
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
    """
    score = judge.open()
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    if documents:
        score(documents[0])
    start = time.process_time()
    answers = [str(score(document).notes.get("language", "und")) for document in documents]
    spent = time.process_time() - start
    right = np.array([answer == label for answer, label in zip(answers, languages, strict=True)], dtype=np.float64)
    labels = np.asarray(languages)
    wrong = Counter((label, answer) for label, answer in zip(languages, answers, strict=True) if label != answer)
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return LanguageEvaluation(
        len(documents),
        _share(right, rounds),
        {str(name): _share(right[labels == name], rounds) for name in np.unique(labels)},
        tuple((*pair, count) for pair, count in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:most]),
        spent * 1e6 / max(1, size),
    )


def _share(right: np.ndarray, rounds: int) -> Interval:
    def mean(items: np.ndarray) -> float:
        return float(right[items].mean()) if len(items) else float("nan")

    return bootstrap(mean, len(right), rounds)[0]
