"""Two arms side by side: kept by both, only by the one, only by the other; in documents, bytes and tokens."""

from collections.abc import Callable
from typing import Any

import numpy as np

from curate.ablation.decide import DecidedArm
from curate.ablation.scored import Coded, Scored
from curate.ablation.slices import in_order

ShownTexts = Callable[[DecidedArm, list[int]], dict[int, str]]  # an arm and pages to texts fit to be shown


def aligned(scored: Scored, base: DecidedArm, other: DecidedArm) -> tuple[np.ndarray, np.ndarray]:
    """Which of base's pages the two arms keep: booleans of shape (n,) for base and for other.

    Arms over other files are paired by the pages' pair column; pages of other that base did not read are left out.
    """
    if base.group == other.group:
        return base.kept, other.kept
    pages = scored.groups
    kept = set(pages[other.group].pairs[other.kept].tolist())
    return base.kept, np.array([pair in kept for pair in pages[base.group].pairs.tolist()], dtype=bool)


def compare(
    scored: Scored,
    base: DecidedArm,
    other: DecidedArm,
    slices: dict[str, Coded],
    texts: ShownTexts,
    samples: int,
) -> dict[str, Any]:
    """The paired comparison: counts, Jaccard of the kept documents, the same by slice, and samples of each side.

    texts    gives clean, cut texts of pages by number          samples  how many of each side
    """
    left, right = aligned(scored, base, other)
    both, only_base, only_other = left & right, left & ~right, right & ~left
    union = int((left | right).sum())
    node = other.node if other.group == base.group else base.node
    result: dict[str, Any] = {
        "arm": other.arm,
        "both": scored.sizes(base.node, both),
        "only_base": scored.sizes(base.node, only_base),
        "only_arm": scored.sizes(node, only_other),
        "jaccard": int(both.sum()) / union if union else 1.0,
        "slices": {kind: _by_slice(kind, values, both, only_base, only_other) for kind, values in slices.items()},
    }
    chosen_base = sample(scored, base, only_base, samples)
    chosen_other = sample(scored, base, only_other, samples)
    result["samples"] = {
        "only_base": _texts(scored, base, other, chosen_base, texts(base, chosen_base)),
        "only_arm": _texts(
            scored, base, other, chosen_other, texts(other, chosen_other) if base.group == other.group else {}
        ),
    }
    return result


def sample(scored: Scored, decided: DecidedArm, mask: np.ndarray, most: int) -> list[int]:
    """Some of these pages, the same every time: those whose ids have the smallest hashes."""
    ranks = scored.groups[decided.group].ranks
    rows = np.flatnonzero(mask)
    if len(rows) > most > 0:
        rows = rows[ranks[rows] <= np.partition(ranks[rows], most - 1)[most - 1]]
    chosen: list[int] = rows[np.argsort(ranks[rows], kind="stable")][:most].tolist()
    return chosen


def _by_slice(
    kind: str, values: Coded, both: np.ndarray, only_base: np.ndarray, only_other: np.ndarray
) -> list[dict[str, Any]]:
    counts = np.stack(
        [np.bincount(values.codes[mask], minlength=len(values.names)) for mask in (both, only_base, only_other)], axis=1
    )
    found = {
        name: dict(zip(("both", "only_base", "only_arm"), numbers, strict=True))
        for name, numbers in zip(values.names, counts.tolist(), strict=True)
        if any(numbers)
    }
    order = in_order(kind, {name: sum(numbers.values()) for name, numbers in found.items()})
    return [{"slice": name, **found[name]} for name in order]


def _texts(
    scored: Scored, base: DecidedArm, other: DecidedArm, rows: list[int], texts: dict[int, str]
) -> list[dict[str, Any]]:
    pages = scored.groups[base.group]
    found = []
    for row, name, url in zip(rows, pages.strings_at("id", rows), pages.strings_at("url", rows), strict=True):
        entry = {"id": name, "url": url, "text": texts.get(row, "")}
        for side, decided in (("base", base), ("arm", other)):
            if decided.group == base.group and not decided.kept[row] and decided.rule[row] >= 0:
                entry[f"{side}_dropped_by"] = decided.rules[decided.rule[row]]
        found.append(entry)
    return found
