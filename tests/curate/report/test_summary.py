"""The three sentences say what the figures support, and no more."""

import pytest

from curate.report.summary import summary


def _rule(name, in_sequence, only, without=None):
    gain = None if without is None else {"documents": without, "bytes": 10 * without}
    counts = {"in_sequence": {"documents": in_sequence}, "only": {"documents": only}, "without": gain}
    return {"stage": "s", "rule": name, **counts}


def _arm(name, difference=0.0, low=0.0, high=0.0, jaccard=1.0):
    return {
        "name": name,
        "kept": {"documents": 60, "bytes": 1000},
        "difference": {"documents": difference, "documents_interval": [low, high]},
        "pair": {"jaccard": jaccard},
    }


def _report(*arms, rules=(), stages=(), proxy=None, gold=()):
    base = {"name": "base", "kept": {"documents": 60, "bytes": 1234}}
    return {
        "pages": 100, "arms": [base, *arms], "attribution": {"rules": list(rules), "stages": list(stages)},
        "proxy": proxy, "gold": list(gold),
    }  # fmt: skip


def _pair(arm, left="base", **decisions):
    """A pair of arms with a decision for each reference; an asterisk marks one that the held mixture confirms."""
    rows = {
        name: {
            "decision": decision.rstrip("*?"),
            "held_fixed": None if decision.endswith("?") else {"value": 0.0},
            "held_fixed_decides": decision.endswith("*"),
        }
        for name, decision in decisions.items()
    }
    return {"left": left, "right": arm, "references": rows}


def _proxy(*pairs):
    return {"tested": len(pairs), "pairs": list(pairs)}


def test_the_base():
    first = summary(_report(rules=[_rule("a", 3, 1), _rule("b", 7, 2)]))[0]
    assert "60 of 100 records (60.0 %, 1,234 bytes of text)" in first
    assert "s:b with 7 documents" in first
    assert "no rule removes anything" in summary(_report(rules=[_rule("a", 0, 0)]))[0]
    assert "no other arm" in summary(_report())[1]


def test_the_headline_is_the_largest_effect_of_leaving_something_out():
    rules = [_rule("a", 9, 1, 2), _rule("b", 7, 6, 6)]
    first = summary(_report(rules=rules))[0]
    assert "the rule with the largest effect is s:b: without it 6 more would be kept (6.0 % of what was read" in first
    stages = [{"stage": name, "without": {"documents": n, "bytes": n}} for name, n in (("s", 8), ("t", 3))]
    first = summary(_report(rules=[*rules, _rule("c", 1, 1)], stages=stages))[0]  # not known of every rule
    assert "the stage with the largest effect is s: without it 8 more" in first
    unknown = [{"stage": "s", "without": None}]
    assert "removes most is s:a" in summary(_report(rules=[_rule("a", 9, 1), _rule("b", 7, 6)], stages=unknown))[0]
    assert "removes most is s:a" in summary(_report(rules=[_rule("a", 9, 0, 0), _rule("b", 7, 0, 0)]))[0]


def test_differences_within_their_intervals_are_none():
    second = summary(_report(_arm("x", 0.02, -0.01, 0.05), _arm("y")))[1]
    assert second.startswith("None of the 2 other arms")
    assert summary(_report(_arm("x")))[1].startswith("“x” does not keep a share")


@pytest.mark.parametrize(("sign", "word"), [(1, "more"), (-1, "less")])
def test_the_largest_sure_difference_is_named(sign, word):
    bounds = sorted((sign * 0.04, sign * 0.06))
    arms = [_arm("wide", 0.3, -0.1, 0.7), _arm("sure", sign * 0.05, *bounds, 0.8), _arm("small", 0.01, 0.005, 0.02)]
    second = summary(_report(*arms))[1]
    assert "2 of 3 other arms keep a share" in second
    assert f"“sure”, which keeps 5.0 percentage points {word}" in second
    assert "95 % interval 4.0 to 6.0; Jaccard of the kept documents 0.80" in second


def test_the_proxy_speaks_of_references_and_only_beyond_its_intervals():
    nothing = summary(_report(_arm("a"), proxy=_proxy(_pair("a", docs="undecided"))))[2]
    assert "cannot tell any arm from the base" in nothing
    pairs = [
        _pair("a", docs="nearer*", news="farther*"),
        _pair("b", docs="farther*", news="none"),
        _pair("c", "a", docs="nearer*"),
    ]
    found = summary(_report(_arm("a"), proxy=_proxy(*pairs)))[2]
    assert "a weak signal" in found
    assert "“a” nearer to docs than the base; “a” farther from news than the base; “b” farther from docs" in found
    assert "(3 comparisons with the base; if none differed, about 0.15 would come out by chance)" in found
    assert "better" not in found
    assert "“c”" not in found


def test_what_the_mixture_explains_is_not_named():
    found = summary(_report(_arm("a"), proxy=_proxy(_pair("a", docs="shift", news="nearer"))))[2]
    assert "“a” nearer" not in found
    assert "; 2 differ only when the mixture is not held fixed (" in found
    found = summary(_report(_arm("a"), proxy=_proxy(_pair("a", docs="shift", news="farther?", wiki="nearer*"))))[2]
    assert "1 more differs only when the mixture is not held fixed; 1 more differs where the mixture could not" in found


def test_nothing_is_said_of_a_base_that_was_compared_with_no_arm():
    found = summary(_report(_arm("a"), proxy=_proxy(_pair("a"), _pair("b", "a", docs="nearer*"))))[2]
    assert "proxy" not in found
    assert "they do not say which text a model learns more from" in found


def test_without_verdicts_labelled_data_or_nothing_is_named():
    silent = {"tested": 0, "pairs": []}
    assert "labelled data" in summary(_report(_arm("a"), proxy=silent, gold=[{"stage": "pii"}]))[2]
    assert "labelled data" in summary(_report(_arm("a"), gold=[{"stage": "pii"}]))[2]
    assert "do not say which text a model learns more from" in summary(_report(_arm("a")))[2]
