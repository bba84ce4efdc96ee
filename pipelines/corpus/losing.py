"""Hosts and sources that lose nearly all of their documents to others: a template, or a rule that takes too much."""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

LOSING_SHARE = 0.95
LOSING_DOCUMENTS = 20  # below, losing nearly all of them is no news
SHOWN = 10
EXAMPLES = 3

Place = tuple[str, str]  # ("host" or "source", its name)
Example = tuple[int, str, str]  # (hash, id of the document dropped, id of the one kept)


class Losses(NamedTuple):
    """What a host or a source loses: its documents, those dropped, and EXAMPLES of these, by hash."""

    documents: int = 0
    lost: int = 0
    examples: tuple[Example, ...] = ()


def together(parts: Iterable[Losses]) -> Losses:
    """The sum of losses of parts of a corpus."""
    documents = lost = 0
    examples: list[Example] = []
    for part in parts:
        documents, lost = documents + part.documents, lost + part.lost
        examples = sorted({*examples, *part.examples})[:EXAMPLES]
    return Losses(documents, lost, tuple(examples))


def host(url: str) -> str:
    """The host of an address without "www."; "" where there is none."""
    plain = _PLAIN.match(url)
    return _host(plain[0]) if plain else _parsed(url)


# The plain beginning of an address, up to its host: there are fewer of these than addresses, and parsing takes long.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[A-Za-z0-9._:@-]{1,300}(?=[/?#])")


@functools.lru_cache(1 << 16)
def _host(start: str) -> str:
    return _parsed(start)


def _parsed(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def places(url: str, source: str) -> tuple[Place, ...]:
    """The host and the source of a document, as far as they are known."""
    found = ("host", host(url)), ("source", source)
    return tuple(place for place in found if place[1])


def losses(
    urls: Sequence[str], sources: Sequence[str], lost: Iterable[tuple[int, Example]] = ()
) -> dict[Place, Losses]:
    """The losses of all hosts and sources among some documents; lost: (number of the document, example)."""
    documents: dict[Place, int] = {}
    for url, source in zip(urls, sources, strict=True):
        for place in places(url, source):
            documents[place] = documents.get(place, 0) + 1
    gone: dict[Place, list[Example]] = {}
    for number, example in lost:
        for place in places(urls[number], sources[number]):
            gone.setdefault(place, []).append(example)
    return {
        place: Losses(count, len(gone.get(place, ())), tuple(sorted(gone.get(place, ()))[:EXAMPLES]))
        for place, count in documents.items()
    }


def is_losing(found: Losses) -> bool:
    """Whether nearly all of enough documents were dropped."""
    return found.documents >= LOSING_DOCUMENTS and found.lost > LOSING_SHARE * found.documents


def shown(found: Iterable[tuple[Place, Losses]]) -> list[dict[str, Any]]:
    """The hosts and sources that lose nearly all, those that lose most first, as plain data."""
    losing = sorted((one for one in found if is_losing(one[1])), key=lambda one: (-one[1].lost, one[0]))
    return [
        {
            "kind": kind,
            "name": name,
            "documents": one.documents,
            "lost": one.lost,
            "examples": [{"id": gone, "kept_id": kept} for _, gone, kept in one.examples],
        }
        for (kind, name), one in losing[:SHOWN]
    ]


def warnings(losing: Iterable[dict[str, Any]]) -> list[str]:
    """A sentence for each."""
    return [
        f"{one['kind']} {one['name']} loses {one['lost']} of {one['documents']} documents "
        f"({100 * one['lost'] / one['documents']:.1f} %), for example "
        + " and ".join(f"{pair['id']} (kept: {pair['kept_id']})" for pair in one["examples"][:2])
        for one in losing
    ]
