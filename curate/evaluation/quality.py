"""Judges against people's judgement of quality."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.evaluation.applied import apply_to_all, documents
from curate.evaluation.metrics import ROUNDS, BinaryScores, Interval, auc_interval, binary_scores
from filters.contracts import Judge


@dataclass(frozen=True, slots=True)
class QualityEvaluation:
    """How a judge does on texts that people kept or not.

    aucs      by signal: the chance that a text people kept has the higher value; below 0.5 a low value speaks for a
              text. Texts without a value for a signal are left out of its figure.
    decision  precision, recall and F1 of what the rules keep against what people keep; its AUC is that of the decision
    failed    texts on which the judge failed; they are not kept
    """

    aucs: dict[str, Interval]
    decision: BinaryScores
    failed: int = 0

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "aucs": {name: auc.as_dict() for name, auc in self.aucs.items()},
            "decision": self.decision.as_dict(),
            "failed": self.failed,
        }


def evaluate(
    judge: Judge, texts: Sequence[str], keep: Sequence[bool], language: str = "en", rounds: int = ROUNDS
) -> QualityEvaluation:
    """Score texts with a judge; keep[i] says whether people would keep texts[i].

    Raises EvaluationError where the judge fails on every text.
    """
    outcomes = apply_to_all(judge, documents(texts, language), warm_up=1).outcomes
    wanted = np.asarray(keep, dtype=bool)
    kept = np.array([outcome.document is not None for outcome in outcomes], dtype=bool)
    scores = [outcome.scores for outcome in outcomes]
    aucs = {}
    for signal in next((found.signals for found in scores if found is not None), {}):
        values = np.array([found.signals[signal] if found is not None else math.nan for found in scores])
        there = ~np.isnan(values)
        if there.any():
            aucs[signal] = auc_interval(wanted[there], values[there], rounds)
        else:
            aucs[signal] = Interval(math.nan, math.nan, math.nan)
    failed = sum(found is None for found in scores)
    return QualityEvaluation(aucs, binary_scores(wanted, kept.astype(np.float64), kept, rounds), failed)
