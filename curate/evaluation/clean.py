"""What strategies find in texts that should hold none of it: hits by kind, and samples to read, values masked."""

import gzip
import hashlib
import heapq
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from filters import make
from filters.contracts import Judge, Rewriter
from filters.document import Document, RawPage
from filters.rules import failing
from pipelines.reading import read
from pipelines.reading.units import Piece

SUFFIXES = (".txt", ".md", ".rst", ".html", ".htm", ".xhtml")
AROUND = 40  # characters shown on either side of a hit
LONGEST = 80  # characters shown of what was found
LINES = 3000  # lines of a text that are compared for samples of what a cleanup changed

# text, language -> (kind, start, end) in characters
Find = Callable[[str, str], Sequence[tuple[str, int, int]]]


class Unreadable(ValueError):
    """A folder without texts, or a damaged file; the message names it."""


@dataclass
class Tally:
    """What a strategy found of one kind.

    hits, documents   occurrences, and the texts that have any        samples   the texts around some of them
    """

    hits: int = 0
    documents: int = 0
    samples: list[str] = field(default_factory=list)


@dataclass
class Measured:
    """A strategy over a folder: texts read, their size, and tallies by kind."""

    documents: int
    size: int
    kinds: Mapping[str, Tally]

    def rows(self, strategy: str) -> list[dict[str, Any]]:
        """One row a kind, and one for all where there is not exactly one; per_mb is hits per million bytes of UTF-8."""
        table = dict(sorted(self.kinds.items()))
        if len(table) != 1:
            table["all"] = Tally(sum(tally.hits for tally in table.values()))
        megabytes = self.size / 1e6
        return [
            {
                "strategy": strategy,
                "found": kind,
                "texts": self.documents,
                "mb": round(megabytes, 3),
                "hits": tally.hits,
                "per_mb": round(tally.hits / megabytes, 3) if megabytes else 0.0,
                "samples": tally.samples,
            }
            for kind, tally in table.items()
        ]


def texts(folders: Sequence[str]) -> Iterator[Document]:
    """The texts of files and folders, in the order of their paths: plain text and HTML as files of their own, and what
    the readers read (JSONL, Parquet, WARC, WET). HTML goes through extraction/resiliparse. Raises Unreadable."""
    plain, html = make("extraction/plain").open(), make("extraction/resiliparse").open()  # type: ignore[attr-defined]
    for given in folders:
        path = Path(given)
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        found = False
        for page in (page for file in files for page in _pages(file)):
            made = (html if page.media_type == "text/html" else plain)(page)
            if isinstance(made, Document):
                found = True
                yield made
        if not found:
            raise Unreadable(f"{given}: no text in it")


def _pages(path: Path) -> Iterator[RawPage]:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(SUFFIXES):
        body = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, zlib.error) as error:
                raise Unreadable(f"{path}: a damaged or cut off gzip file") from error
        yield RawPage(
            str(path), body=body, media_type="text/html" if "htm" in name.rpartition(".")[2] else "text/plain"
        )
        return
    for event in read(Piece(str(path))):
        if isinstance(event, RawPage):
            yield event


def measure(strategy: Any, documents: Iterator[Document], language: str, most: int = 20) -> Measured:
    """Run a strategy over texts that should hold none of what it looks for.

    Strategies with a finder (personal data, word lists) are counted by occurrence, other judges by documents that their
    rules drop, rewriters by the characters that each rule changed. `most` samples of each kind are kept, the same ones
    every time.
    """
    notes = {"language": language} if language else {}
    tallies: dict[str, Tally] = {}
    kept: dict[str, list[tuple[int, str]]] = {}
    count = size = 0
    look = _look(strategy, language)
    for document in documents:
        count += 1
        size += len(document.text.encode("utf-8", "replace"))
        seen: set[str] = set()
        counts, samples = look(Document(document.id, document.text, notes=notes))
        for kind, hits in counts.items():
            tally = tallies.setdefault(kind, Tally())
            tally.hits += hits
            tally.documents += kind not in seen
            seen.add(kind)
        for kind, sample in samples:
            order = -int.from_bytes(hashlib.sha256(f"{document.id}\0{sample}".encode("utf-8", "replace")).digest()[:8])
            heap = kept.setdefault(kind, [])
            if (order, sample) not in heap:
                (heapq.heappush if len(heap) < most else heapq.heappushpop)(heap, (order, sample))
    for kind, heap in kept.items():
        tallies.setdefault(kind, Tally()).samples = [sample for _, sample in sorted(heap, reverse=True)]
    return Measured(count, size, tallies)


