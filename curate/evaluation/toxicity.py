"""Toxicity judges against labelled texts."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.evaluation.metrics import ROUNDS, BinaryScores, binary_scores
from curate.training.examples import Examples
from filters.contracts import Judge
from filters.document import Document
from filters.rules import failing

# What orders texts from clean to toxic: the first of these that a judge has
SIGNALS = ("toxicity", "share")

WARM_UP = 100


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a judge does on labelled texts.

    scores     AUC of its signal; precision, recall and F1 of its decision to drop
    unscored   texts to which it gave no score: they count as the cleanest, and are kept
    ms_per_kb  CPU milliseconds for 1,000 bytes of UTF-8, loading left out
    dropped    boolean, shape (n,): its decision by text        toxicity  float64, shape (n,): its signal
    """

    signal: str
    scores: BinaryScores
    unscored: int
    ms_per_kb: float
    dropped: np.ndarray
    toxicity: np.ndarray

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON, without the arrays."""
        measured = {"unscored": self.unscored, "ms_per_kb": round(self.ms_per_kb, 4)}
        return {"signal": self.signal, **self.scores.as_dict(), **measured}


def evaluate(judge: Judge, examples: Examples, language: str = "", rounds: int = ROUNDS) -> Evaluation:
    """Score labelled texts and decide on them with the judge's rules.

    language  ISO 639-1, becomes the note `language` of every document; "" leaves it out
    """
    score = judge.open()
    rules = judge.rules(language)
    documents = [
        Document(str(number), text, notes={"language": language} if language else {})
        for number, text in enumerate(examples.texts)
    ]
    for text in examples.texts[:WARM_UP]:
        score(Document("", text))  # compiles and loads what is loaded when first needed
    start = time.process_time()
    found = [score(document) for document in documents]
    spent = time.process_time() - start
    signal = next((name for name in SIGNALS if found and name in found[0].signals), "")
    if not signal:
        raise ValueError(f"{type(judge).__name__} has none of the signals {', '.join(SIGNALS)}")
    toxicity = np.array([result.signals[signal] for result in found], dtype=np.float64)
    dropped = np.array([bool(failing(rules, result.signals, result.notes)) for result in found])
    size = sum(len(text.encode("utf-8", "replace")) for text in examples.texts)
    ordered = np.where(np.isnan(toxicity), -math.inf, toxicity)
    return Evaluation(
        signal,
        binary_scores(examples.toxic, ordered, dropped, rounds),
        int(np.isnan(toxicity).sum()),
        spent * 1e6 / max(1, size),
        dropped,
        toxicity,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """A group of items: how many, how many of them toxic, and for how many the decision was right."""

    name: str
    items: int
    toxic: int
    right: int


def by_group(evaluation: Evaluation, examples: Examples, groups: Sequence[str]) -> list[Group]:
    """The decisions by group (HateCheck's functionalities, say), in alphabetical order."""
    names = np.asarray(groups)
    right = evaluation.dropped == examples.toxic
    return [
        Group(str(name), int(here.sum()), int(examples.toxic[here].sum()), int(right[here].sum()))
        for name in np.unique(names)
        for here in [names == name]
    ]
