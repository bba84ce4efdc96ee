"""Sentences judged one by one: what goes, what is counted, and settings that build the same strategy again."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.contracts import SettingsError, settings_of
from filters.document import Document, Drop

CJK = {"quality/cjk": {"drop_from_cjk_chars": 5}}


def run(text: str, **options: object) -> Document | Drop:
    """What cleanup/sentences makes of a text."""
    return filters.make("cleanup/sentences", options).open()(Document("id", text))  # type: ignore[attr-defined, no-any-return]


def test_wrapped_lines_join_and_blocks_do_not() -> None:
    lines = [
        *("한 문장이 두 줄에", "   걸쳐 있다. 다음 문장이", "이어진다.", "* 첫째 항목은", "  두 줄이다", "* 둘째 항목"),
        *("> 인용이다", "# 제목", "본문이다.", "1. 하나", "| 표 | 줄 |", "끝"),
    ]
    result = run("\n".join(lines), wrapped=True, emit="sentences")
    assert isinstance(result, Document)
    assert result.text.split("\n") == [
        *("한 문장이 두 줄에 걸쳐 있다.", "다음 문장이 이어진다.", "첫째 항목은 두 줄이다", "둘째 항목"),
        *("인용이다", "# 제목", "본문이다.", "하나", "| 표 | 줄 |", "끝"),
    ]


def test_rejected_sentences_go_and_the_layout_stays() -> None:
    text = "첫 문장이다. 日本語の文章。 셋째다.\n中國語中國語.\n\n마지막이다. 中國中國中國\n"
    document = run(text, judges=[CJK])
    assert isinstance(document, Document)
    assert document.text == "첫 문장이다. 셋째다.\n마지막이다.\n"
    assert document.edits == {"cjk_chars": 7 + 7 + 6}
    assert document.notes["sentences_dropped"] == 3
    assert not document.row_per_line


def test_one_row_a_sentence() -> None:
    document = run("하나다. 둘이다.\n中國語中國語. 셋이다", judges=[CJK], emit="sentences")
    assert isinstance(document, Document)
    assert document.text.split("\n") == ["하나다.", "둘이다.", "셋이다"]
    assert document.notes == {"sentences_dropped": 1}
    assert document.row_per_line


@pytest.mark.parametrize("text", ["中國語中國語", "中國語中國語. 日本語日本語日本。"])
def test_a_document_of_which_nothing_is_left_is_one_drop(text: str) -> None:
    drop = run(text, judges=[CJK])
    assert isinstance(drop, Drop)
    # the value and the limit of the first sentence rejected
    assert (drop.rule, drop.threshold) == ("cjk_chars", 5)
    assert drop.value == 6


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_document_without_sentences_is_dropped(text: str) -> None:
    drop = run(text)
    assert isinstance(drop, Drop)
    assert drop.rule == "no_sentences"


def test_rules_of_two_judges_with_one_name_stay_apart() -> None:
    judges = [{"quality/cjk": {"drop_from_cjk_chars": limit}} for limit in (9, 3)]
    document = run("하나다. 中國語. 둘이다. 中國語中國語中國.", judges=judges)
    assert isinstance(document, Document)
    assert document.edits == {"quality/cjk.cjk_chars": 4 + 9}


def test_wrapped_lines_are_joined_before_splitting() -> None:
    text = "이 문장은 줄이\n바뀌어도 하나다. 둘째\n문장이다.\n\n새 문단이다."
    document = run(text, wrapped=True, emit="sentences")
    assert isinstance(document, Document)
    assert document.text.split("\n") == ["이 문장은 줄이 바뀌어도 하나다.", "둘째 문장이다.", "새 문단이다."]
    kept = run(text, wrapped=True)
    assert isinstance(kept, Document) and kept.text == text


def test_a_share_in_dropped_is_a_share() -> None:
    drop = run("print(x)\nreturn y", judges=["quality/hangul"])
    assert isinstance(drop, Drop)
    assert (drop.rule, drop.value, drop.threshold) == ("hangul_share", 0, 0.25)


def test_sentences_in_code_go_where_the_setting_says_so() -> None:
    text = "다음을 실행한다.\n\nfor x in range(3):\n    # 값을 출력한다.\n    print(x)\n\n이것이 전부이다."
    document = run(text, code="drop", emit="sentences")
    assert isinstance(document, Document)
    assert document.text.split("\n") == ["다음을 실행한다.", "이것이 전부이다."]
    assert set(document.edits) == {"code_block"}
    kept = run(text, emit="sentences")
    assert isinstance(kept, Document) and "# 값을 출력한다." in kept.text
    drop = run("```\nx = 1\n```", code="drop")
    assert isinstance(drop, Drop) and drop.rule == "code_block"


def test_settings_round_trip() -> None:
    strategy = filters.make("cleanup/sentences", {"judges": ["quality/cjk", CJK], "emit": "sentences"})
    plain = settings_of(strategy)
    assert plain["judges"][0] == {"quality/cjk": {"drop_from_cjk_chars": 20, "unit": "sentence"}}
    again = filters.make("cleanup/sentences", plain)
    assert again == strategy and hash(again) == hash(strategy)
    assert pickle.loads(pickle.dumps(strategy)) == strategy
    assert settings_of(again) == plain
    built = filters.make("cleanup/sentences", {"judges": [filters.make("quality/cjk")]})
    assert settings_of(built)["judges"] == [plain["judges"][0]]


@pytest.mark.parametrize(
    ("judges", "message"),
    [
        ([{"quality/cjkk": {}}], "did you mean quality/cjk"),
        ([{"quality/cjk": {"unti": "line"}}], "did you mean unit"),
        ([{"cleanup/klue": {}}], "not a per-document judge"),
        ([{"quality/cjk": {}, "quality/length": {}}], "a map from one name"),
        ({"quality/cjk": 5}, "quality/cjk: settings must be a map, got 5"),
        ({"quality/cjk": False}, "quality/cjk: settings must be a map, got False"),
        ({"quality/cjk": {1: 5}}, "quality/cjk: the name of a setting must be text, got 1"),
        ("filters.contracts.Judge", "not a complete strategy"),
        (3, "expected a list"),
    ],
)
def test_wrong_judges_are_named(judges: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        filters.make("cleanup/sentences", {"judges": judges})


def test_kiwi_splits_where_no_punctuation_stands() -> None:
    pytest.importorskip("kiwipiepy")
    document = run("안녕하세요 반갑습니다 저는 학생이에요. 네\n줄이다", splitter="kiwi", emit="sentences")
    assert isinstance(document, Document)
    assert document.text.split("\n")[-2:] == ["네", "줄이다"]
    assert len(document.text.split("\n")) >= 4


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["가나다.", "中國語中國語.", " ", "\n", "\n\n", "끝!", "“말. 말.”", "\t"]), max_size=12
    ).map("".join)
)
def test_judging_twice_equals_judging_once(text: str) -> None:
    rewrite = filters.make("cleanup/sentences", {"judges": [CJK]}).open()  # type: ignore[attr-defined]
    once = rewrite(Document("id", text))
    if isinstance(once, Document):
        twice = rewrite(once)
        assert isinstance(twice, Document)
        assert twice.text == once.text
        assert "中" not in once.text


def test_rows_hold_no_bullets_and_no_numbers_of_items_and_notes() -> None:
    marked = ["1. 첫째이다.", "• 2) 둘째이다.", "[4] 주석이다.", "(3) 셋째이다.", "가. 항목이다.", "12. An item."]
    bare = ["첫째이다.", "둘째이다.", "주석이다.", "셋째이다.", "항목이다.", "An item."]
    own = ["3. 4. 행사가 열렸다.", "1.5배가 되었다.", "2026년이다.", "(참고) 그렇다.", "[1]은 배열이다.", "-5도이다."]
    result = run("\n".join(marked + own), emit="sentences")
    assert isinstance(result, Document)
    assert result.text.split("\n") == bare + own
    assert run("\n".join(marked)) == Document("id", "\n".join(marked)).note(sentences_dropped=0)
