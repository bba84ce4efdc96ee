"""The forms of a decision over a corpus, and how those of a strategy are found.

Documents are spooled where they are (spool.Spool leaves a Shard), the decision sees only their packed keys, and each
shard is re-read with what was decided (spool.reread). Text never crosses a shuffle. A new decision is a shape in
filters/decisions.py and a module here, called like the shape, with a subclass of Forms.
"""

import functools
import importlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from filters.contracts import CorpusJudge, CorpusRewriter, Strategy, settings_of
from filters.dedup.survivors import identity
from filters.document import Document
from pipelines import storage
from pipelines.corpus.keyfile import KeyFile
from pipelines.manifest import Shard


class Shape(Protocol):
    """What every shape of a decision has; see filters.contracts."""

    @property
    def rule(self) -> str:
        """The rule under which documents are dropped or spans cut."""

    @property
    def key_free(self) -> frozenset[str]:
        """Settings that keys do not depend on."""


D = TypeVar("D", bound=Shape)
Documents = Callable[[Sequence[int]], Iterable[Document]]


class DecisionError(Exception):
    """A decision cannot be made; the message says why and what to do."""


@dataclass
class Decided:
    """What was decided: a file of decisions for each shard that has losers, and the evidence for run.json."""

    paths: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)

    def of(self, shard: Shard) -> str | None:
        """The path of the decisions on a shard; None where it has no losers."""
        return self.paths.get(shard.name)


@dataclass(frozen=True)
class Spread:
    """How a decision is spread over an engine's workers.

    directory   where files of decisions go
    documents   how many there are: a side input of one int
    key_bytes   aimed at for what is shuffled to one key
    edges_here  bytes of links between documents up to which one worker joins them to clusters
    """

    directory: str
    documents: Any
    key_bytes: int
    edges_here: int


@dataclass(frozen=True)
class KeyTable:
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


