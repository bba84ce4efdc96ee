"""Streams of inflated bytes of which a window is in memory: of a plain file, of a gzip member, or in memory already."""

import re
from collections.abc import Callable
from typing import Any

from isal import isal_zlib

from pipelines.reading.formats import GZIP_MAGIC, begins_record
from pipelines.reading.packing import CHUNK_BYTES, InflateError

DISCARD_BYTES = 1 << 30
FILE_CHUNK = 1 << 18


class TooMuch(Exception):
    """More was inflated and thrown away than is reasonable."""


class Stream:
    """A stream of inflated bytes of which a window is in memory. Positions count from its beginning.

    more    gives the next bytes, b"" at the end
    rewind  where the stream can go back beyond the window: a function of a position that gives a new more
    """

    def __init__(
        self,
        more: Callable[[], bytes],
        at: int = 0,
        rewind: Callable[[int], Callable[[], bytes]] | None = None,
        data: bytes | None = None,
    ) -> None:
        self._more, self._rewind = more, rewind
        self.ended = data is not None
        self.data = data or b""
        self.base = at  # position of data[0]
        self.at = at
        self.discarded = 0

    @classmethod
    def of(cls, data: bytes) -> "Stream":
        """A stream that is in memory already."""
        return cls(bytes, data=data)

    def fill(self, end: int) -> bool:
        """Make data reach from the byte before at to the position end; False where the stream ends before."""
        if self.base + len(self.data) >= end:
            return True
        if self.ended:
            return False
        first = max(self.base, self.at - 1)
        kept = self.data[first - self.base :]
        parts, have = [kept] if kept else [], first + len(kept)
        while have < end:
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
        while position > self.end and not self.ended:
            self.discarded += len(self.data)
            if self.discarded > DISCARD_BYTES and self._rewind is None:
                raise TooMuch
            self.at = self.end
            self.fill(self.at + 1)
        self.at = min(position, self.end)
        return self.at == position

    def back_to(self, position: int) -> None:
        """Go back to a position, as far as the window or the source allows."""
        if position >= self.base:
            self.at = position
        elif self._rewind is not None:
            self._more, self.data, self.base, self.at = self._rewind(position), b"", position, position
            self.ended = False

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


class Window:
    """A file of which a window is in memory; positions may go anywhere, forwards is cheap."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._data = b""
        self._base = 0

    def at(self, position: int, least: int = 1) -> memoryview:
        """What the window holds from a position on: at least that many bytes, fewer at the end of the file."""
        begin = position - self._base
        if begin < 0 or len(self._data) - begin < least:
            self._file.seek(position)
            self._data = self._file.read(max(FILE_CHUNK, least))
            self._base, begin = position, 0
        return memoryview(self._data)[begin:]

    def find_member(self, position: int) -> int:
        """Where the next gzip member begins that begins with a record, from a position on; -1 if there is none."""
        while True:
            view = self.at(position, 3)
            if len(view) < 3:
                return -1
            data = bytes(view)
            at = data.find(GZIP_MAGIC)
            while at >= 0:
                if self.begins_record(position + at):
                    return position + at
                at = data.find(GZIP_MAGIC, at + 1)
            position += len(data) - 2

    def begins_record(self, position: int) -> bool:
        """Whether a gzip member that begins with a record stands here."""
        view = self.at(position, 2048)
        return bytes(view[:3]) == GZIP_MAGIC and begins_record(view)


class Member:
    """A gzip member that is inflated step by step. state: "" so far good, "end", "cut" or "corrupt"."""

    def __init__(self, window: Window, position: int) -> None:
        self._window = window
        self._inflater = isal_zlib.decompressobj(31)
        self.position = position  # what follows the bytes inflated so far, and the member at its end
        self.state = ""

    def more(self) -> bytes:
        """The next inflated bytes; b"" at the end."""
        while not self.state:
            piece = self._window.at(self.position)[:CHUNK_BYTES]
            if not piece:
                self.state = "cut"
                break
            try:
                out: bytes = self._inflater.decompress(piece)
            except InflateError:
                self.state = "corrupt"
                break
            self.position += len(piece)
            if self._inflater.eof:
                self.position -= len(self._inflater.unused_data)
                self.state = "end"
            if out:
                return out
        return b""
