"""Nineteen Han or Kana characters stay, twenty go, in whatever unit they are counted."""

import unicodedata

import pytest
import regex

import filters
from filters.document import Document, Drop
from filters.rules import decide


def judged(text: str, **options: object) -> tuple[float, Drop | None]:
    """The signal and the decision."""
    judge = filters.make("quality/cjk", options)
    scores = judge.open()(Document("id", text))  # type: ignore[attr-defined]
    return scores.signals["cjk_chars"], decide(judge.rules(), scores.signals, {})  # type: ignore[attr-defined]


@pytest.mark.parametrize("character", ["漢", "あ", "カ", "ｶ", "𠀀", "豈"])
@pytest.mark.parametrize("unit", ["sentence", "line", "document"])
def test_nineteen_stay_and_twenty_go(character: str, unit: str) -> None:
    assert judged("한국어 " + character * 19 + " 문장이다.", unit=unit) == (19, None)
    signal, drop = judged("한국어 " + character * 20 + " 문장이다.", unit=unit)
    assert signal == 20
    assert drop == Drop("cjk_chars", 20, 20)
    assert judged(character * 21, unit=unit)[1] is not None


@pytest.mark.parametrize(
    "text", ["", "   ", "대한민국", "ㅋㅋㅋ ㅏㅏ", "。、「」・ー" * 10, "abc 123", "\u1100\u1161" * 30, "\ud800"]
)
def test_hangul_and_punctuation_do_not_count(text: str) -> None:
    assert judged(text) == (0, None)


def test_units_count_apart() -> None:
    text = "漢字" * 8 + "가 있다. " + "漢字" * 8 + "가 또 있다.\n" + "漢字" * 3 + "도 있다."
    assert judged(text, unit="sentence")[0] == 16
    assert judged(text, unit="line")[0] == 32
    assert judged(text, unit="document")[0] == 38


def test_the_threshold_is_a_setting_and_scores_do_not_depend_on_it() -> None:
    assert judged("漢" * 50, drop_from_cjk_chars=None) == (50, None)
    assert judged("漢" * 10, drop_from_cjk_chars=10)[1] is not None
    assert judged("漢" * 9, drop_from_cjk_chars=10)[1] is None
    a, b = (filters.make("quality/cjk", {"drop_from_cjk_chars": n}) for n in (10, 20))
    assert a.scoring_key() == b.scoring_key()  # type: ignore[attr-defined]


def test_what_counts_are_the_letters_of_three_scripts() -> None:
    # marks and signs of these scripts (voicing, radicals, squared words) are no letters; U+3006 is the sign of a seal
    letter = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}&&[\p{L}\u3007]--[\u3006]]", regex.V1)
    every = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    assert [c for c in every if judged(c, unit="document")[0]] == [c for c in every if letter.match(c)]
