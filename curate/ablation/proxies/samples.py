"""What models are trained on: samples of equal bytes from each arm, and controls made from the base's samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from curate.ablation.controls import budget, draws
from curate.ablation.proxies.contract import size_of
from filters.text.segments import segment

REMOVED = 1 / 3  # of the base's text, in the control that removes at random


@dataclass
class Source:
    """The documents that an arm keeps.

    ids     objects of shape (n,)       sizes    bytes of text, int64 of shape (n,)
    fetch   gives texts by position     strata   what is held equal between arms, objects of shape (n,)
    """

    ids: np.ndarray
    sizes: np.ndarray
    fetch: Callable[[Sequence[int]], Mapping[int, str]]
    strata: np.ndarray
    _texts: dict[int, str | None] = field(default_factory=dict, repr=False)
    _orders: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def bytes(self) -> int:
        """Bytes of all texts."""
        return int(self.sizes.sum())

    def by_stratum(self) -> dict[str, int]:
        """Bytes of each stratum."""
        names, codes = np.unique(self.strata.astype(str), return_inverse=True)
        return {str(name): int(self.sizes[codes == code].sum()) for code, name in enumerate(names)}

    def where(self, mask: np.ndarray) -> "Source":
        """The documents of a mask, of shape (n,)."""
        rows = np.flatnonzero(mask)

        def fetch(wanted: Sequence[int]) -> Mapping[int, str]:
            found = self.fetch([int(rows[one]) for one in wanted])
            return {one: found[int(rows[one])] for one in wanted if int(rows[one]) in found}

        return Source(self.ids[rows], self.sizes[rows], fetch, self.strata[rows])

    def without_strata(self) -> "Source":
        """The same with all documents in one stratum, called "". What was fetched and drawn is shared."""
        return replace(self, strata=np.full(len(self.ids), "", dtype=object))

    def order(self, seed: int) -> np.ndarray:
        """Positions of documents by their draws: int64 of shape (n,)."""
        if seed not in self._orders:
            self._orders[seed] = np.argsort(draws(self.ids, seed), kind="stable")
        return self._orders[seed]

    def texts(self, wanted: Sequence[int], overlaps: Callable[[str], bool]) -> dict[int, str | None]:
        """Texts by position, None for those that overlap a reference. What was fetched once is kept."""
        missing = [one for one in wanted if one not in self._texts]
        if missing:
            found = self.fetch(missing)
            for one in missing:
                text = found.get(one, "")
                self._texts[one] = None if overlaps(text) else text
        return {one: self._texts[one] for one in wanted}

    def forget(self) -> None:
        """Give back the memory of what was fetched and drawn."""
        self._texts.clear()
        self._orders.clear()


@dataclass(frozen=True)
class Sample:
    """Training texts of one arm and seed, their bytes, and how many documents were left out for overlap."""

    texts: list[str]
    bytes: int
    overlapping: int


def sample(source: Source, quotas: Mapping[str, int], seed: int, overlaps: Callable[[str], bool]) -> Sample:
    """Documents by the smallest draws of id and seed until each stratum has its bytes; the last one is cut.

    A smaller quota takes a part of what a larger one takes, and arms share what they both keep, so they differ by what
    sets them apart and not by luck.
    """
    order = source.order(seed)
    queues = {name: order[source.strata[order] == name].tolist() for name in quotas}
    left = dict(quotas)
    taken: dict[int, str] = {}
    overlapping = 0
    while True:
        wanted = [one for name, queue in queues.items() for one in _next(queue, source.sizes, left[name])]
        if not wanted:
            break
        for one, text in source.texts(wanted, overlaps).items():
            if text is None:
                overlapping += 1
                continue
            name = source.strata[one]
            data = text.encode("utf-8", "surrogatepass")
            if len(data) >= left[name]:
                text = data[: left[name]].decode("utf-8", "ignore")
                left[name] = 0
            else:
                left[name] -= len(data)
            taken[one] = text
    texts = [taken[one] for one in order.tolist() if taken.get(one)]
    return Sample(texts, size_of(texts), overlapping)


def _next(queue: list[int], sizes: np.ndarray, most: int) -> list[int]:
    """Take documents off the front of a queue until their bytes reach `most`."""
    count = total = 0
    while total < most and count < len(queue):
        total += int(sizes[queue[count]])
        count += 1
    taken = queue[:count]
    del queue[:count]
    return taken


def randomly_removed(base: Source) -> Source:
    """The base without random documents: an arm that differs from it in nothing but chance."""
    everything = np.ones(len(base.ids), dtype=bool)
    most = int(base.bytes * (1 - REMOVED))
    # Drawn by other keys than training samples are, or what is left would be the very sample that is trained on.
    return base.where(budget(base.ids, base.sizes, everything, most, 0, "removal"))


def words_shuffled(texts: Sequence[str], seed: int) -> list[str]:
    """Each text with its words in random order; what stands between words stays where it is."""
    rng = np.random.default_rng(seed)
    return [_shuffled(text, rng) for text in texts]


def _shuffled(text: str, rng: np.random.Generator) -> str:
    found = segment(text)
    places = np.flatnonzero(found.words.is_word)
    start, end = found.words.start[places].tolist(), found.words.end[places].tolist()
    data = found.data.tobytes()
    parts, at = [], 0
    for place, other in enumerate(rng.permutation(len(places)).tolist()):
        parts += [data[at : start[place]], data[start[other] : end[other]]]
        at = end[place]
    return b"".join([*parts, data[at:]]).decode("utf-8", "surrogatepass")


def half_duplicated(texts: Sequence[str]) -> list[str]:
    """The first half of the bytes, twice."""
    most = size_of(texts) // 2
    first: list[str] = []
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")[:most]
        most -= len(data)
        first.append(data.decode("utf-8", "ignore"))
        if most <= 0:
            break
    return first + first
