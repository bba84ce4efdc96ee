"""Decisions of corpus rewriters on one machine: which lines, paragraphs or runs of words are cut."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from filters.contracts import Bloom, CorpusRewriter, Lines, Repeats
from filters.text import bloom, suffix
from pipelines import keyfile, storage
from pipelines.deciding import Decision, DecisionError, earlier_keys
from pipelines.keyfile import KeyFile
from pipelines.spool import Shard, key_settings, write_decisions

LINES_IN_MEMORY = 8_000_000
WHOLE = -1  # stands for a document as a whole where a piece is named

# One row for each piece to cut: row in the shard, piece (or WHOLE), n-grams contained and all (bloom only).
CUT_COLUMNS = 4


class _Cuts:
    """Pieces to cut, collected in one local file for each shard, so that memory does not depend on their number."""

    def __init__(self, folder: str, count: int) -> None:
        self._paths = [os.path.join(folder, f"{number}.cuts") for number in range(count)]
        self.total = 0

    def add(self, shard: int, cuts: np.ndarray) -> None:
        if len(cuts):
            self.total += len(cuts)
            with open(self._paths[shard], "ab") as file:
                file.write(np.ascontiguousarray(cuts, dtype=np.int64).tobytes())

    def of(self, shard: int) -> np.ndarray:
        path = self._paths[shard]
        found = np.fromfile(path, dtype=np.int64) if os.path.exists(path) else np.empty(0, dtype=np.int64)
        return found.reshape(-1, CUT_COLUMNS)


def decide_spans(
    step: CorpusRewriter, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None
) -> Decision:
    """Decide which spans to cut; see pipelines.deciding.decide."""
    wanted = step.decision()
    decision = Decision()
    with tempfile.TemporaryDirectory() as folder:
        cuts = _Cuts(folder, len(shards))
        found = _KINDS[type(wanted)](step, wanted, shards, cuts, against, keep)
        whole = touched = 0
        for number, shard in enumerate(shards):
            columns, dropped = decision_columns(wanted, cuts.of(number))
            whole += dropped
            touched += len(columns["row"]) - dropped
            path = write_decisions(directory, shard, columns)
            if path is not None:
                decision.paths[shard.name] = path
    decision.evidence = {
        "documents": sum(shard.rows for shard in shards),
        "documents_cut": touched,
        "documents_seen": whole,
        **found,
        "warnings": [],
    }
    return decision


def decision_columns(step: Any, cuts: np.ndarray) -> tuple[dict[str, Any], int]:
    """Columns of a decisions file from the cuts on one shard, shape (c, 4), and how many documents go as a whole."""
    cuts = cuts[np.lexsort((cuts[:, 1], cuts[:, 0]))]
    rows, starts = np.unique(cuts[:, 0], return_index=True)
    ends = np.append(starts, len(cuts))[1:]
    columns: dict[str, list[Any]] = {"rule": [], "value": [], "threshold": [], "spans": []}
    dropped = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        pieces = cuts[start:end, 1]
        whole = pieces[0] == WHOLE
        dropped += int(whole)
        columns["rule"].append(step.document_rule if whole else None)
        columns["value"].append(cuts[start, 2] / cuts[start, 3] if whole else None)
        columns["threshold"].append(step.threshold if whole else None)
        columns["spans"].append(None if whole else _runs(pieces).ravel().tolist())
    return {"row": rows, **columns}, dropped


def _runs(pieces: np.ndarray) -> np.ndarray:
    """Ascending numbers as half-open spans of consecutive ones, shape (s, 2)."""
    breaks = np.flatnonzero(np.diff(pieces) != 1) + 1
    first = pieces[np.concatenate([[0], breaks])]
    last = pieces[np.concatenate([breaks - 1, [len(pieces) - 1]])]
    return np.stack([first, last + 1], axis=1)


def _positions(files: Sequence[KeyFile]) -> np.ndarray:
    """Place of each document in the order of (hash of id, hash of the rest), int64, over all files."""
    order = np.concatenate([file["order"] for file in files]) if files else np.empty((0, 2), dtype=np.uint64)
    sorted_rows = np.lexsort((order[:, 1], order[:, 0]))
    places = np.empty(len(order), dtype=np.int64)
    places[sorted_rows] = np.arange(len(order))
    return places


def repeated(hashes: np.ndarray, place: np.ndarray, piece: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Which lines are copies: not the first of equal hashes by (place, piece), or in `earlier` (sorted). Bool, (n,)."""
    rows = np.lexsort((piece, place, hashes))
    ordered = hashes[rows]
    copies = np.zeros(len(rows), dtype=bool)
    copies[rows[1:]] = ordered[1:] == ordered[:-1]
    if len(earlier):
        at = np.minimum(np.searchsorted(earlier, hashes), len(earlier) - 1)
        copies |= earlier[at] == hashes
    return copies


