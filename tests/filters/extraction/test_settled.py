"""What libraries lose or show that a browser does not: lone characters, XHTML, formulas, hidden elements; NFC."""

import unicodedata
from typing import Any

import pytest

from filters import make
from filters.document import RawPage
from filters.extraction.lone_characters import marked, unmarked
from filters.extraction.xhtml import as_html, is_xml

FIRST = "The ferry leaves at noon, and nobody on the quay is in any hurry to board it."
LAST = "When the gulls return in the evening, the harbour master locks the little office."
BODY = f"<html><body><main><p>{FIRST}</p>%s<p>{LAST}</p></main></body></html>"


@pytest.fixture(scope="module")
def extract() -> Any:
    opened: dict[Any, Any] = {}

    def call(html: str, name: str = "extraction/resiliparse", content_type: str = "", **settings: Any) -> str:
        key = (name, tuple(settings.items()))
        if key not in opened:
            opened[key] = make(name, settings).open()  # type: ignore[attr-defined]
        headers = (("content-type", content_type),) if content_type else ()
        found = opened[key](RawPage("id", body=html.encode(), charset="utf-8", headers=headers))
        return str(getattr(found, "text", found))

    yield call
    for function in opened.values():
        function.close()


LONE = [
    ("<p><b>강</b>은 <a href=/>배</a>가 <a href=/>섬</a>으로</p>", "강은 배가 섬으로"),
    ("<p><a href=/>등대</a>와 <a href=/>항구</a>를</p>", "등대와 항구를"),
    ("<p><a href=/>神戸</a>の<a href=/>港</a>は</p>", "神戸の港は"),
    ("<p><a href=/>上海</a>的<a href=/>水</a></p>", "上海的水"),
    ("<p>x<i>—</i>y<i>’</i>z<i>€</i></p>", "x—y’z€"),
    ("<p>x<i>&mdash;</i>y<i>&#8217;</i>z<i>&#x20AC;</i>w<i>&#146;</i></p>", "x—y’z€w’"),
    ("<p>x<!-- -->배<!-- -->y</p>", "x배y"),
    ("<p>x<b> 배 </b>y</p>", "x 배 y"),
    ("<p>a<b>\u2003</b>b</p>", "a b"),
    ("<p>\n응\n</p>", "\n응\n"),
    ("<table><tr><td>값</td><td>둘</td></tr></table>", "값"),
    ("<h2>봄</h2>", "\n봄\n"),
    ("<p><span>★</span><span>★</span><span>☆</span></p>", "★★☆"),
    ("<ruby>漢<rp>(</rp><rt>한</rt><rp>)</rp></ruby>", "漢(한)"),
]


@pytest.mark.parametrize(("html", "expected"), LONE)
def test_lone_characters_stay(extract: Any, html: str, expected: str) -> None:
    assert expected in extract(BODY % html)


SPEAKING = [
    *("email", "share", "social", "sharing", "subscribe", "newsletter", "follow", "likes", "feedback", "facebook"),
    *("twitter", "login", "sign-in", "account", "user-info", "banner", "sponsor", "promoted", "donate", "advert"),
    *("logo", "spinner", "share-link", "btn-login"),
]


@pytest.mark.parametrize("name", ["span", "a", "code", "em", "strong", "sub", "abbr", "mark", "kbd", "B", "time"])
def test_no_class_takes_an_element_out_of_its_sentence(extract: Any, name: str) -> None:
    sentences = (
        "그는 {}을 모두 팔았다.",  # a particle touches
        "The clerk sold the {} on Monday.",  # words on both sides
        "{} was all that the clerk sold.",  # words on one side
        "what the clerk sold is the {}",
        "<b>({})</b>도",
        "<i>그</i><u>{}</u>은",
    )
    page = BODY % "".join(f"<div><div><p>{sentence}</p></div></div>" for sentence in sentences)
    expected = extract(page.format(*("지분" for _ in sentences)), inline_elements=True)
    for word in SPEAKING:
        for attribute in (f'class="{word}"', f"title=x CLASS='x {word}'", f"class={word}"):
            element = f"<{name} {attribute}>지분</{name}>"
            assert extract(page.format(*(element for _ in sentences)), inline_elements=True) == expected, element


def test_times_stay_in_their_sentences_only(extract: Any) -> None:
    page = BODY % "<p>등대는 <time datetime=1871>1871년</time>에 섰다.</p><p><time>아홉 시</time></p>"
    text = extract(page, inline_elements=True)
    assert "등대는 1871년에 섰다." in text and "아홉 시" not in text
    assert "1871년" not in extract(page)


@pytest.mark.parametrize(
    "hidden",
    [
        "<span class='share hidden'>",
        "<span class='visually-hidden email'>",
        "<span class=email hidden>",
        "<span class=email style='display:none'>",
        "<span class=email aria-hidden=true>",
        "<time hidden>",
    ],
)
def test_what_is_hidden_stays_out_of_sentences(extract: Any, hidden: str) -> None:
    name = hidden[1:].split()[0].rstrip(">")
    text = extract(BODY % f"<div><div><p>그는 {hidden}지분</{name}>을 팔았다.</p></div></div>", inline_elements=True)
    assert "그는 을 팔았다." in text


