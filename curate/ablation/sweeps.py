"""Retention against a threshold, alone and jointly, from the scored table without another pass."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from curate.ablation.arms import Arm, Sweep
from curate.ablation.changes import with_setting
from curate.ablation.decide import DecidedArm, Decider
from curate.ablation.joint import with_value
from curate.ablation.pairs import ShownTexts, sample
from curate.ablation.scored import DROPPED
from filters.contracts import settings_of
from filters.rules import Rule
from pipelines.scoring.plan import JudgeVisit, Visit, texts_depend_on


def sweep(
    arm: Arm,
    one: Sweep,
    decider: Decider,
    decided: DecidedArm,
    visits: Sequence[Visit],
    texts: ShownTexts,
    joint: Mapping[str, dict[str, int]],
) -> dict[str, Any]:
    """What is kept for every value of a setting: alone (only this stage decides, on its own text) and jointly (the
    whole recipe, with corpus decisions repeated), the value in use, and documents nearest to it on both sides.

    jointly is None for other values than the one in use where a corpus rewriter follows and did not run again.

    arm, decided, visits  of the arm that has the stage
    joint                 what variants keep for which it ran again (see joint.py)
    """
    place = next(index for index, visit in enumerate(visits) if visit.step.name == one.stage)
    visit = visits[place]
    in_use = settings_of(visit.step.strategy)[one.setting]
    named = {"sweep": one.name, "in_use": in_use}
    if not isinstance(visit, JudgeVisit) or one.setting not in visit.judge.thresholds:
        return {**named, "points": [], "why": "changes texts or scores: use arms"}
    scored = decider.scored
    points = []
    rules_by_value = [_rules(decider, visit)]
    node = scored.node_of(visit.measure)
    for value in one.values:
        recipe = with_setting(arm.recipe, one.stage, one.setting, value)
        step = next(step for step in recipe.steps if step.name == one.stage)
        changed = replace(visit, step=step)
        rules_by_value.append(_rules(decider, changed))
        alone = scored.reached(node)
        for where, rules in decider.rules_by_language(changed):
            for rule in rules:
                alone = alone & ~(where & decider.failing(changed, rule))
        is_in_use = step.strategy == visit.step.strategy
        jointly = joint.get(with_value(one, value))
        if not texts_depend_on(visits[place + 1 :]):
            whole = decider.decide(decided.arm, (*visits[:place], changed, *visits[place + 1 :]), funnel=False)
            jointly = scored.sizes(decided.node, whole.kept)
        elif is_in_use:
            jointly = scored.sizes(decided.node, decided.kept)
        points.append(
            {
                "value": settings_of(value),
                "in_use": is_in_use,
                "alone": scored.sizes(node, alone),
                "jointly": jointly,
            }
        )
    in_use_rules, *others = rules_by_value
    moved = in_use_rules.union(*others) - in_use_rules.intersection(*others)
    return {
        **named,
        "of": scored.sizes(node, scored.reached(node)),
        "points": points,
        "nearest": _nearest(decider, decided, visit, {rule.name for rule in moved}, texts),
    }


def _rules(decider: Decider, visit: JudgeVisit) -> set[Rule]:
    """The rules of a judge for all languages that it met."""
    return {rule for _, rules in decider.rules_by_language(visit) for rule in rules}


def _nearest(
    decider: Decider,
    decided: DecidedArm,
    visit: JudgeVisit,
    names: Set[str],
    texts: ShownTexts,
    most: int = 3,
) -> list[dict[str, Any]]:
    """Documents whose values lie nearest to the limit in use, on both sides, for the rules of these names.

    threshold is the nearer one where a rule has two limits: one that a document breaks is always the nearer.
    passes is what the rule alone says of a document, kept and outcome what became of it in the arm.
    """
    found: list[dict[str, Any]] = []
    ids = decider.scored.groups[decided.group].ids
    for where, rules in decider.rules_by_language(visit):
        for rule in rules:
            bounds = [b for b in (rule.at_least, rule.above, rule.at_most, rule.below) if b is not None]
            if not bounds or rule.one_of is not None or rule.name not in names:
                continue
            values = decider.scored.signal(visit.measure, rule.signal)
            distances = np.abs(np.subtract.outer(bounds, values))
            distance = distances.min(axis=0)
            distance[~where | np.isnan(values)] = np.inf
            fails = decider.failing(visit, rule)
            for side in (False, True):
                rows = np.flatnonzero((fails == side) & np.isfinite(distance))
                rows = _first(rows, distance, ids, most)
                near = sample(decider.scored, decided, np.isin(np.arange(len(ids)), rows), most)
                shown = texts(decided, near)
                found += [
                    {"id": ids[row], "rule": rule.name, "value": float(values[row]),
                     "threshold": bounds[int(distances[:, row].argmin())],
                     "passes": not side, "kept": bool(decided.kept[row]), "outcome": _outcome(decided, row),
                     "text": shown.get(row, "")}
                    for row in near
                ]  # fmt: skip
    return found[:24]


def _outcome(decided: DecidedArm, row: int) -> str:
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
