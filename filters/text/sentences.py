"""Sentences by rules, for Korean and English: no model, linear time."""

import functools

import numpy as np
import re2
from numba import njit

from filters.text.abbreviations import ABBREVIATIONS
from filters.text.patterns import BLANK, BLANKS, Span
from filters.text.properties import CODE_POINTS
from filters.text.segments import code_point, encode

# Characters that matter for where a sentence may end, one bit each
_FINAL, _WIDE_FINAL, _CLOSING, _WIDE_CLOSING, _BLANK, _VERB_END = 1, 2, 4, 8, 16, 32
_KINDS = (
    (_FINAL, ".!?。！？…"),
    (_WIDE_FINAL, "。！？"),
    (_CLOSING, "”’\"'」』）)]】》〉"),
    (_WIDE_CLOSING, "”’」』）】》〉"),
    (_BLANK, "".join(BLANKS)),
    (_VERB_END, "다요죠까"),  # …했다.그러나: the blank is missing
)
_QUOTED = re2.compile(r"\([^()\n]*\)|“[^“”\n]*”|「[^「」\n]*」|『[^『』\n]*』|‘[^‘’\n]*’|\"[^\"\n]*\"")
# A quotation goes on after its closing mark: “...다.” 고 말했다. Behind a blank only what no sentence begins with: 이
# and 가, 도, 만, 과 are words of their own.
_TAKEN_UP = (
    r"이?라고|이?라며|이?라면서|이?라는|이?란|고|며|면서|는|라|하고|하며|하면서|하는|에|에서|에게|을|를|은|의|로|으로|등의|등을"
    r"|(?:와|과) 같(?:은|이)"
)
_GOES_ON = re2.compile(rf"(?:(?:{_TAKEN_UP}|이|가|와|과|도|만)(?:{BLANK}|[.,!?]|$))")
_GOES_ON_APART = re2.compile(rf"(?:{_TAKEN_UP})(?:{BLANK}|[.,!?]|$)")
# No sentence begins with a particle or a form of the copula, whatever mark stands before it: 앞에 ! 를, 갈까? 라고.
# Left out is what is a word of its own as well (이, 은, 고, 이란). Behind ? and ! 하고 takes up a question. Behind a
# full stop after Hangul a particle has lost its noun; only what takes up a quotation goes on there.
_QUOTING = "이?라고|이?라며|이?라면서|이?라는"
_BOUND = rf"{_QUOTING}|를|을|는|의|에서|에게|으로|(?:와|과) 같(?:은|이)|등(?:의|을)|이다|입니다|이며|이고"
_QUOTING_APART = re2.compile(rf"(?:{_QUOTING})(?:{BLANK}|[.,!?]|$)")
_BOUND_APART = re2.compile(rf"(?:{_BOUND})(?:{BLANK}|[.,!?]|$)")
_ASKED_APART = re2.compile(rf"(?:{_BOUND}|에|로|며|면서|하고|하며|하면서|하는)(?:{BLANK}|[.,!?]|$)")
# Behind these a capital or a digit follows as often as not: in the middle of a sentence
_MORE_ABBREVIATIONS = (
    "Pres",
    "etc",
    "Nos",
    "Eq",
    "Sec",
    "Ch",
    "ca",
    "Mon",
    "Tue",
    "Wed",
    "Thu",
    "Fri",
    "Sat",
    "Sun",
    "Rd",
)
_ABBREVIATION = re2.compile(
    r"(?:^|[^\p{L}\p{N}_])(?:" + "|".join(map(re2.escape, (*ABBREVIATIONS, *_MORE_ABBREVIATIONS))) + r"|[A-Z])\.$"
)
_NUMBER = re2.compile(r"(?:^|[^\p{L}\p{N}])[0-9]{1,4}\.$")
_HANGUL_NUMBER = re2.compile(r"(?:^|[^\p{L}\p{N}.])[가나다라마바사아자차카타파하]\.$")  # 가. 나. 다.
_CHAPTER = re2.compile(r"[0-9](?:장|절|항|조|편|부|권)\.$")  # 7장. “제목”을 보라
# All before the stop labels what follows: 그림 7.37. 3장. 부록 B.2.1.
_LABEL = re2.compile(
    r"^(?:[0-9]{1,3}\. )?(?:(?:그림|표|부록|예제|Figure|Table|Chapter|Section|Appendix) (?:[A-Z]\.)?"
    r"(?:[0-9]{1,3}\.)*[0-9]{1,3}|(?:[0-9]{1,3}\.)*[0-9]{1,3}[장절])\.$"
)
# …은 13장. 기여하기 참조. sends the reader to a part; a count (사진은 13장.) ends its sentence
_PART = re2.compile(r"[0-9][장절]\.$")
_SEES = re2.compile(r"^[^.!?\n]{0,60}(?:참조|참고|보십시오|보세요|보라)")
_DATE = re2.compile(r"[0-9]{4}\. ?[0-9]{1,2}\. ?[0-9]{1,2}\.$")
_KANA = re2.compile(r"\p{Hiragana}")
# [1] and [12, 13] after a stop; (끝) closes an article
_REFERENCE = re2.compile(rf"(?:(?:\[[1-9][0-9, -]{{0,9}}\]|\(끝\))(?:{BLANK}+|$|\n))+")
_BEFORE_GROUPS = re2.compile(r"^[^\[(]+")
# 사과, 배, ... 등; 가/나/... 따위; // ... 생략: an ellipsis behind a comma or a slash, or without a word before it
_LISTS_ON = re2.compile(rf"(?:[,/、·]{BLANK}*|^[^\p{{L}}\p{{N}}]*)$")
_QUOTE_MARKS = frozenset("“‘\"'「『《")
_MAX_QUOTATION = 1000
_LONGEST_GROUP = 20  # code points, the bracket that opens it left out


