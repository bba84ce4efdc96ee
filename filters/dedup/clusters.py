"""Clusters among documents from their keys, and who stays: pure functions over arrays, without files or Beam.

A key record is what the decision needs of one document, in little-endian uint64: its keys (k of them), the survivor
policy's rank, the hash of its id and the hash of its text, URL and date. A document without keys has an empty record.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from filters.chain import opened
from filters.contracts import Bloom, CorpusJudge, Duplicates, Lines, Repeats, TopShare
from filters.dedup.survivors import identity, rank, rank_width
from filters.document import Document

Decision = Duplicates | TopShare | Lines | Bloom | Repeats


@dataclass(frozen=True)
class Keys:
    """The keys of n documents.

    values      uint64, shape (n, k); rows of documents that take no part hold zeros
    takes_part  bool, shape (n,)
    order       uint64, shape (n, m): the document whose row is smallest (first column first) stays
    """

    values: np.ndarray
    takes_part: np.ndarray
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.takes_part)

    @classmethod
    def of(cls, decision: Decision, records: Sequence[bytes | None]) -> "Keys":
        """From the records of documents; None and b"" say that a document takes no part."""
        width, orders = widths(decision)
        table = np.zeros((len(records), width + orders), dtype=np.uint64)
        takes_part = np.zeros(len(records), dtype=bool)
        for row, record in enumerate(records):
            if record:
                table[row] = np.frombuffer(record, dtype="<u8")
                takes_part[row] = True
        return cls(table[:, :width], takes_part, table[:, width:])


def widths(decision: Decision) -> tuple[int, int]:
    """(number of keys, number of columns of the order) of the records that a decision needs."""
    if isinstance(decision, Duplicates):
        return decision.width, rank_width(decision.survivor) + 2
    return 1, 2


def order_of(decision: Decision, document: Document) -> tuple[int, ...]:
    """A document's place in the order: rank (among duplicates), hash of the id, hash of the rest."""
    first = rank(decision.survivor, document) if isinstance(decision, Duplicates) else ()
    return (*first, *identity(document))


def key_record(step: CorpusJudge, document: Document) -> bytes:
    """The key record of a document; empty where it takes no part."""
    return record_of(step.decision(), opened(step)(document), document)


def record_of(decision: Duplicates | TopShare, keys: np.ndarray, document: Document) -> bytes:
    """The key record of a document with these keys; empty where it takes no part."""
    if not len(keys):
        return b""
    record: bytes = np.array([*keys.tolist(), *order_of(decision, document)], dtype="<u8").tobytes()
    return record


