"""Lines with blanks to spare, against a look at every line."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.blanks import TRAILING, WITHIN, loose_lines
from filters.text.patterns import BLANKS

_TWO = re.compile("[" + "".join(BLANKS - {"\t"}) + "]{2}")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from([*BLANKS, "\n", "a", "가", "é", "â", "・", "😀", " ", " "])))
def test_same_as_line_by_line(text: str) -> None:
    expected, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        kind = TRAILING * (line[-1:] in BLANKS) | WITHIN * bool(_TWO.search(line.strip("".join(BLANKS))))
        if kind:
            expected.append([start, end, kind])
        start = end + 1
    assert loose_lines(text) == expected


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("", 0),
        ("a b", 0),
        ("    a", 0),
        ("a\tb", 0),
        ("a\t b", 0),
        ("a \t b", 0),
        ("a  b", WITHIN),
        ("a \t  b", WITHIN),
        ("가\u3000\u00a0나", WITHIN),
        ("a  ", TRAILING),
        (" ", TRAILING),
        ("a  b ", TRAILING | WITHIN),
    ],
)
def test_by_case(line: str, kind: int) -> None:
    assert loose_lines(line) == ([[0, len(line), kind]] if kind else [])
    assert loose_lines(f"x\n{line}\ny") == ([[2, 2 + len(line), kind]] if kind else [])
