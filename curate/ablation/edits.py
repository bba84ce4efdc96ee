"""What rewriters of an arm do to texts that the base keeps too: how many differ, and some of them before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from curate.ablation.arms import Ablation, Arm
from curate.ablation.decide import DecidedArm
from curate.ablation.pairs import sample
from curate.ablation.scored import Scored, StoredTexts
from filters.chain import Step
from filters.document import Document
from filters.snippets import Concealer, around_change

EXAMPLES = 5
_TRIED = 4 * EXAMPLES  # documents; some differ in nothing that may be shown


def changed_texts(
    ablation: Ablation, arm: Arm, scored: Scored, base: DecidedArm, one: DecidedArm, stored: StoredTexts
) -> dict[str, Any] | None:
    """Of the documents that base and arm both keep; None where they read other files or share one text path.

    documents   of another size in the arm                bytes  of the texts of all, in the base and in the arm
    before      whose texts come before the change, "base" or "arm": those with fewer stages
    examples    id, url, and pieces (see filters/snippets.py)
    """
    if one.group != base.group or one.node == base.node:
        return None
    both = base.kept & one.kept
    sizes = scored.bytes(base.node), scored.bytes(one.node)
    differ = both & (sizes[0] != sizes[1])
    first, second = ablation.base.recipe.steps, arm.recipe.steps
    forward = len(second) >= len(first)
    old, new = (base, one) if forward else (one, base)
    return {
        "documents": int(differ.sum()),
        "bytes": {"base": int(sizes[0][both].sum()), "arm": int(sizes[1][both].sum())},
        "before": "base" if forward else "arm",
        "examples": _examples(scored, old, new, differ if differ.any() else both, stored, first, second),
    }


def _examples(
    scored: Scored,
    old: DecidedArm,
    new: DecidedArm,
    where: np.ndarray,
    stored: StoredTexts,
    first: Sequence[Step],
    second: Sequence[Step],
) -> list[dict[str, Any]]:
    rows = sample(scored, old, where, _TRIED)
    before, after = stored(old.node, rows), stored(new.node, rows)
    others = [step for step in (*first, *second) if (step in first) != (step in second)]
    hides = any(step.strategy.conceals for step in others)
    concealer = Concealer(step.strategy for step in (*first, *second) if step.strategy.conceals)
    pages = scored.groups[old.group]
    found: list[dict[str, Any]] = []
    ids, urls = pages.strings_at("id", rows), pages.strings_at("url", rows)
    for row, name, url in zip(rows, ids, urls, strict=True):
        if len(found) == EXAMPLES or row not in before or row not in after or before[row] == after[row]:
            continue
        document = Document(name, "")
        pieces = concealer.change(document, *around_change(before[row], after[row]), hides=hides)
        if pieces:
            found.append({"id": name, "url": url, "pieces": [list(piece) for piece in pieces]})
    return found
