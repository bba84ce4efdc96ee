"""Judge a page by its address: banned hosts, and words of adult and gambling sites."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field

from filters.contracts import Judge, ResourceError, Scores, limit, strategy
from filters.document import Document
from filters.needs import check_file
from filters.rules import Rule

LISTS = Path(__file__).parent / "lists"
DEFAULT = "default"

# an address longer than this is cut before it is searched; browsers and crawlers refuse longer ones
MAX_URL = 10_000


@strategy
class Url(Judge):
    """Drops pages by their address: banned hosts and strict, hard and soft words.

    The semantics are those of DCLM's url_substring_filter (dclm_baseline_refinedweb.yaml, steps 2 to 5), which follow
    RefinedWeb:

    domains  the host, without a leading "www.", equals an entry
    strict   an entry is a part of the lower-case address after '-' and '.' are deleted
    hard     an entry is a whole word of the lower-case address
    soft     like hard, but only two different entries drop a page

    Each list is a text file, UTF-8, one entry a line, '#' starts a comment; it may be gzipped. `default` names the
    short English and Korean lists shipped with it; null switches a list off. Unlike DCLM, an address is percent-decoded
    first (Korean words are always encoded), and only a leading "www." is removed. A document without an address has no
    scores, and no rule applies.
    """

    domains: str | None = Field(DEFAULT, description="file of banned hosts; `default` or a path; null for none")
    strict: str | None = Field(DEFAULT, description="file of words banned anywhere, also as part of a word")
    hard: str | None = Field(DEFAULT, description="file of banned whole words")
    soft: str | None = Field(DEFAULT, description="file of whole words that are banned only together")
    extra_domains: tuple[str, ...] = Field((), description="more banned hosts, besides those of the file")
    subdomains: bool = Field(False, description="also ban the subdomains of a banned host (DCLM: exact hosts only)")
    decode: bool = Field(True, description="percent-decode the address first (DCLM: no)")
    max_strict: int | None = limit(0, ge=0, description="strict words allowed; null switches the rule off")
    max_hard: int | None = limit(0, ge=0, description="different hard words allowed; null switches the rule off")
    max_soft: int | None = limit(1, ge=0, description="different soft words allowed; null switches the rule off")

    def _files(self) -> dict[str, Path]:
        chosen = {"domains": self.domains, "strict": self.strict, "hard": self.hard, "soft": self.soft}
        return {
            name: LISTS / f"url_{name}.txt" if value == DEFAULT else Path(value).expanduser()
            for name, value in chosen.items()
            if value is not None
        }

    def check(self) -> None:
        """Raises ResourceError where a list is missing, unreadable or empty."""
        for name, path in self._files().items():
            if not _entries(path, name):
                raise ResourceError(f"quality/url: the list `{name}` ({path.name}) has no entry")

    def resources(self) -> dict[str, str]:
        """sha256 of each list in use."""
        return {name: hashlib.sha256(_bytes(path, name)).hexdigest() for name, path in self._files().items()}

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """The default lists are short, and English and Korean only."""
        if DEFAULT not in (self.domains, self.strict, self.hard, self.soft):
            return ()
        others = sorted(set(languages) - {"en", "ko"})
        more = f" and hold no words of {', '.join(others)}" if others else ""
        return (f"the default lists are short examples in English and Korean{more}",)

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"banned_domain": 0 or 1, "strict_words", "hard_words", "soft_words": different entries found}."""
        files = self._files()
        lists = {name: _entries(path, name) for name, path in files.items()}
        hosts = frozenset(_host_entry(entry) for entry in (*lists.get("domains", ()), *self.extra_domains))
        strict = _substrings(lists.get("strict", ()))
        hard = _whole_words(lists.get("hard", ()))
        soft = _whole_words(lists.get("soft", ()))
        decode, subdomains = self.decode, self.subdomains

        def scores(document: Document) -> Scores:
            url = document.url[:MAX_URL]
            if not url:
                return Scores(
                    dict.fromkeys(("banned_domain", "strict_words", "hard_words", "soft_words"), float("nan"))
                )
            lower = (unquote(url, errors="replace") if decode else url).lower()
            return Scores(
                {
                    "banned_domain": float(_banned(_host(url), hosts, subdomains)),
                    "strict_words": float(strict(lower)),
                    "hard_words": float(hard(lower)),
                    "soft_words": float(soft(lower)),
                }
            )

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`banned_domain`, `strict_words`, `hard_words` and `soft_words`, in DCLM's order."""
        limits = {"strict_words": self.max_strict, "hard_words": self.max_hard, "soft_words": self.max_soft}
        counted = tuple(Rule(name, name, at_most=limit) for name, limit in limits.items() if limit is not None)
        return (Rule("banned_domain", "banned_domain", at_most=0), *counted)


def _bytes(path: Path, name: str) -> bytes:
    check_file(path, f"quality/url: the list `{name}`")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResourceError(f"quality/url: cannot read the list `{name}` ({path}): {error.strerror}") from error


def _parse(raw: bytes) -> tuple[str, ...]:
    lines = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig").splitlines()
    entries = (line.partition("#")[0].strip().lower() for line in lines)
    return tuple(dict.fromkeys(entry for entry in entries if entry))


def _entries(path: Path, name: str) -> tuple[str, ...]:
    """The entries of a list file, lower-case, in order; raises ResourceError where it is unreadable."""
    try:
        return _parse(_bytes(path, name))
    except UnicodeDecodeError as error:
        raise ResourceError(f"quality/url: the list `{name}` ({path}) is not UTF-8 text") from error
    except (EOFError, OSError, zlib.error) as error:
        raise ResourceError(f"quality/url: the list `{name}` ({path}) is a damaged or cut off gzip file") from error


def _host_entry(entry: str) -> str:
    host = entry.strip().lower().rstrip(".").removeprefix("www.")
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _host(url: str) -> str:
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:  # such as "http://[half"
        return ""
    return _host_entry(host)


def _banned(host: str, hosts: frozenset[str], subdomains: bool) -> bool:
    if host in hosts:
        return True
    while subdomains and "." in host:
        host = host.partition(".")[2]
        if host in hosts:
            return True
    return False


def _substrings(words: Iterable[str]) -> Callable[[str], int]:
    """A function: how many different entries are part of a text after '-' and '.' are deleted."""
    bare = frozenset(word.replace("-", "").replace(".", "") for word in words) - {""}
    if not bare:
        return lambda text: 0
    found = re.compile("|".join(map(re.escape, sorted(bare, key=lambda word: (-len(word), word))))).findall
    return lambda text: len(set(found(text.replace("-", "").replace(".", ""))))


def _whole_words(words: Iterable[str]) -> Callable[[str], int]:
    """A function: how many different entries are whole words of a text."""
    simple = frozenset(word for word in words if re.fullmatch(r"\w+", word))
    # an entry such as "big-win" spans several words: it is searched for, with no word character at either side
    spanning = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in words if word not in simple]
    split = re.compile(r"\w+").findall
    return lambda text: len(simple.intersection(split(text))) + sum(bool(word.search(text)) for word in spanning)


__all__ = ["Url"]
