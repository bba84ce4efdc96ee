"""Testing the members of clusters against their survivors by sketches of their texts, in each of a decision's forms."""

import hashlib
import tempfile
import weakref
from collections.abc import Callable, Iterable

import numpy as np

from filters.contracts import Sameness
from filters.dedup import sameness
from filters.dedup.sameness import Sketcher, Sketches, Tested
from filters.document import Document
from pipelines import storage

_NONE = np.empty(0, dtype=np.uint32)
_NONE.flags.writeable = False  # as a mapped file is: kernels are compiled for one kind of array


class SketchFile:
    """Sketches of documents in a nameless local file, numbered as they come: 8 bytes of memory a document.

    folder  where the file is, if it is local; else the system's folder of temporary files
    """

    def __init__(self, folder: str | None = None) -> None:
        if folder is not None and storage.is_local(folder):
            storage.make_folder(folder)
        else:
            folder = None
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self.close = weakref.finalize(self, self._file.close)  # among the living it is closed with its owner
        self._begins: list[np.ndarray] = []
        self._numbers = 0
        self.count = 0

    def add(self, packed: np.ndarray) -> None:
        """Add the packed sketches of some documents, one after the other."""
        begins = []
        place = 0
        while place < len(packed):
            begins.append(self._numbers + place)
            place += sameness.HEADER + int(packed[place + 1]) + int(packed[place + 2])
        self._begins.append(np.array(begins, dtype=np.int64))
        self._file.write(packed.tobytes())
        self._numbers += len(packed)
        self.count += len(begins)

    def sketches(self) -> Sketches:
        """All sketches added so far."""
        self._file.flush()
        values = np.asarray(np.memmap(self._file, dtype=np.uint32, mode="r")) if self._numbers else _NONE
        self._begins = [np.concatenate(self._begins)] if self._begins else []
        return Sketches(values, self._begins[0] if self._begins else np.empty(0, dtype=np.int64))


def tested_here(
    verify: Sameness,
    rows: np.ndarray,
    begins: np.ndarray,
    documents: Callable[[np.ndarray], Iterable[Document]],
    folder: str,
) -> Tested:
    """Test the members of clusters (from clusters.members_of) on this machine.

    documents  gives the documents of some rows, ascending
    """
    file = SketchFile(folder)
    try:
        sketch = Sketcher()
        ascending = np.sort(rows)
        for document in documents(ascending) if len(rows) else ():
            file.add(sketch(document))
        return sameness.tested(rows, begins, np.searchsorted(ascending, rows), file.sketches(), verify)
    finally:
        file.close()


class AmongLiving:
    """Tests clusters of the documents that are alive, again and again; each document is sketched once."""

    def __init__(self, verify: Sameness, size: int) -> None:
        self._verify = verify
        self._file: SketchFile | None = None
        self._places = np.full(size, -1, dtype=np.int64)
        self._counts: dict[bytes, dict[str, int]] = {}

    def tested(
        self,
        alive: np.ndarray,
        rows: np.ndarray,
        begins: np.ndarray,
        documents: Callable[[list[int]], Iterable[Document]],
    ) -> Tested:
        """Test the members of clusters. documents gives the documents of some rows, ascending."""
        file = self._file = self._file or SketchFile()
        sketch = Sketcher()
        new = np.sort(rows[self._places[rows] < 0])
        for row, document in zip(new.tolist(), documents(new.tolist()) if len(new) else (), strict=True):
            self._places[row] = file.count
            file.add(sketch(document))
        found = sameness.tested(rows, begins, self._places[rows], file.sketches(), self._verify)
        self._counts[_digest(alive)] = counted(self._verify, len(rows), len(begins) - 1, found.similarity)
        return found

    def counts(self, alive: np.ndarray) -> dict[str, int]:
        """The counts of the test among these documents, which must have been made."""
        return self._counts[_digest(alive)]


def _digest(alive: np.ndarray) -> bytes:
    return hashlib.blake2b(np.packbits(alive).tobytes()).digest()


def by_similarity(verify: Sameness, similarity: np.ndarray) -> np.ndarray:
    """Which of the documents that go do so by their Jaccard similarity; the others are contained. Bool, shape (n,)."""
    if verify.jaccard is None:
        return np.zeros(len(similarity), dtype=bool)
    return np.asarray(similarity >= verify.jaccard)


def counted(verify: Sameness, candidates: int, clusters: int, similarity: np.ndarray) -> dict[str, int]:
    """What is shown of a test; candidates are the first ones of clusters, similar, contained or different.

    candidates  documents in clusters, the first of each included       similarity  of those that go, as in Tested
    """
    similar = int(np.count_nonzero(by_similarity(verify, similarity)))
    contained = len(similarity) - similar
    return {
        "candidates": candidates,
        "similar": similar,
        "contained": contained,
        "different": candidates - clusters - similar - contained,
    }


def thresholds(verify: Sameness, similarity: np.ndarray) -> list[float | None]:
    """The limit that decided on each document that goes."""
    return [verify.jaccard if similar else verify.containment for similar in by_similarity(verify, similarity).tolist()]
