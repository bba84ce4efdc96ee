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
from pipelines.corpus.components import (
    ConnectedComponents,
    NotConverged,
    check_stars,
    large_star,
    packed,
    small_star,
    unpacked,
)


def by_stars(edges: np.ndarray, rounds: int) -> np.ndarray:
    """The algorithm without Beam: (node, root), checked."""
    for _ in range(rounds):
        edges = large_star(np.concatenate([edges, edges[:, ::-1]]))
        edges = small_star(np.stack([edges.max(axis=1), edges.min(axis=1)], axis=1))
    roots = np.unique(edges[:, 1])
    ones, zeros = np.ones(len(roots), np.uint64), np.zeros(len(edges), np.uint64)
    return check_stars(np.concatenate([np.column_stack([edges, zeros]), np.column_stack([roots, roots, ones])]))


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
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_random_graphs(pairs: list[tuple[int, int]]) -> None:
    edges = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    assert roots_of(30, by_stars(edges, 20)) == expected(30, edges)


def chain(size: int, order: np.ndarray) -> np.ndarray:
    return np.stack([order[:-1], order[1:]], axis=1).astype(np.uint64)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_chains_of_ten_thousand(seed: int | None) -> None:
    order = np.arange(10_000) if seed is None else np.random.default_rng(seed).permutation(10_000)
    edges = chain(10_000, order)
    assert roots_of(10_000, by_stars(edges, 20)) == [0] * 10_000
    with pytest.raises(NotConverged):
        by_stars(edges, 4)


def test_stars_of_ten_thousand() -> None:
    for centre in (0, 5_000, 9_999):
        leaves = np.setdiff1d(np.arange(10_000), [centre])
        edges = np.stack([np.full(9_999, centre), leaves], axis=1).astype(np.uint64)
        assert roots_of(10_000, by_stars(edges, 3)) == [0] * 10_000


def run(edges: np.ndarray, path: Path, rounds: int = 20) -> np.ndarray:
    target = str(path / "found")
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as pipeline:
        _ = (
            pipeline
            | beam.Create([packed(part) for part in np.array_split(edges, 5)], reshuffle=False)
            | ConnectedComponents(partitions=3, rounds=rounds)
            | beam.combiners.ToList()
            | beam.Map(_write, path=target)
        )
    return unpacked([Path(target).read_bytes()])


def _write(blobs: list[bytes], path: str) -> None:
    Path(path).write_bytes(b"".join(blobs))


def test_in_beam(tmp_path: Path) -> None:
    generator = np.random.default_rng(8)
    random = generator.integers(0, 3_000, size=(2_500, 2)).astype(np.uint64)
    order = np.random.default_rng(2).permutation(10_000)
    edges = np.concatenate([random, chain(10_000, order) + np.uint64(3_000)])
    assert roots_of(13_000, run(edges, tmp_path)) == expected(13_000, edges)


def test_too_few_rounds_in_beam(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="raise `rounds`"):
        run(chain(1_000, np.arange(1_000)), tmp_path, rounds=2)
