"""Weights by note, and mixtures of sources."""

import random

import numpy as np
import pytest

from filters import make
from filters.buckets import all_cuts, judged
from filters.contracts import SettingsError
from filters.dedup.survivors import identity
from filters.document import Document, Fault


def weight(judge, **notes):
    scores = judge.open()(Document("1", "text", notes=notes))
    assert scores.notes["weight"] == scores.signals["weight"]
    return scores.signals["weight"], any(rule.fails(scores.signals["weight"]) for rule in judge.rules())


def test_a_weight_counts_from_its_value_on_and_zero_drops():
    published = make("sampling/upsample", {"weights": {1: 1, 2: 5, 3: 6, 90: 1}})
    assert [weight(published, dup_count=count)[0] for count in (1, 2, 3, 89, 90, 500)] == [1, 5, 6, 6, 1, 1]
    assert weight(published) == (1, False)
    by_bucket = make("sampling/upsample", {"by": "bucket", "weights": {0: 0, 8: 1, 15: 2.5}})
    assert weight(by_bucket, bucket=7) == (0, True)
    assert weight(by_bucket, bucket=15, weight=2.0) == (5, False)
    assert weight(by_bucket, weight=2.0) == (2, False)
    with pytest.raises(SettingsError, match="one value or more"):
        make("sampling/upsample", {"weights": {}})


def test_the_source_is_a_note_or_the_files_name():
    by_note = make("sampling/mix", {"budget": 10, "by": "language", "shares": {"ko": 0.5, "en": 0.5}})
    decision = by_note.decision()
    assert set(decision.budget.values()) == {5}
    keys = by_note.open()
    names = {decision.slices.get(int(keys(Document("1", "a b", notes={"language": code}))[2])) for code in ("ko", "ja")}
    assert names == {"ko", None}
    for shares in ({"*/news-*": 0.25, "*": 0.75}, {"*": 0.75, "*/news-*": 0.25}):  # equal settings, so equal keys
        by_file = make("sampling/mix", {"budget": 1000, "shares": shares})
        keys, decision = by_file.open(), by_file.decision()
        for source, share in (("in/news-1.jsonl", 250), ("in/web.jsonl", 750)):
            assert decision.budget[int(keys(Document("1", "a b", source=source))[2])] == share
    assert keys(Document("1", "a b c", notes={"weight": 2.5}))[1] == 8


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf"), 2.0**60])
def test_a_weight_that_no_budget_can_count_is_a_failed_row(count):
    keys = make("sampling/mix", {"budget": 1, "unit": "documents"}).open()
    with pytest.raises(Fault, match="bad_note: by its weight the document counts"):
        keys(Document("1", "a", notes={"weight": count}))
    assert keys(Document("1", "a", notes={"weight": 2.0**59}))[1] == 2**59


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget": 0}, "budget"),
        ({"budget": 5, "shares": {"a": 0.5, "b": 0.4}}, "add up to 0.9"),
        ({"budget": 5, "by": "language"}, "by needs shares"),
        ({"budget": 5, "shares": {}}, "add up to 0"),
        ({"budget": 5, "shares": {"a": 1.5, "b": -0.5}}, "shares"),
        ({"budget": 2**60}, "budget"),
    ],
)
def test_wrong_mixtures_are_named(settings, said):
    with pytest.raises(SettingsError, match=said):
        make("sampling/mix", settings)


def test_a_source_that_is_too_small_is_taken_whole_and_no_other_takes_its_place():
    """Each source holds its share or is over it by less than one document; a smaller budget is part of a larger one."""
    rng = random.Random(3)
    documents = [
        Document(f"{source}{number}", "word " * rng.randrange(1, 30), notes={"language": source})
        for source, count in (("ko", 200), ("en", 30), ("ja", 80))
        for number in range(count)
    ]
    taken: set[str] = set()
    for budget in (10, 777, 2_500, 2_501):
        judge = make("sampling/mix", {"budget": budget, "by": "language", "shares": {"ko": 0.5, "en": 0.3, "ja": 0.2}})
        decision = judge.decision()
        values = np.array([judge.open()(document) for document in documents])
        order = np.array([identity(document) for document in documents], dtype=np.uint64)
        stays = judged(decision, all_cuts(decision, values, order), values, order).stays
        for source, share in (("ko", 0.5), ("en", 0.3), ("ja", 0.2)):
            mine = np.array([document.notes["language"] == source for document in documents])
            wanted, held = int(share * budget), int(values[mine & stays, 1].sum())
            if int(values[mine, 1].sum()) < wanted:
                assert (source, stays[mine].all()) == ("en", True)
            else:
                assert wanted <= held < wanted + int(values[mine & stays, 1].max())
        now = {document.id for document, stay in zip(documents, stays.tolist(), strict=True) if stay}
        assert taken <= now
        taken = now
    assert {"en0", "en29"} <= taken
