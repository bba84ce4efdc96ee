"""Which rule removes what: in sequence, alone, only; what leaving it out would gain; which rules overlap."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.ablation.decide import DROPPED, KEPT, Decided, Decider
from pipelines.scoring.score import Visit


@dataclass(frozen=True)
class RuleMask:
    """A per-document rule and where it fails on the recipe's text at its position, with nothing dropped before.

    node  the text path whose sizes count for it
    """

    stage: str
    strategy: str
    rule: str
    place: int
    node: int
    fails: np.ndarray


def rule_masks(decider: Decider, visits: tuple[Visit, ...]) -> list[RuleMask]:
    """All per-document rules of a recipe, in order: those of judges, and the drops of extractors and rewriters."""
    found: list[RuleMask] = []
    node = -1
    for place, visit in enumerate(visits):
        stage, strategy = visit.step.name, visit.step.strategy_name
        if visit.kind == "text":
            before, node = node, visit.number
            status, which, names = decider.node_status(node)
            if not decider.scored.plan.nodes[node].is_corpus:
                for code, name in enumerate(names):
                    fails = (status == DROPPED) & (which == code)
                    if fails.any():
                        found.append(RuleMask(stage, strategy, name, place, max(before, 0), fails))
        elif visit.kind == "judge":
            masks: dict[str, np.ndarray] = {}
            for where, rules in decider.rules_by_language(visit):
                for rule in rules:
                    fails = decider.failing(visit, rule) & where
                    masks[rule.name] = masks[rule.name] | fails if rule.name in masks else fails
            found += [RuleMask(stage, strategy, name, place, node, mask) for name, mask in masks.items()]
    return found


def sizes(decider: Decider, node: int, mask: np.ndarray) -> dict[str, int]:
    """Documents, bytes and tokens of some pages on a text path."""
    return {
        "documents": int(mask.sum()),
        "bytes": int(decider.sizes(node, "bytes")[mask].sum()) if node >= 0 else 0,
        "tokens": int(decider.sizes(node, "tokens")[mask].sum()) if node >= 0 else 0,
    }


def attribute(decider: Decider, decided: Decided, visits: tuple[Visit, ...]) -> dict[str, Any]:
    """The attribution table and the overlap of rules.

    rules    one entry a rule: in_sequence (the first rule to fail, in recipe order), alone (fails on the text at that
             position with nothing dropped before), only (the sole per-document rule that fails), and without (what
             would be kept more if it were left out, corpus decisions made again); corpus rules have neither alone nor
             only. without is None where what follows depends on texts that were not made.
    stages   the same gain for whole stages, but for the first
    overlap  documents on which both rules of a pair fail, alone
    """
    masks = rule_masks(decider, visits)
    failing = np.zeros(len(decided.how), dtype=np.int32)
    for mask in masks:
        failing += mask.fails
    names = {name: code for code, name in enumerate(decided.rules)}
    nodes = _entering_nodes(visits)
    rules: list[dict[str, Any]] = []
    for mask in masks:
        first = (decided.left_at == mask.place) & (decided.how == DROPPED) & (decided.rule == names.get(mask.rule, -2))
        rules.append(
            {
                "stage": mask.stage,
                "strategy": mask.strategy,
                "rule": mask.rule,
                "in_sequence": sizes(decider, mask.node, first),
                "alone": sizes(decider, mask.node, mask.fails),
                "only": sizes(decider, mask.node, mask.fails & (failing == 1)),
                "without": _gain(decider, decided, visits, mask.place, f"{mask.stage}:{mask.rule}"),
            }
        )
    for place, visit in enumerate(visits):
        corpus_text = visit.kind == "text" and decider.scored.plan.nodes[visit.number].is_corpus
        if visit.kind == "corpus" or corpus_text:
            gone = (decided.left_at == place) & (decided.how == DROPPED)
            for code in np.unique(decided.rule[gone]):
                rules.append(
                    {
                        "stage": visit.step.name,
                        "strategy": visit.step.strategy_name,
                        "rule": decided.rules[code],
                        "in_sequence": sizes(decider, nodes[place], gone & (decided.rule == code)),
                        "alone": None,
                        "only": None,
                        "without": _gain(decider, decided, visits, place, visit.step.name),
                    }
                )
    order = {visit.step.name: place for place, visit in enumerate(visits)}
    rules.sort(key=lambda row: order[row["stage"]])
    stages = [
        {"stage": visit.step.name, "without": _gain(decider, decided, visits, place, visit.step.name)}
        for place, visit in enumerate(visits[1:], 1)
    ]
    return {"rules": rules, "stages": stages, "overlap": _overlap(masks)}


def _entering_nodes(visits: tuple[Visit, ...]) -> list[int]:
    nodes, node = [], -1
    for visit in visits:
        nodes.append(node)
        if visit.kind == "text":
            node = visit.number
    return nodes


def _gain(
    decider: Decider, decided: Decided, visits: tuple[Visit, ...], place: int, leave_out: str
) -> dict[str, int] | None:
    """What is kept more, in documents, bytes and tokens, where this is left out."""
    if visits[place].kind == "text" or any(
        visit.kind == "text" and decider.scored.plan.nodes[visit.number].is_corpus for visit in visits[place:]
    ):
        return None
    other = decider.decide(decided.arm, visits, leave_out=leave_out, funnel=False)
    now = sizes(decider, decided.node, decided.how == KEPT)
    then = sizes(decider, decided.node, other.how == KEPT)
    return {name: then[name] - now[name] for name in now}


def gains_from_arms(attribution: dict[str, Any], gains: dict[str, dict[str, int]]) -> None:
    """Fill in what the base's own texts could not tell: gains, by stage, of arms that leave one stage out."""
    for row in attribution["stages"]:
        row["without"] = row["without"] or gains.get(row["stage"])
    for row in attribution["rules"]:
        if row["without"] is None and row["alone"] is None:  # a corpus stage decides as a whole
            row["without"] = gains.get(row["stage"])


def _overlap(masks: list[RuleMask]) -> dict[str, Any]:
    stack = np.array([mask.fails for mask in masks], dtype=np.float32)
    shared = (stack @ stack.T).astype(int) if len(masks) else np.zeros((0, 0), dtype=int)
    return {"rules": [f"{mask.stage}:{mask.rule}" for mask in masks], "documents": shared.tolist()}


def slice_matrix(decided: Decided, visits: tuple[Visit, ...], slices: dict[str, np.ndarray]) -> dict[str, Any]:
    """For each kind of slice: its documents, how many are kept, and how many each rule removes in sequence."""
    read = decided.left_at >= 0
    found: dict[str, Any] = {}
    for kind, values in slices.items():
        rows = []
        for name in sorted(set(values[read].tolist())):
            inside = (values == name) & read
            removed: dict[str, int] = {}
            for place, visit in enumerate(visits):
                gone = inside & (decided.left_at == place)
                for code in np.unique(decided.rule[gone]):
                    removed[f"{visit.step.name}:{decided.rules[code]}"] = int((decided.rule[gone] == code).sum())
            kept = int((inside & (decided.how == KEPT)).sum())
            rows.append({"slice": name, "documents": int(inside.sum()), "kept": kept, "removed": removed})
        rows.sort(key=lambda row: -int(row["documents"]))
        found[kind] = rows
    return found
