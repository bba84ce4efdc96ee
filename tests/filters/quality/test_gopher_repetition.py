"""quality/gopher-repetition: each of the 13 measures at its threshold, by hand."""

from math import inf, isnan
from typing import Any

import pytest

from filters import make
from filters.document import Document
from filters.quality.gopher_repetition import MEASURES
from filters.rules import failing


def measured(text: str, **settings: Any) -> dict[str, float]:
    return dict(make("quality/gopher-repetition", settings).open()(Document(id="1", text=text)).signals)  # type: ignore[attr-defined]


def failed(text: str, **settings: Any) -> set[str]:
    judge = make("quality/gopher-repetition", settings)
    scores = judge.open()(Document(id="1", text=text))  # type: ignore[attr-defined]
    return {rule.rule for rule in failing(judge.rules(""), scores.signals, {})}  # type: ignore[attr-defined]


def distinct(count: int, width: int = 4) -> list[str]:
    """Different words of one length."""
    return [f"w{n:0{width - 1}d}" for n in range(count)]


def test_duplicate_lines_by_hand() -> None:
    text = "one\n\n two \nthree\none\ntwo"
    dclm = measured(text)
    assert dclm["duplicate_lines"] == 4 / 5
    assert dclm["duplicate_line_characters"] == 12 / 17
    assert dclm["duplicate_paragraphs"] == 0
    datatrove = measured(text, semantics="datatrove")
    assert datatrove["duplicate_lines"] == 1 / 5  # " two " and "two" differ
    assert datatrove["duplicate_line_characters"] == 3 / len(text)


def test_duplicate_paragraphs_by_hand() -> None:
    text = "a b\nc\n\nd\n\n\na b\nc"
    assert measured(text)["duplicate_paragraphs"] == 2 / 3
    assert measured(text)["duplicate_paragraph_characters"] == 10 / 11
    assert measured(text, semantics="datatrove")["duplicate_paragraphs"] == 1 / 3
    assert measured(text, semantics="datatrove")["duplicate_paragraph_characters"] == 5 / len(text)


def test_top_ngrams_by_hand() -> None:
    # "a b" and "cc dd" occur twice each: DCLM takes the longer, datatrove the first
    text = "a b cc dd a b cc dd"
    assert measured(text)["top_2gram"] == 2 * 4 / 12
    assert measured(text, semantics="datatrove")["top_2gram"] == 2 * 3 / len(text)
    assert measured("a b c d")["top_2gram"] == 0
    assert measured("a b c d", semantics="datatrove")["top_2gram"] == 3 / 7
    assert measured("One, two! One - two.")["top_2gram"] == 1  # punctuation is left out


def test_duplicate_ngrams_by_hand() -> None:
    words = distinct(20)
    text = " ".join(words[:5] + words + words[:5])
    found = measured(text)
    assert found["duplicate_5grams"] == 15 / 30
    assert found["duplicate_6grams"] == 0
    assert measured(text, semantics="datatrove")["duplicate_5grams"] == 2 * 20 / len(text)


@pytest.mark.parametrize("semantics", ["dclm", "datatrove"])
def test_thresholds_are_exceeded_not_met(semantics: str) -> None:
    text = "one two three\nfour five six\nseven eight\none two three\n" * 2
    found = measured(text, semantics=semantics)
    for name in MEASURES:
        value = found[name]
        if isnan(value):
            assert name not in failed(text, semantics=semantics, **{name: 0})
            continue
        assert name not in failed(text, semantics=semantics, **{name: value})
        assert name not in failed(text, semantics=semantics, **{name: value * 1.001})
        if value > 0:
            assert name in failed(text, semantics=semantics, **{name: value * 0.999})
            assert name in failed(text, semantics=semantics, **{name: 0})
        assert name not in failed(text, semantics=semantics, **{name: None})


@pytest.mark.parametrize(
    ("name", "lines", "copies"),
    [("duplicate_lines", 10, 3), ("duplicate_line_characters", 10, 2), ("duplicate_paragraphs", 10, 3)],
)
def test_default_thresholds_at_and_above(name: str, lines: int, copies: int) -> None:
    separator = "\n\n" if "paragraph" in name else "\n"
    words = distinct(lines)
    at = [words[0]] * copies + words[copies:]
    above = [words[0]] * (copies + 1) + words[copies + 1 :]
    assert name not in failed(separator.join(at))
    assert name in failed(separator.join(above))


