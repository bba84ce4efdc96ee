"""What a report says about proxies: no sentence says more than the figures beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from curate.ablation.proxies.decisions import LEAST_SEEDS

CAVEAT = (
    "A small n-gram model trained on each arm says which arm's text is nearer to the reference texts, in bits a byte. "
    "It does not say which text trains the better model. In one comparison with transformers of a million parameters "
    "(English, 12 arms, two seeds) it had their sign in 94 to 96 % of the differences that were beyond chance there; "
    "larger models and other languages were not compared. That small proxies order four of five pairs of corpora as "
    "large models do was found for transformers of 150 million parameters, not for n-grams."
)
WHY_NOT_FOR_DEDUP = (
    "At equal bytes an n-gram model learns next to nothing from a copy, so it prefers the arm with fewer of them and "
    "overstates what they cost; it does not know how often a large model would profit from seeing a text again. Look "
    "at the share of text that the arm already held."
)
NO_VERDICT_FOR_DEDUP = "no verdict: the arms differ in deduplication"
_WHERE = {"nearer": "to", "farther": "from"}


def sentences(found: Mapping[str, Any]) -> list[str]:
    """What stands above the tables."""
    said = []
    for one in found["left_out"]:
        said.append(f"{one['arm']} is not judged: {one['why']}.")
    if not found["bytes"]:
        return [*said, "The base keeps too little text for a proxy."]
    if found["limited_by"]:
        whose = _named(found["limited_by"], found)
        said.append(
            f"Samples are of {found['bytes']:,} bytes, half of what {whose} has: more would leave too little for other "
            "seeds to draw from."
        )
    if found["seeds"] < LEAST_SEEDS:
        said.append(f"There are no verdicts with fewer than {LEAST_SEEDS} seeds: they cannot rule out chance.")
    blind = [one["name"] for one in found["references"] if not one["tells"]]
    for name in blind if found["seeds"] >= LEAST_SEEDS else ():
        said.append(
            f"On {name} the base's text with its words shuffled costs no more than the base beyond chance, so the "
            f"model cannot tell arms apart there, and there are no verdicts on {name}."
        )
    for name in found["random_removal_differs"]:
        said.append(
            f"On {name} even random removal differs from the base by more than its interval, as on one reference in "
            "twenty it does by chance. Be wary of a verdict close to its interval there."
        )
    tested = found["tested"]
    if tested:
        said.append(
            f"{tested:,} decisions (pairs of arms times references) were tested at 95 %. If no arms differed, about "
            f"{0.05 * tested:.2g} of them would come out by chance."
        )
    if found["dedup"]:
        names, verb = _many(found["dedup"], "deduplicates", "deduplicate")
        said.append(
            f"{names} {verb} differently from the base. Arms that differ in deduplication get no verdict. "
            f"{WHY_NOT_FOR_DEDUP}"
        )
    return said


def _named(name: str, found: Mapping[str, Any]) -> str:
    """An arm's name, or that of a control, called so."""
    controls = {row["arm"] for table in found["tables"] for row in table["rows"] if row["kind"] == "control"}
    return f"the control “{name}”" if name in controls else name


def _many(names: Sequence[str], one: str, more: str) -> tuple[str, str]:
    """Names in a row, and the verb that goes with them."""
    if len(names) == 1:
        return names[0], one
    return f"{', '.join(names[:-1])} and {names[-1]}", more


def too_short(names: Sequence[str], notes: Mapping[str, Mapping[str, int]], budget: int) -> str:
    """Why arms that were not trained on equal bytes get no verdict."""
    found = " and ".join(f"{name} gave {notes[name]['bytes']:,} of {budget:,} bytes" for name in names)
    return f"no verdict: {found}; the rest of the text overlaps the references"


def verdict(pair: Mapping[str, Any], reference: str, row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """One decision in words."""
    decision = row["decision"]
    if decision == "none":
        if found["seeds"] < LEAST_SEEDS:
            return f"no verdict: fewer than {LEAST_SEEDS} seeds"
        return f"no verdict: the model cannot tell arms apart on {reference}"
    if decision == "undecided":
        least = (row["high"] - row["low"]) / 2
        said = f"undecided: with this much text a difference under {least:.2g} bits a byte does not show"
        held = row["held_fixed"]
        if held and held["low"] is not None and (held["low"] > 0 or held["high"] < 0):
            where = "farther from" if held["value"] > 0 else "nearer to"
            said += f"; with the mixture held fixed {pair['right']} is {where} {reference} than {pair['left']}"
        return said
    if decision == "shift":
        return "a shift of the mixture: with languages, hosts and lengths held equal the sign changes"
    said = f"{pair['right']} is {decision} {_WHERE[decision]} {reference} than {pair['left']}"
    if row["held_fixed"] is None:
        said += "; the mixture could not be held fixed"
    elif row["held_fixed_decides"]:
        said += ", also with the mixture held fixed"
    else:
        said += "; within chance once the mixture is held fixed"
    if row["words_alone"]:
        said += "; its words alone show it"
    if pair["choice"]:
        other = "farther" if decision == "nearer" else "nearer"
        names = ", ".join(name for name, one in pair["references"].items() if one["decision"] == other)
        said += f"; but {other} {_WHERE[other]} {names}: a choice, not a quality"
    return said
