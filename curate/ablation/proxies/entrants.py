"""The arms of an ablation as a proxy sees them: the documents that each keeps, of what kind they are, and the dedup."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curate.ablation.arms import Ablation, Arm
from curate.ablation.decide import DecidedArm
from curate.ablation.proxies import mixture
from curate.ablation.proxies.judge import Entrant, judge
from curate.ablation.proxies.references import read_references
from curate.ablation.proxies.samples import Source
from curate.ablation.scored import Scored, StoredTexts
from filters.chain import Step
from filters.contracts import CorpusRewriter
from filters.dedup.survivors import DuplicateJudge
from pipelines.scoring.plan import JudgeVisit


def judged(
    ablation: Ablation, scored: Scored, decided: Mapping[str, DecidedArm], stored: StoredTexts
) -> dict[str, Any] | None:
    """The proxy part of the report; None where the ablation asks for none."""
    if ablation.proxy is None:
        return None
    references = read_references(ablation.proxy.references)
    arms = entrants(ablation, scored, decided, stored)
    return judge(arms, references, ablation.proxy.bytes, ablation.proxy.seeds)


def entrants(
    ablation: Ablation, scored: Scored, decided: Mapping[str, DecidedArm], stored: StoredTexts
) -> list[Entrant]:
    """All arms, the base first."""
    addresses = scored.groups[decided[ablation.base.name].group].urls
    kinds: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    found = []
    for arm in ablation.arms:
        one = decided[arm.name]
        if one.group not in kinds:
            hosts = mixture.hosts(scored.groups[one.group].urls, addresses)
            kinds[one.group] = _languages(ablation, scored, one.group), hosts
        found.append(Entrant(arm.name, _source(scored, one, stored, *kinds[one.group]), deduplication(arm)))
    return found


def deduplication(arm: Arm) -> tuple[Step, ...]:
    """The steps of an arm that remove what stands elsewhere in the corpus."""
    return tuple(step for step in arm.recipe.steps if isinstance(step.strategy, DuplicateJudge | CorpusRewriter))


def _source(scored: Scored, one: DecidedArm, stored: StoredTexts, languages: np.ndarray, hosts: np.ndarray) -> Source:
    sizes = scored.bytes(one.node)

    def fetch(rows: Sequence[int]) -> dict[int, str]:
        return stored(one.node, rows)

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
                return scored.note(visit.measure.writer, "language", group).strings
    return np.full(scored.groups[group].rows, "", dtype=object)