Look = Callable[[Document], tuple[Counter[str], list[tuple[str, str]]]]


def _look(strategy: Any, language: str) -> Look:
    """A function from a document to counts by kind, and samples as (kind, text)."""
    if hasattr(strategy, "finder"):
        return _by_finder(strategy.finder(), language, masked=isinstance(strategy, Rewriter))
    if isinstance(strategy, Judge):
        return _by_rules(strategy, language)
    return _by_edits(strategy)


def _by_finder(find: Find, language: str, masked: bool) -> Look:
    hide = _scrubber()

    def look(document: Document) -> tuple[Counter[str], list[tuple[str, str]]]:
        text = document.text
        spans = list(find(text, language))
        shown = _masked(text, spans) if masked else text
        samples = []
        for kind, start, end in spans:
            value = shown[start : min(end, start + LONGEST)]
            before, after = shown[max(0, start - AROUND) : start], shown[end : end + AROUND]
            samples.append((kind, _line(f"{hide(before)}[{value}]{hide(after)}")))
        return Counter(kind for kind, _, _ in spans), samples

    return look


def _by_rules(judge: Judge, language: str) -> Look:
    score, rules, hide = judge.open(), judge.rules(language), _scrubber()

    def look(document: Document) -> tuple[Counter[str], list[tuple[str, str]]]:
        scores = score(document)
        broken = [failed.rule for failed in failing(rules, scores.signals, scores.notes)]
        return Counter(broken), [(rule, _line(hide(document.text[: 4 * AROUND]))) for rule in broken]

    return look


def _by_edits(rewriter: Rewriter) -> Look:
    run, hide = rewriter.open(), _scrubber()

    def look(document: Document) -> tuple[Counter[str], list[tuple[str, str]]]:
        made = run(document)
        if not isinstance(made, Document):
            return Counter({made.rule: 1}), [(made.rule, _line(hide(document.text[: 4 * AROUND])))]
        counts = Counter({rule: int(edits) for rule, edits in made.edits.items()})
        if not counts:
            return counts, []
        rule = " or ".join(sorted(counts))  # which rule made a change is known where only one did
        return counts, [(rule, _line(hide(change))) for change in _changes(document.text, made.text)]

    return look


def _changes(before: str, after: str) -> Iterator[str]:
    """Changed lines, what went in brackets and what came in braces."""
    old, new = before.split("\n")[:LINES], after.split("\n")[:LINES]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        left, right = "\n".join(old[a:b]), "\n".join(new[c:d])
        start = 0
        while start < min(len(left), len(right)) and left[start] == right[start]:
            start += 1
        stop = 0
        while stop < min(len(left), len(right)) - start and left[-1 - stop] == right[-1 - stop]:
            stop += 1
        gone, came = left[start : len(left) - stop], right[start : len(right) - stop]
        tail = left[len(left) - stop :][:AROUND]
        yield f"{left[max(0, start - AROUND) : start]}[{gone[:LONGEST]}]{{{came[:LONGEST]}}}{tail}"


def _masked(text: str, spans: Sequence[tuple[str, int, int]]) -> str:
    """The text with every digit of a value as 0, every letter as x: its form, not the value."""
    pieces, last = [], 0
    for _, start, end in spans:
        value = "".join("0" if c.isdigit() else "x" if c.isalpha() else c for c in text[start:end])
        pieces += [text[last:start], value]
        last = end
    return "".join([*pieces, text[last:]])


def _scrubber() -> Callable[[str], str]:
    scrub = make("pii/patterns").open()  # type: ignore[attr-defined]

    def hide(text: str) -> str:
        made = scrub(Document("", text))
        return made.text if isinstance(made, Document) else ""

    return hide


def _line(text: str) -> str:
    return " ".join(text.split())
