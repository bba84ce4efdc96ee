"""What a part of a run shows of itself: examples of what its steps did, histograms of signals, a sample of words.

Everything is bounded, and adds up: the sketches of the parts of a corpus make the same whole whatever the parts, their
order, and the order of the documents in them. Which documents are shown depends on their values and on a hash of id and
text.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from filters.chain import Applied, Dropped, OpenStep, Step, utf8_bytes
from filters.document import Document, Drop, RawPage
from filters.histogram import Histograms, together
from filters.snippets import LOOKED_AT, Concealer, around_change

EXAMPLES = 5  # of a rule
CHANGES = 3  # of a rule of a rewriter
WORD_SAMPLE = 64  # documents whose words are counted
_SHORT = 200_000  # characters of a text that may wait to be counted
MOST_LANGUAGES = 10_000  # more than any model has labels: a bound for notes of other kinds
_HASHED = 200  # characters of a text that the order of documents depends on

# Near to UAX #29, whose kernel would have to be loaded in every worker for some documents
_APART = "\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff"  # Hiragana, Han: each is a word
_WORD = re.compile(f"[{_APART}]|[^\\W{_APART}]+(?:['’][^\\W{_APART}]+)*")

Rank = tuple[float, int]


class Smallest:
    """The entries of smallest rank, each rank once. A rank is (what comes first, the hash of a document)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[Rank, Any] = {}
        self._last: Rank = (math.inf, 1 << 64)

    def wants(self, first: float) -> bool:
        """Whether a document whose rank begins like this may be among the smallest."""
        return len(self._entries) < self._most or first <= self._last[0]

    def has_room(self, rank: Rank) -> bool:
        """Whether an entry of this rank would be kept."""
        return rank not in self._entries and (len(self._entries) < self._most or (rank < self._last and self._most > 0))

    def add(self, rank: Rank, entry: Any) -> None:
        """Keep an entry that there is room for, in the place of the largest."""
        self._entries[rank] = entry
        if len(self._entries) > self._most:
            del self._entries[self._last]
        if len(self._entries) == self._most:
            self._last = max(self._entries)

    def __iter__(self) -> Iterator[tuple[Rank, Any]]:
        return iter(sorted(self._entries.items(), key=lambda item: item[0]))


def order(document: Document | RawPage) -> int:
    """64 bits of a hash of a document's id and of the beginning of its text."""
    text = document.text[:_HASHED] if isinstance(document, Document) else ""
    data = f"{document.id}\0{text}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


