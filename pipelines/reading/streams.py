"""Streams of inflated bytes of which a window is in memory: of a plain file, of a gzip member, or in memory already."""

import re
from collections.abc import Callable
from typing import Any

from isal import isal_zlib

from pipelines.reading.formats import MEMBER_START, PLAUSIBLE_BYTES, begins_record
from pipelines.reading.packing import CHUNK_BYTES, InflateError

DISCARD_BYTES = 1 << 30
FILE_CHUNK = 1 << 18
_FIRST_PIECE_BYTES = 1 << 14
# What may be inflated of members that lie inside of damaged ones: so many times the bytes that they cover together.
_TRIALS = 8
_FREE_BYTES = 1 << 20
_ATTEMPT_BYTES = 1 << 10  # what an attempt at a member counts for, if it fails at once


class TooMuch(Exception):
    """More was inflated and thrown away than is reasonable."""


class Stream:
    """A stream of inflated bytes of which a window is in memory. Positions count from its beginning.

    more  gives the next bytes, b"" at the end
    file  where the stream can go anywhere: the open file that it is
    """

    def __init__(
        self, more: Callable[[], bytes], at: int = 0, file: "PlainFile | None" = None, data: bytes | None = None
    ) -> None:
        self._more, self._file = more, file
        self.ended = data is not None
        self.data = data or b""
        self.base = at  # position of data[0]
        self.at = at
        self.discarded = 0
        self._sought = (0, 0)  # there is no match of find_once that begins in this range,
        self._match: tuple[int, int] | None = None  # but this one after it

    @classmethod
    def of(cls, data: bytes) -> "Stream":
        """A stream that is in memory already."""
        return cls(bytes, data=data)

    @classmethod
    def of_file(cls, file: Any, at: int) -> "Stream":
        """A plain file from a position on."""
        source = PlainFile(file, at)
        return cls(source.more, at, source)

    def fill(self, end: int) -> bool:
        """Make data reach from the byte before at to the position end; False where the stream ends before."""
        if self.base + len(self.data) >= end:
            return True
        if self.ended:
            return False
        first = max(self.base, self.at - 1)
        kept = self.data[first - self.base :]
        parts, have = [kept] if kept else [], first + len(kept)
        # what is kept is copied: so much is read with it that a window that grows bit by bit is not copied for each bit
        enough = max(end, have + len(kept) // 8)
        while have < enough:
            more = self._more()
            if not more:
                self.ended = True
                break
            parts.append(more)
            have += len(more)
        self.data, self.base = b"".join(parts), first
        return have >= end

    @property
    def end(self) -> int:
        """The position after what is in memory."""
        return self.base + len(self.data)

    def skip_to(self, position: int) -> bool:
        """Go on to a position without keeping what lies before; False where the stream ends before."""
        if self._file is not None and position > self.end:
            self._go_to(min(position, self._file.size))
            self.fill(self.at + 1)
        while position > self.end and not self.ended:
            self.discarded += len(self.data)
            if self.discarded > DISCARD_BYTES:
                raise TooMuch
            self.at = self.end
            self.fill(self.at + 1)
        self.at = min(position, self.end)
        return self.at == position

    def back_to(self, position: int) -> None:
        """Go back to a position, as far as the window or the source allows."""
        if position >= self.base:
            self.at = position
        elif self._file is not None:
            self._go_to(position)

    def _go_to(self, position: int) -> None:
        if self._file is not None:
            self._file.position = position
            self.data, self.base, self.at, self.ended = b"", position, position, False

    def peek(self, position: int, size: int) -> bytes | None:
        """Bytes of a file far beyond the window, fewer at its end; None where only reading on can tell.

        A length that is a lie costs a look at the place where the record should end, not what lies before.
        """
        if self._file is None or position <= self.end + FILE_CHUNK:
            return None
        return self._file.peek(position, size)

    @property
    def whole(self) -> int | None:
        """The size of the whole stream, where it is known."""
        return self.end if self.ended else None if self._file is None else self._file.size

    def find_once(self, pattern: re.Pattern[bytes], end: int, overlap: int) -> tuple[int, int] | None:
        """The first match in what is in memory, between at and the position end: where it begins and ends.

        No byte is looked at twice, however many places the search begins at. Always the same pattern, whose matches
        have at most overlap bytes.
        """
        begin, until = self._sought
        if not begin <= self.at <= until:
            begin, until, self._match = self.at, self.at, None
        elif self._match is not None and self._match[0] >= self.at:
            return self._match if self._match[1] <= end else None
        end = min(end, self.end)
        found = pattern.search(self.data, max(self.at, until) - self.base, max(0, end - self.base))
        self._match = (self.base + found.start(), self.base + found.end()) if found else None
        until = self._match[0] if self._match else max(until, end - overlap + 1)
        self._sought = begin, until
        return self._match

    def find(self, pattern: re.Pattern[bytes], overlap: int) -> int:
        """Go on to the next match from at on, or to the end of the stream; gives the position.

        overlap  bytes that a match may have; nothing is kept of what lies before
        """
        while True:
            self.fill(self.at + overlap)
            found = pattern.search(self.data, self.at - self.base)
            if found:
                self.at = self.base + found.start()
                return self.at
            if self.ended:
                self.at = self.end
                return self.at
            self.skip_to(max(self.at, self.end - overlap))
            self.fill(self.end + 1)


class PlainFile:
    """An open file read from a position on, that can be looked at elsewhere."""

    def __init__(self, file: Any, position: int) -> None:
        self._file = file
        self.position = position
        self.size: int = file.seek(0, 2)

    def more(self) -> bytes:
        """The next bytes; b"" at the end."""
        data = self._read(self.position, FILE_CHUNK)
        self.position += len(data)
        return data

    def peek(self, position: int, size: int) -> bytes:
        """Bytes from a position on, fewer at the end of the file."""
        return self._read(position, size) if position < self.size else b""

    def _read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        data: bytes = self._file.read(size)
        return data


class Window:
    """A file of which a window is in memory; positions may go anywhere, forwards is cheap."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._data = b""
        self._base = 0
        self._last = False  # the window ends where the file does

    def at(self, position: int, least: int = 1) -> memoryview:
        """What the window holds from a position on: at least that many bytes, fewer at the end of the file."""
        begin = position - self._base
        if begin < 0 or len(self._data) - begin < (1 if self._last else least):
            size = max(FILE_CHUNK, least)
            self._file.seek(position)
            self._data = self._file.read(size)
            self._base, begin = position, 0
            self._last = len(self._data) < size
        return memoryview(self._data)[begin:]

    def find_member(self, position: int, stop: int | None = None) -> int:
        """Where the next gzip member begins that begins with a record, from a position on; -1 if there is none.

        stop  a position at which the search may end
        """
        while stop is None or position < stop:
            self.at(position, PLAUSIBLE_BYTES)
            view = memoryview(self._data)
            # Whether a record begins is told by so many bytes: a member that begins behind needs the next window.
            until = len(view) if self._last else len(view) - PLAUSIBLE_BYTES
            for match in MEMBER_START.finditer(self._data, position - self._base):
                at = match.start()
                if at > until:
                    break
                if begins_record(view[at : at + PLAUSIBLE_BYTES]):
                    return self._base + at
            if self._last:
                return -1
            position = self._base + until + 1
        return -1

    def begins_record(self, position: int) -> bool:
        """Whether a gzip member that begins with a record stands here."""
        view = self.at(position, PLAUSIBLE_BYTES)[:PLAUSIBLE_BYTES]
        return MEMBER_START.match(view) is not None and begins_record(view)


class Member:
    """A gzip member that is inflated step by step. state: "" so far good, "end", "cut" or "corrupt".

    position  what follows the bytes that were read of it so far, and the member at its end
    taken     bytes that were inflated well so far
    inflated  bytes that came of them
    """

    def __init__(self, window: Window, position: int) -> None:
        self._window = window
        self._inflater = isal_zlib.decompressobj(31)
        self._piece = _FIRST_PIECE_BYTES  # most members are small, and what is left of a piece is copied
        self.position = position
        self.taken = 0
        self.inflated = 0
        self.state = ""

    def more(self) -> bytes:
        """The next inflated bytes; b"" at the end."""
        while not self.state:
            piece = self._window.at(self.position)[: self._piece]
            if not piece:
                self.state = "cut"
                break
            self.position += len(piece)
            self._piece = min(CHUNK_BYTES, 2 * self._piece)
            try:
                out: bytes = self._inflater.decompress(piece)
            except InflateError:
                self.state = "corrupt"
                break
            self.taken += len(piece)
            if self._inflater.eof:
                self.position -= len(self._inflater.unused_data)
                self.state = "end"
            if out:
                self.inflated += len(out)
                return out
        return b""


class Resync:
    """Where reading goes on after damaged members.

    A damaged stream may run on over the members behind it, so the next one is looked for from its second byte on.
    Members made to lie inside of each other would all be inflated to the same end: when they have cost several times
    the bytes they cover, reading goes on behind them.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._begin = self._end = self._spent = 0

    def after(self, position: int, member: Member) -> int:
        """The position of the next member to read after a damaged one that begins here; -1 if there is none."""
        if position >= self._end:
            self._begin, self._spent = position, 0
        self._end = max(self._end, member.position)
        self._spent += _ATTEMPT_BYTES + member.taken + member.inflated // 16
        if self._spent > _TRIALS * (self._end - self._begin) + _FREE_BYTES:
            return self._window.find_member(self._end)
        return self._window.find_member(position + 1)
