"""Sentences about a run or an ablation that only say what its figures support."""

from collections.abc import Mapping, Sequence
from typing import Any


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def balance(run: Mapping[str, Any]) -> str:
    """What run.json says of documents read, kept, dropped and failed, and whether that adds up."""
    sign = "=" if run["conserved"] else "is NOT"
    read = run["read"]["records"]
    return f"{read:,} read {sign} {run['kept']:,} kept + {run['dropped']:,} dropped + {run['failed']:,} failed"


def summary(report: dict[str, Any]) -> list[str]:
    """Three sentences: what the base keeps and what removes most, which arms differ, and what gold or proxy say."""
    return [_base(report), _arms(report), _quality(report)]


def _base(report: dict[str, Any]) -> str:
    base = report["arms"][0]
    kept, pages = base["kept"]["documents"], report["pages"]
    share = _percent(kept / pages) if pages else "0 %"
    sentence = f"The base keeps {kept:,} of {pages:,} records ({share}, {base['kept']['bytes']:,} bytes of text)"
    rules = [rule for rule in report["attribution"]["rules"] if rule["in_sequence"]["documents"]]
    if not rules:
        return sentence + "; no rule removes anything."
    effect = _largest_effect(rules, report["attribution"]["stages"])
    if effect is not None:
        what, gained = effect
        return (
            f"{sentence}; the {what}: without it {gained['documents']:,} more would be kept "
            f"({_percent(gained['documents'] / pages)} of what was read, {gained['bytes']:,} bytes of text)."
        )
    most = max(rules, key=lambda rule: rule["in_sequence"]["documents"])
    only = ""
    if most["only"]:
        alone = most["only"]["documents"]
        only = f", {alone:,} of which fail no other rule" if alone else ", all of which fail another rule too"
    return (
        f"{sentence}; the rule that removes most is {most['stage']}:{most['rule']} "
        f"with {most['in_sequence']['documents']:,} documents in sequence{only}."
    )


def _largest_effect(
    rules: Sequence[Mapping[str, Any]], stages: Sequence[Mapping[str, Any]]
) -> tuple[str, Mapping[str, int]] | None:
    """What would keep most if it were left out, of the rules where that is known of all, else of whole stages."""
    known = [(f"rule with the largest effect is {row['stage']}:{row['rule']}", row["without"]) for row in rules]
    if not all(without for _, without in known):
        known = [(f"stage with the largest effect is {row['stage']}", row["without"]) for row in stages]
    known = [(what, without) for what, without in known if without and without["documents"] > 0]
    return max(known, key=lambda one: one[1]["documents"], default=None)


def _arms(report: dict[str, Any]) -> str:
    others = report["arms"][1:]
    if not others:
        return "There is no other arm to compare it with."
    sure = []
    for arm in others:
        low, high = arm["difference"]["documents_interval"]
        if low > 0 or high < 0:
            sure.append(arm)
    if not sure:
        who = (
            f"None of the {len(others)} other arms keeps" if len(others) > 1 else f"“{others[0]['name']}” does not keep"
        )
        return f"{who} a share of documents that differs from the base's by more than chance (documents resampled)."
    most = max(sure, key=lambda arm: abs(arm["difference"]["documents"]))
    low, high = most["difference"]["documents_interval"]
    change = most["difference"]["documents"]
    word = "more" if change > 0 else "less"
    bounds = sorted((abs(low), abs(high)))
    return (
        f"{len(sure)} of {len(others)} other arms keep{'s' if len(sure) == 1 else ''} a share of documents that "
        f"differs from the base's; the largest difference is “{most['name']}”, which keeps {100 * abs(change):.1f} "
        f"percentage points {word} of what was read (95 % interval {100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}; "
        f"Jaccard of the kept documents {most['pair']['jaccard']:.2f})."
    )


def _quality(report: dict[str, Any]) -> str:
    proxy = report.get("proxy")
    said = _proxy(proxy, report["arms"][0]["name"]) if proxy else None
    if said:
        return said
    if report.get("gold"):
        return "The results of the arms' strategies on the labelled data are below, with intervals."
    return "These figures say how much each arm keeps and what; they do not say which text a model learns more from."


def _proxy(proxy: dict[str, Any], base: str) -> str | None:
    """Which arms the proxy finds nearer to or farther from which reference than the base; never just "better".

    Named are those that stay so with the mixture held fixed. None where no arm was compared with the base.
    """
    found: dict[tuple[str, str], list[str]] = {}
    tested = mixed = not_held = 0
    for pair in proxy["pairs"]:
        for name, row in pair["references"].items() if pair["left"] == base else ():
            tested += row["decision"] != "none"
            if row["decision"] in ("none", "undecided"):
                continue
            if row["held_fixed"] is None:
                not_held += 1
            elif row["decision"] != "shift" and row["held_fixed_decides"]:
                found.setdefault((row["decision"], name), []).append(f"“{pair['right']}”")
            else:
                mixed += 1
    if not tested:
        return None
    parts = [
        f"{', '.join(arms)} {'nearer to' if decision == 'nearer' else 'farther from'} {name} than the base"
        for (decision, name), arms in found.items()
    ]
    said = f"finds {'; '.join(parts)}" if parts else "cannot tell any arm from the base with the mixture held fixed"
    rest = {"only when the mixture is not held fixed": mixed, "where the mixture could not be held fixed": not_held}
    for when, count in rest.items():
        if count:
            more = f"{count:,} more" if parts else f"{count:,}"
            said += f"; {more} {'differs' if count == 1 else 'differ'} {when}"
    comparisons = "comparison" if tested == 1 else "comparisons"
    return (
        f"The proxy, a weak signal, {said} ({tested:,} {comparisons} with the base; if none differed, about "
        f"{0.05 * tested:.2g} would come out by chance)."
    )
