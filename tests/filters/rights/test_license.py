"""Creative Commons licences: those of the page, and those of something on it."""

import math

import pytest

import filters
from filters.chain import OpenStep, Step, apply
from filters.contracts import SettingsError
from filters.document import Document
from filters.rights import marks
from filters.rights.creative_commons import KINDS, by_address, named_in
from filters.rights.license import License
from tests.filters.rights.test_optout import page
from tests.linear import grows_linearly

BY = "https://creativecommons.org/licenses/by/4.0/"
NC = "https://creativecommons.org/licenses/by-nc/4.0/"
FUNCTION = License(min_trust=1).open()


def noted(*given, function=FUNCTION, **more) -> dict:
    made = page(*given, **more)
    return dict(function(made.document("text").of_page(made)).notes)


def found_in(*given, **more) -> tuple:
    notes = noted(*given, **more)
    return notes["license_kind"], notes.get("license_trust", 0), notes.get("license_place", "")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (BY, "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by-sa/3.0/de/deed.en", "CC-BY-SA-3.0-DE"),
        ("//www.creativecommons.org/licenses/by-nd/2.0/kr/", "CC-BY-ND-2.0-KR"),
        ("https://CreativeCommons.org/licenses/BY-NC-ND/3.0/igo", "CC-BY-NC-ND-3.0-IGO"),
        ("http://creativecommons.org/licenses/by-nd-nc/1.0", "CC-BY-NC-ND-1.0"),
        ("http://creativecommons.org/licenses/by", "CC-BY"),
        ("https://creativecommons.org/licenses/by/4.0/?ref=chooser-v1", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/legalcode.de", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/deed.ko", "CC-BY-4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("http://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
        ("http://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
        ("http://creativecommons.org/licenses/sampling+/1.0/", "CC-SAMPLING+"),
        ("https://web.archive.org/web/20130307194448/http://creativecommons.org/licenses/by/3.0/", "CC-BY-3.0"),
        ("https://creativecommons.org/", None),
        ("https://creativecommons.org/licenses/", None),
        ("https://creativecommons.org/licenses/buy/4.0/", None),
        ("https://creativecommons.org/licenses/by-sa-nd/4.0/", None),
        ("https://creativecommons.org/licenses/by-by/4.0/", None),
        ("https://notcreativecommons.org/licenses/by/4.0/", None),
        ("https://a.example/?to=https://creativecommons.org/licenses/by/4.0/", None),
        ("https://a.example/creativecommons.org/licenses/by/4.0/", None),
    ],
)
def test_addresses_of_deeds(address, name):
    license = by_address(address)
    assert (license and license.name) == name
    assert license is None or license.kind in KINDS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Alle Inhalte CC BY-SA 4.0.", ["CC-BY-SA-4.0"]),
        ("Content is CC-BY unless noted", ["CC-BY"]),
        ("cc by nc nd 3.0", ["CC-BY-NC-ND-3.0"]),
        ("released as CC0", ["CC0"]),
        ("under a Creative Commons Attribution 4.0 International License", ["CC-BY-4.0"]),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported License", ["CC-BY-NC-SA-3.0"]),
        ("Creative Commons Attribution-Noncommercial-Share alike 3.0 United States License", ["CC-BY-NC-SA-3.0"]),
        ("the Creative Commons Attribution-ShareAlike License 4.0; additional terms", ["CC-BY-SA-4.0"]),
        ("Creative Commons BY-SA.", ["CC-BY-SA"]),
        ("크리에이티브 커먼즈 저작자표시-비영리-변경금지 4.0 국제 라이선스", ["CC-BY-NC-ND-4.0"]),
        ("CC 저작자표시-동일조건변경허락 2.0", ["CC-BY-SA-2.0"]),
        (f"see {NC} and CC BY", ["CC-BY-NC-4.0", "CC-BY"]),
        # what follows in other words could say anything
        ("Creative Commons Attribution - Pas d'Utilisation Commerciale 4.0", []),
        ("Creative Commons Attribution required, no other use", []),
        ("licensed under Creative Commons", []),
        ("a Creative Commons license", []),
        ("CC by email", []),
        ("cc by 2.0, CC BY", ["CC-BY-2.0", "CC-BY"]),
        ("acc by, CC BYE, CC-BY-XY, cc bync", []),
        ("Cc: by the way", []),
        ("저작자표시를 해 주세요", []),
    ],
)
def test_names_in_text(text, names):
    assert [license.name for _, license in named_in(text)] == names


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