class Living(ABC):
    """A judge's decision among the documents that are alive, made again and again in an ablation.

    keys  those of all documents
    """

    def __init__(self, keys: KeyTable) -> None:
        self.keys = keys

    @abstractmethod
    def losers(
        self, alive: np.ndarray | None = None, documents: Documents | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(rows dropped when only the documents alive are there, ascending; the row kept for each, or -1 for none).

        alive      bool of shape (n,); all by default
        documents  gives the documents of some rows, in that order, where the decision needs texts
        """

    @abstractmethod
    def evidence(self, alive: np.ndarray, lost: np.ndarray, kept: np.ndarray, known: "Known") -> dict[str, Any]:
        """The evidence of a run, without a sample of texts. lost, kept: as losers() gave them for these alive."""


@dataclass(frozen=True)
class Known:
    """What is known of documents beside their keys, looked up by rows.

    ids        of some rows            addresses  (URLs, sources) of some rows
    """

    ids: Callable[[Sequence[int]], Sequence[str]]
    addresses: Callable[[Sequence[int]], tuple[Sequence[str], Sequence[str]]]


class Forms(ABC, Generic[D]):
    """One kind of decision for one strategy: on this machine, as Beam transforms, among the living.

    step      the strategy              decision  its decision()
    width     keys of a document that takes part, for judges
    orders    columns of the order of documents; the last two are hashes of the id and of the rest
    signed    whether the open function of a judge has with_signature(document) too
    """

    _known: ClassVar[dict[type, type["Forms[Any]"]]] = {}
    width: int = 1
    orders: int = 2
    signed: bool = False

    def __init_subclass__(cls, *, shape: type | None = None, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if shape is not None:
            Forms._known[shape] = cls

    def __init__(self, step: CorpusJudge | CorpusRewriter, decision: D) -> None:
        self.step, self.decision = step, decision

    @abstractmethod
    def decide(self, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None) -> Decided:
        """Decide on this machine; see decide()."""

    @abstractmethod
    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        """Decide on an engine: (PCollection of (Shard, path of its decisions or None), PCollection of one evidence).

        shards, numbered  PCollections of Shard and of (number, Shard)
        """

    def living(self, records: Sequence[bytes | None]) -> Living:
        """The decision among the living, from the key records of all documents."""
        raise TypeError(f"{type(self.step).__name__} rewrites texts: it decides nothing from key records")

    def check_spread(self) -> None:
        """Raises DecisionError where the decision cannot be spread over many machines."""

    def check_against(self, folder: str) -> None:
        """Raises DecisionError where a run cannot be compared with the keys that an earlier run left in a folder."""
        self.earlier(folder)

    @property
    def name(self) -> str:
        """The strategy's class, for messages."""
        return type(self.step).__name__

    def order(self, document: Document) -> tuple[int, ...]:
        """A document's place in the order, `orders` unsigned integers."""
        return identity(document)

    def key_record(self, document: Document, keys: np.ndarray) -> bytes:
        """A document's keys and order as little-endian uint64; empty where it takes no part."""
        if not len(keys):
            return b""
        record: bytes = np.array([*keys.tolist(), *self.order(document)], dtype="<u8").tobytes()
        return record

    def key_table(self, records: Sequence[bytes | None]) -> KeyTable:
        """From the records of documents; None and b"" say that a document takes no part."""
        table = np.zeros((len(records), self.width + self.orders), dtype=np.uint64)
        takes_part = np.zeros(len(records), dtype=bool)
        for row, record in enumerate(records):
            if record:
                table[row] = np.frombuffer(record, dtype="<u8")
                takes_part[row] = True
        return KeyTable(table[:, : self.width], takes_part, table[:, self.width :])

    def key_settings(self) -> dict[str, Any]:
        """The settings that keys depend on: keys of two runs can be compared only where these are equal."""
        free = self.decision.key_free
        settings = {name: value for name, value in settings_of(self.step).items() if name not in free}
        return {"strategy": self.name, "settings": json.loads(json.dumps(settings))}

    def earlier(self, folder: str | None) -> list[KeyFile]:
        """The files of keys that an earlier run left in a folder; raises DecisionError for keys of other settings."""
        if folder is None:
            return []
        found = [KeyFile(path) for path in storage.files(folder, ".keys")]
        if not found:
            raise DecisionError(f"{folder}: an earlier run left no keys here")
        expected = self.key_settings()
        for keys in found:
            theirs = {name: keys.header.get(name) for name in expected}
            if theirs != expected:
                raise DecisionError(f"{keys.path}: keys were made by {theirs}, and this stage is {expected}")
        return found


@functools.lru_cache(maxsize=256)
def forms_of(step: Strategy) -> Forms[Any]:
    """The forms of a strategy's decision. The module of a shape is called like it: TopShare, top_share.

    Raises TypeError for a strategy that decides nothing over a corpus.
    """
    if not isinstance(step, (CorpusJudge, CorpusRewriter)):
        raise TypeError(f"{type(step).__name__} decides nothing over a corpus")
    decision = step.decision()
    shape = type(decision)
    if shape not in Forms._known:
        importlib.import_module(f"{__package__}.{re.sub('(?<=.)(?=[A-Z])', '_', shape.__name__).lower()}")
    return Forms._known[shape](step, decision)


def decide(
    step: Strategy,
    shards: Sequence[Shard],
    directory: str,
    against: str | None = None,
    keep: str | None = None,
) -> Decided:
    """Decide over all documents of the shards, and write one file of decisions for each shard with losers.

    against  a folder where `keep` of an earlier run left its keys: documents that repeat a document of that run go,
             and those of that run are never touched. Raises DecisionError where its keys were made with other settings
    keep     a folder to leave the keys of the documents that stay in

    The result depends on the documents only: not on the order of the shards or of their rows, nor on how documents are
    spread over shards. Memory: a few dozen bytes a document.
    """
    forms = forms_of(step)
    if against is not None:
        forms.check_against(against)
    return forms.decide(sorted(shards, key=lambda shard: shard.name), directory, against, keep)


def check_against(step: Strategy, folder: str) -> None:
    """Make sure before a run that it can be compared with the keys in a folder; raises DecisionError."""
    forms_of(step).check_against(folder)
