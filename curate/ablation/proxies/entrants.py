"""The arms of an ablation as a proxy sees them: the documents that each keeps, of what kind they are, and the dedup."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from curate.ablation.arms import Ablation, Arm
from curate.ablation.decide import Decided, Decider
from curate.ablation.proxies import mixture
from curate.ablation.proxies.judge import Entrant
from curate.ablation.proxies.samples import Source
from curate.ablation.scored import Scored
from filters.chain import Step
from filters.contracts import CorpusRewriter
from filters.dedup.survivors import DuplicateJudge
from pipelines.scoring.plan import JudgeVisit, Node


class Work(Protocol):
    """Lends stored texts."""

    def texts_of(self, node: Node, rows: Iterable[int]) -> dict[int, str]:
        """Texts of pages on a text path whose texts are stored."""
        ...


def entrants(ablation: Ablation, decider: Decider, decided: Mapping[str, Decided], work: Work) -> list[Entrant]:
    """All arms, the base first."""
    scored = decider.scored
    addresses = scored.groups[decided[ablation.base.name].group].urls
    kinds: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    found = []
    for arm in ablation.arms:
        one = decided[arm.name]
        if one.group not in kinds:
            hosts = mixture.hosts(scored.groups[one.group].urls, addresses)
            kinds[one.group] = _languages(ablation, scored, one.group), hosts
        found.append(Entrant(arm.name, _source(scored, one, work, *kinds[one.group]), deduplication(arm)))
    return found


def deduplication(arm: Arm) -> tuple[Step, ...]:
    """The steps of an arm that remove what stands elsewhere in the corpus."""
    return tuple(step for step in arm.recipe.steps if isinstance(step.strategy, DuplicateJudge | CorpusRewriter))


def _source(scored: Scored, one: Decided, work: Work, languages: np.ndarray, hosts: np.ndarray) -> Source:
    sizes = scored.bytes(one.node)

    def fetch(rows: Sequence[int]) -> dict[int, str]:
        return work.texts_of(one.node, rows)

    strata = mixture.strata(languages, hosts, sizes)
    return Source(scored.groups[one.group].ids, sizes, fetch, strata).where(one.kept & (sizes > 0))


def _languages(ablation: Ablation, scored: Scored, group: int) -> np.ndarray:
    """Each page's language by the first arm over these files that detects it: an arm without a language filter is held
    to the same languages."""
    for arm in ablation.arms:
        for visit in scored.plan.arms[arm.name]:
            if not isinstance(visit, JudgeVisit) or "language" not in visit.judge.writes:
                continue
            if scored.node_of(visit.measure).group == group:
                return scored.note(visit.measure.writer, "language", group)
    return np.full(scored.groups[group].rows, "", dtype=object)
