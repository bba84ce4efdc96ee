"""A mixture of sources to a budget of documents, bytes or tokens, in nested samples."""

import fnmatch
import hashlib
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import Field

from filters.buckets import slice_of
from filters.contracts import Buckets, CorpusJudge, FrozenMap, SettingsError, strategy
from filters.document import Document, Fault
from filters.sampling.upsample import WEIGHT
from filters.text import tokens
from filters.weighing import Weight, weigher

_NONE = 1  # the slice of documents of no source that is named
_MOST = 2**60  # a budget, and the weight of a document, are below it


@strategy
class Mix(CorpusJudge):
    """Keeps documents to a budget, of each source its share, chosen by a keyed hash of the id.

    Of each source documents are taken in the order of the hash until they weigh its share of the budget or more, so
    that each is over by less than one document. A smaller budget takes a part of what a larger one takes, whatever the
    order and the files. A source that is too small is taken whole, and the run's `corpus` section says how much is
    missing; no document is taken twice. Documents of no named source go. A document with the note `weight`
    (sampling/upsample) counts that many times.
    """

    reads: ClassVar[tuple[str, ...]] = (WEIGHT,)

    budget: int = Field(gt=0, lt=_MOST, description="how many documents, bytes or tokens to keep")
    unit: Weight = Field("tokens", description="what the budget counts: documents, bytes or tokens")
    tokens: str = Field(tokens.WORDS, min_length=1, description="tokens: words, or the path of a tokenizers JSON file")
    by: str | None = Field(
        None,
        min_length=1,
        description="the note that says the source; null: patterns of files (*/news-*), the longest that fits",
    )
    shares: FrozenMap[str, Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, description="the share of each source in the budget, 1 in all; null: everything is one source"
    )
    seed: int = Field(0, ge=0, lt=2**64, description="key of the hash; another seed makes an independent choice")

    def __post_init__(self) -> None:
        if self.shares is None and self.by is not None:
            raise SettingsError("by needs shares", ("by",))
        if self.shares is not None and sum(map(_exact, self.shares.values())) != 1:
            total = float(sum(map(_exact, self.shares.values())))
            raise SettingsError(f"shares add up to {total:.10g}, expected 1", ("shares",))

    def check(self) -> None:
        """Raises ResourceError if the tokenizer is missing."""
        if self.unit == "tokens":
            tokens.check(self.tokens)

    def notes_read(self) -> tuple[str, ...]:
        """The weight, and the note that says the source."""
        return (*self.reads, self.by) if self.by is not None else self.reads

    def decision(self) -> Buckets:
        """A budget for each source; the scores are hashes."""
        named = {"all": 1.0} if self.shares is None else dict(self.shares)
        keys = {name: slice_of(name) for name in named}
        return Buckets(
            "not_in_mix",
            ("hash",),
            (Fraction(1, 2),),
            frozenset({1}),
            tied=False,
            budget=FrozenMap({keys[name]: int(_exact(share) * self.budget) for name, share in named.items()}),
            slices=FrozenMap({keys[name]: name for name in named}),
            key_free=frozenset({"budget"}),
        )

    def open(self) -> Callable[[Document], Any]:
        """Document -> uint64 of shape (3,): the hash, the weight, the source."""
        import numpy as np

        key = self.seed.to_bytes(8, "little")
        weigh, source = weigher(self.unit, self.tokens), self._source()

        def keys(document: Document) -> Any:
            name = document.id.encode("utf-8", "surrogatepass")
            place = int.from_bytes(hashlib.blake2b(name, digest_size=8, key=key).digest(), "little")
            weight = document.notes.get(WEIGHT, 1)
            times = float(weight) if isinstance(weight, (int, float)) else 1.0
            counted = weigh(document) * times
            if not 0 <= counted < _MOST:  # nor is NaN
                raise Fault("bad_note", f"by its {WEIGHT} the document counts {counted:.3g}, expected 0 to 2**60")
            return np.array([(place >> 1) + 1, round(counted), source(document)], dtype=np.uint64)

        return keys

    def _source(self) -> Callable[[Document], int]:
        """Document -> the hash of the name of its source."""
        if self.shares is None:
            everything = slice_of("all")
            return lambda document: everything
        known = {name: slice_of(name) for name in self.shares}
        by = self.by
        if by is not None:
            return lambda document: known.get(str(document.notes.get(by, "")), _NONE)
        patterns = sorted(known, key=lambda name: (-len(name), name))  # shares in another order are equal settings
        of_file: dict[str, int] = {}

        def matching(document: Document) -> int:
            path = document.source
            if path not in of_file:
                of_file[path] = next((known[name] for name in patterns if fnmatch.fnmatchcase(path, name)), _NONE)
            return of_file[path]

        return matching


def _exact(share: float) -> Fraction:
    return Fraction(str(share))
