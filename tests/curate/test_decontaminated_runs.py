"""A run that decontaminates: what its rows say, on this machine and on an engine, and its fingerprint."""

import json

import pytest

from curate.rundir import UsageError
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows

QUESTION = "Which of the seven harbours on the northern coast freezes first in a hard winter, and why does it?"
TEXTS = ["A page of its own about boats and weather.", f"Some quiz. {QUESTION} Nobody knew.", f"{QUESTION}", "끝."]
ENGINE = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner", "--direct_runner_bundle_repeat=1"]


def chosen(tmp_path, **settings):
    path = tmp_path / "quiz.jsonl"
    if not path.exists():
        path.write_text(json.dumps({"question": QUESTION, "id": "q7"}) + "\n")
    return recipe({"dedup/decontaminate": {"files": [str(path)], "id": "id", **settings}})


def test_dropped_rows_name_the_item_and_its_place(tmp_path):
    inputs = [write_rows(tmp_path / "in.jsonl", TEXTS)]
    result = go(chosen(tmp_path), inputs, tmp_path / "out")
    assert adds_up(result)
    assert result["stages"][-1]["dropped_by_rule"] == {"contaminated": 2}
    gone = {row["matched"]: row for row in rows(tmp_path / "out", "dropped")}
    end = len(QUESTION) - 1
    assert set(gone) == {f"quiz.jsonl:1(q7):question 0-{end}", f"quiz.jsonl:1(q7):question 11-{11 + end}"}
    for row in gone.values():
        assert (row["rule"], row["value"], row["threshold"]) == ("contaminated", 1.0, pytest.approx(0.8, abs=0.02))
        assert QUESTION[:20] not in json.dumps(row)
    again = go(chosen(tmp_path), inputs, tmp_path / "engine", options=ENGINE)
    assert adds_up(again)
    assert content(tmp_path / "engine") == content(tmp_path / "out")


def test_a_cut_document_says_what_was_cut(tmp_path):
    result = go(chosen(tmp_path, action="cut"), [write_rows(tmp_path / "in.jsonl", TEXTS)], tmp_path / "out")
    assert adds_up(result)
    assert result["stages"][-1]["characters_edited_by_rule"] == {"contaminated": 2 * (len(QUESTION) - 1)}
    found = {row["text"]: row["contaminated_by"] for row in rows(tmp_path / "out", "kept")}
    assert found == {
        TEXTS[0]: None,
        "Some quiz. ? Nobody knew.": f"quiz.jsonl:1(q7):question 11-{10 + len(QUESTION)}",
        "?": f"quiz.jsonl:1(q7):question 0-{len(QUESTION) - 1}",
        TEXTS[3]: None,
    }


def test_other_items_are_another_recipe_and_a_missing_file_stops_before_the_run(tmp_path):
    before = chosen(tmp_path).fingerprint()
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"question": QUESTION + " Say so."}) + "\n")
    assert chosen(tmp_path).fingerprint() != before
    inputs = [write_rows(tmp_path / "in.jsonl", TEXTS)]
    wrong = chosen(tmp_path, question=["prompt"])
    with pytest.raises(UsageError, match=r"no row has text in 'prompt' \(it has: question\)"):
        go(wrong, inputs, tmp_path / "out")
    assert not (tmp_path / "out").exists()
