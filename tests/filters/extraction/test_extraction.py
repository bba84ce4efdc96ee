"""Extractors: what comes out, what is dropped, what is a fault, and that nothing is kept that was cut."""

import justext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.evaluation.extraction import evaluate, score
from filters import SettingsError, make
from filters.chain import close_all, opened
from filters.contracts import ResourceError
from filters.document import Document, Drop, Fault, RawPage
from filters.extraction import in_child
from filters.text.charset import decode
from tests.filters.extraction.pages import gold_pages

HTML = ("extraction/resiliparse", "extraction/trafilatura", "extraction/justext")
ALL = (*HTML, "extraction/plain")
SENTENCE = "갯벌에서 일하는 사람들은 시계보다 물때를 먼저 보고, 하루에 두 번 물이 들고 나는 것을 몸으로 안다. "
ENGLISH = "The man who mends the clocks of the town carries a bag of keys, and he knows them by their sound. "


def page(body, media_type="text/html", charset="", **more):
    return RawPage("id", "http://a.example/", body, media_type, charset, **more)


def article(paragraph, head=""):
    paragraphs = "".join(f"<p>{number}. {paragraph * 3}</p>" for number in range(1, 5))
    return f"<html><head>{head}<title>제목</title></head><body><article>{paragraphs}</article></body></html>"


@pytest.fixture(scope="module")
def extractors():
    functions = {}

    def get(name, **options):
        key = (name, tuple(sorted(options.items())))
        if key not in functions:
            functions[key] = make(name, options).open()
        return functions[key]

    yield get
    for function in functions.values():
        if hasattr(function, "close"):
            function.close()


@pytest.mark.parametrize("name", HTML)
@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
def test_korean_in_any_encoding(extractors, name, encoding):
    found = extractors(name)(page(article(SENTENCE).encode(encoding)))
    assert SENTENCE.strip() in found.text
    assert found.notes["encoding"] in ("utf-8", "euc-kr", "utf-16le")
    assert found.notes["replacement_ratio"] == 0


@pytest.mark.parametrize("name", ALL)
def test_what_is_known_of_a_page_goes_on(extractors, name):
    media_type = "text/plain" if name == "extraction/plain" else "text/html"
    body = SENTENCE if name == "extraction/plain" else article(SENTENCE)
    raw = page(body.encode(), media_type, date="2026-01-02T00:00:00Z", source="s", offset=7, notes={"a": 1})
    found = extractors(name)(raw)
    assert (found.id, found.url, found.date, found.source, found.offset) == (raw.id, raw.url, raw.date, "s", 7)
    assert found.notes["a"] == 1
    assert set(found.notes) == {"a", *make(name).writes}
    assert raw.notes == {"a": 1}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", [b"", b" \n\t ", "\u00a0\u3000\n".encode()])
@pytest.mark.parametrize("media_type", ["text/html", "text/plain"])
def test_no_text_is_dropped(extractors, name, body, media_type):
    found = extractors(name)(page(body, media_type))
    rule = "media_type" if (name, media_type) == ("extraction/plain", "text/html") else "empty"
    assert found.rule == rule


@pytest.mark.parametrize("name", HTML)
def test_markup_without_text_is_dropped(extractors, name):
    assert extractors(name)(page(b"<html><head></head><body><div></div><script>x()</script></body></html>")) == Drop(
        "empty"
    )


def test_plain_drops_html(extractors):
    assert extractors("extraction/plain")(page(b"<p>text</p>")) == Drop("media_type", "text/html", "text/plain")


@pytest.mark.parametrize("name", ALL)
def test_text_passes_through_as_it_is(extractors, name):
    text = "첫 줄\n\n  <b>둘째</b> 줄\t끝  \n"
    assert extractors(name)(page(text.encode(), "text/plain", "utf-8")).text == text
    controls = b"a little text without any " * 3 + b"b\x00c\x07d\r\ne\x7f"
    assert extractors(name)(page(controls, "text/plain")).text == "a little text without any " * 3 + "bcd\ne"


@pytest.mark.parametrize("name", ALL)
def test_text_too_long_is_a_fault(extractors, name):
    with pytest.raises(Fault, match="doc_too_long: 10000001 bytes, limit 10000000"):
        extractors(name)(page(b"x" * 10_000_001, "text/plain"))
    assert len(extractors(name)(page(b"x" * 10_000_000, "text/plain")).text) == 10_000_000


@pytest.mark.parametrize("name", HTML)
def test_html_too_big_is_a_fault(extractors, name):
    with pytest.raises(Fault, match="html_too_big: 10000001 bytes, limit 10000000"):
        extractors(name)(page(b"<p>" + b"x" * 9_999_998))
    extract = extractors(name, max_html=1000)
    with pytest.raises(Fault, match="html_too_big"):
        extract(page(b"<p>" + b"x" * 998))
    assert extract(page(b"<p>" + b"x" * 900 + b"</p><p>y</p>"))