@pytest.mark.parametrize("n", range(2, 11))
def test_default_ngram_thresholds_at_and_above(n: int) -> None:
    threshold = {2: 0.2, 3: 0.18, 4: 0.16, 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}[n]
    name = f"top_{n}gram" if n <= 4 else f"duplicate_{n}grams"
    gram = [f"g{k:03d}" for k in range(n)]
    # two copies of the n-gram are 2n words of four characters; pad to make their share just above or just below
    for rest, drops in ((int(2 * n / threshold) - 2 * n + 1, False), (int(2 * n / threshold) - 2 * n - 1, True)):
        words = distinct(rest)
        assert (name in failed(" ".join(gram + words + gram))) is drops


def test_texts_without_segments_and_with_one() -> None:
    assert set(measured("").values()) == {inf}
    assert set(measured("", semantics="datatrove").values()) == {inf}
    blank = measured(" \n ")
    assert blank["duplicate_lines"] == blank["duplicate_paragraphs"] == inf
    assert all(isnan(blank[name]) for name in MEASURES[4:])
    one = measured("word")
    assert all(isnan(value) for value in one.values())
    assert failed("word") == set()
    assert failed("") == set(MEASURES)


def test_newlines_only_and_leading_newlines_as_datatrove_splits_them() -> None:
    assert measured("\n\n", semantics="datatrove")["duplicate_lines"] == 1 / 2
    assert measured("\na\nb\n", semantics="datatrove")["duplicate_lines"] == 1 / 4
    assert measured("a\nb", semantics="datatrove")["duplicate_lines"] == 0


def test_a_rule_may_differ_by_language() -> None:
    judge = make("quality/gopher-repetition", {"languages": {"ja": {"top_2gram": 0.5, "top_3gram": None}}})
    rules = {rule.name: rule.at_most for rule in judge.rules("ja")}  # type: ignore[attr-defined]
    assert rules["top_2gram"] == 0.5
    assert "top_3gram" not in rules
    assert {rule.name: rule.at_most for rule in judge.rules("en")}["top_2gram"] == 0.2  # type: ignore[attr-defined]


LISTING = "```python\nfor page in pages:\n    page.load()\n    page.clean()\n    page.save()\n```\n"
LISTINGS = "\n".join(
    f"{sentence}\n\n{LISTING}"
    for sentence in (
        "이 반복문은 모든 쪽을 한 번씩 읽어 들입니다.",
        "The second version differs in nothing but the place where it stands.",
        "끝으로 같은 코드를 함수로 옮기면 다른 곳에서도 부를 수 있습니다.",
    )
)


@pytest.mark.parametrize("semantics", ["dclm", "datatrove"])
def test_skipped_code_leaves_the_prose_around_it(semantics: str) -> None:
    settings = {"semantics": semantics, "code": "skip"}
    assert failed(LISTINGS, semantics=semantics) and not failed(LISTINGS, **settings)
    prose = LISTINGS.replace(LISTING, "")
    assert measured(LISTINGS, **settings)["duplicate_5grams"] == 0
    assert failed("\n".join([LISTINGS, *["같은 문장이 여기에도 저기에도 그대로 다시 나옵니다."] * 9]), **settings)
    for code in (LISTING * 3, "상품 안내\n" + "buy(now) = pills(cheap);\n" * 30):  # nearly all code: measured whole
        assert failed(code, **settings) == failed(code, semantics=semantics) != set()
    assert set(measured("", **settings).values()) == {inf}
    no_code = " ".join(distinct(9) * 2)
    assert measured(no_code, **settings) == pytest.approx(measured(no_code, semantics=semantics), nan_ok=True)
    assert "duplicate_5grams" in failed(prose * 3, **settings)


def test_a_text_is_measured_whole_where_less_than_a_fifth_is_prose() -> None:
    code = LISTING * 4  # what is left without it: the prose alone
    fifth = "가" * (len(code) // 4)
    assert len(fifth) * 5 == len(fifth + code)
    assert "duplicate_lines" not in failed(code + fifth, code="skip")
    assert "duplicate_lines" in failed(code + fifth[:-1], code="skip")
