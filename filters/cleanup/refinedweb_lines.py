"""Drops lines that are not running text, and pages that lose too much (DCLM, steps 18 to 26)."""

import re
from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from filters.contracts import FrozenMap, Rewriter, strategy
from filters.document import Document, Drop

# What a counter counts, in lower case
COUNTED = (
    *("likes", "shares", "comments", "retweets", "reposts", "quotes", "bookmarks", "upvotes", "downvotes"),
    *("downloads", "views", "followers"),
)
# A counter has the letters of one of these words, and perhaps K, M or B after the number
_FEWEST_LETTERS = min(map(len, COUNTED))
_MOST_LETTERS = max(map(len, COUNTED)) + 1
Place = Literal["anywhere", "suffix", "prefix"]


@strategy
class RefinedWebLines(Rewriter):
    """Drops upper-case, numeric, counter and one-word lines and shop phrases; drops pages that lose many words to them.

    Source: DCLM, dclm_baseline_refinedweb.yaml, steps 18 to 26, after RefinedWeb (Penedo et al. 2023, appendix G). The
    rules run in this order, and each but short_line strips white space from the ends of the text afterwards.
    Edits are booked under uppercase, numeric, counter, short_line, phrase, blank. A page of which nothing is left is
    dropped under the rule that took the last line; else under words_removed, with the share of words removed.
    """

    max_uppercase: float | None = Field(0.5, ge=0, description="largest share of upper-case characters (step 19)")
    max_numeric: float | None = Field(0.999999, ge=0, description="largest share of digits in a line (step 20)")
    counters: bool = Field(True, description="drop lines such as '3 likes' and '1.2K views' (step 21)")
    min_words: int | None = Field(2, ge=0, description="fewest words in a line that is not empty (step 22)")
    phrases: FrozenMap[str, Place] = Field(
        FrozenMap({"items in cart": "anywhere", "Read more...": "suffix", "Sign-in": "prefix"}),
        description="case-insensitive regular expressions cut out of short lines, and where (steps 23 to 25)",
    )
    max_words_in_phrase_line: int = Field(10, ge=0, description="most words in a line that a phrase is cut out of")
    max_words_removed: float | None = Field(0.05, ge=0, description="largest share of words removed (step 26)")

    rule_names: ClassVar[tuple[str, ...]] = ("uppercase", "numeric", "counter", "short_line", "phrase", "blank")

    @field_validator("phrases")
    @classmethod
    def _patterns(cls, given: FrozenMap[str, Place]) -> FrozenMap[str, Place]:
        for phrase in given:
            try:
                if re.compile(phrase).match(""):
                    raise ValueError(f"the phrase {phrase!r} matches the empty string")
            except re.error as error:
                raise ValueError(f"the phrase {phrase!r} is not a regular expression: {error}") from error
        return given

    def open(self) -> Callable[[Document], Document | Drop]:
        import numpy as np

        from filters.text.line_rules import REASONS, drop_lines
        from filters.text.segments import Lines, Segments, segment

        counter = re.compile(rf"^\W*\d(?:,|\.|\d)*(?:k|m|b)?\s+(?:{'|'.join(COUNTED)})\W*$")
        phrases = [_Phrase(phrase, place, self.max_words_in_phrase_line) for phrase, place in self.phrases.items()]

        def counter_lines(segments: Segments, lines: Lines) -> np.ndarray:
            found = (lines.digits > 0) & (lines.alphabetic >= _FEWEST_LETTERS)
            found &= (lines.alphabetic <= _MOST_LETTERS) & (lines.words > 1)
            for line in np.flatnonzero(found).tolist():
                text = segments.text(lines.start[line], lines.end[line]).lower()
                found[line] = counter.search(text) is not None
            return found

        def rewrite(document: Document) -> Document | Drop:
            segments = document.derive(segment)
            lines = segments.lines
            raw = segments.data.tobytes().lower() if phrases else b""
            met = [phrase for phrase in phrases if phrase.hint in raw]
            left = drop_lines(
                segments,
                self.max_uppercase,
                self.max_numeric,
                counter_lines(segments, lines) if self.counters else None,
                self.min_words,
                # every phrase rule drops lines of white space; the first one present does so itself
                blank=bool(phrases) and (not met or met[0] is not phrases[0]),
            )
            if left.emptied:
                return Drop(REASONS[left.emptied], 0, 1)
            edits = dict(zip(REASONS[1:], left.removed[1:], strict=True))
            before = int(lines.spaced_words.sum())
            after = before - left.words
            text = document.text
            if left.data is not None:
                text = left.data.decode("utf-8", "surrogatepass")
            if met:
                length = len(text)
                for phrase in met:
                    text = phrase.cut(text)
                    if not text:
                        return Drop("phrase", 0, 1)
                edits["phrase"] = length - len(text)
            changed = document if text == document.text else document.with_text(text, edits)
            if met:
                after = int(changed.derive(segment).lines.spaced_words.sum())
            if self.max_words_removed is not None:
                share = (before - after) / before if before else 1.0
                if share > self.max_words_removed or not before:
                    return Drop("words_removed", share, self.max_words_removed)
            return changed

        return rewrite


class _Phrase:
    """A phrase to cut out of the short lines of a text.

    hint    bytes that a text in lower case must have for the phrase to occur (empty where that is not known)
    """

    def __init__(self, phrase: str, place: Place, max_words: int) -> None:
        pattern = {"anywhere": rf"\s?{phrase}", "suffix": rf"\s?{phrase}$", "prefix": rf"^{phrase}\s?"}[place]
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self.max_words = max_words
        self.hint = b""
        if re.fullmatch(r"[a-zA-Z0-9 .,'-]+", phrase):
            # i, k and s are also the lower case of characters beyond ASCII; a dot stands for any character
            pieces = re.split(r"[iks.]", phrase.lower())
            self.hint = max(pieces, key=len).encode()

    def cut(self, text: str) -> str:
        """The text without the phrase, and without the lines of white space that there were or now are."""
        left = []
        for line in text.split("\n"):
            if len(line.split()) <= self.max_words:
                shorter = self.pattern.sub("", line)
                if line and not shorter.strip():
                    continue
                line = shorter
            left.append(line)
        return "\n".join(left).strip()
