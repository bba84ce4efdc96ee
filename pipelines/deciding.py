"""Decisions over a corpus on one machine, from the keys of its shards."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from filters.contracts import Bloom, CorpusJudge, CorpusRewriter, Duplicates, Repeats, TopShare
from filters.dedup import clusters
from filters.dedup.minhash import Shingler
from filters.dedup.survivors import score_of
from filters.text.minhash import jaccard
from pipelines import keyfile, storage
from pipelines.keyfile import KeyFile
from pipelines.spool import Shard, documents_at, ids_at, key_settings, write_decisions

SAMPLED_PAIRS = 20
LARGEST_CLUSTERS = 10
ALARMING_SHARE = 0.01


class DecisionError(Exception):
    """A decision cannot be made; the message says why and what to do."""


@dataclass
class Decision:
    """What was decided: a file of decisions for each shard that has losers, and the evidence for run.json."""

    paths: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)

    def of(self, shard: Shard) -> str | None:
        """The path of the decisions on a shard; None where it has no losers."""
        return self.paths.get(shard.name)


def decide(
    step: CorpusJudge | CorpusRewriter,
    shards: Sequence[Shard],
    directory: str,
    against: str | None = None,
    keep: str | None = None,
) -> Decision:
    """Decide over all documents of the shards, and write one file of decisions for each shard with losers.

    against  a folder where `keep` of an earlier run left its keys: documents that repeat a document of that run go,
             and those of that run are never touched. Raises DecisionError where its keys were made with other settings
    keep     a folder to leave the keys of the documents that stay in

    The result depends on the documents only: not on the order of the shards or of their rows, nor on how documents are
    spread over shards. Memory: a few dozen bytes a document.
    """
    shards = sorted(shards, key=lambda shard: shard.name)
    if against is not None:
        check_against(step, against)
    if isinstance(step, CorpusRewriter):
        from pipelines.spans import decide_spans

        return decide_spans(step, shards, directory, against, keep)
    wanted = step.decision()
    if isinstance(wanted, TopShare):
        return _decide_top(wanted, shards, directory)
    return _decide_duplicates(step, wanted, shards, directory, against, keep)


def earlier_keys(step: CorpusJudge | CorpusRewriter, folder: str) -> list[KeyFile]:
    """The keys files that an earlier run left in a folder; raises DecisionError for keys of other settings."""
    found = [KeyFile(path) for path in storage.files(folder, ".keys")]
    if not found:
        raise DecisionError(f"{folder}: an earlier run left no keys here")
    expected = key_settings(step)
    for keys in found:
        theirs = {name: keys.header.get(name) for name in expected}
        if theirs != expected:
            raise DecisionError(f"{keys.path}: keys were made by {theirs}, and this stage is {expected}")
    return found


def check_against(step: CorpusJudge | CorpusRewriter, folder: str) -> None:
    """Make sure before a run that it can be deduplicated against the keys in a folder; raises DecisionError."""
    name = type(step).__name__
    wanted = step.decision()
    if isinstance(wanted, TopShare):
        raise DecisionError(f"{name}: a share of a corpus cannot be taken against an earlier run")
    if isinstance(wanted, Repeats):
        raise DecisionError(f"{name}: spans cannot be found against an earlier run, that would take its text")
    if isinstance(wanted, Duplicates) and wanted.verify is not None:
        raise DecisionError(f"{name}: verify needs texts, and keys of earlier runs have none: leave verify out")
    if isinstance(wanted, Bloom) and wanted.expected_ngrams is None:
        raise DecisionError(f"{name}: a filter has a fixed size, so set expected_ngrams to that of all runs together")
    earlier_keys(step, folder)


class _Corpus:
    """The keys of all shards, and of earlier runs behind them, as columns over one numbering of documents."""

    def __init__(self, shards: Sequence[Shard], earlier: Sequence[KeyFile]) -> None:
        self.shards = shards
        self.files = [KeyFile(shard.keys) for shard in shards] + list(earlier)
        self.starts = np.cumsum([0, *(file.header["rows"] for file in self.files)])
        self.size = int(self.starts[-1])
        self.new = int(self.starts[len(shards)])  # documents from here on are those of earlier runs

    def column(self, name: str) -> np.ndarray:
        """An array of all files, one behind the other."""
        found = [file[name] for file in self.files]
        return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)

    def split(self, rows: np.ndarray) -> Iterator[tuple[int, slice]]:
        """(file number, slice of rows) for each file that some of the rows (ascending) are in."""
        bounds = np.searchsorted(rows, self.starts)
        for number in range(len(self.files)):
            if bounds[number] < bounds[number + 1]:
                yield number, slice(int(bounds[number]), int(bounds[number + 1]))

    def ids(self, rows: np.ndarray) -> list[str]:
        """The ids of documents, rows ascending."""
        found: list[str] = []
        for number, part in self.split(rows):
            found += ids_at(self.files[number], rows[part] - self.starts[number])
        return found

    def signatures(self, rows: np.ndarray) -> np.ndarray:
        """The signatures of documents, rows ascending: uint16, shape (len(rows), s)."""
        found = [self.files[number]["signature"][rows[part] - self.starts[number]] for number, part in self.split(rows)]
        return np.concatenate(found)

    def documents(self, rows: np.ndarray) -> Iterator[Any]:
        """Documents of the shards, rows ascending."""
        for number, part in self.split(rows):
            yield from documents_at(self.shards[number], (rows[part] - self.starts[number]).tolist())


def _decide_duplicates(
    judge: CorpusJudge,
    step: Duplicates,
    shards: Sequence[Shard],
    directory: str,
    against: str | None,
    keep: str | None,
) -> Decision:
    corpus = _Corpus(shards, earlier_keys(judge, against) if against is not None else ())
    takes_part = corpus.column("takes_part") if corpus.size else np.empty(0, dtype=bool)
    rows = np.flatnonzero(takes_part)
    everyone = len(rows) == corpus.size

    def columns() -> Iterator[np.ndarray]:
        for number in range(step.width if len(rows) else 0):
            column = corpus.column(f"key{number}")
            yield column if everyone else column[rows]

    order = corpus.column("order")[rows] if len(rows) else np.empty((0, 2), dtype=np.uint64)
    if against is not None:
        order = np.column_stack([rows < corpus.new, order]).astype(np.uint64, copy=False)
    if step.verify is None:
        labels = clusters.link(columns(), len(rows))
    else:
        labels = _verified(step, corpus, rows, clusters.candidates(columns(), order), directory)
    lost, kept = clusters.survivors(labels, order)
    del labels, order
    lost, kept = rows[lost], rows[kept]
    mine = lost < corpus.new
    lost, kept = lost[mine], kept[mine]
    decision = _write_losers(step, corpus, lost, kept, directory)
    decision.evidence = {
        "documents": corpus.new,
        "without_keys": int(np.count_nonzero(~takes_part[: corpus.new])),
        "duplicates": len(lost),
        **_cluster_evidence(corpus, lost, kept),
        "sample": _sample(step, corpus, lost, kept),
    }
    if keep is not None:
        leave_keys(judge, shards, lost, keep)
    return decision


def _write_losers(step: Duplicates, corpus: _Corpus, lost: np.ndarray, kept: np.ndarray, directory: str) -> Decision:
    decision = Decision()
    best, of_loser = np.unique(kept, return_inverse=True)
    ids = corpus.ids(best)
    signed = bool(len(lost)) and all("signature" in file for file in corpus.files if file.header["rows"])
    signatures = corpus.signatures(best) if signed else None
    for number, part in corpus.split(lost):
        shard = corpus.shards[number]
        rows = lost[part] - corpus.starts[number]
        if signatures is None:
            similarity = np.ones(len(rows))
        else:
            mine = corpus.files[number]["signature"][rows]
            similarity = (mine == signatures[of_loser[part]]).mean(axis=1)
        columns = {
            "row": rows,
            "rule": [step.rule] * len(rows),
            "value": similarity,
            "threshold": np.full(len(rows), step.threshold),
            "kept_id": [ids[place] for place in of_loser[part].tolist()],
            "similarity": similarity,
        }
        path = write_decisions(directory, shard, columns)
        if path is not None:
            decision.paths[shard.name] = path
    return decision


def _verified(step: Any, corpus: _Corpus, rows: np.ndarray, pairs: np.ndarray, directory: str) -> np.ndarray:
    """Labels of clusters linked by those pairs (p, 2) whose true Jaccard similarity reaches step.verify.

    The shingles of candidates go through a file, so memory does not depend on their number.
    """
    wanted = np.unique(pairs)
    if not len(wanted):
        return np.arange(len(rows))
    shingle = step.shingler()
    storage.make_folder(directory)
    path = os.path.join(directory if storage.is_local(directory) else ".", f".shingles-{os.getpid()}")
    ends = np.zeros(len(wanted) + 1, dtype=np.int64)
    try:
        with open(path, "wb") as file:
            for place, document in enumerate(corpus.documents(rows[wanted])):
                found = np.unique(shingle(document))
                file.write(found.tobytes())
                ends[place + 1] = ends[place] + len(found)
        shingles = np.memmap(path, dtype=np.uint64, mode="r") if ends[-1] else np.empty(0, dtype=np.uint64)
        at = np.searchsorted(wanted, pairs)
        same = np.zeros(len(pairs), dtype=bool)
        for number, (a, b) in enumerate(at.tolist()):
            same[number] = clusters.similar(
                shingles[ends[a] : ends[a + 1]], shingles[ends[b] : ends[b + 1]], step.verify
            )
        del shingles
    finally:
        os.unlink(path)
    return clusters.components(len(rows), *pairs[same].T)


def _cluster_evidence(corpus: _Corpus, lost: np.ndarray, kept: np.ndarray) -> dict[str, Any]:
    """Sizes of clusters (documents of this run, and the one of an earlier run that they repeat)."""
    best, others = np.unique(kept, return_counts=True)
    sizes, counts = np.unique(others + 1, return_counts=True)
    largest = np.lexsort((corpus_order(corpus, best), -others))[:LARGEST_CLUSTERS] if len(best) else best
    names = dict(zip(np.sort(best[largest]).tolist(), corpus.ids(np.sort(best[largest])), strict=True))
    found: dict[str, Any] = {
        "clusters": len(best),
        "cluster_sizes": {str(size): int(count) for size, count in zip(sizes.tolist(), counts.tolist(), strict=True)},
        "largest_clusters": [
            {"documents": int(others[place]) + 1, "kept_id": names[int(best[place])]} for place in largest.tolist()
        ],
        "warnings": [],
    }
    limit = ALARMING_SHARE * corpus.new
    for cluster in found["largest_clusters"]:
        if cluster["documents"] > limit and cluster["documents"] > 2:
            share = cluster["documents"] / corpus.new
            found["warnings"].append(
                f"one cluster holds {cluster['documents']} documents, {share:.1%} of all (kept: {cluster['kept_id']}); "
                "a template or an error page may link pages that differ"
            )
    return found


def corpus_order(corpus: _Corpus, rows: np.ndarray) -> np.ndarray:
    """A hash of id and content for each of some rows (ascending): uint64."""
    found = [
        corpus.files[number]["order"][rows[part] - corpus.starts[number], -2:] for number, part in corpus.split(rows)
    ]
    if not found:
        return np.empty(0, dtype=np.uint64)
    return clusters.mixed_order(np.concatenate(found))


def _sample(step: Duplicates, corpus: _Corpus, lost: np.ndarray, kept: np.ndarray) -> list[dict[str, Any]]:
    """True Jaccard similarity of some removed pairs, chosen by a hash of the document removed."""
    shingle = step.shingler() if step.shingler is not None else Shingler(None, None)
    here = kept < corpus.new
    lost, kept = lost[here], kept[here]
    chosen = np.sort(np.argsort(corpus_order(corpus, lost), kind="stable")[:SAMPLED_PAIRS])
    rows = np.unique(np.concatenate([lost[chosen], kept[chosen]]))
    found = dict(zip(rows.tolist(), corpus.documents(rows), strict=True))
    pairs = [(found[a], found[b]) for a, b in zip(lost[chosen].tolist(), kept[chosen].tolist(), strict=True)]
    return sorted(
        (
            {"id": a.id, "kept_id": b.id, "jaccard": round(jaccard(shingle(a), shingle(b)), 4)}
            for a, b in pairs
        ),
        key=lambda pair: (str(pair["id"]), str(pair["kept_id"])),
    )  # fmt: skip


def leave_keys(step: CorpusJudge, shards: Sequence[Shard], lost: np.ndarray, folder: str) -> None:
    """Write the keys of the documents that stay, without their texts. lost: rows over all shards, ascending."""
    start = 0
    for shard in shards:
        file = KeyFile(shard.keys)
        stays = np.ones(shard.rows, dtype=bool)
        stays[lost[(lost >= start) & (lost < start + shard.rows)] - start] = False
        stays &= file["takes_part"]
        start += shard.rows
        rows = np.flatnonzero(stays)
        ids = [text.encode("utf-8", "surrogatepass") for text in ids_at(file, rows)]
        arrays = {
            "order": file["order"][rows],
            "ids": np.frombuffer(b"".join(ids), dtype=np.uint8),
            "id_ends": np.cumsum([len(text) for text in ids], dtype=np.int64),
            **{f"key{column}": file[f"key{column}"][rows] for column in range(clusters.widths(step.decision())[0])},
            "takes_part": np.ones(len(rows), dtype=bool),
        }
        if "signature" in file:
            arrays["signature"] = file["signature"][rows]
        header: Mapping[str, Any] = {"shard": shard.name, "rows": len(rows), **key_settings(step)}
        keyfile.write(storage.join(folder, f"{shard.name}.keys"), arrays, header)


def _decide_top(step: Any, shards: Sequence[Shard], directory: str) -> Decision:
    """Keep the best share of the documents by score; equal scores in the order of a hash of the id."""
    corpus = _Corpus(shards, ())
    decision = Decision()
    takes_part = corpus.column("takes_part") if corpus.size else np.empty(0, dtype=bool)
    score = corpus.column("key0")
    order = corpus.column("order") if corpus.size else np.empty((0, 2), dtype=np.uint64)
    lost, _ = clusters.below_top(score, order, takes_part, step.share)
    stays = takes_part.copy()
    stays[lost] = False
    cut = score_of(int(score[stays].min())) if stays.any() else None
    for number, part in corpus.split(lost):
        rows = lost[part]
        columns = {
            "row": rows - corpus.starts[number],
            "rule": [step.rule] * len(rows),
            "value": [score_of(value) for value in score[rows].tolist()],
            "threshold": [cut] * len(rows),
        }
        path = write_decisions(directory, corpus.shards[number], columns)
        if path is not None:
            decision.paths[corpus.shards[number].name] = path
    decision.evidence = {
        "documents": corpus.size,
        "without_keys": int(np.count_nonzero(~takes_part)),
        "share": step.share,
        "lowest_kept": cut,
        "warnings": [],
    }
    return decision
