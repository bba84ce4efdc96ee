"""A quarter of Hangul stays, less goes; white space does not count."""

import unicodedata

import pytest
import regex

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


def test_what_counts_are_the_letters_of_the_script() -> None:
    letter = regex.compile(r"[\p{Hangul}&&\p{L}]", regex.V1)
    every = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    assert [c for c in every if judged(c)[0]] == [c for c in every if letter.match(c)]
    assert judged("한ㄱ\u1100\u3000\n漢a1.😀")[0] == 3 / 8
