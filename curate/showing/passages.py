"""Texts of a run's documents, fit to be shown: made again from the input, personal data replaced, cut."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import filters
from curate.recipe import Recipe, check
from curate.report.text import shown
from curate.showing.again import Place, read_again
from curate.showing.directory import Output
from curate.showing.walking import Passage, Walker
from filters.chain import notes_written, opened
from filters.contracts import CorpusJudge, Judge, ResourceError
from filters.document import Document, RawPage
from pipelines.curation import READ
from pipelines.reading.events import Damaged, Rejected

CHARACTERS = 200  # of a text that is shown
_SCRUBBED = 20_000  # characters that are searched for personal data before a text is cut
ENDED_WORKERS = ("worker_died", "worker_stalled")


class Masker:
    """Texts with personal data replaced, and without characters that a terminal or a page would obey."""

    def __init__(self) -> None:
        self._scrub = opened(filters.make("pii/patterns", {"action": "replace"}))

    def whole(self, text: str) -> str:
        """The beginning of a text, without personal data. A text in which it cannot be told is not shown."""
        clean = self._scrub(Document("shown", text[:_SCRUBBED]))
        return clean.text if isinstance(clean, Document) else ""

    def line(self, text: str, most: int = CHARACTERS) -> str:
        """The beginning of a text as one line of at most so many characters, with … where it is cut."""
        line = " ".join(self.whole(text).split())
        return shown(line if len(line) <= most else f"{line[:most].rstrip()} …", most * 12)


@dataclass(frozen=True, slots=True)
class Way:
    """What happened to one document.

    row       of kept/, dropped/ or failed/         table  which of these
    read      what the reader found, to be read     said   why the way is not known from some stage on; "" where it is
    passages  of the stages, as they are walked again now
    """

    table: str
    row: Mapping[str, Any]
    read: str
    passages: tuple[Passage, ...]
    said: str = ""

    @property
    def text(self) -> str | None:
        """The text with which it left the run or came to the last stage that is known; None: there is none."""
        if self.table == "kept":
            return str(self.row["text"])
        if self.row.get("text") is not None:  # dropped_text: true
            return str(self.row["text"])
        return self.passages[-1].before if self.passages else None


class Walks:
    """Walks documents of a run again. What cannot be walked is said, and never an error."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.recipe: Recipe = output.loaded()
        self._walker = Walker(self.recipe.steps)
        self.trouble = ""
        try:
            check(self.recipe)
        except ResourceError as error:
            self.trouble = f"the recipe cannot run here: {error}"

    def changed(self) -> str:
        """What differs from when the run was made, a sentence; "" where nothing does."""
        if self.trouble:
            return self.trouble
        if self.recipe.fingerprint() != self.output.fingerprint:
            return "a model, a list or curate itself has changed since the run, so values may differ from its own"
        return ""

    def of(self, rows: Iterable[tuple[str, Mapping[str, Any]]], until: str = "") -> dict[Place, Way]:
        """The ways of documents by row key, up to the stage that removed them, or to the stage `until`."""
        by_place = {(row["source"], row["offset"]): (table, row) for table, row in rows}
        found: dict[Place, Way] = {}
        walked = [place for place, (_, row) in by_place.items() if row.get("reason") not in ENDED_WORKERS]
        for place in set(by_place) - set(walked):
            table, row = by_place[place]
            found[place] = Way(table, row, "", (), "it ended or stalled a worker, so it is not run again here")
        if self.trouble:
            return found | {place: Way(*by_place[place], "", (), self.trouble) for place in walked}
        for place, event in read_again(walked, self.recipe.reading):
            table, row = by_place[place]
            if isinstance(event, str):
                found[place] = Way(table, row, "", (), event)
            elif isinstance(event, RawPage):
                last = until or ("" if table == "kept" else str(row["stage"]))
                read = f"{event.media_type}, {len(event.body):,} bytes"
                passages = tuple(self._walker.walk(event, last)) if last != READ else ()
                found[place] = self._judged(Way(table, row, read, passages), until)
            elif isinstance(event, Rejected):
                found[place] = self._judged(Way(table, row, f"dropped: {event.drop.rule}", ()), until)
            elif isinstance(event, Damaged):
                found[place] = self._judged(Way(table, row, f"failed: {event.reason}", ()), until)
        return found

    def _judged(self, way: Way, until: str) -> Way:
        """The way, with a sentence where it does not end as the run says that it did."""
        if until or _agrees(way):
            return way
        return replace(way, said="this is not what the run found: the input has changed since")

    def completed(self, way: Way) -> Way:
        """The way with the stages after a corpus rewriter, whose cuts are decided over the whole corpus: what is known
        of them is that the document passed, or the row that removed it. The judges after the last rewriter are walked
        on the text of kept/.
        """
        last = way.passages[-1] if way.passages else None
        if way.said or last is None or last.how != "decided" or last.after is not None:
            return way
        names = [step.name for step in self.recipe.steps]
        rest = self.recipe.steps[names.index(last.stage) + 1 :]
        if way.table != "kept":
            end = str(way.row["stage"])
            rest = rest[: [step.name for step in rest].index(end)] if end != last.stage else ()
        more = [Passage(step.name, step.strategy_name, "unknown") for step in rest]
        judges = all(isinstance(step.strategy, (Judge, CorpusJudge)) for step in rest)
        if way.table == "kept" and judges and not _is_piece(way.row):
            document = Document(
                way.row["id"], way.row["text"], way.row["url"],
                {name: way.row[name] for name in notes_written(self.recipe.steps) if way.row.get(name) is not None},
            )  # fmt: skip
            more = list(Walker(rest).walk(document))
        return replace(way, passages=(*way.passages, *more))


def _agrees(way: Way) -> bool:
    """Whether a way that was walked again ends as the run says."""
    row, passages = way.row, way.passages
    if way.table != "kept" and row["stage"] == READ:
        reason = row["reason"] if way.table == "failed" else row["rule"]
        return way.read.endswith(f": {reason}")
    if not passages:
        return False
    last = passages[-1]
    if last.how == "decided" and last.after is None:
        return True  # after a corpus rewriter nothing can be compared
    if way.table == "kept":
        return last.how in ("passed", "decided") and (_is_piece(row) or last.after == row["text"])
    if last.stage != row["stage"]:
        return False
    if last.how == "decided":  # a duplicate: what it was told by is its text
        return len((last.before or "").encode("utf-8", "replace")) == row.get("bytes")
    if way.table == "failed":
        return last.reason == row["reason"]
    drop = last.drop
    if drop is None or drop.rule != row["rule"]:
        return False
    figures = isinstance(drop.value, (int, float)) and row["value"] is not None
    return not figures or math.isclose(float(drop.value), row["value"], rel_tol=1e-6)


def _is_piece(row: Mapping[str, Any]) -> bool:
    """Whether a row of kept/ may be one of several of its document."""
    return bool(str(row["id"]).rpartition("#")[1])
