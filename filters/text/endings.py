"""How Korean sentences end: final endings of verbs, told apart from nouns by the letters before.

Patterns are matched on decomposed text, where a syllable's last consonant is a letter of its own: ㄴ다 finds 한다
and 간다.
"""

import functools
import unicodedata
from typing import Any

import re2

_N, _L, _B = "\u11ab", "\u11af", "\u11b8"  # ㄴ, ㄹ and ㅂ at the end of a syllable
# 했, 갔, 있, 겠 and 없, 값: before an ending no noun ends so
_SS = "[\u11bb\u11b9]"
_SYLLABLE = "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
_MAX_WORD = 12  # syllables of the last word that are looked at


def _any(syllables: str) -> str:
    """One of some syllables, or of words separated by blanks."""
    return f"(?:{'|'.join(syllables.split() if ' ' in syllables else syllables)})"


# Endings that stand at the end of a sentence and nowhere else, with or without a full stop
_CERTAIN = (
    f"{_B}(?:니다|니까|시다|디다)",
    f"(?:{_SS}|{_N})다",
    # adjectives and copulas, whose dictionary form is a statement
    _any(
        "이 아니 하 되 같 않 싶 많 적 좋 높 낮 크 작 쉽 어렵 길 "
        "짧 넓 좁 빠르 느리 다르 옳 맞 젊 밝 어둡 깊 얕 드물 가깝 멀 "
        "새롭 아름답 무겁 가볍 뜨겁 차갑 고맙 즐겁 괴롭 모르 바쁘 기쁘 슬프 아프 나쁘 싫 만하 듯하 남 알 든"
    )
    + "다",
    # 필요, 개요, 중요, 수요 are nouns, and so is 가요 but for 인가요
    _any("세셔어아여해예에네군까죠지나래데든잖게걸고구돼봐줘와워려져겨켜쳐껴혀춰꿔둬러라써커꺼떠내재니녀서뤄눠대")
    + "요",
    f"(?:{_N}|는|은|던)가요",
    f"{_SS}(?:음|네|군|지|을까|는가|느냐)|잖아",
    "십시오|십시요|시오|하소서|으소서",
)
# Endings that nouns and connectives share: they need a closing mark
_LIKELY = (
    f"{_SYLLABLE}{_any('다까죠요')}|[^\\s\u1100-\u11ff]다",  # 68.5%다
    f"(?:{_N}|{_SS}|{_any('하 이 되 같 좋 많 크 싶 맞 그렇 어떻')}){_any('네 군 구나 구먼 지 니 냐 나 가')}",
    f"(?:{_L}|{_N}|{_any('은는을거게맞좋많하되쉽알보가오')}){_any('지까걸껄게가데래')}",
    _any("하마어아여해워와거너려러춰줘둬봐켜내가서보으오니리") + "라",
    _any(
        "하 보 가 두 되 말 내 주 살 쓰 치 놓 먹 찾 알 있 들 걷 믿 잊 "
        "나누 바꾸 배우 떠나 만나 모으 기르 키우 시키 즐기 지키 따르 이루 세우"
    )
    + "자",
    f"(?:{_SS}|{_any('많좋않맞싫같늦젊넓짧높낮')})어|{_any('좋많않맞같찮앉받알살말놀닫찾작짧밝나')}아|{_SYLLABLE}야",
    _any(
        "말 생각 시작 사랑 미안 부탁 축하 좋아 싫어 그만 조심 "
        "안 못 잘 가능 필요 중요 당연 충분 대단 궁금 행복 감사 공부"
    )
    + " ?해|(?:야|어|아|게) 해|지 ?마",
    _any("돼 봐 줘 워 려 져 켜 쳐 겨 쩌 꿔 뤄 셔 몰라 달라 빨라 올라 골라 눌러 불러 뻔해"),
    f"(?:{_N}|는|은)데|{_N}들|거든|니까|{_SS}(?:고|으며|으니|어서|더니|으면)|지만|려고|라고|다고|냐고|자고|라서|면서|더라|다니|라니",
    # notes and orders: 있음, 추가함, 예정임, 쓸 것
    f"(?:{_SS}|{_any('않같좋많높낮작적')})음|{_SYLLABLE}{_any('함됨')}|{_L} ?것|{_L}? ?것 같음",
    _any("것 예정 때문 중 상태 계획 방침 전망 수준 뿐") + "임",
    "구나|도다|로다|노라|리라|어라|느냐|는고|리오|랴",
)
_QUESTION = _SYLLABLE + _any("가나냐니까지죠요래대어아여해야돼봐줘와워려져네다데게라자든걸고며면서")
# Nouns and particles that look like the endings above, and verbs that need what they belong to
_NONE = (
    "(?:^|[^\u1100-\u11ff])"
    + _any(
        "바다 소다 판다 팬다 람다 혼다 사이다 캐나다 우간다 르완다 베란다 "
        "아젠다 어젠다 아나콘다 필요 개요 중요 주요 수요 소요 "
        "동요 강요 민요 가요 긴요 가지 "
        "동네 아가 까지 과자 여자 남자 보다 포함"
    ),
    _SYLLABLE + _any("마다 보다 에다 필요 개요 수요 소요 까지 페이지"),
    _SYLLABLE + _any("결함 명함 군함 수함 관함 물함 편함 서함 분야 시야 평야 광야 심야"),
    "^(?:다|하다|되다|이다|니다|합니다|됩니다|입니다|한다|된다|했다|였다|되었다|되었습니다|했습니다)",
)


@functools.cache
def _endings() -> Any:
    """One automaton for all of them: which of _CERTAIN, _LIKELY, _QUESTION and _NONE a word ends in, by number."""
    options = re2.Options()
    options.max_mem = 64 << 20  # a set that runs out of memory for its states would answer "nothing matches"
    found = re2.Set.SearchSet(options)
    for patterns in (_CERTAIN, _LIKELY, (_QUESTION,), _NONE):
        found.Add(f"(?:{unicodedata.normalize('NFD', '|'.join(patterns))})$")
    found.Compile()
    return found


def has_final_ending(text: str, marked: bool, question: bool) -> bool:
    """Whether a text that ends in Hangul ends in a verb's final ending.

    marked     closing punctuation comes after it: endings that nouns share count too
    question   the closing punctuation is a question mark: 누가, 뭐래
    """
    word = unicodedata.normalize("NFD", text[-_MAX_WORD:])
    # a text cut short has lost its beginning, which `^` means
    found = _endings().Match(word if len(text) <= _MAX_WORD else "\u1100" + word) or ()
    if 3 in found:
        return False
    return 0 in found or (marked and (1 in found or (question and 2 in found)))
