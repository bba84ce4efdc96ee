"""An ablation's arms become entrants: what they keep, of what kind it is, and how they deduplicate."""

import json

import pytest

from curate.ablation.arms import parse
from curate.ablation.proxies.entrants import deduplication
from tests.curate.ablation.proxies.language import Language
from tests.curate.ablation.tools import BODY, kept_ids, run_ablation, write

KOREAN = "등대지기는 매일 저녁 계단을 올라가 배가 들어오기 전에 등불을 켰다. 봄마다 넘치는 강은 얇은 진흙을 남긴다. "
BASE = {"name": "base", "stages": [BODY, {"language/script": {"keep": ["en"], "latin": "en"}}, "dedup/exact"]}


@pytest.fixture(scope="module")
def corpus():
    one = Language(1)
    return [*one.texts(1, 90), *one.texts(1, 20), *(f"{KOREAN * 9}{number}" for number in range(25))]


def _ablation(folder, inputs):
    references = {}
    for name, seed in (("one", 1), ("two", 2)):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in Language(seed).texts(9, 12)))
        references[name] = str(path)
    arms = {
        "all-languages": {"language/script": "off"},
        "no-dedup": {"dedup/exact": "off"},
        "by-address": {"dedup/exact": "dedup/url"},
        "nothing": {"language/script": {"keep": ["ja"]}},
    }
    data = {"recipe": BASE, "arms": arms, "proxy": {"references": references, "bytes": 15_000, "seeds": 3}}
    return run_ablation(data, inputs, folder / "out")


@pytest.fixture(scope="module")
def report(tmp_path_factory, corpus):
    folder = tmp_path_factory.mktemp("entrants")
    found = _ablation(folder, [write(folder / "in.jsonl", corpus)])
    found["kept"] = {name: kept_ids(folder / "out", name) for name in ("base", "all-languages", "no-dedup")}
    return found


def test_arms_are_judged_by_what_they_keep(report):
    found = report["proxy"]
    assert {len(ids) for ids in report["kept"].values()} == {90, 115, 110}
    assert [(pair["left"], pair["right"], pair["why"]) for pair in found["pairs"]] == [("base", "all-languages", None)]
    assert found["dedup"] == ["no-dedup", "by-address"]
    assert found["left_out"] == [{"arm": "nothing", "why": "it keeps no text"}]
    assert {row["arm"]: row["repeated"] > 0.1 for row in found["duplicates"]}["no-dedup"]
    assert found["bytes"] == 15_000
    assert found["limited_by"] is None
    json.dumps(found, allow_nan=False)


def test_the_mixture_is_held_by_the_language_that_the_base_detects(report):
    """The other arm detects no language, and is held to the base's all the same: Korean texts leave the comparison."""
    found = report["proxy"]
    assert found["mixture"]["arms"] == ["base", "all-languages"]
    row = found["pairs"][0]["references"]["one"]
    assert row["decision"] in ("farther", "undecided")
    assert row["value"] > 0
    assert row["held_fixed"]["value"] == 0  # what is English is the same in both


def test_files_in_another_order_are_judged_alike(tmp_path, corpus, report):
    (tmp_path / "parts").mkdir()
    starts = range(0, len(corpus), 30)
    inputs = [write(tmp_path / "parts" / f"{999 - start}.jsonl", corpus[start : start + 30], start) for start in starts]
    assert _ablation(tmp_path, inputs)["proxy"] == report["proxy"]


def test_what_is_deduplication():
    data = {
        "recipe": {"name": "base", "stages": [BODY, "quality/gopher", "dedup/exact", "dedup/lines"]},
        "arms": {
            "same": {"quality/gopher": "off"},
            "other": {"dedup/lines": "off"},
            "settings": {"dedup/exact": {"dedup/minhash": {"bands": 9}}},
        },
    }
    base, same, other, settings = (deduplication(arm) for arm in parse(data, "test").arms)
    assert [step.name for step in base] == ["dedup/exact", "dedup/lines"]
    assert base == same
    assert len({base, other, settings}) == 3
