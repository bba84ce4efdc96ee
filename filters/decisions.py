"""The shapes of decisions over a corpus: what decision() of a corpus strategy gives."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from filters.document import Document
from filters.frozen_map import FrozenMap

Survivor = Literal["longest", "newest", "first-url"] | FrozenMap[Literal["best"], str]


@dataclass(frozen=True, slots=True)
class Sameness:
    """When a document of a cluster goes for a survivor of it: each is compared with survivors that rank before it.

    containment  it goes if this share of its word 3-grams stands in a survivor of no fewer words; None: no such test
    jaccard      or if the Jaccard similarity of their character 5-grams reaches this; None: no such test
    survivors    survivors that a document is compared with, those that share most with it
    """

    containment: float | None
    jaccard: float | None
    survivors: int = 8


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Link documents that share a key at the same place, and keep one document of each cluster.

    rule       the rule under which the other documents are dropped
    width      keys of a document that has keys
    threshold  the similarity that the keys aim at; 1 where keys are equal only for equal documents
    survivor   the document of a cluster that stays
    compare    a note that breaks ties among survivors, and by which those kept and dropped are compared
    verify     link two documents only at this Jaccard similarity of their shingles or above; or keep every document of
               a cluster that holds something else than the survivors before it; None: neither
    shingler   makes the function from a document to the hashes of its shingles, uint64 of shape (n,); a number as
               verify needs it, and the similarities shown as evidence are measured with it
    signed     the open function has with_signature(document) -> (keys, uint16 of shape (s,)): the share of equal values
               in two signatures estimates their similarity
    key_free   settings that keys do not depend on: keys of runs that differ in these alone can be compared
    """

    rule: str
    width: int = 1
    threshold: float = 1.0
    survivor: Survivor = "longest"
    compare: str | None = None
    verify: float | Sameness | None = None
    shingler: Callable[[], Callable[[Document], Any]] | None = None
    signed: bool = False
    key_free: frozenset[str] = frozenset()

    @property
    def sameness(self) -> Sameness | None:
        """The test of the members of clusters, where verify asks for one."""
        return self.verify if isinstance(self.verify, Sameness) else None

    @property
    def links_at(self) -> float | None:
        """The similarity from which on documents are linked, where verify is a number."""
        return None if isinstance(self.verify, Sameness) else self.verify


@dataclass(frozen=True, slots=True)
class TopShare:
    """Keep the share of the documents whose key is greatest; equal keys in the order of a hash of the id.

    A key is the one number of open(), as filters.dedup.survivors.sortable makes it of a score.
    rule   the rule under which the others are dropped           share  of the documents that have a key, 0 to 1
    """

    rule: str
    share: float
    key_free: frozenset[str] = frozenset()


Join = Literal["maximum", "mean", "vote"]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Rank documents by scores, cut the rankings by the weight of what ranks above, and keep some of the buckets.

    Keys: the scores, higher is better, as filters.dedup.survivors.sortable makes them (0: the document has none); the
    weight; the slice, within which documents are ranked (a number below 2**63, the same for all where there are none).
    rule    the rule under which documents of other buckets are dropped
    scores  the names of the scores
    cuts    where rankings are cut, ascending: shares of the weight, above 0 and below 1. A document is in the bucket
            number k if it is above k of them: if what ranks above it weighs less than 1 - cut of the whole
    keep    the buckets that stay
    join    how the buckets of several scores become one: the greatest; the mean, rounded, halves up; vote: the
            greatest that more than half of the scores give, or exceed
    tied    whether equal scores are in one bucket; else they are ranked by a hash of the id
    lowest  the scores that were negated, because the lowest is the best: for the evidence
    budget  in place of cuts, the weight to keep of each slice, documents of the best ranks: bucket 1 is kept. A slice
            that is not named keeps none
    slices  names of slices, for the evidence
    """

    rule: str
    scores: tuple[str, ...]
    cuts: tuple[Fraction, ...]
    keep: frozenset[int]
    join: Join = "maximum"
    tied: bool = True
    lowest: frozenset[str] = frozenset()
    budget: FrozenMap[int, int] | None = None
    slices: FrozenMap[int, str] = field(default_factory=FrozenMap)
    key_free: frozenset[str] = frozenset()

    @property
    def width(self) -> int:
        """Keys of a document that has keys."""
        return len(self.scores) + 2

    def limits(self, total: int, slice_: int) -> tuple[int, ...]:
        """For each cut: a document is above it if what ranks above the document weighs less than this.

        total  the weight of the slice
        """
        if self.budget is not None:
            return (self.budget.get(slice_, 0),)
        return tuple(math.ceil((1 - cut) * total) for cut in self.cuts)


@dataclass(frozen=True, slots=True)
class Lines:
    """Cut the pieces whose key occurred before, in the corpus or in the document."""

    rule: str
    key_free: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bloom:
    """Cut paragraphs, and drop documents, more than `threshold` of whose n-grams a Bloom filter has seen before.

    rule           the rule under which paragraphs are cut       document_rule  the rule that drops whole documents
    min_ngram, max_ngram  words in an n-gram; paragraphs of fewer than min_ngram words stay
    expected_ngrams  n-grams the filters are made for; None: those of the corpus are counted
    shards         filters, each for the documents with hash(id) mod shards of its own
    """

    rule: str
    document_rule: str
    min_ngram: int
    max_ngram: int
    threshold: float
    false_positive_rate: float
    expected_ngrams: int | None = None
    shards: int = 1
    key_free: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Repeats:
    """Cut every run of at least `length` words that occurs elsewhere too, and keep one copy. For one machine.

    max_words  words of the corpus beyond which the run is refused
    """

    rule: str
    length: int
    max_words: int
    key_free: frozenset[str] = frozenset()
