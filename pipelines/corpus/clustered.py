"""Clusters of duplicates: who goes and who stays, and the columns that say so in a file of decisions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from filters.contracts import Duplicates
from filters.dedup import clusters
from filters.dedup.sameness import Tested
from pipelines.corpus import evidence, sameness


@dataclass
class Found:
    """What was found among documents: rows of all arrays are numbers of documents.

    rows, begins  the members of clusters, from clusters.members_of()
    lost, kept    the documents dropped, ascending, and the one that each is dropped for
    tested        the figures of a test of members, for each document lost; None where none was made
    """

    rows: np.ndarray
    begins: np.ndarray
    lost: np.ndarray
    kept: np.ndarray
    tested: Tested | None = None

    @classmethod
    def of(cls, rows: np.ndarray, begins: np.ndarray, test: Callable[[], Tested] | None) -> "Found":
        """From the members of clusters; test tests them."""
        if test is None:
            return cls(rows, begins, *clusters.survivors(rows, begins))
        tested = test()
        return cls(rows, begins, tested.lost, tested.kept, tested)

    def counts(self, decision: Duplicates, order: np.ndarray, chosen: np.ndarray | None = None) -> dict[str, int]:
        """The counts for the evidence; order: of all documents; chosen: those of the documents lost that count."""
        lost, kept = (self.lost, self.kept) if chosen is None else (self.lost[chosen], self.kept[chosen])
        counts = evidence.worse_of(decision, order, lost, kept)
        if decision.sameness is not None and self.tested is not None:
            size = len(self.rows), len(self.begins) - 1
            counts |= sameness.counted(decision.sameness, *size, self.tested.similarity)
        return counts


def decisions(
    decision: Duplicates,
    losers: tuple[Any, Sequence[str], np.ndarray, np.ndarray],
    stay: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> dict[str, Any]:
    """Columns of a file of decisions.

    losers  rows (ascending), ids of the documents kept, values, similarities
    stay    rows (ascending) of documents that stay in clusters, for how many documents each stands, hashes of the first
            documents of their clusters
    """
    rows, kept_ids, value, similarity = losers
    limits: list[float | None] = [decision.threshold] * len(rows)
    if decision.sameness is not None:
        limits = sameness.thresholds(decision.sameness, similarity)
    stays, counts, first = stay
    none: list[None] = [None] * len(stays)
    nobody: list[None] = [None] * len(rows)
    columns = {
        "row": [*map(int, rows), *stays.tolist()],
        "rule": [*[decision.rule] * len(rows), *none],
        "value": [*value.tolist(), *none],
        "threshold": [*limits, *none],
        "kept_id": [*kept_ids, *none],
        "similarity": [*similarity.tolist(), *none],
        "dup_count": [*nobody, *counts.tolist()],
        "dup_cluster": [*nobody, *(f"{one:016x}" for one in first.tolist())],
    }
    ascending = sorted(range(len(columns["row"])), key=columns["row"].__getitem__)
    return {name: [values[place] for place in ascending] for name, values in columns.items()}
