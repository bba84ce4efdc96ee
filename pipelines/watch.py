"""What a worker is at: a small piece of shared memory that outlives it, so that a page that kills it is known."""

import struct
import time
from dataclasses import dataclass
from typing import Any

SLOT_BYTES = 4096
# pages begun; when the last and the first were begun (CLOCK_MONOTONIC); CPU seconds before the first; offset; bytes of
# the source's name
_HEAD = struct.Struct("<QdddqH")
_IDLE = -(1 << 62)

_slot: Any = None
_pages = 0
_first = (0.0, 0.0)


@dataclass(frozen=True)
class At:
    """A page that a worker was at: its row key, how many pages were begun, and since when (time.monotonic)."""

    source: str
    offset: int
    pages: int
    since: float


def attach(slot: Any) -> None:
    """Note pages in this writable buffer of SLOT_BYTES from now on; None stops it."""
    global _slot
    _slot = slot


def at(source: str, offset: int) -> None:
    """Record the page that the worker begins."""
    global _pages, _first
    if not _pages:
        _first = (time.monotonic(), time.process_time())
    _pages += 1
    back_at(source, offset)


def back_at(source: str, offset: int) -> None:
    """Record the page that the worker goes on with, after others were begun."""
    if _slot is not None:
        name = source.encode("utf-8", "replace")[: SLOT_BYTES - _HEAD.size]
        _HEAD.pack_into(_slot, 0, _pages, time.monotonic(), *_first, offset, len(name))
        _slot[_HEAD.size : _HEAD.size + len(name)] = name


def idle() -> None:
    """Record that the worker is idle."""
    if _slot is not None:
        _HEAD.pack_into(_slot, 0, _pages, time.monotonic(), *_first, _IDLE, 0)


def read(slot: Any) -> tuple[int, At | None]:
    """Pages begun so far and the page in progress, if any."""
    pages, since, _, _, offset, length = _HEAD.unpack_from(slot, 0)
    if offset == _IDLE or pages == 0:
        return pages, None
    name = bytes(slot[_HEAD.size : _HEAD.size + length]).decode("utf-8", "replace")
    return pages, At(name, offset, pages, since)


def first(slot: Any) -> tuple[float, float] | None:
    """When the first page was begun (time.monotonic), and the CPU seconds that the process had used by then."""
    pages, _, when, cpu_seconds, _, _ = _HEAD.unpack_from(slot, 0)
    return (when, cpu_seconds) if pages else None
