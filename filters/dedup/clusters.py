"""Clusters among documents from their keys, and who stays: pure functions over arrays, without files or Beam."""

from collections.abc import Iterable

import numpy as np


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


def members_of(labels: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows of the documents in clusters of two or more, cluster by cluster in the order; where each cluster begins,
    and the end of the last), int64 both.

    labels  cluster of each document, shape (n,)       order  uint64, shape (n, m)
    """
    members = np.flatnonzero(np.bincount(labels, minlength=1)[labels] > 1) if len(labels) else np.empty(0, np.int64)
    rows = members[np.lexsort((*order[members].T[::-1], labels[members]))]
    found = labels[rows]
    first = np.concatenate([[True], found[1:] != found[:-1]])[: len(rows)]
    return rows.astype(np.int64), np.append(np.flatnonzero(first), len(rows))


def survivors(rows: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows that are dropped, ascending; the row kept of the cluster of each), int64 both; from members_of()."""
    first = begins[:-1]
    best = np.repeat(rows[first], np.diff(begins))
    gone = np.ones(len(rows), dtype=bool)
    gone[first] = False
    lost, kept = rows[gone], best[gone]
    ascending = np.argsort(lost, kind="stable")
    return lost[ascending], kept[ascending]


def stands_for(
    rows: np.ndarray, begins: np.ndarray, lost: np.ndarray, kept: np.ndarray, copies: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows that stay in clusters, ascending; for how many documents each stands; the first row of its cluster).

    rows, begins  from members_of()       lost, kept  the rows dropped, and the row that each is dropped for
    copies        for how many documents each document stood before, of all documents
    """
    first = np.repeat(rows[begins[:-1]], np.diff(begins))
    ascending = np.argsort(rows, kind="stable")
    rows, first = rows[ascending], first[ascending]
    counts = copies[rows].astype(np.int64)
    np.add.at(counts, np.searchsorted(rows, kept), copies[lost].astype(np.int64))
    stay = ~np.isin(rows, lost)
    return rows[stay], counts[stay], first[stay]


def below_top(score: np.ndarray, order: np.ndarray, present: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows outside the top share of those present, by score (higher is better; ties in the order); kept rows are -1."""
    rows = np.flatnonzero(present)
    rows = rows[np.lexsort((*order[rows].T[::-1], ~score[rows]))]
    lost = np.sort(rows[kept_of_top(len(rows), share) :])
    return lost, np.full(len(lost), -1, dtype=np.int64)


def kept_of_top(count: int, share: float) -> int:
    """How many of `count` documents a share keeps: count * share, rounded up."""
    return int(np.ceil(round(count * share, 6)))
