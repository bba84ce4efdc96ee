"""Who drops what another judge scores best."""

import json

from curate.report.page import render_html, run_report
from tests.curate.ablation.tools import BODY, kept_ids, run_ablation
from tests.curate.running_tools import go, recipe, rows, write_rows

# of the texts of up to 93 words: the first file has the odd counts, the second the even ones
IDS = [*range(47), *range(50, 96)]


def test_what_other_stages_drop_of_the_top_tenth(tmp_path):
    """The longest texts score best; a limit of length drops seven of the ten longest."""
    texts = [" ".join(f"w{number}" for number in range(count)) for count in range(1, 101)]
    inputs = [write_rows(tmp_path / "a.jsonl", texts[::2]), write_rows(tmp_path / "b.jsonl", texts[1::2], 50)]
    words = {"words": {"quality/length": {}, "signal": "words"}, "ratio": {"quality/compression": {}, "best": "lowest"}}
    buckets = {"quality/buckets": {"scores": words, "cuts": [0.5], "keep": [1], "join": "vote"}}
    stages = [BODY, {"quality/length": {"min_words": None, "max_words": 93}}, buckets]
    other = {"low": {"quality/buckets": {"keep": [0]}}}
    data = {"recipe": {"name": "base", "stages": stages}, "arms": other}
    report = run_ablation(data, inputs, tmp_path / "out")
    # scored once for both arms, and decided by the limits of each
    assert sorted(kept_ids(tmp_path / "out", "base") + kept_ids(tmp_path / "out", "low")) == sorted(map(str, IDS))
    _, longest = report["recall"]  # scores are in the order of their names
    assert (longest["stage"], longest["score"], longest["documents"]) == ("quality/buckets", "words", 10)
    assert longest["dropped_by"] == {"quality/length": 7}
    assert longest["kept"] <= 3
    assert "Losses among the best" in render_html(report)
    result = go(recipe(*stages), inputs, tmp_path / "run")
    assert kept_ids(tmp_path / "out", "base") == sorted(row["id"] for row in rows(tmp_path / "run", "kept"))
    (found,) = result["corpus"]
    assert [one["documents"] for one in found["buckets"]] == [93 - result["kept"], result["kept"]]
    by_ratio, by_words = found["top_tenths"]
    assert by_words["documents"] == by_ratio["documents"] == 10
    assert by_words["dropped_by"]["words"] == by_ratio["dropped_by"]["ratio"] == 0
    # by vote of two both must agree: what either drops is dropped
    assert by_words["dropped"] == by_words["dropped_by"]["ratio"]
    assert found["cuts"]["words"] == [47.0]
    examples = json.loads((tmp_path / "run" / "examples.json").read_text(encoding="utf-8"))
    assert "would be dropped by each score alone" in render_html(run_report(result, examples))
