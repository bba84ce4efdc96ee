"""What a job takes for 10^6 to 10^11 documents: units, objects, bytes shuffled, the largest key, rounds, driver, cost.

Figures of one document and one unit are measured here or by `python -m benchmarks engine`; clusters of duplicates have
sizes with a long tail. Small corpora are simulated document by document, to see that the formulas hold.
"""

import json
import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from curate.recipe import parse
from curate.rundir import Summary
from curate.running import run as run_recipe
from pipelines import manifest
from pipelines.corpus.components import (
    EDGES_HERE,
    KEY_BYTES,
    complete,
    distinct,
    large_star,
    marked,
    partitions_for,
    small_star,
)
from pipelines.totals import rest_of

BY_HAND = True
BANDS = 14
KEY, LINK, MEMBER = 12, 16, 8 * 6  # bytes: a key of a document, a link of two, a member of a cluster with its order
DUPLICATES = 0.3  # share of the documents that have an original elsewhere
TAIL = 2.2  # P(a cluster has s documents) falls with s ** -TAIL
SAME_KEY = 0.9  # that a member of a cluster has the cluster's key in a band
ARRAYS = 4  # copies of what a key holds that sorting it takes
ELEMENT = 60  # bytes that an engine adds to an element
PAGES_A_UNIT = 2_500  # of web pages in 64 MiB of .warc.gz
OBJECTS_A_UNIT = 17  # of exact and MinHash: spools, decisions, manifests, sketches, ledger, tables
CPU_MS = 0.27  # exact and MinHash of a short document, read to written (benchmarks engine, 300,000)
PRICE = 0.07  # dollars for an hour of one core with 4 GiB


def cluster_count(documents: int) -> float:
    """How many clusters of two and more there are."""
    mean = 2 * (TAIL - 1) / (TAIL - 2)
    return DUPLICATES * documents / (mean - 1)


def cluster_sizes(documents: int, steps: int = 100_000) -> tuple[np.ndarray, np.ndarray]:
    """(sizes, how many clusters each stands for), from the largest: ranks in steps that grow."""
    count = max(1.0, cluster_count(documents))
    bounds = np.unique(np.round(np.geomspace(1, count + 1, steps)))
    middle = np.sqrt(bounds[:-1] * bounds[1:])
    return 2 * (count / middle) ** (1 / (TAIL - 1)), np.diff(bounds)


def figures(documents: int, units: int, unit_bytes: float, unit_seconds: float) -> dict[str, Any]:
    """What a job of MinHash takes. unit_bytes, unit_seconds: see of_a_unit()."""
    sizes, counts = cluster_sizes(documents)
    sharing = SAME_KEY * sizes  # members that share a key in a band
    shards_of_key = units * -np.expm1(sharing * math.log1p(-1 / units)) if units > 1 else np.ones(len(sizes))
    sent = documents - float(((sharing - shards_of_key) * counts).sum())  # keys of a band
    partitions = partitions_for(documents * KEY)
    elements = min(sent, units * partitions)
    links = 2 * float(((sizes - 1) * counts).sum())  # different ones: a few bands agree on the smallest
    few = links * LINK * BANDS / 2 <= EDGES_HERE
    largest = float(sizes[0])
    shuffled = {
        "keys": BANDS * (sent * KEY + elements * (4 + ELEMENT)),
        "links": links * LINK * (1 if few else 2 * 3 + 4),
        "members": DUPLICATES * 1.1 * documents * (MEMBER + LINK + 40),
        "ids": 8 * documents * (1 - DUPLICATES),
    }
    keys = {
        "partition of a band": KEY_BYTES * ARRAYS,
        "key that many documents share": float(shards_of_key.max()) * KEY * ARRAYS,
        "links of the largest cluster": largest * 2 * LINK * ARRAYS if not few else links * LINK * ARRAYS,
        "largest cluster": largest * MEMBER * ARRAYS,
    }
    worst = max(keys, key=keys.__getitem__)
    return {
        "documents": documents,
        "units": units,
        "objects": units * OBJECTS_A_UNIT,
        "partitions": partitions * BANDS,
        "elements_of_keys": BANDS * elements,
        "shuffled_gb": sum(shuffled.values()) / 1e9,
        "bytes_a_document": sum(shuffled.values()) / documents,
        "largest_cluster": largest,
        "largest_key": worst,
        "largest_key_mb": keys[worst] / 1e6,
        "rounds": 0 if few else 2,
        "numbers_mb": units * 20 / 1e6,
        "driver_reads_mb": units * unit_bytes / 1e6,
        "driver_seconds": units * unit_seconds,
        "cpu_hours": documents * CPU_MS / 3.6e6,
        "dollars": documents * CPU_MS / 3.6e6 * PRICE,
    }


