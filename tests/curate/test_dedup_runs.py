"""Runs with decisions over the whole corpus: the same survivors however the work is done, with evidence."""

import json
import random

import pytest

from curate.rundir import RunError
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows

BODY = "tests.strategies.Body"
JUDGES = [
    {"dedup/exact": {}},
    {"dedup/minhash": {"bands": 9, "rows": 13}},
    {"dedup/minhash": {"verify": 0.8}},
    {"dedup/minhash-datasketch": {}},
]
REWRITERS = [{"dedup/lines": {}}, {"dedup/bff": {"expected_ngrams": 100_000}}, {"dedup/substring": {"length": 20}}]


def _texts(count: int = 60) -> list[str]:
    choose = random.Random(5)
    words = [f"word{n}" for n in range(400)] + [f"낱말{n}" for n in range(400)]
    texts: list[str] = []
    for number in range(count):
        kind = number % 6
        if kind == 5 and texts:
            texts.append(choose.choice(texts))
        elif kind == 4 and texts:
            copied = choose.choice(texts).split(" ")
            copied[len(copied) // 2] = "changed"
            texts.append(" ".join(copied))
        else:
            paragraphs = [" ".join(choose.choice(words) for _ in range(60)) for _ in range(3)]
            texts.append("\n".join([*paragraphs, "the same footer in every text of this corpus"]))
    return [*texts, "", "short", "short"]


def _inputs(folder, files=3):
    texts = _texts()
    size = -(-len(texts) // files)
    return [write_rows(folder / f"{n}.jsonl", texts[n * size : (n + 1) * size], n * size) for n in range(files)]


@pytest.mark.parametrize("stage", JUDGES + REWRITERS, ids=lambda stage: json.dumps(stage))
def test_the_same_survivors_however_the_work_is_done(tmp_path, stage):
    stages = [BODY, {"tests.strategies.Characters": {"least": 1}}, stage, "tests.strategies.Upper"]
    inputs = _inputs(tmp_path)
    result = go(recipe(*stages), inputs, tmp_path / "one")
    assert adds_up(result)
    assert (
        sum(entry["dropped"] for entry in result["stages"][3:4]) > 0
        or "characters_edited_by_rule" in result["stages"][3]
    )
    go(recipe(*stages), reversed(inputs), tmp_path / "reversed")
    (tmp_path / "other").mkdir()
    go(recipe(*stages), _inputs(tmp_path / "other", 5), tmp_path / "cut")
    assert _survivors(tmp_path / "one") == _survivors(tmp_path / "reversed") == _survivors(tmp_path / "cut")
    on_engine = {"inputs": inputs, "output": tmp_path / "engine", "options": ["--runner", "FnApiRunner"]}
    if "dedup/substring" in stage:
        with pytest.raises(RunError, match="on one machine"):
            go(recipe(*stages), **on_engine)
        return
    assert adds_up(go(recipe(*stages), **on_engine))
    assert _survivors(tmp_path / "one") == _survivors(tmp_path / "engine")


def _survivors(output):
    return sorted((row["id"], row["text"]) for row in rows(output, "kept"))


@pytest.mark.parametrize("stage", ["dedup/exact", "dedup/minhash"])
def test_running_on_its_own_output_removes_nothing(tmp_path, stage):
    go(recipe(BODY, stage), _inputs(tmp_path), tmp_path / "first")
    again = go(recipe("extraction/plain", stage), sorted((tmp_path / "first" / "kept").glob("*")), tmp_path / "second")
    assert adds_up(again)
    assert again["stages"][2]["dropped"] == 0


def test_two_workers_two_processes_and_every_duplicate_names_what_was_kept(tmp_path):
    stages = [BODY, "dedup/exact", "dedup/minhash", "tests.strategies.Upper", {"dedup/lines": {}}]
    inputs = _inputs(tmp_path)
    go(recipe(*stages), inputs, tmp_path / "one")
    go(recipe(*stages), inputs, tmp_path / "two", workers=2)
    options = ["--runner", "FnApiRunner", "--direct_running_mode", "multi_processing", "--direct_num_workers", "2"]
    go(recipe(*stages), inputs, tmp_path / "many", options=options)
    assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "many")
    ids = {row["id"] for table in ("kept", "dropped") for row in rows(tmp_path / "one", table)}
    for row in rows(tmp_path / "one", "dropped"):
        if row["stage"] in ("dedup/exact", "dedup/minhash"):
            assert row["kept_id"] in ids - {row["id"]}
            assert 0.5 < row["similarity"] <= 1


def test_a_replayed_bundle_changes_nothing(tmp_path):
    stages = [BODY, "dedup/exact", "dedup/minhash"]
    inputs = _inputs(tmp_path)
    go(recipe(*stages), inputs, tmp_path / "one")
    options = ["--runner", "FnApiRunner", "--direct_runner_bundle_repeat", "1"]
    assert adds_up(go(recipe(*stages), inputs, tmp_path / "again", options=options))
    assert content(tmp_path / "one") == content(tmp_path / "again")


def test_a_new_crawl_against_the_keys_of_an_earlier_one(tmp_path):
    texts = _texts()
    first = write_rows(tmp_path / "first.jsonl", texts[:40])
    second = write_rows(tmp_path / "second.jsonl", texts[20:], 100)
    stages = [BODY, {"tests.strategies.Characters": {"least": 100}}, "dedup/exact"]
    go(recipe(*stages), [first], tmp_path / "one")
    result = go(recipe(*stages), [second], tmp_path / "two", against=str(tmp_path / "one"))
    assert adds_up(result)
    earlier = {row["text"] for row in rows(tmp_path / "one", "kept")}
    later = {row["text"] for row in rows(tmp_path / "two", "kept")}
    assert later
    assert not earlier & later
    with pytest.raises(RunError, match="no keys"):
        go(recipe(*stages), [second], tmp_path / "three", against=str(tmp_path / "nothing"))


def test_empty_phases(tmp_path):
    nothing = [BODY, {"tests.strategies.Characters": {"least": 10_000}}, "dedup/exact", "dedup/minhash"]
    for number, options in enumerate(([], ["--runner", "FnApiRunner"])):
        result = go(recipe(*nothing), _inputs(tmp_path), tmp_path / str(number), options=options)
        assert adds_up(result)
        assert result["kept"] == 0
