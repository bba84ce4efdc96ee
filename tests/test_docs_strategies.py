"""The examples of docs/strategies.md are strategies that a recipe can use."""

import re
import sys
import types

import pytest

from curate.recipe import parse
from filters.chain import OpenStep, apply
from filters.document import Document
from tests.test_house import ROOT

EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def module(monkeypatch):
    made = types.ModuleType("mystrategies")
    monkeypatch.setitem(sys.modules, "mystrategies", made)
    for example in EXAMPLES:
        exec(compile(example, "docs/strategies.md", "exec"), made.__dict__)


def test_the_judge_drops_and_the_corpus_judge_gives_keys():
    recipe = parse(
        {"name": "mine", "stages": [{"mystrategies.Exclaims": {"most": 0.01}}, "mystrategies.FirstWord"]}, "m"
    )
    _, judge, corpus = (OpenStep(step) for step in recipe.steps)
    assert apply(judge, Document("1", "Buy now!!!")).drop.rule == "exclamation_share"
    assert apply(judge, Document("1", "A calm text.")).drop is None
    keys = [apply(corpus, Document("1", text)).keys[0].tolist() for text in ("a b", "a c", "b a", " ")]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == []
