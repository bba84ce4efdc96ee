"""The report of an ablation as data: what report.json holds and report.html shows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from curate.ablation import agreement, attribution, controls, edits, gold, pairs, recall, sweeps
from curate.ablation.arms import Ablation, Sweep
from curate.ablation.costs import Costs
from curate.ablation.decide import READ_STAGE, DecidedArm, Decider
from curate.ablation.pairs import ShownTexts
from curate.ablation.proxies import entrants
from curate.ablation.scored import DROPPED, FAILED, Scored, StoredTexts
from curate.ablation.slices import slices_of
from curate.report.summary import summary
from filters import make
from filters.chain import opened
from filters.document import Document
from pipelines.scoring.plan import TextVisit

SAMPLE_CHARACTERS = 200


def build(
    ablation: Ablation,
    decider: Decider,
    decided: dict[str, DecidedArm],
    costs: Costs,
    stored: StoredTexts,
    joint: Mapping[str, dict[str, int]],
) -> dict[str, Any]:
    """The report: arms (the base first) with funnel, differences and pairs; attribution, sweeps, gold, proxy, cost.

    stored  gives the stored texts of pages on a text path
    joint   what variants of arms keep for which corpus rewriters ran again, by name (see joint.py)
    """
    base = decided[ablation.base.name]
    visits = decider.scored.plan.arms[base.arm]
    scored = decider.scored
    first = scored.plan.lineage(base.node)[0]
    slices = slices_of(scored, first, visits, ablation.slices)
    texts = _shown(stored)
    report: dict[str, Any] = {
        "kind": "ablation",
        "name": ablation.name,
        "description": ablation.description,
        "tokens": ablation.tokens,
        "pages": scored.groups[base.group].rows,
        "seeds": ablation.seeds,
        "arms": [],
        "attribution": attribution.attribute(decider, base, visits, joint),
        "recall": recall.recall(decider, base, visits),
        "slices": attribution.slice_matrix(base, visits, slices),
        "sweeps": [_sweep(ablation, one, decider, decided, texts, joint) for one in ablation.sweeps],
        "edits": _edits(scored, costs),
        "gold": gold.score(ablation, scored, stored),
        "proxy": entrants.judged(ablation, scored, decided, stored),
    }
    attribution.gains_from_arms(report["attribution"], _left_out(ablation, scored, decided))
    weights = scored.bytes(first).astype(np.float64)
    chance = {}
    if "random-removal" in ablation.controls:
        others = [decided[arm.name] for arm in ablation.arms[1:] if decided[arm.name].group == base.group]
        chance = controls.random_removals(scored, base, others, ablation.seeds)
    for arm in ablation.arms:
        one = decided[arm.name]
        entry: dict[str, Any] = {
            "name": arm.name,
            "recipe": arm.recipe.filled(),
            "fingerprint": arm.recipe.fingerprint(),
            "input": list(arm.input),
            "pages": len(one.how),
            "stages": [_read_stage(scored, one), *_stages(one)],
            "kept": scored.sizes(one.node, one.kept),
            "dropped": int((one.how == DROPPED).sum()),
            "failed": int((one.how == FAILED).sum()),
            "corpus": decider.evidence(one, scored.plan.arms[arm.name]),
            "cpu_seconds": _arm_cost(scored, arm.name, one, costs),
        }
        if one is not base:
            left, right = pairs.aligned(scored, base, one)
            entry["difference"] = controls.paired_difference(left, right, weights)
            entry["pair"] = pairs.compare(scored, base, one, slices, texts, ablation.samples)
            entry["changed"] = edits.changed_texts(ablation, arm, scored, base, one, stored)
            if "random-removal" in ablation.controls:
                entry["random_removal"] = _random(one, chance.get(one.arm))
        report["arms"].append(entry)
    alike = [one for one in decided.values() if one.group == base.group]
    report["agreement"] = agreement.agreement(scored, alike, texts, ablation.samples)
    report["summary"] = summary(report)
    return report


def _sweep(
    ablation: Ablation,
    one: Sweep,
    decider: Decider,
    decided: dict[str, DecidedArm],
    texts: ShownTexts,
    joint: Mapping[str, dict[str, int]],
) -> dict[str, Any]:
    arm = ablation.arm(one.arm)
    return sweeps.sweep(arm, one, decider, decided[arm.name], decider.scored.plan.arms[arm.name], texts, joint)


def _left_out(ablation: Ablation, scored: Scored, decided: dict[str, DecidedArm]) -> dict[str, dict[str, int]]:
    """By stage, how much more an arm keeps that is the base without that stage."""
    base = decided[ablation.base.name]
    now = scored.sizes(base.node, base.kept)
    found = {}
    for stage, arm in ablation.without().items():
        one = decided[arm.name]
        then = scored.sizes(one.node, one.kept)
        found[stage] = {unit: then[unit] - now[unit] for unit in now}
    return found


def _read_stage(scored: Scored, decided: DecidedArm) -> dict[str, Any]:
    """What the reader itself rejected, as the first row of a funnel."""
    out = decided.left_at == READ_STAGE
    pages = scored.groups[decided.group]
    counts: dict[int, dict[str, int]] = {DROPPED: {}, FAILED: {}}
    for how, book in counts.items():
        codes, numbers = np.unique(decided.rule[out & (decided.how == how)], return_counts=True)
        book.update({decided.rules[code]: int(number) for code, number in zip(codes, numbers, strict=True)})
    return {
        "stage": "read",
        "strategy": "read",
        "in": len(out),
        "kept": int((~out).sum()),
        "dropped": sum(counts[DROPPED].values()),
        "failed": sum(counts[FAILED].values()),
        "bytes_in": 0,
        "bytes_kept": int(pages.bytes[~out].sum()),
        "tokens_in": 0,
        "tokens_kept": 0,
        "dropped_by_rule": dict(sorted(counts[DROPPED].items())),
        "failed_by_reason": dict(sorted(counts[FAILED].items())),
    }


def _stages(decided: DecidedArm) -> list[dict[str, Any]]:
    rows = []
    for stage in decided.stages:
        row = {name: value for name, value in vars(stage).items() if name not in ("by_rule", "by_reason")}
        row["in"] = row.pop("documents_in")
        row["dropped_by_rule"] = dict(sorted(stage.by_rule.items()))
        row["failed_by_reason"] = dict(sorted(stage.by_reason.items()))
        rows.append(row)
    return rows


def _shown(stored: StoredTexts) -> ShownTexts:
    """A function that gives texts fit to be shown: personal data replaced, then cut."""
    scrub = opened(make("pii/patterns", {"action": "replace"}))

    def texts(decided: DecidedArm, rows: list[int]) -> dict[int, str]:
        found = {}
        for row, text in stored(decided.node, rows).items():
            clean = scrub(Document("sample", text[:20_000]))
            found[row] = clean.text[:SAMPLE_CHARACTERS] if isinstance(clean, Document) else ""
        return found

    return texts


def _random(one: DecidedArm, shares: list[float] | None) -> dict[str, Any] | None:
    """How much of what the arm keeps a random removal of as many bytes keeps too: what chance alone would give."""
    if shares is None:
        return None
    low, high = (float(bound) for bound in np.quantile(shares, [0.025, 0.975])) if shares else (0.0, 0.0)
    kept = int(one.kept.sum())
    return {"seeds": len(shares), "kept": kept, "jaccard": float(np.mean(shares)), "interval": [low, high]}


def _edits(scored: Scored, costs: Costs) -> list[dict[str, Any]]:
    """Characters that each rule of each rewriter changed, by text path, over all pages that reached it."""
    return [
        {"path": scored.plan.described(scored.plan.nodes[number]), "characters": dict(sorted(rules.items()))}
        for number, rules in sorted(costs.edits.items())
        if rules
    ]


def _arm_cost(scored: Scored, arm: str, decided: DecidedArm, costs: Costs) -> dict[str, float]:
    """What the arm's stages cost a run: measured over all pages, charged for those that are alive at the stage."""
    found: dict[str, float] = {}
    for visit, stage in zip(scored.plan.arms[arm], decided.stages, strict=True):
        if isinstance(visit, TextVisit):
            spent = costs.of_nodes.get(visit.node.number, 0.0)
            parent = scored.plan.parent(visit.node)
            reached = int(scored.reached(parent).sum()) if parent is not None else stage.documents_in
        else:
            spent = costs.of_measures.get(visit.measure.number, 0.0)
            reached = int(scored.reached(scored.node_of(visit.measure)).sum())
        share = stage.documents_in / reached if reached else 0.0
        found[visit.step.name] = round(spent * min(1.0, share), 4)
    return found
