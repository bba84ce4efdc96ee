"""Spool, decision and re-reading on one machine."""

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import filters
from filters.contracts import CorpusJudge, Duplicates, strategy
from filters.dedup.survivors import hash_of
from filters.document import Document, Drop
from filters.top_share import TopShareJudge
from pipelines.corpus import keyfile
from pipelines.corpus.forms import DecisionError, check_against, decide
from pipelines.corpus.keyfile import DamagedFile, KeyFile
from pipelines.corpus.spool import Spool, documents, documents_at, reread
from tests.pipelines.corpus.corpora import as_step, corpus, decided, left, spooled


@strategy
class TopScore(TopShareJudge):
    """Keeps the best tenth by a note."""

    def scorer(self) -> Callable[[Document], float]:
        return _score


def _score(document: Document) -> float:
    return float(document.notes["score"])


STEPS = {
    "exact": filters.make("dedup/exact"),
    "url": filters.make("dedup/url", {"survivor": "newest"}),
    "url-first": filters.make("dedup/url", {"survivor": "first-url"}),
    "minhash": filters.make("dedup/minhash"),
    "minhash-best": filters.make("dedup/minhash", {"survivor": {"best": "score"}}),
    "minhash-verified": filters.make("dedup/minhash", {"verify": 0.8}),
    "minhash-same": filters.make("dedup/minhash", {"verify": {"containment": 0.9, "jaccard": 0.9}}),
    "minhash-datasketch": filters.make("dedup/minhash-datasketch"),
    "lines": filters.make("dedup/lines"),
    "bff": filters.make("dedup/bff"),
    "bff-3": filters.make("dedup/bff", {"shards": 3, "expected_ngrams": 20_000}),
    "substring": filters.make("dedup/substring", {"length": 15}),
    "top": TopScore(),
    "buckets": filters.make(
        "quality/buckets",
        {
            "scores": {"note": {"note": "score"}, "words": {"quality/length": {}, "signal": "words", "best": "lowest"}},
            "cuts": 5,
            "weight": "bytes",
            "join": "mean",
            "within": "language",
            "keep": [2, 3, 4],
        },
    ),
    "mix": filters.make("sampling/mix", {"budget": 40, "unit": "documents", "seed": 3}),
}
SHARES = ("top", "buckets", "mix")


@pytest.mark.parametrize("name", STEPS)
def test_same_result_in_any_order_and_split_and_nothing_left_to_remove(name: str, tmp_path: Path) -> None:
    step = STEPS[name]
    pages = corpus()
    shuffled = random.Random(4).sample(pages, len(pages))
    first = decided(step, tmp_path / "1", [pages])
    removed = [row for row in first if row[3] is not None or row[2]]
    assert removed
    assert decided(step, tmp_path / "2", [pages[::2], [], pages[1::2]]) == first
    assert decided(step, tmp_path / "3", [shuffled[k::7] for k in range(7)]) == first
    if name in SHARES:
        return  # the best tenth of a tenth is fewer again
    by_id = {page.id: page for page in pages}
    output = [by_id[row[0]].with_text(row[1]) for row in first if row[3] is None]
    assert output
    again = decided(step, tmp_path / "4", [output])
    assert [row for row in again if row[3] is not None or row[2]] == []


@pytest.mark.parametrize("name", STEPS)
def test_no_shards_empty_shards_and_a_single_document(name: str, tmp_path: Path) -> None:
    step = STEPS[name]
    assert decide(step, [], str(tmp_path / "none")).paths == {}
    assert decided(step, tmp_path / "empty", [[], []]) == []
    page = Document("a", "one text that is long enough to have some shingles", "http://a.org", {"score": 1.0})
    assert decided(step, tmp_path / "one", [[page]]) == [("a", page.text, {}, None)]


def test_documents_come_back_as_they_were(tmp_path: Path) -> None:
    notes = {"language": "ko", "score": 0.25, "count": 3, "flag": True}
    pages = [Document(f"가{n}", f"글 {n}\n" * n, "u", notes if n % 2 else {}, "s", n, "2024") for n in range(40)]
    shard = spooled(STEPS["exact"], tmp_path, [pages])[0]
    assert list(documents(shard)) == pages
    assert list(documents_at(shard, [0, 7, 39])) == [pages[0], pages[7], pages[39]]
    assert type(next(documents_at(shard, [1])).notes["flag"]) is bool


def test_row_groups_are_flushed_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.corpus.spool.ROW_GROUP_BYTES", 1000)
    pages = [Document(str(n), f"text {n} " * 30) for n in range(50)]
    shard = spooled(STEPS["exact"], tmp_path, [pages])[0]
    assert [page.id for page in documents_at(shard, [3, 4, 30, 49])] == ["3", "4", "30", "49"]
    assert len(list(documents(shard))) == 50


