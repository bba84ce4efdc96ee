"""Labels against bytes: where header, meta and bytes disagree, no mojibake; damage that is none."""

import pytest

from filters.text.charset import decode
from filters.text.fit import fits, words_of

TEXTS = {
    "windows-1251": "Паром уходит в полдень, и никто на причале не спешит. Чайки вернутся вечером.",
    "koi8-r": "Паром уходит в полдень, и никто на причале не спешит. Чайки вернутся вечером.",
    "windows-1253": "Το πλοίο φεύγει το μεσημέρι και κανείς δεν βιάζεται στην προβλήτα.",
    "windows-1255": "המעבורת יוצאת בצהריים ואיש על הרציף אינו ממהר לעלות עליה.",
    "windows-1256": "تغادر العبارة عند الظهر ولا أحد على الرصيف في عجلة من أمره.",
    "tis-620": "เรือข้ามฟากออกตอนเที่ยง และไม่มีใครบนท่าเรือรีบร้อน",
    "euc-kr": "나룻배는 정오에 떠나고 부두에는 서두르는 사람이 없다.",
    "shift_jis": "渡し船は正午に出るが、桟橋では誰も急いでいない。",
    "euc-jp": "渡し船は正午に出るが、桟橋では誰も急いでいない。",
    "gb2312": "渡船中午开，码头上没有人着急。",
    "big5": "渡船中午開，碼頭上沒有人著急。",
}
CODECS = {"tis-620": "cp874", "euc-kr": "cp949", "gb2312": "gb18030", "shift_jis": "cp932"}
FRENCH = "Le passeur est déjà arrivé, l’équipage prépare la traversée et la fenêtre reste fermée."


def _page(text: str, meta: str) -> str:
    return f"<html><head><meta charset={meta}></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize("label", TEXTS)
@pytest.mark.parametrize("header", ["iso-8859-1", "windows-1252", "iso-8859-15"])
@pytest.mark.parametrize("size", [1000, 9])
def test_meta_wins_over_a_latin_header_that_does_not_fit(label: str, header: str, size: int) -> None:
    page = _page(TEXTS[label][:size], label)
    assert decode(page.encode(CODECS.get(label, label)), header).text == page


@pytest.mark.parametrize("label", [label for label in TEXTS if label not in ("windows-1255", "koi8-r")])
def test_a_latin_label_alone_is_no_reason_for_mojibake(label: str) -> None:
    page = _page(TEXTS[label] * 6, "iso-8859-1")
    assert decode(page.encode(CODECS.get(label, label)), "iso-8859-1").text == page


@pytest.mark.parametrize("meta", ["windows-1251", "euc-kr", "shift_jis", "gb2312", "windows-1256", "tis-620"])
def test_latin_text_stays_under_a_meta_left_over(meta: str) -> None:
    for text in (FRENCH, "Grüße aus Zürich", "El niño comió piña"):
        page = _page(text, meta)
        assert decode(page.encode("cp1252"), "iso-8859-1").text == page
    page = _page(FRENCH, "iso-8859-1")
    assert decode(page.encode("cp1252"), meta).text == page


def test_hanja_are_korean() -> None:
    text = "大統領은 國會에서 演說을 하고 經濟의 回復을 約束하였다. 記者들은 政策의 問題를 指摘하였다. " * 3
    assert decode(text.encode("cp949"), "iso-8859-1").text == text
    chinese = "渡船中午开船码头上没有人着急海鸥傍晚飞回来" * 3
    assert fits(words_of(chinese.encode("gb18030")), "cp949") is False


CHANCE = ["친척", "책", "<b>척</b>"]


@pytest.mark.parametrize("word", CHANCE)
def test_syllables_that_are_utf8_by_chance_follow_the_label(word: str) -> None:
    page = _page(f"My {word} is here.", "euc-kr")
    body = page.encode("cp949")
    body.decode()
    assert decode(body, "euc-kr").text == page


@pytest.mark.parametrize("text", ["café crème", "© 2024 Ferry", "3 × 4", "naïve", "price 5 £", "나룻배는 떠난다"])
def test_utf8_stays_utf8_under_a_korean_label(text: str) -> None:
    page = _page(text, "euc-kr")
    assert decode(page.encode(), "euc-kr").text == page


def test_cut_characters_at_the_end_of_lines_are_no_damage() -> None:
    whole = "나룻배는 정오에 떠나고 부두에는 서두르는 사람이 없다."
    for codec, label in (("utf-8", "utf-8"), ("cp949", "euc-kr")):
        cut = "기차는 느리다".encode(codec)[:-1]
        rows = b"".join(b"<li>" + cut + end + b"</li>" for end in (b"", b"...", b" ", b"\n") * 5)
        found = decode(whole.encode(codec) + rows, label)
        assert found.replacement_ratio == 0
        assert found.text.startswith(whole)
        assert "\ufffd" not in found.text
        inside = decode(whole.encode(codec) * 3 + b"\xff and on", label)
        assert inside.replacement_ratio > 0


def test_pairs_of_surrogates_in_utf8_are_one_character() -> None:
    text = "a 😀 b 🚢🚢 다"
    units = text.encode("utf-16-be")
    raw = b"".join(
        chr(int.from_bytes(units[at : at + 2], "big")).encode("utf-8", "surrogatepass")
        for at in range(0, len(units), 2)
    )
    assert decode(raw, "utf-8").text == text
    assert decode(raw, "utf-8").replacement_ratio == 0


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
def test_marks_before_the_text_go_all(codec: str) -> None:
    assert decode(("\ufeff" * 3 + TEXTS["euc-kr"]).encode(codec)).text == TEXTS["euc-kr"]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_label_of_utf16_counts_where_the_bytes_are(codec: str) -> None:
    text = TEXTS["shift_jis"].replace("。", "、") * 5
    assert decode(text.encode(codec), codec).text == text
    assert decode(text.encode(), codec).text == text
