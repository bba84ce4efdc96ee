"""Texts fit to be shown: cut, personal data concealed, and what a rewriter changed marked word by word."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import filters
from filters.chain import opened
from filters.contracts import Strategy
from filters.document import Document, Drop

MOST = 200  # characters that are shown of a text
HIDDEN = "•••"  # stands for personal data that a stage removed
LOOKED_AT = 4_000  # characters of a text that are searched for personal data before it is cut
_AROUND = 2_000  # characters before and after a change that are searched
_CHANGED = 4_000  # characters of a change that are compared
_EDGE = 300  # characters at an edge where a text was cut, which may hold part of a value
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_NO_SPACE = re.compile(r"\S+|\s+")
_MOST_WORDS = 400  # more are compared line by line


class Piece(NamedTuple):
    """A part of a changed text.

    kind  same     in both texts                 removed  in the text before alone
          gap      stands for what is not shown  added    in the text after alone
    """

    kind: Literal["same", "removed", "added", "gap"]
    text: str


class Window(NamedTuple):
    """A part of a text, and whether the text goes on before and after it."""

    text: str
    cut_start: bool = False
    cut_end: bool = False


GAP = Piece("gap", "…")
_MIDDLE = " … "


def excerpt(text: str, most: int = MOST) -> str:
    """The beginning of a text: at most so many characters, and "…" where it goes on."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def marked(pieces: Iterable[Piece]) -> str:
    """Pieces as plain text, in the marks of wdiff: [-removed-]{+added+}."""
    marks = {"removed": ("[-", "-]"), "added": ("{+", "+}")}
    return "".join(piece.text.join(marks.get(piece.kind, ("", ""))) for piece in pieces)


def difference(before: str, after: str, whole: bool = False) -> list[Piece]:
    """The whole of two texts, word by word; line by line where only lines went, and first where many words changed.

    whole  a change takes all that is joined without a space: no part of a value is then shown as unchanged
    """
    lines = _lines_gone(before, after)
    if lines:
        return _joined(lines)
    pattern = _NO_SPACE if whole else _WORD
    left, right = pattern.findall(before), pattern.findall(after)
    return _by_line(_joined(_compared(left, right, by_line=True)))


def _lines_gone(before: str, after: str) -> list[Piece]:
    """The pieces of two texts of which the second is the first without some of its lines; [] where it is not."""
    old, new = before.split("\n"), after.split("\n")
    if len(new) >= len(old):
        return []
    found: list[Piece] = []
    place = 0
    for number, line in enumerate(new):
        try:
            kept = old.index(line, place)
        except ValueError:
            return []
        found.append(Piece("same", "\n" if number else ""))
        found.append(Piece("removed", "".join(f"{gone}\n" for gone in old[place:kept])))
        found.append(Piece("same", line))
        place = kept + 1
    return [*found, Piece("removed", "".join(f"\n{gone}" for gone in old[place:]))]


def _compared(left: Sequence[str], right: Sequence[str], by_line: bool) -> Iterator[Piece]:
    """The pieces of two texts in words."""
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    if by_line and max(len(left), len(right)) - start - end > _MOST_WORDS:
        while start and "\n" not in left[start - 1]:
            start -= 1
        while end and "\n" not in left[len(left) - end - 1]:
            end -= 1
    else:
        by_line = False
    old, new = left[start : len(left) - end], right[start : len(right) - end]
    yield Piece("same", "".join(left[:start]))
    if by_line:
        old, new = ("".join(words).splitlines(keepends=True) for words in (old, new))
        for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "replace":
                yield from _compared(_WORD.findall("".join(old[a:b])), _WORD.findall("".join(new[c:d])), by_line=False)
            else:
                yield from _changed(old[a:b], new[c:d])
    else:
        # spaces are everywhere, and no place to begin to compare at
        head, rest = (old[:_MOST_WORDS], new[:_MOST_WORDS]), (old[_MOST_WORDS:], new[_MOST_WORDS:])
        for _, a, b, c, d in difflib.SequenceMatcher(str.isspace, *head, autojunk=False).get_opcodes():
            yield from _changed(head[0][a:b], head[1][c:d])
        yield from _changed(*rest)
    yield Piece("same", "".join(left[len(left) - end :]))


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    gone, came = "".join(old), "".join(new)
    yield from [Piece("same", gone)] if gone == came else [Piece("removed", gone), Piece("added", came)]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """How many words two texts have in common at their beginning."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(left), len(right)))


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces without empty ones; changes that only a space parts are one change."""
    found: list[Piece] = []
    old = new = ""
    waiting = ""  # a space after a change, which belongs to it if another follows

    def close() -> None:
        nonlocal old, new, waiting
        found.extend(Piece(kind, text) for kind, text in (("removed", old), ("added", new)) if text)  # type: ignore[arg-type]
        if waiting:
            found.append(Piece("same", waiting))
        old = new = waiting = ""

    for kind, text in pieces:
        if not text:
            continue
        if kind == "same" and (old or new) and not waiting and len(text) <= 2 and text.isspace():
            waiting = text
        elif kind == "same":
            held, waiting = waiting, ""
            close()
            before = found.pop().text if found and found[-1].kind == "same" else ""
            found.append(Piece("same", before + held + text))
        else:
            old += waiting + (text if kind == "removed" else "")
            new += waiting + (text if kind == "added" else "")
            waiting = ""
    close()
    return found


