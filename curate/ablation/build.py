"""The report of an ablation as data: everything report.html shows, and report.json holds."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from curate.ablation import attribution, controls, pairs, sweeps
from curate.ablation.arms import Ablation
from curate.ablation.decide import DROPPED, FAILED, READ_STAGE, Decided, Decider
from curate.ablation.slices import slices_of
from curate.report.summary import summary

SAMPLE_CHARACTERS = 200


class Work(Protocol):
    """What the driver of an ablation lends to its report."""

    records: list[dict[str, Any]]
    decide_cpu_seconds: dict[str, float]

    def documents_of(self, decided: Decided, rows: Iterable[int]) -> dict[int, str]:
        """Texts of pages on an arm's final text path."""
        ...

    def texts_of(self, node: int, rows: Iterable[int]) -> dict[int, str]:
        """Texts of pages on a text path whose texts are stored."""
        ...


def build(ablation: Ablation, decider: Decider, decided: dict[str, Decided], work: Work) -> dict[str, Any]:
    """The report: arms (the base first) with funnel, differences and pairs; attribution, sweeps, gold, proxy, cost."""
    base = decided[ablation.base.name]
    visits = decider.scored.plan.arms[base.arm]
    slices = slices_of(decider, visits, ablation.slices)
    texts = _clean_texts(work)
    costs = _costs(decider, work)
    report: dict[str, Any] = {
        "kind": "ablation",
        "name": ablation.name,
        "description": ablation.description,
        "tokens": ablation.tokens,
        "pages": decider.scored.groups[base.group].rows,
        "seeds": ablation.seeds,
        "arms": [],
        "attribution": attribution.attribute(decider, base, visits),
        "slices": attribution.slice_matrix(base, visits, slices),
        "sweeps": [sweeps.sweep(ablation, one, decider, base, visits, texts) for one in ablation.sweeps],
        "edits": _edits(decider, work),
        "gold": _gold(ablation, decider, decided, work),
        "proxy": _proxy(ablation, decider, decided, work),
    }
    attribution.gains_from_arms(report["attribution"], _left_out(ablation, decider, decided))
    first = visits[0].number
    weights = decider.sizes(first, "bytes").astype(np.float64)
    for arm in ablation.arms:
        one = decided[arm.name]
        entry: dict[str, Any] = {
            "name": arm.name,
            "recipe": arm.recipe.filled(),
            "fingerprint": arm.recipe.fingerprint(),
            "input": list(arm.input),
            "pages": len(one.how),
            "stages": [_read_stage(decider, one), *_stages(one)],
            "kept": attribution.sizes(decider, one.node, one.kept),
            "dropped": int((one.how == DROPPED).sum()),
            "failed": int((one.how == FAILED).sum()),
            "cpu_seconds": _arm_cost(decider, arm.name, one, costs),
        }
        if one is not base:
            left, right = pairs.aligned(decider, base, one)
            entry["difference"] = controls.paired_difference(left, right, weights)
            entry["pair"] = pairs.compare(decider, base, one, slices, texts, ablation.samples)
            if "random-removal" in ablation.controls:
                entry["random_removal"] = _random(ablation, decider, base, one, weights)
        report["arms"].append(entry)
    report["summary"] = summary(report)
    return report


def _left_out(ablation: Ablation, decider: Decider, decided: dict[str, Decided]) -> dict[str, dict[str, int]]:
    """By stage, what an arm that is the base without that stage keeps more than the base."""
    base = decided[ablation.base.name]
    now = attribution.sizes(decider, base.node, base.kept)
    steps = ablation.base.recipe.steps
    found = {}
    for arm in ablation.arms[1:]:
        one = decided[arm.name]
        for place, step in enumerate(steps):
            if one.group == base.group and arm.recipe.steps == (*steps[:place], *steps[place + 1 :]):
                then = attribution.sizes(decider, one.node, one.kept)
                found[step.name] = {unit: then[unit] - now[unit] for unit in now}
    return found


def _read_stage(decider: Decider, decided: Decided) -> dict[str, Any]:
    """What the reader itself rejected, as the first row of a funnel."""
    out = decided.left_at == READ_STAGE
    pages = decider.scored.groups[decided.group]
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
        "bytes_kept": int(np.nan_to_num(pages.numbers("bytes"))[~out].sum()),
        "tokens_in": 0,
        "tokens_kept": 0,
        "dropped_by_rule": dict(sorted(counts[DROPPED].items())),
        "failed_by_reason": dict(sorted(counts[FAILED].items())),
    }


