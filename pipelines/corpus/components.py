"""Connected components of a graph too large for one machine: alternating large-star and small-star.

Kiveris et al., "Connected Components in MapReduce and Beyond" (SoCC 2014). Edges travel as packed arrays of
(node, node), uint64, by partition of the first node; one element of a PCollection holds many. Edges that fit in the
memory of one worker are solved there at once.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from apache_beam.pvalue import AsSingleton, TaggedOutput

from filters.dedup import clusters

KEY_BYTES = 64 << 20  # aimed at for what one key holds
EDGES_HERE = 256 << 20  # bytes of edges that one worker solves; it takes up to eight times this memory
ROUNDS = (2, 4)  # of large-star and small-star; complete components leave after each group of rounds
_CHUNK = 64 << 20
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def packed(edges: np.ndarray) -> bytes:
    """Edges, uint64 of shape (e, 2), as bytes."""
    return np.ascontiguousarray(edges, dtype="<u8").tobytes()


def unpacked(blobs: Iterable[bytes], columns: int = 2) -> np.ndarray:
    """The inverse of packed, for many blobs: uint64, shape (e, columns)."""
    return np.frombuffer(b"".join(blobs), dtype="<u8").reshape(-1, columns)


def partition(nodes: np.ndarray, partitions: int) -> np.ndarray:
    """The partition of each node, int64."""
    found: np.ndarray = ((nodes * _SPREAD) >> np.uint64(33)).astype(np.int64) % partitions
    return found


def partitions_for(size: int, key_bytes: int = KEY_BYTES) -> int:
    """Into how many partitions so many bytes are dealt, so that each holds about key_bytes."""
    return max(1, -(-size // key_bytes))


def large_star(pairs: np.ndarray) -> np.ndarray:
    """Each node's larger neighbours get an edge to the smallest of its neighbours and itself.

    pairs  (node, neighbour), uint64 of shape (e, 2), with all neighbours of each node that occurs in column 0
    """
    node, neighbour, smallest = _with_smallest(pairs)
    larger = neighbour > node
    return _simple(neighbour[larger], np.minimum(smallest, node)[larger])


def small_star(pairs: np.ndarray) -> np.ndarray:
    """Each node and its smaller neighbours get an edge to the smallest of these.

    pairs  (node, smaller neighbour), uint64 of shape (e, 2), with all smaller neighbours of each node
    """
    node, neighbour, smallest = _with_smallest(pairs)
    return _simple(np.concatenate([neighbour, node]), np.concatenate([smallest, smallest]))


def _with_smallest(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.lexsort((pairs[:, 1], pairs[:, 0]))
    node, neighbour = pairs[rows, 0], pairs[rows, 1]
    new = np.concatenate([[True], node[1:] != node[:-1]])[: len(node)]
    first = np.maximum.accumulate(np.where(new, np.arange(len(node)), 0))
    return node, neighbour, neighbour[first]


def _simple(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Edges without loops and repetitions."""
    apart = a != b
    return distinct(np.stack([a[apart], b[apart]], axis=1))


def distinct(rows: np.ndarray) -> np.ndarray:
    """The different rows, ascending by their first column, then by the next; np.unique takes ten times as long.

    rows  uint64, shape (n, m)
    """
    ordered = rows[np.lexsort(rows.T[::-1])]
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[new]


def marked(roles: np.ndarray) -> np.ndarray:
    """Edges (node, root, whether it belongs to a component that is not complete), uint64 of shape (m, 3).

    A component is complete when it is a star: each node has one root, which is the node of no edge. Where a node has
    several roots, its edges are marked, and where a root is itself a node, so is a row (root, root, 1) added for it: a
    star that is joined to another one in any way then has a marked row.

    roles  (node, root, 0) for each edge, and (root, root, 1) for each root, with all rows of each node in column 0
    """
    edges = distinct(roles[roles[:, 2] == 0, :2])
    node, counts = np.unique(edges[:, 0], return_counts=True)
    below = np.intersect1d(node, roles[roles[:, 2] == 1, 0])
    joined = np.repeat((counts > 1) | np.isin(node, below, assume_unique=True), counts).astype(np.uint64)
    ones = np.ones(len(below), dtype=np.uint64)
    return np.concatenate([np.column_stack([edges, joined]), np.column_stack([below, below, ones])])


