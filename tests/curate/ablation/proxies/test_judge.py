"""The judge orders planted arms, and says nothing where it cannot know."""

import random

import numpy as np
import pytest

from curate.ablation.controls import budget
from curate.ablation.proxies import wording
from curate.ablation.proxies.byte_ngram import BYTE_NGRAM
from curate.ablation.proxies.decisions import Costs
from curate.ablation.proxies.judge import Entrant, judge
from curate.ablation.proxies.references import References
from curate.ablation.proxies.samples import sample, words_shuffled
from tests.curate.ablation.proxies.language import Language, decisions, entrant, source
from tests.filters.text.test_bytelm import pieces

ONE, TWO = Language(1), Language(2)
REFERENCES = References({"one": ONE.texts(100, 20), "two": TWO.texts(100, 20)})


@pytest.mark.parametrize(("corpus", "most"), [("en/gutenberg", 200_000), ("ko/news_dps", 300_000)])
def test_planted_arms_come_in_order(shared_data, corpus, most):
    texts = pieces(shared_data / "prose" / f"{corpus}.jsonl.gz")
    other = pieces(shared_data / "prose/ja/oscar_web.jsonl.gz")
    clean = texts[80 : 80 + 6 * most // len(texts[0].encode())]
    planted = {
        "clean": clean,
        "half shuffled": [words_shuffled([text], n)[0] if n % 2 else text for n, text in enumerate(clean)],
        "half duplicated": [clean[n % 20] if n % 2 else text for n, text in enumerate(clean)],
        "half another language": [other[n % len(other)] if n % 2 else text for n, text in enumerate(clean)],
    }
    arms = [Entrant(name, source(documents)) for name, documents in planted.items()]
    found = judge(arms, References({"held out": texts[:80]}), most, 5)
    assert found["references"][0]["tells"]
    for name in list(planted)[1:]:
        assert decisions(found, "clean", name) == {"held out": "farther"}, name
    # a sample ends between two characters
    assert all(most - 4 < row["bytes"] <= most == found["bytes"] for row in found["tables"][0]["rows"])


def test_shuffled_words_lose_on_mixed_text(shared_data):
    """Documentation, encyclopedia and prose, none of them alone."""
    mixed = [
        pieces(shared_data / "prose/en" / f"{name}.jsonl.gz")[:220]
        for name in ("rust_book", "wikitext2_valid", "gutenberg")
    ]
    held_out = [text for texts in mixed for text in texts[:20]]
    texts = [text for texts in mixed for text in texts[20:]]
    found = judge([Entrant("base", source(texts))], References({"mixed": held_out}), 200_000, 5)
    assert found["references"][0]["shuffled"]["low"] > 0
    assert found["references"][0]["tells"]


def test_random_removal_is_no_difference(shared_data):
    """20 draws here; 200 are `python -m benchmarks random_removal`."""
    texts = pieces(shared_data / "prose/en/gutenberg.jsonl.gz")
    costs = BYTE_NGRAM.open({"held out": texts[:30]})
    base = source(texts[30:230])
    most, seeds = base.bytes // 4, 5

    def by_seed(arm):
        drawn = [sample(arm, {"": most}, seed, lambda text: False) for seed in range(seeds)]
        return [costs(one.texts)["held out"] for one in drawn]

    of_base = by_seed(base)
    covered = 0
    for draw in range(20):
        everything = np.ones(len(base.ids), dtype=bool)
        left = base.where(budget(base.ids, base.sizes, everything, base.bytes * 2 // 3, draw, "removal"))
        table = Costs(np.array([of_base, by_seed(left)]), [most / base.bytes, most / left.bytes], [True, True])
        difference = table.difference(0, 1)
        assert difference.half_width > 0  # the arms were not trained on the same documents
        covered += difference.sign == 0
    assert covered >= 18


def test_an_arm_nearer_to_one_and_farther_from_another_is_a_choice():
    base = entrant("base", ONE.texts(1, 140) + TWO.texts(2, 90))
    other = entrant("other", ONE.texts(1, 90) + TWO.texts(2, 140))
    found = judge([base, other], REFERENCES, 40_000, 5)
    assert decisions(found, "base", "other") == {"one": "farther", "two": "nearer"}
    (pair,) = found["pairs"]
    assert pair["choice"]
    assert "other is nearer to two than base" in pair["references"]["two"]["verdict"]
    assert "but farther from one: a choice, not a quality" in pair["references"]["two"]["verdict"]
    assert all(row["words_alone"] for row in pair["references"].values())
    assert found["tested"] == 2


def test_a_shift_of_the_mixture_is_told_from_quality():
    """The other arm has less of language one, but what it has is cleaner."""
    one, two = ONE.texts(1, 90), TWO.texts(2, 90)
    noisy = [words_shuffled([text], n)[0] if n % 2 else text for n, text in enumerate(one)]
    base = entrant("base", noisy + two[:30], ["one"] * 90 + ["two"] * 30)
    other = entrant("other", one[:40] + two, ["one"] * 40 + ["two"] * 90)
    found = judge([base, other], REFERENCES, 20_000, 5)
    row = found["pairs"][0]["references"]["one"]
    assert row["low"] > 0
    assert row["held_fixed"]["value"] < 0
    assert row["decision"] == "shift"
    assert "a shift of the mixture" in row["verdict"]
    assert set(found["mixture"]["arms"]) == {"base", "other"}


def test_arms_that_deduplicate_otherwise_get_no_verdict():
    texts = ONE.texts(1, 120)
    arms = [
        entrant("base", texts, dedup="exact"),
        entrant("fewer", texts[:100], dedup="exact"),
        entrant("no-dedup", texts + texts[:40]),
    ]
    found = judge(arms, REFERENCES, 20_000, 3)
    assert [(pair["left"], pair["right"]) for pair in found["pairs"]] == [("base", "fewer")]
    assert found["dedup"] == ["no-dedup"]
    repeated = {row["arm"]: row["repeated"] for row in found["duplicates"]}
    assert repeated["base"] == 0
    assert repeated["no-dedup"] == pytest.approx(40 / 160, abs=0.02)
    assert any(one.startswith("no-dedup deduplicates differently from the base.") for one in found["sentences"])
    assert "no-dedup" not in {row["arm"] for row in found["tables"][0]["rows"]}
    two = [*arms, entrant("no-dedup-either", texts[:90] + texts[:40])]
    pairs = judge(two, REFERENCES, 20_000, 3)["pairs"]
    without = {(pair["left"], pair["right"]) for pair in pairs if pair["why"]}
    assert without == {(a, b) for a in ("base", "fewer") for b in ("no-dedup", "no-dedup-either")}
    assert all(not pair["references"] for pair in pairs if pair["why"])


def test_no_verdicts_from_two_seeds():
    arms = [entrant("base", ONE.texts(1, 90)), entrant("other", TWO.texts(2, 90))]
    for seeds in (1, 2):
        found = judge(arms, REFERENCES, 20_000, seeds)
        assert decisions(found, "base", "other") == {"one": "none", "two": "none"}
        assert found["tested"] == 0
        assert any("fewer than 3 seeds" in one for one in found["sentences"])


def test_no_verdicts_where_shuffled_words_do_not_lose():
    rng = random.Random(5)
    digits = ["".join(rng.choice("0123456789") for _ in range(300)) for _ in range(10)]
    references = References({"one": REFERENCES.texts["one"], "digits": digits})
    arms = [entrant("base", ONE.texts(1, 90)), entrant("other", ONE.texts(2, 40) + TWO.texts(2, 50))]
    found = judge(arms, references, 20_000, 5)
    assert decisions(found, "base", "other") == {"one": "farther", "digits": "none"}
    assert [one["tells"] for one in found["references"]] == [True, False]
    assert any("no verdicts on digits" in one for one in found["sentences"])
    assert found["tested"] == 1


def test_abstention_says_how_small_a_difference_would_show():
    texts = ONE.texts(1, 160)
    found = judge([entrant("base", texts[:130]), entrant("other", texts[30:])], REFERENCES, 20_000, 5)
    row = found["pairs"][0]["references"]["one"]
    assert row["decision"] == "undecided"
    assert f"a difference under {(row['high'] - row['low']) / 2:.2g} bits a byte does not show" in row["verdict"]


@pytest.mark.parametrize(("sign", "where"), [(1, "farther from"), (-1, "nearer to")])
def test_an_undecided_pair_says_what_the_held_mixture_decides(sign, where):
    row = {"decision": "undecided", "value": 0.01 * sign, "low": -0.05, "high": 0.05, "held_fixed": None}
    pair = {"left": "base", "right": "arm", "references": {"docs": row}}
    alone = wording.verdict(pair, "docs", row, {"seeds": 5})
    assert alone == "undecided: with this much text a difference under 0.05 bits a byte does not show"
    row["held_fixed"] = {"value": 0.03 * sign, "low": 0.03 * sign - 0.05, "high": 0.03 * sign + 0.05}
    assert wording.verdict(pair, "docs", row, {"seeds": 5}) == alone
    row["held_fixed"] = {"value": 0.03 * sign, "low": 0.03 * sign - 0.01, "high": 0.03 * sign + 0.01}
    said = f"{alone}; with the mixture held fixed arm is {where} docs than base"
    assert wording.verdict(pair, "docs", row, {"seeds": 5}) == said


def test_the_order_of_documents_changes_nothing():
    texts = ONE.texts(1, 80)
    arms = [entrant("base", texts), entrant("other", texts[:60])]
    turned = [entrant("base", texts[::-1]), entrant("other", texts[:60][::-1])]
    assert judge(arms, REFERENCES, 15_000, 3) == judge(turned, REFERENCES, 15_000, 3)


def test_arms_that_keep_too_little_are_left_out():
    texts = ONE.texts(1, 100)
    arms = [entrant("base", texts), entrant("none", []), entrant("few", texts[:5]), entrant("half", texts[:50])]
    found = judge(arms, REFERENCES, 1_000_000, 3)
    assert {row["arm"]: row["why"][:7] for row in found["left_out"]} == {"none": "it keep", "few": "it keep"}
    assert found["limited_by"] == "half"
    assert found["bytes"] == arms[3].source.bytes // 2
    assert f"Samples are of {found['bytes']:,} bytes, half of what half has" in found["sentences"][2]
    limited = judge([arms[0], entrant("most", texts[:90])], REFERENCES, 1_000_000, 3)
    assert "half of what the control “random removal” has" in limited["sentences"][0]
    empty = judge([entrant("base", []), entrant("other", texts)], REFERENCES, 1000, 3)
    assert (empty["pairs"], empty["tables"], empty["tested"]) == ([], [], 0)
    assert "The base keeps too little text for a proxy." in empty["sentences"]


def test_an_arm_that_is_mostly_reference_gets_no_verdict():
    held_out = REFERENCES.texts["one"]
    texts = ONE.texts(1, 100)
    found = judge([entrant("base", texts), entrant("leaky", texts[:10] + held_out * 3)], REFERENCES, 20_000, 3)
    (pair,) = found["pairs"]
    assert "leaky gave" in pair["why"] and "overlaps the references" in pair["why"]
    assert found["tested"] == 0
