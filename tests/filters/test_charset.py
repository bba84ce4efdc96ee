"""Bytes to text: Korean under every label, the encodings of the web, what is left when nothing fits."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.charset import decode
from filters.text.encodings import codec_of

KOREAN = "서울특별시 교통 대책을 발표하였다. 똠방각하, 펲시콜라, 뷁."
PAGE = f"<html><head><title>t</title></head><body><p>{KOREAN}</p></body></html>"
LABELS = [
    *("euc-kr", "EUC-KR", "euckr", "cp949", "CP949", "ms949", "MS949", "uhc", "UHC", "x-windows-949", "windows-949"),
    *("ks_c_5601-1987", "KS_C_5601-1989", "ksc5601", "korean", "csEUCKR", "iso-ir-149"),
]


@pytest.mark.parametrize("label", LABELS)
def test_korean_under_every_label(label: str) -> None:
    body = PAGE.encode("cp949")
    found = decode(body, label)
    assert (found.text, found.encoding, found.encoding_source) == (PAGE, "euc-kr", "declared")
    meta = PAGE.replace("<head>", f'<head><meta charset="{label}">')
    found = decode(meta.encode("cp949"), "")
    assert (found.text, found.encoding, found.encoding_source) == (meta, "euc-kr", "meta")


@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1", "windows-1252", "no-such-label", "unicode", "utf-16"])
def test_korean_whatever_else_is_declared(label: str) -> None:
    assert decode(PAGE.encode("cp949"), label).text == PAGE
    assert decode(PAGE.encode("utf-8"), label).text == PAGE
    meta = PAGE.replace("<head>", "<head><meta http-equiv=Content-Type content='text/html; charset=utf-8'>")
    assert decode(meta.encode("cp949"), label).text == meta


@pytest.mark.parametrize("text", ["안녕", "안녕하세요", "가격: 3,000원 할인 중"])
def test_few_syllables_without_a_label(text: str) -> None:
    assert decode(text.encode("cp949")).text == text
    assert decode(f"<p class=x>{text}</p>".encode("cp949")).text == f"<p class=x>{text}</p>"


@pytest.mark.parametrize(
    "codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "iso2022_kr"]
)
def test_korean_in_unicode_and_escaped_forms(codec: str) -> None:
    text = PAGE if codec != "iso2022_kr" else PAGE.replace("똠방각하, 펲시콜라, 뷁", "끝")
    found = decode(text.encode(codec), "")
    assert found.text == text and found.encoding_source in ("bom", "bytes") and found.replacement_ratio == 0


OTHERS = {
    "shift_jis": "日本語のページです。カタカナとひらがな。",
    "euc_jp": "日本語のページです。カタカナとひらがな。",
    "iso2022_jp": "日本語のページです。",
    "gb18030": "这是一个中文网页，内容是新闻。",
    "big5": "這是一個中文網頁，內容是新聞。",
    "windows-1251": "Это страница на русском языке.",
    "koi8-r": "Это страница на русском языке.",
    "windows-1252": "Déjà vu — “quotes” à 5 € près, naïve façade.",
    "iso-8859-2": "Zażółć gęślą jaźń.",
    "windows-1255": "זה דף בעברית.",
    "windows-874": "นี่คือหน้าภาษาไทย",
}


@pytest.mark.parametrize("codec", OTHERS)
def test_other_encodings_by_their_label(codec: str) -> None:
    text = OTHERS[codec] * 3
    body = text.encode("cp874" if codec == "windows-874" else codec)
    assert decode(body, codec).text == text
    meta = f"<meta charset={codec}>{text}"
    assert decode(meta.encode("cp874" if codec == "windows-874" else codec)).text == meta


def test_latin_text_is_not_taken_for_korean() -> None:
    for text in ("café", "Grüße aus München, schöne Straße", "Ñandú, señor, corazón", "© 2020 – naïve"):
        for label in ("", "iso-8859-1", "windows-1252", "utf-8"):
            assert decode(text.encode("cp1252"), label).text == text


def test_a_page_with_foreign_or_cut_bytes_says_how_much_is_lost() -> None:
    body = PAGE.encode() * 20
    found = decode(body + b" \xff and on", "utf-8")
    assert found.encoding == "utf-8" and 0 < found.replacement_ratio < 0.01 and found.text.startswith(PAGE)
    cp949 = (PAGE * 20).encode("cp949") + b"\xff"
    found = decode(cp949 + b" and on", "euc-kr")
    assert found.encoding == "euc-kr" and found.text.startswith(PAGE) and 0 < found.replacement_ratio < 0.01
    assert decode(b"caf\xe9 \x81", "windows-1252").text == "café \x81"


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from(["", "utf-8", "euc-kr", "utf-16", "shift_jis", "x", "iso-2022-kr", "hz"])
)
def test_any_bytes_become_text_that_encodes(body: bytes, label: str) -> None:
    found = decode(body, label)
    found.text.encode()
    assert 0 <= found.replacement_ratio <= 1 and found.encoding == found.encoding.lower()


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=200))
def test_utf8_comes_back_as_it_is(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert decode(text.encode(), "utf-8", False).text == text


# What Python calls the encodings that pages use in place of what they say.
_GOLD = {"euc_kr": "cp949", "euc-kr": "cp949", "gb2312": "gb18030", "iso-8859-1": "cp1252", "iso-8859-9": "cp1254"}
_GOLD |= {"shift_jis": "cp932", "tis_620": "cp874"}


@pytest.mark.parametrize(("with_label", "allowed"), [(True, 0.0), (False, 0.05)])
def test_real_files(shared_data: Path, with_label: bool, allowed: float) -> None:
    right, wrong = 0, []
    for line in (shared_data / "encodings" / "manifest.jsonl").read_text().splitlines():
        entry = json.loads(line)
        label = entry["encoding"]
        if label is None or codec_of(label) is None:
            continue  # nobody knows what it is, or (EUC-TW) neither the HTML standard nor Python has it
        body = (shared_data / "encodings" / entry["file"]).read_bytes()
        codec = (entry["python_codec"] or label).lower()
        gold = body.decode(_GOLD.get(codec, codec), "replace").removeprefix("\ufeff")
        found = decode(body, label if with_label else "")
        if found.text == gold:
            right += 1
        else:
            wrong.append((entry["file"], label, found.encoding))
    assert right + len(wrong) >= 225
    assert len(wrong) <= allowed * right, wrong
