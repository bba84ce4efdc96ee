"""Good and bad texts for a classifier: each text once, on one side, and none near a text it is measured on."""

import hashlib
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curate.training.drawing import is_held_out, keyed
from curate.training.texts import TextFile
from filters import make
from filters.dedup import clusters
from filters.document import Document
from filters.quality.fasttext import line_of
from pipelines import storage


@dataclass(frozen=True)
class Given:
    """One of the files that were given: its name, its sha256, and how many texts it holds, empty ones included."""

    name: str
    sha256: str
    texts: int


@dataclass
class Side:
    """The texts of one kind, and what became of those that were read. Counts are of texts.

    files        where they come from, by name
    empty        without a word
    not_sampled  left out, because there are more than `most`
    repeated     equal or nearly equal to another text of this side
    in_other     nearly equal to a text of the other side, which stays there
    in_test      nearly equal to a text of the test set, which stays there
    lines        one for each text that is left, in the order of a hash
    """

    files: list[Given] = field(default_factory=list)
    empty: int = 0
    not_sampled: int = 0
    repeated: int = 0
    in_other: int = 0
    in_test: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """All texts read."""
        return sum(one.texts for one in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the texts. fingerprint: of the texts left, whatever files they came in."""
        files = [{"name": one.name, "sha256": one.sha256, "texts": one.texts} for one in self.files]
        names = ("read", "empty", "not_sampled", "repeated", "in_other", "in_test")
        counts = {name: getattr(self, name) for name in names}
        return {"files": files, **counts, "used": len(self.lines), "fingerprint": fingerprint(self.lines)}


def gather(files: Sequence[TextFile], most: int) -> Side:
    """At most `most` different texts of files, those of smallest hash, whatever the order of files and rows.

    Memory holds the texts chosen. Raises DataError.
    """
    side = Side()
    heap: list[tuple[int, str]] = []  # the smallest hashes, the greatest of them first
    seen: dict[int, int] = {}  # how often each of them came
    for file in files:
        count = 0
        for text in file.texts():
            count += 1
            line = line_of(text)
            if not line:
                side.empty += 1
                continue
            place = keyed(line, b"sample")
            if place in seen:
                seen[place] += 1
            elif len(heap) < most or place < -heap[0][0]:
                seen[place] = 1
                heapq.heappush(heap, (-place, line))
                if len(heap) > most:
                    seen.pop(-heapq.heappop(heap)[0])
        side.files.append(Given(file.name, storage.sha256(file.path), count))
    side.files.sort(key=lambda one: (one.name, one.sha256))
    side.lines = [line for _, line in sorted(heap, reverse=True)]
    side.repeated = sum(seen.values()) - len(seen)
    side.not_sampled = side.read - side.empty - side.repeated - len(side.lines)
    return side


def separate(good: Side, bad: Side, test_good: Side, test_bad: Side) -> None:
    """Leave one text of each cluster of near-duplicates, over all sides: of the test set, else of the good ones."""
    ranked = [test_good, test_bad, good, bad]
    keys_of = _near_keys()
    keys = [keys_of(line) for side in ranked for line in side.lines]
    owner = np.repeat(np.arange(len(ranked)), [len(side.lines) for side in ranked])
    rows = np.flatnonzero([len(one) > 0 for one in keys])
    table = np.array([keys[row] for row in rows.tolist()], dtype=np.uint64).reshape(len(rows), -1)
    labels = clusters.link(table.T, len(rows))
    # rows come side by side, and each side in the order of a hash: the first row of a cluster is the one that stays
    _, first, of_row = np.unique(labels, return_index=True, return_inverse=True)
    stays = np.ones(len(keys), dtype=bool)
    stays[rows] = first[of_row] == np.arange(len(rows))
    kept_by = owner.copy()
    kept_by[rows] = owner[rows[first[of_row]]] if len(rows) else owner[rows]
    for number, side in enumerate(ranked):
        mine = owner == number
        by = kept_by[mine & ~stays]
        side.repeated += int((by == number).sum())
        in_test = (by < 2) & (number >= 2)
        side.in_test += int(in_test.sum())
        side.in_other += int(((by != number) & ~in_test).sum())
        side.lines = [line for line, left in zip(side.lines, stays[mine].tolist(), strict=True) if left]


def _near_keys() -> Callable[[str], Any]:
    """The function from a line to its MinHash bands, by the script it is written in, as dedup/minhash has them."""
    by_script = make("language/script", {"keep": [], "latin": "en"}).open()  # type: ignore[attr-defined]
    bands = make("dedup/minhash").open()  # type: ignore[attr-defined]

    def keys(line: str) -> Any:
        document = Document("", line)
        return bands(document.note(**by_script(document).notes))

    return keys


def split(lines: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """(lines to learn from, lines held out): a share of them, chosen by a hash of each line alone."""
    apart = [is_held_out(line, share) for line in lines]
    return (
        [line for line, chosen in zip(lines, apart, strict=True) if not chosen],
        [line for line, chosen in zip(lines, apart, strict=True) if chosen],
    )


def fingerprint(lines: Sequence[str]) -> str:
    """sha256 over the hashes of lines, sorted: equal for equal sets of texts."""
    found = hashlib.sha256()
    for digest in sorted(hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest() for line in lines):
        found.update(digest)
    return found.hexdigest()
