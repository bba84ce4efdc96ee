"""Whether documents of a cluster hold the same: sketches of their shingles, and who survives the comparison.

MinHash finds candidates by a similarity of about 0.7 and joins them in chains, so what it puts into one cluster often
is not the same: pages of a template, a quotation and its frame. Here a document goes only for a survivor that holds
what it holds.
"""

from typing import Any, NamedTuple

import numpy as np

from filters.contracts import Sameness
from filters.document import Document

WORDS = 3  # words in a shingle whose containment is measured
CHARACTERS = 5  # characters in a shingle whose Jaccard similarity is measured
HEADER = 3  # numbers before the hashes in a packed sketch
SKETCH_BYTES = 4 * (HEADER + 2 * 1024)  # the most that a packed sketch takes
MEMBERS_AT_ONCE = 20_000
_ABOVE_ALL = 2.0


class Sketcher:
    """Document -> its packed sketch, uint32: words in the text, hashes of word 3-grams, hashes of character 5-grams.

    The first three numbers are the number of words and of hashes of either kind; at most SKETCH_BYTES. Words and
    characters are lower-cased and without punctuation, characters without white space, too.
    """

    def __init__(self) -> None:
        from filters.text import minhash, sketches

        self._shingles, self._sketches = minhash, sketches

    def __call__(self, document: Document) -> Any:
        words = self._shingles.word_shingles(document.text, WORDS)
        characters = self._sketches.smallest(self._shingles.character_shingles(document.text, CHARACTERS))
        length = len(words)
        words = self._sketches.smallest(words)
        return np.concatenate([np.array([length, len(words), len(characters)], dtype=np.uint32), words, characters])


class Sketches(NamedTuple):
    """The sketches of m documents.

    values   uint32, packed sketches one after the other; may stay in a file
    begins   int64, shape (m,): where each begins
    """

    values: Any
    begins: Any

    def heads(self, places: Any) -> tuple[Any, Any]:
        """(words, int64 of shape (n,); bounds of the hashes in values, int64 of shape (n, 3)) of some documents."""
        begins = self.begins[places]
        counts = np.stack([self.values[begins + number] for number in range(HEADER)], axis=1).astype(np.int64)
        return counts[:, 0], np.cumsum(np.stack([begins + HEADER, counts[:, 1], counts[:, 2]], axis=1), axis=1)


class Tested(NamedTuple):
    """What a test of clusters found, one entry for each document that goes, rows ascending.

    lost, kept   rows, int64            value   the figure that decided: Jaccard similarity or containment
    similarity   Jaccard similarity of character 5-grams to the document kept
    """

    lost: Any
    kept: Any
    value: Any
    similarity: Any


def tested(rows: Any, begins: Any, places: Any, sketches: Sketches, sameness: Sameness) -> Tested:
    """Test the members of clusters one by one, each against survivors that come before it.

    rows, begins  from clusters.members_of()       places  where the sketch of each of the rows is, shape (len(rows),)

    The result depends on the members of each cluster and their order alone. Memory: about a kilobyte for each member of
    the clusters that are tested at once, and of the largest cluster.
    """
    kept = np.full(len(rows), -1, dtype=np.int64)
    found = np.zeros((len(rows), 2))
    cluster = 0
    while cluster < len(begins) - 1:
        last = cluster + 1
        while last < len(begins) - 1 and begins[last + 1] - begins[cluster] <= MEMBERS_AT_ONCE:
            last += 1
        first, end = int(begins[cluster]), int(begins[last])
        here = kept[first:end]
        _test(places[first:end], begins[cluster : last + 1] - first, sketches, sameness, here, found[first:end])
        here[here >= 0] += first
        cluster = last
    lost = np.flatnonzero(kept >= 0)
    lost = lost[np.argsort(rows[lost], kind="stable")]
    return Tested(rows[lost], rows[kept[lost]], found[lost, 0], found[lost, 1])


def _test(places: Any, begins: Any, sketches: Sketches, sameness: Sameness, kept: Any, found: Any) -> None:
    from filters.text import sketches as kernels

    lengths, bounds = sketches.heads(places)
    groups, starts = _groups(sketches.values, bounds, begins, kernels.PROBES)
    limits = np.array([
        _ABOVE_ALL if limit is None else limit for limit in (sameness.containment, sameness.jaccard)
    ])  # fmt: skip
    kernels.test_clusters(
        sketches.values, bounds, lengths, begins, groups, starts, limits, sameness.survivors, kept, found
    )


def _groups(values: Any, bounds: Any, begins: Any, probes: int) -> tuple[Any, Any]:
    """The groups of members of a cluster that share a probe: (groups, starts) of kernels.test_clusters."""
    counts = np.minimum(bounds[:, 2] - bounds[:, 1], probes)
    total = int(counts.sum())
    member = np.repeat(np.arange(len(counts)), counts)
    column = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    cluster = np.searchsorted(begins, member, side="right").astype(np.uint64)
    keys = cluster << np.uint64(32) | values[bounds[member, 1] + column].astype(np.uint64)
    _, number, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    groups = np.full((len(counts), probes), -1, dtype=np.int32)
    groups[member, column] = np.where(sizes[number] > 1, number, -1)
    return groups, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
