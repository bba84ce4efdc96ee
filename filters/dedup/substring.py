"""Exact repeated spans of at least N words (Lee et al. 2022, RefinedWeb), for corpora that fit one machine."""

from typing import Any, ClassVar

from pydantic import Field

from filters.contracts import CorpusRewriter, Cuts, Repeats, strategy
from filters.document import Document, Drop


class _Words:
    """Document -> (hashes of its words, nothing)."""

    def __init__(self, rule: str) -> None:
        import numpy as np

        from filters.text import segments

        self._segment = segments.segment
        self._nothing = np.empty(0, dtype=np.int32)
        self._rule = rule

    def __call__(self, document: Document) -> tuple[Any, Any]:
        return document.derive(self._segment).words.hash.astype("uint32"), self._nothing

    def cut(self, document: Document, spans: Any) -> Document | Drop:
        found = document.derive(self._segment)
        start, data = found.words.start, found.data
        left: list[bytes] = []
        behind = 0
        for first, last in spans.tolist():
            left.append(data[behind : start[first]].tobytes())
            behind = int(start[last]) if last < len(start) else len(data)
            # words on both sides must not grow together
            if left[-1] and not left[-1][-1:].isspace() and behind < len(data):
                left.append(b" ")
        left.append(data[behind:].tobytes())
        text = b"".join(left).decode("utf-8", "surrogatepass")
        if not text.strip():
            return Drop("only-repeated-spans", 1.0, 1.0)
        return document.with_text(text, {self._rule: len(document.text) - len(text)})


@strategy
class Substring(CorpusRewriter):
    """Cuts every run of at least `length` words that occurs elsewhere in the corpus, and keeps one copy.

    Words are UAX #29 pieces other than white space. The copy that stays is the one in the document whose hashed id is
    smallest, the first in that document. All words of the corpus are sorted in memory (40 bytes each).
    """

    rule: ClassVar[str] = "repeated-span"

    length: int = Field(50, ge=2, le=100_000, description="Words in the shortest span that is cut.")
    max_words: int = Field(
        50_000_000,
        ge=1,
        le=2_000_000_000,
        description="Largest number of words in the corpus; a larger corpus stops the run.",
    )

    def decision(self) -> Repeats:
        """Copies of a run of words are cut."""
        return Repeats(self.rule, self.length, self.max_words, key_free=frozenset({"max_words"}))

    def open(self) -> Cuts:
        """Document -> (uint32 of shape (w,): hashes of its words, int32 of shape (0,))."""
        return _Words(self.rule)
