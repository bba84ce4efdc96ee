"""Runs are cut as a regular expression with a back reference would cut them."""

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.runs import ANY_LENGTH, shorten_runs
from filters.text.survey import JAMO, REPEATABLE, kinds

_RUN = regex.compile(r"(.)\1*", regex.DOTALL)
BOUND = st.just(ANY_LENGTH) | st.integers(1, 5)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ㅋㅋㅠ가!!.. a1-\n😀")), BOUND, BOUND)
def test_same_as_by_back_reference(text: str, jamo: int, rest: int) -> None:
    removed = {JAMO: 0, REPEATABLE: 0}

    def shorter(match: "regex.Match[str]") -> str:
        for kind, most in ((JAMO, jamo), (REPEATABLE, rest)):
            if kinds()[ord(match[1])] & kind and len(match[0]) > most:
                removed[kind] += len(match[0]) - most
                return match[1] * most
        return match[0]

    expected = _RUN.sub(shorter, text)
    assert shorten_runs(text, jamo, rest) == (expected, removed[JAMO], removed[REPEATABLE])


def test_runs_that_touch_a_kept_span_stay() -> None:
    def kept(text: str) -> list[tuple[int, int]]:
        return [(4, 6)]

    assert shorten_runs("ㅋㅋㅋ ㅋㅋㅋ ㅋㅋㅋ", 2, ANY_LENGTH, kept) == ("ㅋㅋ ㅋㅋㅋ ㅋㅋ", 2, 0)
    assert shorten_runs("ㅋㅋㅋㅋㅋ", 2, ANY_LENGTH, kept) == (
        "ㅋㅋㅋㅋㅋ",
        0,
        0,
    )  # characters 4 and 5 belong to the run
    assert shorten_runs("", 2, 3) == ("", 0, 0)
