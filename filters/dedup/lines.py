"""Repeated lines: each line of the corpus is kept once (C4)."""

from typing import Any, ClassVar

from filters.contracts import CorpusRewriter, Cuts, Lines, strategy
from filters.dedup.spans import without_lines
from filters.document import Document, Drop


class _Lines:
    """Document -> (hashes of its lines, their numbers), blank lines left out."""

    def __init__(self, rule: str) -> None:
        from filters.text import paragraphs

        self._hashes = paragraphs.line_hashes
        self._rule = rule

    def __call__(self, document: Document) -> tuple[Any, Any]:
        hashes, blank = self._hashes(document.text)
        numbers = (~blank).nonzero()[0]
        return hashes[numbers], numbers.astype("int32")

    def cut(self, document: Document, spans: Any) -> Document | Drop:
        text, removed = without_lines(document.text, spans)
        if not text.strip():
            return Drop("only-repeated-lines", 1.0, 1.0)
        return document.with_text(text, {self._rule: removed})


@strategy
class RepeatedLines(CorpusRewriter):
    """Keeps each line once in the whole corpus and cuts its other copies (C4); blank lines stay.

    Lines are compared lower-cased and without white space at their ends. The copy that stays is the first one in the
    document whose hashed id is smallest. A document without any line left is dropped.
    """

    rule: ClassVar[str] = "repeated-line"

    def decision(self) -> Lines:
        """Copies of a line are cut."""
        return Lines(self.rule)

    def open(self) -> Cuts:
        """Document -> (uint64 of shape (l,): hashes of its lines, int32 of shape (l,): their numbers)."""
        return _Lines(self.rule)
