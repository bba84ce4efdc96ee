"""The filters of fineweb2-ko on Kiwi's words answer as datatrove's, on texts of this project's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fineweb2 import REASONS
from curate import recipe
from filters import SettingsError, make
from filters.document import Document
from filters.rules import failing
from tests.linear import grows_linearly, repeated

pytest.importorskip("kiwipiepy")

# What datatrove 0.10.1 answers with kiwipiepy 0.24.1 (benchmarks/fineweb2.py has its filters)
FILE = Path(__file__).with_name("fineweb2_ko_cases.jsonl")
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", REASONS)
def test_reasons_of_datatrove(name: str) -> None:
    (step,) = (step for step in recipe.load("fineweb2-ko").steps if step.name == name)
    judge: Any = step.strategy
    score, rules = judge.open(), judge.rules("ko")
    for case in CASES:
        signals = score(Document("", case["text"], notes={"language": "ko"})).signals
        failed = [REASONS[name][rule.rule] for rule in failing(rules, signals, {})]
        expected = case[name]
        assert bool(failed) == bool(expected), (case["case"], failed)
        assert expected in (None, "empty", *failed), (case["case"], failed)


def words(text: str) -> list[str]:
    from filters.text.kiwi_words import kiwi_words

    found, raw = kiwi_words(text), text.encode()
    assert (found.characters > 0).all()
    return [raw[start:end].decode() for start, end in zip(found.start, found.end, strict=True)]


def test_words_are_the_pieces_that_morphemes_stand_for() -> None:
    expected = ["갯벌", "에서", "물때", "를", "보", "았", "다", ".", "😀", "공부", "를", "했", "했", "다", "."]
    assert words("갯벌에서 물때를 보았다. 😀 공부를 했다.") == expected
    assert words("") == words(" \n\t ") == []


def test_words_of_odd_texts() -> None:
    from filters.text.kiwi_words import kiwi_words

    assert len(kiwi_words("물이 " + "7," * 30 + " 찼다")) == len(kiwi_words("물이 찼다"))
    assert len(kiwi_words("물\ud800 e\u0301 \x00 \u1106\u116e")) > 0


def test_long_texts_are_cut_where_words_end() -> None:
    line = "갯벌에서 물때를 보았다.\n"
    for text in (line * 2000, line.replace("\n", " ") * 2000):
        assert words(text) == words(line) * 2000
    assert "".join(words("漢" * 12_345)) == "漢" * 12_345  # no place to cut


def test_cost_of_words_is_linear() -> None:
    from filters.text.kiwi_words import kiwi_words

    assert grows_linearly(kiwi_words, repeated("갯벌에서 물때를 먼저 본다. "), 8_000)


def test_settings() -> None:
    with pytest.raises(SettingsError, match="kiwi needs semantics: datatrove"):
        make("quality/gopher", {"words": "kiwi"})
    with pytest.raises(SettingsError, match="kiwi needs semantics: datatrove"):
        make("quality/gopher-repetition", {"words": "kiwi"})
    assert "kiwipiepy 0." in make("quality/fineweb", {"words": "kiwi"}).resources()["words"]
    assert make("quality/fineweb").resources() == {}
