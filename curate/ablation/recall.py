"""Losses among the best: how much of the top tenth by one judge's score every other stage drops."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from curate.ablation.attribution import RuleMask, entered_on, rule_masks
from curate.ablation.decide import DecidedArm, Decider
from filters.contracts import Buckets, TopShare
from filters.dedup import clusters
from pipelines.scoring.plan import CorpusVisit, JudgeVisit, Visit

TOP_SHARE = 0.1
SCORE = "score"  # the signal of judges by which higher is better (quality/fasttext)


def recall(decider: Decider, decided: DecidedArm, visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """For each score of an arm by which documents are ranked, its top tenth and who drops it.

    The tenth is of all documents that have the score on the arm's text at that stage, with nothing dropped before.
    documents  in the tenth             kept  of them, by the arm
    dropped_by documents of the tenth that the rules of a stage drop alone, by stage; stages that drop none left out
    """
    masks: list[RuleMask] = []
    found = []
    for stage, name, score, order, scored in _scores(decider, visits):
        lost, _ = clusters.below_top(score, order, scored, TOP_SHARE)
        top = scored.copy()
        top[lost] = False
        if not top.any():
            continue
        masks = masks or rule_masks(decider, visits)  # many arms have no score
        by_stage: dict[str, np.ndarray] = {}
        for mask in masks:
            by_stage[mask.stage] = by_stage.get(mask.stage, False) | (mask.fails & top)
        dropped = {other: int(gone.sum()) for other, gone in by_stage.items() if other != stage and gone.any()}
        found.append(
            {
                "stage": stage,
                "score": name,
                "documents": int(top.sum()),
                "kept": int((top & decided.kept).sum()),
                "dropped_by": dropped,
            }
        )
    return found


def _scores(decider: Decider, visits: Sequence[Visit]) -> Iterator[tuple[str, str, np.ndarray, np.ndarray, np.ndarray]]:
    """(stage, score, the scores as unsigned integers that sort alike, the order of ties, which documents have one)."""
    for visit, node in zip(visits, entered_on(visits), strict=True):
        stage = visit.step.name
        if isinstance(visit, CorpusVisit):
            decision = visit.judge.decision()
            names: tuple[str, ...] = ()
            if isinstance(decision, TopShare):
                names = (SCORE,)
            elif isinstance(decision, Buckets) and decision.budget is None:
                names = decision.scores
            if names:
                keys = decider.keys_of(visit)
                for number, name in enumerate(names):
                    score = keys.values[:, number]
                    yield stage, name, score, keys.order, keys.takes_part & (score > 0)
        elif isinstance(visit, JudgeVisit) and "language" not in visit.judge.writes:
            if not decider.scored.has_signal(visit.measure, SCORE):
                continue
            values = decider.scored.signal(visit.measure, SCORE)
            there = ~np.isnan(values) & decider.scored.reached(node)
            if there.any():
                _, ranks = np.unique(np.where(there, values, 0.0), return_inverse=True)
                order = decider.scored.groups[node.group].ranks[:, None]
                yield stage, SCORE, ranks.astype(np.uint64), order, there
