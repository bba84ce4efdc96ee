"""Strategies of arms on labelled data, and labelled data that is not there."""

import json

import pytest

from curate.ablation.arms import parse
from curate.recipe import RecipeError
from curate.rundir import UsageError
from tests.curate.ablation.tools import BODY, run_ablation

SENTENCES = {
    "en": ["The river floods each spring and leaves a thin layer of mud.", "Bread rises because yeast eats the sugar."],
    "ko": ["봄마다 넘치는 강은 얇은 진흙을 남긴다.", "빵이 부푸는 까닭은 효모가 당을 먹기 때문이다."],
}


def _lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_each_distinct_strategy_is_measured_once(tmp_path):
    texts = {
        f"p{n}": f"{sentence} And here is a second sentence of page {n}." for n, sentence in enumerate(SENTENCES["en"])
    }
    inputs = [tmp_path / "pages.jsonl"]
    _lines(inputs[0], [{"id": name, "text": text} for name, text in texts.items()])
    golds = [
        {"record_id": "p0", "text": texts["p0"]},
        {"record_id": "p1", "text": "Another text than that of the page."},
    ]
    labelled = [{"text": text, "lang": language} for language, found in SENTENCES.items() for text in found]
    data = {
        "recipe": {
            "name": "base",
            "stages": [BODY, {"language/script": {"latin": "en"}}, "tests.strategies.Characters"],
        },
        "arms": {
            "same": {"tests.strategies.Characters": {"least": 5}},
            "german": {"language/script": {"latin": "de"}},
        },
        "gold": {
            "extraction": _lines(tmp_path / "gold.jsonl", golds),
            "language": {"data": [_lines(tmp_path / "languages.jsonl", labelled)]},
        },
    }
    report = run_ablation(data, inputs, tmp_path / "out")
    rows = {(row["stage"], row["strategy"], row["figure"]): row for row in report["gold"]}
    exact = rows["extraction", BODY, "precision"]
    assert exact["arms"] == ["base", "same", "german"]  # one extractor, three arms
    assert exact["value"] == pytest.approx(0.5)
    assert exact["low"] <= 0.5 <= exact["high"]
    base = rows["language", "language/script {latin: en}", "accuracy"]
    assert base["arms"] == ["base", "same"]
    assert base["value"] == 1.0
    german = rows["language", "language/script {latin: de}", "accuracy"]
    assert german["arms"] == ["german"]
    assert german["value"] == 0.5
    assert "labelled data" in report["summary"][2]


def test_what_cannot_be_measured_says_why(tmp_path):
    inputs = [tmp_path / "pages.jsonl"]
    _lines(inputs[0], [{"id": "p", "text": SENTENCES["en"][0]}])
    data = {
        "recipe": {"name": "base", "stages": [BODY, "language/script"]},
        "gold": {
            "extraction": _lines(tmp_path / "gold.jsonl", [{"record_id": "other", "text": "x"}]),
            "language": _lines(tmp_path / "languages.jsonl", [{"text": "no label"}]),
        },
    }
    for row in run_ablation(data, inputs, tmp_path / "out")["gold"]:
        assert row["value"] is None
        assert row["figure"].startswith("not measured: ")


def test_files_that_are_not_there_are_named_before_anything_is_written(tmp_path):
    inputs = [tmp_path / "pages.jsonl"]
    _lines(inputs[0], [{"id": "p", "text": "text"}])
    data = {"recipe": {"name": "base", "stages": [BODY]}, "gold": {"language": str(tmp_path / "nowhere.jsonl")}}
    with pytest.raises(UsageError, match=r"gold of language: .*nowhere\.jsonl: no such file"):
        run_ablation(data, inputs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ({"langauge": "a.jsonl"}, "language"),
        ({"language": {"path": "a.jsonl"}}, "data"),
        ({"language": []}, "gold.language.data must name at least one path"),
        ({"toxicity": {"data": "a", "toxic": {"x": 1}}}, "toxic"),
    ],
)
def test_wrong_gold_is_an_error_of_the_ablation(gold, message):
    with pytest.raises(RecipeError, match=message):
        parse({"name": "a", "recipe": {"name": "base", "stages": [BODY]}, "gold": gold}, "test")
