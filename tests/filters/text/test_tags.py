"""Which tags of a page are markup, and where they stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from filters.text.tags import ANCHOR, BODY, FOOTER, HEAD, IN_FOOTER, IN_ITEM, JSON_LD, LINK, META, tags
from tests.linear import grows_linearly

ROBOTS = '<meta name="robots" content="noai">'
NOT_MARKUP = [
    "<!-- {} -->",
    "<!--{}",
    "<!-- -- > {} -->",
    "<script>document.write('{}')</script>",
    "<script><!-- <script> </script> {} --></script>",
    "<SCRIPT type=text/template>{}</SCRIPT >",
    "<style>{}</style>",
    "<title>{}</title>",
    "<textarea>{}</textarea>",
    "<template><div>{}</div></template>",
    "<pre>{}</pre>",
    "<p>say <code>{}</code> to them</p>",
    "<noframes>{}</noframes>",
    "<xmp>{}</xmp>",
    "<plaintext>{}",
    "<img alt='{}' src=\"a.png\">",
    "<p title='{}'>",
    "<? {} ?",
]
MARKUP = [
    "{}",
    "<!-- a --><!----><!--> {}",
    "<!-- a --!> {}",
    "<script>if (a < b && '</scr' + 'ipt>') x</script>{}",
    "<script><!-- <script> </script> --></script>{}",
    "<p title=it's>{}",
    "<p \"quoted' name=>{}",
    '<!DOCTYPE html PUBLIC "-//W3C//DTD">{}',
    "<noscript>{}</noscript>",
    "< p>{}",
    "<a <b>{}",
    "</ comment '> {}",
    "a < b {}",
    "<pre>x</pre>{}",
    "<template><template></template></template>{}",
    "<script/>a</script>{}",
]


@pytest.mark.parametrize("page", NOT_MARKUP)
def test_what_a_parser_takes_for_text_has_no_tags(page):
    assert tags(page.replace("{}", ROBOTS).encode()) == ()


@pytest.mark.parametrize("page", MARKUP)
def test_what_a_parser_takes_for_markup_has(page):
    assert [tag.data.decode() for tag in tags(page.replace("{}", ROBOTS).encode())] == [ROBOTS]


def _by_a_parser(page: str) -> int:
    metas = HTMLTree.parse(page).document.get_elements_by_tag_name("meta")
    return sum("noai" in meta.html for meta in metas)


PIECES = [
    ROBOTS, "<p>", "</p>", "<!--", "-->", "<script>", "</script>", "<style>", "</style>", "text", "<div class='a'>",
    "</div>", "<title>", "</title>", '<img alt="', '">', "<a href='x", "'>", "<textarea>", "</textarea>", " ", "<", ">",
    "<!-", "--!>", "<br/>", "<META NAME=robots CONTENT=noai>", "=", "/", "&amp;", "가", "<b\n", "</b",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=400, deadline=None)
def test_pages_agree_with_a_parser_of_the_standard(page: str) -> None:
    found = sum(tag.kind == META and b"noai" in tag.data for tag in tags(page.encode()))
    assert found == _by_a_parser(page)


@given(st.binary(max_size=80) | st.lists(st.sampled_from([*PIECES, "<footer>", "<pre>"]), max_size=40).map("".join))
@settings(max_examples=200, deadline=None)
def test_tags_are_parts_of_the_page(page: str | bytes) -> None:
    data = page if isinstance(page, bytes) else page.encode()
    for tag in tags(data):
        assert tag.data in data
        assert tag.kind == JSON_LD or tag.data[:1] == b"<"


def test_every_kind_and_place():
    page = (
        "<html><head><meta name=license content=x><link rel='license' href=y>"
        '<script type="application/ld+json">{"license": 1}</script></head>'
        "<body><a href=z>no mark</a><a rel=LICENSE href=a>b</a><figure><a rel=license href=c></a></figure>"
        "<div class='wp-caption'><div><a rel=license></a></div></div><a rel=license href=d>"
        "<div id=page-footer><div></div><a rel=license href=e></div><a rel=license href=f></body>"
    )
    found = [(tag.kind, tag.place, tag.data.decode()) for tag in tags(page.encode())]
    footer = "<div id=page-footer><div></div><a rel=license href=e></div>"
    assert found == [
        (META, HEAD, "<meta name=license content=x>"),
        (LINK, HEAD, "<link rel='license' href=y>"),
        (JSON_LD, HEAD, '{"license": 1}'),
        (ANCHOR, BODY, "<a rel=LICENSE href=a>"),
        (ANCHOR, IN_ITEM, "<a rel=license href=c>"),
        (ANCHOR, IN_ITEM, "<a rel=license>"),
        (ANCHOR, BODY, "<a rel=license href=d>"),
        (FOOTER, IN_FOOTER, footer),
        (ANCHOR, IN_FOOTER, "<a rel=license href=e>"),
        (ANCHOR, BODY, "<a rel=license href=f>"),
    ]


def test_more_tags_than_there_is_room_for_at_first():
    assert len(tags((ROBOTS + "<footer></footer>").encode() * 1000)) == 2000
    assert len(tags(b"<footer>" * 1000)) == 1


@pytest.mark.parametrize(
    "page", [b"", b"<", b"</", b"<!", b"<!-", b"<!--", b"<a", b"<a ", b"<a b", b"<a b=", b"<a b='", b"\0<\0"]
)
def test_pages_that_end_anywhere(page):
    assert tags(page) == ()


@pytest.mark.parametrize(
    "unit",
    [
        "<", "<!--", "<script>", "</", "<a b='", "<meta content=none>", "<div class=caption>", "<footer>",
        "<a " + "c" * 50, "<script><!--", "-", "<meta none=",
    ],
)  # fmt: skip
def test_cost_is_linear(unit):
    assert grows_linearly(tags, lambda size: unit.encode() * (size // len(unit)), 30_000)
