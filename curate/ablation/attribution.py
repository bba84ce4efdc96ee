"""Which rule removes what: in sequence, alone, only; what leaving it out would gain; which rules overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from curate.ablation.decide import DecidedArm, Decider
from curate.ablation.joint import without
from curate.ablation.scored import DROPPED, KEPT, Coded
from curate.ablation.slices import in_order
from pipelines.scoring.plan import CorpusVisit, JudgeVisit, LeftOut, Node, TextVisit, Visit, texts_depend_on

_ROWS_AT_ONCE = 1 << 18  # of the matrix of all rules; float32 counts exactly below 1 << 24


@dataclass(frozen=True)
class RuleMask:
    """A per-document rule and where it fails on the recipe's text at its position, with nothing dropped before.

    node  the text path whose sizes count for it
    """

    stage: str
    strategy: str
    rule: str
    place: int
    node: Node
    fails: np.ndarray


def rule_masks(decider: Decider, visits: Sequence[Visit]) -> list[RuleMask]:
    """All per-document rules of a recipe, in order: those of judges, and the drops of extractors and rewriters."""
    found: list[RuleMask] = []
    for place, (visit, node) in enumerate(zip(visits, entered_on(visits), strict=True)):
        stage, strategy = visit.step.name, visit.step.strategy_name
        if isinstance(visit, TextVisit) and not visit.node.is_corpus:
            status = decider.scored.status(visit.node)
            for code, name in enumerate(status.names):
                fails = (status.how == DROPPED) & (status.which == code)
                if fails.any():
                    found.append(RuleMask(stage, strategy, name, place, node, fails))
        elif isinstance(visit, JudgeVisit):
            masks: dict[str, np.ndarray] = {}
            for where, rules in decider.rules_by_language(visit):
                for rule in rules:
                    fails = decider.failing(visit, rule) & where
                    masks[rule.name] = masks[rule.name] | fails if rule.name in masks else fails
            found += [RuleMask(stage, strategy, name, place, node, mask) for name, mask in masks.items()]
    return found


def entered_on(visits: Sequence[Visit]) -> list[Node]:
    """For each step of an arm, the text path whose texts it gets. An extractor gets none: its own path stands there."""
    nodes: list[Node] = []
    node: Node | None = None
    for visit in visits:
        made = visit.node if isinstance(visit, TextVisit) else node
        entered = node or made
        if entered is None:
            raise TypeError(f"{visit.step.name} comes before any text")
        nodes.append(entered)
        node = made
    return nodes


def attribute(
    decider: Decider, decided: DecidedArm, visits: Sequence[Visit], joint: Mapping[str, dict[str, int]]
) -> dict[str, Any]:
    """The attribution table and the overlap of rules. joint: what variants of the arm keep for which corpus rewriters
    ran again (see joint.py).

    rules    one entry for each rule: in_sequence (it is the first to fail, in recipe order), alone (it fails on the
             text at that position with nothing dropped before), only (no other per-document rule fails), and without
             (how much more would be kept without it, corpus decisions repeated). Corpus rules have neither alone nor
             only. without is None where it depends on texts that were not made.
    stages   without, for whole stages except the first
    overlap  documents on which both rules of a pair fail alone
    """
    gain = partial(_gain, decider, decided, visits, joint)
    masks = rule_masks(decider, visits)
    failing = np.zeros(len(decided.how), dtype=np.int32)
    for mask in masks:
        failing += mask.fails
    names = {name: code for code, name in enumerate(decided.rules)}
    sizes = decider.scored.sizes
    rules: list[dict[str, Any]] = []
    for mask in masks:
        first = (decided.left_at == mask.place) & (decided.how == DROPPED) & (decided.rule == names.get(mask.rule, -2))
        rules.append(
            {
                "stage": mask.stage,
                "strategy": mask.strategy,
                "rule": mask.rule,
                "in_sequence": sizes(mask.node, first),
                "alone": sizes(mask.node, mask.fails),
                "only": sizes(mask.node, mask.fails & (failing == 1)),
                "without": gain(mask.place, mask.rule),
            }
        )
    for place, (visit, node) in enumerate(zip(visits, entered_on(visits), strict=True)):
        if isinstance(visit, CorpusVisit) or (isinstance(visit, TextVisit) and visit.node.is_corpus):
            gone = (decided.left_at == place) & (decided.how == DROPPED)
            for code in np.unique(decided.rule[gone]):
                rules.append(
                    {
                        "stage": visit.step.name,
                        "strategy": visit.step.strategy_name,
                        "rule": decided.rules[code],
                        "in_sequence": sizes(node, gone & (decided.rule == code)),
                        "alone": None,
                        "only": None,
                        "without": gain(place),
                    }
                )
    order = {visit.step.name: place for place, visit in enumerate(visits)}
    rules.sort(key=lambda row: order[row["stage"]])
    stages = [{"stage": visit.step.name, "without": gain(place)} for place, visit in enumerate(visits[1:], 1)]
    return {"rules": rules, "stages": stages, "overlap": _overlap(masks)}


def _gain(
    decider: Decider,
    decided: DecidedArm,
    visits: Sequence[Visit],
    joint: Mapping[str, dict[str, int]],
    place: int,
    rule: str | None = None,
) -> dict[str, int] | None:
    """How much more would be kept, in documents, bytes and tokens, without a stage, or without one rule of it."""
    if isinstance(visits[place], TextVisit):
        return None
    left_out = LeftOut(visits[place].step.name, rule)
    if texts_depend_on(visits[place:]):
        then = joint.get(without(decided.arm, left_out))
    else:
        other = decider.decide(decided.arm, visits, left_out, funnel=False)
        then = decider.scored.sizes(decided.node, other.kept)
    now = decider.scored.sizes(decided.node, decided.kept)
    return {name: then[name] - now[name] for name in now} if then is not None else None


def gains_from_arms(attribution: dict[str, Any], gains: dict[str, dict[str, int]]) -> None:
    """Fill in the gains that the texts of the base cannot give, from arms that leave one stage out, by stage."""
    for row in attribution["stages"]:
        row["without"] = row["without"] or gains.get(row["stage"])
    for row in attribution["rules"]:
        if row["without"] is None and row["alone"] is None:  # a corpus stage decides as a whole
            row["without"] = gains.get(row["stage"])


def _overlap(masks: list[RuleMask]) -> dict[str, Any]:
    shared = np.zeros((len(masks), len(masks)), dtype=np.int64)
    for start in range(0, len(masks[0].fails) if masks else 0, _ROWS_AT_ONCE):
        stack = np.array([mask.fails[start : start + _ROWS_AT_ONCE] for mask in masks], dtype=np.float32)
        shared += (stack @ stack.T).astype(np.int64)
    return {"rules": [f"{mask.stage}:{mask.rule}" for mask in masks], "documents": shared.tolist()}


def slice_matrix(decided: DecidedArm, visits: Sequence[Visit], slices: dict[str, Coded]) -> dict[str, Any]:
    """For each slice of each kind: its documents, how many are kept, and how many each rule removes in sequence."""
    read = decided.left_at >= 0
    found: dict[str, Any] = {}
    gone = [np.flatnonzero(decided.left_at == place) for place in range(len(visits))]
    for kind, values in slices.items():
        documents = np.bincount(values.codes[read], minlength=len(values.names))
        kept = np.bincount(values.codes[read & (decided.how == KEPT)], minlength=len(values.names))
        removed: list[dict[str, int]] = [{} for _ in values.names]
        for visit, rows in zip(visits, gone, strict=True):
            shape = len(values.names), len(decided.rules)
            places = values.codes[rows].astype(np.int64) * shape[1] + decided.rule[rows]
            counts = np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)
            for number, rule in zip(*(found_at.tolist() for found_at in np.nonzero(counts)), strict=True):
                removed[number][f"{visit.step.name}:{decided.rules[rule]}"] = int(counts[number, rule])
        order = in_order(kind, {values.names[place]: int(documents[place]) for place in np.flatnonzero(documents)})
        places_of = {name: place for place, name in enumerate(values.names)}
        found[kind] = [
            {
                "slice": name,
                "documents": int(documents[places_of[name]]),
                "kept": int(kept[places_of[name]]),
                "removed": removed[places_of[name]],
            }
            for name in order
        ]
    return found
