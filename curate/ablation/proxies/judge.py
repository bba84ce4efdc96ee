"""The proxy part of a report: costs of all arms by seed and reference, controls, and a decision about every pair."""

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curate.ablation.proxies import mixture, samples, wording
from curate.ablation.proxies.byte_ngram import BYTE_NGRAM
from curate.ablation.proxies.contract import Proxy
from curate.ablation.proxies.decisions import LEAST_SEEDS, Costs
from curate.ablation.proxies.duplicates import repeated_share
from curate.ablation.proxies.references import References
from curate.ablation.proxies.samples import Sample, Source
from curate.ablation.proxies.unigram import UNIGRAM

DECIDES, EXPLAINS = BYTE_NGRAM, UNIGRAM
PROXIES = (DECIDES, EXPLAINS)
SHUFFLED, DUPLICATED, REMOVED = "words shuffled", "half duplicated", "random removal"
MOST_OF_AN_ARM = 1 / 2  # in one sample: what is left is what other seeds can draw
SMALL = 1 / 10  # of the base's text: an arm that keeps less, and too little for the budget, is not judged
SHORT = 0.98  # of the budget: a sample below it was not trained on equal bytes


@dataclass(frozen=True)
class Entrant:
    """An arm to be judged. dedup: equal for arms that deduplicate alike."""

    name: str
    source: Source
    dedup: Hashable = ()


@dataclass
class Layout:
    """What a design found (equal bytes, or equal bytes of each stratum): costs of arms by proxy, reference and seed."""

    names: list[str] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    costs: dict[tuple[str, str], list[list[float]]] = field(default_factory=dict)
    notes: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, name: str, drawn: Sequence[Sample], share: float, ask: Mapping[str, Callable[..., Any]]) -> None:
        """Train on an arm's samples, one a seed, each a share of the arm's text."""
        self.names.append(name)
        self.shares.append(share)
        overlapping = sum(one.overlapping for one in drawn)
        self.notes[name] = {"bytes": min(one.bytes for one in drawn), "overlapping": overlapping}
        for proxy, costs_of in ask.items():
            by_seed = [costs_of(one.texts) for one in drawn]
            for reference in by_seed[0]:
                self.costs.setdefault((proxy, reference), []).append([costs[reference] for costs in by_seed])

    def of(self, proxy: Proxy, reference: str) -> Costs:
        """Costs of one proxy and reference. Chance is estimated from the arms that have documents of their own."""
        noise = [name not in (SHUFFLED, DUPLICATED) for name in self.names]
        return Costs(np.array(self.costs[proxy.name, reference]), self.shares, noise)


def judge(entrants: Sequence[Entrant], references: References, most: int, seeds: int) -> dict[str, Any]:
    """Judge arms, the base first.

    most  bytes of each arm to train on, at most; less where an arm keeps too little

    Returns what report.json holds under `proxy`; docs/ablation.md says what its parts are.
    """
    base, common = entrants[0], Counter(one.dedup for one in entrants)
    found: dict[str, Any] = {
        "bytes": 0,
        "limited_by": None,
        "seeds": seeds,
        "references": [
            {"name": name, "texts": len(references.texts[name]), "bytes": size, "tells": False, "shuffled": None}
            for name, size in references.sizes.items()
        ],
        "tables": [],
        "mixture": None,
        "random_removal_differs": [],
        "pairs": [],
        "tested": 0,
        "dedup": [one.name for one in entrants if one.dedup != base.dedup],
        "duplicates": _duplicates(entrants),
        "left_out": [],
        "caveat": wording.CAVEAT,
    }
    judged = [one for one in entrants if one is base or common[one.dedup] > 1]
    judged, found["left_out"] = _large_enough(judged, most)
    if judged:
        _decide(found, judged, references, most, seeds)
    return {**found, "sentences": wording.sentences(found)}


def _decide(found: dict[str, Any], judged: list[Entrant], references: References, most: int, seeds: int) -> None:
    base = judged[0]
    removed = Entrant(REMOVED, samples.randomly_removed(base.source), base.dedup)
    smallest = min((*judged, removed), key=lambda one: one.source.bytes)
    budget = min(most, int(smallest.source.bytes * MOST_OF_AN_ARM))
    if not budget:
        return
    found.update(bytes=budget, limited_by=smallest.name if budget < most else None)
    available, alike = mixture.in_common(base.name, {one.name: one.source.by_stratum() for one in judged})
    held = mixture.quotas(available, min(budget, int(sum(available.values()) * MOST_OF_AN_ARM)))
    plain, fixed = Layout(), Layout()
    ask = {proxy.name: proxy.open(references.texts) for proxy in PROXIES}
    for one in (*judged, removed):  # the texts of one arm are held at a time
        drawn = _samples(one.source.without_strata(), {"": budget}, seeds, references)
        plain.add(one.name, drawn, budget / one.source.bytes, ask)
        if one is base:
            shuffled = [_like(each, samples.words_shuffled(each.texts, seed)) for seed, each in enumerate(drawn)]
            plain.add(SHUFFLED, shuffled, budget / one.source.bytes, ask)
            twice = [_like(each, samples.half_duplicated(each.texts)) for each in drawn]
            plain.add(DUPLICATED, twice, budget / one.source.bytes, ask)
        if one.name in alike and any(held.values()):
            share = mixture.share(held, one.source.by_stratum())
            fixed.add(one.name, _samples(one.source, held, seeds, references), share, ask)
        one.source.forget()
    found["mixture"] = {"bytes": sum(held.values()), "kinds": len(held), "arms": fixed.names}
    for reference in found["references"]:
        shuffled_words = plain.of(DECIDES, reference["name"]).difference(0, plain.names.index(SHUFFLED))
        reference.update(tells=shuffled_words.sign > 0, shuffled=shuffled_words.as_dict())
        if plain.of(DECIDES, reference["name"]).difference(0, plain.names.index(REMOVED)).sign:
            found["random_removal_differs"].append(reference["name"])
    dedup = {one.name: one.dedup for one in judged}
    found["tables"] = [_table(proxy, plain, found, dedup) for proxy in PROXIES]
    found["pairs"] = [_pair(left, right, plain, fixed, found) for left, right in itertools.combinations(judged, 2)]
    decisions = [row["decision"] for pair in found["pairs"] for row in pair["references"].values()]
    found["tested"] = sum(one != "none" for one in decisions)


