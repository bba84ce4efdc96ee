"""Paragraphs and documents seen before, by a Bloom filter over word n-grams (DCLM's BFF, `old-both`)."""

from typing import Any, ClassVar

from pydantic import Field

from filters.contracts import Bloom, CorpusRewriter, Cuts, strategy
from filters.dedup.spans import without_lines
from filters.document import Document, Drop


class _Paragraphs:
    """Document -> (hashes of its words, number of words in each line)."""

    def __init__(self, rule: str) -> None:
        from filters.text import paragraphs, segments

        self._segment = segments.segment
        self._word_counts = paragraphs.word_counts
        self._rule = rule

    def __call__(self, document: Document) -> tuple[Any, Any]:
        found = document.derive(self._segment)
        return found.words.hash.astype("uint32"), self._word_counts(found)

    def cut(self, document: Document, spans: Any) -> Document | Drop:
        text, removed = without_lines(document.text, spans)
        if not text.strip():
            return Drop("only-seen-paragraphs", 1.0, 1.0)
        return document.with_text(text, {self._rule: removed})


@strategy
class Bff(CorpusRewriter):
    """Cuts paragraphs and drops documents if a Bloom filter has seen most of their word n-grams before (DCLM).

    Documents pass in the order of a hash of their id, each through the filter of shard hash(id) mod shards. Words are
    UAX #29 pieces other than white space, a paragraph is a line. Defaults are those of DCLM-Baseline.
    """

    rule: ClassVar[str] = "seen-paragraph"

    min_ngram: int = Field(
        13, ge=1, le=1000, description="Paragraphs of fewer words stay and are not added to the filter."
    )
    max_ngram: int = Field(13, ge=1, le=1000, description="Words in an n-gram; shorter paragraphs are one n-gram.")
    threshold: float = Field(
        0.8, ge=0, le=1, description="Remove a paragraph or document if more than this share of its n-grams was seen."
    )
    false_positive_rate: float = Field(0.01, gt=0, lt=1, description="False positives of the filter, per n-gram.")
    expected_ngrams: int | None = Field(
        None, ge=1, description="Number of n-grams that the filters of all shards are sized for; counted by default."
    )
    shards: int = Field(
        1, ge=1, le=100_000, description="Number of filters; each document passes the filter of its own shard."
    )

    def decision(self) -> Bloom:
        """Paragraphs seen before are cut; documents that were mostly seen before are dropped."""
        return Bloom(
            self.rule,
            "seen-document",
            self.min_ngram,
            self.max_ngram,
            self.threshold,
            self.false_positive_rate,
            self.expected_ngrams,
            self.shards,
        )

    def open(self) -> Cuts:
        """Document -> (uint32 of shape (w,): hashes of its words, int32 of shape (p,): words in each line)."""
        return _Paragraphs(self.rule)
