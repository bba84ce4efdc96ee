"""Credentials in addresses: every form a browser reads as such goes, and what only looks like one stays."""

import pytest

import filters
from filters.contracts import ResourceError
from filters.credentials import masked, without_credentials
from pipelines.reading.pages import clean_url
from tests.linear import grows_linearly

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ann:hunter2@shop.example/a?b#c", "https://shop.example/a?b#c"),
        ("https://ann@shop.example/", "https://shop.example/"),
        ("HTTPS://ann:hunter2@shop.example", "HTTPS://shop.example"),
        (r"https:/\ann:hunter2@shop.example/", r"https:/\shop.example/"),
        (r"https:\\ann:hunter2@shop.example/", r"https:\\shop.example/"),
        ("https:ann:hunter2@shop.example/", "https:shop.example/"),
        ("https:////ann:hunter2@shop.example/", "https:////shop.example/"),
        ("//ann:hunter2@shop.example/", "//shop.example/"),
        ("https://ann:hunter2@really@shop.example/", "https://shop.example/"),
        ("https://ann:hunter2/4@shop.example/", "https://shop.example/"),
        ("https://ann:hunter2?x#y@shop.example/", "https://shop.example/"),
        ("https://ann:hunter 2@shop.example/", "https://shop.example/"),
        ("view-source:https://ann:hunter2@shop.example/", "view-source:https://shop.example/"),
        ("https://archive.example/web/2020/https://ann:hunter2@shop.example/", "https://archive.example/web/2020/https://shop.example/"),
        ("https://go.example/?to=https://ann:hunter2@shop.example/&n=1", "https://go.example/?to=https://shop.example/&n=1"),
        ("https://go.example/?to=https%3A%2F%2Fann%3Ahunter2%40shop.example%2F", "https://go.example/?to=https%3A%2F%2Fshop.example%2F"),
        ("https://a:hunter2@go.example/?to=ftp%3a%2f%2fann:hunter2%40shop.example", "https://go.example/?to=ftp%3a%2f%2fshop.example"),
        ("git+ssh://git:hunter2@code.example/r.git", "git+ssh://code.example/r.git"),
        ("https:%0A//ann:hunter2@shop.example/", "https:%0A//shop.example/"),
    ],
)  # fmt: skip
def test_credentials_leave(url, expected):
    assert without_credentials(url) == expected
    assert without_credentials(expected) == expected


@pytest.mark.parametrize(
    "raw", ["\x01 https://ann:hunter2@shop.example/", "ht\ttps://ann:hunter2@shop.example/", "https:\n//ann:hunter2@h/"]
)
def test_control_characters_hide_nothing(raw):
    assert SECRET not in clean_url(raw)
    assert SECRET not in clean_url(raw.encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example:8080/pictures/dog@2x.png",
        "https://video.example/@channel/about",
        "https://shop.example/?mail=ann@post.example",
        "https://shop.example/a:b/c@d",
        "https://shop.example/search?q=a%40b",
        "https://go.example/?to=https%3A%2F%2Fshop.example%2F%40channel",
        "https://web.archive.example/web/2020/http://shop.example/@channel",
        "urn:uuid:3f2c@x",
        "https://[2001:db8::1]:8080/@a",
        "",
    ],
)
def test_what_is_no_credential_stays(url):
    assert without_credentials(url) == url


@pytest.mark.parametrize("piece", ["https:", "https:/", "a:b@", "https%3A%2F%2F", "//", "https://a:b/", "%40"])
def test_addresses_cost_in_proportion_to_their_length(piece):
    assert grows_linearly(without_credentials, lambda size: piece * (size // len(piece)) + "@%40", 20_000)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("model https://user:word@host.example/m.bin: no", "model https://host.example/m.bin: no"),
        ("model 'https://user:word@host.example/m.bin': no", "model 'https://host.example/m.bin': no"),
        ("https://host.example/m.bin?token=abc&x=1 is gone", "https://host.example/m.bin?… is gone"),
        ("s3://KEY:SECRET@bucket/a.gz", "s3://bucket/a.gz"),
        ("a@b.example: no such file?", "a@b.example: no such file?"),
        ("out/a@b: is a file; mail ann@post.example", "out/a@b: is a file; mail ann@post.example"),
        (r"see https:/\ann:hunter2@host.example: no", r"see https:/\host.example: no"),
        ("see https:ann:hunter2@host.example, then", "see https:host.example, then"),
        ("at view-source:https://ann:hunter/2@host.example/", "at view-source:https://host.example/"),
        ("at https://go.example/#https%3A%2F%2Fann%3Ahunter2%40host.example", "at https://go.example/#https%3A%2F%2Fhost.example"),
    ],
)  # fmt: skip
def test_messages_show_no_credentials(shown, expected):
    assert masked(shown) == expected


@pytest.mark.parametrize(
    "model",
    [
        "https://me:hunter2@host.example/m.bin?sig=xyz",
        r"https:/\me:hunter2@host.example/m.bin",
        "https:me:hunter2@host.example/m.bin",
        "https://me:hunter2/4@host.example/m.bin",
        "https://me:hunter2 is it@host.example/m.bin",
        "view-source:https://me:hunter2@host.example/m.bin",
        "\x01https://me:hunter2@host.example/m.bin",
    ],
)
def test_a_model_behind_credentials_that_cannot_be_read_shows_none(model):
    with pytest.raises(ResourceError) as caught:
        filters.make("quality/fasttext", {"model": model}).check()
    assert "host.example" in str(caught.value)
    for secret in ("hunter2", "xyz", "is it"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("piece", ["https:", "a:b@", "https://a:b/", "https://a?", "%40 ", "@"])
def test_messages_cost_in_proportion_to_their_length(piece):
    assert grows_linearly(masked, lambda size: piece * (size // len(piece)) + "@%40", 20_000)
