"""Judge a text by a list of abusive words: how many stand in it, and which share of its words they are."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from filters.contracts import FrozenMap, Judge, ResourceError, Scores, strategy
from filters.document import Document
from filters.needs import check_file
from filters.rules import Rule

LISTS = Path(__file__).parent / "lists"
DEFAULT = "default"

# Written without spaces, or with particles and endings attached: a listed word is found anywhere. C4 does so for
# ja, th and zh; Korean is ours, since a word boundary never stands before a particle.
SUBSTRING = frozenset({"ja", "ko", "th", "zh"})

# A DFA that does not fit is thrown away and built again; lists of 10,000 words fit in this
_MEMORY = 256 << 20


@strategy
class WordList(Judge):
    """Drop texts in which abusive words are more than a small share of all words.

    A list is a text file in the format of LDNOOBW, UTF-8, one word or phrase a line; a line that starts with "# " is a
    comment. Texts and lists are compared in lower case and NFC, and a space in an entry stands for any white space. In
    most languages an entry matches between characters that are no letters (as in C4, where the letters are a to z); in
    ja, ko, th and zh anywhere, except where an entry of the allow-list matches that starts at the same place or earlier
    and is at least as long.

    The note `language` chooses the list; where it is missing or "und", all lists are applied. A language without a list
    has no scores, and no rule applies.

    hits   occurrences of entries
    share  words in these occurrences over all words of the text (UAX #29), at most 1; 0 for a text without words

    C4 drops a page at its first hit (`max_hits: 0, max_share: null`).
    """

    reads: ClassVar[tuple[str, ...]] = ("language",)
    thresholds: ClassVar[frozenset[str]] = frozenset({"max_hits", "max_share"})

    max_share: float | None = Field(
        0.01, ge=0, le=1, description="drop above this share of listed words; null switches the rule off"
    )
    max_hits: int | None = Field(
        None, ge=0, description="drop above this number of listed words; null switches the rule off"
    )
    lists: FrozenMap[str, str] = Field(
        FrozenMap({"en": DEFAULT, "ko": DEFAULT}),
        description="path of the list by language (ISO 639-1); `default` is the compact list shipped for en and ko",
    )
    allow: FrozenMap[str, str] = Field(
        FrozenMap({"ja": DEFAULT, "ko": DEFAULT, "zh": DEFAULT}),
        description="path by language of a list of everyday words that hold a listed one; `default` for ja, ko and zh",
    )

    def _file(self, language: str, value: str, suffix: str = "") -> Path:
        return LISTS / f"{language}{suffix}.txt" if value == DEFAULT else Path(value).expanduser()

    def _files(self) -> dict[str, Path]:
        """The files in use by setting, allow-lists only where there is a list."""
        files = {f"lists.{language}": self._file(language, value) for language, value in self.lists.items()}
        for language, value in self.allow.items():
            if language in self.lists:
                files[f"allow.{language}"] = self._file(language, value, "_allow")
        return files

    def check(self) -> None:
        """Raises ResourceError where a list is missing, not UTF-8, or without an entry."""
        for setting, path in self._files().items():
            if not _entries(path, setting):
                raise ResourceError(f"toxicity/wordlist: {setting} ({path.name}) has no entry")

    def resources(self) -> dict[str, str]:
        """sha256 of each list in use."""
        return {setting: hashlib.sha256(_bytes(path, setting)).hexdigest() for setting, path in self._files().items()}

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Languages whose documents all pass, for want of a list."""
        without = [language for language in languages if language not in self.lists and language != "und"]
        if not without:
            return ()
        return (f"toxicity/wordlist: no list for {', '.join(without)}; their documents pass",)

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"hits": number >= 0, "share": number in [0, 1]}, both NaN for a language without a list."""
        from filters.text.segments import segment
        from filters.text.survey import UNSETTLED, survey
        from filters.text.unicode import normalize_nfc

        self.check()
        files = self._files()
        finders = {
            language: _finder(
                _entries(files[f"lists.{language}"], f"lists.{language}"),
                _entries(files[f"allow.{language}"], f"allow.{language}") if f"allow.{language}" in files else (),
                anywhere=language in SUBSTRING,
            )
            for language in self.lists
        }
        nothing = Scores({"hits": float("nan"), "share": float("nan")})

        def scores(document: Document) -> Scores:
            language = str(document.notes.get("language", "und"))
            chosen = list(finders.values()) if language == "und" else [finders[language]] if language in finders else []
            if not chosen:
                return nothing
            found = document.derive(survey)
            data = (normalize_nfc(found.text) if found.kinds & UNSETTLED else found.text).lower().encode()
            hits = listed = 0
            for find in chosen:
                for words in find(data):
                    hits += 1
                    listed += words
            if not hits:
                return Scores({"hits": 0.0, "share": 0.0})
            words = int(document.derive(segment).words.is_word.sum())
            return Scores({"hits": float(hits), "share": min(1.0, listed / max(1, words))})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`listed_words_share` and `listed_words`, each above its limit."""
        rules = []
        if self.max_share is not None:
            rules.append(Rule("listed_words_share", "share", at_most=self.max_share))
        if self.max_hits is not None:
            rules.append(Rule("listed_words", "hits", at_most=self.max_hits))
        return tuple(rules)


def _bytes(path: Path, setting: str) -> bytes:
    check_file(path, f"toxicity/wordlist: {setting}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResourceError(f"toxicity/wordlist: cannot read {setting} ({path}): {error.strerror}") from error


def _entries(path: Path, setting: str) -> tuple[str, ...]:
    """The entries of a list, lower case, NFC, white space as single spaces, sorted and without repeats."""
    from filters.text.unicode import normalize_nfc

    try:
        lines = _bytes(path, setting).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ResourceError(f"toxicity/wordlist: {setting} ({path.name}) is not UTF-8") from error
    entries = {" ".join(normalize_nfc(line).lower().split()) for line in lines if not line.startswith("# ")}
    return tuple(sorted(entries - {""}))


def _finder(words: Iterable[str], allow: Iterable[str], anywhere: bool) -> Callable[[bytes], Iterable[int]]:
    """A function from a lower-case text in UTF-8 to the number of words of each entry found in it, left to right."""
    import re2

    options = re2.Options()
    options.longest_match = True  # of several entries at one place the longest, and an allowed word beats its part
    options.max_mem = _MEMORY
    options.log_errors = False

    def union(entries: Iterable[str]) -> str:
        return "|".join(re2.escape(entry).replace("\\ ", r"\s+") for entry in entries)

    def compiled(pattern: str) -> Any:
        try:
            return re2.compile(pattern.encode(), options)
        except re2.error as error:
            raise ResourceError("toxicity/wordlist: a list is too large for one pass") from error

    allow = set(allow)
    words = [word for word in words if word not in allow]
    if not words:
        return lambda data: ()
    if anywhere:
        pattern = compiled(f"({union(words)})" + (f"|{union(sorted(allow))}" if allow else ""))

        def find_anywhere(data: bytes) -> Iterable[int]:
            for match in pattern.finditer(data):
                if match.group(1) is not None:
                    yield len(match.group(1).split())

        return find_anywhere

    letter = r"\p{L}\p{M}"
    bounded = compiled(f"(?:^|[^{letter}])({union(words)})(?:[^{letter}]|$)")

    def find_bounded(data: bytes) -> Iterable[int]:
        # the character after an entry may be the one before the next, so the search goes on at the entry's end
        match = bounded.search(data)
        while match is not None:
            yield len(match.group(1).split())
            match = bounded.search(data, match.end(1))

    return find_bounded