def test_a_unit_run_twice_leaves_the_same_files(tmp_path: Path) -> None:
    shards = [spooled(STEPS["minhash"], tmp_path, [corpus(30)])[0] for _ in range(2)]
    assert shards[0] == shards[1]
    assert len(list(tmp_path.iterdir())) == 2


def test_parts_of_a_unit_leave_shards_of_their_own(tmp_path: Path) -> None:
    """An engine may split a unit over bundles: each leaves a shard, whatever the order of its documents."""
    pages = corpus(30)
    (whole,) = spooled(STEPS["exact"], tmp_path / "whole", [pages])
    (first,) = spooled(STEPS["exact"], tmp_path, [pages[:11]])
    (second,) = spooled(STEPS["exact"], tmp_path, [pages[11:]])
    assert first.unit == second.unit == whole.unit
    assert len({first.name, second.name, whole.name}) == 3
    assert [*documents(first), *documents(second)] == pages
    assert spooled(STEPS["exact"], tmp_path / "turned", [pages[::-1]])[0].name == whole.name


def test_nothing_is_there_before_the_shard_is_closed(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "unit", as_step(STEPS["exact"]))
    spool.add(Document("a", "text"))
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
    spool.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_drops_name_the_document_kept_and_the_similarity(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(1000)]
    other = [*words[:500], "changed", *words[501:], "longer"]
    pages = [Document("a", " ".join(words)), Document("b", " ".join(other)), Document("c", "another text")]
    rows = decided(STEPS["minhash"], tmp_path, [pages])
    drop = rows[0][3]
    assert drop is not None
    assert (drop.rule, drop.kept_id) == ("near-duplicate", "b")
    assert drop.similarity == drop.value
    assert abs(drop.similarity - 991 / 1002) < 0.05
    assert drop.threshold == pytest.approx((1 / 14) ** (1 / 8))
    assert rows[1][3] is None
    assert rows[2][3] is None


def test_evidence(tmp_path: Path) -> None:
    pages = [Document(str(n), "the same text in all of these " * 3) for n in range(12)]
    pages += [Document(f"x{n}", f"text number {n} is different from all others here {n * 7}") for n in range(88)]
    pages += [Document(f"e{n}", "") for n in range(20)]
    shards = spooled(STEPS["minhash"], tmp_path, [pages])
    evidence = decide(STEPS["minhash"], shards, str(tmp_path / "d")).evidence
    json.dumps(evidence)
    assert evidence["documents"] == 120
    assert evidence["without_keys"] == 20
    assert evidence["duplicates"] == 11
    assert evidence["cluster_sizes"] == {"12": 1}
    assert evidence["largest_clusters"][0]["documents"] == 12
    assert len(evidence["warnings"]) == 1
    assert {pair["jaccard"] for pair in evidence["sample"]} == {1.0}
    alone = spooled(STEPS["minhash"], tmp_path / "alone", [pages[12:]])
    assert decide(STEPS["minhash"], alone, str(tmp_path / "d2")).evidence["warnings"] == []


@pytest.mark.parametrize("name", ["exact", "minhash", "lines", "bff-3"])
def test_against_an_earlier_run(name: str, tmp_path: Path) -> None:
    """The new crawl loses what both crawls together would lose to the old one; the old one stays as it was."""
    step = STEPS[name]
    pages = corpus(60)
    old, new = pages[:40], [*pages[40:], dataclasses.replace(pages[3], id="again")]
    shards = spooled(step, tmp_path / "old", [old[::2], old[1::2]])
    keep = str(tmp_path / "keys")
    decision = decide(step, shards, str(tmp_path / "d"), keep=keep)
    survivors = {row[0] for row in left(shards, {s.name: decision.of(s) for s in shards}, step) if row[3] is None}
    assert not any(b"example.org" in path.read_bytes() for path in Path(keep).iterdir())
    fresh = spooled(step, tmp_path / "new", [new])
    check_against(step, keep)
    later = decide(step, fresh, str(tmp_path / "d2"), against=keep)
    rows = left(fresh, {s.name: later.of(s) for s in fresh}, step)
    repeated = next(row for row in rows if row[0] == "again")
    assert repeated[3] is not None
    if isinstance(step, CorpusJudge):
        alone = decide(step, fresh, str(tmp_path / "d3"))
        without = left(fresh, {s.name: alone.of(s) for s in fresh}, step)
        assert {row[0] for row in without if row[3]} <= {row[0] for row in rows if row[3]}
        assert all(row[3].kept_id in survivors | {page.id for page in new} for row in rows if row[3])
        assert repeated[3].kept_id in survivors