def _large_enough(entrants: Sequence[Entrant], most: int) -> tuple[list[Entrant], list[dict[str, str]]]:
    """Those that keep enough, the base first (none where the base keeps nothing), and why the others are left out."""
    base = entrants[0].source.bytes
    judged, left_out = [], []
    for one in entrants:
        size = one.source.bytes
        if not size:
            left_out.append({"arm": one.name, "why": "it keeps no text"})
        elif size < base * SMALL and size * MOST_OF_AN_ARM < most:
            left_out.append({"arm": one.name, "why": f"it keeps {size:,} bytes of text, under a tenth of the base's"})
        else:
            judged.append(one)
    return (judged if base else []), left_out


def _samples(source: Source, quotas: Mapping[str, int], seeds: int, references: References) -> list[Sample]:
    return [samples.sample(source, quotas, seed, references.overlaps) for seed in range(seeds)]


def _like(drawn: Sample, texts: list[str]) -> Sample:
    return Sample(texts, drawn.bytes, drawn.overlapping)


def _table(proxy: Proxy, plain: Layout, found: Mapping[str, Any], dedup: Mapping[str, Hashable]) -> dict[str, Any]:
    """A proxy's costs, and differences to the base of the arms that deduplicate as it does."""
    base = plain.names[0]
    rows = []
    for number, name in enumerate(plain.names):
        kind = "base" if name == base else "control" if name not in dedup else "arm"
        row: dict[str, Any] = {"arm": name, "kind": kind, "costs": None, "differences": None, **plain.notes[name]}
        if dedup.get(name, dedup[base]) == dedup[base]:
            layouts = {one["name"]: plain.of(proxy, one["name"]) for one in found["references"]}
            row["costs"] = {reference: float(costs.means[number]) for reference, costs in layouts.items()}
            if name != base:
                row["differences"] = {
                    reference: costs.difference(0, number).as_dict() for reference, costs in layouts.items()
                }
        rows.append(row)
    rows.sort(key=lambda row: row["kind"] == "control")
    return {"proxy": proxy.name, "about": proxy.about, "decides": proxy is DECIDES, "rows": rows}


def _pair(left: Entrant, right: Entrant, plain: Layout, fixed: Layout, found: Mapping[str, Any]) -> dict[str, Any]:
    """A decision for each reference, or why there is none. Differences are right minus left."""
    pair: dict[str, Any] = {"left": left.name, "right": right.name, "why": None, "references": {}}
    short = [one.name for one in (left, right) if plain.notes[one.name]["bytes"] < SHORT * found["bytes"]]
    if left.dedup != right.dedup:
        pair["why"] = wording.NO_VERDICT_FOR_DEDUP
    elif short:
        pair["why"] = wording.too_short(short, plain.notes, found["bytes"])
    else:
        for reference in found["references"]:
            row = _decision(left.name, right.name, reference, plain, fixed)
            if found["seeds"] < LEAST_SEEDS:
                row["decision"] = "none"
            pair["references"][reference["name"]] = row
    signs = {row["decision"] for row in pair["references"].values()}
    pair["choice"] = {"nearer", "farther"} <= signs
    for name, row in pair["references"].items():
        row["verdict"] = wording.verdict(pair, name, row, found)
    return pair


def _decision(left: str, right: str, reference: Mapping[str, Any], plain: Layout, fixed: Layout) -> dict[str, Any]:
    """decision is nearer or farther (right, from the reference), shift, undecided, or none where it cannot tell."""
    numbers = plain.names.index(left), plain.names.index(right)
    difference = plain.of(DECIDES, reference["name"]).difference(*numbers)
    words = plain.of(EXPLAINS, reference["name"]).difference(*numbers)
    held = None
    if left in fixed.names and right in fixed.names:
        numbers = fixed.names.index(left), fixed.names.index(right)
        held = fixed.of(DECIDES, reference["name"]).difference(*numbers)
    decision = {-1: "nearer", 0: "undecided", 1: "farther"}[difference.sign]
    if difference.sign and held is not None and held.value * difference.sign < 0:
        decision = "shift"
    return {
        "decision": decision if reference["tells"] else "none",
        **difference.as_dict(),
        "held_fixed": held.as_dict() if held else None,
        "held_fixed_decides": bool(held and held.sign == difference.sign),
        "words_alone": bool(difference.sign and words.sign == difference.sign),
    }


def _duplicates(entrants: Sequence[Entrant]) -> list[dict[str, Any]]:
    """The share of repeated text in all arms, where some differ in deduplication."""
    if len({one.dedup for one in entrants}) < 2:
        return []
    return [{"arm": one.name, "repeated": repeated_share(one.source)} for one in entrants if one.source.bytes]
