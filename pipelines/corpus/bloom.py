"""Paragraphs and documents seen before, by Bloom filters over word n-grams."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np

from filters.contracts import Bloom, CorpusJudge, CorpusRewriter
from filters.text import bloom
from pipelines import storage
from pipelines.corpus import keyfile
from pipelines.corpus.components import packed
from pipelines.corpus.cuts import CUT_COLUMNS, WHOLE, CutForms, Cuts, table
from pipelines.corpus.forms import DecisionError, Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import shuffled, sum_arrays
from pipelines.manifest import Shard


class _Forms(CutForms[Bloom], shape=Bloom):
    def __init__(self, step: CorpusJudge | CorpusRewriter, decision: Bloom) -> None:
        super().__init__(step, decision)
        self.whole = decision.document_rule, decision.threshold

    def further(self, counts: Mapping[str, int]) -> dict[str, Any]:
        return {
            "ngrams": counts.get("ngrams", 0),
            "ngrams_expected": counts.get("ngrams_expected", 0),
            "false_positive_rate": self.decision.false_positive_rate,
            "shards": self.decision.shards,
        }

    def check_against(self, folder: str) -> None:
        if self.decision.expected_ngrams is None:
            raise DecisionError(
                f"{self.name}: a filter has a fixed size, so set expected_ngrams to that of all runs together"
            )
        super().check_against(folder)

    # --------------------------------------------------------------------------------------------- on this machine

    def find(self, shards: Sequence[Shard], cuts: Cuts, against: str | None, keep: str | None) -> dict[str, int]:
        files = [KeyFile(shard.keys) for shard in shards]
        counts = _ngrams(self.decision, files)
        expected = _expected(self.decision, counts)
        earlier = {int(file.header["part"]): file for file in self.earlier(against)}
        for part in range(self.decision.shards):
            start = earlier[part]["bits"] if part in earlier else None
            seen = _filter(self.decision, int(expected[part]), start)
            for number, found in _pass(self.decision, files, part, seen):
                cuts.add(number, found)
            if keep is not None:
                head = {"rows": 0, "part": part, "functions": seen.functions, **self.key_settings()}
                keyfile.write(storage.join(keep, f"filter-{part:05d}.keys"), {"bits": seen.bits}, head)
        return _counts(self.decision, counts)

    # --------------------------------------------------------------------------------------------- as Beam transforms

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        counts = (
            shards
            | "n-grams" >> beam.Map(_shard_ngrams, decision=self.decision)
            | "n-grams of the corpus" >> beam.CombineGlobally(sum_arrays)
        )
        cuts = (
            numbered
            | "whole" >> beam.combiners.ToList()
            | "filters" >> beam.FlatMap(_filters, count=self.decision.shards)
            | "spread" >> beam.GroupByKey()
            | "pass" >> beam.FlatMap(_cuts, decision=self.decision, counts=beam.pvalue.AsSingleton(counts))
        )
        expected = counts | "expected" >> beam.Map(_counts_of, decision=self.decision)
        return self.write(cuts, [expected], numbered, spread.directory, CUT_COLUMNS)


def _filter(decision: Bloom, expected: int, start: np.ndarray | None = None) -> bloom.BloomFilter:
    """An empty filter, or one that begins with the bits of an earlier run's."""
    bits, _ = bloom.size_for(expected, decision.false_positive_rate)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if bits // 8 > 0.8 * memory:
        raise DecisionError(
            f"a Bloom filter for {expected} n-grams takes {bits // 8 >> 20} MiB of {memory >> 20} MiB of memory: "
            "set more shards"
        )
    seen = bloom.BloomFilter(expected, decision.false_positive_rate)
    if start is not None:
        seen.bits[:] = start
    return seen


