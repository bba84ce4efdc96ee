"""RE2 over whole texts: one pass that says which patterns can match at all, and cuts that leave no double blanks.

RE2 scans in linear time whatever the pattern; its \\b, \\w and \\d are ASCII, so patterns say [\\p{L}\\p{N}_] where
Hangul is meant. The text must encode (filters.text.unicode.repair).
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import re2

BLANK = r"[ \t\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
BLANKS = frozenset(
    " \t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)

Span = tuple[int, int]


class Gate:
    """Says by one pass which of several patterns match somewhere in a text."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        """patterns: RE2 syntax by name; raises re2.error where RE2 cannot compile one."""
        options = re2.Options()
        options.max_mem = 64 << 20  # a set that runs out of memory for its states would answer "nothing matches"
        self._names = tuple(patterns)
        self._set = re2.Set.SearchSet(options)
        for pattern in patterns.values():
            re2.compile(pattern)
            self._set.Add(pattern)
        self._set.Compile()

    def __call__(self, text: str) -> list[str]:
        """The names of the patterns that match, in the order given."""
        return [self._names[index] for index in sorted(self._set.Match(text) or ())] if self._names else []


@functools.lru_cache(maxsize=4)  # the patterns of one rule ask for the same lines
def lines_with(sign: Any, text: str) -> tuple[Span, ...]:
    """The lines (start, end) in which a pattern, found within a line, matches; in order."""
    found = []
    for match in _to_line_end(sign).finditer(text):
        start, end = match.span()
        found.append((text.rfind("\n", 0, start) + 1, end))
    return tuple(found)


@functools.cache
def _to_line_end(sign: Any) -> Any:
    """The pattern and all that follows in the line: what is found costs far more than what is searched."""
    return re2.compile(f"(?:{sign.pattern})[^\\n]*")


def find_in_lines(pattern: Any, text: str, sign: Any) -> list[Span]:
    """Spans of a pattern that never reaches over a line feed, looked for only in lines that hold the sign."""
    return [
        (start + first, start + last)
        for start, end in lines_with(sign, text)
        for first, last in (match.span() for match in pattern.finditer(text[start:end]))
    ]


def code_spans(text: str) -> tuple[Span, ...]:
    """Character spans of Markdown code: fenced blocks (an unclosed fence runs to the end) and `inline` code within a
    line. Ordered, disjoint."""
    return _code_spans(text) if "`" in text or "~~~" in text else ()


@functools.lru_cache(maxsize=4)  # the rules of one round ask for the same text
def _code_spans(text: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    fence, opened = "", 0
    for match in _CODE.finditer(text):
        start, end = match.span()
        found = match.group()
        marker = found.strip(" \t>\n")
        if not _FENCE.fullmatch(marker):
            if not fence:
                spans.append((start, end))
        elif not fence:
            fence, opened = marker[: len(marker) - len(marker.lstrip(marker[0]))], start
        elif marker.startswith(fence) and not marker.strip(fence[0]):
            spans.append((opened, end))
            fence = ""
    if fence:
        spans.append((opened, len(text)))
    return tuple(spans)


_CODE = re2.compile(r"(?m)^[ \t>]*(?:`{3,}|~{3,})[^`\n]*$|``+[^`\n]+(?:`[^`\n]+)*``+|`[^`\n]+`")
_FENCE = re2.compile(r"(?:`{3,}|~{3,})[^`\n]*")


def outside_code(text: str, spans: Iterable[Span]) -> list[Span]:
    """Those of the ordered spans that touch no Markdown code."""
    found = list(spans)
    code = code_spans(text) if found else ()
    if not code:
        return found
    kept, index = [], 0
    for start, end in found:
        while index < len(code) and code[index][1] <= start:
            index += 1
        if index == len(code) or end <= code[index][0]:
            kept.append((start, end))
    return kept


def merged(text: str, spans: Iterable[Span]) -> list[tuple[int, int, bool]]:
    """The spans in order, those that overlap or have only blanks between them made one: (start, end, blanks within)."""
    joined: list[tuple[int, int, bool]] = []
    for start, end in sorted(spans):
        if joined and (start <= joined[-1][1] or BLANKS.issuperset(text[joined[-1][1] : start])):
            first, last, blanks = joined[-1]
            joined[-1] = (first, max(end, last), blanks or start > last)
        else:
            joined.append((start, end, False))
    return joined


def cut(text: str, spans: Iterable[Span], between: str = "") -> str:
    """The text without the spans, and without the blanks that would be left double.

    A line of which only blanks are left goes with its line feed. Where text stands on both sides in the line,
    `between` takes the place of the span and of the blanks around it; without it one blank stays if there was any
    around or between the spans, but none before closing punctuation.
    """
    pieces, position = [], 0
    for start, end, blanks in merged(text, spans):
        left, right = start, end
        while left > position and text[left - 1] in BLANKS:
            left -= 1
        while right < len(text) and text[right] in BLANKS:
            right += 1
        starts_line = left == 0 or text[left - 1] == "\n"
        ends_line = right == len(text) or text[right] == "\n"
        filler = ""
        if starts_line and ends_line:
            start, end = left, min(right + 1, len(text))
            if right == len(text) and left > position:
                start = left - 1  # the last line goes with the line feed before it
        elif ends_line:
            start, end = left, right
        elif starts_line:
            end = right
        else:
            blank = left < start or right > end or blanks
            filler = between or (" " if blank and text[right] not in ".,!?;:)]}、。」』”’" else "")
            start, end = left, right
        pieces += [text[position : max(start, position)], filler]
        position = end
    pieces.append(text[position:])
    return "".join(pieces)
