"""Spans of code in a text: fenced, indented, in backticks, at a prompt, and lines that read like no language of people.

A strategy asks with `document.derive(code_spans)`, so that what is code is known once for all of them.
"""

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit

from filters.text.segments import encode

Span = tuple[int, int]

# Kinds of span
FENCED = 1  # between lines of ``` or ~~~, these included; a fence that is not closed runs to the end
LINES = 2  # whole lines
MARKUP = 3  # whole lines that begin with a tag and end in one
INLINE = 4  # within a line: `in backticks`, or a word joined by :: or ->


class CodeSpans(NamedTuple):
    """Code in a text: spans in their order, disjoint; lists of one length, line feeds at the ends left out.

    byte_starts, byte_ends   offsets in UTF-8 (lone surrogates in three bytes)
    starts, ends             the same in characters
    kinds                    FENCED, LINES, MARKUP or INLINE
    """

    byte_starts: list[int]
    byte_ends: list[int]
    starts: list[int]
    ends: list[int]
    kinds: list[int]

    def touches(self, start: int, end: int) -> int:
        """The kind of the first span that has a character in common with [start, end), in characters; 0 where none."""
        index = bisect_right(self.ends, start)
        return self.kinds[index] if index < len(self.kinds) and self.starts[index] < end else 0

    def touches_bytes(self, start: int, end: int) -> int:
        """The same for offsets in bytes."""
        index = bisect_right(self.byte_ends, start)
        return self.kinds[index] if index < len(self.kinds) and self.byte_starts[index] < end else 0

    def outside(self, spans: Iterable[Span]) -> list[Span]:
        """Those of the spans (start, end), in characters, that touch no code."""
        return [span for span in spans if not self.touches(*span)] if self.kinds else list(spans)

    def within(self, start: int, end: int) -> list[Span]:
        """The spans that touch [start, end), in characters."""
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        return list(zip(self.starts[first:last], self.ends[first:last], strict=True))

    def blocks(self) -> list[Span]:
        """The spans (start, end) of whole lines, in characters: all but those within a line."""
        spans = zip(self.starts, self.ends, strict=True)
        return [span for span, kind in zip(spans, self.kinds, strict=True) if kind != INLINE]


_NONE = CodeSpans([], [], [], [], [])


def code_spans(text: str) -> CodeSpans:
    """The code in a text, in time linear in its length.

    A line is code by what stands in it: a prompt (`>>>`, `$ ls`), or signs (a call, an assignment, `::`, `->`, an
    operator of two characters, `{` or `;` at its end, `"key":`) that outweigh its plain words. Lines that could be
    either are code between or directly above such lines, below a prompt, between `/*` and `*/` (200 lines at most), and
    where they are indented below a line that ends in `::`; two or more lines of `key: value`, one below the other, are
    code where they nest, three always. The number of a line in a listing is skipped. What stands in an address
    (`https://…`), in backticks, in a comment or in a string of code is no sign.
    """
    data = encode(text)
    rows = np.empty((_COLUMNS, text.count("\n") + 1), np.int32)
    inline = _read(data, _classes(), *_first_words(), rows)
    if not _judge(rows) and not inline:
        return _NONE
    found = np.empty((5, inline + rows.shape[1]), np.int32)
    count = _emit(data, rows, found)
    return CodeSpans(*found[:, :count].tolist())


_COLUMNS = 7
_START, _END, _CHARACTERS, _INDENT, _SCORE, _WORDS, _FLAGS = range(_COLUMNS)

# Flags of a line
_BLANK = 1
_FENCE = 2  # ``` or ~~~ with nothing else but the name of a language
_TICK = 4  # has a backtick
_JOINED = 8  # has :: or -> between names
_TAGS = 16  # begins and ends in a tag
_KEY = 32  # lower_case: few words
_OPEN = 64  # a key alone
_ITEM = 128  # - of a list
_COMMENT = 256  # begins with # or //
_PROMPT = 512  # begins with >>>
_LITERAL = 1024  # ends in ::
_SENTENCE = 2048  # ends as a sentence does
_BARE = 4096  # brackets and signs alone
_OPENS = 8192  # begins a comment with /*
_CLOSES = 16384  # */
_CODE = 1 << 16  # the verdict; its kind stands in the bits above

