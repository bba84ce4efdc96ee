"""Two runs joined by row key: what both keep, what one keeps, and which rule of the other removed it."""

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from curate.export.order import Buckets
from curate.rowkeys import RowKeys
from curate.rundir import UsageError
from curate.showing.directory import Output, named_stages
from pipelines.records import LEDGER

KEPT = ("kept", "", "")
NOT_READ = ("not read", "", "")
Outcome = tuple[str, str, str]  # kept, dropped, failed or not read; stage; rule or reason
_ROW = pa.schema([*LEDGER, ("side", pa.int8()), ("outcome", pa.int32()), ("text", pa.uint64())])
_ROW_BYTES = 60  # of a row in memory, about


@dataclass
class Comparison:
    """How two runs differ, in documents.

    pairs     (outcome in A, outcome in B) -> documents; the sum over all is every document that either run decided on
    same_text, other_text  of the documents that both keep
    examples  by pair of outcomes, the keys (source in A, source in B, offset) of some documents; of those that both
              keep: documents whose texts differ
    names     whether the sources are paired by the names of the files, as their folders differ
    """

    pairs: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)
    same_text: int = 0
    other_text: int = 0
    examples: dict[tuple[Outcome, Outcome], list[tuple[str, str, int]]] = field(default_factory=dict)
    names: bool = False

    def kept(self, side: int) -> int:
        """Documents that a run (0 or 1) keeps."""
        return sum(count for pair, count in self.pairs.items() if pair[side] == KEPT)

    def only(self, side: int) -> dict[Outcome, int]:
        """What this run keeps and the other does not, by what the other did with it, the most frequent first."""
        found = {pair[1 - side]: n for pair, n in self.pairs.items() if pair[side] == KEPT and pair[1 - side] != KEPT}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def both(self) -> int:
        """Documents that both keep."""
        return self.pairs[KEPT, KEPT]

    def neither(self) -> int:
        """Documents that neither keeps."""
        return sum(count for pair, count in self.pairs.items() if KEPT not in pair)


def compare(a: Output, b: Output, examples: int = 3) -> Comparison:
    """Join two runs over the same input by (source, offset).

    The keys are spread over temporary files and joined part by part, so memory does not grow with the corpus; texts
    are read once, and only hashes of them are joined. Raises UsageError where the runs read no file in common.
    """
    sources = (_sources(a), _sources(b))
    to_common, names = _common(a, b, *sources)
    result = Comparison(names=names)
    outcomes: dict[Outcome, int] = {KEPT: 0, NOT_READ: 1}
    rows = sum(file.rows for output in (a, b) for file in output.files)
    with tempfile.TemporaryDirectory(prefix="curate-diff-") as folder:
        buckets = Buckets(folder, _ROW, rows * _ROW_BYTES, 1)
        for side, output in enumerate((a, b)):
            for table in _rows(output, side, to_common[side], outcomes):
                buckets.add(table)
        named = list(outcomes)
        paths = [{common: source for source, common in mapping.items()} for mapping in to_common]
        best: dict[tuple[Outcome, Outcome], list[tuple[int, tuple[str, str, int]]]] = {}
        for table in buckets.shard(0):
            _join(table, named, examples, result, best, paths)
    result.examples = {pair: [key for _, key in found] for pair, found in best.items()}
    return result


def _sources(output: Output) -> set[str]:
    found: set[str] = set()
    for table in ("kept", "dropped", "failed"):
        for _, _, batch in output.batches(table, ["source"]):
            found.update(batch["source"].unique().to_pylist())
    return found


def _common(a: Output, b: Output, of_a: set[str], of_b: set[str]) -> tuple[tuple[dict[str, str], dict[str, str]], bool]:
    """For each run, its sources and what they are called for both; whether that is the names of the files."""
    if of_a & of_b or not of_a or not of_b:
        return ({source: source for source in of_a}, {source: source for source in of_b}), False
    by_name = tuple({source: os.path.basename(source) for source in sources} for sources in (of_a, of_b))
    unique = all(len(set(names.values())) == len(names) for names in by_name)
    if not unique or not set(by_name[0].values()) & set(by_name[1].values()):
        raise UsageError(
            f"{a.root} and {b.root} read no file in common ({_some(of_a)}; {_some(of_b)}): "
            "runs are compared document by document, over the same input"
        )
    return (by_name[0], by_name[1]), True


def _some(sources: set[str]) -> str:
    first = sorted(sources)[0]
    return first if len(sources) == 1 else f"{first} and {len(sources) - 1:,} more"


