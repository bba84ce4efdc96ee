"""Slices of a corpus: language, domain, length, crawl, and text notes of judges."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc

from curate.ablation.scored import Coded, Scored
from pipelines.corpus import losing
from pipelines.scoring.plan import JudgeVisit, Node, Visit

LENGTHS = (1_000, 5_000, 20_000, 100_000)  # bytes of text
MOST = 12
REST = "other"


def slices_of(scored: Scored, first: Node, visits: Sequence[Visit], kinds: Sequence[str]) -> dict[str, Coded]:
    """For each kind of slice, every page's slice. Rare domains are joined as "other".

    first  the extractor of the arm whose steps are visits
    """
    return {
        kind: _KINDS[kind](scored, first, visits) if kind in _KINDS else _note(scored, first, visits, kind)
        for kind in kinds
    }


def _note(scored: Scored, first: Node, visits: Sequence[Visit], note: str) -> Coded:
    for visit in visits:
        if isinstance(visit, JudgeVisit) and note in visit.judge.writes:
            return _commonest(_or_none(scored.note(visit.measure.writer, note, first.group)))
    return _or_none(scored.note(None, note, first.group))


def _domain(scored: Scored, first: Node, visits: Sequence[Visit]) -> Coded:
    urls = scored.pages(first).coded("url", _up_to_host)
    return _commonest(urls.named([host(url) for url in urls.names]))


def _up_to_host(urls: Any) -> Any:
    """Addresses without what comes after the host, as far as that is plain: there are few different ones."""
    start = pc.extract_regex(urls, pattern=r"^(?P<start>[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._:@-]+)[/?#]")
    return pc.coalesce(pc.struct_field(start, "start"), urls)


def host(url: str) -> str:
    """The host of an address without its "www.", "none" if there is none."""
    return losing.host(url) or "none"


def _length(scored: Scored, first: Node, visits: Sequence[Visit]) -> Coded:
    names = _length_names()
    codes = np.searchsorted(LENGTHS, scored.bytes(first), side="right").astype(np.int8)
    return Coded(names, codes)


def _length_names() -> list[str]:
    between = [f"{low:,} to {high:,} B" for low, high in itertools.pairwise(LENGTHS)]
    return [f"under {LENGTHS[0]:,} B", *between, f"{LENGTHS[-1]:,} B and more"]


def _crawl(scored: Scored, first: Node, visits: Sequence[Visit]) -> Coded:
    dates = scored.pages(first).coded("date", lambda dates: pc.utf8_slice_codeunits(dates, 0, 7))
    return _commonest(_or_none(dates))


def _or_none(values: Coded) -> Coded:
    return values.named([name or "none" for name in values.names])


def _commonest(values: Coded) -> Coded:
    named = {name for name, _ in sorted(values.counts().items(), key=lambda item: (-item[1], item[0]))[:MOST]}
    return values.named([name if name in named else REST for name in values.names])


def in_order(kind: str, counts: Mapping[str, int]) -> list[str]:
    """Slices as people read them: lengths from short to long, crawls by date, others the commonest first; REST last."""
    if kind == "length":
        names = _length_names()
        return sorted(counts, key=lambda name: names.index(name) if name in names else len(names))
    if kind == "crawl":
        return sorted(counts, key=lambda name: (name in (REST, "none"), name))
    return sorted(counts, key=lambda name: (name == REST, -counts[name], name))


_KINDS = {"domain": _domain, "length": _length, "crawl": _crawl}