def simulated(documents: int, units: int, seed: int = 1) -> dict[str, float]:
    """The same corpus document by document: keys sent of a band, links, and what is left of them after two rounds."""
    chance = np.random.default_rng(seed)
    sizes, counts = cluster_sizes(documents)
    members = np.repeat(np.round(sizes).astype(np.int64), np.round(counts).astype(np.int64))
    cluster = np.repeat(np.arange(len(members)), members)
    cluster = np.concatenate([cluster, np.arange(len(members), len(members) + max(0, documents - len(cluster)))])
    chance.shuffle(cluster)
    shard = chance.integers(0, units, len(cluster))
    node = np.arange(len(cluster), dtype=np.uint64)
    sent, links = [], []
    for _ in range(BANDS):
        alone = chance.random(len(cluster)) > SAME_KEY
        key = np.where(alone, len(cluster) + np.arange(len(cluster)), cluster)
        heads, within = _to_first(key * units + shard, node)  # of each shard's documents with the same key, the first
        _, across = _to_first(key[heads], node[heads])
        sent.append(len(heads))
        links += [within, across]
    edges = distinct(np.sort(np.concatenate(links), axis=1))
    left = edges
    for _ in range(2):
        left = large_star(np.concatenate([left, left[:, ::-1]]))
        left = small_star(np.stack([left.max(axis=1), left.min(axis=1)], axis=1))
    roots = np.unique(left[:, 1])
    zeros, ones = np.zeros(len(left), np.uint64), np.ones(len(roots), np.uint64)
    roles = np.concatenate([np.column_stack([left, zeros]), np.column_stack([roots, roots, ones])])
    _, others = complete(marked(roles))
    return {
        "documents": len(cluster),
        "keys_of_a_band": float(np.mean(sent)),
        "links": len(edges),
        "links_left_after_two_rounds": len(others) / max(1, len(edges)),
    }


def _to_first(keys: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places of the first node with each key, links of the others to it); nodes ascending."""
    _, heads, inverse = np.unique(keys, return_index=True, return_inverse=True)
    first = nodes[heads[inverse]]
    return heads, np.stack([first, nodes], axis=1)[first != nodes]


def of_a_unit(copies: int = 2_000) -> tuple[float, float]:
    """(bytes of a unit in the manifest of a whole job, CPU seconds that the driver takes to read and add it)."""
    with tempfile.TemporaryDirectory() as folder:
        rows = "".join(json.dumps({"id": f"d{number}", "text": f"text {number} " * 5}) + "\n" for number in range(200))
        Path(folder, "in.jsonl").write_text(rows, encoding="utf-8")
        stages = ["extraction/plain", {"quality/length": {"min_words": 15}}]
        recipe = parse({"name": "bench", "stages": stages}, "bench")
        found: list[manifest.Manifest] = []
        write = manifest.write

        def keep(path: str, made: manifest.Manifest) -> None:
            found.append(made)
            write(path, made)

        manifest.write = keep
        try:
            run_recipe(recipe, f"{folder}/in.jsonl", f"{folder}/out", workers=1)
        finally:
            manifest.write = write
        path = Path(folder, "done", "many.json")
        path.parent.mkdir()
        units = [
            replace(unit, files=tuple(replace(file, path=f"{number:08}-{file.path}") for file in unit.files))
            for number in range(copies)
            for unit in map(rest_of, found)
        ]
        manifest.write(str(path), manifest.Manifest.merged(units))
        started = time.process_time()
        Summary.of([manifest.read(str(path))])
        return path.stat().st_size / copies, (time.process_time() - started) / copies


def run() -> dict[str, Any]:
    """A row for each size with units as they follow from the input, and with at most 100,000 units."""
    unit = of_a_unit()
    sizes = [10**power for power in range(6, 12)]
    found: dict[str, Any] = {"bytes_and_seconds_of_a_unit": unit, "simulated": {}, "as_it_is": [], "with_shards": []}
    for documents in (100_000, 1_000_000):
        units = documents // PAGES_A_UNIT
        expected = figures(documents, units, *unit)
        found["simulated"][documents] = {**simulated(documents, units), "expected_cluster": expected["largest_cluster"]}
    for documents in sizes:
        units = documents // PAGES_A_UNIT
        found["as_it_is"].append(figures(documents, units, *unit))
        found["with_shards"].append(figures(documents, min(units, 100_000), *unit))
    return found
