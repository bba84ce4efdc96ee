"""Where sentences end, in Korean and English."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.patterns import BLANK
from filters.text.segments import encode
from filters.text.sentences import _kinds, _possible_ends, split
from tests.linear import grows_linearly


@pytest.mark.parametrize(
    "sentences",
    [
        ["그는 말했다.", "그리고 떠났다!", "끝인가?"],
        ["“확진자가 늘었다. 조심해야 한다.” 고 말했다.", "이어 “네.”라고 했다."],
        ['"좋다. 가자."', "그는 떠났다."],
        ["Dr. Kim met Mr. Lee at 3.5 miles.", "It was fun."],
        ["J. K. Rowling wrote it.", "We read it."],
        ["2026. 3. 4. 행사가 열렸다.", "비가 왔다."],
        ["1. 첫째 항목이다.", "2. 둘째 항목이다."],
        ["버전 1.2.3이 나왔다.", "받아 보자."],
        ["글쎄...", "모르겠다…", "그래."],
        ["漢字です。", "次の文！", "「はい。そうです。」と言った。"],
        ["(참고로 말하자면.)", "다음 문장이다."],
        ["He said e.g. this one.", "Done!"],
        ["물가가 3.5% 올랐다.", "금리도 올랐다."],
        ["끝났다.”", "그렇게 말했다."],
        ["가. 첫째 항목이다.", "나. 둘째 항목이다."],
        ["그것은 나.", "너는 아니다."],
        ["새 모델입니다.", "seq2seq 모델이다.", "iPhone 사용자도 쓴다.", "1990년에 나왔다."],
        ["즉위하였다.[1]", "대동법을 시행하였다.[2][3]", "폐위되었다. [4]", "끝이다."],
        ["불이 났다.(끝)", "이 말은 옳다. (끝)", "(참고) 그렇다."],
        ["He was born.[1]", "He died."],
        ["배열의 a[1]은 둘째다.", "arr.[0] 값이다."],
        ["그는 “간다.”", "이 말이 좋다.", "“간다.”가 좋다."],
        ["함수이다(자세한 것은 뒤에서 본다. 예. torch).", "다음이다."],
        ["make --build . 명령을 쓴다.", "끝."],
        ["7장. “설치”를 보라.", "끝."],
        ["물은 제3장. 물의 성질을 참고하십시오.", "끝."],
        ["남은 사진은 12장.", "모두 흑백이다."],
        ["그림 4.2. “물의 순환”은 개요이다.", "끝."],
        ["3.2절. 물의 성질을 본다.", "끝."],
        ["1. Appendix B.2. 물의 성질이다.", "끝."],
        ["개요는 그림 4.2.", "다음은 물이다."],
        ["물은 13장. " + "가" * 60 + "참조.", "끝."],
        ["물은 13장.", "가" * 61 + "참조.", "끝."],
        ["비가 올까? 라고 그는 물었다.", "온다.", "비가 온다. 라고 말했다."],
        ["이름 앞에 ! 를 붙인다.", "그림 4.2. 는 개요이다.", "끝."],
        ["“믿을 수 있는가?” 등의 물음이 나왔다.", "“곧 온다.” 와 같은 말은 없다."],
        [
            "값이 올랐다.",
            "은 값도 올랐다.",
            "아래를 본다.",
            "를 보라.",
            "이란, 이라크가 만났다.",
            "고 김철수 선생이 그렸다.",
            "정말?",
            "이 말이 맞다.",
        ],
        ["배, 감, ... 등이 있다.", "물/불/... 을 뺀다.", "// ... 줄임.", "끝."],
        ["... 그는 말이 없었다.", "글쎄...", "모르겠다."],
        ["It has A, B, ... and so on.", "He said yes...", "Then he left."],
    ],
)
def test_split(sentences: list[str]) -> None:
    glue = "" if sentences[0].endswith("。") else " "
    text = glue.join(sentences)
    assert [text[start:end] for start, end in split(text)] == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["열렸다.", "그러나 비가 왔다.", "끝."],
        ["어디 가요.", "집에 가죠.", "맞습니까.", "네"],
        ["좋다.라고 말했다."],
        ["가.나.다.라.마"],
        ["1.다.라 2"],
        ["합니다.kr 로 오세요."],
        ["버전 3.다음"],
    ],
)
def test_a_missing_blank_between_korean_sentences(sentences: list[str]) -> None:
    text = "".join(sentences)
    assert [text[start:end] for start, end in split(text)] == sentences


def test_a_line_feed_ends_a_sentence() -> None:
    text = "제목\n\n첫 문장이다\n둘째 문장이다  \n"
    assert [text[start:end] for start, end in split(text)] == ["제목", "첫 문장이다", "둘째 문장이다"]


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("가나다. .!?“”\"'「」 \n\t1aA。…")))
def test_spans_are_ordered_and_leave_out_blanks_only(text: str) -> None:
    position = 0
    for start, end in split(text):
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


# The same as a pattern: final punctuation, whatever closes behind it, then blanks or the end of the line.
_END = re2.compile(
    r"(?m)(?:[.!?。！？…]+[”’\"'」』）)\]】》〉]*)(?:" + BLANK + r"+|$)|[。！？][”’」』）】》〉]*|\n",
)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("가나a1..!。？…”\"'」）)> \u3000\t\n😀")))
def test_possible_ends_are_those_of_the_pattern(text: str) -> None:
    found = [tuple(end) for end in _possible_ends(encode(text), _kinds()).tolist()]
    assert found == [match.span() for match in _END.finditer(text)]


@pytest.mark.parametrize("unit", [".", "。”", "…가", "“", "' ", '"가.', "Mr. ", ". "])
def test_cost_is_linear(unit: str) -> None:
    assert grows_linearly(split, lambda size: unit * (size // len(unit)) + "가", 30_000)
