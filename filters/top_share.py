"""Judges that keep the best share of a corpus by a score: the cut-off is an exact quantile of all documents."""

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field

from filters.contracts import CorpusJudge, TopShare, strategy
from filters.dedup.survivors import sortable
from filters.document import Document


@strategy
class TopShareJudge(CorpusJudge):
    """Base of judges that keep the documents with the highest scores; subclasses give scorer().

    Of n documents with a score, n * keep_top stay, rounded up. Equal scores are ordered by a hash of the id. Documents
    without a score (NaN) take no part and stay.
    """

    rule: ClassVar[str] = "keep_top"

    keep_top: float = Field(0.1, ge=0, le=1, description="Share of the documents to keep, best scores first.")

    def decision(self) -> TopShare:
        """The share of all documents with a score."""
        return TopShare(self.rule, self.keep_top, key_free=frozenset({"keep_top"}))

    def scorer(self) -> Callable[[Document], float]:
        """The function from a document to its score; higher is better."""
        raise NotImplementedError

    def open(self) -> Callable[[Document], Any]:
        """Document -> uint64 of shape (1,), bits that sort like the score, or (0,) for a document without one."""
        import numpy as np

        score = self.scorer()
        none = np.empty(0, dtype=np.uint64)

        def keys(document: Document) -> Any:
            value = score(document)
            return none if value != value else np.array([sortable(value)], dtype=np.uint64)

        return keys