_LONGEST_COMMENT = 200  # lines between /* and */
_MOST_IN_TAGS = 8  # plain words between the tags of a line that is markup rather than a sentence

_LETTER, _DIGIT, _UNDERSCORE, _SPACE, _WIDE, _STRANGE = 1, 2, 3, 4, 5, 6


@functools.cache
def _classes() -> np.ndarray:
    """Class of each byte, uint8 of shape (256,); 0 is a sign that may stand beside a plain word."""
    table = np.zeros(256, np.uint8)
    table[[*b"[]<>\\@%^~*+={}#$&|/`"]] = _STRANGE
    table[[*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]] = _LETTER
    table[ord("0") : ord("9") + 1] = _DIGIT
    table[ord("_")] = _UNDERSCORE
    table[[0x09, 0x0B, 0x0C, 0x0D, 0x20]] = _SPACE
    table[0x80:] = _WIDE
    return table


# Words that a line of code begins with, and what they weigh: those that a wrapped line of prose may begin with need
# another sign beside them.
_IMPORT, _FROM = 101, 102
_FIRST_WORDS = {
    1: "class public private protected static void int char float double bool auto var let if else for while do try "
    "except finally raise throw return print struct enum union template using package func function select insert "
    "update delete create export with pub impl use mut async await lambda yield assert del pass break continue case "
    "switch new final abstract interface extends sudo pip npm git cd docker apt apt-get curl echo",
    2: "def elif fn namespace typedef const printf println #include #define #ifdef #ifndef #endif #pragma #! "
    "constexpr inline extern unsigned endif esac fi",
    _IMPORT: "import",
    _FROM: "from",
}


@functools.cache
def _first_words() -> tuple[np.ndarray, np.ndarray]:
    """Sorted hashes, uint64 of shape (n,), and the weight of each, int32."""
    weights = {_hash(word): weight for weight, words in _FIRST_WORDS.items() for word in words.split()}
    hashes = np.array(sorted(weights), np.uint64)
    return hashes, np.array([weights[int(value)] for value in hashes], np.int32)


def _hash(word: str) -> int:
    value = 5381
    for byte in word.encode():
        value = (value * 33 + byte) & 0xFFFFFFFFFFFFFFFF
    return value


