"""Finds addresses in running text: host names under a known top-level domain, and IPv4 addresses.

One pass over the bytes in time linear in their number, in place of two regular expressions that look back up to 256
characters from every position.
"""

import functools
import hashlib
import importlib.resources

import numpy as np
from numba import njit

from filters.text.properties import ALPHANUMERIC, SPACE, code_points
from filters.text.segments import BASIS, PRIME, code_point, encode, finish, hash_of

# Top-level domains that were withdrawn or never used, and so are missing in the Public Suffix List.
RETIRED = ("an", "bl", "bq", "eh", "mf", "tp", "um", "yu")

_BODY = np.zeros(128, dtype=np.bool_)
_BODY[[ord(c) for c in "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@:%._+~#="]] = True
_TAIL = _BODY.copy()
_TAIL[[ord(c) for c in "()?&/"]] = True
LONGEST_BODY = 256
MOST_SPACES = 10


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


def find_urls(text: str, ascii_words: bool) -> tuple[np.ndarray, np.ndarray]:
    """(data, spans) of addresses with a host name: the text in UTF-8, and int64 byte offsets of shape (n, 2).

    A match is up to 10 white-space characters, http:// or https:// or ftp:// or none of them, up to 256 characters of a
    host, a dot, a top-level domain in lower case that ends at a word boundary, and what follows of a path.
    ascii_words   True: only ASCII letters, digits and _ continue a word, so that example.com에서 is found;
                  False: those of every script do
    """
    data = encode(text)
    spans = np.empty((text.count("."), 2), dtype=np.int64)
    found = _find_urls(data, code_points().properties, _tld_table(), ascii_words, spans)
    return data, spans[:found]


def find_ips(text: str) -> tuple[np.ndarray, np.ndarray]:
    """(data, spans) of IPv4 addresses with the white space before and the path behind; as find_urls."""
    data = encode(text)
    spans = np.empty((text.count("."), 2), dtype=np.int64)
    return data, spans[: _find_ips(data, code_points().properties, spans)]


def without(data: np.ndarray, spans: np.ndarray) -> str:
    """A text (UTF-8, uint8) without some spans: byte offsets of shape (n, 2), in order."""
    raw = data.tobytes()
    kept, at = [], 0
    for start, end in spans.tolist():
        kept.append(raw[at:start])
        at = end
    kept.append(raw[at:])
    return b"".join(kept).decode("utf-8", "surrogatepass")


@njit(cache=True)
def _spaces_before(data, at, limit, properties):  # type: ignore[no-untyped-def]
    """Where up to ten white-space characters before `at` begin, not before `limit`."""
    for _ in range(MOST_SPACES):
        back = at - 1
        while back >= limit and data[back] & 0xC0 == 0x80:
            back -= 1
        if back < limit:
            break
        point, _width = code_point(data, back)
        if properties[point] & SPACE == 0:
            break
        at = back
    return at


@njit(cache=True)
def _scheme_before(data, at, limit):  # type: ignore[no-untyped-def]
    """Where http://, https:// or ftp:// before `at` begins, not before `limit`; `at` if there is none."""
    if at - 6 < limit or data[at - 1] != 47 or data[at - 2] != 47 or data[at - 3] != 58:
        return at
    p = at - 4
    if data[p] == 112 and data[p - 1] == 116 and data[p - 2] == 102:  # p t f
        return p - 2
    if data[p] == 115:  # s
        p -= 1
    if p - 3 >= limit and data[p] == 112 and data[p - 1] == 116 and data[p - 2] == 116 and data[p - 3] == 104:
        return p - 3
    return at


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
    limit, run = 0, 0  # end of the match before; start of the run of host characters
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
        begin = first
        if first == run:
            begin = _spaces_before(data, _scheme_before(data, first, limit), limit, properties)
        spans[found, 0], spans[found, 1] = begin, stop
        found += 1
        limit = run = i = stop
    return found


@njit(cache=True)
def _octet(data, i):  # type: ignore[no-untyped-def]
    """End of one to three digits at i that are no more than 299; -1 if there are none."""
    j = i
    while j < len(data) and 48 <= data[j] <= 57 and j - i < 4:
        j += 1
    if j == i or j - i > 3 or (j - i == 3 and data[i] > 50):
        return -1
    return j


@njit(cache=True)
def _word_before(data, at, limit, properties):  # type: ignore[no-untyped-def]
    """Whether the character before `at` belongs to a word."""
    back = at - 1
    while back >= limit and data[back] & 0xC0 == 0x80:
        back -= 1
    if back < limit:
        return False
    point, _ = code_point(data, back)
    return point == 95 or properties[point] & ALPHANUMERIC != 0


@njit(cache=True)
def _find_ips(data, properties, spans):  # type: ignore[no-untyped-def]
    size = len(data)
    found, limit, i = 0, 0, 0
    while i < size:
        if not 48 <= data[i] <= 57:
            i += 1
            continue
        j = i
        parts = 0
        while parts < 3:
            k = _octet(data, j)
            if k < 0 or k >= size or data[k] != 46:
                break
            j = k + 1
            parts += 1
        begin = _scheme_before(data, i, limit)
        if _word_before(data, begin, 0, properties):
            begin = i
        if parts < 3 or j >= size or not 48 <= data[j] <= 57 or _word_before(data, begin, 0, properties):
            while i < size and 48 <= data[i] <= 57:
                i += 1
            continue
        while j < size and data[j] < 128 and _TAIL[data[j]]:
            j += 1
        spans[found, 0], spans[found, 1] = _spaces_before(data, begin, limit, properties), j
        found += 1
        limit = i = j
    return found