@pytest.mark.parametrize("name", ALL)
def test_what_cannot_be_decoded_is_a_fault(extractors, name):
    mixed = article(SENTENCE).encode() + SENTENCE.encode("cp949") * 3 + SENTENCE.encode() * 3
    with pytest.raises(Fault, match="decode_error") as caught:
        extractors(name)(page(mixed, "text/plain" if name == "extraction/plain" else "text/html", "utf-8"))
    assert "갯벌" not in str(caught.value)


def test_replaced_characters_are_measured_in_the_text_too(extractors):
    # less than 1 % of the page, but most of its text
    body = b"<html><head><style>" + b"a{b:c}" * 2000 + b"</style></head><body><p>"
    body += "가나다라".encode() + b"\xff\xfe\xfd" * 4 + b"</p></body></html>"
    assert 0 < decode(body, "utf-8").replacement_ratio < 0.01
    with pytest.raises(Fault, match="decode_error"):
        extractors("extraction/resiliparse")(page(body, charset="utf-8"))


LXML = ("extraction/trafilatura", "extraction/justext")


@pytest.mark.parametrize("name", LXML)
@pytest.mark.parametrize("depth", [245, 249, 250, 251, 252, 253, 254, 300])
def test_deep_pages_are_kept_whole_or_fail(extractors, name, depth):
    body = "<html><body>" + "<div>" * depth + f"<p>{ENGLISH * 4}</p>" + "</div>" * depth
    body += f"<p>{ENGLISH * 4}END-MARK</p></body></html>"
    try:
        found = extractors(name)(page(body.encode()))
    except Fault as fault:
        assert fault.reason == "html_too_deep"
        assert depth > 245
    else:
        assert depth < 254
        assert "END-MARK" in found.text


@pytest.mark.parametrize("name", HTML)
def test_large_nodes_are_kept_whole_or_fail(extractors, name):
    body = f"<html><body><p>{ENGLISH * 4}</p><p>{'x' * 9_000_000}</p><p>{ENGLISH * 4}END-MARK</p></body></html>"
    try:
        found = extractors(name)(page(body.encode()))
    except Fault as fault:
        assert fault.reason in ("html_too_big", "extract_timeout")
    else:
        assert "END-MARK" in found.text


def test_nested_lists_do_not_blow_up():
    body = b"<ul><li>x" * 5_000
    extract = make("extraction/resiliparse", {"main_content": False}).open()
    with pytest.raises(Fault, match=r"extract_(output_too_big|oom|panic)"):
        extract(page(body))
    extract.close()


@pytest.mark.parametrize("name", LXML)
def test_repeatable_whatever_came_before(extractors, name):
    extract = extractors(name)
    bodies = [article(ENGLISH).encode(), article(ENGLISH + "Another line of it. ").encode(), article(SENTENCE).encode()]
    first = [extract(page(body)) for body in bodies]
    for _ in range(4):  # trafilatura's own cache would drop paragraphs seen three times
        assert [extract(page(body)) for body in reversed(bodies)] == first[::-1]


def test_trafilatura_removes_paragraphs_repeated_within_a_page(extractors):
    paragraphs = "".join(f"<p>{number}. {ENGLISH * 3}</p><p>{ENGLISH * 2}</p>" for number in range(8))
    body = f"<html><body><article>{paragraphs}</article></body></html>".encode()
    kept = extractors("extraction/trafilatura", deduplicate=False)(page(body)).text
    fewer = extractors("extraction/trafilatura")(page(body)).text
    assert kept.count("The man") == 8 * 5
    assert fewer.count("The man") == 8 * 3 + 3 * 2  # the fourth copy is one too many


def test_every_option_reaches_resiliparse(extractors):
    body = (
        b"<html><body><nav><a href='/n'>menu</a></nav><main><ul><li>point</li></ul><img alt='picture'>"
        b"<p><a href='http://l.example/'>link</a></p><input value='field'><noscript>without</noscript>"
        b"<div class='aside9'>skipped</div><p>body</p></main></body></html>"
    )

    def text(**options):
        return extractors("extraction/resiliparse", **options)(page(body)).text

    usual = text()
    assert "menu" not in usual
    assert "menu" in text(main_content=False)
    assert "•" in text(main_content=False)
    assert "•" not in text(main_content=False, list_bullets=False)
    assert "picture" in usual
    assert "picture" not in text(alt_texts=False)
    assert "l.example" not in usual
    assert "l.example" in text(links=True)
    assert "field" not in usual
    assert "field" in text(form_fields=True, main_content=False)
    assert "without" not in usual
    assert "without" in text(noscript=True)
    assert "skipped" in usual
    assert "skipped" not in text(skip_elements=(".aside9",))
    assert "\n" in usual
    assert "\n" not in text(preserve_formatting=False)
    assert "<p>" in text(preserve_formatting="minimal_html")