def test_buttons_and_blocks_go_by_their_class(extract: Any) -> None:
    buttons = "<div><p><a class=share href=/>퍼가기</a> <a class=login href=/>들어가기</a></p></div>"
    block = "<div>앞<span class=newsletter><p>받아보세요</p></span>뒤</div>"
    text = extract(BODY % f"<div>{buttons}{block}</div>", inline_elements=True)
    assert not any(word in text for word in ("퍼가기", "들어가기", "받아보세요"))


def test_selectors_find_elements_of_sentences(extract: Any) -> None:
    page = BODY % "<div><div><p>그는 <span class=share>지분</span>을 <time>오늘</time>은 팔았다.</p></div></div>"
    assert "그는 을 오늘은 팔았다." in extract(page, skip_elements=("span.share",), inline_elements=True)
    assert "그는 지분을 은 팔았다." in extract(page, skip_elements=("time",), inline_elements=True)


def test_a_run_of_four_words_on_one_side_is_a_sentence(extract: Any) -> None:
    element = "<span class=share>지분</span>"
    for text, kept in (
        (f"the clerk sold {element}", False),
        (f"the clerk sold all {element}", True),
        (f"the clerk sold all. {element}", False),
        (f"{element} the clerk sold", False),
        (f"{element} the clerk sold all", True),
    ):
        page = BODY % f"<div><div><div><p>{text}</p></div></div></div>"
        assert ("지분" in extract(page, inline_elements=True)) == kept, text


def _between(text: str) -> str:
    return text.partition(FIRST)[2].partition(LAST)[0].strip()


def test_lists_with_links_go_as_the_documentation_says(extract: Any) -> None:
    def kept(linked: int) -> bool:
        item = f"<li>{'a' * (100 - linked)}<a href=/>{'b' * linked}</a></li>"
        return bool(_between(extract(BODY % f"<div><div><div><ul>{item}</ul></div></div></div>")))

    assert kept(20) and not kept(21)


def test_lists_near_the_body_go_as_the_documentation_says(extract: Any) -> None:
    def kept(level: int) -> bool:
        divs = level - 2  # main is one level, and the list another
        return bool(_between(extract(BODY % f"{'<div>' * divs}<ul><li>고동 소리</li></ul>{'</div>' * divs}")))

    assert kept(4) and not kept(3)


def test_boxes_of_links_go_as_the_documentation_says(extract: Any) -> None:
    def kept(size: int, linked: int, attribute: str = "class=note") -> bool:
        box = f"<div {attribute}>{'a' * (size - linked)}<a href=/>{'b' * linked}</a></div>"
        return bool(_between(extract(BODY % f"<div><div><div>{box}</div></div></div>")))

    assert kept(100, 60) and not kept(100, 61)
    assert kept(1501, 1200) and not kept(1500, 1200)
    assert kept(100, 61, "title=note") and not kept(100, 61, "id=note")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<div class="sidebar"><p>고동 소리</p></div>', ""),
        ('<div class="related"><p>고동 소리</p></div>', ""),
        ('<div class="featured"><p>고동 소리</p></div>', ""),
        ('<div class="popular"><p>고동 소리</p></div>', ""),
        ('<div class="note"><p>자세히: <a href=/>고동 소리를 다룬 장</a></p></div>', ""),
        ("<p>관련 항목</p><ul><li><a href=/>고동 소리</a></li></ul>", "관련 항목"),
        ("<p>글은 <code class=email>고동</code>이 썼다.</p>", "글은 이 썼다."),
        *(
            (f"<p>글은 <a rel={rel} href=/>고동</a>이 썼다.</p>", "글은 이 썼다.")
            for rel in ("author", "tag", "next", "prev")
        ),
        ("<p>글은 <b class=hidden>고동</b>이 썼다.</p>", "글은 이 썼다."),
        ("<p><img alt=고동> 고동<a href=/><img alt=소리></a><a href=/><img alt=크게></a></p>", "고동 고동소리크게"),
    ],
)
def test_what_the_documentation_says_is_lost(extract: Any, html: str, text: str) -> None:
    assert _between(extract(BODY % f"<div><div><div>{html}</div></div></div>")) == text


@pytest.mark.parametrize("icon", ["\ue001", "\uf8ff", "&#xE001;", "&#57345;"])
def test_icons_of_icon_fonts_go(extract: Any, icon: str) -> None:
    for main_content in (True, False):
        if main_content:
            assert "x  y" not in extract(BODY % f"<p>x<i>{icon}</i>y</p>")
        assert unmarked(marked(f"<i>{icon}</i>")) == "<i></i>"
    assert "xy" in extract(BODY % f"<p>x<i>{icon}</i>y</p>")


def test_bare_is_what_the_library_gives(extract: Any) -> None:
    from resiliparse.extract.html2text import extract_plain_text

    for html, _ in LONE:
        assert extract(BODY % html, bare=True) == extract_plain_text(BODY % html, main_content=True)


