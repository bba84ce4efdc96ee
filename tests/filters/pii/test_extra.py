"""Patterns of the user's own: RE2 only, beside the built-in ones, never without end."""

import pytest

from filters import make
from filters.contracts import SettingsError
from filters.document import Document


def _scrub(text: str, **settings):
    return make("pii/patterns", settings).open()(Document("1", text))


def test_an_own_pattern_is_replaced_beside_the_built_in_ones():
    found = _scrub("사번은 EMP-1234이고 메일은 a@b.example.com입니다", extra={"employee": "EMP-[0-9]{4}"})
    assert found.text == "사번은 <EMPLOYEE>이고 메일은 <EMAIL>입니다"
    assert found.notes["pii_employee"] == 1
    assert found.edits["employee"] == 8


def test_where_both_match_the_built_in_one_stands():
    found = _scrub("to a@b.example.com now", extra={"host": "b[.]example"})
    assert found.text == "to <EMAIL> now"


@pytest.mark.parametrize(
    ("name", "pattern", "said"),
    [
        ("b", r"(.)\1{3,}", "not supported by RE2"),
        ("b", "(?=x)y", "not supported by RE2"),
        ("b", "(", "not supported by RE2"),
        ("b", "a*", "matches the empty string"),
        ("b", "[A-Z]+", "its own placeholder"),
        ("email", "x", "not a built-in type"),
        ("../b", "x", "a name must be"),
        ("b", "x" * 2001, "longer than 2000"),
    ],
)
def test_patterns_that_cannot_be_used_are_refused(name, pattern, said):
    with pytest.raises(SettingsError, match=said):
        make("pii/patterns", {"extra": {name: pattern}})


def test_a_catastrophic_pattern_is_linear_here():
    assert _scrub("a" * 200_000 + "!", extra={"words": r"^(\w+\s?)+$"}).text.endswith("!")