class Sketch:
    """Watches the steps of a chain, or of a re-reading, over one part of a corpus.

    steps     the steps that are watched          examples  of each rule; 0: no text is kept anywhere
    """

    def __init__(self, steps: Sequence[Step], examples: int) -> None:
        self._hides = {step.name: step.strategy.conceals for step in steps}
        self._examples = examples
        self._concealer = Concealer(step.strategy for step in steps if step.strategy.conceals)
        if examples:
            self._concealer.open()
        self._reset()

    def _reset(self) -> None:
        self._dropped: dict[tuple[str, str], Smallest] = {}
        self._changed: dict[tuple[str, str], Smallest] = {}
        self._signals: dict[str, Histograms] = {}
        self._languages: defaultdict[str, set[str]] = defaultdict(set)
        self._rules: dict[tuple[str, str], dict[str, str]] = {}
        self._by_language: dict[str, dict[str, Any]] = {}
        self._kept = Smallest(self._examples)
        self._words = Smallest(WORD_SAMPLE)

    def applied(self, step: OpenStep, item: RawPage | Document, found: Applied) -> None:
        """Note what a step made of an item: the scores of a judge, or the edits of a rewriter."""
        name = step.step.name
        if found.scores is not None:
            language = str((found.scores.notes or item.notes).get("language", item.notes.get("language", "")))
            rules = self._rules.get((name, language))
            if rules is None:
                self._languages[name].add(language)
                rules = self._rules[name, language] = {rule.name: rule.signal for rule in step.rules(language)}
                self._signals.setdefault(name, Histograms())
            failed: Sequence[str] = ()
            if found.drop is not None:
                failed = [rules[one] for one in _failed_rules(found.drop) if one in rules]
            self._signals[name].add(found.scores.signals, failed)
        elif isinstance(item, Document) and found.document is not None:
            self.edited(name, item, found.document, found.edits)

    def edited(self, stage: str, before: Document, after: Document, edits: Mapping[str, int]) -> None:
        """Note what a rewriter changed; those documents are shown of which the fewest rules changed something."""
        if not self._examples:
            return
        first, place = len(edits) - 1, -1
        for rule in edits:
            smallest = self._changed.get((stage, rule))
            if smallest is None:
                smallest = self._changed[stage, rule] = Smallest(min(CHANGES, self._examples))
            if smallest.wants(first):
                place = order(before) if place < 0 else place
                if smallest.has_room((first, place)):
                    smallest.add((first, place), (_beginning(before), *around_change(before.text, after.text)))

    def dropped(self, dropped: Dropped) -> None:
        """Note a document that was dropped: those nearest to the threshold are shown."""
        by_rule = self._language(dropped.document)["dropped"]
        named = f"{dropped.stage}:{dropped.drop.rule}"
        by_rule[named] = by_rule.get(named, 0) + 1
        if not self._examples:
            return
        drop, key = dropped.drop, (dropped.stage, dropped.drop.rule)
        smallest = self._dropped.get(key)
        if smallest is None:
            smallest = self._dropped[key] = Smallest(self._examples)
        first = _distance(drop)
        if smallest.wants(first):
            rank = first, order(dropped.document)
            if smallest.has_room(rank):
                smallest.add(rank, (_beginning(dropped.document), drop))

    def kept(self, document: Document) -> None:
        """Note a document that was kept at the end of a recipe."""
        counts = self._language(document)
        counts["kept"] += 1
        counts["bytes"] += document.derive(utf8_bytes)
        rank = 0.0, order(document)
        if self._words.has_room(rank):
            # most of those that are noted make room for others: a text that is not too long is counted at the end
            short = len(document.text) <= _SHORT
            self._words.add(rank, document.text if short else _counted(document.text))
        if self._kept.has_room(rank) and self._examples:
            self._kept.add(rank, _beginning(document))

    def _language(self, document: Document) -> dict[str, Any]:
        """The counts of the language of a document."""
        language = str(document.notes.get("language", ""))[:40]
        if language not in self._by_language and len(self._by_language) >= MOST_LANGUAGES:
            language = "other"
        return self._by_language.setdefault(language, {"kept": 0, "bytes": 0, "dropped": {}})

    def close(self) -> dict[str, Any]:
        """What was noted as plain data without personal data, see `merged`; begins anew."""
        found = {
            "dropped": [
                {"stage": stage, "rule": rule, "examples": [self._of_drop(*item) for item in smallest]}
                for (stage, rule), smallest in self._dropped.items()
            ],
            "changed": [
                {"stage": stage, "rule": rule, "examples": [self._of_change(stage, *item) for item in smallest]}
                for (stage, rule), smallest in self._changed.items()
            ],
            "kept": [{**self._of(rank, document), "text": self._concealer.excerpt(document)}
                     for rank, document in self._kept],
            "signals": [
                {"stage": stage, "languages": sorted(self._languages[stage]), "bins": histograms.close()}
                for stage, histograms in self._signals.items()
            ],
            "words": [[rank[1], *(_counted(one) if isinstance(one, str) else one)] for rank, one in self._words],
            "languages": self._by_language,
        }  # fmt: skip
        self._reset()
        return found

    def _of(self, rank: Rank, document: Document) -> dict[str, Any]:
        language = str(document.notes.get("language", ""))
        return {"rank": [_plain(rank[0]), rank[1]], "id": document.id, "url": document.url, "language": language}

    def _of_drop(self, rank: Rank, entry: tuple[Document, Drop]) -> dict[str, Any]:
        document, drop = entry
        found = {**self._of(rank, document), "value": _plain(drop.value), "threshold": _plain(drop.threshold)}
        if drop.kept_id:
            found |= {"kept_id": drop.kept_id, "similarity": drop.similarity}
        return {**found, "text": self._concealer.excerpt(document)}

    def _of_change(self, stage: str, rank: Rank, entry: tuple[Document, Any, Any]) -> dict[str, Any]:
        document, before, after = entry
        pieces = self._concealer.change(document, before, after, hides=self._hides[stage])
        return {**self._of(rank, document), "pieces": [list(piece) for piece in pieces]}


