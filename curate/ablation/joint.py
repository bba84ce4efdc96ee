"""What values of sweeps and left-out rules keep where a corpus rewriter follows: it runs again for them.

A limit changes no text before the next corpus rewriter, so up to there such a variant of an arm is decided from the
scored table. What the rewriter cuts depends on which documents come to it: a variant is scored again only if others
come than in its arm, and variants with the same documents are scored once.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from curate.ablation.arms import BASE, Ablation, Sweep
from curate.ablation.changes import with_setting
from curate.ablation.decide import Decider
from filters.chain import Step
from filters.contracts import settings_of
from pipelines.scoring.plan import JudgeVisit, LeftOut, Plan, TextVisit, Visit, make_plan, texts_depend_on


@dataclass(frozen=True)
class Variant:
    """An arm with another limit at one place, or with a rule or a stage left out there.

    steps  the arm's, with the limit          left_out  what decides nothing
    """

    arm: str
    place: int
    steps: tuple[Step, ...]
    left_out: LeftOut | None = None


@dataclass(frozen=True)
class Joint:
    """The variants of an ablation whose texts depend on a corpus rewriter after them.

    plan     that of the arms, continued with what is scored for variants under their names
    same_as  by variant, the arm or the variant of the plan that brings the same documents to the next corpus rewriter
    again    by corpus rewriter that has to run again, the one of an arm that stands in its place
    """

    plan: Plan
    same_as: Mapping[str, str]
    again: Mapping[int, int]

    def told(self, cpu_seconds: Mapping[int, float]) -> str:
        """A line on what this will cost. cpu_seconds: of the arms' corpus rewriters and the scoring after each."""
        runs = Counter(self.plan.nodes[number].step.name for number in self.again)
        again = " and ".join(
            f"{name} runs again {count:,} time{'s' if count != 1 else ''}" for name, count in sorted(runs.items())
        )
        alike = len(self.same_as) - sum(name == other for name, other in self.same_as.items())
        about = sum(cpu_seconds.get(number, 0.0) for number in self.again.values())
        return (
            f"jointly: {len(self.same_as):,} values, rules and stages come before a corpus rewriter, {alike:,} of them "
            f"with the same documents as others; {again or 'nothing runs again'}, about {about:,.0f} CPU s"
        )

    def sizes(self, decider: Decider) -> dict[str, dict[str, int]]:
        """Documents, bytes and tokens that each variant keeps, by name. The plan must be scored."""
        found = {}
        for name in dict.fromkeys(self.same_as.values()):
            decided = decider.decide(name, self.plan.arms[name], self.plan.left_out.get(name), funnel=False)
            found[name] = decider.scored.sizes(decided.node, decided.kept)
        return {variant: found[name] for variant, name in self.same_as.items()}


def with_value(sweep: Sweep, value: Any) -> str:
    """What an arm with a value of a sweep is called. No arm of a file has a space in its name."""
    return f"{sweep.arm} with {sweep.stage}.{sweep.setting} {settings_of(value)!r}"


def without(arm: str, left_out: LeftOut) -> str:
    """What an arm is called in which something decides nothing."""
    return f"{arm} without {left_out.stage}" + (f":{left_out.rule}" if left_out.rule else "")


def find(ablation: Ablation, decider: Decider) -> Joint:
    """The variants of an ablation, decided up to the next corpus rewriter. The arms must be scored."""
    plan = decider.scored.plan
    seen: dict[tuple[str, int, bytes], str] = {}
    chosen: dict[str, Variant] = {}
    same_as: dict[str, str] = {}
    for name, variant in _variants(ablation, decider):
        visits = plan.arms[variant.arm]
        after = next(place for place in range(variant.place + 1, len(visits)) if texts_depend_on([visits[place]]))
        usual = _comes(decider, variant.arm, visits[:after], None)
        seen.setdefault((variant.arm, after, usual), variant.arm)
        changed = replace(visits[variant.place], step=variant.steps[variant.place])
        before = (*visits[: variant.place], changed, *visits[variant.place + 1 : after])
        key = variant.arm, after, _comes(decider, variant.arm, before, variant.left_out)
        same_as[name] = seen.setdefault(key, name)
        if same_as[name] == name:
            chosen[name] = variant
    arms = {arm.name: (arm.recipe.steps, _group(plan, arm.name)) for arm in ablation.arms}
    more = {name: (variant.steps, _group(plan, variant.arm)) for name, variant in chosen.items()}
    left_out = {name: variant.left_out for name, variant in chosen.items() if variant.left_out is not None}
    continued = make_plan({**arms, **more}, left_out)
    again = {
        visit.node.number: usual.node.number
        for name, variant in chosen.items()
        for visit, usual in zip(continued.arms[name], plan.arms[variant.arm], strict=True)
        if isinstance(visit, TextVisit) and isinstance(usual, TextVisit) and visit.node.is_corpus
        if visit.node.number >= len(plan.nodes)
    }
    return Joint(continued, same_as, again)


def _group(plan: Plan, arm: str) -> int:
    first = plan.arms[arm][0]
    if not isinstance(first, TextVisit):
        raise TypeError(f"{first.step.name} makes no text")
    return first.node.group


def _comes(decider: Decider, arm: str, before: Sequence[Visit], left_out: LeftOut | None) -> bytes:
    """A digest of which pages are alive after some steps."""
    alive = decider.decide(arm, before, left_out, funnel=False).kept
    return hashlib.blake2b(np.packbits(alive).tobytes()).digest()


def _variants(ablation: Ablation, decider: Decider) -> Iterator[tuple[str, Variant]]:
    """Values of sweeps that are not in use, then stages and rules of the base, with a corpus rewriter after them."""
    plan = decider.scored.plan
    for sweep in ablation.sweeps:
        recipe = ablation.arm(sweep.arm).recipe
        place = next(place for place, step in enumerate(recipe.steps) if step.name == sweep.stage)
        visits = plan.arms[sweep.arm]
        visit = visits[place]
        if not isinstance(visit, JudgeVisit) or sweep.setting not in visit.judge.thresholds:
            continue
        for value in sweep.values if texts_depend_on(visits[place + 1 :]) else ():
            steps = with_setting(recipe, sweep.stage, sweep.setting, value).steps
            if steps != recipe.steps:
                yield with_value(sweep, value), Variant(sweep.arm, place, steps)
    known = ablation.without()
    steps, visits = ablation.base.recipe.steps, plan.arms[BASE]
    for place, visit in enumerate(visits):
        if isinstance(visit, TextVisit) or not texts_depend_on(visits[place + 1 :]):
            continue
        parts = [LeftOut(visit.step.name)] if visit.step.name not in known else []
        if isinstance(visit, JudgeVisit):
            rules = dict.fromkeys(rule.name for _, rules in decider.rules_by_language(visit) for rule in rules)
            parts += [LeftOut(visit.step.name, rule) for rule in rules]
        for left_out in parts:
            yield without(BASE, left_out), Variant(BASE, place, steps, left_out)