def test_justext_needs_no_stop_words_for_korean(extractors):
    for head in ("", "<meta charset=utf-8>"):
        for tag in ("<html>", '<html lang="ko">', '<html lang="en">'):
            body = article(SENTENCE, head).replace("<html>", tag).encode()
            assert SENTENCE.strip() in extractors("extraction/justext")(page(body)).text


def test_justext_stop_words_by_the_pages_language(extractors):
    body = article(ENGLISH).replace("<html>", '<html lang="en-GB">').encode()
    assert (
        extractors("extraction/justext")(page(body)).text
        == extractors("extraction/justext", stoplist="English")(page(body)).text
    )
    unknown = body.replace(b"en-GB", b"xx")
    assert "bag of keys" in extractors("extraction/justext")(page(unknown)).text


@pytest.mark.parametrize(
    ("lang", "stoplist"),
    [
        ("en", "English"),
        ("DE_at", "German"),
        (" nb-NO ", "Norwegian_Bokmal"),
        ("ko", "none"),
        ("", "none"),
        ("xx", "none"),
    ],
)
def test_stop_words_for_a_language(lang, stoplist):
    assert in_child.stoplist_of({"lang": lang}) == stoplist


def test_every_list_is_one_of_justext():
    assert set(in_child.STOPLISTS.values()) <= justext.get_stoplists()


def test_unknown_stop_words_are_told_before_a_run():
    with pytest.raises(ResourceError, match="no stop words for 'Klingon'"):
        make("extraction/justext", {"stoplist": "Klingon"}).check()


@pytest.mark.parametrize("settings", [{"timeout": 0}, {"memory": 1}, {"recycle": 0}, {"max_html": 0}])
@pytest.mark.parametrize("name", HTML)
def test_limits_are_validated(name, settings):
    with pytest.raises(SettingsError, match=next(iter(settings))):
        make(name, settings)


def test_time_is_limited():
    extract = make("extraction/resiliparse", {"timeout": 0.3}).open()
    with pytest.raises(Fault, match="extract_timeout"):
        extract(page(b"<div>" * 30_000 + b"x"))
    assert extract(page(b"<p>next</p>")).text == "next"
    assert extract.cpu_seconds > 0.2
    extract.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["<p>", "</p>", "<table>", "<td>", "<svg>", "<template>", "<!--", "<ul><li>", "&#xD83D;"]),
            st.text(max_size=20),
        ),
        max_size=40,
    )
)
def test_any_markup_gives_text_that_encodes(parts):
    body = "".join(parts).encode("utf-8", "surrogatepass")
    for name in ALL:
        for media_type in ("text/html", "text/plain"):
            try:
                found = opened(make(name))(page(body, media_type))
            except Fault as fault:
                assert fault.reason == "decode_error"
                continue
            if isinstance(found, Document):
                assert found.text.strip()
                found.text.encode()
                assert not set(map(chr, [*range(9), *range(11), *range(14, 32), 127])) - {"\t", "\n"} & set(found.text)


@pytest.fixture(scope="module", autouse=True)
def _close():
    yield
    close_all()


def test_as_good_as_the_libraries_called_directly(shared_data):
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    pages, rows = gold_pages(shared_data / "pages_gold", "aeb")
    golds = [row["text"] for row in rows]
    html = [decode(raw.body, raw.charset).text for raw in pages]
    direct = {
        "extraction/resiliparse": [extract_plain_text(text, main_content=True) for text in html],
        "extraction/trafilatura": [
            trafilatura.extract(text, include_comments=False, deduplicate=True) or "" for text in html
        ],
    }
    least = {"extraction/resiliparse": 0.88, "extraction/trafilatura": 0.94}
    for name, texts in direct.items():
        ours = evaluate(make(name), pages, golds, rounds=10)
        assert abs(ours.f1.value - score(texts, golds, rounds=10).f1.value) < 0.02
        assert ours.f1.value > least[name]
        assert ours.failed == 0


def test_the_same_korean_text_in_other_encodings(shared_data):
    pages, rows = gold_pages(shared_data / "pages_gold", "reencoded_cjk")
    twins = {}
    for name in {row["twin_set"] for row in rows}:
        for raw, row in zip(*gold_pages(shared_data / "pages_gold", name), strict=True):
            twins[row["url"]] = raw
    extract = make("extraction/resiliparse").open()
    try:
        equal = 0
        for raw, row in zip(pages, rows, strict=True):
            equal += extract(raw).text == extract(twins[row["twin_of"]]).text
        assert equal == len(pages)
    finally:
        extract.close()
