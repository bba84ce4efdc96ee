"""The arms of an ablation as a proxy sees them: the documents that each keeps, of what kind they are, and the dedup."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from curate.ablation.arms import Ablation, Arm
from curate.ablation.decide import Decided, Decider
from curate.ablation.proxies import mixture
from curate.ablation.proxies.judge import Entrant
from curate.ablation.proxies.samples import Source
from filters.chain import Step
from filters.dedup.spans import SpanRewriter
from filters.dedup.survivors import DuplicateJudge


class Work(Protocol):
    """Lends stored texts."""

    def documents_of(self, decided: Decided, rows: Iterable[int]) -> dict[int, str]:
        """Texts of pages on an arm's final text path."""
        ...


def entrants(ablation: Ablation, decider: Decider, decided: dict[str, Decided], work: Work) -> list[Entrant]:
    """All arms, the base first."""
    base = decided[ablation.base.name]
    addresses = decider.scored.groups[base.group].strings("url")
    return [
        Entrant(arm.name, _source(ablation, decider, decided[arm.name], work, addresses), deduplication(arm))
        for arm in ablation.arms
    ]


def deduplication(arm: Arm) -> tuple[Step, ...]:
    """The steps of an arm that remove what stands elsewhere in the corpus."""
    return tuple(step for step in arm.recipe.steps if isinstance(step.strategy, DuplicateJudge | SpanRewriter))


def _source(ablation: Ablation, decider: Decider, one: Decided, work: Work, addresses: np.ndarray) -> Source:
    pages = decider.scored.groups[one.group]
    sizes = decider.sizes(one.node, "bytes")
    hosts = mixture.hosts(pages.strings("url"), addresses)
    strata = mixture.strata(_languages(ablation, decider, one.group), hosts, sizes)

    def fetch(rows: Sequence[int]) -> dict[int, str]:
        return work.documents_of(one, rows)

    return Source(pages.strings("id"), sizes, fetch, strata).where(one.kept & (sizes > 0))


def _languages(ablation: Ablation, decider: Decider, group: int) -> np.ndarray:
    """Each page's language by the first arm over these files that detects it: an arm without a language filter is held
    to the same languages."""
    plan = decider.scored.plan
    for arm in ablation.arms:
        for visit in plan.arms[arm.name]:
            first = plan.arms[arm.name][0].number
            if plan.nodes[first].group != group or visit.kind != "judge":
                continue
            if "language" in visit.step.strategy.writes:
                return decider.scored.note(("measure", visit.number), "language", group)
    return np.full(decider.scored.groups[group].rows, "", dtype=object)
