"""A quarter of Hangul stays, less goes; white space does not count."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.document import Document, Drop
from filters.rules import decide


def judged(text: str, **options: object) -> tuple[float, Drop | None]:
    """The signal and the decision."""
    judge = filters.make("quality/hangul", options)
    scores = judge.open()(Document("id", text))  # type: ignore[attr-defined]
    return scores.signals["hangul_share"], decide(judge.rules(), scores.signals, {})  # type: ignore[attr-defined]


def test_a_quarter_stays_and_less_goes() -> None:
    assert judged("한 abc\u3000\n") == (0.25, None)
    share, drop = judged("한 abcd")
    assert drop == Drop("hangul_share", share, 0.25)
    assert judged("한 abcd", min_share=0.2)[1] is None
    assert judged("print(x)", min_share=None) == (0, None)
    assert judged("print(x)", min_share=0) == (0, None)
    assert judged("가나다", min_share=1) == (1, None)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("torch.Tensor 의 속성은 다음과 같습니다.", True),
        ("optimizer.zero_grad()   # 변화도를 0으로", False),
        ("[-0.0772,  0.0547,  0.0716]", False),
        ("├──────────┤", False),
        ("ㅋㅋㅋ lol", True),
        ("大韓民國憲法", False),
        ("", False),
        (" \n\t", False),
        ("\ud800", False),
    ],
)
def test_by_case(text: str, kept: bool) -> None:
    assert (judged(text)[1] is None) is kept


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(st.sampled_from("가힣ㄱㅎ\u1100\u11ff\ua960\ud7fb\uffa1\uffdc漢あa1. \u3000\n\u318e\u3200")))
def test_same_as_character_by_character(text: str) -> None:
    counted = [c for c in text if not c.isspace()]
    hangul = [c for c in counted if regex.match(r"[\p{Hangul}&&\p{L}]", c, regex.V1)]
    assert judged(text)[0] == (len(hangul) / len(counted) if hangul else 0)
