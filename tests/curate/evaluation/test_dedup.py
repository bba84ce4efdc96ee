"""Deduplication against labelled pairs: figures that can be counted by hand, and the shared near-duplicates."""

import gzip
import json
import unicodedata
from pathlib import Path

import pytest

from curate.evaluation.command import EvaluationError
from curate.evaluation.dedup import evaluate, exact_similarity
from filters import make
from filters.document import Document


def write(folder: Path, documents: list[dict], pairs: list[dict], name: str = "") -> Path:
    path = folder / f"{name}pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in pairs))
    with gzip.open(folder / f"{name}docs.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in documents)
    return path


def pair(a: str, b: str, similarity: float) -> dict:
    return {"a": a, "b": b, "label": "", "j_word5": similarity, "j_char5": 0.0}


def test_figures_by_hand(tmp_path):
    texts = {"a": "one text of some words", "b": "One text of  some words", "c": "another text", "d": "the last"}
    documents = [{"id": name, "text": text} for name, text in texts.items()]
    pairs = [pair("a", "b", 1.0), pair("a", "c", 0.85), pair("c", "d", 0.1)]
    (row,) = evaluate(str(write(tmp_path, documents, pairs)), {"exact": make("dedup/exact")})
    assert (row["documents"], row["pairs"], row["duplicates"]) == (4, 3, 2)
    assert (row["recall"], row["precision"], row["documents removed"]) == (0.5, 1.0, 1)
    assert row["found 0.9-1.0"] == "1 of 1"
    assert row["found 0.8-0.9"] == "0 of 1"
    assert row["found 0.0-0.3"] == "0 of 1"


def test_texts_are_those_of_a_runs_documents(tmp_path):
    documents = [{"id": form, "text": unicodedata.normalize(form, "한글로 쓴 글")} for form in ("NFC", "NFD")]
    (row,) = evaluate(str(write(tmp_path, documents, [pair("NFC", "NFD", 1.0)])), {"exact": make("dedup/exact")})
    assert (row["recall"], row["documents removed"]) == (1.0, 1)


def test_pairs_that_the_data_does_not_list_are_compared(tmp_path):
    documents = [{"id": name, "text": text} for name, text in zip("abc", ["same", "Same", "same "], strict=True)]
    path = write(tmp_path, documents, [pair("a", "b", 1.0)])
    (row,) = evaluate(str(path), {"exact": make("dedup/exact")})
    assert row["recall"] == 1.0
    assert row["precision"] == round(1 / 3, 4)  # texts of one word have no 5-grams in common


def test_exact_similarity_by_language():
    words = "one two three four five six seven"
    assert exact_similarity(Document("a", words), Document("b", words + " eight")) == 3 / 4
    korean = Document("a", "가나다라 마바", notes={"language": "ko"})
    assert exact_similarity(korean, Document("b", "가나다 라마바사")) == 2 / 3


@pytest.mark.parametrize("missing", ["docs", "column", "id", "name"])
def test_data_that_does_not_do(tmp_path, missing):
    path = write(tmp_path, [{"id": "a", "text": "x"}], [pair("a", "a" if missing != "id" else "b", 1.0)])
    if missing == "docs":
        (tmp_path / "docs.jsonl.gz").unlink()
    if missing == "column":
        path.write_text('{"a": "a"}\n')
    if missing == "name":
        path = path.rename(tmp_path / "gold.jsonl")
    with pytest.raises(EvaluationError):
        evaluate(str(path), {"exact": make("dedup/exact")})


def test_near_duplicates_of_the_shared_data(shared_data):
    strategies = {"minhash": make("dedup/minhash"), "verified": make("dedup/minhash", {"verify": 0.8})}
    found = {(row["set"], row["strategy"]): row for row in evaluate(str(shared_data / "neardup"), strategies)}
    for name in ("articles", "editions/pride_and_prejudice", "ndd_r8"):
        assert found[name, "minhash"]["recall"] >= 0.99
        assert found[name, "minhash"]["precision"] >= 0.98
    for name in ("revisions/rust_book_en", "revisions/rust_book_ko"):
        # MinHash misses a pair by chance: no one seed says how many
        folder = shared_data / "neardup" / "revisions"
        by_seed = {str(seed): make("dedup/minhash", {"seed": seed}) for seed in range(1, 9)}
        recalls = [row["recall"] for row in evaluate(f"{folder}/{name[10:]}.pairs.jsonl.gz", by_seed)]
        assert sum(recalls) / len(recalls) >= 0.95
        assert found[name, "verified"]["precision"] > found[name, "minhash"]["precision"]
        assert found[name, "minhash"]["found 0.0-0.3"].startswith("0 of")
