"""The robots directives and the TDM reservation of a page, and where they stand."""

import re
from collections.abc import Iterator

from filters.credentials import without_credentials
from filters.document import RawPage
from filters.rights.optout import DIRECTIVES
from filters.rights.statements import Statement, header, statements
from filters.text.tags import HEAD, META

_TDM = "tdm-reservation"
# What the older directives are short for, or another way to say (Google's documentation of robots meta tags)
_MEANS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in DIRECTIVES if name != _TDM},
    "none": ("noindex", "nofollow"),
    "max-snippet:0": ("nosnippet",),
}
_WITH_VALUES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_COLON = re.compile(r"[ \t]*:[ \t]*")
_TOKEN = re.compile(r"[^\s,;]+")
_AGENT = re.compile(r"[a-z][a-z0-9._-]*")
MAX_VALUE = 10_000  # characters of a value that is read
_MAX_POLICY = 2_000


def directives(page: RawPage, agents: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(directive, place) for all that a page and its headers say to some agents, `robots` among them."""
    for value in header(page, "x-robots-tag"):
        for directive in _of_header(value, agents):
            yield directive, "header"
    for value in header(page, _TDM):
        if value.strip() == "1":
            yield _TDM, "header"
    for name, statement in _metas(page):
        content = statement.attributes.get("content", "")
        place = "head" if statement.place == HEAD else "body"
        if name in agents:
            for token in _tokens(content):
                for directive in _MEANS.get(token, ()):
                    yield directive, place
        elif name == _TDM and content.strip() == "1":
            yield _TDM, place


def _metas(page: RawPage) -> Iterator[tuple[str, Statement]]:
    for statement in page.derive(statements):
        if statement.kind == META:
            yield statement.attributes.get("name", "").strip().lower(), statement


def _tokens(value: str) -> list[str]:
    """The directives of a value: by the standard there are commas between, in practice often white space."""
    return _TOKEN.findall(_COLON.sub(":", value[:MAX_VALUE].lower()))


def _of_header(value: str, agents: frozenset[str]) -> Iterator[str]:
    """The directives of an X-Robots-Tag: `noai`, or `agent: noai, agent: noarchive`."""
    applies = True
    for token in _tokens(value):
        name, colon, rest = token.partition(":")
        if colon and name not in _WITH_VALUES and _AGENT.fullmatch(name):
            applies = name in agents
            token = rest
        if applies:
            yield from _MEANS.get(token, ())


def policy_of(page: RawPage) -> str:
    """The address of a page's TDM policy, without what an address must not hold; "" where there is none."""
    stated = [statement.attributes.get("content", "") for name, statement in _metas(page) if name == "tdm-policy"]
    for value in (*stated, *header(page, "tdm-policy")):
        address = "".join(letter for letter in value.strip() if letter.isprintable() and letter not in "<>\"'")
        if 0 < len(address) <= _MAX_POLICY:
            return without_credentials(address)
    return ""


__all__ = ["directives", "policy_of"]
