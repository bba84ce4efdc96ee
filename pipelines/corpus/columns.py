"""The keys of all shards, and of earlier runs after them, as columns over one numbering of documents."""

from collections.abc import Iterator, Sequence

import numpy as np

from filters.dedup import clusters
from filters.document import Document
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.spool import documents_at, ids_at
from pipelines.manifest import Shard


class Columns:
    """Columns of the files of keys of shards and of earlier runs; one column is in memory at a time.

    size  documents in all       new  documents of the shards: those from here on are of earlier runs
    """

    def __init__(self, shards: Sequence[Shard], earlier: Sequence[KeyFile] = ()) -> None:
        self.shards = shards
        self.files = [KeyFile(shard.keys) for shard in shards] + list(earlier)
        self.starts = np.cumsum([0, *(file.header["rows"] for file in self.files)])
        self.size = int(self.starts[-1])
        self.new = int(self.starts[len(shards)])

    def column(self, name: str) -> np.ndarray:
        """An array of all files, one after the other."""
        found = [file[name] for file in self.files]
        return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)

    def takes_part(self) -> np.ndarray:
        """Which documents have keys: bool, shape (size,)."""
        return self.column("takes_part") if self.size else np.empty(0, dtype=bool)

    def order(self, columns: int) -> np.ndarray:
        """The order of documents: uint64, shape (size, columns).

        An earlier run may have kept survivors by another policy, of more or fewer columns: of its documents only the
        hashes of id and content count then.
        """
        found = np.zeros((self.size, columns), dtype=np.uint64)
        for start, file in zip(self.starts.tolist(), self.files, strict=False):
            order = file["order"]
            same = order.shape[1] == columns
            found[start : start + len(order), 0 if same else -2 :] = order if same else order[:, -2:]
        return found

    def copies(self) -> np.ndarray:
        """For how many documents each stands: uint64, shape (size,)."""
        return self.column("copies")

    def split(self, rows: np.ndarray) -> Iterator[tuple[int, slice]]:
        """(file number, slice of rows) for each file that some of the rows (ascending) are in."""
        bounds = np.searchsorted(rows, self.starts)
        for number in range(len(self.files)):
            if bounds[number] < bounds[number + 1]:
                yield number, slice(int(bounds[number]), int(bounds[number + 1]))

    def ids(self, rows: np.ndarray) -> list[str]:
        """The ids of documents, rows ascending."""
        found: list[str] = []
        for number, part in self.split(rows):
            found += ids_at(self.files[number], rows[part] - self.starts[number])
        return found

    def signatures(self, rows: np.ndarray) -> np.ndarray:
        """The signatures of documents, rows ascending: uint16, shape (len(rows), s)."""
        found = [self.files[number]["signature"][rows[part] - self.starts[number]] for number, part in self.split(rows)]
        return np.concatenate(found)

    def mixed(self, rows: np.ndarray) -> np.ndarray:
        """A hash of id and content of documents, rows ascending: uint64, shape (len(rows),)."""
        found = [
            self.files[number]["order"][rows[part] - self.starts[number], -2:] for number, part in self.split(rows)
        ]
        return clusters.mixed_order(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)

    def mixed_of(self, rows: np.ndarray) -> np.ndarray:
        """mixed() of rows in any order, repeated ones included."""
        different, places = np.unique(rows, return_inverse=True)
        found: np.ndarray = self.mixed(different)[places]
        return found

    def documents(self, rows: np.ndarray) -> Iterator[Document]:
        """Documents of the shards, rows ascending."""
        for number, part in self.split(rows):
            yield from documents_at(self.shards[number], (rows[part] - self.starts[number]).tolist())