def _lines(
    rewriter: Any, step: Lines, shards: Sequence[Shard], cuts: _Cuts, against: str | None, keep: str | None
) -> dict[str, Any]:
    files = [KeyFile(shard.keys) for shard in shards]
    earlier = earlier_keys(rewriter, against) if against is not None else []
    total = sum(file.shape("values")[0] for file in [*files, *earlier])
    bits = max(0, int(np.ceil(np.log2(max(1, total / LINES_IN_MEMORY)))))
    places = _positions(files)
    starts = np.cumsum([0, *(shard.rows for shard in shards)])
    different = 0
    for part in range(1 << bits):
        hashes, row, piece, of_file = [], [], [], []
        for number, file in enumerate(files):
            values = file["values"]
            here = in_part(values, part, bits)
            hashes.append(values[here])
            piece.append(file["pieces"][here])
            row.append(np.searchsorted(file["ends"], here, side="right"))
            of_file.append(np.full(len(here), number, dtype=np.int32))
        if not files:
            break
        old = [file["values"] for file in earlier]
        known = np.unique(np.concatenate([values[in_part(values, part, bits)] for values in old])) if old else _NONE
        values, rows, pieces, owner = map(np.concatenate, (hashes, row, piece, of_file))
        copies = repeated(values, places[starts[owner] + rows], pieces, known)
        different += int(np.count_nonzero(~copies))
        if keep is not None:
            found = np.sort(values[~copies])
            header = {"rows": len(found), **key_settings(rewriter)}
            keyfile.write(storage.join(keep, f"lines-{part:05d}.keys"), {"values": found}, header)
        for number in range(len(files)):
            chosen = copies & (owner == number)
            cuts.add(number, _table(rows[chosen], pieces[chosen]))
    return {"lines": sum(file.shape("values")[0] for file in files), "lines_kept": different, "lines_cut": cuts.total}


_NONE = np.empty(0, dtype=np.uint64)


