"""Attribution adds up: on documents that break known rules, every number of the table is the planted one."""

import itertools
import random
from collections import Counter

import pytest

from tests.curate.ablation.tools import BODY, arms_by_name, run_ablation, write

MARKS = "tests.curate.ablation.planted.Marks"
# In recipe order. D is judged after deduplication; R drops in a rewriter, so what follows never sees those texts.
ORDER = ("XA", "XB", "XR", "XC", "exact-duplicate", "XD")
STAGE = {"XA": "first", "XB": "first", "XR": "dropper", "XC": "second", "exact-duplicate": "dedup/exact", "XD": "last"}
RECIPE = {
    "name": "planted",
    "stages": [
        BODY,
        {MARKS: {"marks": ["XA", "XB"], "as": "first"}},
        {"tests.curate.ablation.planted.DropMark": {"mark": "XR", "as": "dropper"}},
        {MARKS: {"marks": ["XC"], "as": "second"}},
        "dedup/exact",
        {MARKS: {"marks": ["XD"], "as": "last"}},
    ],
}


def _corpus(count: int = 120, seed: int = 11) -> list[tuple[int, frozenset[str], str]]:
    """(group, marks broken, text): members of a group differ in case only, so they are duplicates; all share D."""
    rng = random.Random(seed)
    documents = []
    for group in range(count):
        words = " ".join(f"w{group}n{n}" for n in range(rng.randint(1, 30)))
        last = rng.random() < 0.2
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            broken = {mark for mark in ("XA", "XB", "XR", "XC") if rng.random() < 0.2} | ({"XD"} if last else set())
            tail = " ".join(mark if mark in broken else mark.lower() for mark in ("XA", "XB", "XR", "XC", "XD"))
            documents.append((group, frozenset(broken), f"{words} {tail}"))
    return documents


def _sizes(documents) -> dict[str, int]:
    return {
        "documents": len(documents),
        "bytes": sum(len(text.encode()) for _, _, text in documents),
        "tokens": sum(len(text.split()) for _, _, text in documents),
    }


def _simulate(documents, without=()):
    """Kept documents, and those each rule removes in sequence, where the rules of `without` decide nothing."""
    removed = {name: [] for name in ORDER}
    kept, seen = [], set()
    for document in documents:
        group, broken, _ = document
        first = next((mark for mark in ("XA", "XB", "XR", "XC") if mark in broken and mark not in without), None)
        if first is not None:
            removed[first].append(document)
        elif group in seen and "exact-duplicate" not in without:
            removed["exact-duplicate"].append(document)  # of a group, any one stays: all are as long
        else:
            seen.add(group)
            gone = "XD" in broken and "XD" not in without
            (removed["XD"] if gone else kept).append(document)
    return kept, removed


def _alone(documents, mark):
    """What breaks a rule on the text at its position: texts that the rewriter dropped are not there any more."""
    visible = documents if mark in ("XA", "XB", "XR") else [one for one in documents if "XR" not in one[1]]
    return [one for one in visible if mark in one[1]]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    documents = _corpus()
    folder = tmp_path_factory.mktemp("planted")
    inputs = [write(folder / "rows.jsonl", [text for _, _, text in documents])]
    data = {
        "recipe": RECIPE,
        "arms": {"loose": {"second": "off", "dedup/exact": "off"}},
        "slices": ["domain", "length"],
    }
    return documents, run_ablation(data, inputs, folder / "out")