@njit(cache=True)
def _read(data, classes, hashes, weights, rows):  # type: ignore[no-untyped-def]
    """Fill one column of rows for every line; returns the number of spans that lines may hold at most."""
    size = len(data)
    inline = characters = row = i = 0
    while True:
        start = i
        rows[_START, row], rows[_CHARACTERS, row] = start, characters
        indent = 0
        while i < size and (data[i] == 0x20 or data[i] == 0x09):
            indent += 4 if data[i] == 0x09 else 1
            i += 1
        body = begun = i  # where the line and the token under way begin
        score = words = flags = letters = tokens = quote = tails = 0
        foreign = dotted = False  # of the token: whether it is not a plain word, whether a dot stands between names
        silent = False  # in an address, to the next blank; in a comment, to the end of the line
        comment = ticked = False
        name = False  # whether a name (a letter or _, then letters, digits, _) ends before i
        ink = False  # whether a letter or digit stands in the line
        while i < size and data[i] != 0x0A:
            byte = data[i]
            kind = classes[byte]
            if kind == _LETTER:
                if not name:
                    name = i == begun or classes[data[i - 1]] != _DIGIT
                run = i
                while i < size and classes[data[i]] == _LETTER:
                    i += 1
                letters += i - run
                ink = True
                continue
            if kind == _WIDE:
                run = i
                while i < size and data[i] >= 0x80:
                    tails += data[i] < 0xC0
                    i += 1
                letters += i - run - 1  # one letter of two bytes is no word, one of three is
                ink, name = True, False
                continue
            if kind == _SPACE:
                if letters >= 2 and not foreign and not comment and quote == 0:
                    words += 1
                if tokens == 0 and i > begun and i - begun <= 5 and _is_number(data, begun, i, classes):
                    body = i + 1  # the number of a line in a listing
                else:
                    tokens += i > begun
                letters = 0
                foreign = dotted = silent = name = False
                i += 1
                begun = i
                continue
            if kind in (_DIGIT, _UNDERSCORE):
                ink |= kind == _DIGIT
                name |= kind == _UNDERSCORE
                foreign = True
                i += 1
                continue
            after = data[i + 1] if i + 1 < size else np.uint8(0x0A)
            third = data[i + 2] if i + 2 < size else np.uint8(0x0A)
            before = data[i - 1] if i > begun else np.uint8(0x20)
            step, plain, named = 1, False, False  # bytes taken; whether a word stays plain; whether a name goes on
            if byte == 0x60:  # `
                flags |= _TICK
                inline += 1
                ticked = not ticked
            elif silent or comment or ticked:
                plain = True
                if byte == 0x2A and after == 0x2F:
                    flags |= _CLOSES
            elif quote != 0:
                if byte == quote:
                    quote = letters = 0
                else:
                    plain = True
            elif byte == 0x22 or byte == 0x27:  # " '
                opens = before == 0x28 or before == 0x3D or before == 0x5B or before == 0x7B
                plain = True
                if opens or (score >= 1 and (before == 0x20 or before == 0x2C)):
                    quote = np.int64(byte)
                    score += before == 0x3D and after != byte  # name="…"
                elif byte == 0x22 and after == 0x3A and (third == 0x20 or third == 0x0A):
                    score += 2  # "key":
                    plain = False
            elif byte == 0x28:  # (
                plain = True
                if name and before != 0x20 and after < 0x80:
                    score += 1 + (dotted or (after == 0x29 and letters > 0))  # call(…), name.call(…), call()
                    plain = False
            elif byte == 0x3A:  # :
                plain = classes[after] != _LETTER and classes[after] != _DIGIT
                if after == 0x2F and third == 0x2F:
                    silent, plain = True, False
                elif after == 0x3A:
                    step, plain = 2, True
                    if (name or before == 0x3E) and (classes[third] == _LETTER or third == 0x5F or third == 0x7E):
                        score += 2
                        flags |= _JOINED
                        inline += 1
                        plain = False
            elif byte == 0x2D:  # -
                plain = after != 0x3E
                if not plain:
                    step = 2
                    score += 1
                    if (name or before == 0x29 or before == 0x5D) and (classes[third] == _LETTER or third == 0x5F):
                        score += 1
                        flags |= _JOINED
                        inline += 1
            elif byte == 0x3D:  # =
                if after == 0x3D or after == 0x3E:
                    score += 1
                    step = 3 if third == 0x3D else 2
                elif tokens == 1 and i == begun and after == 0x20 and _is_name(data, body, i, classes):
                    score += 2  # name = …
                elif name and before != 0x20:
                    score += after != 0x20 and after != 0x0A  # name=value
                elif i == begun and after == 0x20 and i >= 2 and (data[i - 2] == 0x29 or data[i - 2] == 0x5D):
                    score += 1  # f(x) = …, a[0] = …
            elif byte == 0x2F:  # /
                first = i == body or (i - body <= 5 and i > body and _is_number(data, body, i, classes))
                if after == 0x2F:
                    step = 2
                    if first:
                        score += 3
                        flags |= _COMMENT
                    comment = first or (score >= 1 and before == 0x20)
                elif after == 0x2A:
                    score += 3
                    comment = True
                    flags |= _OPENS * first
            elif byte == 0x21 or byte == 0x2A or byte == 0x2B:  # ! * +
                plain = byte == 0x21
                if after == 0x3D:
                    score += 1
                    step = 2
                elif byte == 0x2A and after == 0x2F:
                    score += 3
                    flags |= _CLOSES
            elif (byte == 0x26 or byte == 0x7C) and after == byte:  # && ||
                score += 1
                step = 2
            elif byte == 0x23:  # #
                if i == body:
                    flags |= _COMMENT
                elif score >= 1 and before == 0x20 and (after == 0x20 or after >= 0x80):
                    comment = True
            elif byte == 0x7D:  # }
                score += 2 * (i == body)
            elif byte == 0x24:  # $
                score += after == 0x7B or (i == begun and classes[after] == _LETTER)
            elif byte == 0x2E:  # .
                plain = not (name and (classes[after] == _LETTER or after == 0x5F))
                dotted |= not plain
                named = name
            else:
                plain = kind != _STRANGE
            foreign |= not plain
            name = named
            i = min(i + step, size)
        stop = i
        if letters >= 2 and not foreign and not comment and quote == 0:
            words += 1
        tokens += i > begun
        end = stop
        while end > body and classes[data[end - 1]] == _SPACE:
            end -= 1
        if end == body:
            flags |= _BLANK
        else:
            more, marks = _ends(data, body, end, words, score, ink, classes)
            score += more + _first_word(data, body, end, tokens, hashes, weights)
            flags |= marks
        rows[_END, row], rows[_INDENT, row] = end, indent
        rows[_SCORE, row], rows[_WORDS, row], rows[_FLAGS, row] = score, words, flags
        row += 1
        characters += stop - start - tails + 1
        if i >= size:
            return inline
        i += 1


