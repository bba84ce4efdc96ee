"""What a worker is at: a small piece of shared memory that outlives it, so that a page that kills it is known."""

import struct
import time
from dataclasses import dataclass
from typing import Any

SLOT_BYTES = 4096
_HEAD = struct.Struct("<QdqH")  # pages begun, when (CLOCK_MONOTONIC), offset, bytes of the source's name
_IDLE = -(1 << 62)

_slot: Any = None
_pages = 0


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
    """Note the page that is begun."""
    global _pages
    _pages += 1
    if _slot is not None:
        name = source.encode("utf-8", "replace")[: SLOT_BYTES - _HEAD.size]
        _HEAD.pack_into(_slot, 0, _pages, time.monotonic(), offset, len(name))
        _slot[_HEAD.size : _HEAD.size + len(name)] = name


def idle() -> None:
    """Note that no page is in work."""
    if _slot is not None:
        _HEAD.pack_into(_slot, 0, _pages, time.monotonic(), _IDLE, 0)


def read(slot: Any) -> tuple[int, At | None]:
    """Pages begun so far and the page in work, if any."""
    pages, since, offset, length = _HEAD.unpack_from(slot, 0)
    if offset == _IDLE or pages == 0:
        return pages, None
    name = bytes(slot[_HEAD.size : _HEAD.size + length]).decode("utf-8", "replace")
    return pages, At(name, offset, pages, since)