def test_every_number_of_the_attribution_is_the_planted_one(planted):
    documents, report = planted
    kept, removed = _simulate(documents)
    rows = {row["rule"]: row for row in report["attribution"]["rules"]}
    assert tuple(rows) == ORDER
    for mark, row in rows.items():
        assert row["stage"] == STAGE[mark]
        assert row["in_sequence"] == _sizes(removed[mark]), mark
        if mark == "exact-duplicate":
            assert row["alone"] is None
            assert row["only"] is None
        else:
            failing = _alone(documents, mark)
            counts = Counter(one for other in ORDER if other[0] == "X" for one in map(id, _alone(documents, other)))
            assert row["alone"] == _sizes(failing), mark
            assert row["only"] == _sizes([one for one in failing if counts[id(one)] == 1]), mark
        if mark == "XR":
            assert row["without"] is None  # the texts that would have gone on were never made
        else:
            more, now = _sizes(_simulate(documents, (mark,))[0]), _sizes(kept)
            assert row["without"] == {unit: more[unit] - now[unit] for unit in now}, mark
    assert all(row["in_sequence"]["documents"] for row in rows.values())
    assert sum(row["in_sequence"]["documents"] for row in rows.values()) + len(kept) == len(documents)


def test_gain_of_whole_stages(planted):
    documents, report = planted
    now = _sizes(_simulate(documents)[0])
    marks = {"first": ("XA", "XB"), "second": ("XC",), "dedup/exact": ("exact-duplicate",), "last": ("XD",)}
    rows = {row["stage"]: row["without"] for row in report["attribution"]["stages"]}
    assert set(rows) == {*marks, "dropper"}
    assert rows["dropper"] is None
    for stage, names in marks.items():
        more = _sizes(_simulate(documents, names)[0])
        assert rows[stage] == {unit: more[unit] - now[unit] for unit in now}, stage


def test_overlap_of_rules(planted):
    documents, report = planted
    overlap = report["attribution"]["overlap"]
    names = [name.rpartition(":")[2] for name in overlap["rules"]]
    assert sorted(names) == ["XA", "XB", "XC", "XD", "XR"]
    for (left, one), (right, other) in itertools.product(enumerate(names), repeat=2):
        both = {id(found) for found in _alone(documents, one)} & {id(found) for found in _alone(documents, other)}
        assert overlap["documents"][left][right] == len(both)


def test_the_funnel_and_the_slices_add_up(planted):
    documents, report = planted
    kept, removed = _simulate(documents)
    base = report["arms"][0]
    assert base["kept"] == _sizes(kept)
    assert {rule: count for stage in base["stages"] for rule, count in stage["dropped_by_rule"].items()} == {
        name: len(found) for name, found in removed.items()
    }
    for rows in report["slices"].values():
        assert sum(row["documents"] for row in rows) == len(documents)
        for row in rows:
            assert row["documents"] == row["kept"] + sum(row["removed"].values())
    by_length = {row["slice"]: row for row in report["slices"]["length"]}
    assert by_length["under 1,000 B"]["documents"] == len(documents)


def test_pairs_are_the_planted_ones(planted):
    documents, report = planted
    base = {id(one) for one in _simulate(documents)[0]}
    loose_kept, _ = _simulate(documents, ("XC", "exact-duplicate"))
    arm = arms_by_name(report)["loose"]
    assert arm["kept"] == _sizes(loose_kept)
    pair = arm["pair"]
    assert pair["both"]["documents"] == len(base) == len(base & {id(one) for one in loose_kept})
    assert pair["only_base"] == {"documents": 0, "bytes": 0, "tokens": 0}
    assert pair["only_arm"]["documents"] == len(loose_kept) - len(base)
    assert pair["jaccard"] == len(base) / len(loose_kept)
    for rows in pair["slices"].values():
        assert sum(row["both"] for row in rows) == len(base)
        assert sum(row["only_arm"] for row in rows) == len(loose_kept) - len(base)
    share = (len(loose_kept) - len(base)) / len(documents)
    difference = arm["difference"]
    assert difference["documents"] == pytest.approx(share)
    assert 0 < difference["documents_interval"][0] < share < difference["documents_interval"][1]
    assert {sample["base_dropped_by"] for sample in pair["samples"]["only_arm"]} <= {"XC", "exact-duplicate"}
    assert len(pair["samples"]["only_arm"]) == 20
