"""The compact form takes a byte a letter, tells texts apart and keeps what UTF-8 does well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.text.compact import compact
from tests.linear import grows_linearly, repeated


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("plain words", 11),
        ("naïve café", 10),
        ("नमस्ते", 6 + 2),
        ("გამარჯობა", 9 + 2),
        ("привет “мир”", 12 + 2 + 2),
        ("한글과 漢字", 3 * 5 + 1),
        ("\ud800", 3),
        ("😀", 4),
        ("", 0),
    ],
)
def test_size(text: str, size: int) -> None:
    assert len(compact(text)) == size


@given(st.text(), st.text())
def test_different_texts_have_different_forms(one: str, other: str) -> None:
    texts = [text.replace("\x01", "").replace("\x02", "").replace("\x05", "") for text in (one, other)]
    assert (compact(texts[0]) == compact(texts[1])) == (texts[0] == texts[1])


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_its_own_form(text: str) -> None:
    assert compact(text) == text.encode()


@pytest.mark.parametrize("unit", ["a", "é", "нет ", "aн", "한", "“"])
def test_cost_is_linear(unit: str) -> None:
    assert grows_linearly(compact, repeated(unit), 200_000)
