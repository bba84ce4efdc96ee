"""Judges against people's judgement of quality."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.evaluation.metrics import ROUNDS, BinaryScores, Interval, auc_interval, binary_scores
from filters.contracts import Judge
from filters.document import Document
from filters.rules import failing


@dataclass(frozen=True, slots=True)
class QualityEvaluation:
    """How a judge does on texts that people kept or not.

    aucs      by signal: the chance that a text people kept has the higher value; below 0.5 a low value speaks for a
              text. Texts without a value for a signal are left out of its figure.
    decision  precision, recall and F1 of what the rules keep against what people keep; its AUC is that of the decision
    """

    aucs: dict[str, Interval]
    decision: BinaryScores

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "aucs": {name: auc.as_dict() for name, auc in self.aucs.items()},
            "decision": self.decision.as_dict(),
        }


def evaluate(
    judge: Judge, texts: Sequence[str], keep: Sequence[bool], language: str = "en", rounds: int = ROUNDS
) -> QualityEvaluation:
    """Score texts with a judge; keep[i] says whether people would keep texts[i]."""
    score = judge.open()
    notes = {"language": language} if language else {}
    found = [score(Document(str(number), text, notes=notes)) for number, text in enumerate(texts)]
    wanted = np.asarray(keep, dtype=bool)
    rules = judge.rules(language)
    kept = np.array([not failing(rules, result.signals, {**notes, **result.notes}) for result in found], dtype=bool)
    aucs = {}
    for signal in found[0].signals if found else ():
        values = np.array([result.signals[signal] for result in found], dtype=np.float64)
        there = ~np.isnan(values)
        if there.any():
            aucs[signal] = auc_interval(wanted[there], values[there], rounds)
        else:
            aucs[signal] = Interval(math.nan, math.nan, math.nan)
    return QualityEvaluation(aucs, binary_scores(wanted, kept.astype(np.float64), kept, rounds))
