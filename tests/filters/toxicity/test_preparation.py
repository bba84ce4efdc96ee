"""How text is made ready for a classifier."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.toxicity.preparation import PREPARATIONS, jamo, line, lower, sentences
from tests.linear import grows_linearly, repeated


def test_line_changes_white_space_only() -> None:
    assert line(" Ａ b\n\tＣ\u3000각\u2028d\x0be\x85f ") == "Ａ b Ｃ 각 d e f"


def test_lower_is_nfkc_and_lower_case() -> None:
    assert lower("ＦＵＣＫ  Ⓒ ﬁ ㎏ İ") == unicodedata.normalize("NFKC", "fuck c fi kg i̇")
    assert lower("\u1112\u1161\u11ab") == "한"


def test_jamo_takes_syllables_apart() -> None:
    assert jamo("한글A 가") == "\u1112\u1161\u11ab\u1100\u1173\u11afa \u1100\u1161"
    assert jamo("no Hangul") == "no hangul"
    assert jamo("") == ""


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_jamo_is_the_decomposition_of_hangul_and_total(text: str) -> None:
    prepared = jamo(text)
    expected = "".join(unicodedata.normalize("NFD", c) if "가" <= c <= "힣" else c for c in lower(text))
    assert prepared == expected
    for prepare in PREPARATIONS.values():
        once = prepare(text)
        assert "\n" not in once
        assert once == " ".join(once.split(" "))
        once.encode()


def test_sentences() -> None:
    assert sentences("One. Two!\nthree\n\n넷입니다. 다섯? これは。そう！」はい 3.14 e.g") == [
        "One.", "Two!", "three", "넷입니다.", "다섯?", "これは。", "そう！」", "はい 3.14 e.g",
    ]  # fmt: skip
    assert sentences(" \n ") == []


@pytest.mark.parametrize("unit", ["a", ".", "。", "\u0300", " ", "각", "a. "])
def test_cost_is_linear(unit: str) -> None:
    assert grows_linearly(lambda text: (jamo(text), sentences(text)), repeated(unit), 100_000)
