"""Finds addresses in running text: host names under a known top-level domain, and IPv4 addresses.

One pass over the bytes in time linear in their number, in place of two regular expressions that look back up to 256
characters from every position.
"""

import functools
import hashlib
import importlib.resources
import re

import numpy as np
import re2
from numba import njit

from filters.text.properties import ALPHANUMERIC, code_points
from filters.text.segments import BASIS, PRIME, code_point, encode, finish, hash_of

# Top-level domains that were withdrawn or never used, and so are missing in the Public Suffix List.
RETIRED = ("an", "bl", "bq", "eh", "mf", "tp", "um", "yu")

_BODY = np.zeros(128, dtype=np.bool_)
_BODY[[ord(c) for c in "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@:%._+~#="]] = True
_TAIL = _BODY.copy()
_TAIL[[ord(c) for c in "()?&/"]] = True
LONGEST_BODY = 256
# Under these a name counts without http://, www. or a path. Other domains are words or endings of files first
# (self.name, event.page, main.py); country codes count but for those that are.
_BARE = frozenset(("com", "net", "org", "edu", "gov", "mil", "biz"))
_WORDS = frozenset((
    "ad", "ai", "al", "am", "as", "at", "be", "by", "cd", "co", "cv", "do", "fm", "gl", "go", "id", "im", "in", "io",
    "is", "it", "la", "ma", "me", "mo", "ms", "mu", "my", "na", "ne", "no", "pa", "pe", "ps", "re", "sa", "sc", "sd",
    "se", "so", "st", "tf", "to", "tr", "tt", "us", "va", "vi",
))  # fmt: skip
_FILES = frozenset(("cc", "md", "mk", "ml", "mm", "mov", "pl", "pm", "ps", "pub", "py", "rs", "sh", "st", "zip"))
_SECOND_LEVEL = frozenset(("ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org", "pe", "re"))
_HOST = re.compile(r"[^/?#:()&]*")
MOST_SPACES = 10
# Four numbers of up to three digits, none above 299; bounded repeats only, so the time is linear in the text.
_IP = re.compile(
    rf"\s{{0,{MOST_SPACES}}}\b(?:(?:https?|ftp)://)?(?:[0-2]?[0-9]{{1,2}}\.){{3}}[0-2]?[0-9]{{1,2}}"
    r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"
)
_PERHAPS_IP = re2.compile(rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")


def snapshot() -> bytes:
    """The Public Suffix List that the tldextract package brings; raises OSError where it is missing."""
    return (importlib.resources.files("tldextract") / ".tld_set_snapshot").read_bytes()


def snapshot_hash() -> str:
    """SHA-256 of the list, in hexadecimal."""
    return hashlib.sha256(snapshot()).hexdigest()


@functools.cache
def top_level_domains() -> frozenset[str]:
    """Top-level domains in lower case, internationalised ones in their own script."""
    rules = snapshot().decode("utf-8").partition("===END ICANN DOMAINS===")[0].splitlines()
    names = (rule.strip().rpartition(".")[2].lstrip("!") for rule in rules if rule.strip() and rule[:2] != "//")
    return frozenset(names) | frozenset(RETIRED)


@functools.cache
def _tld_table() -> np.ndarray:
    """Open addressing over hash_of(domain), uint64, a power of two long; 0 is free."""
    domains = top_level_domains()
    table = np.zeros(1 << (2 * len(domains) - 1).bit_length(), dtype=np.uint64)
    mask = len(table) - 1
    for domain in domains:
        value = hash_of(domain)
        place = value & mask
        while table[place]:
            place = (place + 1) & mask
        table[place] = value
    return table


def begins_with_domain(text: str) -> bool:
    """Whether the first letters of a text, in any case, are those of some top-level domain."""
    head = text[:24].lower()
    domains = top_level_domains()
    return any(head[:length] in domains for length in range(2, len(head) + 1))


def find_urls(text: str, ascii_words: bool) -> tuple[bytes, list[tuple[int, int]]]:
    """The text in UTF-8 and the byte offsets of addresses with a host name, in order.

    A match is up to 10 white-space characters, http:// or https:// or ftp:// or none of them, up to 256 characters of a
    host, a dot, a top-level domain in lower case that ends at a word boundary, and what follows of a path.
    ascii_words   True: only ASCII letters, digits and _ continue a word, so that example.com에서 is found, and names
                  of files and attributes (main.py, self.id) are none;
                  False: words of every script do, and whatever ends in a domain is found
    """
    data = encode(text)
    spans = np.empty((text.count("."), 2), dtype=np.int64)
    found = _find_urls(data, code_points().properties, _tld_table(), ascii_words, spans)
    raw = data.tobytes()
    limit = 0
    widened = []
    for start, end in spans[:found].tolist():
        if start == limit or raw[start - 1] >= 128 or not _BODY[raw[start - 1]]:  # else the host was cut at 256
            for scheme in (b"http://", b"https://", b"ftp://"):
                if raw.endswith(scheme, limit, start):
                    start -= len(scheme)
                    break
            before = raw[max(limit, start - 3 * MOST_SPACES) : start].decode("utf-8", "replace")
            spaces = len(before) - max(len(before.rstrip()), len(before) - MOST_SPACES)
            start -= len(before[len(before) - spaces :].encode("utf-8"))
        if not ascii_words or _is_address(raw[start:end].decode("utf-8", "replace").strip()):
            widened.append((start, end))
            limit = end
    return raw, widened


def _is_address(found: str) -> bool:
    """Whether what ends in a domain is an address, and not the name of a file, an attribute or a module."""
    if "://" in found or "@" in found or found.startswith("www."):
        return True
    host = _HOST.match(found).group()  # type: ignore[union-attr]
    behind = found[len(host) :]
    labels = host.rstrip(".").split(".")
    domain = labels[-1]
    if behind[:1] == "(" or domain not in top_level_domains():
        return False  # a call, or a name that goes on after the domain: self.net.forward
    if domain in _BARE or (len(labels) > 2 and labels[-2] in _SECOND_LEVEL):
        return True
    if domain in _FILES:
        return False
    return behind[:1] == "/" and len(behind) > 1 if len(domain) > 2 or domain in _WORDS else True


def without_ips(text: str) -> str:
    """A text without IPv4 addresses, up to 10 white-space characters and a scheme before, and a path after each."""
    if not _PERHAPS_IP.search(text.encode("utf-8", "surrogatepass")):
        return text
    return _IP.sub("", text)


def without(raw: bytes, spans: list[tuple[int, int]]) -> str:
    """A text (UTF-8) without some spans, given in order as byte offsets."""
    kept, at = [], 0
    for start, end in spans:
        kept.append(raw[at:start])
        at = end
    kept.append(raw[at:])
    return b"".join(kept).decode("utf-8", "surrogatepass")


@njit(cache=True)
def _domain_end(data, i, properties, table, ascii_words):  # type: ignore[no-untyped-def]
    """End of the top-level domain that begins at i and ends at a word boundary; -1 if there is none."""
    value = BASIS
    mask = np.uint64(len(table) - 1)
    start = i
    ascii_only = True
    while i < len(data):
        point, width = code_point(data, i)
        if point >= 128 and ascii_words and ascii_only and i > start:
            break
        if properties[point] & ALPHANUMERIC == 0 and point != 95:
            break
        ascii_only &= point < 128
        value = (value ^ np.uint64(point)) * PRIME
        i += width
        if i - start > 80:  # longer than any domain
            return -1
    if i == start:
        return -1
    value = finish(value)
    place = value & mask
    while table[place] != 0:
        if table[place] == value:
            return i
        place = (place + np.uint64(1)) & mask
    return -1


@njit(cache=True)
def _find_urls(data, properties, table, ascii_words, spans):  # type: ignore[no-untyped-def]
    size = len(data)
    found = 0
    run = 0  # start of the run of host characters
    i = 0
    while i < size:
        byte = data[i]
        if byte >= 128 or not _BODY[byte]:
            i += 1
            run = i
            continue
        if byte != 46 or i == run:
            i += 1
            continue
        stop = _domain_end(data, i + 1, properties, table, ascii_words)
        if stop < 0:
            i += 1
            continue
        first = max(run, i - LONGEST_BODY)
        # the host is as long as it can be: look for a later domain in the same run
        j = i + 1
        while j < size and j - first <= LONGEST_BODY and data[j] < 128 and _BODY[data[j]]:
            if data[j] == 46:
                later = _domain_end(data, j + 1, properties, table, ascii_words)
                if later >= 0:
                    stop = later
            j += 1
        while stop < size and data[stop] < 128 and _TAIL[data[stop]]:
            stop += 1
        spans[found, 0], spans[found, 1] = first, stop
        found += 1
        run = i = stop
    return found