@njit(cache=True)
def _ends(data, body, end, words, score, ink, classes):  # type: ignore[no-untyped-def]
    """What the first and the last signs of a line add to its score, and its flags."""
    head, tail = data[body], data[end - 1]
    second = data[body + 1] if body + 1 < end else np.uint8(0)
    third = data[body + 2] if body + 2 < end else np.uint8(0)
    last = data[end - 2] if end - 2 > body else np.uint8(0)
    more = flags = 0
    if not ink:
        flags |= _BARE
        more += 2 * (head == 0x5D or head == 0x29)
    if tail == 0x3B:  # ;
        more += 2 if last == 0x29 or last == 0x7D else 1
    elif tail == 0x7B:  # {
        more += 3
    elif tail == 0x5C:
        more += 1
    elif tail == 0x3A and last == 0x3A:
        flags |= _LITERAL
    elif (tail == 0x2E or tail == 0x3F or tail == 0x21) and (classes[last] == _LETTER or last >= 0x80):
        flags |= _SENTENCE
    if (head == 0x60 or head == 0x7E) and _is_fence(data, body, end):
        flags |= _FENCE
    elif head == 0x3E:
        if _is_quoted_fence(data, body, end):
            flags |= _FENCE
        elif second == 0x3E and third == 0x3E and end - body > 4 and (score >= 1 or words <= 4):
            flags |= _PROMPT * (data[body + 3] == 0x20)
    elif head == 0x24 and second == 0x20 and classes[third] == _LETTER:  # $ command
        more += 3
    elif head == 0x3C and tail == 0x3E and (classes[second] == _LETTER or second == 0x2F or second == 0x21):
        flags |= _TAGS
    elif head == 0x2D and second == 0x20:
        flags |= _ITEM
    if words <= 5:
        flags |= _key_of(data, body, end, classes)
    return more, flags


@njit(cache=True)
def _first_word(data, body, end, tokens, hashes, weights):  # type: ignore[no-untyped-def]
    """The weight of the word that the line begins with; that of an import is its form's."""
    i = body
    value = np.uint64(5381)
    while i < end and i - body < 12 and data[i] != 0x20 and data[i] != 0x28:
        value = value * np.uint64(33) + np.uint64(data[i])
        i += 1
    at = np.searchsorted(hashes, value)
    if at == len(hashes) or hashes[at] != value:
        return 0
    weight = weights[at]
    if weight == _IMPORT:
        return 3 if tokens == 2 or (tokens == 4 and _blanks_around(data, body, end, 0x61, 0x73)) else 1
    if weight == _FROM:
        return 5 if tokens >= 4 and _blanks_around(data, body, end, 0x69, 0x6D) else 1
    return weight


