"""Arms that rewrite texts show what they change, before and after, without personal data; slices are in order."""

import json

from curate.ablation.slices import REST, in_order
from curate.report.page import render_html
from tests.curate.ablation.tools import run_ablation
from tests.curate.running_tools import write_rows

EMAIL = "secret-canary@example.com"


def test_arms_that_rewrite_show_what_they_change(tmp_path):
    texts = [
        f"문장 하나가 여기 있다. 번호는 {number}번이다. #태그{number}\n메일은 {EMAIL}으로." for number in range(12)
    ]
    body = "tests.strategies.Body"
    data = {
        "recipe": {"name": "base", "stages": [body, "cleanup/klue", {"tests.strategies.Characters": {"least": 5}}]},
        "arms": {
            "plain": {"cleanup/klue": "off"},
            "scrubbed": {"after": {"cleanup/klue": "pii/patterns"}},
            "shorter": {"tests.strategies.Characters": {"least": 10}},
        },
    }
    report = run_ablation(data, [write_rows(tmp_path / "in.jsonl", texts)], tmp_path / "out")
    arms = {arm["name"]: arm for arm in report["arms"]}
    plain = arms["plain"]["changed"]
    assert (plain["before"], plain["documents"], len(plain["examples"])) == ("arm", 12, 5)
    assert plain["bytes"]["base"] < plain["bytes"]["arm"]
    assert any(kind == "removed" and "#태그" in text for kind, text in plain["examples"][0]["pieces"])
    scrubbed = arms["scrubbed"]["changed"]
    assert scrubbed["before"] == "base"
    assert all(["removed", "•••"] in one["pieces"] for one in scrubbed["examples"])
    assert any(kind == "added" and "<EMAIL>" in text for kind, text in scrubbed["examples"][0]["pieces"])
    assert arms["shorter"]["changed"] is None and "changed" not in arms["base"]
    page = render_html(report)
    assert "<del>•••</del>" in page and "canary" not in page and "canary" not in json.dumps(report)
    assert report["input"] == [str(tmp_path / "in.jsonl")] and report["date"] and report["versions"]["python"]


def test_slices_are_in_the_order_people_read_them():
    lengths = ["20,000 to 100,000 B", "under 1,000 B", "100,000 B and more", "1,000 to 5,000 B", "5,000 to 20,000 B"]
    assert in_order("length", dict.fromkeys(lengths, 1)) == [lengths[place] for place in (1, 3, 4, 0, 2)]
    assert in_order("crawl", {"2024-05": 9, "none": 20, "2023-11": 1}) == ["2023-11", "2024-05", "none"]
    assert in_order("domain", {REST: 99, "b.example": 3, "a.example": 3, "c.example": 7}) == [
        "c.example", "a.example", "b.example", REST,
    ]  # fmt: skip
