"""MinHash through the datasketch library: the reference beside dedup/minhash."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from filters.contracts import Duplicates, strategy
from filters.dedup.minhash import Shingler, Unit, steepest
from filters.dedup.survivors import DuplicateJudge
from filters.document import Document, Fault
from filters.needs import need

_BATCH = 4096  # shingles at a time: datasketch makes a row of 64-bit numbers for each, one for each permutation


class _Signer:
    """Document -> band keys, from a datasketch.MinHash of the shingles' bytes."""

    def __init__(self, settings: "MinHashDatasketch") -> None:
        import datasketch
        import numpy as np

        from filters.text import minhash

        self._kernels = minhash
        self._bands, self._rows = settings.bands, settings.rows
        self._longest = settings.max_characters
        # A copy of one empty sketch shares its permutations, which are expensive to make.
        self._empty = datasketch.MinHash(num_perm=settings.bands * settings.rows, seed=settings.seed)
        self._none = np.empty(0, dtype=np.uint64), np.zeros(settings.bands * settings.rows, dtype=np.uint16)
        self.shingles = settings.shingler()

    def with_signature(self, document: Document) -> tuple[Any, Any]:
        """(band keys, uint64 of shape (bands,) or (0,); signature, uint16 of shape (bands * rows,)).

        Raises Fault("doc_too_long").
        """
        if len(document.text) > self._longest:
            raise Fault("doc_too_long", f"{len(document.text)} characters, limit {self._longest}")
        shingles = self.shingles(document)
        if not len(shingles):
            return self._none
        found = self._empty.copy()
        for begin in range(0, len(shingles), _BATCH):
            found.update_batch([shingle.tobytes() for shingle in shingles[begin : begin + _BATCH]])
        values = found.hashvalues.astype("uint64")
        return self._kernels.band_keys(values, self._bands, self._rows), values.astype("uint16")

    def __call__(self, document: Document) -> Any:
        return self.with_signature(document)[0]


@strategy
class MinHashDatasketch(DuplicateJudge):
    """dedup/minhash with signatures of the datasketch library (32-bit hashes), for comparison."""

    rule = "near-duplicate"
    reads = ("language",)

    unit: Unit | None = Field(
        None,
        description="Shingles of words or of characters; by default characters for languages written without spaces "
        "and for Korean, words for all others.",
    )
    ngram: int | None = Field(
        None, ge=1, le=1000, description="Words or characters in a shingle; by default 5 words or 8 characters."
    )
    bands: int = Field(14, ge=1, le=1000, description="Bands; documents that share one are candidates.")
    rows: int = Field(8, ge=1, le=1000, description="Signature values in a band.")
    max_characters: int = Field(
        1_000_000, ge=1, description="The longest text that is signed; a longer one is a failed row (doc_too_long)."
    )
    seed: int = Field(1, ge=0, le=(1 << 32) - 1, description="Seed of the hash functions.")

    def decision(self) -> Duplicates:
        """One key a band; the threshold is the similarity at which the S-curve is steepest."""
        return self.duplicates(
            width=self.bands, threshold=steepest(self.bands, self.rows), shingler=self.shingler, signed=True
        )

    def shingler(self) -> Callable[[Document], Any]:
        """The function from a document to the hashes of its shingles, that of dedup/minhash."""
        return Shingler(self.unit, self.ngram)

    def check(self) -> None:
        """Raises ResourceError if datasketch is not installed."""
        need("datasketch", "dedup/minhash-datasketch")

    def open(self) -> _Signer:
        """Document -> uint64 of shape (bands,), or (0,) for a text without any word."""
        return _Signer(self)