def split(text: str) -> list[Span]:
    """The sentences as spans (start, end) of the text, in order, without blanks around them.

    A sentence ends after . ! ? … and what closes after them where a blank or the line's end follows, after 。！？,
    after the ending of a Korean verb and a full stop where Hangul follows, and at every line feed. Numbers of
    references ([1]) belong to the sentence they follow, and so does a short bracket glued to its stop (…다.(끝)).

    No sentence ends after abbreviations, initials and numbers (1. 2026. 3. 4.), a first 가. or 나., at a full stop
    between blanks, before a small Latin letter (but after Hangul one does: …다. seq2seq), within round brackets or a
    quotation of one line in “ ”, ‘ ’, " ", 「 」 or 『 』, nor where a Korean clause takes the quotation up
    (“...다.” 고 말했다) or a particle follows (갈까? 라고), nor at an ellipsis within a list (배, ... 등) or
    before any word.
    """
    quotations = [match.span() for match in _QUOTED.finditer(text)] if any(mark in text for mark in '(“「『‘"') else []
    spans: list[Span] = []
    start, index = 0, 0
    for left, right in _possible_ends(encode(text), _kinds()).tolist():
        if text[left] != "\n":
            while index < len(quotations) and quotations[index][1] <= left:
                index += 1
            if index < len(quotations) and quotations[index][0] < left:
                first, last = quotations[index]
                if last - first <= _MAX_QUOTATION and left + len(text[left:right].rstrip()) < last:
                    continue
            if _continues(text, start, left, right):
                continue
            if text[right : right + 1] in ("[", "("):
                reference = _REFERENCE.match(text[right : right + 60])
                right += reference.end() if reference else 0
        _add(spans, text, start, right)
        start = right
    _add(spans, text, start, len(text))
    return spans


@functools.cache
def _kinds() -> np.ndarray:
    """The bits of _KINDS by code point, uint8 of shape (0x110000,)."""
    table = np.zeros(CODE_POINTS, np.uint8)
    for kind, characters in _KINDS:
        table[[ord(character) for character in characters]] |= kind
    return table


