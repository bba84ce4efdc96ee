"""What a worker is at, said before it does it: a record in shared memory that outlives the worker.

One mechanism for all who work: begin() says what comes next, and answers why it must be left out where it has ended
workers before (blame.py decides that). The record is written beside the one before and then made the valid one by a
single byte, so that a worker may die at any moment.
"""

import contextlib
import hashlib
import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

_RECORD_BYTES = 4096
_FIRST = 8  # before the two records: which of them is valid
SLOT_BYTES = _FIRST + 2 * _RECORD_BYTES
# since when (CLOCK_MONOTONIC), pages begun, when the first was begun and the CPU seconds before it, steps in this unit,
# what is done, offset, piece and event of the reader, bytes of the source's name
_HEAD = struct.Struct("<dQddQBqqqH")
_NAME_BYTES = _RECORD_BYTES - _HEAD.size
_DIGEST_BYTES = 32


class Doing(IntEnum):
    """What a worker can be at.

    PAGE, PLACE and READING are places in the input: a failed row can stand for them. PAGE is a document with its row
    key, in whatever stage. PLACE is what a reader is about to read, under the row key that damage there would have.
    READING is all that is left of a piece of a file.
    """

    WAITING = 0
    PAGE = 1
    PLACE = 2
    READING = 3
    OPENING = 4
    REREADING = 5
    WRITING = 6
    DECIDING = 7
    FINISHING = 8

    @property
    def in_input(self) -> bool:
        """Whether a failed row can stand for it."""
        return self in (Doing.PAGE, Doing.PLACE, Doing.READING)

    @property
    def can_stall(self) -> bool:
        """Whether it takes seconds at most, so that more than the user's limit means that it hangs."""
        return self.in_input or self is Doing.REREADING


class Place(NamedTuple):
    """What a worker was at: the name of a file (or stage, or unit), and a row key's offset; for READING, the number of
    the piece in its unit, and how many events the reader gave before."""

    doing: Doing
    source: str
    offset: int = 0
    event: int = 0


@dataclass(frozen=True)
class At:
    """A record as the driver reads it.

    place  what the worker is at               rest   the rest of the piece that is read, as READING
    since  time.monotonic when it began        steps  how many places were begun before in this unit
    """

    place: Place
    rest: Place
    since: float
    steps: int


_slot: Any = None
_left_out: Mapping[Place, str] = {}
_pages = 0
_first = (0.0, 0.0)
_steps = 0
_rest = (0, 0)
_now: tuple[Doing, str, int] = (Doing.WAITING, "", 0)
_names: list[tuple[str, int]] = [("", 0), ("", 0)]  # the name that each record holds, and its bytes


def attach(slot: Any) -> None:
    """Write to this buffer of SLOT_BYTES from now on; None stops it."""
    global _slot
    _slot = slot
    _names[:] = [("", 0), ("", 0)]


def restart() -> None:
    """Count pages from now on: another run begins in this process."""
    global _pages, _first
    _pages, _first = 0, (0.0, 0.0)


def begin_unit(name: str, left_out: Mapping[Place, str]) -> None:
    """A unit begins, in which some places must be left out, for these reasons."""
    global _left_out, _steps, _rest
    _left_out, _steps, _rest = left_out, 0, (0, 0)
    begin(Doing.OPENING, name)


def begin(doing: Doing, source: str, offset: int = 0) -> str:
    """Say what comes next. Returns the reason why it must not be done, "" where it may."""
    global _now
    _now = doing, source, offset
    _write()
    return _left_out.get(Place(doing, known_as(source), offset), "") if _left_out else ""


def begin_page(source: str, offset: int) -> str:
    """Say that a page begins, and count it. Returns the reason why it must not be touched, "" where it may."""
    global _pages, _first
    if not _pages:
        _first = (time.monotonic(), time.process_time())
    _pages += 1
    return begin(Doing.PAGE, source, offset)


def begin_reading(path: str, piece: int, event: int) -> str:
    """Say that the reader goes on in a piece, the numbers of the piece in its unit and of the event that comes next.

    Returns the reason why the rest of the piece must be left out, "" where it may be read.
    """
    global _now, _rest
    _rest = piece, event
    _now = Doing.READING, path, 0
    _write()
    return _left_out.get(Place(Doing.READING, "", piece, event), "") if _left_out else ""


def wait() -> None:
    """Say that there is nothing to do."""
    begin(Doing.WAITING, "")


@contextlib.contextmanager
def during(doing: Doing, source: str) -> Iterator[None]:
    """Say what is done within the block, and after it what was done before."""
    before = _now
    begin(doing, source)
    yield
    begin(*before)  # not where it raised: a worker that ends by an error says by which


def _write() -> None:
    global _steps
    _steps += 1
    if _slot is None:
        return
    doing, source, offset = _now
    side = 1 - _slot[0]
    start = _FIRST + side * _RECORD_BYTES
    name, size = _names[side]
    if name != source:
        encoded = known_as(source).encode("utf-8", "surrogatepass")
        size = len(encoded)
        _names[side] = source, size
        _slot[start + _HEAD.size : start + _HEAD.size + size] = encoded
    _HEAD.pack_into(_slot, start, time.monotonic(), _pages, *_first, _steps, doing, offset, *_rest, size)
    _slot[0] = side


def known_as(source: str) -> str:
    """The name that a record can hold: the name itself, or of a very long one its beginning and a hash."""
    if len(source) <= _NAME_BYTES // 4:
        return source
    encoded = source.encode("utf-8", "surrogatepass")
    if len(encoded) <= _NAME_BYTES:
        return source
    beginning = encoded[: _NAME_BYTES - _DIGEST_BYTES - 1].decode("utf-8", "ignore")
    return f"{beginning}#{hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES // 2).hexdigest()}"


def _valid(slot: Any) -> tuple[int, Any]:
    start = _FIRST + slot[0] * _RECORD_BYTES
    return start, _HEAD.unpack_from(slot, start)


def read(slot: Any) -> At:
    """What a worker is at."""
    start, (since, _, _, _, steps, doing, offset, piece, event, size) = _valid(slot)
    name = bytes(slot[start + _HEAD.size : start + _HEAD.size + size]).decode("utf-8", "surrogatepass")
    rest = Place(Doing.READING, "", piece, event)
    place = rest if doing == Doing.READING else Place(Doing(doing), name, offset)
    return At(place, rest, since, steps)


def pages(slot: Any) -> int:
    """How many pages a worker began so far."""
    return int(_valid(slot)[1][1])


def first(slot: Any) -> tuple[float, float] | None:
    """When the first page was begun (time.monotonic), and the CPU seconds that the process had used by then."""
    _, begun, when, cpu_seconds, *_ = _valid(slot)[1]
    return (when, cpu_seconds) if begun else None
