"""The counts behind Gopher's quality rules, as DCLM and as datatrove define them."""

from collections.abc import Callable, Mapping
from math import inf

import numpy as np

from filters.contracts import Scores
from filters.document import Document
from filters.text.marks import (
    SYMBOL_MARKS,
    Listed,
    Suffixes,
    count_endings,
    count_listed,
    line_marks,
    split_lines,
    suffixes,
)
from filters.text.segments import HAS_ALPHABETIC, NOT_SYMBOL, hashes_of, segment
from filters.text.words import finder


def opened(semantics: str, words: str, stop_words: Mapping[str, tuple[str, ...]]) -> Callable[[Document], Scores]:
    """The scoring function of quality/gopher and quality/refinedweb."""
    lists = {language: _StopWords(listed) for language, listed in stop_words.items()}
    english = lists["en"]
    split = finder(words)

    def dclm(document: Document) -> Scores:
        segments = document.derive(segment)
        tokens, marks = segments.tokens, line_marks(segments)
        count = len(tokens)
        listed = lists.get(str(document.notes.get("language", "")), english)
        stopped, _ = count_listed(tokens.lower, listed.listed)
        if listed.endings.longest:
            stopped += count_endings(segments, listed.endings)
        alphabetic = int(np.count_nonzero(tokens.flags & HAS_ALPHABETIC))
        hashes, ellipses = _symbols(document.text)
        return Scores(
            {
                "words": float(segments.lines.spaced_words.sum()),
                "mean_word_length": int(tokens.characters.sum()) / count if count else 0.0,
                "symbol_ratio": (hashes + ellipses) / count if count else inf,
                "hash_ratio": hashes / count if count else inf,
                "ellipsis_ratio": ellipses / count if count else inf,
                "bullet_lines": marks.bullets / marks.filled if marks.filled else 0.0,
                "ellipsis_lines": marks.ellipses / marks.filled if marks.filled else 0.0,
                "alphabetic_words": alphabetic / count if count else 0.0,
                "non_alphabetic_words": (count - alphabetic) / count if count else inf,
                "stop_words": float(stopped),
                "stop_word_share": stopped / count if count else 0.0,
            }
        )

    def datatrove(document: Document) -> Scores:
        segments = document.derive(segment)
        pieces = split(document)
        count = len(pieces)
        plain = (pieces.flags & NOT_SYMBOL) != 0
        counted = int(np.count_nonzero(plain))
        lines = split_lines(document.text, segments)
        marks = line_marks(lines)
        rows = len(lines.lines) - (lines.lines.characters[-1] == 0)
        listed = lists.get(str(document.notes.get("language", "")), english)
        occurrences, stopped = count_listed(pieces.hash, listed.listed)
        if listed.endings.longest:
            ended = count_endings(segments, listed.endings)
            occurrences, stopped = occurrences + ended, stopped + ended
        alphabetic = int(np.count_nonzero(pieces.flags & HAS_ALPHABETIC))
        hashes = document.text.count("#")
        ellipses = document.text.count("...") + document.text.count("…")
        return Scores(
            {
                "words": float(counted),
                "mean_word_length": int(pieces.characters[plain].sum()) / counted if counted else 0.0,
                "symbol_ratio": (hashes + ellipses) / count if count else inf,
                "hash_ratio": hashes / count if count else inf,
                "ellipsis_ratio": ellipses / count if count else inf,
                "bullet_lines": marks.plain_bullets / rows if rows else 0.0,
                "ellipsis_lines": marks.plain_ellipses / rows if rows else 0.0,
                "alphabetic_words": alphabetic / count if count else 0.0,
                "non_alphabetic_words": (count - alphabetic) / count if count else inf,
                "stop_words": float(stopped),
                "stop_word_share": occurrences / counted if counted else 0.0,
            }
        )

    return dclm if semantics == "dclm" else datatrove


class _StopWords:
    """A list ready to be counted: whole words as hashes, endings (written -x) apart."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.listed = Listed(hashes_of(word for word in words if not word.startswith("-")))
        self.endings: Suffixes = suffixes(word[1:] for word in words if word.startswith("-"))


def _symbols(text: str) -> tuple[int, int]:
    hashes, *ellipses = (text.count(mark) for mark in SYMBOL_MARKS)
    return hashes, sum(ellipses)