@njit(cache=True)
def _blanks_around(data, start, end, first, second):  # type: ignore[no-untyped-def]
    """Whether the third word of a line begins with these two bytes: `as`, `im` of import."""
    i, blanks = start, 0
    while i + 2 < end and blanks < 2:
        blanks += data[i] == 0x20
        i += 1
    return blanks == 2 and data[i] == first and data[i + 1] == second


@njit(cache=True)
def _is_number(data, start, end, classes):  # type: ignore[no-untyped-def]
    i = start
    while i < end and classes[data[i]] == _DIGIT:
        i += 1
    return i == end


@njit(cache=True)
def _is_name(data, start, end, classes):  # type: ignore[no-untyped-def]
    """Whether one name, perhaps with dots, stands here and then a blank."""
    if end - start < 2 or data[end - 1] != 0x20:
        return False
    if classes[data[start]] != _LETTER and data[start] != 0x5F:
        return False
    for i in range(start, end - 1):
        kind = classes[data[i]]
        if kind != _LETTER and kind != _DIGIT and kind != _UNDERSCORE and data[i] != 0x2E:
            return False
    return True


@njit(cache=True)
def _is_fence(data, start, end):  # type: ignore[no-untyped-def]
    mark = data[start]
    count = _run(data, start, end)
    if count < 3:
        return False
    if mark == 0x60:
        for i in range(start + count, end):
            if data[i] == 0x60:
                return False
    return True


@njit(cache=True)
def _is_quoted_fence(data, start, end):  # type: ignore[no-untyped-def]
    """A fence after the > of a quotation."""
    i = start
    while i < end and (data[i] == 0x3E or data[i] == 0x20):
        i += 1
    return i < end and (data[i] == 0x60 or data[i] == 0x7E) and _is_fence(data, i, end)


@njit(cache=True)
def _run(data, start, end):  # type: ignore[no-untyped-def]
    """How often the byte at start stands there."""
    i = start
    while i < end and data[i] == data[start]:
        i += 1
    return i - start


@njit(cache=True)
def _key_of(data, start, end, classes):  # type: ignore[no-untyped-def]
    """_KEY for `lower_case:` before a blank, _KEY | _OPEN where nothing follows."""
    i = start
    if end - i > 2 and data[i] == 0x2D and data[i + 1] == 0x20:
        i += 2
    begin = i
    while i < end and (
        (data[i] >= 0x61 and data[i] <= 0x7A)
        or (i > begin and (classes[data[i]] == _DIGIT or data[i] == 0x5F or data[i] == 0x2D or data[i] == 0x2E))
    ):
        i += 1
    if i == begin or i >= end or data[i] != 0x3A:
        return 0
    if i + 1 == end:
        return _KEY | _OPEN
    return _KEY if data[i + 1] == 0x20 else 0


@njit(cache=True)
def _judge(rows):  # type: ignore[no-untyped-def]
    """Set the verdict of every line; returns how many are code."""
    size = rows.shape[1]
    found = 0
    literal = -1  # the indentation of the line that ended in ::
    closing = 0  # the next line that ends a comment
    until = -1  # the line that ends the comment under way
    prompt = False
    for row in range(size):
        flags = rows[_FLAGS, row]
        indent = rows[_INDENT, row]
        kind = 0
        if flags & _OPENS and not flags & _CLOSES and until < row:
            closing = max(closing, row + 1)
            while closing < size and not rows[_FLAGS, closing] & _CLOSES:
                closing += 1
            if closing < size and closing - row <= _LONGEST_COMMENT:
                until = closing
        if row <= until and not flags & _BLANK:
            rows[_FLAGS, row] |= _CODE * LINES
            found += 1
            prompt = False
            literal = -1
            continue
        if flags & _BLANK:
            prompt = False
            continue
        if flags & _FENCE and literal < 0:
            kind = FENCED
        elif literal >= 0 and indent > literal:
            kind = LINES
        else:
            literal = -1
            score, words = rows[_SCORE, row], rows[_WORDS, row]
            if flags & _PROMPT:
                kind = LINES
                prompt = True
            elif prompt:
                kind = LINES
            elif flags & _TAGS and words <= _MOST_IN_TAGS:
                kind = MARKUP
            elif score >= 2 and (score if flags & _SENTENCE else 2 * score) > words:
                kind = LINES
            if kind == 0 and flags & _LITERAL:
                literal = indent
        if kind:
            rows[_FLAGS, row] |= _CODE * kind
            found += 1
    return found + _join(rows)


