"""cleanup/urls and cleanup/newlines."""

import pytest

from curate.recipe import parse
from filters import make
from filters.document import Document, Drop


def cleaned(text: str, **settings: str) -> str | Drop:
    result = make("cleanup/urls", settings).open()(Document(id="1", text=text))  # type: ignore[attr-defined]
    return result if isinstance(result, Drop) else result.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://www.example.com/a?b=1#c for more.", "See for more."),
        ("See\n\n  www.example.org, or not", "See, or not"),
        ("write to someone@example.net today", "write to today"),
        ("host 192.168.0.1:8080/path here", "host here"),
        ("no address: file.html, 3.14, e.g. this. And", "no address: file.html, 3.14, e.g. this. And"),
        ("자세한 내용은 https://example.co.kr/가 아니라 http://example.com/a에서", "자세한 내용은가 아니라에서"),
        ("UPPER.COM stays", "UPPER.COM stays"),
        ("", None),
        ("http://example.com", None),
    ],
)
def test_addresses_go(text: str, expected: str | None) -> None:
    result = cleaned(text)
    if expected is None:
        assert isinstance(result, Drop)
        assert (result.rule, result.value, result.threshold) == ("empty", 0, 1)
    else:
        assert result == expected


def test_dclm_looks_only_at_texts_that_begin_like_a_domain() -> None:
    assert cleaned("Rate www.example.com", semantics="dclm") == "Rate www.example.com"
    assert cleaned("Compare www.example.com", semantics="dclm") == "Compare"
    assert cleaned("Rate 10.0.0.1", semantics="dclm") == "Rate"


def test_edits_are_booked_by_rule() -> None:
    result = make("cleanup/urls").open()(Document(id="1", text="a example.com b 1.2.3.4 c"))  # type: ignore[attr-defined]
    assert result.text == "a b c"
    assert result.edits == {"url": 12, "ip": 8}


def test_the_list_of_domains_is_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = make("cleanup/urls")
    strategy.check()
    assert [len(value) for value in strategy.resources().values()] == [64]
    before = parse({"name": "a", "stages": ["cleanup/urls"]}, "a").fingerprint()
    monkeypatch.setattr(type(strategy), "resources", lambda self: {"domains": "0" * 64})
    assert parse({"name": "a", "stages": ["cleanup/urls"]}, "a").fingerprint() != before


@pytest.mark.parametrize(
    "text", ["x", " \n", "😀.com", "a\x00.com", "\ud800.com \udfff", "a.com " * 300_000, "." * 300_000]
)
@pytest.mark.parametrize("semantics", ["all", "dclm"])
def test_hostile_texts_get_a_decision(text: str, semantics: str) -> None:
    assert isinstance(cleaned(text, semantics=semantics), str | Drop)


@pytest.mark.parametrize(
    ("limit", "text", "expected"),
    [
        (2, "a\nb\n\nc\n\n\nd\n\n\n\n\n", "a\nb\n\nc\n\nd\n\n"),
        (1, "a\n\nb\nc", "a\nb\nc"),
        (3, "a\n\n\n\nb\n\n\nc", "a\n\n\nb\n\n\nc"),
        (2, "", ""),
        (2, "\n \n\n \r\n\n\n", "\n \n\n \r\n\n"),
    ],
)
def test_newlines(limit: int, text: str, expected: str) -> None:
    result = make("cleanup/newlines", {"max_consecutive": limit}).open()(Document(id="1", text=text))  # type: ignore[attr-defined]
    assert result.text == expected
    assert sum(result.edits.values()) == len(text) - len(expected)