def _pass(
    decision: Bloom, files: Sequence[KeyFile], part: int, seen: bloom.BloomFilter
) -> Iterator[tuple[int, np.ndarray]]:
    """One filter's pass over its documents, hash(id) mod shards = part, in the order of hash(id).

    Gives (number of the file, cuts of shape (c, 4)) for each document with cuts; the filter fills meanwhile.
    """
    found = []
    for number, file in enumerate(files):
        order = file["order"]
        rows = np.flatnonzero(order[:, 0] % np.uint64(decision.shards) == part)
        found.append((order[rows], rows, np.full(len(rows), number, dtype=np.int32)))
    if not found:
        return
    order, rows, owner = (np.concatenate(column) for column in zip(*found, strict=True))
    # Documents stand in the files in the order of their units, so a pass in the order of hash(id) jumps within them.
    values = [file.mapped("values") for file in files]
    ends = [file["ends"] for file in files]
    pieces = [file["pieces"] for file in files]
    piece_ends = [file["piece_ends"] for file in files]
    limits = decision.min_ngram, decision.max_ngram, decision.threshold
    for place in np.lexsort((order[:, 1], order[:, 0])).tolist():
        number, row = int(owner[place]), int(rows[place])
        words = np.asarray(values[number][_start(ends[number], row) : ends[number][row]])
        counts = pieces[number][_start(piece_ends[number], row) : piece_ends[number][row]]
        gone, contained, total = seen.remove_seen(words, counts, *limits)
        if total and contained > decision.threshold * total:
            yield number, np.array([[row, WHOLE, contained, total]], dtype=np.int64)
        elif gone.any():
            numbers = np.flatnonzero(gone)
            yield number, table(np.full(len(numbers), row), numbers)


def _start(ends: np.ndarray, row: int) -> int:
    return int(ends[row - 1]) if row else 0


def _ngrams(decision: Bloom, files: Iterable[KeyFile]) -> np.ndarray:
    """n-grams of the documents of each filter, int64, shape (shards,)."""
    counts = np.zeros(decision.shards, dtype=np.int64)
    for file in files:
        pieces = file["pieces"].astype(np.int64)
        grams = np.where(pieces >= decision.max_ngram, pieces - decision.max_ngram + 1, pieces >= decision.min_ngram)
        before = np.concatenate([[0], np.cumsum(grams)])
        ends = file["piece_ends"]
        per_document = before[ends] - before[np.concatenate([[0], ends[:-1]])[: len(ends)]]
        np.add.at(counts, (file["order"][:, 0] % np.uint64(decision.shards)).astype(np.int64), per_document)
    return counts


def _expected(decision: Bloom, counts: np.ndarray) -> np.ndarray:
    """n-grams to make each filter for, int64, shape (shards,); counts are those of the corpus."""
    if decision.expected_ngrams is None:
        return counts
    return np.full(decision.shards, -(-decision.expected_ngrams // decision.shards), dtype=np.int64)


def _counts(decision: Bloom, counts: np.ndarray) -> dict[str, int]:
    return {"ngrams": int(counts.sum()), "ngrams_expected": int(_expected(decision, counts).sum())}


def _counts_of(counts: Any, decision: Bloom) -> dict[str, int]:
    return _counts(decision, np.zeros(decision.shards, dtype=np.int64) + counts)


def _shard_ngrams(shard: Any, decision: Bloom) -> np.ndarray:
    return _ngrams(decision, [KeyFile(shard.keys)])


def _filters(numbered: list[Any], count: int) -> Iterator[tuple[int, Any]]:
    """Every filter reads its documents' keys from the files of all shards: only their names are sent."""
    for part in range(count if numbered else 0):
        yield part, numbered


def _cuts(element: tuple[int, Iterable[Any]], decision: Bloom, counts: Any) -> Iterator[tuple[int, bytes]]:
    part, sent = element
    shards = sorted({number: shard for numbered in sent for number, shard in numbered}.items())
    files = [KeyFile(shard.keys) for _, shard in shards]
    seen = _filter(decision, int(_expected(decision, counts)[part]))
    for number, cuts in _pass(decision, files, part, seen):
        blob = packed(cuts.astype(np.uint64))
        shuffled("cuts", len(blob))
        yield shards[number][0], blob