@njit(cache=True)
def _join(rows):  # type: ignore[no-untyped-def]
    """Lines that could be either, between and above lines of code; runs of keys. Returns how many became code."""
    size = rows.shape[1]
    found = 0
    row = 0
    while row < size:  # keys
        if not rows[_FLAGS, row] & _KEY:
            row += 1
            continue
        first, keys, nests = row, 0, False
        while row < size:
            flags = rows[_FLAGS, row]
            deeper = row > first and rows[_INDENT, row] > rows[_INDENT, row - 1]
            if flags & _BLANK or not (flags & (_KEY | _ITEM) or (deeper and rows[_WORDS, row] <= 3)):
                break
            keys += (flags & _KEY) != 0
            if row > first and rows[_FLAGS, row - 1] & _OPEN and (deeper or flags & _ITEM):
                nests = True
            row += 1
        if keys >= 3 or (keys >= 2 and nests):
            for i in range(first, row):
                if rows[_FLAGS, i] < _CODE:
                    rows[_FLAGS, i] |= _CODE * LINES
                    found += 1
        row = max(row, first + 1)
    last = -1  # the last line of code
    open_gap = False  # whether every line since could be code
    for row in range(size):
        flags = rows[_FLAGS, row]
        if flags >= _CODE:
            if last >= 0 and open_gap and row - last <= 4:
                for i in range(last + 1, row):
                    if not rows[_FLAGS, i] & _BLANK:
                        rows[_FLAGS, i] |= _CODE * LINES
                        found += 1
            i = row - 1
            while (
                i >= 0
                and row - i <= 3
                and rows[_FLAGS, i] < _CODE
                and (rows[_FLAGS, i] & _COMMENT or (rows[_SCORE, i] >= 1 and rows[_WORDS, i] <= 2))
            ):
                rows[_FLAGS, i] |= _CODE * LINES
                found += 1
                i -= 1
            last, open_gap = row, True
        elif open_gap and last == row - 1 and rows[_SCORE, row] >= 1 and rows[_WORDS, row] <= 2:
            rows[_FLAGS, row] |= _CODE * LINES
            found += 1
            last = row
        elif open_gap and not flags & _BLANK:
            weak = (
                rows[_SCORE, row] >= 1
                or flags & (_BARE | _COMMENT)
                or (rows[_INDENT, row] >= 2 and rows[_WORDS, row] <= 3)
            )
            open_gap = bool(weak) and not flags & _SENTENCE and (rows[_WORDS, row] <= 3 or bool(flags & _COMMENT))
    return found


@njit(cache=True)
def _emit(data, rows, found):  # type: ignore[no-untyped-def]
    """Write the spans: rows of found are the fields of CodeSpans. Returns their number."""
    size = rows.shape[1]
    count = 0
    row = 0
    while row < size:
        flags = rows[_FLAGS, row]
        kind = flags // _CODE
        if kind == 0:
            if flags & (_TICK | _JOINED):
                count = _emit_inline(data, rows[_START, row], rows[_END, row], rows[_CHARACTERS, row], found, count)
            row += 1
            continue
        last = row
        if kind == FENCED:
            last = _closing(data, rows, row)
        else:
            i = row + 1
            while i < size:
                if rows[_FLAGS, i] & _BLANK:
                    i += 1
                    continue
                if rows[_FLAGS, i] // _CODE != kind or i - last > 3:
                    break
                last = i
                i += 1
        start, end = rows[_START, row], rows[_END, last]
        found[0, count], found[1, count] = start, end
        found[2, count] = rows[_CHARACTERS, row]
        characters = rows[_CHARACTERS, last]
        for j in range(rows[_START, last], end):
            characters += data[j] & 0xC0 != 0x80
        found[3, count], found[4, count] = characters, kind
        count += 1
        row = last + 1
    return count


