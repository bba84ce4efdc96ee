"""What can be told of a gzip member that is cut or damaged, and of bytes between members."""

from collections import Counter
from collections.abc import Callable, Iterator

from pipelines.reading.events import Damaged
from pipelines.reading.formats import GZIP_MAGIC
from pipelines.reading.headers import Dialect
from pipelines.reading.parsing import Event, Found, records
from pipelines.reading.streams import Stream, Window


def gap(window: Window, position: int, after: int, source: str) -> Damaged:
    view = window.at(position, 18)
    if after < 0 and len(view) < 18 and GZIP_MAGIC.startswith(bytes(view[:3])):
        return Damaged(source, position, "", "", "warc_truncated", f"ends within {len(view)} bytes of a gzip header")
    if after >= 0:
        size = after - position
    else:
        size = 0
        while view := window.at(position + size):
            size += len(view)
    return Damaged(source, position, "", "", "warc_garbage_skipped", f"{size} bytes that are not a gzip member")


def salvaged(
    data: bytes, dialect: Dialect, found: Found, key: Callable[[int, int], int], reason: str
) -> Iterator[Event | None]:
    """What can be told of a member that is cut or damaged.

    In a cut member the records before the last are whole. In a damaged one only a digest in the record can say so.
    """
    cut = reason == "warc_truncated"
    steps = _trial(data, dialect, found, key, by_digest=not cut)
    first_lost = len(steps) - 1
    if cut and not _ends_in_a_record(data, [event for event, _ in steps]):
        # what looks like a cut comes of damage before it
        cut, steps = False, _trial(data, dialect, found, key, by_digest=True)
    if cut:
        steps = steps[:-1]
    else:
        first_lost = next((at for at, (event, _) in enumerate(steps) if isinstance(event, Damaged)), len(steps))
        steps = [step for step in steps if not isinstance(step[0], Damaged)]
    for event, types in steps:
        found.types.update(types)
        yield event
    detail = f"{len(data)} bytes could be inflated"
    if steps:
        detail += f", {len(steps)} records in them " + ("are whole" if cut else "are confirmed by digests")
    yield Damaged(found.source, key(0, max(0, first_lost)), "", "", reason, detail)


def _trial(
    data: bytes, dialect: Dialect, whole: Found, key: Callable[[int, int], int], by_digest: bool
) -> list[tuple[Event | None, Counter[str]]]:
    found = Found(whole.source, by_digest=by_digest, records=whole.records)
    steps = []
    for event in records(Stream.of(data), dialect, found, key, False):
        steps.append((event, Counter(found.types)))
        found.types.clear()
    return steps


def _ends_in_a_record(data: bytes, events: list[Event | None]) -> bool:
    """Whether all is well up to the last record, which is cut or ends just here."""
    if any(isinstance(event, Damaged) for event in events[:-1]):
        return False
    last = events[-1] if events else None
    tail = data[data.rfind(b"\n") + 1 :]
    return not isinstance(last, Damaged) or last.reason == "warc_truncated" or b"WARC/1.".startswith(tail[:7])
