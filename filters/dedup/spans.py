"""What strategies share that cut spans out of documents by a decision over the whole corpus."""

from typing import Any, ClassVar

from filters.contracts import CorpusRewriter, strategy


@strategy
class SpanRewriter(CorpusRewriter):
    """Base of rewriters whose decision needs keys of spans.

    open() gives an object: called with a document it answers (values, pieces), arrays of any length: `values` are keys
    in the order of the text (uint64 or uint32), `pieces` int32 says what they belong to. Its method
    cut(document, spans) cuts spans, int32 of shape (s, 2), half-open, in the unit of the strategy: lines, or words.

    decision   "lines": a key that stood before is cut; pieces are line numbers
               "bloom": paragraphs seen by a Bloom filter are cut; pieces are numbers of words in each line
               "repeats": runs of words that stood before are cut; pieces are empty
    """

    decision: ClassVar[str] = ""
    rule: ClassVar[str] = ""
    key_free: ClassVar[frozenset[str]] = frozenset()

    def open(self) -> Any:
        """The object described above."""
        raise NotImplementedError


def without_lines(text: str, spans: Any) -> tuple[str, int]:
    """(text without the lines of these half-open spans; characters removed, with a newline for each line)."""
    lines = text.split("\n")
    gone = {number for start, end in spans.tolist() for number in range(start, end)}
    left = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    return left, len(text) - len(left)
