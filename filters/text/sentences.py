"""Sentences by rules, for Korean and English: no model, linear time."""

import re2

from filters.text.patterns import BLANK, Span

# Final punctuation, whatever closes behind it, then a blank or the end of the line.
_END = re2.compile(r"(?m)(?:[.!?。！？…]+[”’\"'」』）)\]】》〉]*)(?:" + BLANK + r"+|$)|[。！？][”’」』）】》〉]*|\n")
_QUOTED = re2.compile(r"“[^“”\n]*”|「[^「」\n]*」|『[^『』\n]*』|‘[^‘’\n]*’|\"[^\"\n]*\"")
# A quotation goes on after its closing mark: “...다.” 고 말했다.
_GOES_ON = re2.compile(
    r"(?:이?라고|이?라며|이?라면서|이?라는|이?란|고|며|면서|는|라|하고|하며|하는|에|에서|에게|을|를|은|이|가|의|와|과|로|으로|도|만)(?:"
    + BLANK
    + r"|[.,!?]|$)"
)
_ABBREVIATION = re2.compile(
    r"(?:^|[^\p{L}\p{N}_])(?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Gen|Col|Sgt|Lt|Capt|Rev|Hon|Sen|Rep|Gov|Pres|vs|etc|No|Nos|Vol|Fig|"
    r"Eq|Sec|Ch|pp|ed|eds|al|cf|ca|e\.g|i\.e|a\.m|p\.m|U\.S|U\.K|U\.N|D\.C|Inc|Ltd|Co|Corp|Bros|Jan|Feb|Mar|Apr|Jun|Jul|"
    r"Aug|Sep|Sept|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Mt|Ave|Blvd|Rd|approx|dept|est|[A-Z])\.$"
)
_NUMBER = re2.compile(r"(?:^|[^\p{L}\p{N}])[0-9]{1,4}\.$")
_DATE = re2.compile(r"[0-9]{4}\. ?[0-9]{1,2}\. ?[0-9]{1,2}\.$")
_KANA = re2.compile(r"\p{Hiragana}")
_MAX_QUOTATION = 1000


def split(text: str) -> list[Span]:
    """The sentences as spans (start, end) of the text, in order, without blanks around them.

    A sentence ends after . ! ? … and what closes behind them where a blank or the line's end follows, after 。！？ and
    at every line feed; not after abbreviations, initials and numbers (1. 2026. 3. 4.), nor within a quotation of one
    line in “ ”, ‘ ’, " ", 「 」 or 『 』, nor where a Korean clause takes the quotation up (“...다.” 고 말했다).
    """
    quotations = [match.span() for match in _QUOTED.finditer(text)] if any(mark in text for mark in '“「『‘"') else []
    spans: list[Span] = []
    start, index = 0, 0
    for match in _END.finditer(text):
        left, right = match.span()
        if text[left] != "\n":
            while index < len(quotations) and quotations[index][1] <= left:
                index += 1
            if index < len(quotations) and quotations[index][0] < left:
                first, last = quotations[index]
                if last - first <= _MAX_QUOTATION and left + len(text[left:right].rstrip()) < last:
                    continue
            if _continues(text, start, left, right):
                continue
        _add(spans, text, start, right)
        start = right
    _add(spans, text, start, len(text))
    return spans


def _continues(text: str, start: int, left: int, right: int) -> bool:
    """Whether the sentence goes on after the punctuation in text[left:right]."""
    mark = text[left:right].rstrip()
    if right < len(text) and text[right - 1] != "\n":
        following = text[right : right + 8]
        if mark[-1] in "”’\"'」』)）" and _GOES_ON.match(following):
            return True
        if mark[-1] in "」』" and _KANA.match(following):
            return True
        if following[:1].islower() and following[:1].isascii():
            return True
        if mark == ".":
            before = text[max(start, left - 16) : left + 1]
            if _ABBREVIATION.search(before):
                return True
            # numbers of items and parts of dates; a year ends no sentence before a month
            if _DATE.search(before) or (_NUMBER.search(before) and (left - start <= 4 or following[:1].isdigit())):
                return True
    return False


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        first = start + len(piece) - len(piece.lstrip())
        spans.append((first, first + len(stripped)))
