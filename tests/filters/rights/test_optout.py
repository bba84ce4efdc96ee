"""Robots directives and TDM reservations: where they count, for whom, and where they are none."""

import math

import pytest

import filters
from filters.chain import OpenStep, Step, apply
from filters.contracts import SettingsError
from filters.document import Document, RawPage
from filters.rights.optout import AGENTS, DIRECTIVES, OptOut
from filters.rules import failing

FUNCTION = OptOut().open()


def page(
    body: str | bytes = "", *headers: tuple[str, str], media_type: str = "text/html", charset: str = ""
) -> RawPage:
    data = body if isinstance(body, bytes) else body.encode()
    return RawPage("1", "https://a.example/", data, media_type, charset, headers)


def noted(*given, function=FUNCTION, **more) -> dict:
    made = page(*given, **more)
    return dict(function(made.document("text").of_page(made)).notes)


def robots(content: str, name: str = "robots") -> str:
    return f'<head><meta name="{name}" content="{content}"></head>'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (robots("noai"), "noai"),
        (robots("index, follow, max-image-preview:large, max-snippet:-1"), "none"),
        (robots("none"), "noindex,nofollow"),
        (robots("NOAI,NoImageAI"), "noai,noimageai"),
        (robots("noindex nofollow"), "noindex,nofollow"),
        (robots("max-snippet: 0"), "nosnippet"),
        (robots("max-snippet:01"), "none"),
        (robots("noaix, xnoai, no ai"), "none"),
        (robots("&#110;oai"), "noai"),
        (robots("noai", "GPTBot"), "noai"),
        (robots("noai", "googlebot"), "none"),  # what one search engine may do
        (robots("1", "tdm-reservation"), "tdm-reservation"),
        (robots(" 1 ", "TDM-Reservation"), "tdm-reservation"),
        (robots("0", "tdm-reservation"), "none"),
        (robots("true", "tdm-reservation"), "none"),  # the protocol knows 0 and 1
        (robots("noai") + robots("noarchive", "robots"), "noai,noarchive"),
        ("<META CONTENT=noai NAME=ROBOTS>", "noai"),
        ("<meta name=robots name=x content=noai content=index>", "noai"),  # the first of two counts
        ('<meta property="robots" content="noai">', "none"),
        ('<meta name="description" content="how noai works">', "none"),
        ("<!-- " + robots("noai") + " -->", "none"),
        ("<pre>" + robots("noai") + "</pre>", "none"),
        ("<script>'" + robots("noai") + "'</script>", "none"),
        ("<p>Write noai into the meta tag robots.</p>", "none"),
        ("<meta name='robots' content='noai", "none"),  # cut within the tag
        ("\0" * 80 + robots("noai") + "\0", "noai"),
        (robots(" " * 9_996 + "noai"), "noai"),
        (robots(" " * 9_997 + "noai"), "none"),  # a value longer than any that is meant
    ],
)
def test_what_a_page_says(body, found):
    assert noted(body)["optout"] == found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["noai"], "noai"),
        (["noai", "noarchive"], "noai,noarchive"),  # sent twice
        (["NoAI , NOINDEX"], "noai,noindex"),
        (["googlebot: noai"], "none"),
        (["CCBot: noai"], "noai"),
        (["googlebot: noindex, ccbot: noai, noarchive"], "noai,noarchive"),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"], "noai"),
        (["unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT", "noml"], "noml"),
        ([""], "none"),
        ([":"], "none"),
        (["ｎｏａｉ"], "none"),
        (["가나다: noai, noai"], "noai"),
    ],
)
def test_what_headers_say(values, found):
    for name in ("x-robots-tag", "X-Robots-Tag"):
        assert noted("", *((name, value) for value in values))["optout"] == found


def test_places_and_policy():
    found = noted(robots("noai") + "<body><meta name=robots content=noindex>", ("x-robots-tag", "noai"))
    assert found == {"optout": "noai,noindex", "optout_place": "body,head,header"}
    assert noted("", ("tdm-reservation", "1"), ("tdm-policy", "https://u:p@a.example/p\x07.json")) == {
        "optout": "tdm-reservation", "optout_place": "header", "tdm_policy": "https://a.example/p.json",
    }  # fmt: skip
    assert noted(robots("https://b.example/", "tdm-policy"), ("tdm-policy", "https://a.example/"))["tdm_policy"] == (
        "https://b.example/"
    )
    for length in (2_000, 2_001):
        assert ("tdm_policy" in noted(robots("x" * length, "tdm-policy"))) == (length == 2_000)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp949", "iso2022_kr"])
def test_pages_in_other_encodings(encoding):
    text = f"<html><title>가나다 그리고 마바사 아자차</title>{robots('noai')}"
    charset = "utf-16" if encoding.startswith("utf-16") else encoding
    assert noted(text.encode(encoding), charset=charset)["optout"] == "noai"


def test_xhtml_is_read_as_a_browser_reads_it():
    body = "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title/>" + robots("noai")
    assert noted(body, ("content-type", "application/xhtml+xml"))["optout"] == "noai"
    assert noted(body, ("content-type", "text/html"))["optout"] == "none"  # there a title without an end goes on


def test_what_carries_no_page_is_unknown_and_stays():
    judge = OptOut(drop=DIRECTIVES)
    function = judge.open()
    for made in (Document("1", "noai"), *(p.document("noai").of_page(p) for p in (
        page("noai", media_type="text/plain", charset="utf-8"),
        page("noai", ("WARC-Refers-To", "<urn:1>"), media_type="text/plain"),
    ))):  # fmt: skip
        scores = function(made)
        assert dict(scores.notes) == {"optout": "unknown"}
        assert all(math.isnan(value) for value in scores.signals.values())
        assert failing(judge.rules(), scores.signals, scores.notes) == ()
    # text that a server sent has headers, and a page that no server sent has markup
    assert noted("", ("x-robots-tag", "noai"), media_type="text/plain")["optout"] == "noai"
    assert noted("", ("content-type", "text/plain"), media_type="text/plain")["optout"] == "none"


def test_drops_are_those_asked_for_and_name_the_directive():
    made = page(robots("noai, noindex"))
    document = made.document("text").of_page(made)
    for settings, rule in (({}, None), ({"drop": ["noarchive"]}, None), ({"drop": ["noindex", "noai"]}, "noai")):
        step = OpenStep(Step("rights/optout", "rights/optout", filters.make("rights/optout", settings)))
        drop = apply(step, document).drop
        assert (drop and drop.rule) == rule
        assert rule is None or (drop.value, drop.threshold, drop.also_failed[0].rule) == (1.0, 0, "noindex")


def test_agents_are_a_setting():
    function = OptOut(agents=("Googlebot",)).open()
    assert noted(robots("noai", "googlebot"), function=function)["optout"] == "noai"
    assert noted(robots("noai", "CCBot"), function=function)["optout"] == "none"
    assert noted(robots("noai"), function=function)["optout"] == "noai"
    assert len(set(map(str.lower, AGENTS))) == len(AGENTS)
    with pytest.raises(SettingsError, match="drop"):
        filters.make("rights/optout", {"drop": ["noia"]})
    with pytest.raises(SettingsError, match="agents"):
        filters.make("rights/optout", {"agents": [""]})  # the name of every meta tag that has none
