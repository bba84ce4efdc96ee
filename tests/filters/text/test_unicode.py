"""Repaired text encodes, holds no controls, and normalises in linear time."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.unicode import MAX_MARKS, cap_marks, normalize_nfc, repair

ANY_TEXT = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\ud83d\ude00\udc00\x00\x7f\ufffe\uffff\r\n\f")
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("한글\t그대로\n", "한글\t그대로\n"),
        ("\ud83d\ude00", "😀"),
        ("가\ud83d나", "가\ufffd나"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("끝\ud83d", "끝\ufffd"),
        ("a\x00b\x07c\x1bd\x7fe", "abcde"),
        ("한\r\n줄\r또\f새", "한\n줄\n또\n새"),
        ("x\ufffey\uffffz", "xyz"),
        ("\ufffd \ufeff \u200b", "\ufffd \ufeff \u200b"),  # not this gate's business
    ],
)
def test_repair(before: str, after: str) -> None:
    assert repair(before) == after


def test_clean_text_is_returned_itself() -> None:
    text = "그대로 둔다. As it is.\n\t끝"
    assert repair(text) is text
    assert normalize_nfc(text) is text


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_repaired_text_encodes_and_repairing_twice_changes_nothing(text: str) -> None:
    repaired = repair(text)
    repaired.encode("utf-8", "strict")
    assert not set(map(ord, repaired)) & {*range(9), *range(11, 32), 0x7F, 0xFFFE, 0xFFFF}
    assert repair(repaired) == repaired


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_nfc_is_the_standard_one_and_stays(text: str) -> None:
    normal = normalize_nfc(text)
    assert normal == unicodedata.normalize("NFC", text)
    assert normalize_nfc(normal) == normal


def test_marks_that_become_two_are_capped_as_well() -> None:
    once = normalize_nfc("a" + "\u0344" * 30)
    assert normalize_nfc(once) == once


def test_jamo_become_syllables() -> None:
    assert normalize_nfc(unicodedata.normalize("NFD", "대한민국")) == "대한민국"


@pytest.mark.timeout(60)  # twelve minutes without the cap
def test_long_runs_of_marks_are_cut_and_cost_is_linear() -> None:
    pair = "\u0301\u0323"
    assert cap_marks("a" + pair * 15) == "a" + pair * 15
    assert cap_marks("a" + pair * 16 + "b") == "a" + pair * (MAX_MARKS // 2) + "b"
    assert len(normalize_nfc("a" + pair * 500_000)) <= MAX_MARKS + 1
