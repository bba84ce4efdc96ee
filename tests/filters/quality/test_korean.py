"""Korean limits: clean prose passes, repeated, symbol-ridden and list-only text does not."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from filters.cleanup.c4_lines import C4Lines
from filters.contracts import Judge
from filters.document import Document
from filters.quality.c4 import C4
from filters.quality.fineweb import FineWeb
from filters.quality.gopher import Gopher
from filters.quality.gopher_repetition import GopherRepetition
from filters.rules import decide, failing

PROSE = """
마을 뒤편 언덕에는 오래된 느티나무 한 그루가 서 있다. 할머니는 그 나무가 자기가 시집오던 해에도 지금과 똑같은
크기였다고 말씀하셨다. 여름이면 사람들이 그늘에 모여 수박을 나누어 먹었고, 겨울이면 아이들이 눈을 굴려 나무 밑에
세워 두었다. “올해는 비가 너무 늦게 오는구나.” 아버지가 마당을 쓸다가 중얼거렸다. 나는 대답 대신 하늘을
올려다보았다. 구름은 산 너머에서 천천히 움직였지만 비를 품은 것 같지는 않았다. 이장은 저수지의 물을 언제 열어야
할지 정하려고 주민들을 회관으로 불렀다. 논에 물을 대는 순서를 두고 한참 이야기가 오갔으나 결국 가장 낮은 논부터
시작하기로 했다. 다음 날 아침 일찍 동생과 함께 수로를 따라 걸으며 막힌 곳을 찾았고, 점심때가 되어서야 집으로
돌아왔다. 어머니는 된장찌개를 끓여 놓고 우리를 기다리고 계셨다.
""".replace("\n", " ").strip()

DISHES = (
    "김치찌개",
    "된장찌개",
    "비빔밥",
    "냉면",
    "불고기",
    "갈비탕",
    "떡볶이",
    "순대",
    "김밥",
    "만두",
    "칼국수",
    "잡채",
)
MENU = "\n".join(f"• {dish}" for dish in DISHES * 6)
PLACES = ("강남", "홍대", "부산", "대구", "인천", "광주", "대전", "울산", "수원", "제주")
KEYWORDS = " ".join(place + thing for place in PLACES for thing in ("맛집", "카페", "호텔", "펜션", "병원", "꽃집"))
SYMBOLS = "### 특가 ★★★ 50% ▶▶ !!! … ### 클릭 → 010 ## 무료 ◆◆ " * 12
REPEATED_LINES = "\n".join(["오늘의 특가 상품을 지금 바로 확인하세요.", "무료 배송으로 집까지 보내 드립니다."] * 12)
REPEATED_PHRASE = "지금 바로 전화 주시면 친절하게 상담해 드립니다 " * 20
SPACED_OUT = " ".join("오늘은날씨가좋아서친구와함께산책을나갔다그리고커피를마셨다" * 4)


def korean(text: str) -> Document:
    return Document("1", text, notes={"language": "ko"})


def verdict(judge: Judge, text: str) -> set[str]:
    document = korean(text)
    return {rule.rule for rule in failing(judge.rules("ko"), judge.open()(document).signals, document.notes)}


@pytest.mark.parametrize("judge", [Gopher(), Gopher(semantics="datatrove"), GopherRepetition(), FineWeb(), C4()])
def test_prose_passes(judge: Judge) -> None:
    assert verdict(judge, PROSE) == set()


@pytest.mark.parametrize("semantics", ["dclm", "datatrove"])
def test_the_same_prose_as_english_fails(semantics: str) -> None:
    """Without its language the text meets English limits, which know no Korean stop words."""
    judge = Gopher(semantics=semantics)
    assert decide(judge.rules(), judge.open()(Document("1", PROSE)).signals, {}) is not None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (MENU, "max_bullet_lines"),
        (KEYWORDS, "min_stop_word_share"),
        (SYMBOLS, "min_alphabetic_words"),
        (SYMBOLS, "max_symbol_ratio"),
        (SPACED_OUT, "min_mean_word_length"),
    ],
)
def test_gopher_drops(text: str, rule: str) -> None:
    assert rule in verdict(Gopher(), text)


@pytest.mark.parametrize("text", [REPEATED_LINES, REPEATED_PHRASE, MENU])
@pytest.mark.parametrize("semantics", ["dclm", "datatrove"])
@pytest.mark.parametrize("code", ["count", "skip"])
def test_repetition_drops(text: str, semantics: str, code: str) -> None:
    assert verdict(GopherRepetition(semantics=semantics, code=code), text)


def test_fineweb_drops_lists_and_repeated_lines() -> None:
    assert {"terminated_share", "short_share"} <= verdict(FineWeb(), MENU)
    assert "duplicated_share" in verdict(FineWeb(), REPEATED_LINES)


def test_fineweb_counts_korean_endings_and_lengths() -> None:
    lines = (
        "“정말 그렇게 생각하십니까 선생님?”",
        "그는 끝내 대답하지 못하고…",
        "‘이제는 돌아갈 수 없겠구나 그렇지’",
        "메뉴",
    )
    text = "\n".join(lines)
    signals = FineWeb().open()(korean(text)).signals
    assert signals["terminated_share"] == 3 / 4
    assert signals["short_share"] == 2 / 4  # of 15 and 2 characters, at most 17
    assert FineWeb().open()(Document("1", text)).signals["terminated_share"] == 0


def test_c4_keeps_korean_sentences_and_drops_menus() -> None:
    page = "로그인\n회원 가입 하기\n" + PROSE + "\n“내일은 꼭 비가 올 거야.”\n어디로 가야 할지 몰라…\n더 보기"
    rewritten = C4Lines().open()(korean(page))
    assert isinstance(rewritten, Document)
    assert "로그인" not in rewritten.text and "더 보기" not in rewritten.text
    assert rewritten.text.endswith("“내일은 꼭 비가 올 거야.”\n어디로 가야 할지 몰라…")
    assert "내일은" not in C4Lines().open()(Document("1", page)).text  # type: ignore[union-attr]
    assert verdict(C4(), MENU) == {"too_few_sentences"}


def test_c4_removes_korean_notices() -> None:
    lines = (
        "저희 사이트는 더 나은 서비스를 위해 쿠키를 사용합니다.",
        "회원은 이용약관과 개인정보 처리방침에 동의해야 합니다.",
        "이 페이지를 보려면 자바스크립트를 활성화해 주십시오.",
        "그는 낡은 공책에 그날 있었던 일을 적었다.",
    )
    rewritten = C4Lines().open()(korean("\n".join(lines)))
    assert isinstance(rewritten, Document)
    assert rewritten.text == lines[3]
    assert rewritten.edits["policy"] == sum(map(len, lines[:3]))
    kept = C4Lines(phrases={"ko": ("Cookie Wall",)}).open()(
        korean("\n".join((*lines, "여기는 COOKIE wall 안내문 입니다.")))
    )  # type: ignore[arg-type]
    assert isinstance(kept, Document) and kept.text == "\n".join(lines)


@pytest.mark.parametrize("phrases", [[""], ["a\nb"], ["x"] * 51])
def test_wrong_phrases_are_refused(phrases: list[str]) -> None:
    with pytest.raises(ValueError, match="at most 50 phrases"):
        C4Lines(phrases={"ko": phrases})  # type: ignore[arg-type]


def test_warnings_name_languages_without_limits() -> None:
    for judge in (Gopher(), FineWeb()):
        assert judge.warnings(("en", "ko")) == ()
        assert any("fr" in said for said in judge.warnings(("en", "ko", "fr")))
    assert C4Lines().warnings(("ko",)) == ()
    assert all("fr" in said and "ko" not in said for said in C4Lines().warnings(("ko", "fr")))
    assert C4().warnings(("en",)) == ()


def prose(shared: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((shared / "prose" / "ko").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield path.name.removesuffix(".jsonl.gz"), json.loads(line)["text"].replace("\r\n", "\n")


def test_held_out_prose_is_kept(shared_data: Path) -> None:
    """The limits were found on the texts whose SHA-256 begins with an even byte; these are the others."""
    judges = {
        name: (judge.rules("ko"), judge.open())
        for name, judge in {
            "gopher": Gopher(),
            "gopher-datatrove": Gopher(semantics="datatrove"),
            "repetition": GopherRepetition(),
            "repetition-datatrove": GopherRepetition(semantics="datatrove"),
        }.items()
    }
    seen, kept = 0, dict.fromkeys(judges, 0)
    for source, text in prose(shared_data):
        if source not in ("news_dps", "kim_yujeong_camellia"):
            continue
        if source == "news_dps" and hashlib.sha256(text.encode()).digest()[0] % 2 == 0:
            continue
        if len(text.split()) < 50:
            continue
        seen += 1
        document = korean(text)
        for name, (rules, score) in judges.items():
            kept[name] += decide(rules, score(document).signals, document.notes) is None
    assert seen > 1000
    assert {name: count / seen for name, count in kept.items() if count / seen < 0.97} == {}