def _counted(text: str) -> tuple[int, int]:
    """The bytes and the words of a text."""
    return utf8_bytes(text), len(_WORD.findall(text))


def _failed_rules(drop: Drop) -> Iterator[str]:
    yield drop.rule
    for other in drop.also_failed:
        yield other.rule


def _beginning(document: Document) -> Document:
    """A document with no more of its text than is looked at, and none of what was derived from it."""
    return Document(document.id, document.text[: LOOKED_AT + 1], document.url, document.notes)


def _distance(drop: Drop) -> float:
    """How far a value is from the threshold; 0 for categories, and where there is no threshold."""
    value, threshold = drop.value, drop.threshold
    if not isinstance(value, (int, float)) or not isinstance(threshold, (int, float)) or math.isnan(value):
        return 0.0
    return abs(float(value) - float(threshold))


def _plain(value: Any) -> Any:
    """A value for JSON, which has no infinite numbers."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return number if math.isfinite(number) else str(number)


def merged(sketches: Iterable[Mapping[str, Any]], examples: int) -> dict[str, Any]:
    """One sketch of those of all parts, in any order.

    dropped  by stage and rule, the documents nearest to the threshold: rank, id, url, language, value, threshold, text,
             and kept_id and similarity of a duplicate
    changed  by stage and rule of a rewriter, documents that other rules changed least: pieces are [kind, text]
    kept     some documents that were kept
    signals  by stage: the languages that came to it, and by signal [bin, documents passed, documents failed]
    words    [hash, bytes, words] of the kept documents with the smallest hashes
    languages  by language: documents and bytes kept, and documents dropped by "stage:rule"
    """
    shown: dict[str, dict[tuple[str, str], Smallest]] = {"dropped": {}, "changed": {}, "kept": {}}
    most = {"dropped": examples, "changed": min(CHANGES, examples), "kept": examples}
    languages: defaultdict[str, set[str]] = defaultdict(set)
    bins: dict[str, dict[str, list[list[int]]]] = defaultdict(dict)
    words = Smallest(WORD_SAMPLE)
    by_language: dict[str, dict[str, Any]] = {}
    for sketch in sketches:
        for kind, groups in shown.items():
            entries = sketch[kind] if kind != "kept" else [{"stage": "", "rule": "", "examples": sketch["kept"]}]
            for group in entries:
                key = group["stage"], group["rule"]
                smallest = groups.setdefault(key, Smallest(most[kind]))
                for one in group["examples"]:
                    rank = float(one["rank"][0]), int(one["rank"][1])
                    if smallest.has_room(rank):
                        smallest.add(rank, one)
        for signals in sketch["signals"]:
            languages[signals["stage"]].update(signals["languages"])
            of_stage = bins[signals["stage"]]
            for name, found in signals["bins"].items():
                of_stage[name] = together([of_stage.get(name, []), found])
        for language, counts in sketch["languages"].items():
            sums = by_language.setdefault(language, {"kept": 0, "bytes": 0, "dropped": Counter()})
            sums["kept"] += counts["kept"]
            sums["bytes"] += counts["bytes"]
            sums["dropped"].update(counts["dropped"])
        for place, size, count in sketch["words"]:
            if words.has_room((0.0, place)):
                words.add((0.0, place), (size, count))
    result: dict[str, Any] = {
        kind: [
            {"stage": stage, "rule": rule, "examples": [one for _, one in smallest]}
            for (stage, rule), smallest in sorted(groups.items(), key=lambda item: item[0])
        ]
        for kind, groups in shown.items()
    }
    result["kept"] = result["kept"][0]["examples"] if result["kept"] else []
    result["signals"] = [
        {"stage": stage, "languages": sorted(languages[stage]), "bins": bins[stage]} for stage in sorted(languages)
    ]
    result["words"] = [[rank[1], *counts] for rank, counts in words]
    result["languages"] = {
        language: {**counts, "dropped": dict(sorted(counts["dropped"].items()))}
        for language, counts in sorted(by_language.items())
    }
    return result
