"""Deduplication against pairs of documents whose exact similarity is known."""

import re
import tempfile
from collections.abc import Mapping
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from curate.evaluation.labelled import EvaluationError, read_rows
from filters.chain import Step, opened
from filters.contracts import CorpusJudge, CorpusRewriter, Strategy
from filters.dedup.clusters import components
from filters.dedup.minhash import CHARACTER_LANGUAGES
from filters.document import Document
from filters.text.unicode import settled
from pipelines.corpus.forms import decide, forms_of
from pipelines.corpus.spool import Spool, reread

BINS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
DUPLICATE = 0.8
UNLISTED_PAIRS = 20_000
_PAIRS = re.compile(r"pairs\.jsonl(\.gz)?$")


def evaluate(path: str, strategies: Mapping[str, Strategy], duplicate: float = DUPLICATE) -> list[dict[str, Any]]:
    """A row for each set of pairs under a path and each strategy. Raises EvaluationError.

    path        a file …pairs.jsonl[.gz] beside a file …docs.jsonl[.gz], or a folder searched for such files.
                docs: id, text, lang (optional); pairs: a, b (ids), j_word5, j_char5 (exact Jaccard similarities)
    duplicate   from this exact similarity on, a pair should be found: j_char5 for languages that are compared by
                characters (Korean), j_word5 for the others

    recall      found / pairs that should be found
    precision   pairs found that should be, of all pairs found; those that the data does not list are compared here
    found 0.8-0.9 and so on: "found of all" listed pairs by exact similarity

    A judge finds a pair by putting both documents into one cluster. A rewriter (lines, BFF, substring) finds it by
    dropping either document or cutting half of its text; its precision is that of documents, of all cut or dropped.
    """
    return [
        row
        for pairs in _sets(Path(path))
        for row in (_evaluate_one(pairs, name, strategy, duplicate) for name, strategy in strategies.items())
    ]


def _sets(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _PAIRS.search(file.name))
        if not found:
            raise EvaluationError(f"{path}: no file …pairs.jsonl or …pairs.jsonl.gz in this folder")
        return found
    if not _PAIRS.search(path.name):
        raise EvaluationError(f"{path}: a file of pairs is named …pairs.jsonl or …pairs.jsonl.gz")
    return [path]


def _read(pairs: Path) -> tuple[list[Document], list[tuple[int, int, float]]]:
    stem = _PAIRS.sub("docs.jsonl", pairs.name)
    file = next((found for found in (pairs.with_name(stem), pairs.with_name(stem + ".gz")) if found.exists()), None)
    if file is None:
        raise EvaluationError(f"{pairs}: no documents beside it ({stem} or {stem}.gz)")
    try:
        documents = [
            Document(row["id"], settled(row["text"]), notes={"language": row["lang"]} if row.get("lang") else {})
            for row in read_rows(file)
        ]
        number = {document.id: place for place, document in enumerate(documents)}
        listed = []
        for row in read_rows(pairs):
            a, b = number[row["a"]], number[row["b"]]
            listed.append((min(a, b), max(a, b), float(row["j_char5" if _by_characters(documents[a]) else "j_word5"])))
    except KeyError as error:
        raise EvaluationError(f"{pairs}: a row lacks {error}, or names a document that is not there") from error
    return documents, listed


def _by_characters(document: Document) -> bool:
    return document.notes.get("language") in CHARACTER_LANGUAGES


def exact_similarity(a: Document, b: Document) -> float:
    """Jaccard similarity as in the data: word 5-grams, or character 5-grams for languages compared by characters."""
    first, second = _shingles(a, _by_characters(a)), _shingles(b, _by_characters(a))
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def _shingles(document: Document, characters: bool) -> set[Any]:
    lower = document.text.lower()
    units: Any = "".join(lower.split()) if characters else tuple(re.findall(r"\w+", lower))
    return {units[start : start + 5] for start in range(len(units) - 4)}


def _evaluate_one(pairs: Path, name: str, strategy: Strategy, duplicate: float) -> dict[str, Any]:
    documents, listed = _read(pairs)
    wanted = {(a, b) for a, b, similarity in listed if similarity >= duplicate}
    row: dict[str, Any] = {"set": f"{pairs.parent.name}/{_PAIRS.sub('', pairs.name).rstrip('.')}".rstrip("/")}
    row.update({"strategy": name, "documents": len(documents), "pairs": len(listed), "duplicates": len(wanted)})
    if isinstance(strategy, CorpusJudge):
        labels, lost = _clusters(strategy, documents)
        caught = [labels[a] == labels[b] for a, b, _ in listed]
        right, found = _precision(documents, labels, {(a, b): s for a, b, s in listed}, duplicate)
    elif isinstance(strategy, CorpusRewriter):
        touched = _touched(strategy, documents)
        caught = [a in touched or b in touched for a, b, _ in listed]
        lost = len(touched)
        right, found = len(touched & {place for pair in wanted for place in pair}), len(touched)
    else:
        raise EvaluationError(f"{name} does not compare documents")
    hits = sum(1 for (a, b, _), hit in zip(listed, caught, strict=True) if hit and (a, b) in wanted)
    row["recall"] = round(hits / len(wanted), 4) if wanted else None
    row["precision"] = round(right / found, 4) if found else None
    row["documents removed" if isinstance(strategy, CorpusJudge) else "documents cut"] = lost
    similarities = np.array([similarity for *_, similarity in listed])
    hit = np.array(caught, dtype=bool)
    for low, high in pairwise(BINS):
        here = (similarities >= low) & ((similarities < high) | (high == BINS[-1]))
        row[f"found {low}-{high}"] = f"{int((hit & here).sum())} of {int(here.sum())}"
    return row


def _clusters(strategy: CorpusJudge, documents: list[Document]) -> tuple[np.ndarray, int]:
    """(cluster of each document, how many are dropped)."""
    forms, keys = forms_of(strategy), opened(strategy)
    living = forms.living([forms.key_record(document, keys(document)) for document in documents])
    lost, kept = living.losers(documents=lambda rows: (documents[row] for row in rows))
    return components(len(documents), lost, kept), len(lost)


def _precision(
    documents: list[Document], labels: np.ndarray, listed: Mapping[tuple[int, int], float], duplicate: float
) -> tuple[int, int]:
    """(pairs within clusters that are duplicates, pairs within clusters); of very many pairs the first ones."""
    order = np.argsort(labels, kind="stable")
    right = found = 0
    for members in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        for a, b in combinations(sorted(members.tolist()), 2):
            if found >= UNLISTED_PAIRS:
                return right, found
            similarity = listed.get((a, b))
            if similarity is None:
                similarity = exact_similarity(documents[a], documents[b])
            found += 1
            right += similarity >= duplicate
    return right, found


def _touched(strategy: CorpusRewriter, documents: list[Document]) -> set[int]:
    with tempfile.TemporaryDirectory() as folder:
        step = Step("dedup", type(strategy).__name__, strategy)
        spool = Spool(folder, "all", step)
        for document in documents:
            spool.add(document)
        shard = spool.close()
        decision = decide(strategy, [shard], f"{folder}/decisions")
        return {
            number
            for number, (before, applied) in enumerate(reread(shard, decision.of(shard), step))
            if applied.document is None or 2 * len(applied.document.text) <= len(before.text)
        }
