"""Slices of a corpus: language, domain, length, crawl."""

import itertools
from collections import Counter
from urllib.parse import urlsplit

import numpy as np

from curate.ablation.decide import Decider
from pipelines.scoring.score import Visit

LENGTHS = (1_000, 5_000, 20_000, 100_000)  # bytes of text
MOST = 12
REST = "other"


def slices_of(decider: Decider, visits: tuple[Visit, ...], kinds: tuple[str, ...]) -> dict[str, np.ndarray]:
    """For each kind of slice, every page's slice: strings of shape (n,). Rare domains are joined as "other"."""
    return {kind: _KINDS[kind](decider, visits) for kind in kinds}


def _language(decider: Decider, visits: tuple[Visit, ...]) -> np.ndarray:
    for visit in visits:
        if visit.kind == "judge" and "language" in visit.step.strategy.writes:
            group = _group(decider, visits)
            values = decider.scored.note(("measure", visit.number), "language", group)
            return _commonest(np.array([value or "none" for value in values.tolist()], dtype=object))
    return np.full(decider.scored.groups[_group(decider, visits)].rows, "none", dtype=object)


def _domain(decider: Decider, visits: tuple[Visit, ...]) -> np.ndarray:
    urls = decider.scored.groups[_group(decider, visits)].strings("url")
    return _commonest(np.array([_host(url) for url in urls.tolist()], dtype=object))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "none").removeprefix("www.")
    except ValueError:
        return "none"


def _length(decider: Decider, visits: tuple[Visit, ...]) -> np.ndarray:
    sizes = decider.sizes(visits[0].number, "bytes")
    names = [f"under {LENGTHS[0]:,} B"]
    names += [f"{low:,} to {high:,} B" for low, high in itertools.pairwise(LENGTHS)]
    names.append(f"{LENGTHS[-1]:,} B and more")
    return np.array(names, dtype=object)[np.searchsorted(LENGTHS, sizes, side="right")]


def _crawl(decider: Decider, visits: tuple[Visit, ...]) -> np.ndarray:
    dates = decider.scored.groups[_group(decider, visits)].strings("date")
    return _commonest(np.array([date[:7] or "none" for date in dates.tolist()], dtype=object))


def _commonest(values: np.ndarray) -> np.ndarray:
    counts = Counter(values.tolist())
    named = {name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]}
    return np.array([value if value in named else REST for value in values.tolist()], dtype=object)


def _group(decider: Decider, visits: tuple[Visit, ...]) -> int:
    return decider.scored.plan.nodes[visits[0].number].group


_KINDS = {"language": _language, "domain": _domain, "length": _length, "crawl": _crawl}
