"""Retention against a threshold, alone and jointly, from the scored table without another pass."""

from collections.abc import Callable
from typing import Any

import numpy as np

from curate.ablation.arms import Ablation, Sweep, with_setting
from curate.ablation.attribution import sizes
from curate.ablation.decide import DROPPED, KEPT, Decided, Decider
from curate.ablation.pairs import sample
from filters.contracts import Judge
from pipelines.scoring.score import Visit


def sweep(
    ablation: Ablation,
    one: Sweep,
    decider: Decider,
    base: Decided,
    visits: tuple[Visit, ...],
    texts: Callable[[Decided, list[int]], dict[int, str]],
) -> dict[str, Any]:
    """What is kept for every value of a setting: alone (only this stage decides, on its own text) and jointly (the
    whole recipe, corpus decisions made again), the value in use, and documents nearest to it on both sides.

    jointly is None for other values than the one in use where a corpus rewriter follows: its texts were not made.
    """
    place = next(index for index, visit in enumerate(visits) if visit.step.name == one.stage)
    visit = visits[place]
    strategy = visit.step.strategy
    in_use = getattr(strategy, one.setting)
    if not isinstance(strategy, Judge) or one.setting not in strategy.thresholds:
        return {"sweep": one.name, "in_use": _plain(in_use), "points": [], "why": "changes texts or scores: use arms"}
    again = not any(
        later.kind == "text" and decider.scored.plan.nodes[later.number].is_corpus for later in visits[place + 1 :]
    )
    points = []
    node = decider.scored.plan.measures[visit.number].node
    for value in one.values:
        recipe = with_setting(ablation.base.recipe, one.stage, one.setting, value)
        step = next(step for step in recipe.steps if step.name == one.stage)
        changed = Visit(step, visit.kind, visit.number, visit.language)
        alone = decider.reached(node)
        for where, rules in decider.rules_by_language(changed):
            for rule in rules:
                alone = alone & ~(where & decider.failing(changed, rule))
        jointly = None
        if again:
            joint = decider.decide(base.arm, (*visits[:place], changed, *visits[place + 1 :]), funnel=False)
            jointly = sizes(decider, base.node, joint.how == KEPT)
        elif getattr(step.strategy, one.setting) == in_use:  # the setting as it is built: a list may be a tuple
            jointly = sizes(decider, base.node, base.how == KEPT)
        points.append(
            {
                "value": _plain(value),
                "in_use": getattr(step.strategy, one.setting) == in_use,
                "alone": sizes(decider, node, alone),
                "jointly": jointly,
            }
        )
    reached = sizes(decider, node, decider.reached(node))
    return {
        "sweep": one.name,
        "in_use": _plain(in_use),
        "of": reached,
        "points": points,
        "nearest": _nearest(decider, base, visit, texts),
    }


def _nearest(
    decider: Decider, base: Decided, visit: Visit, texts: Callable[[Decided, list[int]], dict[int, str]], most: int = 3
) -> list[dict[str, Any]]:
    """Documents whose values lie nearest to the limit in use, on both sides, of those with a stored text.

    passes is what the rule alone says of a document, kept and outcome what became of it in the base.
    """
    found: list[dict[str, Any]] = []
    ids = decider.scored.groups[base.group].strings("id")
    for where, rules in decider.rules_by_language(visit):
        for rule in rules:
            bound = next((b for b in (rule.at_least, rule.above, rule.at_most, rule.below) if b is not None), None)
            if bound is None or rule.one_of is not None:
                continue
            values = decider.value_of(visit, rule)
            distance = np.abs(values - bound)
            distance[~where | np.isnan(values)] = np.inf
            fails = decider.failing(visit, rule)
            for side in (False, True):
                rows = np.flatnonzero((fails == side) & np.isfinite(distance))
                rows = _first(rows, distance, ids, most)
                near = sample(decider, base, np.isin(np.arange(len(ids)), rows), most)
                shown = texts(base, near)
                found += [
                    {"id": ids[row], "rule": rule.name, "value": float(values[row]), "threshold": bound,
                     "passes": not side, "kept": bool(base.kept[row]), "outcome": _outcome(base, row),
                     "text": shown.get(row, "")}
                    for row in near
                ]  # fmt: skip
    return found[:24]


def _outcome(decided: Decided, row: int) -> str:
    """What an arm does with a page that it read: kept, or what removed it."""
    if decided.kept[row]:
        return "kept"
    how = "dropped by" if decided.how[row] == DROPPED else "failed at"
    return f"{how} {decided.stages[decided.left_at[row]].stage}:{decided.rules[decided.rule[row]]}"


def _first(rows: np.ndarray, distance: np.ndarray, ids: np.ndarray, most: int) -> np.ndarray:
    """The rows of smallest distance, ties by id: the order of files and units does not matter."""
    if len(rows) > most:
        rows = rows[distance[rows] <= np.partition(distance[rows], most - 1)[most - 1]]
    return np.array(sorted(rows.tolist(), key=lambda row: (distance[row], ids[row]))[:most], dtype=np.int64)


def _plain(value: Any) -> Any:
    from filters.contracts import settings_of

    return settings_of(value)