def losers(
    decision: Duplicates | TopShare,
    keys: Keys,
    alive: np.ndarray | None = None,
    documents: Callable[[Sequence[int]], Iterable[Document]] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Who is dropped when only the documents alive are there: (rows dropped, ascending; the row kept for each).

    alive      bool of shape (n,); all by default
    documents  gives the documents of some rows, in that order; only needed where candidates are verified

    Shares ("keep the top 10 %") have no kept row: -1.
    """
    present = keys.takes_part if alive is None else keys.takes_part & alive
    if isinstance(decision, TopShare):
        return below_top(keys.values[:, 0], keys.order, present, decision.share)
    columns = (keys.values[:, column] for column in range(keys.values.shape[1]))
    rows = np.flatnonzero(present)
    found = (column[rows] for column in columns)
    order = keys.order[rows]
    if decision.verify is None or decision.shingler is None:
        labels = link(found, len(rows))
    else:
        if documents is None:
            raise ValueError("verifying candidates needs their documents")
        pairs = candidates(found, order)
        wanted = np.unique(pairs)
        shingle = decision.shingler()
        shingles = {
            row: np.unique(shingle(document))
            for row, document in zip(wanted.tolist(), documents(rows[wanted].tolist()), strict=True)
        }
        same = [similar(shingles[a], shingles[b], decision.verify) for a, b in pairs.tolist()]
        labels = components(len(rows), *pairs[np.array(same, dtype=bool)].T)
    lost, kept = survivors(labels, order)
    return rows[lost], rows[kept]


def similar(a: np.ndarray, b: np.ndarray, threshold: float) -> bool:
    """Whether the Jaccard similarity of two sorted sets of hashes reaches a threshold."""
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared >= threshold * (len(a) + len(b) - shared)


def components(size: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Connected components of `size` nodes under the edges (a[i], b[i]): a label for each node, int32."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
    labels: np.ndarray = connected_components(graph, directed=False)[1]
    return labels


def _buckets(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row numbers sorted by key, True where a row's key equals that of the row before it)."""
    rows = np.argsort(column)
    ordered = column[rows]
    same = np.empty(len(rows), dtype=bool)
    same[:1] = False
    np.equal(ordered[1:], ordered[:-1], out=same[1:])
    return rows, same


def link(columns: Iterable[np.ndarray], size: int) -> np.ndarray:
    """Labels of the clusters of documents that share a key, column by column: int32, shape (size,).

    Only one column is in memory at a time. A key that all documents share costs as much as any other.
    """
    labels = np.arange(size, dtype=np.int32 if size < 1 << 31 else np.int64)
    for column in columns:
        rows, same = _buckets(column)
        place = np.flatnonzero(same)
        if len(place):
            joined = components(size, labels[rows[place]], labels[rows[place - 1]])
            labels = joined[labels]
    return labels


def candidates(columns: Iterable[np.ndarray], order: np.ndarray) -> np.ndarray:
    """Pairs to verify, int64 of shape (p, 2), each once; order is the documents' order, uint64 of shape (n, m).

    Of the documents that share a key, each is paired with the first and with the one just before it, in the order of a
    hash of id and content; so p is linear in their number.
    """
    mixed = mixed_order(order)
    found = [bucket_pairs(column, mixed) for column in columns]
    if not found:
        return np.empty((0, 2), dtype=np.int64)
    return np.unique(np.concatenate(found), axis=0)


def mixed_order(order: np.ndarray) -> np.ndarray:
    """One hash of id and content from the last two columns of the order: uint64, shape (n,)."""
    mixed: np.ndarray = order[:, -2] ^ (order[:, -1] * np.uint64(0x9E3779B97F4A7C15))
    return mixed


def bucket_pairs(column: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    """The pairs of candidates() for one column of keys: int64, shape (p, 2), smaller row first."""
    rows = np.lexsort((mixed, column))
    ordered = column[rows]
    same = np.zeros(len(rows), dtype=bool)
    same[1:] = ordered[1:] == ordered[:-1]
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
    place = np.flatnonzero(same)
    pairs = np.stack([rows[np.concatenate([first[place], place - 1])], rows[np.concatenate([place, place])]], axis=1)
    found: np.ndarray = np.sort(pairs, axis=1)
    return found


def survivors(labels: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows that are dropped, ascending; the row kept of the cluster of each), int64 both.

    labels  cluster of each document, shape (n,)       order  uint64, shape (n, m)
    """
    members = np.flatnonzero(np.bincount(labels, minlength=1)[labels] > 1) if len(labels) else np.empty(0, np.int64)
    if not len(members):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    rows = members[np.lexsort((*order[members].T[::-1], labels[members]))]
    found = labels[rows]
    first = np.concatenate([[True], found[1:] != found[:-1]])
    best = rows[np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))]
    lost, kept = rows[~first], best[~first]
    ascending = np.argsort(lost, kind="stable")
    return lost[ascending].astype(np.int64), kept[ascending].astype(np.int64)


def below_top(score: np.ndarray, order: np.ndarray, present: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows outside the top share of those present, by score (higher is better; ties in the order); kept rows are -1."""
    rows = np.flatnonzero(present)
    rows = rows[np.lexsort((*order[rows].T[::-1], ~score[rows]))]
    lost = np.sort(rows[kept_of_top(len(rows), share) :])
    return lost, np.full(len(lost), -1, dtype=np.int64)


def kept_of_top(count: int, share: float) -> int:
    """How many of `count` documents a share keeps: count * share, rounded up."""
    return int(np.ceil(round(count * share, 6)))