def _table(rows: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    found = np.zeros((len(rows), CUT_COLUMNS), dtype=np.int64)
    found[:, 0], found[:, 1] = rows, pieces
    return found


def in_part(values: np.ndarray, part: int, bits: int) -> np.ndarray:
    """Positions of the values whose highest `bits` bits are `part`."""
    if not bits:
        return np.arange(len(values))
    return np.flatnonzero(values >> np.uint64(64 - bits) == part)


def bloom_pass(
    step: Any, files: Sequence[KeyFile], part: int, expected: int, start: np.ndarray | None = None
) -> tuple[Iterator[tuple[int, np.ndarray]], bloom.BloomFilter]:
    """One filter's pass over its documents, hash(id) mod shards = part, in the order of hash(id).

    Gives (number of the file, cuts of shape (c, 4)) for each document with cuts, and the filter, which is full when
    the iterator is at its end. start: bits of the filter of an earlier run.
    """
    seen = _filter(step, expected, start)
    return _bloom_documents(step, files, part, seen), seen


def _filter(step: Any, expected: int, start: np.ndarray | None) -> bloom.BloomFilter:
    bits, _ = bloom.size_for(expected, step.false_positive_rate)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if bits // 8 > 0.8 * memory:
        raise DecisionError(
            f"a Bloom filter for {expected} n-grams takes {bits // 8 >> 20} MiB of {memory >> 20} MiB of memory: "
            "set more shards"
        )
    seen = bloom.BloomFilter(expected, step.false_positive_rate)
    if start is not None:
        seen.bits[:] = start
    return seen


def _bloom_documents(
    step: Any, files: Sequence[KeyFile], part: int, seen: bloom.BloomFilter
) -> Iterator[tuple[int, np.ndarray]]:
    found = []
    for number, file in enumerate(files):
        order = file["order"]
        rows = np.flatnonzero(order[:, 0] % np.uint64(step.shards) == part)
        found.append((order[rows], rows, np.full(len(rows), number, dtype=np.int32)))
    if not found:
        return
    order, rows, owner = (np.concatenate(column) for column in zip(*found, strict=True))
    # Documents stand in the files in the order of their units, so a pass in the order of hash(id) jumps within them.
    values = [file.mapped("values") for file in files]
    ends = [file["ends"] for file in files]
    pieces = [file["pieces"] for file in files]
    piece_ends = [file["piece_ends"] for file in files]
    for place in np.lexsort((order[:, 1], order[:, 0])).tolist():
        number, row = int(owner[place]), int(rows[place])
        words = np.asarray(values[number][_start(ends[number], row) : ends[number][row]])
        counts = pieces[number][_start(piece_ends[number], row) : piece_ends[number][row]]
        gone, contained, total = seen.remove_seen(words, counts, step.min_ngram, step.max_ngram, step.threshold)
        if total and contained > step.threshold * total:
            yield number, np.array([[row, WHOLE, contained, total]], dtype=np.int64)
        elif gone.any():
            numbers = np.flatnonzero(gone)
            yield number, _table(np.full(len(numbers), row), numbers)


def _start(ends: np.ndarray, row: int) -> int:
    return int(ends[row - 1]) if row else 0


def ngrams_of(step: Any, files: Iterable[KeyFile]) -> np.ndarray:
    """n-grams of the documents of each shard of the Bloom filters, int64, shape (shards,)."""
    counts = np.zeros(step.shards, dtype=np.int64)
    for file in files:
        pieces = file["pieces"].astype(np.int64)
        grams = np.where(pieces >= step.max_ngram, pieces - step.max_ngram + 1, pieces >= step.min_ngram)
        before = np.concatenate([[0], np.cumsum(grams)])
        ends = file["piece_ends"]
        per_document = before[ends] - before[np.concatenate([[0], ends[:-1]])[: len(ends)]]
        np.add.at(counts, (file["order"][:, 0] % np.uint64(step.shards)).astype(np.int64), per_document)
    return counts


def _bloom(
    rewriter: Any, step: Bloom, shards: Sequence[Shard], cuts: _Cuts, against: str | None, keep: str | None
) -> dict[str, Any]:
    files = [KeyFile(shard.keys) for shard in shards]
    counts = ngrams_of(step, files)
    expected = expected_ngrams(step, counts)
    earlier: dict[int, KeyFile] = {}
    if against is not None:
        earlier = {int(file.header["part"]): file for file in earlier_keys(rewriter, against)}
    for part in range(step.shards):
        start = earlier[part]["bits"] if part in earlier else None
        documents, seen = bloom_pass(step, files, part, int(expected[part]), start)
        for number, found in documents:
            cuts.add(number, found)
        if keep is not None:
            header = {"rows": 0, "part": part, "functions": seen.functions, **key_settings(rewriter)}
            keyfile.write(storage.join(keep, f"filter-{part:05d}.keys"), {"bits": seen.bits}, header)
    return {
        "ngrams": int(counts.sum()),
        "ngrams_expected": int(expected.sum()),
        "false_positive_rate": step.false_positive_rate,
        "shards": step.shards,
    }


def expected_ngrams(step: Any, counts: np.ndarray) -> np.ndarray:
    """n-grams to make the filter of each shard for, int64, shape (shards,); counts are those of the corpus."""
    if step.expected_ngrams is None:
        return counts
    return np.full(step.shards, -(-step.expected_ngrams // step.shards), dtype=np.int64)


def _repeats(
    rewriter: Any, step: Repeats, shards: Sequence[Shard], cuts: _Cuts, against: str | None, keep: str | None
) -> dict[str, Any]:
    files = [KeyFile(shard.keys) for shard in shards]
    total = sum(file.shape("values")[0] for file in files)
    if total > step.max_words:
        raise DecisionError(
            f"{total} words are more than max_words: {step.max_words}. All words are sorted in the memory of one "
            f"machine (about {40 * total >> 20} MiB here); raise max_words if it has that, or use dedup/bff or "
            "dedup/lines, which have no such bound"
        )
    if not total:
        return {"words": 0, "words_cut": 0}
    places = _positions(files)
    sizes = [np.diff(file["ends"], prepend=0) for file in files]  # words of each document
    rows = np.concatenate([np.repeat(np.arange(len(size)), size) for size in sizes])
    piece = np.concatenate([np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) for size in sizes])
    owner = np.repeat(np.arange(len(files)), [size.sum() for size in sizes])
    starts = np.cumsum([0, *(shard.rows for shard in shards)])
    texts = places[starts[owner] + rows]
    in_order = np.argsort(texts, kind="stable")
    tokens = np.concatenate([file["values"] for file in files])[in_order]
    texts = texts[in_order]
    left = np.arange(total)
    # Cutting brings words together that were apart, and may make new repeats of them.
    while True:
        gone = suffix.repeats(tokens[left], texts[left], step.length)
        if not gone.any():
            break
        left = left[~gone]
    lost = np.ones(total, dtype=bool)
    lost[left] = False
    chosen = np.sort(in_order[lost])
    for number in range(len(files)):
        mine = chosen[owner[chosen] == number]
        cuts.add(number, _table(rows[mine], piece[mine]))
    return {"words": total, "words_cut": len(chosen)}


_KINDS: dict[type, Any] = {Lines: _lines, Bloom: _bloom, Repeats: _repeats}
