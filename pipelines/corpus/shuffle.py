"""What decisions share on an engine that shuffles: numbered shards, packed rows by partition, never text.

What is shuffled for duplicates (bytes a document, n bands): 12 for each key (hash, document), 20 where candidates are
verified (and hash of id and content), 16 or more for each link between two documents (see components.py), and a few
dozen for each document that has a duplicate.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from apache_beam.pvalue import AsSingleton

from filters.contracts import Strategy
from pipelines.corpus.components import EDGES_HERE, KEY_BYTES
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


# Sorted hashes of the names of all shards, and the number of each: 20 bytes a shard, in every worker.
_NUMBER = np.dtype([("hash", "S16"), ("number", "<u4")])


def _name(shard: Any) -> str:
    return shard.name


def _rows(shard: Any) -> int:
    return shard.rows


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def numbers_of(names: Iterable[str]) -> bytes:
    """Numbers for names, in their order, so that numbers do not depend on arrival; packed, for number_of()."""
    ordered = sorted(set(names))
    found = np.empty(len(ordered), dtype=_NUMBER)
    found["hash"], found["number"] = [_hash(name) for name in ordered], np.arange(len(ordered))
    return np.sort(found, order="hash").tobytes()


def number_of(name: str, numbers: bytes) -> int:
    """The number of a name among those given to numbers_of()."""
    table = np.frombuffer(numbers, dtype=_NUMBER)
    return int(table["number"][np.searchsorted(table["hash"], np.bytes_(_hash(name)))])


def _numbered(shard: Any, numbers: bytes) -> tuple[int, Any]:
    return number_of(shard.name, numbers), shard


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

    key_bytes   aimed at for what is shuffled to one key: into how many partitions keys are dealt follows from the data
    edges_here  bytes of links between documents up to which one worker joins them to clusters
    """

    def __init__(
        self, step: Strategy, directory: str, key_bytes: int = KEY_BYTES, edges_here: int = EDGES_HERE
    ) -> None:
        super().__init__()
        self.forms = forms_of(step)
        self.forms.check_spread()
        self.directory, self.key_bytes, self.edges_here = directory, key_bytes, edges_here

    def expand(self, shards: Any) -> Any:  # Decisions; Beam complains about hints that are no PCollection
        """The outputs as Decisions."""
        names = shards | "names" >> beam.Map(_name) | "all names" >> beam.combiners.ToList()
        numbers = AsSingleton(names | "numbers" >> beam.Map(numbers_of))
        documents = AsSingleton(shards | "rows" >> beam.Map(_rows) | "documents" >> beam.CombineGlobally(sum))
        numbered = shards | "number" >> beam.Map(_numbered, numbers=numbers)
        spread = Spread(self.directory, documents, self.key_bytes, self.edges_here)
        return Decisions(*self.forms.transforms(shards, numbered, spread))
