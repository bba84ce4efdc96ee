"""The golden file, idempotence, and that clean prose stays as it is."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.cleanup.klue import RULES
from filters.document import Document, Drop, RawPage
from filters.text.patterns import Gate
from filters.text.unicode import repair
from tests.linear import grows_linearly, repeated

GOLDEN = yaml.safe_load((Path(__file__).parent / "golden_klue.yaml").read_text("utf-8"))
CHANGED = [(rule, before, after) for rule, pairs in GOLDEN["changed"].items() for before, after in pairs]
UNCHANGED = [text for texts in GOLDEN["unchanged"].values() for text in texts]


def cleaner(**options: object) -> Callable[[str], Document]:
    """The strategy as a function of a text."""
    clean = filters.make("cleanup/klue", options).open()  # type: ignore[attr-defined]

    def cleaned(text: str) -> Document:
        result = clean(Document("id", text))
        assert not isinstance(result, Drop)
        return result

    return cleaned


CLEAN = cleaner()


def test_the_golden_file_is_large_enough() -> None:
    assert len(CHANGED) + len(UNCHANGED) >= 150
    assert len(UNCHANGED) >= 60
    assert {rule for rule, _, _ in CHANGED} == {*RULES, "together"}


@pytest.mark.parametrize(("rule", "before", "after"), CHANGED)
def test_changed(rule: str, before: str, after: str) -> None:
    document = CLEAN(before)
    assert document.text == after
    assert rule == "together" or rule in document.edits
    assert CLEAN(after).text == after


def test_tags_in_text_taken_out_of_html_are_text() -> None:
    text = "첫 줄은 이렇게 쓴다.<br><b>굵은 글씨</b> &amp;lt; #태그"
    page, row = RawPage("id", media_type="text/html"), RawPage("id", media_type="text/plain")

    def cleaned(page: RawPage, **options: object) -> str:
        clean = filters.make("cleanup/klue", options).open()  # type: ignore[attr-defined]
        return clean(page.document(text).of_page(page)).text

    assert cleaned(page) == cleaned(row, html=False) == "첫 줄은 이렇게 쓴다.<br><b>굵은 글씨</b> <"
    assert cleaned(row) == cleaned(page, html=True) == CLEAN(text).text == "첫 줄은 이렇게 쓴다.\n굵은 글씨 <"
    assert [filters.make("cleanup/klue", {"html": html}).reads_page for html in ("rows", True, False)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("text", UNCHANGED)
def test_unchanged(text: str) -> None:
    document = CLEAN(text)
    assert document.text == text
    assert not document.edits


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_switched_off_changes_nothing_and_alone_does_its_part(rule: str) -> None:
    off = cleaner(**{rule: False})
    alone = cleaner(**{name: name == rule for name in RULES})
    for meant, before, after in CHANGED:
        assert rule not in off(before).edits or rule == "invisible"  # controls are repaired in any case
        if meant == rule and rule not in ("html", "entities", "copyright"):
            assert alone(before).text.split() == after.split()


def test_every_removed_character_is_counted() -> None:
    for _, before, after in CHANGED:
        assert sum(CLEAN(before).edits.values()) >= len(before) - len(after)


PIECES = [
    *(before for _, before, _ in CHANGED),
    *UNCHANGED,
    *"()[]{}<>（）「」#＃@&;=/|.!?ⓒ©\"'`~",
    *(" ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u200b", "\u200d"),
    *(
        "기자",
        "홍길동",
        "사진=",
        "무단",
        "전재",
        "금지",
        "저작권자",
        "뉴스",
        "다.",
        "<b>",
        "</b>",
        "<br>",
        "<p",
        "&amp;",
        "lt;",
        "#",
    ),
    *("a@b.co", "서울=", "[", "가", "Copyright", "2020", "All rights reserved", "```", "<!--", "-->", "\ud800"),
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_cleaning_twice_equals_cleaning_once(text: str) -> None:
    once = CLEAN(text).text
    assert CLEAN(once).text == once
    assert len(once) <= len(text)


@pytest.mark.parametrize(
    "text", ["<p\u00a0\n>본문", "본문 <br\u00a0\n/> 끝", '<div\u3000\nclass="a">글', "</p\u2003>글"]
)
def test_blanks_of_every_kind_within_tags(text: str) -> None:
    once = CLEAN(text).text
    assert "<" not in once
    assert CLEAN(once).text == once


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "[photo by홍길동]", "(photo byte order)"]), max_size=12).map("".join))
def test_no_rule_finds_anything_where_the_gate_is_silent(text: str) -> None:
    text = repair(text)
    due = Gate({name: sign for name, (sign, _) in RULES.items()})(text)
    for name, (_, rule) in RULES.items():
        if name not in due:
            assert rule(text) == (text, 0), name


def test_a_list_of_notices_in_one_line_goes_at_once() -> None:
    assert CLEAN("본문이다.\n" + "무단전재 및 재배포 금지 " * 200).text == "본문이다."


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    once = CLEAN(text).text
    assert CLEAN(once).text == once
    once.encode()


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)))
def test_hangul_syllables_stay(text: str) -> None:
    words = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    assert unicodedata.normalize("NFC", CLEAN(words).text) == CLEAN(words).text


UNITS = [
    *(
        "(",
        "()",
        "(()",
        "<",
        "<b",
        "<b>",
        "&amp;",
        "& ",
        "#",
        "#가",
        "＃a ",
        "ⓒ",
        "ⓒ 가",
        "「",
        "\u200b",
        " ",
        "\u3000",
    ),
    *(
        "기자 ",
        "홍길동 기자",
        "a@",
        "a@b.c ",
        "[서울=",
        "사진=",
        "무단 전재 ",
        "`",
        "```\n",
        "<!--",
        "All rights reserved ",
    ),
    *("<p>, ", "가 <p>를 ", "<b>를 <b>가", "<script>, </script", "<script>, <style>, </script>", "<script>를 "),
    *("사진=가 ", ". a@b.co", "(사진=가) ", "다. 홍길동 기자 ", "[서울=뉴시스] "),
]


@pytest.mark.parametrize("unit", UNITS)
def test_cost_is_linear(unit: str) -> None:
    assert grows_linearly(CLEAN, repeated(unit), 20_000)


def test_nested_brackets_go_at_once() -> None:
    assert CLEAN("가" + "「" * 5000 + "」" * 5000 + "나").text == "가나"
