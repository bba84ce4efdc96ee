"""The repetition rules of Gopher (Rae et al. 2021, table A1): duplicate lines, paragraphs and n-grams.

Published implementations differ; `semantics` chooses the definitions:

====================  =================================================  ==============================================
                      dclm                                               datatrove
====================  =================================================  ==============================================
lines, paragraphs     every copy counts, the first included; blank ones  later copies count; paragraphs are stripped at
                      are left out, white space at the ends too          the ends of the text only
their characters      of those of all lines (paragraphs)                 of those of the text
words                 UAX #29 words that begin with a letter or number   all tokens, punctuation included
most frequent n-gram  the longest of the most frequent, times its        the first of the most frequent, spaces
                      count; 0 where none repeats                        counted, times its count
duplicate n-grams     characters of words in any n-gram that repeats,    n-grams met before, in a scan that jumps past
                      each word once                                     each
divided by            characters of all words                            characters of the text
====================  =================================================  ==============================================

A text of one line (paragraph), or of fewer than n words, has the score NaN, and the rule passes. An empty text has
infinity.

Programs repeat by their nature, and the rules are made for prose: `code: skip` measures a text without its code, but
one that is nearly all code as a whole.
"""

from collections.abc import Callable, Mapping
from math import inf, nan
from typing import Literal

from pydantic import Field

from filters.by_language import VALUES_BY_LANGUAGE, ByLanguage, Values
from filters.contracts import FrozenMap, Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule
from filters.text import words as tokens

MEASURES = (
    *("duplicate_lines", "duplicate_paragraphs", "duplicate_line_characters", "duplicate_paragraph_characters"),
    *("top_2gram", "top_3gram", "top_4gram"),
    *("duplicate_5grams", "duplicate_6grams", "duplicate_7grams", "duplicate_8grams", "duplicate_9grams"),
    "duplicate_10grams",
)

LEAST_PROSE = 0.2  # of the characters; with less, what repeats in the code is all there is to judge


@strategy
class GopherRepetition(ByLanguage, Judge):
    """Gopher's repetition rules: shares of duplicate lines, paragraphs and n-grams.

    Source: Rae et al. 2021, table A1; measures as in DCLM (step 17) or in datatrove. Each of the 13 measures is a score
    and a rule of the same name, in DCLM's order; a document is dropped when a share is greater than its threshold.
    """

    semantics: Literal["dclm", "datatrove"] = Field("dclm", description="whose definitions of the measures to use")
    words: tokens.Tokens = Field(
        "unicode",
        description="UAX #29 words; with semantics: datatrove also tokens of spaCy's English tokenizer, or of Kiwi, "
        "which finds the morphemes of Korean",
    )
    code: Literal["count", "skip"] = Field(
        "count",
        description="skip: measure a text without fenced code, lines of code and lines of mark-up, unless less than a "
        "fifth of it would be left",
    )
    duplicate_lines: float | None = limit(0.30, ge=0, description="largest share of duplicate lines")
    duplicate_paragraphs: float | None = limit(0.30, ge=0, description="largest share of duplicate paragraphs")
    duplicate_line_characters: float | None = limit(0.20, ge=0, description="largest share of characters in them")
    duplicate_paragraph_characters: float | None = limit(0.20, ge=0, description="largest share of characters in them")
    top_2gram: float | None = limit(0.20, ge=0, description="largest share of the most frequent 2-gram")
    top_3gram: float | None = limit(0.18, ge=0, description="largest share of the most frequent 3-gram")
    top_4gram: float | None = limit(0.16, ge=0, description="largest share of the most frequent 4-gram")
    duplicate_5grams: float | None = limit(0.15, ge=0, description="largest share of duplicate 5-grams")
    duplicate_6grams: float | None = limit(0.14, ge=0, description="largest share of duplicate 6-grams")
    duplicate_7grams: float | None = limit(0.13, ge=0, description="largest share of duplicate 7-grams")
    duplicate_8grams: float | None = limit(0.12, ge=0, description="largest share of duplicate 8-grams")
    duplicate_9grams: float | None = limit(0.11, ge=0, description="largest share of duplicate 9-grams")
    duplicate_10grams: float | None = limit(0.10, ge=0, description="largest share of duplicate 10-grams")

    def __post_init__(self) -> None:
        tokens.check_semantics(self.words, self.semantics)

    languages: Values = limit(FrozenMap(), description=VALUES_BY_LANGUAGE)

    def made_for(self) -> None:
        """Every language: clean Korean prose, too, stays far below the limits (docs/korean.md)."""
        return

    def check(self) -> None:
        """Raises ResourceError where the package that finds the words is missing."""
        tokens.check(self.words, "quality/gopher-repetition")

    def resources(self) -> Mapping[str, str]:
        """The version of what finds the words, where it matters."""
        return tokens.resources(self.words)

    def open(self) -> Callable[[Document], Scores]:
        score = _dclm() if self.semantics == "dclm" else _datatrove(self.words)
        return _without_code(score) if self.code == "skip" else score

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        shares = ((name, self.value(name, language)) for name in MEASURES)
        return tuple(Rule(name, name, at_most=share) for name, share in shares if share is not None)