@strategy
class TwoWords(CorpusJudge):
    """Links documents that share their first or their second word."""

    survivor: Literal["longest", "first-url"] = "longest"

    def open(self) -> Callable[[Document], Any]:
        return lambda page: np.array([hash_of(word.encode()) for word in page.text.split()[:2]], dtype=np.uint64)

    def decision(self) -> Duplicates:
        return Duplicates("shared-word", width=2, survivor=self.survivor, key_free=frozenset({"survivor"}))


@pytest.mark.parametrize("survivor", ["longest", "first-url"])
def test_a_new_document_that_links_two_old_ones_leaves_them_alone(tmp_path: Path, survivor: str) -> None:
    """Also where the earlier run kept survivors by another policy."""
    step, later = TwoWords(), TwoWords(survivor=survivor)
    old = [Document("old-1", "a p and more words"), Document("old-2", "b q"), Document("old-3", "c r")]
    shards = spooled(step, tmp_path / "old", [old])
    keep = str(tmp_path / "keys")
    assert decide(step, shards, str(tmp_path / "d"), keep=keep).paths == {}
    new = [Document("links", "a q", "u"), Document("repeats", "b z", "u"), Document("other", "d s", "u")]
    fresh = spooled(later, tmp_path / "new", [new])
    decision = decide(later, fresh, str(tmp_path / "d2"), against=keep)
    rows = {row[0]: row[3] for row in left(fresh, {shard.name: decision.of(shard) for shard in fresh}, later)}
    assert rows["other"] is None
    assert {drop.kept_id for drop in rows.values() if drop} == {"old-1"}
    assert decision.evidence["duplicates"] == 2
    assert decision.evidence["cluster_sizes"] == {"3": 1}
    # one cluster of four without the earlier run's documents in front: only then does one of them go
    together = decided(step, tmp_path / "together", [old, new])
    assert sum(row[3] is not None for row in together) == 3


def test_a_paragraph_goes_when_more_than_the_threshold_was_seen(tmp_path: Path) -> None:
    """DCLM's BFF compares with >: exactly the threshold stays."""
    settings = {"min_ngram": 1, "max_ngram": 1, "threshold": 0.5, "false_positive_rate": 1e-9}
    step = filters.make("dedup/bff", settings)
    half = [Document("a", "one two three four"), Document("b", "one two five six")]
    assert all(row[3] is None and not row[2] for row in decided(step, tmp_path / "half", [half]))
    most = [Document("a", "one two three four"), Document("b", "one two three six")]
    rows = decided(step, tmp_path / "most", [most])
    (gone,) = [row[3] for row in rows if row[3]]
    assert (gone.rule, gone.value, gone.threshold) == ("seen-document", 0.75, 0.5)
    # a paragraph at the threshold stays in a document of which less was seen, one above it is cut
    pages = [Document("a", "one two three four"), Document("b", "one two three six\nseven eight nine ten eleven")]
    cut = [row for row in decided(step, tmp_path / "cut", [pages]) if row[2]]
    assert [row[1] for row in cut] in (["seven eight nine ten eleven"], [])
    assert sum(len(row[2]) for row in cut) == len(cut)


def test_keys_of_other_settings_are_refused(tmp_path: Path) -> None:
    shards = spooled(STEPS["minhash"], tmp_path / "old", [corpus(20)])
    decide(STEPS["minhash"], shards, str(tmp_path / "d"), keep=str(tmp_path / "keys"))
    other = filters.make("dedup/minhash", {"bands": 9, "rows": 13})
    with pytest.raises(DecisionError, match="bands"):
        check_against(other, str(tmp_path / "keys"))
    check_against(filters.make("dedup/minhash", {"survivor": "newest"}), str(tmp_path / "keys"))
    with pytest.raises(DecisionError, match="no keys"):
        check_against(other, str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["substring", "bff", "top", "minhash-verified"])
def test_what_cannot_work_against_an_earlier_run_says_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(DecisionError):
        check_against(STEPS[name], str(tmp_path))


def test_too_many_words_for_one_machine(tmp_path: Path) -> None:
    step = filters.make("dedup/substring", {"max_words": 100})
    shards = spooled(step, tmp_path, [corpus(30)])
    with pytest.raises(DecisionError, match="max_words: 100"):
        decide(step, shards, str(tmp_path / "d"))


def test_a_filter_larger_than_memory_is_refused(tmp_path: Path) -> None:
    step = filters.make("dedup/bff", {"expected_ngrams": 10**15})
    with pytest.raises(DecisionError, match="more shards"):
        decide(step, spooled(step, tmp_path, [corpus(5)]), str(tmp_path / "d"))