@pytest.mark.parametrize(
    "page", ["", "강", "<p>", ">강", "강<", "<p>abc</p>", "<p>é</p>", "<p>&eacute;</p>", "<p>\U0001f600</p>"]
)
def test_what_needs_no_mark_comes_back_as_it_is(page: str) -> None:
    assert marked(page) is page or marked(page) == page


XHTML = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">%s</html>'
XML_PAGES = [
    ('<head><script src="a.js"/><title/></head>' + f"<body><p>{FIRST}</p><p>{LAST}</p></body>", [FIRST, LAST]),
    (f"<body><div id='a'/><p>{FIRST}</p><textarea/><p>{LAST}</p></body>", [FIRST, LAST]),
    (f"<body><p><![CDATA[{FIRST} 3 < 4 & 5]]></p><p>{LAST}</p></body>", [f"{FIRST} 3 < 4 & 5"]),
    (f"<head><script><![CDATA[ if (a<b) {{}} ]]></script></head><body><p>{FIRST}</p></body>", [FIRST]),
    (f"<body><p title='a > b'>{FIRST}</p><br></br><p>{LAST}</p></body>", [FIRST, LAST]),
]


@pytest.mark.parametrize(("page", "parts"), XML_PAGES)
@pytest.mark.parametrize("content_type", ["application/xhtml+xml; charset=utf-8", "text/xml", "application/xml", ""])
def test_xhtml_is_read_as_xml(extract: Any, page: str, parts: list[str], content_type: str) -> None:
    text = extract(XHTML % page, content_type=content_type)
    assert all(part in text for part in parts)
    assert "a<b" not in text
    assert "]]>" not in text


def test_prefixes_of_xhtml_go_and_others_stay() -> None:
    page = '<x:html xmlns:x="http://www.w3.org/1999/xhtml" xmlns:s="urn:s"><x:p>a</x:p><s:q/></x:html>'
    assert as_html(page).endswith("<p>a</p><s:q></s:q></html>")
    assert as_html('<!DOCTYPE html [ <!ENTITY a "b"> ]><html/>') == "<!DOCTYPE html><html></html>"


def test_a_page_sent_as_html_is_html(extract: Any) -> None:
    assert not is_xml("text/html", b"<?xml version='1.0'?><html>")
    assert "lost" not in extract(f"<body><p>{FIRST}</p><script/><p>lost</p></body>", content_type="text/html")


UNSHOWN = [
    "<noembed><p>hidden words</p></noembed>",
    "<noframes><p>hidden words</p></noframes>",
    "<iframe src=x><p>hidden words</p></iframe>",
    "<template><p>hidden words</p></template>",
    "<p>a<math><semantics><mi>m</mi><annotation encoding=x>hidden words</annotation></semantics></math></p>",
]


@pytest.mark.parametrize("html", UNSHOWN)
@pytest.mark.parametrize("name", ["extraction/resiliparse", "extraction/justext"])
def test_what_no_browser_shows_is_no_text(extract: Any, name: str, html: str) -> None:
    text = extract(BODY % html, name)
    assert "hidden" not in text
    assert "<p>" not in text


MATH = "<math><mi>E</mi><mo>=</mo><mi>m</mi></math>"
FORMULAS = [
    f"<span class=katex><span class=katex-mathml>{MATH}</span><span class=katex-html>E=m</span></span>",
    f"<span class=MathJax><nobr>E=m</nobr><span class=MJX_Assistive_MathML>{MATH}</span></span>",
    f"<span class=mwe-math-element><span>{MATH}</span><img alt='E=m' class=mwe-math-fallback-image-inline></span>",
]


@pytest.mark.parametrize("html", FORMULAS)
@pytest.mark.parametrize("main_content", [True, False])
def test_a_formula_comes_once(extract: Any, html: str, main_content: bool) -> None:
    assert extract(BODY % f"<p>so {html} holds</p>", main_content=main_content).count("E=m") == 1


NFC = "한국어 문장은 어느 컴퓨터에서 쓰였든 같은 글자다. Café Zürich, が行の文字。"


@pytest.mark.parametrize("name", ["extraction/resiliparse", "extraction/trafilatura", "extraction/plain"])
def test_documents_are_nfc_unless_bare(name: str) -> None:
    page = RawPage("id", body=unicodedata.normalize("NFD", NFC).encode(), media_type="text/plain", charset="utf-8")
    for settings, form in (({}, "NFC"), ({"bare": True}, "NFD")):
        function = make(name, settings).open()  # type: ignore[attr-defined]
        assert function(page).text == unicodedata.normalize(form, NFC)
        if hasattr(function, "close"):
            function.close()


def test_marks_of_byte_order_inside_and_unseen_lines_are_no_text() -> None:
    body = "\ufeff\ufeffone\n\u200b\n\u00ad \u3164\n\u2800\n \ntwo\ufeff three".encode()
    function = make("extraction/plain").open()  # type: ignore[attr-defined]
    page = RawPage("id", body=body, media_type="text/plain", charset="utf-8")
    assert function(page).text == "one\n\n\n\n \ntwo three"
