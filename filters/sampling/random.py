"""A random share of the documents, chosen by their ids."""

import hashlib
from collections.abc import Callable

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule

# 53 bits fill a double's mantissa: the largest hash divided by 2**53 stays below 1
BITS = 53


@strategy
class Random(Judge):
    """Keeps a random share of the documents, chosen by a keyed hash of the id.

    The choice depends on the id and the seed alone, so it is the same in every run and on every runner; a
    smaller share with the same seed is part of a larger one. The score is uniform in [0, 1).
    """

    share: float = limit(0.1, ge=0, le=1, description="share of documents to keep; 0 keeps none, 1 keeps all")
    seed: int = Field(0, ge=0, lt=2**64, description="key of the hash; another seed makes an independent choice")

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"sample": number in [0, 1)}."""
        key = self.seed.to_bytes(8, "little")

        def scores(document: Document) -> Scores:
            name = document.id.encode("utf-8", "surrogatepass")
            digest = hashlib.blake2b(name, digest_size=8, key=key).digest()
            return Scores({"sample": (int.from_bytes(digest, "little") >> (64 - BITS)) / 2**BITS})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """One rule, `not_sampled`: the score must lie below the share."""
        return (Rule("not_sampled", "sample", below=self.share),)
