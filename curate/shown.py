"""What a run shows beside its figures, examples.json: from sketches of its units and evidence of its decisions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curate.recipe import Recipe
from filters.chain import Step
from filters.contracts import Judge
from filters.document import Document
from filters.histogram import edges_of
from filters.rules import Rule
from filters.snippets import Concealer
from pipelines.inputs import READ
from pipelines.manifest import EvidenceRecord

FORMAT = 1
EXAMPLES_FILE = "examples.json"
_TEXTS = "examples"  # of evidence: pairs of duplicates with their texts


def without_texts(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence as run.json holds it."""
    return {name: value for name, value in evidence.items() if name != _TEXTS}


def of_run(recipe: Recipe, sketch: Mapping[str, Any], evidence: Iterable[EvidenceRecord]) -> dict[str, Any]:
    """What examples.json holds, stages in the order of the recipe.

    dropped     by stage and rule, documents nearest to the threshold first: id, url, language, value, threshold, text
    changed     by stage of a rewriter: rules that changed a document, its id, url, language, and pieces, [kind, text]
                (see filters/snippets.py)
    duplicates  by stage, pairs of a document that was dropped and the one kept in its place, side by side
    kept        documents that were kept
    signals     by stage and signal: rules with their bounds and languages, and bins, [low, high, documents that pass,
                documents that fail]; a bound that is null is infinite
    languages   documents and bytes kept, and documents dropped by "stage:rule"
    words       of the kept documents (runs of letters and digits; each Han or Hiragana character): how many, whether
                that is exact, and from how many documents it is estimated
    """
    stages = {name: place for place, name in enumerate([READ, *(step.name for step in recipe.steps)])}
    return {
        "format": FORMAT,
        "dropped": _in_order(sketch["dropped"], stages),
        "changed": _changed(_in_order(sketch["changed"], stages)),
        "duplicates": _duplicates(recipe, evidence, stages),
        "kept": [_without_rank(one) for one in sketch["kept"]],
        "signals": [one for step in recipe.steps for one in _signals(step, sketch["signals"])],
        "languages": [{"language": language, **counts} for language, counts in sketch["languages"].items()],
        "words": _words(sketch),
    }


def _without_rank(example: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in example.items() if name != "rank"}


def _in_order(groups: Sequence[Mapping[str, Any]], stages: Mapping[str, int]) -> list[dict[str, Any]]:
    found = [{**group, "examples": [_without_rank(one) for one in group["examples"]]} for group in groups]
    return sorted(found, key=lambda group: (stages.get(group["stage"], -1), group["rule"]))


def _changed(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By stage: a document that shows several rules once, and none of which nothing is left to be seen."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for group in groups:
        for one in group["examples"]:
            if one["pieces"]:
                of_stage = found.setdefault(group["stage"], {})
                key = json.dumps([one["id"], one["pieces"]])
                of_stage.setdefault(key, {"rules": [], **one})["rules"].append(group["rule"])
    return [{"stage": stage, "examples": list(examples.values())} for stage, examples in found.items()]


def _duplicates(recipe: Recipe, evidence: Iterable[EvidenceRecord], stages: Mapping[str, int]) -> list[dict[str, Any]]:
    concealer = Concealer(step.strategy for step in recipe.steps if step.strategy.conceals)
    found = []
    for record in evidence:
        pairs = [
            {**pair, **{name: concealer.excerpt(Document(pair["id"], pair[name])) for name in ("text", "kept_text")}}
            for pair in record.evidence.get(_TEXTS, [])[: recipe.output.examples]
        ]
        if pairs:
            found.append({"stage": record.stage, "pairs": pairs})
    return sorted(found, key=lambda group: stages.get(str(group["stage"]), -1))


def _signals(step: Step, sketched: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The signals of a stage in the order of its rules, then those without a rule."""
    found = next((one for one in sketched if one["stage"] == step.name), None)
    if found is None or not isinstance(step.strategy, Judge):
        return []
    bounds: dict[str, dict[tuple[str, str, float], list[str]]] = {}
    for language in found["languages"]:
        for rule in step.strategy.rules(language):
            for kind, bound in _bounds(rule):
                of_signal = bounds.setdefault(rule.signal, {})
                of_signal.setdefault((rule.name, kind, bound), []).append(language)
    names = [name for name in bounds if name in found["bins"]]
    names += [name for name in found["bins"] if name not in bounds]
    return [
        {
            "stage": step.name,
            "signal": name,
            "rules": [
                {"rule": rule, "bound": kind, "value": value, "languages": languages}
                for (rule, kind, value), languages in bounds.get(name, {}).items()
            ],
            "bins": [[*_edges(place), passed, failed] for place, passed, failed in found["bins"][name]],
        }
        for name in names
    ]


def _bounds(rule: Rule) -> list[tuple[str, float]]:
    """The bounds of a rule over a number, by kind."""
    kinds = ("at_least", "above", "at_most", "below")
    return [(kind, value) for kind in kinds if (value := getattr(rule, kind)) is not None and rule.one_of is None]


def _edges(place: int) -> list[float | None]:
    return [bound if abs(bound) != float("inf") else None for bound in edges_of(place)]


def _words(sketch: Mapping[str, Any]) -> dict[str, Any]:
    """The words of all kept documents, from the bytes of all and from the words of some."""
    kept = sum(counts["kept"] for counts in sketch["languages"].values())
    size = sum(counts["bytes"] for counts in sketch["languages"].values())
    sampled = len(sketch["words"])
    size_of_sample = sum(one[1] for one in sketch["words"])
    words = sum(one[2] for one in sketch["words"])
    estimate = round(words * size / size_of_sample) if size_of_sample else 0
    return {"words": estimate, "exact": sampled == kept, "documents": sampled}
