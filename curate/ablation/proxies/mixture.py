"""The mixture held fixed: which documents are of one kind, and how many bytes of each kind all arms can give."""

import itertools
from collections import Counter
from collections.abc import Mapping

import numpy as np

from curate.ablation.slices import LENGTHS, MOST, REST, host

LEAST_IN_COMMON = 1 / 4  # of the base's text: an arm that shares less is compared with its mixture as it is


def hosts(urls: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Each page's host where it is one of the commonest, else "other": objects of shape (n,).

    among  the addresses that say which hosts are common
    """
    counts = Counter(host(url) for url in among.tolist())
    named = {name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]}
    found = [host(url) for url in urls.tolist()]
    return np.array([name if name in named else REST for name in found], dtype=object)


def strata(languages: np.ndarray, host_groups: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Language, host group and length class of each document as one name: objects of shape (n,)."""
    lengths = np.searchsorted(LENGTHS, sizes, side="right")
    rows = zip(languages.tolist(), host_groups.tolist(), lengths.tolist(), strict=True)
    return np.array([f"{language or 'none'} {host} {length}" for language, host, length in rows], dtype=object)


def in_common(base: str, arms: Mapping[str, Mapping[str, int]]) -> tuple[dict[str, int], list[str]]:
    """(bytes of each stratum that all of some arms have, those arms), the base first.

    Arms that have most in common with the base come first; one that would leave less than a quarter of the base's
    text in common is left out.

    arms  name -> bytes of each stratum
    """
    common = dict(arms[base])
    least = sum(common.values()) * LEAST_IN_COMMON
    others = sorted((name for name in arms if name != base), key=lambda name: -sum(_least(common, arms[name]).values()))
    named = [base]
    for name in others:
        less = _least(common, arms[name])
        if sum(less.values()) >= least:
            common = less
            named.append(name)
    return {name: size for name, size in common.items() if size}, named


def _least(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: min(size, right.get(name, 0)) for name, size in left.items()}


def quotas(common: Mapping[str, int], most: int) -> dict[str, int]:
    """Bytes of each stratum in one sample: in the proportions of what is in common, `most` in all."""
    names = sorted(common)
    total = sum(common.values())
    ends = [most * at // total for at in itertools.accumulate(common[name] for name in names)] if total else []
    return {name: end - start for name, start, end in zip(names, [0, *ends], ends, strict=False)}


def share(quota: Mapping[str, int], available: Mapping[str, int]) -> float:
    """The share of an arm's text that a sample takes, in [0, 1]: the mean over strata, by their bytes."""
    total = sum(quota.values())
    return sum(size * size / available[name] for name, size in quota.items() if size) / total if total else 0.0