OF_THE_PAGE = [
    (f'<meta name="license" content="{BY}">', "CC-BY", 5, "meta"),
    (f'<META CONTENT="see {BY}" NAME="DC.Rights">', "CC-BY", 5, "meta"),
    ('<meta property="dcterms:license" content="CC BY-ND 4.0">', "CC-BY-ND", 5, "meta"),
    (ld(f'{{"@type": "NewsArticle", "license": "{NC}"}}'), "CC-BY-NC", 4, "json-ld"),
    (ld(f'[{{"@graph": [{{"@type": ["X", "WebPage"], "license": {{"@id": "{BY}"}}}}]}}]'), "CC-BY", 4, "json-ld"),
    (f'<link rel="license" href="{BY}">', "CC-BY", 3, "link"),
    (f"<link href='{BY}' rel='alternate COPYRIGHT'>", "CC-BY", 3, "link"),
    (f'<body><p>a <a rel="license noopener" href="{BY}">b</a>', "CC-BY", 2, "rel"),
    (f'<body><footer>Content: <a href="{BY}">licence</a></footer>', "CC-BY", 2, "footer"),
    ("<body><div class='site-footer'><p>&copy; All texts <b>CC&nbsp;BY-SA</b> 4.0</div>", "CC-BY-SA", 2, "footer"),
    ("<footer><p>이 저작물은 크리에이티브 커먼즈\n저작자표시-비영리 4.0 라이선스</footer>", "CC-BY-NC", 2, "footer"),
    (f'<body><p>a <a href="{BY}">b</a>', "CC-BY", 1, "body"),
]


@pytest.mark.parametrize(("body", "kind", "trust", "place"), OF_THE_PAGE)
def test_a_licence_of_the_page_with_its_place_and_trust(body, kind, trust, place):
    assert found_in(body) == (kind, trust, place)


@pytest.mark.parametrize(
    "body",
    [
        f'<figure><img><figcaption><a rel="license" href="{BY}">CC BY</a></figcaption></figure>',
        f'<div class="wp-caption"><a rel=license href="{BY}">b</a></div>',
        f'<div class="photo-credit"><a rel=license href="{BY}">b</a></div>',
        f'<blockquote><a rel=license href="{BY}">b</a></blockquote>',
        f'<section id="comments"><a rel=license href="{BY}">b</a></section>',
        f'<pre><a rel="license" href="{BY}"></pre>',
        f'<code><meta name=license content="{BY}"></code>',
        f'<!-- <link rel="license" href="{BY}"> -->',
        f'<script>x = \'<a rel="license" href="{BY}">\'</script>',
        f'<template><a rel="license" href="{BY}"></template>',
        f'<a rel="license" about="/photo.jpg" href="{BY}">b</a>',
        f'<link rel="stylesheet" href="{BY}">',
        '<link rel="license" href="/imprint"><a rel=license href="#license">a</a>',
        ld(f'{{"@type": "ImageObject", "license": "{BY}"}}'),
        ld(f'{{"@type": "Article", "image": {{"@type": "ImageObject", "license": "{BY}"}}}}'),
        ld(f'{{"@type": "Dataset", "license": "{BY}"}}'),
        ld(f'{{"@type": "WebPage", "license": "{BY}"'),  # cut
        ld('{"@type": "WebPage", "license": ["", 5, null, {"url": 5}]}'),
        ld("[" * 100_000 + '"license"'),
        ld('{"@type": "Article", "license": ' + "1" * 10_000 + "}"),
        "<footer>Icons by somebody, CC BY 3.0</footer>",
        f'<footer>Map tiles: <a href="{BY}">CC BY</a></footer>',
        "<footer>지도 CC BY 3.0</footer>",
        "<footer>Published under a Creative Commons license.</footer>",
        "<p>Text under CC BY-SA 4.0.</p>",  # prose outside a footer may speak of anything
        '<meta name="description" content="All about CC BY 4.0">',
    ],
)  # fmt: skip
def test_a_licence_of_something_else_is_none_of_the_page(body):
    assert noted(f"<body>{body}") == {"license_kind": "none"}


def test_a_footer_speaks_of_what_it_named_last():
    said = "<footer>site design / logo by X; user contributions licensed under CC BY-SA</footer>"
    assert found_in(said) == ("CC-BY-SA", 2, "footer")
    assert found_in("<footer>Our content is free. Icons: CC BY</footer>") == ("none", 0, "")


def test_what_is_read_ends_at_its_limits():
    for length, kind in ((73, "none"), (74, "CC-BY")):  # with the blanks, 80 characters from the icons to the name
        assert found_in(f"<footer>icons {'a' * length} CC BY 4.0</footer>")[0] == kind
    for length, kind in ((marks.MAX_FOOTER - len("<footer> CC BY"), "CC-BY"), (marks.MAX_FOOTER, "none")):
        assert found_in(f"<footer>{'a' * length} CC BY</footer>")[0] == kind
    article = f'{{"@type": "Article", "license": "{BY}"}}'
    for depth, kind in ((20, "CC-BY"), (21, "none")):
        assert found_in(ld("[" * depth + article + "]" * depth))[0] == kind
    for more, kind in ((0, "CC-BY"), (1, "none")):
        assert found_in(ld(article + " " * (marks.MAX_JSON - len(article) + more)))[0] == kind