def _stages(decided: Decided) -> list[dict[str, Any]]:
    rows = []
    for stage in decided.stages:
        row = {name: value for name, value in vars(stage).items() if name not in ("by_rule", "by_reason")}
        row["in"] = row.pop("documents_in")
        row["dropped_by_rule"] = dict(sorted(stage.by_rule.items()))
        row["failed_by_reason"] = dict(sorted(stage.by_reason.items()))
        rows.append(row)
    return rows


def _clean_texts(work: Work) -> Callable[[Decided, list[int]], dict[int, str]]:
    """A function that gives texts fit to be shown: personal data replaced, then cut."""
    from filters import make
    from filters.chain import opened
    from filters.document import Document

    scrub = opened(make("pii/patterns", {"action": "replace"}))

    def texts(decided: Decided, rows: list[int]) -> dict[int, str]:
        found = {}
        for row, text in work.documents_of(decided, rows).items():
            clean = scrub(Document("sample", text[:20_000]))
            found[row] = clean.text[:SAMPLE_CHARACTERS] if isinstance(clean, Document) else ""
        return found

    return texts


def _random(
    ablation: Ablation, decider: Decider, base: Decided, one: Decided, weights: np.ndarray
) -> dict[str, Any] | None:
    """How much of what the arm keeps a random removal of as many bytes keeps too: what chance alone would give."""
    if one.group != base.group:
        return None
    shares, kept = [], int(one.kept.sum())
    for seed in range(ablation.seeds):
        chance = controls.random_removal(decider, base, one, seed)
        union = int((chance | one.kept).sum())
        shares.append(int((chance & one.kept).sum()) / union if union else 1.0)
    low, high = (float(bound) for bound in np.quantile(shares, [0.025, 0.975])) if shares else (0.0, 0.0)
    return {"seeds": ablation.seeds, "kept": kept, "jaccard": float(np.mean(shares)), "interval": [low, high]}


def _edits(decider: Decider, work: Work) -> list[dict[str, Any]]:
    """Characters that each rule of each rewriter changed, by text path, over all pages that reached it."""
    found: dict[int, dict[str, int]] = {}
    for record in work.records:
        for number, rules in record.get("edits", {}).items():
            book = found.setdefault(int(number), {})
            for rule, count in rules.items():
                book[rule] = book.get(rule, 0) + count
    return [
        {"path": decider.scored.plan.path(number), "characters": dict(sorted(rules.items()))}
        for number, rules in sorted(found.items())
        if rules
    ]


def _costs(decider: Decider, work: Work) -> dict[str, float]:
    """CPU seconds spent on every text path and measure, over all pages."""
    found = dict(work.decide_cpu_seconds)
    for record in work.records:
        for what, seconds in record.get("cpu", {}).items():
            found[what] = found.get(what, 0.0) + seconds
    return found


def _arm_cost(decider: Decider, arm: str, decided: Decided, costs: dict[str, float]) -> dict[str, float]:
    """What the arm's stages cost a run: measured over all pages, charged for those that are alive at the stage."""
    found: dict[str, float] = {}
    plan = decider.scored.plan
    for visit, stage in zip(plan.arms[arm], decided.stages, strict=True):
        if visit.kind == "text":
            node = plan.nodes[visit.number]
            spent = costs.get(f"node {node.number}", 0.0)
            reached = decider.reached(node.parent).sum() if node.parent >= 0 else stage.documents_in
        else:
            spent = costs.get(f"measure {visit.number}", 0.0)
            reached = decider.reached(plan.measures[visit.number].node).sum()
        share = stage.documents_in / int(reached) if reached else 0.0
        found[visit.step.name] = round(spent * min(1.0, share), 4)
    return found


def _gold(ablation: Ablation, decider: Decider, decided: dict[str, Decided], work: Work) -> list[dict[str, Any]]:
    if not ablation.gold:
        return []
    from curate.ablation.gold import score

    return score(ablation, decider, decided, work.texts_of)


def _proxy(ablation: Ablation, decider: Decider, decided: dict[str, Decided], work: Work) -> dict[str, Any] | None:
    if ablation.proxy is None:
        return None
    from curate.ablation.proxies.entrants import entrants
    from curate.ablation.proxies.judge import judge
    from curate.ablation.proxies.references import read_references

    references = read_references(ablation.proxy.references)
    return judge(entrants(ablation, decider, decided, work), references, ablation.proxy.bytes, ablation.proxy.seeds)
