"""Units of input as they are read: pages and what is no page, the ledger, and what must be left out."""

import errno
import itertools
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from filters.chain import Dropped, Failed, fault_of
from filters.document import Document
from pipelines import manifest, records, storage, watch
from pipelines.manifest import PieceRead, ReadRecord
from pipelines.reading import Reader, read
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.fields import Reading
from pipelines.reading.reader import Event
from pipelines.reading.units import Piece, Unit
from pipelines.watch import Doing
from pipelines.writing import TableWriter

READ = "read"
WORK = ".curate"  # the folder of intermediate files
STATE = "state.json"  # in it: what a resumed run must match, and the plan
_FILE_BYTES = 1 << 40  # the ledger is small whatever the corpus: one file a unit


@dataclass(frozen=True)
class ReadTask:
    """A unit of input.

    limit   how many events to read at most
    bytes   about how many bytes of input the unit is, to begin with the largest
    """

    name: str
    pieces: tuple[Piece, ...]
    limit: int | None = None
    bytes: int = 0

    @classmethod
    def of(cls, unit: Unit) -> "ReadTask":
        """The task of reading a unit."""
        return cls(unit.name, tuple(unit.pieces), None, unit.bytes)

    @property
    def size(self) -> int:
        """About how much work it is."""
        return self.bytes


def task_state(tasks: Sequence[ReadTask]) -> list[dict[str, Any]]:
    """Read tasks as plain data."""
    return [
        {
            "name": task.name,
            "pieces": [asdict(piece) for piece in task.pieces],
            "limit": task.limit,
            "bytes": task.bytes,
        }
        for task in tasks
    ]


def tasks_of(state: Sequence[Mapping[str, Any]]) -> list[ReadTask]:
    """The inverse of task_state."""
    return [
        ReadTask(unit["name"], tuple(Piece(**piece) for piece in unit["pieces"]), unit["limit"], unit["bytes"])
        for unit in state
    ]


def planned(path: str) -> list[ReadTask]:
    """The tasks of the plan in a run's state. A worker reads it: a graph that held it would grow with the input.

    Raises OSError where this process does not see the file.
    """
    if not storage.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return tasks_of(manifest.read_sealed(path)["units"])


def done_path(root: str, phase: str, name: str) -> str:
    """The path of a unit's manifest in a phase."""
    return storage.join(root, WORK, "done", phase, f"{name}.json")


class ReadUnits(beam.DoFn):
    """ReadTask -> (unit, RawPage | Dropped | Failed); the ledger and the counts go to the output "records".

    retried  whether a file that cannot be opened or read on is an error, after which an engine tries the bundle again:
             its workers may not see what the driver sees, and a store may fail for a moment. Otherwise: a failed row
    """

    def __init__(self, root: str, reading: Reading, retried: bool = False) -> None:
        self.root, self.reading, self.retried = root, reading, retried

    def process(self, task: ReadTask) -> Iterator[Any]:
        clock = time.thread_time
        folder = f"{WORK}/ledger"
        ledger = TableWriter(self.root, "ledger", task.name, records.LEDGER, _FILE_BYTES, folder)
        types: dict[str, int] = {}
        pieces: list[PieceRead] = []
        found, spent = 0, 0.0
        started = clock()
        bytes_in = 0
        rejected = failed = 0
        for number, piece in enumerate(task.pieces):
            before = found
            reader = read(piece, self.reading)
            events = events_of(piece, number, reader, self.retried)
            while task.limit is None or found < task.limit:
                event = next(events, None)
                if event is None:
                    break
                found += 1
                reason = watch.begin_page(event.source, event.offset)
                ledger.add({"source": event.source, "offset": event.offset}, 16)
                item: Any = event
                if reason:
                    item = Failed(event.source, event.offset, event.id, event.url, READ, reason)
                elif isinstance(event, Damaged):
                    item = Failed(event.source, event.offset, event.id, event.url, READ, event.reason, event.detail)
                elif isinstance(event, Rejected):
                    page = Document(event.id, "", event.url, {}, event.source, event.offset)
                    item = Dropped(page, READ, READ, event.drop)
                if isinstance(item, Failed):
                    failed += 1
                elif isinstance(item, Dropped):
                    rejected += 1
                else:
                    bytes_in += len(item.body)
                spent += clock() - started
                yield task.name, item
                started = clock()
            for kind, count in reader.types.items():
                types[kind] = types.get(kind, 0) + count
            size = -1 if task.limit is not None and before >= task.limit else _size(piece.path)
            pieces.append(PieceRead(piece.path, piece.start, piece.end, size, found - before))
        watch.begin(Doing.FINISHING, task.name)
        for record in ledger.close():
            yield TaggedOutput("records", record)
        spent += clock() - started
        whole = ReadRecord(task.name, tuple(pieces), found, failed, rejected, types, bytes_in, spent)
        yield TaggedOutput("records", whole)


def events_of(piece: Piece, number: int, reader: Reader, retried: bool = False) -> Iterator[Event]:
    """The events of a piece, the number of which in its unit is given. What is left of the piece where the reader has
    a fault, or where reading on has ended workers, is one event. Raises OSError that names the file where retried."""
    found = reader.steps()
    for step in itertools.count():
        reason, detail = watch.begin_reading(piece.path, number, step), "reading ended workers; the rest is left out"
        if not reason:
            try:
                event = next(found)
            except StopIteration:
                return
            except OSError as error:
                if retried:
                    code = error.errno or errno.EIO
                    raise OSError(code, os.strerror(code), piece.path) from error
                reason, detail = "unreadable", f"errno {error.errno}"
            except Exception as error:
                reason, detail = fault_of(error)
        if reason:
            yield Damaged(piece.path, -1 - piece.start, "", "", reason, detail)
            return
        if event is not None:
            yield event


def _size(path: str) -> int:
    """Bytes of an input file as it is now; -1 where that cannot be told."""
    try:
        return storage.size(path)
    except (OSError, IndexError):  # Beam lists no such file
        return -1