def test_the_highest_place_counts_and_there_what_permits_least():
    both = f'<meta name=license content="{BY}"><link rel=license href="{NC}">'
    assert found_in(both) == ("CC-BY", 5, "meta")
    made = page(both + f'<a rel=license href="{NC}">')
    assert FUNCTION(made.document("").of_page(made)).signals == {"license_kinds": 2.0}
    links = [f'<link rel=license href="{address}">' for address in (BY, NC)]
    for order in ("".join(links), "".join(links[::-1])):
        assert found_in(order) == ("CC-BY-NC", 3, "link")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f'<{NC}>; rel="license"', "CC-BY-NC"),
        (f"<{NC}>; rel=license", "CC-BY-NC"),
        (f'</a.css>; rel=preload, <{NC}>; title="a, b"; rel="x LICENSE"', "CC-BY-NC"),
        (f'<{NC}>; rel="next"', "none"),
        (f"<{NC}; rel=license", "none"),
        ("rel=license", "none"),
    ],
)
def test_the_header_link(value, kind):
    assert found_in("", ("Link", value))[0] == kind


def test_pages_in_cp949_and_utf_16():
    text = f"<html><head><title>가나다</title><link rel=license href='{BY}'></head><footer>CC BY"
    assert found_in(text.encode("utf-16"))[:2] == ("CC-BY", 3)
    footer = "<html><footer>모든 글은 크리에이티브 커먼즈 저작자표시-변경금지 2.0 대한민국 라이선스를 따릅니다</footer>"
    assert found_in(footer.encode("cp949"), charset="euc-kr") == ("CC-BY-ND", 2, "footer")


def judged(settings: dict, *bodies: str) -> list:
    step = OpenStep(Step("rights/license", "rights/license", filters.make("rights/license", settings)))
    made = [page(body) for body in bodies]
    drops = [apply(step, one.document("text").of_page(one)).drop for one in made]
    return [(drop.rule, drop.value) if drop else None for drop in drops]


def test_trust_and_kinds_decide_when_asked_to():
    bodies = [body for body, *_ in OF_THE_PAGE]
    assert judged({}, *bodies) == [None] * len(bodies)
    kept = judged({"keep": ["CC-BY"]}, *bodies)
    trusted = [kind if trust >= 2 else "none" for _, kind, trust, _ in OF_THE_PAGE]
    expected = [None if kind == "CC-BY" else kind for kind in trusted]
    assert [drop and drop[1] for drop in kept] == expected
    assert judged({"keep": ["CC-BY"], "min_trust": 1}, bodies[-1]) == [None]
    assert judged({"keep": ["CC-BY"], "min_trust": 4}, bodies[5]) == [("license_kind", "none")]
    assert judged({"keep": ["none"]}, "<p>", bodies[0]) == [None, ("license_kind", "CC-BY")]
    two = f'<link rel=license href="{BY}"><link rel=license href="{NC}">'
    assert judged({"max_kinds": 1}, two, bodies[5]) == [("license_kinds", 2.0), None]
    for wrong in ({"keep": ["BY"]}, {"min_trust": 0}, {"min_trust": 6}, {"max_kinds": 0}):
        with pytest.raises(SettingsError):
            filters.make("rights/license", wrong)


def test_a_document_without_a_page_is_unknown():
    scores = FUNCTION(Document("1", f"CC BY 4.0 {BY}"))
    assert dict(scores.notes) == {"license_kind": "unknown"} and math.isnan(scores.signals["license_kinds"])
    step = OpenStep(Step("l", "l", License(keep=("CC-BY",))))
    assert apply(step, Document("1", "a")).drop.value == "unknown"
    assert apply(OpenStep(Step("l", "l", License(keep=("CC-BY", "unknown")))), Document("1", "a")).drop is None


@pytest.mark.parametrize(
    "unit",
    [
        "<footer>CC BY", "<footer>CC BY <", "<footer><!--CC BY", "<footer><a href=creativecommons ",
        "<footer>icon CC BY ", f"<a rel=license href={BY}>", f"<meta name=license content='{BY}'>",
        "<meta name=license a='" + "b" * 40, ld('{"license": 1}'), "<footer>Creative Commons Attribution, , ",
    ],
)  # fmt: skip
def test_cost_is_linear(unit):
    def judge(body: bytes) -> None:
        made = page(body)
        FUNCTION(made.document("").of_page(made))

    assert grows_linearly(judge, lambda size: unit.encode() * (size // len(unit)), 10_000)
