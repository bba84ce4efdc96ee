"""A proxy of quality that needs no GPU: a small n-gram model trained on equal bytes of each arm. A weak signal."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from curate.ablation.controls import budget, draws
from filters.text.bytelm import ByteModel
from filters.text.segments import segment

OVERLAP_WORDS = 13
_STEP = np.uint64(0x100000001B3)

CAVEAT = (
    "Bits per byte of a small n-gram model say how much an arm's text resembles the reference, not how well a large "
    "model would learn from it. Published comparisons found that small proxies rank corpora as larger models do in "
    "about four of five pairs, that agreement with human quality labels did not predict a filter's value, and that "
    "many differences lie within noise. Read it as a decision between two arms with its uncertainty."
)


def word_ngrams(text: str, length: int = OVERLAP_WORDS) -> np.ndarray:
    """Hashes of a text's lower-cased word n-grams: uint64 of shape (words - length + 1,), or (0,)."""
    words = segment(text).words
    hashes = words.lower[words.is_word]
    count = len(hashes) - length + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    found = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(length):
            found = found * _STEP + hashes[place : place + count]
    return found


class Reference:
    """Reference texts, held fixed, and the n-grams that tell whether a training document overlaps them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [text for text in texts if text.strip()]
        ngrams = [word_ngrams(text) for text in self.texts]
        self._ngrams = np.unique(np.concatenate(ngrams)) if ngrams else np.zeros(0, dtype=np.uint64)

    def overlaps(self, text: str) -> bool:
        """Whether a text shares a word 13-gram with the reference."""
        found = word_ngrams(text)
        if not len(found) or not len(self._ngrams):
            return False
        at = np.minimum(np.searchsorted(self._ngrams, found), len(self._ngrams) - 1)
        return bool((self._ngrams[at] == found).any())


def score(texts: Iterable[str], reference: Reference, most: int) -> tuple[np.ndarray, int, int]:
    """Train on texts up to `most` bytes, without those that overlap the reference.

    Returns bits per byte of every reference text (float64 of shape (r,)), the bytes trained on, and how many
    documents were left out for overlap.
    """
    model = ByteModel(most)
    used = left_out = 0
    for text in texts:
        size = len(text.encode("utf-8", "surrogatepass"))
        if used + size > most:
            cut = text.encode("utf-8", "surrogatepass")[: most - used].decode("utf-8", "ignore")
            text, size = cut, len(cut.encode())
        if reference.overlaps(text):
            left_out += 1
            continue
        model.train(text)
        used += size
        if used >= most:
            break
    return np.array([model.bits_per_byte(text) for text in reference.texts]), used, left_out


def mean_interval(by_seed: Sequence[np.ndarray], inflate: float = 1.0) -> dict[str, Any]:
    """The mean of values by seed and reference text, each array of shape (r,), with a 95 % interval.

    Two sources of chance add up: which documents were trained on (between seeds) and which texts are the reference
    (between texts). Degrees of freedom are Satterthwaite's: with few seeds an interval is as wide as it must be.

    inflate  a factor of the width
    """
    from scipy import stats

    table = np.array(by_seed)
    seeds, texts = table.shape
    mean = float(table.mean())
    parts = []
    if seeds > 1:
        parts.append((float(table.mean(axis=1).var(ddof=1)) / seeds, seeds - 1))
    if texts > 1:
        parts.append((float(table.mean(axis=0).var(ddof=1)) / texts, texts - 1))
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return {"mean": mean, "low": mean, "high": mean}
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    width = inflate * float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance)
    return {"mean": mean, "low": mean - width, "high": mean + width}


def compare(
    arms: dict[str, Callable[[int], Iterable[str]]], base: str, reference: Reference, most: int, seeds: int
) -> dict[str, Any]:
    """Every arm's bits per byte, and the difference to the base, with intervals.

    Texts differ much in how hard they are, for all arms alike, and that says nothing about arms: the interval of an
    arm's bits per byte is of values less the mean that all arms have on the text (Cousineau 2005, with the correction
    of Morey 2008), so intervals that do not meet are arms that differ.

    arms    name -> a function from a seed to the arm's training texts in that seed's order
    most    bytes to train on, equal for all arms
    """
    values: dict[str, list[np.ndarray]] = {name: [] for name in arms}
    notes: dict[str, dict[str, int]] = {}
    for name, texts in arms.items():
        for seed in range(seeds):
            bits, used, left_out = score(texts(seed), reference, most)
            values[name].append(bits)
            before = notes.get(name, {"bytes": used, "overlapping": 0})
            notes[name] = {
                "bytes": min(before["bytes"], used),
                "overlapping": before["overlapping"] + left_out,
            }
    common = np.mean([table for tables in values.values() for table in tables], axis=0)
    inflate = math.sqrt(len(arms) / (len(arms) - 1)) if len(arms) > 1 else 1.0
    if len(arms) == 1:
        common = np.full_like(common, common.mean())
    rows = []
    for name in arms:
        centred = [one - common + common.mean() for one in values[name]]
        difference = [one - other for one, other in zip(values[name], values[base], strict=True)]
        rows.append(
            {
                "arm": name,
                "bits_per_byte": mean_interval(centred, inflate),
                "difference": None if name == base else mean_interval(difference),
                **notes[name],
            }
        )
    return {"bytes": most, "seeds": seeds, "reference_texts": len(reference.texts), "arms": rows, "caveat": CAVEAT}


def training_order(ids: np.ndarray, sizes: np.ndarray, mask: np.ndarray, most: int, seed: int) -> list[int]:
    """Documents to train on, keyed by id and seed: enough for `most` bytes and a little more (some may overlap)."""
    chosen = np.flatnonzero(budget(ids, sizes, mask, most + most // 4 + 1, seed))
    return [int(row) for row in chosen[np.argsort(draws(ids[chosen], seed), kind="stable")]]