def complete(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(edges of complete components, the others), uint64 of shape (e, 2) both; rows: from marked(), all of a root."""
    edges = rows[rows[:, 0] != rows[:, 1]]
    still = np.isin(edges[:, 1], rows[rows[:, 2] == 1, 1])
    return edges[~still, :2], edges[still, :2]


def stars(edges: np.ndarray) -> np.ndarray:
    """The components of all edges: (node, smallest node of its component), uint64 of shape (n, 2), without roots."""
    nodes, places = np.unique(edges, return_inverse=True)
    places = places.reshape(-1, 2)
    labels = clusters.components(len(nodes), places[:, 0], places[:, 1])
    _, first = np.unique(labels, return_index=True)
    roots = nodes[first[labels]]
    apart = nodes != roots
    return np.stack([nodes[apart], roots[apart]], axis=1)


class _Send(beam.DoFn):
    """Packed edges -> (partition, packed pairs): each edge by both nodes, or by its larger node only.

    size  bytes of all edges that there were when the rounds began
    """

    def __init__(self, key_bytes: int, both: bool) -> None:
        self.key_bytes, self.both = key_bytes, both

    def process(self, blob: bytes, size: int) -> Iterator[tuple[int, bytes]]:
        edges = unpacked([blob])
        if self.both:
            edges = np.concatenate([edges, edges[:, ::-1]])
        else:
            edges = np.stack([edges.max(axis=1), edges.min(axis=1)], axis=1)
        yield from _sent(edges, edges[:, 0], partitions_for(2 * size, self.key_bytes))


def _sent(rows: np.ndarray, by: np.ndarray, partitions: int) -> Iterator[tuple[int, bytes]]:
    for part, sent in by_partition(rows, partition(by, partitions)):
        Metrics.counter("shuffled", "links").inc(len(sent))
        yield part, sent


def by_partition(rows: np.ndarray, parts: np.ndarray) -> Iterator[tuple[int, bytes]]:
    """(partition, packed rows of it) for the partitions that have rows."""
    for part, chosen in rows_by_part(parts):
        yield part, packed(rows[chosen])


def rows_by_part(parts: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(partition, places of its rows, ascending) for the partitions that have rows."""
    order = np.argsort(parts, kind="stable")
    found, starts = np.unique(parts[order], return_index=True)
    ends = np.append(starts, len(order))[1:]
    for part, start, end in zip(found.tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield part, order[start:end]


def _star(element: tuple[int, Iterable[bytes]], large: bool) -> Iterator[bytes]:
    pairs = unpacked(element[1])
    edges = large_star(pairs) if large else small_star(pairs)
    if len(edges):
        yield packed(edges)


def _roles(blob: bytes, size: int, key_bytes: int) -> Iterator[tuple[int, bytes]]:
    edges = unpacked([blob])
    roots = np.unique(edges[:, 1])
    none, ones = np.zeros(len(edges), dtype=np.uint64), np.ones(len(roots), dtype=np.uint64)
    rows = np.concatenate([np.column_stack([edges, none]), np.column_stack([roots, roots, ones])])
    yield from _sent(rows, rows[:, 0], partitions_for(2 * size, key_bytes))


def _marked(element: tuple[int, Iterable[bytes]], size: int, key_bytes: int) -> Iterator[tuple[int, bytes]]:
    rows = marked(unpacked(element[1], 3))
    yield from _sent(rows, rows[:, 1], partitions_for(2 * size, key_bytes))


class _Leave(beam.DoFn):
    """Marked edges of a partition of roots -> those that are not complete; the others go to "complete"."""

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        done, others = complete(unpacked(element[1], 3))
        if len(done):
            yield TaggedOutput("complete", packed(done))
        if len(others):
            yield packed(others)


class _Part(beam.DoFn):
    """Packed edges -> themselves; where all are few enough for one worker, they go to the output "here" instead."""

    def __init__(self, most: int) -> None:
        self.most = most

    def process(self, blob: bytes, size: int) -> Iterator[Any]:
        yield TaggedOutput("here", blob) if size <= self.most else blob


def _to_one(blob: bytes) -> tuple[int, bytes]:
    Metrics.counter("shuffled", "links").inc(len(blob))
    return 0, blob


def _solved(element: tuple[int, Iterable[bytes]]) -> Iterator[bytes]:
    """Components of all edges; edges that say nothing new are forgotten on the way, so memory grows with the nodes."""
    found = np.empty((0, 2), dtype=np.uint64)
    waiting: list[bytes] = []
    size = 0
    for blob in element[1]:
        waiting.append(blob)
        size += len(blob)
        if size > max(_CHUNK, 2 * found.nbytes):
            found = stars(np.concatenate([found, unpacked(waiting)]))
            waiting, size = [], 0
    found = stars(np.concatenate([found, unpacked(waiting)]))
    if len(found):
        yield packed(found)


class ConnectedComponents(beam.PTransform):
    """Packed edges -> packed (node, root), root being the smallest node of the component; roots are not listed.

    Rounds of large-star and small-star, after some of which complete components leave. What is left after the last
    round (chains of about a hundred nodes and more), and what fits before, is solved on one worker.

    key_bytes  aimed at for a partition         here  bytes of edges up to which one worker solves them
    """

    def __init__(self, key_bytes: int = KEY_BYTES, here: int = EDGES_HERE) -> None:
        super().__init__()
        self.key_bytes, self.here = key_bytes, here

    def expand(self, edges: Any) -> Any:
        found, few = [], []
        for group, rounds in enumerate(ROUNDS):
            size = AsSingleton(
                edges | f"bytes {group}" >> beam.Map(len) | f"all bytes {group}" >> beam.CombineGlobally(sum)
            )
            parted = edges | f"part {group}" >> beam.ParDo(_Part(self.here), size=size).with_outputs(
                "here", main="many"
            )
            few.append(parted["here"])
            edges = parted["many"]
            for number in range(rounds):
                for name, large in (("large", True), ("small", False)):
                    label = f"{name} {group}.{number}"
                    edges = (
                        edges
                        | f"send {label}" >> beam.ParDo(_Send(self.key_bytes, large), size=size)
                        | f"group {label}" >> beam.GroupByKey()
                        | f"star {label}" >> beam.FlatMap(_star, large=large)
                    )
            left = (
                edges
                | f"roles {group}" >> beam.FlatMap(_roles, size=size, key_bytes=self.key_bytes)
                | f"group roles {group}" >> beam.GroupByKey()
                | f"mark {group}" >> beam.FlatMap(_marked, size=size, key_bytes=self.key_bytes)
                | f"group marked {group}" >> beam.GroupByKey()
                | f"leave {group}" >> beam.ParDo(_Leave()).with_outputs("complete", main="others")
            )
            found.append(left["complete"])
            edges = left["others"]
        solved = (
            [*few, edges]
            | "left" >> beam.Flatten()
            | "to one" >> beam.Map(_to_one)
            | "group left" >> beam.GroupByKey()
            | "solve" >> beam.FlatMap(_solved)
        )
        return [*found, solved] | "all components" >> beam.Flatten()
