"""How far arms agree on the same documents, and on which they do not."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from curate.ablation.decide import DecidedArm
from curate.ablation.pairs import ShownTexts, sample
from curate.ablation.scored import KEPT, Scored

LEAST_ARMS, MOST_ARMS = 3, 40  # two are compared side by side; of more, nobody reads a matrix
MOST_PATTERNS = 20
_ROWS = 1 << 16  # pages that are counted at a time


def agreement(scored: Scored, arms: Sequence[DecidedArm], texts: ShownTexts, samples: int) -> dict[str, Any] | None:
    """A matrix of arms over the same pages, and the documents on which they disagree; None for fewer than LEAST_ARMS or
    more than MOST_ARMS of them.

    samples  documents shown in all

    arms       names, in the order of rows and columns
    documents  pages that the reader handed on
    kept       documents that each arm keeps
    agree      [row][column]: the share of documents that both keep or both do not
    only       [row][column]: documents that the row's arm keeps and the column's does not
    kept_by    documents that no arm keeps, that one keeps, …, that all keep
    patterns   the commonest sets of arms that keep a document and others do not: kept_by (names), documents, and
               samples: id, url, text as the first of them keeps it, dropped_by: stage:rule by arm
    """
    if not LEAST_ARMS <= len(arms) <= MOST_ARMS:
        return None
    read = np.flatnonzero(scored.groups[arms[0].group].read == KEPT)
    kept = np.stack([arm.kept[read] for arm in arms])
    both = np.zeros((len(arms), len(arms)), dtype=np.int64)
    for start in range(0, len(read), _ROWS):
        part = kept[:, start : start + _ROWS].astype(np.float32)  # counts up to 2 ** 24 are exact
        both += (part @ part.T).astype(np.int64)
    only = both.diagonal()[:, np.newaxis] - both
    apart = only + only.T
    return {
        "arms": [arm.arm for arm in arms],
        "documents": len(read),
        "kept": both.diagonal().tolist(),
        "agree": (1 - apart / max(1, len(read))).tolist(),
        "only": only.tolist(),
        "kept_by": np.bincount(kept.sum(axis=0, dtype=np.int8), minlength=len(arms) + 1).tolist(),
        "patterns": _patterns(scored, arms, read, kept, texts, samples),
    }


def _patterns(
    scored: Scored, arms: Sequence[DecidedArm], read: np.ndarray, kept: np.ndarray, texts: ShownTexts, samples: int
) -> list[dict[str, Any]]:
    bits = np.zeros(len(read), dtype=np.int64)
    for place in range(len(arms)):
        bits |= kept[place].astype(np.int64) << place
    codes, counts = np.unique(bits, return_counts=True)
    split = [
        (int(count), int(code)) for code, count in zip(codes, counts, strict=True) if 0 < code < (1 << len(arms)) - 1
    ]
    chosen = sorted(split, key=lambda one: (-one[0], one[1]))[:MOST_PATTERNS]
    each = -(-samples // max(1, len(chosen)))
    found: list[dict[str, Any]] = []
    for count, code in chosen:
        keeping = [arm for place, arm in enumerate(arms) if code >> place & 1]
        mask = np.zeros(scored.groups[arms[0].group].rows, dtype=bool)
        mask[read[bits == code]] = True
        rows = sample(scored, keeping[0], mask, min(each, max(0, samples - sum(len(one["samples"]) for one in found))))
        shown = texts(keeping[0], rows)
        pages = scored.groups[arms[0].group]
        named = zip(rows, pages.strings_at("id", rows), pages.strings_at("url", rows), strict=True)
        found.append(
            {
                "kept_by": [arm.arm for arm in keeping],
                "documents": count,
                "samples": [
                    {"id": id, "url": url, "text": shown.get(row, ""), "dropped_by": _dropped_by(arms, row)}
                    for row, id, url in named
                ],
            }
        )
    return found


def _dropped_by(arms: Sequence[DecidedArm], row: int) -> dict[str, str]:
    return {
        arm.arm: f"{arm.stages[arm.left_at[row]].stage}:{arm.rules[arm.rule[row]]}" for arm in arms if not arm.kept[row]
    }