@njit(cache=True)
def _possible_ends(data, kinds):  # type: ignore[no-untyped-def]
    """Where a sentence may end: at a line feed, at final punctuation with what closes after it (marks, references,
    brackets) where blanks (they belong to it) or the line's end follow, at wide punctuation, at a full stop between a
    verb's ending and Hangul.
    (start, end) in code points, int64 of shape (n, 2)."""
    found = np.empty((len(data) + 1, 2), np.int64)
    count = position = i = 0
    last = before_last = np.int64(0)  # code points before the one at hand
    run_end = 0  # of marks after which no sentence ends: what one of them fails by, the next fails by too
    while i < len(data):
        point, width = code_point(data, i)
        kind = kinds[point]
        end, at = i, position
        if point == 10:
            end, at = i + 1, position + 1
        elif kind & _FINAL:
            if i >= run_end:
                run_end, behind = _skip(data, kinds, i, position, _FINAL)
                closed, behind = _skip(data, kinds, run_end, behind, _CLOSING)
                verb = kinds[last] & _VERB_END and _is_hangul(before_last)
                closed, behind, groups = _skip_groups(data, closed, behind, _is_hangul(last))
                blank, behind = _skip(data, kinds, closed, behind, _BLANK)
                glued = groups and verb and blank < len(data) and _is_hangul(code_point(data, blank)[0])
                if blank > closed or blank == len(data) or data[blank] == 10 or glued:
                    end, at = blank, behind
            if end == i and kind & _WIDE_FINAL:
                end, at = _skip(data, kinds, i + width, position + 1, _WIDE_CLOSING)
            elif end == i and point == 46 and kinds[last] & _VERB_END and _is_hangul(before_last):
                # what follows is neither a blank nor the end, or the sentence would have ended above
                end += _is_hangul(code_point(data, i + 1)[0])
                at += end - i
        if end > i:
            found[count, 0], found[count, 1] = position, at
            count += 1
            i, position = end, at
        else:
            i += width
            position += 1
        before_last, last = last, point
    return found[:count].copy()


@njit(cache=True, inline="always")
def _is_hangul(point):  # type: ignore[no-untyped-def]
    return 0xAC00 <= point <= 0xD7A3


@njit(cache=True)
def _skip(data, kinds, i, position, kind):  # type: ignore[no-untyped-def]
    """Behind all characters of a kind from byte i on: (byte offset, code points)."""
    while i < len(data):
        point, width = code_point(data, i)
        if not kinds[point] & kind:
            break
        i += width
        position += 1
    return i, position


@njit(cache=True)
def _skip_groups(data, i, position, after_hangul):  # type: ignore[no-untyped-def]
    """Behind [1] [2, 3] and, where Hangul stands before the stop, short brackets such as (끝): (byte offset, code
    points, how many)."""
    groups = 0
    while i < len(data):
        square = data[i] == 91 and i + 1 < len(data) and 49 <= data[i + 1] <= 57
        if not (square or (data[i] == 40 and after_hangul)):
            break
        j, count = i + 1, 1
        closed = False
        while j < len(data) and count <= _LONGEST_GROUP:
            point, width = code_point(data, j)
            j += width
            count += 1
            if point == (93 if square else 41):
                closed = True
                break
            if point == 10 or point == 40 or point == 91:
                break
        if not closed:
            break
        i, position, groups = j, position + count, groups + 1
    return i, position, groups


def _continues(text: str, start: int, left: int, right: int) -> bool:
    """Whether the sentence goes on after the punctuation in text[left:right]."""
    mark = text[left:right].rstrip()
    grouped = _BEFORE_GROUPS.match(mark)
    if grouped is None or grouped.end() < len(mark):
        return False
    if right < len(text) and text[right - 1] != "\n":
        following = text[right : right + 8]
        apart = left + len(mark) < right
        if apart:
            stops = _QUOTING_APART if "가" <= text[left - 1 : left] <= "힣" else _BOUND_APART
            if (_ASKED_APART if mark[-1] in "?!" else stops).match(following):
                return True
        if mark == "." and not apart and following.startswith(("라고", "라며", "라는", "라면", "고 ", "며 ")):
            return True
        if mark[-1] in "”’\"'」』)）" and (_GOES_ON_APART if apart else _GOES_ON).match(following):
            return True
        if mark[-1] in "」』" and _KANA.match(following):
            return True
        before = text[left - 1 : left]
        if (
            mark[0] in ".…"
            and len(mark) + (mark[0] == "…") > 1
            and _LISTS_ON.search(text[max(start, left - 12) : left])
        ):
            return True
        if following[:1].islower() and following[:1].isascii() and not "가" <= before <= "힣":
            return True
        if mark == "." and before in BLANKS and text[max(start, left - 2) : left - 1].isascii():
            return True  # cmake --build . and so on
        if mark == "." and following[:1] in _QUOTE_MARKS and _CHAPTER.search(text[max(start, left - 2) : left + 1]):
            return True
        if mark == "." and left - start <= 24 and _LABEL.match(text[start : left + 1]):
            return True
        if mark == "." and before in "장절" and _PART.search(text[max(start, left - 2) : left + 1]):
            return _SEES.match(text[right : right + 70]) is not None
        if mark == "." and left - start <= 1 and _HANGUL_NUMBER.search(text[max(0, left - 2) : left + 1]):
            return True
        if mark == "." and before.isascii():
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