def _without_code(score: Callable[[Document], Scores]) -> Callable[[Document], Scores]:
    from filters.text.code import code_spans
    from filters.text.patterns import cut

    def measured(document: Document) -> Scores:
        code = document.derive(code_spans).blocks()
        if not code:
            return score(document)
        prose = cut(document.text, code)
        return score(document.with_text(prose) if len(prose) >= LEAST_PROSE * len(document.text) else document)

    return measured


def _dclm() -> Callable[[Document], Scores]:
    from filters.text.marks import paragraphs
    from filters.text.ngrams import Duplicates, duplicates, ngrams
    from filters.text.segments import segment

    def shares(found: Duplicates) -> tuple[float, float]:
        if found.segments == 0:
            return inf, inf
        if found.segments == 1:
            return nan, nan
        return found.copies / found.segments, found.copied / found.characters

    def score(document: Document) -> Scores:
        segments = document.derive(segment)
        lines = segments.lines
        filled = lines.body_characters > 0
        line = shares(duplicates(lines.body_hash[filled].tolist(), lines.body_characters[filled].tolist()))
        found = paragraphs(document.text, strip=True)
        paragraph = shares(duplicates(found, [len(paragraph) for paragraph in found]))
        kept = segments.words.is_word
        characters = segments.words.characters[kept]
        grams = ngrams(segments.words.hash[kept], characters)
        total = int(characters.sum())
        none = nan if document.text else inf
        measures = [line[0], paragraph[0], line[1], paragraph[1]]
        for n in range(2, 11):
            most = int(grams.most[n])
            if most == 0:
                measures.append(none)
            elif n <= 4:
                measures.append(int(grams.longest[n]) * most / total)
            else:
                measures.append(int(grams.covered[n]) / total)
        return Scores(dict(zip(MEASURES, measures, strict=True)))

    return score


def _datatrove(words: str) -> Callable[[Document], Scores]:
    from filters.text.marks import paragraphs
    from filters.text.ngrams import duplicates, ngrams
    from filters.text.segments import segment

    split = tokens.finder(words)

    def score(document: Document) -> Scores:
        if not document.text:
            return Scores(dict.fromkeys(MEASURES, inf))
        segments = document.derive(segment)
        pieces = split(document)
        total = segments.characters
        lines = segments.lines
        filled = lines.characters > 0
        filled[0] = filled[-1] = True  # splitting at runs of newlines leaves an empty line where the text begins in one
        line = duplicates(lines.hash[filled].tolist(), lines.characters[filled].tolist())
        found = paragraphs(document.text, strip=False)
        paragraph = duplicates(found, [len(paragraph) for paragraph in found])
        grams = ngrams(pieces.hash, pieces.characters)
        measures = [
            line.later / line.segments,
            paragraph.later / paragraph.segments,
            line.later_characters / total,
            paragraph.later_characters / total,
        ]
        for n in range(2, 11):
            most = int(grams.most[n])
            if most == 0:
                measures.append(nan)
            elif n <= 4:
                measures.append((int(grams.first[n]) + n - 1) * most / total)
            else:
                measures.append(int(grams.skipped[n]) / total)
        return Scores(dict(zip(MEASURES, measures, strict=True)))

    return score
