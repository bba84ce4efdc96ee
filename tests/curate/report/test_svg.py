"""Drawing: round ticks, labels that fit and stay different, nothing that breaks out of an element."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.svg import Drawing, Scale, fitted, text_width, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.5, 1.0]),
        (0.3, 0.95, [0.2, 0.4, 0.6, 0.8, 1.0]),
        (-0.12, 0.31, [-0.2, 0.0, 0.2, 0.4]),
        (0, 200, [0, 50, 100, 150, 200]),
        (0.001, 0.003, [0.001, 0.0015, 0.002, 0.0025, 0.003]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert ticks(low, high) == expected


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_ticks_enclose_what_is_drawn(low, more):
    found = ticks(low, low + more)
    assert found == sorted(set(found))
    assert 2 <= len(found) <= 7
    slack = 1e-6 * (found[-1] - found[0])
    assert found[0] <= low + slack
    assert found[-1] >= low + more - slack


def test_a_scale_ends_at_its_ends():
    scale = Scale(0.0, 2.0, 0.0, 100.0)
    assert [scale(value) for value in (-1, 0, 1, 2, 3)] == [0, 0, 50, 100, 100]


@given(st.text(max_size=80), st.floats(20, 200))
def test_a_label_fits(text, most):
    assert text_width(fitted(text, most)) <= max(most, text_width("…"))


def test_names_that_differ_at_their_ends_stay_different():
    names = [f"gopher-repetition:duplicate_{n}grams" for n in range(5, 10)]
    assert len({fitted(name, 120) for name in names}) == len(names)


def test_hangul_is_as_wide_as_it_is_drawn():
    assert text_width("한국어") > text_width("abc")


def test_what_is_drawn_is_inside_of_the_view_and_escaped():
    drawing = Drawing()
    drawing.text(-50, 10, '</text><script>"x"', anchor="end", turn=50)
    drawing.dot(200, 90, "#123", tip="<b>&")
    root = ElementTree.fromstring(drawing.element('a "label" <', 100))
    left, top, width, height = map(float, root.get("viewBox").split())
    assert (left + width, top + height) >= (204, 94)
    assert root.get("aria-label") == 'a "label" <'
    assert [element.tag.rpartition("}")[2] for element in root.iter()] == ["svg", "text", "circle", "title"]
    assert root[0].text == '</text><script>"x"'
