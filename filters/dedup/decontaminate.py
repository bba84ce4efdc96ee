"""Decontamination: documents that hold items of evaluation files."""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from filters.contracts import ResourceError, Rewriter, SettingsError, strategy
from filters.dedup.items import Fields, Item, fingerprint, items_of
from filters.dedup.minhash import Unit
from filters.document import Document, Drop

RULE = "contaminated"
SCORE, ITEM = "contamination", "contaminated_by"
NEAR = 50  # words within which a short item's answer must stand
# How many characters carry what a word does, for the limits that are given in words.
_CHARACTERS = 3
EASED = 20  # words from which on `threshold` is enough
_DENSE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af]"
)
_DENSE_SHARE = 0.3


class Match(NamedTuple):
    """An item found in a document: its name, the share of its n-grams found, the limit, characters from and to."""

    item: str
    score: float
    needed: float
    start: int
    end: int


class _Index:
    """The items that are compared in one unit, and how documents are searched for them."""

    def __init__(self, unit: Unit, ngram: int, items: Sequence[Item], threshold: float, least: int) -> None:
        from filters.text import minhash, overlap

        self._overlap = overlap
        by_words = unit == "words"
        self._shingles = minhash.word_shingles if by_words else minhash.character_shingles
        self._bounds = overlap.word_bounds if by_words else overlap.character_bounds
        self._ngram = ngram
        scale = 1 if by_words else _CHARACTERS
        self._near = NEAR * scale
        self.items: list[Item] = []
        self._short: list[bool] = []
        self._sizes: list[int] = []
        self._shares: list[float] = []
        hashes = []
        self.skipped = 0
        known: dict[bytes, None] = {}
        for item in items:
            size = len(self._shingles(item.text, 1))
            short = size < least * scale
            found = self._shingles(item.text, ngram)
            same = found.tobytes() + repr(item.answers if short else ()).encode("utf-8", "surrogatepass")
            # an answer of signs alone cannot be looked for
            answered = any(len(self._shingles(answer, 1)) for answer in item.answers)
            if size < ngram or (short and not answered):
                self.skipped += 1
            elif same not in known:
                known[same] = None
                self.items.append(item)
                self._short.append(short)
                hashes.append(found)
                self._sizes.append(size)
                self._shares.append(_needed(size / scale, least, threshold))
        needed = [math.ceil(round(size * share, 6)) for size, share in zip(self._sizes, self._shares, strict=True)]
        self._table = overlap.table_of(hashes, needed, ngram)
        self.skipped += int((self._table.phrases >= self._sizes).sum())  # of phrases that very many items share

    def matches(self, document: Document) -> list[Match]:
        """The items found."""
        if not self.items:
            return []
        hashes = self._shingles(document.text, self._ngram)
        found = self._overlap.matches(hashes, self._table, self._ngram)
        if not len(found):
            return []
        bounds = self._bounds(document.text)
        if len(bounds) < self._ngram:
            return []
        data = np.frombuffer(document.text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        characters = np.cumsum((data & 0xC0) != 0x80)  # up to and with each byte
        single: Any = None
        matches = []
        for number, covered, first, last in found.tolist():
            item = self.items[number]
            begin, end = first, last + self._ngram
            if self._short[number]:
                single = self._shingles(document.text, 1) if single is None else single
                if not self._answered(item, single, begin, end):
                    continue
            start, stop = int(characters[bounds[begin, 0]]) - 1, int(characters[bounds[end - 1, 1] - 1])
            score = round(covered / self._sizes[number], 4)
            matches.append(Match(item.name, score, round(self._shares[number], 4), start, stop))
        return matches

    def _answered(self, item: Item, single: Any, begin: int, end: int) -> bool:
        """Whether an answer stands near the part of a document from begin to end, but not within it."""
        sides = single[max(0, begin - self._near) : begin], single[end : end + self._near]
        for answer in item.answers:
            wanted = self._shingles(answer, 1).tobytes()
            if wanted and any(_within(wanted, side.tobytes()) for side in sides):
                return True
        return False


def _within(wanted: bytes, data: bytes) -> bool:
    """Whether hashes of 8 bytes each stand in a row in others."""
    place = data.find(wanted)
    while place >= 0 and place % 8:
        place = data.find(wanted, place + 1)
    return place >= 0


def _needed(words: float, least: int, threshold: float) -> float:
    """The share of an item of so many words that is a match: all of a short one, `threshold` of a long one."""
    eased = min(1.0, max(0.0, (words - least) / max(1, EASED - least)))
    return 1.0 - eased * (1.0 - threshold)


def unit_of(text: str) -> Unit:
    """How a text is compared: by characters where many of its letters are Korean or of a script without spaces."""
    letters = sum(map(str.isalpha, text))
    return "characters" if len(_DENSE.findall(text)) > _DENSE_SHARE * letters else "words"


class _Decontaminator:
    """Document -> the document, cut or with notes, or a Drop."""

    def __init__(self, settings: "Decontaminate") -> None:
        items = settings.items()
        self._action = settings.action
        self._indexes = settings.indexes(items)

    def __call__(self, document: Document) -> Document | Drop:
        matches = [match for index in self._indexes for match in index.matches(document)]
        if not matches:
            return document
        best = min(matches, key=lambda match: (-match.score, match.start - match.end, match.start, match.item))
        where = f"{best.item} {best.start}-{best.end}"
        if self._action == "drop":
            return Drop(RULE, best.score, best.needed, matched=where)
        if self._action == "note":
            return document.note(contamination=best.score, contaminated_by=where)
        text = _without(document.text, [(match.start, match.end) for match in matches])
        if not text.strip():
            return Drop(RULE, best.score, best.needed, matched=where)
        cut = document.with_text(text, {RULE: len(document.text) - len(text)})
        return cut.note(contamination=best.score, contaminated_by=where)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A text without some spans of characters, which may overlap."""
    left = []
    behind = 0
    for start, end in sorted(spans):
        left.append(text[behind : max(behind, start)])
        behind = max(behind, end)
    return "".join([*left, text[behind:]])


@strategy
class Decontaminate(Rewriter):
    """Drops, cuts or notes documents that hold items (questions, passages) of evaluation files.

    An item stands in a document where a share of its words that reaches a limit stands there in n-grams of it, close
    together. The limit is 1 for an item of `min_words` or fewer, `threshold` from 20 words on, and in proportion in
    between. An item of fewer than `min_words` counts only with one of its answers within 50 words of it; one shorter
    than an n-gram, or that short without an answer, is not looked for. An n-gram of more than 64 different items does
    not single one out, but counts as a part of each. Korean items, and those of scripts without spaces, are compared by
    characters, of which three count as a word. Case, punctuation and white space do not count. Items are named
    FILE:ROW:FIELD, never by their text.
    """

    writes: ClassVar[Mapping[str, str]] = {SCORE: "float64", ITEM: "string"}

    files: tuple[str, ...] = Field(
        min_length=1,
        description="Evaluation files, JSONL (plain or gzip) or Parquet: paths, or patterns such as e/*.jsonl.",
    )
    question: tuple[str, ...] = Field(
        ("question",), description="Fields whose text is an item; dots lead into maps. Each file must have one."
    )
    answer: tuple[str, ...] = Field(
        (), description="Fields of answers, texts or lists of them: a short item counts only with one near it."
    )
    passage: tuple[str, ...] = Field(
        (), description="Fields of texts that questions are about, if documents with them are to go, too."
    )
    id: str = Field("", description="The field of a row's id, shown beside the number of the row.")
    action: Literal["drop", "cut", "note"] = Field(
        "drop", description="Drop the document, cut out what is found, or only note it."
    )
    threshold: float = Field(0.8, gt=0, le=1, description="Share of a long item's n-grams that is a match.")
    ngram: int = Field(5, ge=2, le=50, description="Words in an n-gram.")
    characters: int = Field(10, ge=2, le=100, description="Characters in an n-gram, for items compared by characters.")
    min_words: int = Field(8, ge=1, le=1000, description="Words below which an item counts only with its answer.")
    unit: Unit | None = Field(
        None, description="How items are compared: words or characters; by default as the script of each item asks."
    )

    def __post_init__(self) -> None:
        if not self.question and not self.passage:
            raise SettingsError("question and passage are both empty: there is nothing to look for", ("question",))

    def items(self) -> list[Item]:
        """The items of all files; raises ResourceError where a file or a field is missing."""
        return items_of(self.files, Fields(self.question, self.answer, self.passage, self.id))

    def indexes(self, items: Sequence[Item]) -> list[_Index]:
        """An index for each unit that items are compared in."""
        units = [self.unit or unit_of(item.text) for item in items]
        sizes: dict[Unit, int] = {"words": self.ngram, "characters": self.characters}
        parts = {unit: [item for item, own in zip(items, units, strict=True) if own == unit] for unit in sizes}
        return [_Index(unit, sizes[unit], part, self.threshold, self.min_words) for unit, part in parts.items() if part]

    def check(self) -> None:
        """Raises ResourceError where a file is missing or damaged, has none of the fields, or only items too short."""
        counted = _counted(self, fingerprint(self.files))
        if not counted.looked_for:
            raise ResourceError(
                f"dedup/decontaminate: each of the {counted.items} items is too short to be looked for: name the "
                "fields of answers, or lower min_words"
            )

    def resources(self) -> dict[str, str]:
        """sha256 of each file, under its name."""
        return {"files": fingerprint(self.files)}

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """How many items are too short to be looked for."""
        try:
            counted = _counted(self, fingerprint(self.files))
        except ResourceError:  # check() says so
            return ()
        said = f"{counted.skipped} of {counted.items} items are too short to be looked for"
        return (said,) if counted.skipped else ()

    def open(self) -> _Decontaminator:
        """The function; it holds the n-grams and the texts of all items in memory."""
        return _Decontaminator(self)


class _Counts(NamedTuple):
    """Of all items: how many there are, how many are looked for, and how many are not."""

    items: int
    looked_for: int
    skipped: int


@functools.lru_cache(maxsize=8)
def _counted(settings: Decontaminate, contents: str) -> _Counts:
    """The items counted; files are parsed once for check() and warnings(), unless their contents have changed."""
    items = settings.items()
    indexes = settings.indexes(items)
    looked_for = sum(len(index.items) for index in indexes)
    return _Counts(len(items), looked_for, sum(index.skipped for index in indexes))
