"""Replaces the spans that a finder reports, and counts them by kind."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from filters.document import Document, Drop, Fault
from filters.pii.actions import Replacer

MAX_PASSES = 10  # a replacement may part what stood together and so uncover another value


class Span(NamedTuple):
    """A value found in a text: its kind and its place in characters."""

    kind: str
    start: int
    end: int


class Scrubber:
    """Document -> Document without the values that `find` reports, or a Drop.

    find        document -> spans by position, not overlapping
    drop_above  drop a document with more values than this; None never drops
    """

    def __init__(
        self,
        find: Callable[[Document], list[Span]],
        kinds: tuple[str, ...],
        replacer: Replacer,
        drop_above: int | None,
    ) -> None:
        self._find = find
        self._notes = tuple(f"pii_{kind}" for kind in kinds)
        self._replacer = replacer
        self._drop_above = drop_above

    def __call__(self, document: Document) -> Document | Drop:
        """Scrubbed until nothing is found; notes pii_KIND count the values (by line, where lines become rows), edits
        the characters replaced by kind."""
        scrubbed = document
        counts: dict[str, Counter[int]] = {}  # by kind and line; most documents hold none
        by_line = document.row_per_line
        edits: dict[str, int] = {}
        for _ in range(MAX_PASSES):
            pieces, last, line, text = [], 0, 0, scrubbed.text
            for span in self._find(scrubbed):
                value = text[span.start : span.end]
                if self._replacer.keeps(value):
                    continue
                line += text.count("\n", last, span.start) if by_line else 0
                counts.setdefault(span.kind, Counter())[line] += 1
                edits[span.kind] = edits.get(span.kind, 0) + len(value)
                pieces += [text[last : span.start], self._replacer(span.kind, value)]
                last = span.end
            if not pieces:
                break
            scrubbed = scrubbed.with_text("".join([*pieces, text[last:]]))
        else:
            raise Fault("pii_error", f"values are still found after {MAX_PASSES} passes")
        total = sum(found.total() for found in counts.values())
        if self._drop_above is not None and total > self._drop_above:
            return Drop("drop_above", total, self._drop_above)
        notes: dict[str, Any] = dict.fromkeys(self._notes, 0)
        if by_line:  # a tuple has a number for each line of a document whose lines become rows
            lines = scrubbed.text.count("\n") + 1
            notes = dict.fromkeys(self._notes, (0,) * lines)
            notes |= {f"pii_{kind}": tuple(found[line] for line in range(lines)) for kind, found in counts.items()}
        else:
            notes |= {f"pii_{kind}": found.total() for kind, found in counts.items()}
        return document.with_text(scrubbed.text, edits).note(**notes)