def _rows(output: Output, side: int, names: Mapping[str, str], outcomes: dict[Outcome, int]) -> Iterator[pa.Table]:
    """A row of _ROW for each row of the run's tables."""
    for table, columns in (("kept", ["text"]), ("dropped", ["stage", "rule"]), ("failed", ["stage", "reason"])):
        for _, _, batch in output.batches(table, ["source", "offset", *columns]):
            text = np.zeros(batch.num_rows, dtype=np.uint64)
            if table == "kept":
                codes = [0] * batch.num_rows
                text = np.fromiter(map(_hash, batch["text"].to_pylist()), dtype=np.uint64, count=batch.num_rows)
            else:
                pairs = zip(batch["stage"].to_pylist(), batch[columns[1]].to_pylist(), strict=True)
                codes = [outcomes.setdefault((table, *pair), len(outcomes)) for pair in pairs]
            yield pa.Table.from_pydict(
                {
                    "source": [names[source] for source in batch["source"].to_pylist()],
                    "offset": batch["offset"],
                    "side": np.full(batch.num_rows, side, dtype=np.int8),
                    "outcome": np.array(codes, dtype=np.int32),
                    "text": text,
                },
                schema=_ROW,
            )


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _join(
    table: pa.Table,
    outcomes: list[Outcome],
    most: int,
    result: Comparison,
    best: dict[tuple[Outcome, Outcome], list[tuple[int, tuple[str, str, int]]]],
    paths: list[dict[str, str]],
) -> None:
    """Count one part, in which the rows of a key follow each other, and keep examples."""
    codes = table["source"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    offsets = table["offset"].to_numpy()
    new = np.ones(len(codes), dtype=bool)
    new[1:] = (codes[1:] != codes[:-1]) | (offsets[1:] != offsets[:-1])
    group = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    side, outcome, text = (table[name].to_numpy() for name in ("side", "outcome", "text"))
    found = np.full((2, len(first)), outcomes.index(NOT_READ), dtype=np.int64)
    texts = np.zeros((2, len(first)), dtype=np.uint64)
    for number in (0, 1):
        here = side == number
        found[number, group[here]] = outcome[here]
        # a document in pieces: the sum over their texts, whatever their order
        np.add.at(texts[number], group[here], text[here])
    both = (found[0] == 0) & (found[1] == 0)
    other = both & (texts[0] != texts[1])
    result.other_text += int(other.sum())
    result.same_text += int((both & ~other).sum())
    pairs = found[0] * len(outcomes) + found[1]
    values, counts = np.unique(pairs, return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        result.pairs[outcomes[value // len(outcomes)], outcomes[value % len(outcomes)]] += count
    shown = other | ((found[0] == 0) != (found[1] == 0))
    keys = RowKeys().of(table.take(pa.array(first)))
    for value in np.unique(pairs[shown]).tolist():
        pair = outcomes[value // len(outcomes)], outcomes[value % len(outcomes)]
        rows = np.flatnonzero(shown & (pairs == value))
        rows = rows[np.argsort(keys[rows], kind="stable")][:most]
        for row in rows.tolist():
            source = table["source"][int(first[row])].as_py()
            key = paths[0].get(source, ""), paths[1].get(source, ""), int(offsets[first[row]])
            best.setdefault(pair, []).append((int(keys[row]), key))
        best[pair] = sorted(best[pair])[:most]


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """How the filled recipe b differs from a: stages that only one has, and settings, a line each."""
    left, right = (dict(named_stages(recipe)) for recipe in (a, b))
    said = [f"{name}: only in A" for name in left if name not in right]
    said += [f"{name}: only in B" for name in right if name not in left]
    shared = [name for name in left if name in right]
    if shared != [name for name in right if name in left]:
        said.append("the order of the stages")
    for name in shared:
        said += _settings(name, left[name], right[name])
    for part in ("rows", "records", "zstd_long"):
        said += _settings(part, a.get(part), b.get(part))
    return said


def _settings(name: str, a: Any, b: Any) -> list[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = [*a, *(key for key in b if key not in a)]
        return [said for key in keys for said in _settings(f"{name}.{key}", a.get(key), b.get(key))]
    return [] if a == b else [f"{name}: {_short(a)} in A, {_short(b)} in B"]


def _short(value: Any) -> str:
    said = "none" if value is None else str(value)
    return said if len(said) <= 60 else f"{said[:60]} …"
