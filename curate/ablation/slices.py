"""Slices of a corpus: language, domain, length, crawl, and whatever judges note in words."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from curate.ablation.scored import Scored
from pipelines.corpus import losing
from pipelines.scoring.plan import JudgeVisit, Node, Visit

LENGTHS = (1_000, 5_000, 20_000, 100_000)  # bytes of text
MOST = 12
REST = "other"


def slices_of(scored: Scored, first: Node, visits: Sequence[Visit], kinds: Sequence[str]) -> dict[str, np.ndarray]:
    """For each kind of slice, every page's slice: strings of shape (n,). Rare domains are joined as "other".

    first  the extractor of the arm whose steps are visits
    """
    return {
        kind: _KINDS[kind](scored, first, visits) if kind in _KINDS else _note(scored, first, visits, kind)
        for kind in kinds
    }


def _note(scored: Scored, first: Node, visits: Sequence[Visit], note: str) -> np.ndarray:
    for visit in visits:
        if isinstance(visit, JudgeVisit) and note in visit.judge.writes:
            values = scored.note(visit.measure.writer, note, first.group)
            return _commonest(np.array([value or "none" for value in values.tolist()], dtype=object))
    return np.full(scored.pages(first).rows, "none", dtype=object)


def _domain(scored: Scored, first: Node, visits: Sequence[Visit]) -> np.ndarray:
    return _commonest(np.array([host(url) for url in scored.pages(first).urls.tolist()], dtype=object))


def host(url: str) -> str:
    """The host of an address without its "www.", "none" if there is none."""
    return losing.host(url) or "none"


def _length(scored: Scored, first: Node, visits: Sequence[Visit]) -> np.ndarray:
    return np.array(_length_names(), dtype=object)[np.searchsorted(LENGTHS, scored.bytes(first), side="right")]


def _length_names() -> list[str]:
    between = [f"{low:,} to {high:,} B" for low, high in itertools.pairwise(LENGTHS)]
    return [f"under {LENGTHS[0]:,} B", *between, f"{LENGTHS[-1]:,} B and more"]


def _crawl(scored: Scored, first: Node, visits: Sequence[Visit]) -> np.ndarray:
    dates = scored.pages(first).dates
    return _commonest(np.array([date[:7] or "none" for date in dates.tolist()], dtype=object))


def _commonest(values: np.ndarray) -> np.ndarray:
    counts = Counter(values.tolist())
    named = {name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]}
    return np.array([value if value in named else REST for value in values.tolist()], dtype=object)


def in_order(kind: str, counts: Mapping[str, int]) -> list[str]:
    """Slices as people read them: lengths from short to long, crawls by date, others the commonest first; REST last."""
    if kind == "length":
        names = _length_names()
        return sorted(counts, key=lambda name: names.index(name) if name in names else len(names))
    if kind == "crawl":
        return sorted(counts, key=lambda name: (name in (REST, "none"), name))
    return sorted(counts, key=lambda name: (name == REST, -counts[name], name))


_KINDS = {"domain": _domain, "length": _length, "crawl": _crawl}