def _by_line(pieces: list[Piece]) -> list[Piece]:
    """Where one side alone holds a run of lines, it begins at the beginning of a line where it may as well."""
    for place in range(1, len(pieces) - 1):
        before, changed, after = pieces[place - 1 : place + 2]
        begun = len(before.text) - before.text.rfind("\n") - 1
        moved = before.text[len(before.text) - begun :]
        if before.kind == after.kind == "same" and begun < len(before.text) and changed.text.endswith(f"\n{moved}"):
            pieces[place - 1] = Piece("same", before.text.removesuffix(moved))
            pieces[place] = Piece(changed.kind, moved + changed.text.removesuffix(moved))
            pieces[place + 1] = Piece("same", moved + after.text)
    return pieces


def shortened(pieces: Sequence[Piece], most: int = MOST) -> list[Piece]:
    """Pieces from a little before the first change on, at most so many characters; [] where nothing changed."""
    first = next((place for place, piece in enumerate(pieces) if piece.kind != "same"), None)
    if first is None:
        return []
    found: list[Piece] = []
    left = most
    for place, (kind, text) in enumerate(pieces):
        if place < first:
            shown = _tail(text, most // 4)
            if len(shown) < len(text):
                found.append(GAP)
            found.append(Piece("same", shown))
            left -= len(shown)
            continue
        if left <= 8:
            found.append(GAP)
            break
        last = place == len(pieces) - 1
        room = min(left, most // 4 if kind == "same" and not last else most // 2)
        if len(text) <= room:
            found.append(Piece(kind, text))
            left -= len(text)
        elif kind == "same" and last:
            found += [Piece(kind, text[:room].rstrip()), GAP]
            left = 0
        else:
            head = text[: room * 2 // 3]
            tail = _tail(text, room - len(head))
            found += [Piece(kind, f"{head}…{tail}")] if kind != "same" else [Piece(kind, head), GAP, Piece(kind, tail)]
            left -= len(head) + len(tail)
    return [piece for piece in found if piece.text]


def _tail(text: str, most: int) -> str:
    """The end of a text, from the beginning of a word on where there is one."""
    if len(text) <= most:
        return text
    end = text[len(text) - most :]
    word = re.search(r"\s\S", end)
    return end[word.start() + 1 :] if word and word.start() < most // 2 else end


def around_change(before: str, after: str) -> tuple[Window, Window]:
    """The parts of two texts around their first change: long enough to be searched for personal data, and bounded."""
    start = _same_start(before, after)
    most_end = min(len(before), len(after)) - start
    end = min(most_end, _same_start(before[::-1], after[::-1])) if most_end else 0
    old, new = len(before) - start - end, len(after) - start - end
    begin = max(0, start - _AROUND)
    if max(old, new) <= _CHANGED:
        return _window(before, begin, start + old), _window(after, begin, start + new)
    # where what follows in one text stands farther on in the other, the change ends there
    gone = before.find(after[start : start + 60], start) if new else start + old
    came = after.find(before[start : start + 60], start) if old else start + new
    left = right = start + _CHANGED
    if gone > start + _CHANGED and (came < 0 or gone <= came):
        before, left, right = _without_middle(before, start, gone), left + len(_MIDDLE), start
    elif came > start + _CHANGED:
        after, left, right = _without_middle(after, start, came), start, right + len(_MIDDLE)
    return _window(before, begin, left), _window(after, begin, right)


def _window(text: str, begin: int, end: int) -> Window:
    """A text from `begin` to a little after a change that ends at `end`."""
    stop = end + _AROUND
    return Window(text[begin:stop], begin > 0, stop < len(text))


def _without_middle(text: str, start: int, end: int) -> str:
    """A text of whose change [start, end) the middle is left out, with all that may be part of a value at its edges."""
    return f"{text[: start + _CHANGED // 2]}{_MIDDLE}{text[end - _CHANGED // 2 :]}"


def _same_start(left: str, right: str) -> int:
    """How many characters two texts have in common at their beginning, by halving."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Concealer:
    """Makes texts fit to be shown: every type of personal data of pii/patterns is replaced, and whatever the given
    strategies (those of a recipe that conceal) find. A text in which that fails is not shown at all."""

    def __init__(self, concealing: Iterable[Strategy] = ()) -> None:
        self._strategies = tuple(concealing)
        self._functions: list = []

    def open(self) -> None:
        """Load what texts are searched with; the first text would do so otherwise."""
        if not self._functions:
            patterns = filters.make("pii/patterns", {"action": "replace"})
            self._functions = [opened(strategy) for strategy in (patterns, *self._strategies)]

    def _concealed(self, document: Document, window: Window) -> str:
        self.open()
        clean = document.with_text(window.text)
        if clean.row_per_line:  # counts by line are of no use here
            clean = Document(document.id, window.text, document.url, document.notes)
        for function in self._functions:
            try:
                found = function(clean)
            except Exception:
                return ""
            if isinstance(found, Drop):
                return ""
            clean = found
        text = clean.text
        if window.cut_end:
            text = text[: max(0, len(text) - _EDGE)]
        return text[_EDGE:] if window.cut_start else text

    def excerpt(self, document: Document, most: int = MOST) -> str:
        """The beginning of a document's text without personal data, at most so many characters."""
        text = document.text
        return excerpt(self._concealed(document, Window(text[:LOOKED_AT], False, len(text) > LOOKED_AT)), most)

    def change(
        self, document: Document, before: Window, after: Window, *, hides: bool = False, most: int = MOST
    ) -> list[Piece]:
        """What a rewriter changed first, with a little around it; [] where nothing is left to be seen.

        document       whose texts they are: its notes say the language
        before, after  see around_change
        hides          whether what was removed is personal data: it is then shown as HIDDEN
        """
        if hides:
            return self._hidden(document, before, after, most)
        return shortened(difference(self._concealed(document, before), self._concealed(document, after)), most)

    def _hidden(self, document: Document, before: Window, after: Window, most: int) -> list[Piece]:
        """All that is shown stands in the text after; marks that no text holds say where it was changed."""
        pieces: list[Piece] = []
        for kind, text in difference(before.text, after.text, whole=True):
            clean = text.replace(_OPEN, "").replace(_CLOSE, "")
            pieces.append(
                Piece(kind, f"{_OPEN}{clean if kind == 'added' else ''}{_CLOSE}" if kind != "same" else clean)
            )
        joined = "".join(text for kind, text in pieces)
        found: list[Piece] = []
        for part in re.split(f"({_OPEN}[^{_CLOSE}]*{_CLOSE})", self._concealed(document, after._replace(text=joined))):
            if not (part.startswith(_OPEN) and part.endswith(_CLOSE)):
                found.append(Piece("same", part.replace(_OPEN, "").replace(_CLOSE, "")))
            elif part == _OPEN + _CLOSE:
                found.append(Piece("removed", HIDDEN))
            else:
                found.append(Piece("added", part[1:-1]))
        return shortened([piece for piece in found if piece.text], most)


_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
