"""Corpus strategies of third parties: the same on the pool, on an engine and in an ablation, with the same evidence."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import filters
from filters.chain import opened
from filters.contracts import CorpusJudge, CorpusRewriter, Cuts, Duplicates, Lines, strategy
from filters.dedup.survivors import hash_of
from filters.document import Document, Drop
from pipelines.corpus.forms import Known, forms_of
from tests.curate.ablation.tools import kept_ids, run_ablation, texts, write
from tests.curate.running_tools import adds_up, content, go, recipe, rows
from tests.strategies import FirstWord

ENGINE = ["--runner", "FnApiRunner", "--direct_runner_bundle_repeat", "1"]
FIRST_WORD = "tests.strategies.FirstWord"
FAULTY = "tests.curate.test_corpus_strategies.Faulty"
FAULTY_LINES = "tests.curate.test_corpus_strategies.FaultyLines"
BODY = "tests.strategies.Body"


@strategy
class Faulty(CorpusJudge):
    """Keeps one of equal texts; has no keys for "a", two for texts with a "TROUBLE", and raises for "READ MORE"."""

    def open(self) -> Callable[[Document], Any]:
        def keys(document: Document) -> Any:
            if "READ MORE" in document.text:
                raise ValueError(document.text)
            count = 0 if document.text == "a" else 2 if "TROUBLE" in document.text else 1
            return np.full(count, hash_of(document.text.encode()), dtype=np.uint64)

        return keys

    def decision(self) -> Duplicates:
        return Duplicates("equal-text")


class _FaultyCuts:
    def __init__(self) -> None:
        self._lines = opened(filters.make("dedup/lines"))

    def __call__(self, document: Document) -> tuple[Any, Any]:
        if "TROUBLE" in document.text:
            raise ValueError(document.text)
        values, pieces = self._lines(document)
        return values, pieces

    def cut(self, document: Document, spans: Any) -> Document | Drop:
        if "등대지기" in document.text:
            raise ValueError(document.text)
        found: Document | Drop = self._lines.cut(document, spans)
        return found


@strategy
class FaultyLines(CorpusRewriter):
    """Cuts repeated lines; fails on keys of texts with a "TROUBLE", and on cutting those with 등대지기."""

    def open(self) -> Cuts:
        return _FaultyCuts()

    def decision(self) -> Lines:
        return Lines("repeated-line")


@pytest.fixture
def inputs(tmp_path):
    made = texts(count=90)
    return [write(tmp_path / "a.jsonl", made[:50]), write(tmp_path / "b.jsonl", made[50:], 50)]


def test_a_judge_of_twenty_lines_is_the_same_everywhere(tmp_path, inputs):
    chosen = recipe(BODY, FIRST_WORD)
    here = go(chosen, inputs, tmp_path / "here")
    pool = go(chosen, inputs, tmp_path / "pool", workers=2)
    engine = go(chosen, inputs, tmp_path / "engine", options=ENGINE)
    assert adds_up(here) and adds_up(pool) and adds_up(engine)
    assert content(tmp_path / "here") == content(tmp_path / "pool") == content(tmp_path / "engine")
    (evidence,) = here["corpus"]
    assert evidence["stage"] == FIRST_WORD
    assert evidence["duplicates"] == here["stages"][-1]["dropped"] > 20
    assert evidence["clusters"] > 3
    assert evidence["sample"] and evidence["largest_clusters"]
    assert pool["corpus"] == engine["corpus"] == here["corpus"]
    for row in [row for row in rows(tmp_path / "here", "dropped") if row["stage"] == FIRST_WORD]:
        assert (row["rule"], row["similarity"], row["threshold"]) == ("same-first-word", 1.0, 1.0)

    run_ablation({"recipe": {"name": "base", "stages": [BODY, FIRST_WORD]}}, inputs, tmp_path / "ablation")
    kept = {row["id"] for row in rows(tmp_path / "here", "kept")}
    assert set(kept_ids(tmp_path / "ablation", "base")) == kept


def test_evidence_among_the_living_is_that_of_a_run(tmp_path, inputs):
    documents = [
        Document(row["id"], row["text"], row["url"] or "", source=row["source"]) for row in _kept(tmp_path, inputs)
    ]
    result = go(recipe(BODY, FIRST_WORD), inputs, tmp_path / "out")
    forms, keys = forms_of(FirstWord()), opened(FirstWord())
    records = [forms.key_record(document, keys(document)) for document in documents]
    # among others that are dead, which must not matter
    living = forms.living([*records, *records[:30]])
    alive = np.arange(len(records) + 30) < len(records)
    lost, kept = living.losers(alive)
    known = Known(
        lambda rows: [documents[row].id for row in rows],
        lambda rows: ([documents[row].url for row in rows], [documents[row].source for row in rows]),
    )
    found = living.evidence(alive, lost, kept, known)
    expected = {name: value for name, value in result["corpus"][0].items() if name not in ("stage", "sample")}
    assert found == expected


def _kept(tmp_path, inputs):
    go(recipe(BODY), inputs, tmp_path / "all")
    return rows(tmp_path / "all", "kept")


@pytest.mark.parametrize("faulty", [FAULTY, pytest.param(FAULTY_LINES, marks=pytest.mark.long)])
def test_a_fault_of_keys_or_of_a_cut_is_one_failed_row(tmp_path, inputs, faulty):
    chosen = recipe(BODY, faulty)
    here = go(chosen, inputs, tmp_path / "here")
    engine = go(chosen, inputs, tmp_path / "engine", options=ENGINE)
    assert adds_up(here) and adds_up(engine)
    assert content(tmp_path / "here") == content(tmp_path / "engine")
    assert here["corpus"] == engine["corpus"]
    failed = rows(tmp_path / "here", "failed")
    assert {row["stage"] for row in failed} == {faulty}
    reasons = {row["reason"] for row in failed}
    assert reasons == ({"error:ValueError", "bad_result"} if faulty == FAULTY else {"error:ValueError"})
    assert not [row for row in failed if "TROUBLE" in row["detail"] or "등대지기" in row["detail"]]
    report = run_ablation({"recipe": {"name": "base", "stages": [BODY, faulty]}}, inputs, tmp_path / "ablation")
    assert set(kept_ids(tmp_path / "ablation", "base")) == {row["id"] for row in rows(tmp_path / "here", "kept")}
    (arm,) = [arm for arm in report["arms"] if arm["name"] == "base"]
    assert arm["stages"][-1]["failed"] == len(failed)