@njit(cache=True)
def _closing(data, rows, row):  # type: ignore[no-untyped-def]
    """The line that closes the fence opened in a line, or the last."""
    start = rows[_START, row]
    while data[start] == 0x20 or data[start] == 0x09 or data[start] == 0x3E:
        start += 1
    mark, length = data[start], _run(data, start, rows[_END, row])
    for i in range(row + 1, rows.shape[1]):
        if rows[_FLAGS, i] & _FENCE:
            at, end = rows[_START, i], rows[_END, i]
            while data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x3E:
                at += 1
            if data[at] == mark and _run(data, at, end) == end - at and end - at >= length:
                return i
    return rows.shape[1] - 1


@njit(cache=True)
def _emit_inline(data, start, end, characters, found, count):  # type: ignore[no-untyped-def]
    """Spans of backticks and of words joined by :: or -> within one line."""
    missing = np.zeros(5, np.bool_)  # lengths of runs of backticks of which no other follows
    i = start
    seen, seen_characters = start, characters  # characters are counted up to here
    while i < end:
        byte = data[i]
        left = right = -1
        if byte == 0x60:
            length = _run(data, i, end)
            # don`t: an apostrophe
            letter = length == 1 and i > start and (data[i - 1] | 0x20) >= 0x61 and (data[i - 1] | 0x20) <= 0x7A
            if length > 4 or missing[length] or letter:
                i += length
                continue
            j = i + length
            while j < end:
                if data[j] == 0x60:
                    other = _run(data, j, end)
                    if other == length:
                        break
                    j += other
                else:
                    j += 1
            if j >= end:
                missing[length] = True
                i += length
                continue
            if length == 2 and _quoted(data, i, j):
                i += length
                continue
            left, right = i, j + length
            i = right
        elif (byte == 0x3A and i + 2 < end and data[i + 1] == 0x3A) or (
            byte == 0x2D and i + 2 < end and data[i + 1] == 0x3E
        ):
            if i > start and _in_name(data[i - 1]) and _in_name(data[i + 2]):
                left, right = i, i + 2
                while left > start and _in_word(data[left - 1]):
                    left -= 1
                while right < end and _in_word(data[right]):
                    right += 1
                if count and left < found[1, count - 1]:
                    left = found[1, count - 1]
            i = max(right, i + 2)
        else:
            i += 1
        if left >= 0 and right > left:
            while seen < left:
                seen_characters += data[seen] & 0xC0 != 0x80
                seen += 1
            found[0, count], found[2, count] = left, seen_characters
            while seen < right:
                seen_characters += data[seen] & 0xC0 != 0x80
                seen += 1
            found[1, count], found[3, count], found[4, count] = right, seen_characters, INLINE
            count += 1
    return count


@njit(cache=True)
def _quoted(data, start, end):  # type: ignore[no-untyped-def]
    """Whether two apostrophes stand here: ``quoted'' as TeX does."""
    i = start
    while i + 1 < end and not (data[i] == 0x27 and data[i + 1] == 0x27):
        i += 1
    return i + 1 < end


@njit(cache=True)
def _in_name(byte):  # type: ignore[no-untyped-def]
    """A byte of a name, a bracket that closes one, or ~ of a destructor."""
    low = byte | 0x20
    letter = (low >= 0x61 and low <= 0x7A) or (byte >= 0x30 and byte <= 0x39) or byte == 0x5F
    return letter or byte == 0x3E or byte == 0x29 or byte == 0x7E


@njit(cache=True)
def _in_word(byte):  # type: ignore[no-untyped-def]
    """A byte of a word of code: ASCII, no blank, comma, semicolon, quotation mark or backtick."""
    return byte > 0x20 and byte < 0x7F and byte not in (0x2C, 0x3B, 0x22, 0x27, 0x60)
