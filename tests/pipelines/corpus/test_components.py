"""Components by large-star and small-star are those of scipy."""

from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.dedup.clusters import components
from pipelines.corpus import components as module
from pipelines.corpus.components import (
    ConnectedComponents,
    complete,
    large_star,
    marked,
    packed,
    small_star,
    stars,
    unpacked,
)

BOTH_WAYS = [0, 1 << 30]  # bytes of edges up to which one worker solves them


def one_round(edges: np.ndarray) -> np.ndarray:
    edges = large_star(np.concatenate([edges, edges[:, ::-1]]))
    return small_star(np.stack([edges.max(axis=1), edges.min(axis=1)], axis=1))


def parted(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(edges of complete components, the others)."""
    roots = np.unique(edges[:, 1])
    ones, zeros = np.ones(len(roots), np.uint64), np.zeros(len(edges), np.uint64)
    return complete(marked(np.concatenate([np.column_stack([edges, zeros]), np.column_stack([roots, roots, ones])])))


def by_stars(edges: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """The algorithm without Beam: (edges of components that are complete, the others)."""
    found = []
    for _ in range(rounds):
        done, edges = parted(one_round(edges))
        found.append(done)
    return np.concatenate(found), edges


def roots_of(size: int, found: np.ndarray) -> list[int]:
    root = np.arange(size)
    root[found[:, 0].astype(np.int64)] = found[:, 1]
    return root.tolist()


def expected(size: int, edges: np.ndarray) -> list[int]:
    """The smallest node of each node's component, by scipy."""
    labels = components(size, edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64))
    smallest = np.full(labels.max(initial=0) + 1, size)
    np.minimum.at(smallest, labels, np.arange(size))
    return smallest[labels].tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40), st.integers(1, 4))
def test_random_graphs(pairs: list[tuple[int, int]], rounds: int) -> None:
    edges = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    truth = expected(30, edges)
    assert roots_of(30, stars(edges)) == truth
    done, others = by_stars(edges, rounds)
    # what leaves early is whole: none of its components is among the others, and all of it is right
    assert not set(done.ravel().tolist()) & set(others.ravel().tolist())
    assert roots_of(30, np.concatenate([done, stars(others)])) == truth
    assert not len(by_stars(edges, 20)[1])


def chain(size: int, order: np.ndarray) -> np.ndarray:
    return np.stack([order[:-1], order[1:]], axis=1).astype(np.uint64)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_chains_of_ten_thousand(seed: int | None) -> None:
    order = np.arange(10_000) if seed is None else np.random.default_rng(seed).permutation(10_000)
    edges = chain(10_000, order)
    assert roots_of(10_000, by_stars(edges, 20)[0]) == [0] * 10_000
    assert not len(by_stars(edges, 4)[0])  # nobody leaves too early
    assert roots_of(10_000, stars(edges)) == [0] * 10_000


def test_stars_of_ten_thousand() -> None:
    for centre in (0, 5_000, 9_999):
        leaves = np.setdiff1d(np.arange(10_000), [centre])
        edges = np.stack([np.full(9_999, centre), leaves], axis=1).astype(np.uint64)
        assert roots_of(10_000, by_stars(edges, 2)[0]) == [0] * 10_000


def run(edges: np.ndarray, path: Path, here: int, key_bytes: int = 20_000) -> tuple[np.ndarray, int]:
    """(components found by Beam, bytes shuffled)."""
    target = str(path / "found")
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))
    _ = (
        pipeline
        | beam.Create([packed(part) for part in np.array_split(edges, 5)], reshuffle=False)
        | ConnectedComponents(key_bytes, here)
        | beam.combiners.ToList()
        | beam.Map(_write, path=target)
    )
    result = pipeline.run()
    result.wait_until_finish()
    query = beam.metrics.MetricsFilter().with_namespace("shuffled")
    found = {c.key.metric.name: c.result for c in result.metrics().query(query)["counters"]}
    return unpacked([Path(target).read_bytes()]), found.get("links", 0)


def _write(blobs: list[bytes], path: str) -> None:
    Path(path).write_bytes(b"".join(blobs))


@pytest.mark.parametrize("here", BOTH_WAYS)
def test_in_beam(here: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(8)
    random = generator.integers(0, 3_000, size=(2_500, 2)).astype(np.uint64)
    order = np.random.default_rng(2).permutation(10_000)
    edges = np.concatenate([random, chain(10_000, order) + np.uint64(3_000)])
    assert roots_of(13_000, run(edges, tmp_path, here)[0]) == expected(13_000, edges)


def test_no_edges(tmp_path: Path) -> None:
    assert not len(run(np.empty((0, 2), dtype=np.uint64), tmp_path, 0)[0])


def small_clusters(count: int) -> np.ndarray:
    """Links of clusters of 2 to 6 documents, as bands make them: pairs of neighbours in several random orders."""
    generator = np.random.default_rng(5)
    found = []
    for number, size in enumerate(generator.integers(2, 7, count).tolist()):
        for _ in range(3):
            order = generator.permutation(size)
            found.append(np.stack([order[:-1], order[1:]], axis=1) + 10 * number)
    return np.sort(np.concatenate(found), axis=1).astype(np.uint64)


@pytest.mark.parametrize("here", BOTH_WAYS)
def test_small_clusters_shuffle_a_third_of_twenty_rounds(here: int, tmp_path: Path) -> None:
    edges = small_clusters(400)
    found, shuffled = run(edges, tmp_path, here)
    assert roots_of(4_000, found) == expected(4_000, edges)
    twenty = 0
    left = edges
    for _ in range(20):  # both ends of each edge to the large star, its larger one to the small star
        large = large_star(np.concatenate([left, left[:, ::-1]]))
        twenty += 2 * left.nbytes + large.nbytes
        left = small_star(np.stack([large.max(axis=1), large.min(axis=1)], axis=1))
    assert 0 < shuffled <= twenty / 3


def test_edges_that_say_nothing_new_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 1_000)
    edges = np.concatenate([small_clusters(300)] * 5)
    blobs = [packed(part) for part in np.array_split(edges, 50)]
    assert roots_of(3_000, unpacked(module._solved((0, blobs)))) == expected(3_000, edges)
