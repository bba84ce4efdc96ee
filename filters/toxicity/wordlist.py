"""Judge a text by a list of abusive words: how many stand in it, and which share of its words they are."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from filters.contracts import FrozenMap, Judge, ResourceError, Scores, limit, strategy
from filters.document import Document
from filters.needs import check_file
from filters.rules import Rule
from filters.toxicity.entries import Found, finder, read_entries

LISTS = Path(__file__).parent / "lists"
DEFAULT = "default"

# Written without spaces, or with particles and endings attached: a listed word is found anywhere. C4 does so for
# ja, th and zh; Korean is ours, since a word boundary never stands before a particle.
SUBSTRING = frozenset({"ja", "ko", "th", "zh"})


@strategy
class WordList(Judge):
    """Drops texts in which abusive words are more than a small share of all words.

    A list is a text file in the format of LDNOOBW, UTF-8, one word or phrase a line; a line that starts with "# " is a
    comment. Texts and lists are compared in lower case and NFC, and a space in an entry stands for any white space. In
    most languages an entry matches between non-letters (as in C4, where the letters are a to z); in
    ja, ko, th and zh anywhere, except where an entry of the allow-list matches that starts at the same place or earlier
    and is at least as long.

    Beyond that format, `/.../` is a pattern in RE2's syntax: its one group is the word that counts, and what stands
    around the group is its company ({<} begins a word, {>} ends one). An entry after a `?` is doubtful: it has an
    everyday meaning, and counts only within 120 bytes of a hit that has none, or of an entry after a `&`, which never
    counts itself.

    The note `language` chooses the list; where it is missing or "und", all lists are applied. A language without a list
    has no scores, and no rule applies.

    hits   occurrences of entries
    share  words in these occurrences over all words of the text (UAX #29), at most 1; 0 for a text without words

    C4 drops a page at its first hit (`max_hits: 0, max_share: null`).
    """

    reads: ClassVar[tuple[str, ...]] = ("language",)
    max_share: float | None = limit(0.01, ge=0, le=1, description="drop above this share of listed words; null = off")
    max_hits: int | None = limit(None, ge=0, description="drop above this number of listed words; null = off")
    lists: FrozenMap[str, str] = Field(
        FrozenMap({"en": DEFAULT, "ko": DEFAULT}),
        description="path of the list by language (ISO 639-1); `default` is the compact list shipped for en and ko",
    )
    allow: FrozenMap[str, str] = Field(
        FrozenMap({"ja": DEFAULT, "ko": DEFAULT, "zh": DEFAULT}),
        description="path by language of a list of everyday words that contain a listed one; `default`: ja, ko, zh",
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
            if not read_entries(path, setting):
                raise ResourceError(f"toxicity/wordlist: {setting} ({path.name}) has no entry")

    def resources(self) -> dict[str, str]:
        """sha256 of each list in use."""
        return {setting: _hash(path, setting) for setting, path in self._files().items()}

    def made_for(self) -> frozenset[str] | None:
        """The languages that have a list."""
        return frozenset(self.lists)

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Languages whose documents all pass, because they have no list."""
        without = [language for language in languages if language not in self.lists and language != "und"]
        if not without:
            return ()
        return (f"toxicity/wordlist: there is no list for {', '.join(without)}, so their documents pass",)

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"hits": number >= 0, "share": number in [0, 1]}, both NaN for a language without a list."""
        from filters.text.segments import segment
        from filters.text.survey import UNSETTLED, survey
        from filters.text.unicode import normalize_nfc

        self.check()
        finders = self._finders()
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
                for found_here in find(data):
                    hits += 1
                    listed += found_here.words
            if not hits:
                return Scores({"hits": 0.0, "share": 0.0})
            words = int(document.derive(segment).words.is_word.sum())
            return Scores({"hits": float(hits), "share": min(1.0, listed / max(1, words))})

        return scores

    def finder(self) -> Callable[[str, str], list[tuple[str, int, int]]]:
        """text, language -> (entry found, start, end) in characters of the lower-case NFC text; what an evaluation of
        clean texts counts."""
        from filters.text.unicode import normalize_nfc

        self.check()
        finders = self._finders()

        def find(text: str, language: str = "") -> list[tuple[str, int, int]]:
            data = normalize_nfc(text).lower().encode("utf-8", "replace")
            chosen = list(finders) if language in ("", "und") else [language]
            spans = []
            for hit in (hit for name in chosen if name in finders for hit in finders[name](data)):
                start, word = len(data[: hit.start].decode()), data[hit.start : hit.end].decode()
                spans.append((word, start, start + len(word)))
            return spans

        return find

    def _finders(self) -> dict[str, Callable[[bytes], list[Found]]]:
        """What finds the entries of each list."""
        files = self._files()
        return {
            language: finder(
                read_entries(files[f"lists.{language}"], f"lists.{language}"),
                read_entries(files[f"allow.{language}"], f"allow.{language}").words
                if f"allow.{language}" in files
                else (),
                anywhere=language in SUBSTRING,
            )
            for language in self.lists
        }

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`listed_words_share` and `listed_words`, each above its limit."""
        rules = []
        if self.max_share is not None:
            rules.append(Rule("listed_words_share", "share", at_most=self.max_share))
        if self.max_hits is not None:
            rules.append(Rule("listed_words", "hits", at_most=self.max_hits))
        return tuple(rules)


def _hash(path: Path, setting: str) -> str:
    check_file(path, f"toxicity/wordlist: {setting}")
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ResourceError(f"toxicity/wordlist: cannot read {setting} ({path}): {error.strerror}") from error
