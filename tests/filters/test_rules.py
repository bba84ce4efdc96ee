"""Rules at, below and above their bounds, for one value and for columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.document import Fault
from filters.rules import Rule, decide, failing

_BOUND = st.one_of(st.none(), st.floats(-5, 5, allow_nan=False))


@pytest.mark.parametrize(
    ("rule", "keeps", "drops"),
    [
        (Rule("r", "s", at_least=2), [2, 3], [1.999]),
        (Rule("r", "s", at_most=2), [2, 1], [2.001]),
        (Rule("r", "s", above=2), [2.001], [2, 1]),
        (Rule("r", "s", below=2), [1.999], [2, 3]),
        (Rule("r", "s", at_most=0), [0, -1], [0.001]),
        (Rule("r", "s"), [-9, 9], []),
        (Rule("r", "s", at_least=1), [float("nan")], []),
        (Rule("r", "s", at_most=1), [], [float("inf")]),
        (Rule("r", "s", one_of=("ko", "en")), ["ko"], ["de", ""]),
    ],
)
def test_bounds(rule, keeps, drops):
    assert [rule.fails(value) for value in keeps] == [False] * len(keeps)
    assert [rule.fails(value) for value in drops] == [True] * len(drops)


@settings(max_examples=100, deadline=None)
@given(_BOUND, _BOUND, _BOUND, _BOUND, st.lists(st.one_of(st.floats(-6, 6), st.just(float("nan"))), min_size=1))
def test_a_column_is_decided_as_its_values_are(at_least, at_most, above, below, values):
    rule = Rule("r", "s", at_least, at_most, above, below)
    assert rule.fails_column(np.array(values)).tolist() == [rule.fails(value) for value in values]


def test_the_threshold_told_is_the_one_broken():
    rule = Rule("r", "s", at_least=2, at_most=8)
    assert rule.threshold(1) == 2
    assert rule.threshold(9) == 8


def test_a_missing_signal_is_a_fault_and_one_without_meaning_passes():
    rule = Rule("a", "x", at_least=1)
    assert failing([rule], {"x": float("nan")}, {}) == ()
    with pytest.raises(Fault, match="signal_missing: the rule a needs x; the judge gives y"):
        failing([rule], {"y": 1.0}, {})


def test_the_first_failure_names_the_drop():
    rules = (Rule("a", "x", at_least=1), Rule("b", "y", at_most=1), Rule("c", "language", one_of=("ko",)))
    drop = decide(rules, {"x": 0, "y": 2}, {"language": "de"})
    assert drop is not None
    assert drop.rule == "a"
    assert [(f.rule, f.value, f.threshold) for f in drop.also_failed] == [("b", 2, 1), ("c", "de", "ko")]
