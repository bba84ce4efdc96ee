"""Opt-outs and licences from archives to rows: headers and markup, rows without a page, and arms that are runs."""

import pytest

from curate.ablation.arms import parse
from curate.recipe import RecipeError
from tests.curate.ablation.tools import arms_by_name, kept_ids, run_ablation
from tests.curate.running_tools import adds_up, go, recipe, rows, write_rows
from tests.pipelines.reading.archives import http, record

BY = "https://creativecommons.org/licenses/by/4.0/"
SAYS = [
    ("", ()),
    ('<meta name="robots" content="noai">', ()),
    ("", ("X-Robots-Tag: googlebot: noai", "x-robots-TAG: noindex")),
    ("", ("tdm-reservation: 1", "TDM-Policy: https://a.example/policy.json")),
    (f'<link rel="license" href="{BY}">', ()),
    (f'<link rel="license" href="{BY}">', ("X-Robots-Tag: noai",)),
]
STAGES = ["extraction/resiliparse", "cleanup/unicode", "rights/optout", "rights/license", "dedup/exact"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("rights") / "a.warc"
    blocks = []
    for number, (head, fields) in enumerate(SAYS):
        text = f"<p>Page {number // 2} tells of the river and of the bridge that was built over it.</p>" * 3
        page = f"<html><head>{head}</head><body><article>{text}</article></body></html>"
        blocks.append(record(http(page.encode(), *fields), number))
    blocks.append(record(b"A text that was extracted before.", 9, "conversion"))
    path.write_bytes(b"".join(blocks))
    return path


def test_a_run_notes_what_pages_say_and_drops_what_is_asked_for(archive, tmp_path):
    result = go(recipe(*STAGES[:-1]), [archive], tmp_path / "noted")
    assert adds_up(result) and result["kept"] == 7
    columns = ("optout", "optout_place", "tdm_policy", "license", "license_kind", "license_place", "license_trust")
    assert [tuple(row[name] for name in columns) for row in rows(tmp_path / "noted", "kept")] == [
        ("none", None, None, None, "none", None, None),
        ("noai", "head", None, None, "none", None, None),
        ("noindex", "header", None, None, "none", None, None),
        ("tdm-reservation", "header", "https://a.example/policy.json", None, "none", None, None),
        ("none", None, None, "CC-BY-4.0", "CC-BY", "link", 3),
        ("noai", "header", None, "CC-BY-4.0", "CC-BY", "link", 3),
        ("unknown", None, None, None, "unknown", None, None),
    ]
    dropping = ["extraction/plain", {"rights/optout": {"drop": ["noai"]}}, {"rights/license": {"keep": ["unknown"]}}]
    result = go(recipe(*dropping), [write_rows(tmp_path / "rows.jsonl", ["noai", "CC BY 4.0"])], tmp_path / "rows")
    assert result["kept"] == 2 and adds_up(result)


def test_arms_are_runs_and_what_is_noted_makes_slices(archive, tmp_path):
    data = {
        "recipe": {"name": "base", "stages": STAGES},
        "arms": {
            "no-ai": {"rights/optout": {"drop": ["noai", "tdm-reservation"]}},
            "open": {"rights/license": {"keep": ["CC-BY", "CC0"]}},
            "unread": {"rights/optout": {"agents": ["Googlebot"], "drop": ["noai"]}},
        },
        "slices": ["optout", "license_kind"],
    }
    report = run_ablation(data, [archive], tmp_path / "out")
    for arm in parse(data, "test").arms:
        result = go(arm.recipe, [archive], tmp_path / arm.name)
        assert kept_ids(tmp_path / "out", arm.name) == sorted(row["id"] for row in rows(tmp_path / arm.name, "kept"))
        for ours, theirs in zip(arms_by_name(report)[arm.name]["stages"], result["stages"], strict=True):
            assert ours["dropped_by_rule"] == theirs["dropped_by_rule"]
    assert [len(kept_ids(tmp_path / "out", arm.name)) for arm in parse(data, "test").arms] == [4, 4, 1, 4]
    slices = {row["slice"]: row for row in report["slices"]["optout"]}
    assert slices.keys() == {"none", "noai", "noindex", "tdm-reservation", "unknown"}
    with pytest.raises(RecipeError, match="unknown slice 'license_trust'"):
        parse({**data, "slices": ["license_trust"]}, "test")
