"""Texts of a run's documents, fit to be shown: made again from the input, personal data replaced, cut."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from curate.recipe import Recipe, check
from curate.showing.again import Place, read_again
from curate.showing.directory import Output
from curate.showing.walking import Passage, Walker
from filters.chain import Step, notes_written
from filters.contracts import CorpusJudge, Judge, ResourceError
from filters.document import Document, RawPage
from filters.snippets import Concealer, Piece, around_change
from pipelines.blame import DIED, STALLED
from pipelines.inputs import READ
from pipelines.reading.events import Damaged, Rejected

ENDED_WORKERS = (DIED, STALLED)


class Snippets:
    """Short texts of documents, without personal data, as parts of a line.

    steps  those of the recipes whose texts are shown: what they conceal is not shown either
    """

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._concealer = Concealer([step.strategy for step in steps if step.strategy.conceals])

    def text(self, document: Document) -> tuple[str, str]:
        """The beginning of a text."""
        return " ".join(self._concealer.excerpt(document).split()), "dim"

    def change(self, before: Document, after: Document, hides: bool = False) -> tuple[tuple[str, str], ...]:
        """The first change of a text, with a little around it; () where nothing is left to be seen.

        hides  whether what was removed is personal data
        """
        return marked(self._concealer.change(after, *around_change(before.text, after.text), hides=hides))


def marked(pieces: Iterable[Piece]) -> tuple[tuple[str, str], ...]:
    """Pieces of a change as parts of a line."""
    return tuple((_LINE_BREAK.sub(" ↵ ", piece.text), _LOOKS[piece.kind]) for piece in pieces)


_LOOKS = {"same": "dim", "gap": "dim", "removed": "cut", "added": "new"}
_LINE_BREAK = re.compile(r"[ \t\r]*\n[ \t\r]*")


@dataclass(frozen=True, slots=True)
class Way:
    """What happened to one document.

    row       of kept/, dropped/ or failed/         table  which of these
    read      what the reader found, to be read     said   why the way is not known from some stage on; "" where it is
    passages  of the stages, as they are walked again now
    rejected  the rule or the reason of the reader, now; "" where it made a page
    """

    table: str
    row: Mapping[str, Any]
    read: str
    passages: tuple[Passage, ...]
    said: str = ""
    rejected: str = ""

    @property
    def document(self) -> Document | None:
        """The document as it left the run or came to the last stage that is known; None: it has no text."""
        if self.row.get("text") is not None:  # of kept/, or with dropped_text: true
            return kept_document(self.row)
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
                way = Way(table, row, f"dropped: {event.drop.rule}", (), rejected=event.drop.rule)
                found[place] = self._judged(way, until)
            elif isinstance(event, Damaged):
                way = Way(table, row, f"failed: {event.reason}", (), rejected=event.reason)
                found[place] = self._judged(way, until)
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
            rest = rest[: [step.name for step in rest].index(end) + 1] if end != last.stage else ()
        more = [Passage(step.name, step.strategy_name, "unknown") for step in rest]
        judges = all(isinstance(step.strategy, (Judge, CorpusJudge)) for step in rest)
        if way.table == "kept" and judges and not _is_piece(way.row):
            more = list(Walker(rest).walk(kept_document(way.row, notes_written(self.recipe.steps))))
        return replace(way, passages=(*way.passages, *more))


def _agrees(way: Way) -> bool:
    """Whether a way that was walked again ends as the run says."""
    row, passages = way.row, way.passages
    if way.table != "kept" and row["stage"] == READ:
        return way.rejected == (row["reason"] if way.table == "failed" else row["rule"])
    if not passages:
        return False
    last = passages[-1]
    if last.how == "decided" and last.after is None:
        return True  # after a corpus rewriter nothing can be compared
    if way.table == "kept":
        return last.how in ("passed", "decided") and (
            _is_piece(row) or (last.after is not None and last.after.text == row["text"])
        )
    if last.stage != row["stage"]:
        return False
    if last.how == "decided":  # a duplicate: it was judged by its text
        return last.before is not None and len(last.before.text.encode("utf-8", "replace")) == row.get("bytes")
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


def kept_document(row: Mapping[str, Any], notes: Iterable[str] = ("language",)) -> Document:
    """The document that a row with a text holds, with some of its notes."""
    known = {name: row[name] for name in notes if row.get(name) is not None}
    return Document(row["id"], row["text"], row["url"] or "", known, row["source"], row["offset"])
