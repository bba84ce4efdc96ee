"""What decisions share on an engine that shuffles: numbered shards, packed rows by partition, never text.

What is shuffled for duplicates (bytes a document, n bands): 20 for each key (hash, hash of id and content, document),
16 for each link between two documents and round, and a few dozen for each document that has a duplicate.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics

from filters.contracts import Strategy
from pipelines.corpus.forms import Spread, forms_of
from pipelines.manifest import Shard

# Beam takes a dataclass for a schema and refuses hints that name it, so shards are hinted as Any below.
ROW = np.uint64(0xFFFFFFFF)
_SHARD = np.uint64(32)
HEADER = np.dtype("<u4")  # the number of a shard, once in front of its packed records


def shuffled(what: str, size: int) -> None:
    """Count bytes that go through a shuffle."""
    Metrics.counter("shuffled", what).inc(size)


def node(shard: int, rows: np.ndarray) -> np.ndarray:
    """Documents as numbers: shard in the upper half, row in the lower; uint64."""
    found: np.ndarray = (np.uint64(shard) << _SHARD) | rows.astype(np.uint64)
    return found


def shards_of(nodes: np.ndarray) -> np.ndarray:
    """The number of the shard of each node, int64."""
    found: np.ndarray = (nodes >> _SHARD).astype(np.int64)
    return found


def rows_of(nodes: np.ndarray) -> np.ndarray:
    """The row in its shard of each node, int64."""
    found: np.ndarray = (nodes & ROW).astype(np.int64)
    return found


def header(number: int) -> bytes:
    """The number of a shard, to stand in front of its packed records."""
    return np.array([number], dtype=HEADER).tobytes()


def number_in(blob: bytes) -> int:
    """The number in front of packed records."""
    return int(np.frombuffer(blob, dtype=HEADER, count=1)[0])


def _name(shard: Any) -> str:
    return shard.name


def _numbered(shard: Any, names: Sequence[str]) -> tuple[int, Any]:
    """Shards are numbered in the order of their names, so that numbers do not depend on arrival."""
    return sorted(set(names)).index(shard.name), shard


def only_shard(joined: Mapping[str, Iterable[Any]]) -> Shard:
    """The shard of an element that Join gave."""
    shards = {shard.name: shard for shard in joined["shards"]}
    (shard,) = shards.values()
    return shard


class Join(beam.PTransform):
    """CoGroupByKey of (number, something) with the numbered shards, as {"shards": …, "sent": …}."""

    def __init__(self, numbered: Any) -> None:
        super().__init__()
        self.numbered = numbered

    def expand(self, sent: Any) -> Any:
        return {"shards": self.numbered, "sent": sent} | beam.CoGroupByKey()


def sum_arrays(arrays: Iterable[Any]) -> Any:
    """The sum of arrays; 0 without any, the start value of a combiner."""
    total: Any = 0
    for array in arrays:
        total = total + array
    return total


def add_up(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum of counts by name, for CombineGlobally."""
    total: dict[str, int] = {}
    for found in counts:
        for name, count in found.items():
            total[name] = total.get(name, 0) + count
    return total


class Decisions(NamedTuple):
    """What a decision gives on an engine.

    decided   (Shard, path of its decisions, or None where it has no losers)
    evidence  one element: the evidence, a dict as decide() has it on one machine
    """

    decided: Any
    evidence: Any


class CorpusDecision(beam.PTransform):
    """PCollection[Shard] -> Decisions, those that pipelines.corpus.forms.decide makes on one machine.

    Keys, links and losers are shuffled, packed; texts never are (`verify` and the evidence shuffle the hashes of the
    shingles of some documents). Raises DecisionError for decisions that need the whole corpus on one machine.
    """

    def __init__(self, step: Strategy, directory: str, partitions: int = 16, rounds: int = 20):
        super().__init__()
        self.forms = forms_of(step)
        self.forms.check_spread()
        self.spread = Spread(directory, partitions, rounds)

    def expand(self, shards: Any) -> Any:  # Decisions; Beam complains about hints that are no PCollection
        """The outputs as Decisions."""
        names = shards | "names" >> beam.Map(_name) | "all names" >> beam.combiners.ToList()
        numbered = shards | "number" >> beam.Map(_numbered, names=beam.pvalue.AsSingleton(names))
        return Decisions(*self.forms.transforms(shards, numbered, self.spread))
