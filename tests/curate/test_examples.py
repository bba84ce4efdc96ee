"""What a run shows: examples.json and the page, the same whatever the workers and the order, and 0 shows no text."""

import json
import random

import pytest

from curate.report.page import render_html, run_report
from curate.shown import EXAMPLES_FILE
from tests.curate.running_tools import go, recipe, write_rows

STAGES = [
    {"tests.strategies.Body": {}},
    {"language/script": {"keep": ["ko", "en"], "latin": "en"}},
    {"quality/length": {"min_words": 4}},
    "cleanup/klue",
    "dedup/exact",
    "dedup/minhash",
    "dedup/lines",
    "pii/patterns",
]
TIMES = {"date": "", "cpu_seconds": 1.0, "wall_seconds": 1.0, "startup_seconds": 0.0, "startup_cpu_seconds": 0.0}


def _files(folder, parts=6):
    source = random.Random(5)
    words = [
        "".join(source.choices("가나다라마바사아자차카타파하고노도로모보소오조초코토포호", k=3)) for _ in range(900)
    ]

    def sentence(size=14):
        return f"바다를 {' '.join(source.choices(words, k=size))} 갔다."

    texts = [f"{sentence()} 오늘은 {number}번째 날이다. #태그{number}" for number in range(60)]
    texts += texts[:60:4] + [f"처음 몇 마디. {sentence(60)}" for _ in range(9)]
    texts += [text.replace("처음 몇 마디", "처음이 다르다") for text in texts[-6:]]
    texts += ["짧다."] * 7 + ["Это другой язык, не наш."] * 5
    texts += [f"연락은 reader{number}@example.com 으로 주세요. {sentence()}\n같은 줄 하나." for number in range(9)]
    (folder / "in").mkdir(parents=True)
    return [write_rows(folder / "in" / f"{part}.jsonl", texts[part::parts]) for part in range(parts)]


def _page(folder, result):
    """The page with what is measured, and differs from run to run, taken out."""
    stages = [{**stage, "cpu_seconds": 1.0} for stage in result["stages"]]
    examples = json.loads((folder / EXAMPLES_FILE).read_text("utf-8"))
    return render_html(run_report({**result, **TIMES, "stages": stages}, examples))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    files = _files(folder)
    return files, folder / "out", go(recipe(*STAGES), files, folder / "out")


def _examples(ran):
    return json.loads((ran[1] / EXAMPLES_FILE).read_text("utf-8"))


def test_each_rule_has_examples_nearest_to_the_threshold_first(ran):
    found = _examples(ran)
    counts = {
        (stage["stage"], rule): count for stage in ran[2]["stages"] for rule, count in stage["dropped_by_rule"].items()
    }
    assert {(group["stage"], group["rule"]) for group in found["dropped"]} == set(counts)
    for group in found["dropped"]:
        assert 1 <= len(group["examples"]) <= min(5, counts[group["stage"], group["rule"]])
        assert all(len(one["text"]) <= 200 for one in group["examples"])
        if isinstance(group["examples"][0]["value"], float):
            distances = [abs(one["value"] - one["threshold"]) for one in group["examples"]]
            assert distances == sorted(distances)
    assert len(found["kept"]) == 5


def test_rewriters_show_what_they_changed(ran):
    changed = {stage["stage"]: stage["examples"] for stage in _examples(ran)["changed"]}
    assert list(changed) == ["cleanup/klue", "dedup/lines", "pii/patterns"]
    (tags, *_) = [one for one in changed["cleanup/klue"] if "hashtags" in one["rules"]]
    assert any(kind == "removed" and "#태그" in text for kind, text in tags["pieces"])
    (email, *_) = changed["pii/patterns"]
    assert ["removed", "•••"] in email["pieces"] and ["added", "<EMAIL>"] in email["pieces"]
    assert all(kind != "added" for one in changed["dedup/lines"] for kind, _ in one["pieces"])


def test_duplicates_stand_beside_the_document_kept(ran):
    pairs = {group["stage"]: group["pairs"] for group in _examples(ran)["duplicates"]}
    assert all(pair["text"] == pair["kept_text"] for pair in pairs["dedup/exact"])
    assert any(pair["text"] != pair["kept_text"] for pair in pairs["dedup/minhash"])
    assert "examples" not in json.dumps(ran[2]["corpus"])  # run.json holds no text


def test_signals_have_thresholds_and_languages_add_up(ran):
    found, result = _examples(ran), ran[2]
    (words,) = [one for one in found["signals"] if one["signal"] == "words"]
    least = words["rules"][0]
    assert (least["rule"], least["bound"], least["value"]) == ("min_words", "at_least", 4)
    stage = next(one for one in result["stages"] if one["stage"] == "quality/length")
    assert sum(passed for *_, passed, _ in words["bins"]) == stage["kept"]
    assert sum(failed for *_, failed in words["bins"]) == stage["dropped"]
    assert sum(one["kept"] for one in found["languages"]) == result["kept"]
    assert sum(sum(one["dropped"].values()) for one in found["languages"]) == result["dropped"]
    assert sum(one["bytes"] for one in found["languages"]) == result["stages"][-1]["bytes_kept"]
    assert found["words"]["exact"] == (found["words"]["documents"] == result["kept"])


def test_the_page_is_the_same_for_two_workers_and_for_the_reversed_input(ran, tmp_path):
    files, out, result = ran
    page = _page(out, result)
    assert "#태그" in page and "&lt;EMAIL&gt;" in page
    turned = go(recipe(*STAGES), files[::-1], tmp_path / "turned", workers=2)
    assert turned["conserved"]
    assert _page(tmp_path / "turned", turned) == page
    assert (tmp_path / "turned" / EXAMPLES_FILE).read_bytes() == (out / EXAMPLES_FILE).read_bytes()


def test_the_page_is_the_same_after_a_resume(ran, tmp_path, monkeypatch):
    import curate.running as running

    files, out, _ = ran

    def stopped(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(running, "_finish", stopped)
        with pytest.raises(KeyboardInterrupt):
            go(recipe(*STAGES), files, tmp_path / "out")
    sketches = sorted((tmp_path / "out" / ".curate" / "sketches").iterdir())
    sketches[0].write_bytes(b"{}")  # damaged: its unit runs again
    assert go(recipe(*STAGES), files, tmp_path / "out", resume=True)["conserved"]
    assert (tmp_path / "out" / EXAMPLES_FILE).read_bytes() == (out / EXAMPLES_FILE).read_bytes()


def test_without_examples_no_text_is_shown(ran, tmp_path):
    result = go(recipe(*STAGES, output={"examples": 0}), ran[0], tmp_path / "out")
    found = (tmp_path / "out" / EXAMPLES_FILE).read_text("utf-8")
    data = json.loads(found)
    assert data["dropped"] == data["changed"] == data["duplicates"] == data["kept"] == []
    assert "바다를" not in found and data["signals"] and data["languages"]
    assert result["fingerprint"] == ran[2]["fingerprint"]
    assert "Dropped documents" not in _page(tmp_path / "out", result)
