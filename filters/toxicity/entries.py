"""Lists of words and patterns: how a file is read, and what finds its entries in a text."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import re2

from filters.contracts import ResourceError
from filters.needs import check_file

NEAR = 120  # bytes within which a doubtful word needs another hit: two dozen words, or forty syllables

# A DFA that does not fit is thrown away and built again; lists of 10,000 words fit in this
_MEMORY = 256 << 20

# What a pattern may say of its company: where words begin and end. In languages that write them together it is Hangul
# that goes on, so that the jamo of laughing and crying end a word.
_MARKS = {
    False: {"{<}": r"(?:^|[^\p{L}\p{M}])", "{>}": r"(?:[^\p{L}\p{M}]|$)"},
    True: {"{<}": "(?:^|[^가-힣])", "{>}": "(?:[^가-힣]|$)"},
}
_KOREAN_MARKS = {
    "{<|}": "(?:^|[^가-힣]|[개씹좆쌩왕핵빨])",  # the beginning of a word, or after a syllable that strengthens it
    "{!}": r"[ \t]*(?:$|[\n!?~…ㅋㅎㅠㅜ]|\.(?:[^가-힣]|$))",  # the end of what is said
    "{j<}": "(?:^|[^ㄱ-ㅎㅏ-ㅣ]|[ㅋㅎㅠㅜㅡ])",  # beside no other jamo, as in the alphabet
    "{j>}": "(?:$|[^ㄱ-ㅎㅏ-ㅣ계형]|[ㅋㅎㅠㅜ])",
}


class Found(NamedTuple):
    """An occurrence: its place in the bytes of the text, and how many words it has."""

    start: int
    end: int
    words: int


class Entries(NamedTuple):
    """The entries of a list: words and phrases, lower case, NFC, white space as single spaces; patterns as they stand.

    doubtful   the same two for entries that count only near a hit that is not doubtful, or near company
    company    the same two for what never counts itself, but makes a doubtful entry near it count
    """

    words: tuple[str, ...]
    patterns: tuple[str, ...]
    doubtful_words: tuple[str, ...]
    doubtful_patterns: tuple[str, ...]
    company_words: tuple[str, ...]
    company_patterns: tuple[str, ...]

    def __bool__(self) -> bool:
        return any(self)


def read_entries(path: Path, setting: str) -> Entries:
    """The entries of a file, sorted and without repeats. Raises ResourceError where it cannot be read."""
    from filters.text.unicode import normalize_nfc

    check_file(path, f"toxicity/wordlist: {setting}")
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise ResourceError(f"toxicity/wordlist: cannot read {setting} ({path}): {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ResourceError(f"toxicity/wordlist: {setting} ({path.name}) is not UTF-8") from error
    kinds: tuple[set[str], ...] = tuple(set() for _ in Entries._fields)
    for number, line in enumerate(lines, 1):
        if line.startswith("# ") or not (entry := normalize_nfc(line.strip())):
            continue
        kind = 2 * ("?&".find(entry[0]) + 1) if len(entry) > 1 else 0
        entry = entry[1:] if kind else entry
        if len(entry) > 2 and entry[0] == entry[-1] == "/":
            _check(entry[1:-1], f"{setting} ({path.name}), line {number}")
            kinds[kind + 1].add(entry[1:-1])
        else:
            kinds[kind].add(" ".join(entry.lower().split()))
    return Entries(*(tuple(sorted(kind - {""})) for kind in kinds))


def _check(pattern: str, where: str) -> None:
    """Raises ResourceError for a pattern that RE2 cannot read, without one group, or that matches an empty text."""
    try:
        found = re2.compile(_filled(pattern, False).encode(), _options())
    except re2.error:
        raise ResourceError(f"toxicity/wordlist: {where}: RE2 cannot read this pattern") from None
    if found.groups != 1:
        raise ResourceError(f"toxicity/wordlist: {where}: a pattern needs one group ( ), around the word that counts")
    if found.search(b"") is not None:
        raise ResourceError(f"toxicity/wordlist: {where}: this pattern matches an empty text")


def finder(entries: Entries, allow: Iterable[str], anywhere: bool) -> Callable[[bytes], list[Found]]:
    """A function from a lower-case text in UTF-8 to what is found in it, left to right, never overlapping.

    allow     everyday words that hold a listed one: where one stands, the words within it do not count
    anywhere  whether words are found within words, as in languages that do not write them apart
    """
    allow = set(allow)
    certain = _search(entries.words, entries.patterns, allow, anywhere)
    doubtful = _search(entries.doubtful_words, entries.doubtful_patterns, allow, anywhere)
    company = _search(entries.company_words, entries.company_patterns, set(), anywhere)
    patterns = [*entries.patterns, *entries.doubtful_patterns]
    words = [word for word in (*entries.words, *entries.doubtful_words) if word not in allow]
    if not words and not patterns:
        return lambda data: []
    gate = _compiled("|".join([_union(words), *(_filled(pattern, anywhere) for pattern in patterns)]).strip("|"), False)

    def find(data: bytes) -> list[Found]:
        if gate.search(data) is None:
            return []
        hits = certain(data)
        unsure = [hit for hit in doubtful(data) if not any(_overlap(hit, other) for other in hits)]
        if not unsure:
            return hits
        beside = [*hits, *company(data)]
        return sorted([*hits, *(hit for hit in unsure if any(_near(hit, other) for other in beside))])

    return find


def _overlap(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end


def _near(one: Found, other: Found) -> bool:
    return one.start - NEAR < other.end and other.start < one.end + NEAR


def _search(
    words: tuple[str, ...], patterns: tuple[str, ...], allow: set[str], anywhere: bool
) -> Callable[[bytes], list[Found]]:
    """Finds words and patterns, each by a pass of its own."""
    words = tuple(word for word in words if word not in allow)
    letter = r"\p{L}\p{M}"
    body = f"({_union(words)})" if anywhere else f"(?:^|[^{letter}])({_union(words)})(?:[^{letter}]|$)"
    if allow and anywhere:
        body += f"|{_union(sorted(allow))}"
    passes = [_compiled(body, True)] if words else []
    if patterns:
        passes.append(_compiled("|".join(_filled(pattern, anywhere) for pattern in patterns), True))
    allowed = _compiled(_union(sorted(allow)), True) if allow and patterns else None

    def search(data: bytes) -> list[Found]:
        hits: list[Found] = []
        for pattern in passes:
            match = pattern.search(data)
            while match is not None:
                group = next((i for i in range(1, pattern.groups + 1) if match.start(i) >= 0), 0)
                start, end = match.span(group)
                if group:
                    hits.append(Found(start, end, len(data[start:end].split())))
                # the character after an entry may be the one before the next, so the search goes on at its end
                match = pattern.search(data, end)
        if allowed is not None and hits:
            everyday = [match.span() for match in allowed.finditer(data)]
            hits = [hit for hit in hits if not any(a <= hit.start and hit.end <= b for a, b in everyday)]
        return _disjoint(hits)

    return search


def _disjoint(hits: list[Found]) -> list[Found]:
    """Of overlapping hits the first, and of those the longest."""
    kept: list[Found] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if not kept or kept[-1].end <= hit.start:
            kept.append(hit)
    return kept


def _union(words: Iterable[str]) -> str:
    return "|".join(re2.escape(word).replace("\\ ", r"\s+") for word in words)


def _filled(pattern: str, anywhere: bool) -> str:
    """A pattern with its marks written out."""
    for mark, meaning in (_MARKS[anywhere] | _KOREAN_MARKS).items():
        pattern = pattern.replace(mark, meaning)
    return pattern


def _options(longest: bool = False) -> "re2.Options":
    options = re2.Options()
    options.longest_match = longest  # of several entries at one place the longest, and an allowed word beats its part
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


def _compiled(pattern: str, longest: bool) -> Any:
    try:
        return re2.compile(pattern.encode(), _options(longest))
    except re2.error as error:
        raise ResourceError("toxicity/wordlist: a list is too large for one pass") from error
