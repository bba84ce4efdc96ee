"""Characters as they should be, and nothing beyond."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.contracts import SettingsError
from filters.document import Document
from tests.linear import grows_linearly, repeated


def normalized(text: str, **options: object) -> Document:
    """The document that cleanup/unicode makes of a text."""
    result = filters.make("cleanup/unicode", options).open()(Document("id", text))  # type: ignore[attr-defined]
    assert isinstance(result, Document)
    return result


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        (unicodedata.normalize("NFD", "대한민국"), "대한민국", {"nfc": 7}),
        ("ì•ˆë…•í•˜ì„¸ìš”", "안녕하세요", {"mojibake": 10}),
        ("Itâ€™s fine", "It’s fine", {"mojibake": 2}),
        ("ＡＢＣ１２３", "ABC123", {"width": 6}),
        ("ﾊﾝｶﾞｸ", "ハンガク", {"width": 5, "nfc": 1}),
        ("ﾡﾢ", "ㄱㄲ", {"width": 2}),
        ("ㅋㅋㅋㅋㅋ", "ㅋㅋ", {"emoticons": 3}),
        ("슬퍼ㅠㅠㅠㅠㅠㅠ", "슬퍼ㅠㅠ", {"emoticons": 4}),
        ("앜ㅋㅋㅋ", "앜ㅋㅋ", {"emoticons": 1}),
        ("와아아아아아!!!!!", "와아아아!!!", {"repeats": 4}),
        ("글쎄......", "글쎄...", {"repeats": 3}),
        ("最高ーーーーー", "最高ーーー", {"repeats": 2}),
        ("하하하하하", "하하하", {"repeats": 2}),
        ("♥♥♥♥♥♥", "♥♥♥", {"repeats": 3}),
        ("★" * 11, "★★★", {"repeats": 8}),
        ("보이지\u200b않는\n\ufeff\n\u3164\n\u00ad끝", "보이지않는\n\n\n끝", {"invisible": 4}),
        ("점자\u2800빈칸", "점자 빈칸", {"invisible": 1}),
        ("줄\r\n바꿈\x07", "줄\n바꿈", {"repaired": 2}),
    ],
)
def test_changed(before: str, after: str, edits: dict[str, int]) -> None:
    document = normalized(before)
    assert document.text == after
    assert document.edits == edits


@pytest.mark.parametrize("setting", ["max_emoticon", "max_repeats"])
def test_a_run_longer_than_the_kernel_can_count_is_no_setting(setting: str) -> None:
    assert normalized("ㅋㅋㅋㅋ 아아아아", max_emoticon=1_000_000, max_repeats=1_000_000).edits == {}
    with pytest.raises(SettingsError, match=f"{setting}: .*less than or equal to 1000000, got 99999999999999999999"):
        filters.make("cleanup/unicode", {setting: 99999999999999999999})


@pytest.mark.parametrize(
    "text",
    [
        "대한민국(大韓民國)은 민주공화국이다.",
        "ㅋㅋ ㅠㅠ ㅎㅎ",
        "1000000원, 0.00001",
        "soooo long, www.example.com, ffff:0000",
        "---------- ========== ##### *****",
        "`ㅋㅋㅋㅋ` 그대로",
        "```\n와아아아아!!!!!\n```",
        "à « bon » größ“ Ä”",
        "，。「」：！",
        "café naïve Ångström",
        "한글 ABC 日本 😀👍🏽",
        "아아아 그래요...",
        "또또또또와 친구들",
        "평점: ★★★★☆ (4/5), 별점 ★★★★★",
        "평점: ♥♥♥♥♡",
        "ស្រី\u200bខ្មែរ",
    ],
)
def test_unchanged(text: str) -> None:
    document = normalized(text)
    assert document.text == text
    assert not document.edits


LONG = "대한민국은 민주공화국이다. 모든 권력은 국민으로부터 나온다. " * 400


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        (LONG.encode().decode("latin-1"), LONG),
        (("안녕 ".encode().decode("cp1252") + "그렇다. ") * 4000, "안녕 그렇다. " * 4000),
    ],
)
def test_mojibake_of_a_long_line_is_repaired_whole(broken: str, whole: str) -> None:
    assert normalized(broken, max_repeats=None).text == whole


def test_settings_switch_parts_off() -> None:
    assert normalized("ㅋㅋㅋㅋ", max_emoticon=None).text == "ㅋㅋㅋㅋ"
    assert normalized("ㅋㅋㅋㅋ", max_emoticon=1).text == "ㅋ"
    assert normalized("와아아아아", max_repeats=None).text == "와아아아아"
    assert normalized("와아아", max_repeats=1).text == "와아"
    assert normalized("Ａ，", width="off").text == "Ａ，"
    assert normalized("Ａ，　", width="all").text == "A, "
    assert normalized("\uff5f가\uff60", width="all").text == "\u2985가\u2986"
    assert normalized("Itâ€™s", mojibake=False).text == "Itâ€™s"
    decomposed = unicodedata.normalize("NFD", "가")
    assert normalized(decomposed, form="off").text == decomposed


@settings(max_examples=100, deadline=None)
@given(st.text() | st.text(st.sampled_from("ㅋㅠㅏ가아!.?~ Ａａﾊﾞﾊâ€™Ã©ë…\u0301\u1100\u1161\u11a8\ud83d`\n")))
def test_twice_equals_once_and_is_nfc(text: str) -> None:
    clean = filters.make("cleanup/unicode").open()  # type: ignore[attr-defined]
    once = clean(Document("id", text))
    assert clean(once).text == once.text
    assert unicodedata.is_normalized("NFC", once.text)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), max_size=40))
def test_syllables_are_never_taken_apart(text: str) -> None:
    assert set(normalized(text).text) <= set(text)


@pytest.mark.parametrize(
    "unit", ["ㅋ", "아!", "a\u0301\u0323", "\u0301\u0323", "Ã©", "ﾊﾞ", "ㅋㅋㅋㅋ`a` ", "`x`!!!!\n", "가" * 50 + "ㅋㅋㅋ"]
)
def test_cost_is_linear(unit: str) -> None:
    clean = filters.make("cleanup/unicode").open()  # type: ignore[attr-defined]
    assert grows_linearly(clean, lambda size: Document("id", repeated(unit)(size)), 30_000)
