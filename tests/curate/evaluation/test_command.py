"""Requests of `curate evaluate` that are wrong."""

import pytest

from curate.evaluation.command import EvaluationError, Request, evaluate


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("quality/length: 5", "the settings of quality/length must be a map, got 5"),
        ("filters.contracts.Judge", "no finished strategy"),
        ("quality/length: {min_wrods: 5}", "did you mean min_words"),
    ],
)
def test_wrong_strategies_are_named(tmp_path, strategy, said):
    (tmp_path / "data.jsonl").write_text('{"text": "a", "label": 1}\n')
    with pytest.raises(EvaluationError, match=said):
        evaluate(Request("quality", (str(tmp_path / "data.jsonl"),), (strategy,)))