def test_lines_are_kept_once_in_many_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = decided(STEPS["lines"], tmp_path / "1", [corpus()])
    monkeypatch.setattr("pipelines.corpus.lines.LINES_IN_MEMORY", 50)
    assert decided(STEPS["lines"], tmp_path / "2", [corpus()]) == whole
    lines = [line.strip().lower() for row in whole if row[3] is None for line in row[1].split("\n") if line.strip()]
    assert len(lines) == len(set(lines))
    before = {line.strip().lower() for page in corpus() for line in page.text.split("\n") if line.strip()}
    assert set(lines) == before


def test_lines_of_c4(tmp_path: Path) -> None:
    pages = [
        Document("a", "Only here\nCookies!\n\nonly here "),
        Document("b", " cookies!\nAlso\n쿠키 안내"),
        Document("c", "쿠키 안내"),
    ]
    rows = {row[0]: row for row in decided(STEPS["lines"], tmp_path, [pages])}
    kept = [line.strip().lower() for row in rows.values() if row[3] is None for line in row[1].split("\n")]
    assert sorted(line for line in kept if line) == ["also", "cookies!", "only here", "쿠키 안내"]
    assert rows["a"][1].startswith("Only here\n")
    assert rows["a"][2]["repeated-line"] == len(pages[0].text) - len(rows["a"][1])


def test_repeated_spans_leave_words_apart(tmp_path: Path) -> None:
    span = " ".join(f"w{number}" for number in range(20))
    pages = [Document("a", f"one({span})two"), Document("b", f"앞 {span} 뒤"), Document("c", span)]
    step = filters.make("dedup/substring", {"length": 10})
    rows = {row[0]: row for row in decided(step, tmp_path, [pages])}
    whole = [name for name, row in rows.items() if span in row[1] and row[3] is None]
    assert len(whole) == 1
    others = {"a": "one( )two", "b": "앞 뒤"}
    for name in others.keys() - set(whole):
        assert rows[name][1] == others[name]
    if "c" not in whole:
        assert isinstance(rows["c"][3], Drop)


def test_damaged_files_are_noticed(tmp_path: Path) -> None:
    shard = spooled(STEPS["minhash"], tmp_path, [corpus(20)])[0]
    for path in (Path(shard.keys), Path(shard.spool)):
        data = bytearray(path.read_bytes())
        data[len(data) * 2 // 3 if path.suffix == ".keys" else 300] ^= 0xFF
        path.write_bytes(data)
    with pytest.raises(DamagedFile, match="unit-0"):
        decide(STEPS["minhash"], [shard], str(tmp_path / "d"))
    with pytest.raises(OSError):
        list(reread(shard, None, as_step(STEPS["minhash"])))


def test_key_files(tmp_path: Path) -> None:
    arrays = {"a": np.arange(7, dtype=np.uint64), "b": np.zeros((0, 3), np.uint16), "c": np.ones((2, 2), np.float64)}
    keyfile.write(str(tmp_path / "x.keys"), arrays, {"rows": 7})
    found = KeyFile(str(tmp_path / "x.keys"))
    assert found.header == {"rows": 7}
    for name, array in arrays.items():
        assert np.array_equal(found[name], array)
        assert np.array_equal(found.mapped(name), array)
        assert found[name].dtype == array.dtype
    assert found.get("d") is None
    (tmp_path / "y.keys").write_bytes(b"something else altogether, and long enough")
    with pytest.raises(DamagedFile):
        KeyFile(str(tmp_path / "y.keys"))


def test_empty_texts_are_no_near_duplicates_and_equal_ones_are_one_cluster(tmp_path: Path) -> None:
    pages = [Document(f"e{n}", "") for n in range(500)] + [
        Document(f"s{n}", "same words as all the others") for n in range(500)
    ]
    rows = decided(STEPS["minhash"], tmp_path, [pages[::2], pages[1::2]])
    assert sum(row[3] is None for row in rows if row[0].startswith("e")) == 500
    assert sum(row[3] is None for row in rows if row[0].startswith("s")) == 1


def test_the_top_share_names_score_and_cut_off(tmp_path: Path) -> None:
    pages = [Document(str(n), "text", notes={"score": n / 10}) for n in range(40)]
    pages.append(Document("none", "text", notes={"score": float("nan")}))
    rows = {row[0]: row[3] for row in decided(STEPS["top"], tmp_path, [pages[::2], pages[1::2]])}
    assert {name for name, drop in rows.items() if drop is None} == {"36", "37", "38", "39", "none"}
    assert rows["35"] == Drop("keep_top", 3.5, 3.6)
