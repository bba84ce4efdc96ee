"""Addresses found by the kernel and by the regular expression it stands for."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.urls import begins_with_domain, find_urls, top_level_domains, without, without_ips
from tests.linear import grows_linearly, repeated

PARTS = st.sampled_from(
    [
        *(
            "http://",
            "https://",
            "ftp://",
            "www.",
            "a.com",
            "b.co.kr",
            "x",
            " ",
            "\n",
            "\u3000",
            ".",
            "/p?q=1&r",
            "에서",
        ),
        *(
            "한국",
            ".한국",
            "1.2.3.4",
            "300.",
            "12.255.",
            "_",
            "(",
            ")",
            "@",
            "kr",
            "net.",
            "-",
            "1",
            "s",
            "é",
            "a" * 260,
        ),
    ]
)
HOST = re.compile(
    r"\s{0,10}(?:(?:https?|ftp)://)?[-a-zA-Z0-9@:%._+~#=]{1,256}\.(?:"
    + "|".join(sorted(filter(str.isalnum, top_level_domains()), key=len, reverse=True))
    + r")\b[-a-zA-Z0-9()@:%_+.~#?&/=]*"
)


def removed(text: str, ascii_words: bool) -> str:
    return without(*find_urls(text, ascii_words))


@given(st.lists(PARTS, max_size=9).map("".join))
@settings(max_examples=100, deadline=None)
def test_addresses_are_those_of_the_expression(text: str) -> None:
    assert removed(text, False) == HOST.sub("", text)


def test_korean_particles_end_a_domain_only_with_ascii_words() -> None:
    assert removed("자세한 것은 example.com에서 보라", True) == "자세한 것은에서 보라"
    assert removed("자세한 것은 example.com에서 보라", False) == "자세한 것은 example.com에서 보라"
    assert removed("주소는 예시.com 또는 test.한국 이다", True) == "주소는 예시.com 또는 이다"


def test_ips() -> None:
    assert without_ips("at 10.0.0.1:80/x now") == "at now"
    assert without_ips("version 1.2.3 of 300.1.2.3") == "version 1.2.3 of 300.1.2.3"
    assert without_ips("x http://1.2.3.4/a 끝") == "x 끝"


def test_top_level_domains() -> None:
    assert {"com", "kr", "한국", "an"} <= top_level_domains()
    assert "html" not in top_level_domains()
    assert begins_with_domain("Company news") and begins_with_domain("An apple")
    assert not begins_with_domain("Rate this") and not begins_with_domain("") and not begins_with_domain("한글")


@pytest.mark.parametrize("unit", ["a.", "a.com ", "aaaa", ".com", " ", "1.2.3.", "http://"])
def test_cost_is_linear(unit: str) -> None:
    assert grows_linearly(lambda text: (removed(text, True), without_ips(text)), repeated(unit), 200_000)
