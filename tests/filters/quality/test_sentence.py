"""What is a sentence by its form, and what is a heading, a scrap or code."""

import pytest

import filters
from filters.document import Document, Drop
from filters.rules import decide
from filters.text.sentence_form import form
from tests.linear import grows_linearly, repeated


def judged(text: str, **options: object) -> Drop | None:
    """The decision on a text."""
    judge = filters.make("quality/sentence", options)
    return decide(judge.rules(), judge.open()(Document("id", text)).signals, {})  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "파일을 엽니다.",
            "파일을 엽니다",
            "다음과 같습니다:",
            "어떻게 쓰나요?",
            "이렇게 하지 마시오.",
            "해 보세요!",
            "그렇지 않을까?",
        ),
        *(
            "비가 온다.",
            "하늘이 맑다.",
            "정말 좋네요~",
            "그런 건 몰라.",
            "너도 갈래?",
            "참 곱구나!",
            "우리 같이 가자.",
            "그건 아니야.",
        ),
        *(
            "전체의 68.5%다.",
            "그는 “가겠다.”라고 했다.",
            "“나는 간다.”",
            "(자세한 것은 뒤에서 다룬다.)",
            "왕이 되었다.[1]",
            "끝났다.(끝)",
        ),
        *(
            "seq2seq 모델의 목표는 번역이다.",
            "1990년에 나왔다.",
            "1. 먼저 물을 끓인다.",
            "- 물을 끓인다.",
            "`a`와 `b`는 같다.",
        ),
        *(
            ".odt 파일은 글이다.",
            "`run -- --help`를 실행한다.",
            "참석자가 많음.",
            "하나 사세요 :)",
            "좋아요ㅎㅎ",
            "판다는 곰이다.",
        ),
        *("The cat sat on the mat.", "Is it so?", "iPhone users like it.", "彼は行った。"),
    ],
)
def test_sentences(text: str) -> None:
    assert judged(text) is None, form(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *(
            (text, "no_ending")
            for text in ("목차", "파일 열기", "1.2 설치하기#", "소개¶", "필요한 도구:", "따라서 이 함수를")
        ),
        *(
            (text, "no_ending")
            for text in ("수정 필요.", "그림 1.", "번역: 홍길동.", "사과, 배, 감 등.", "동물원의 판다.", "홈 > 도움말")
        ),
        *(
            (text, "no_ending")
            for text in ("그는 “간다.”", "합니다.", "세계의 바다.", "경력 포함.", "결과는 `x`.", "The index", "3.14.")
        ),
        *(
            (text, "no_start")
            for text in ("# 값을 더한다.", "// 값을 더한다.", "를 실행한다.", ">>> 실행한다.", "| 표이다.", ", 그렇다.")
        ),
        *(
            (text, "unbalanced")
            for text in ("뒤에서 다룬다.)", "(뒤에서 다룬다.", "그는 “간다고 했다.", '때"라고 말했다.')
        ),
        *((text, "code") for text in ("name: 이것은 이름이다.", "x = 1 # 값을 넣는다.", "f(x); // 부른다.")),
        ("", "no_ending"),
        ("가\ud800", "no_ending"),
    ],
)
def test_others(text: str, rule: str) -> None:
    drop = judged(text)
    assert drop is not None and drop.rule == rule, form(text)


def test_each_rule_has_a_switch() -> None:
    for setting, text in (
        ("ends", "목차"),
        ("starts", "를 한다."),
        ("balanced", "그가 한다.)"),
        ("prose", "k: 값이다."),
    ):
        assert judged(text) is not None
        assert judged(text, **{setting: False}) is None


@pytest.mark.parametrize("unit", ["가", "(", ")", "“", "이다.", "[1]", "a: ", "(가)", "# ", '"'])
def test_cost_is_linear(unit: str) -> None:
    assert grows_linearly(form, repeated(unit), 50_000)
