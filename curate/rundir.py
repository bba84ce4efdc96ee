"""A run's directory: what belongs to it, what is finished, whether it adds up, and run.json."""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from curate.recipe import Recipe
from filters.chain import StepBook
from pipelines import manifest, storage
from pipelines.blame import PoolError
from pipelines.corpus.forms import DecisionError
from pipelines.corpus.keyfile import DamagedFile
from pipelines.engines import EngineError
from pipelines.inputs import READ, STATE, WORK, ReadTask
from pipelines.manifest import EvidenceRecord, FileRecord, FormatError, Manifest, ManifestError, PieceRead, ReadRecord
from pipelines.reading.units import Piece
from pipelines.storage import Listed
from pipelines.totals import id_hashes, repeats
from pipelines.writing import KeySum

VERSIONS = ("curate-lm-text", "apache-beam", "fastwarc", "resiliparse", "fasttext", "pyarrow", "numpy", "numba")
TABLES = ("kept", "dropped", "failed")
EMPTY = "empty"  # the file of a table without rows
CHECKSUMS = 1_000  # files elsewhere up to which the store is asked for the checksum of each
_SAMPLES, _SAMPLE_BYTES = 64, 1 << 12
_TABLE_FILE = re.compile(r"(.+)-\d{3,}-[0-9a-f]{8}\.parquet")
# what runs and ablations create in their folder of intermediate files
_WORK_FOLDERS = ("decisions", "done", "ledger", "plans", "sketches", "spool", "texts")
_WORK_FILES = (STATE, "lock")


class RunError(Exception):
    """The run cannot be started or went wrong; one line says why."""


class UsageError(RunError):
    """What was asked for cannot be done; nothing was written."""


def versions() -> dict[str, str]:
    """The versions a result may depend on."""
    found = {"python": platform.python_version()}
    for name in VERSIONS:
        try:
            found["curate" if name == "curate-lm-text" else name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found["curate" if name == "curate-lm-text" else name] = "unknown"
    return found


@contextlib.contextmanager
def errors_of(root: str) -> Iterator[None]:
    """Raise what goes wrong within as RunError: one line, with a path. root: the directory that is written to."""
    try:
        yield
    except (PoolError, DecisionError, EngineError) as error:
        raise RunError(str(error)) from error
    except DamagedFile as error:  # since its unit was finished, or in keys of an earlier run
        mine = str(error).startswith(storage.join(root, WORK))
        raise RunError(
            f"{error}; {'--resume writes it again' if mine else 'make it again, or run without it'}"
        ) from error
    except OSError as error:
        said = error.strerror or (str(error).splitlines() or [type(error).__name__])[0]
        raise RunError(f"{error.filename if error.filename is not None else root}: {said}") from error
    except MemoryError as error:
        raise RunError(f"{root}: there is not enough memory to go on") from error


def input_identity(path: str) -> dict[str, Any]:
    """What tells a local input file from another version of it: its size, the time of its last change (ns), and a hash
    of its content up to 256 KiB, or of 64 samples from the beginning to the end."""
    size = storage.size(path)
    digest = hashlib.sha256()
    with storage.reading(path) as file:
        time = os.fstat(file.fileno()).st_mtime_ns
        if size <= _SAMPLES * _SAMPLE_BYTES:
            digest.update(file.read())
        else:
            for number in range(_SAMPLES):
                file.seek((size - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    return {"path": path, "size": size, "time": time, "content": digest.hexdigest()[:32]}


def identities(found: Mapping[str, Listed | None]) -> list[dict[str, Any]]:
    """The identities of the input files of units.find(); raises UsageError for one that cannot be read.

    Of files elsewhere: size and time as they were listed and, where they are no more than CHECKSUMS, what the store
    keeps to tell versions apart (an ETag, a checksum). They are not read.
    """
    elsewhere = [path for path, listed in found.items() if listed is not None]
    sums: dict[str, str] = {}
    if len(elsewhere) <= CHECKSUMS:
        sums = dict(zip(elsewhere, storage.in_threads(storage.checksum, elsewhere), strict=True))
    try:
        return [
            input_identity(path)
            if listed is None
            else {"path": path, "size": listed.size, "time": listed.time, "checksum": sums.get(path, "")}
            for path, listed in found.items()
        ]
    except OSError as error:
        raise UsageError(f"{error.filename or 'input'}: cannot be read: {error.strerror or error}") from error


def _changed_input(before: Any, now: Sequence[Mapping[str, Any]]) -> str:
    """Which input file is not what it was, and in what."""
    known = {one["path"]: one for one in before} if isinstance(before, list) else {}
    for one in now:
        was = known.get(one["path"])
        if was is None:
            return f"{one['path']} is new"
        what = next((name for name in one if one[name] != was.get(name)), "")
        if what:
            return f"{one['path']} has another {what}"
    gone = sorted({*known} - {one["path"] for one in now})
    return f"{gone[0]} is missing" if gone else "their order"


class RunDirectory:
    """The folder of a run while it is made: a lock, the state that a resumed run must match, manifests of units."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/") if len(root) > 1 else root
        self._lock: int | None = None

    def work(self, *parts: str) -> str:
        """A path in the folder of intermediate files."""
        return storage.join(self.root, WORK, *parts)

    def begin(self, state: dict[str, Any], resume: bool) -> dict[str, Any]:
        """Take the directory. A new run needs an empty one; a resumed run continues only the very same job.

        Returns the state to go on with. Raises UsageError before anything is written.
        """
        path = self.work(STATE)
        if storage.is_local(self.root) and os.path.exists(self.root) and not os.path.isdir(self.root):
            raise UsageError(f"{self.root}: is a file; --output names a directory")
        try:
            exists = storage.exists(path)
        except (OSError, ValueError) as error:  # Beam knows no file system of this kind, or cannot reach it
            raise UsageError(f"{self.root}: cannot be opened: {str(error).splitlines()[0]}") from error
        if exists and resume:
            try:
                before: dict[str, Any] = dict(manifest.read_sealed(path))
            except FormatError as error:
                why = "another version of curate began this run"
                raise UsageError(f"{self.root}: cannot resume: {why}; use another --output") from error
            except (ManifestError, ValueError, TypeError) as error:
                raise UsageError(f"{self.root}: cannot resume: {path} is damaged; use another --output") from error
            for key, what in (
                ("fingerprint", "the recipe or a model"),
                ("inputs", "the input files"),
                ("limit", "--limit"),
                ("against", "--against"),
                ("versions", "the version of a library"),
            ):
                if before.get(key) != state.get(key):
                    more = f" ({_changed_input(before.get(key), state[key])})" if key == "inputs" else ""
                    raise UsageError(f"{self.root}: cannot resume: {what} changed{more}; use another --output")
            with self._starting():
                self._take_lock()
            return before
        if storage.exists(storage.join(self.root, "run.json")) and resume:
            raise UsageError(f"{self.root}: this run is complete; there is nothing to resume")
        taken = storage.is_local(self.root) and os.path.isdir(self.root) and set(os.listdir(self.root))
        if resume and taken == {WORK} and self._just_begun():
            taken = set()  # the run ended before it began
        if taken:
            hint = "; --resume continues the run in it" if exists or taken == {WORK} else ""
            raise UsageError(f"{self.root}: the output directory is in use (not empty){hint}")
        if not storage.is_local(self.root) and storage.files(self.root):
            raise UsageError(f"{self.root}: the output directory is in use (not empty)")
        with self._starting():
            storage.make_folder(self.work())
            self._take_lock()
            manifest.write_sealed(path, state)
        return state

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """A start that fails says why, and leaves no lock."""
        try:
            yield
        except OSError as error:
            self.close()
            said = error.strerror or type(error).__name__
            raise UsageError(f"{self.root}: cannot be written: {said}") from error
        except BaseException:
            self.close()
            raise

    def _just_begun(self) -> bool:
        """Whether the folder of intermediate files holds what a run makes there before anything else."""
        try:
            return all(name in _WORK_FILES or storage.unfinished(name) for name in os.listdir(self.work()))
        except OSError:
            return False

    def _take_lock(self) -> None:
        if not storage.is_local(self.root):
            return
        self._lock = os.open(self.work("lock"), os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            self._lock = None
            raise UsageError(f"{self.root}: the output directory is in use by a run in progress") from error

    def close(self) -> None:
        """Release the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove_orphans(self, files: Iterable[FileRecord], units: Iterable[str]) -> None:
        """Delete files of earlier attempts that nothing refers to; only called when the run is complete.

        units  names of the run's units: only files that are called as a run calls them are deleted
        """
        named, known = {storage.join(self.root, record.path) for record in files}, set(units)

        def orphan(path: str) -> bool:
            name = path.rpartition("/")[2]
            table = _TABLE_FILE.fullmatch(name)
            ours = name == f"{EMPTY}.parquet" or (table is not None and table[1] in known)
            return storage.unfinished(path) or (ours and path not in named)

        for table in TABLES:
            storage.delete([path for path in storage.files(storage.join(self.root, table)) if orphan(path)])
        storage.delete([path for path in storage.files(storage.join(self.root, "keys")) if storage.unfinished(path)])

    def clean(self) -> None:
        """Delete the intermediate files; what else somebody put beside them stays."""
        for name in _WORK_FOLDERS:
            storage.delete_folder(self.work(name))
        for path in storage.files(self.work()):
            if storage.unfinished(path) or path in map(self.work, _WORK_FILES):
                storage.delete([path])
        if storage.is_local(self.root):
            with contextlib.suppress(OSError):
                os.rmdir(self.work())


@dataclasses.dataclass
class Summary:
    """What all manifests of a run say together. A file that two of them name counts once."""

    files: list[FileRecord]
    books: dict[str, StepBook]
    reads: list[ReadRecord]
    evidence: list[EvidenceRecord]
    repeated_ids: int | None = None

    @classmethod
    def of(cls, manifests: Iterable[Manifest]) -> "Summary":
        """The sum of manifests."""
        files: dict[str, FileRecord] = {}
        books: dict[str, StepBook] = {}
        reads: list[ReadRecord] = []
        evidence: list[EvidenceRecord] = []
        repeated: int | None = None
        for found in manifests:
            repeated = repeated if found.repeated_ids is None else found.repeated_ids
            files.update((record.path, record) for record in found.files)
            reads += found.reads
            evidence += found.evidence
            for record in found.books:
                for stage, book in record.stages.items():
                    books.setdefault(stage, StepBook()).add(book)
        return cls(list(files.values()), books, reads, evidence, repeated)

    def removed(self, table: str) -> "Tally":
        """Rows of dropped or failed by stage, and by rule or reason, as they were counted when they were written."""
        found: Tally = {}
        for record in self.files:
            if record.table == table:
                for stage, counts in record.removed.items():
                    found.setdefault(stage, Counter()).update(counts)
        return found

    @property
    def records(self) -> int:
        """Records that were read."""
        return sum(record.records for record in self.reads)

    @property
    def types(self) -> dict[str, int]:
        """Records of archives by type."""
        types = Counter[str]()
        for record in self.reads:
            types.update(record.types)
        return dict(sorted(types.items()))

    def keys_of(self, *tables: str) -> KeySum:
        """The number and the hash sum of the row keys in all files of some tables."""
        keys = KeySum()
        for record in self.files:
            if record.table in tables:
                keys.merge(record.documents, int(record.keys, 16))
        return keys


def unread(paths: Sequence[str], tasks: Sequence[ReadTask], reads: Iterable[ReadRecord]) -> list[str]:
    """What the plan or the reading left out, and what was not read as planned; a sentence each.

    The planned pieces of every input file must be the whole file, and each must have been read once, from a file of
    the planned size.
    """
    said: list[str] = []
    found: dict[tuple[str, int, int | None], PieceRead] = {}
    for record in reads:
        for piece in record.pieces:
            key = piece.path, piece.start, piece.end
            if key in found:
                said.append(f"{_place(piece)} was read twice")
            found[key] = piece
    planned: dict[str, list[Piece]] = {path: [] for path in paths}
    for task in tasks:
        for part in task.pieces:
            planned.setdefault(part.path, []).append(part)
            read = found.pop((part.path, part.start, part.end), None)
            if read is None:
                said.append(f"{_place(part)} was not read")
            elif read.size not in (-1, part.size):
                said.append(f"{part.path} had {part.size} bytes when the run began, and {read.size} when it was read")
    said += [f"{_place(piece)} was read, and is not in the plan" for piece in found.values()]
    for path, parts in planned.items():
        at: int | None = 0
        for part in sorted(parts, key=lambda one: one.start):
            at = part.end if part.start == at else -1
        if at is not None:
            said.append(f"{path}: the plan does not cover the whole file")
    return said


def _place(piece: Piece | PieceRead) -> str:
    end = "the end" if piece.end is None else piece.end
    return f"{piece.path} from {piece.start} to {end}"


Tally = dict[str, Counter[str]]


def removed_by_stage(root: str, files: Iterable[FileRecord]) -> tuple[Tally, Tally]:
    """Rows of dropped/ by stage and rule, and of failed/ by stage and reason, counted in the files themselves."""
    dropped: Tally = {}
    failed: Tally = {}
    for record in files:
        into, column = {"dropped": (dropped, "rule"), "failed": (failed, "reason")}.get(record.table, (None, ""))
        if into is None:
            continue
        with storage.reading(storage.join(root, record.path)) as file:
            table = pq.read_table(file, columns=["stage", column], page_checksum_verification=True)
        for row in table.group_by(["stage", column]).aggregate([([], "count_all")]).to_pylist():
            into.setdefault(row["stage"], Counter())[row[column]] += row["count_all"]
    return dropped, failed


def differences(root: str, files: Sequence[FileRecord], most: int = 100) -> dict[str, list[list[Any]]]:
    """Row keys of the ledger that are missing from the output, and keys that are there too often (the first few)."""
    counts: Counter[tuple[str, int]] = Counter()
    for record in files:
        ledger = record.table == "ledger"
        if not ledger and record.table not in TABLES:
            continue
        with storage.reading(storage.join(root, record.path)) as file:
            table = pq.read_table(file, columns=["source", "offset"], page_checksum_verification=True)
        keys = list(zip(table["source"].to_pylist(), table["offset"].to_pylist(), strict=True))
        if record.table == "kept" and record.rows != record.documents:
            keys = list(dict.fromkeys(keys))  # the pieces of one document stand in one file
        for key in keys:
            counts[key] += 1 if ledger else -1
    missing = sorted(key for key, count in counts.items() if count > 0)
    extra = sorted(key for key, count in counts.items() if count < 0)
    return {"missing": [list(key) for key in missing[:most]], "extra": [list(key) for key in extra[:most]]}


def repeated_ids(root: str, files: Iterable[FileRecord]) -> int:
    """How many rows of kept/ share an id with another row; 8 bytes of memory a row."""
    hashes = [id_hashes(root, record) for record in files if record.table == "kept"]
    return repeats(np.concatenate(hashes)) if hashes else 0


def funnel(recipe: Recipe, summary: Summary, dropped: Tally, failed: Tally) -> list[dict[str, Any]]:
    """One entry a stage, the reader first. Documents are counted from rows that were written; bytes and CPU seconds
    come from the books of the stages."""
    stages = []
    alive = summary.records
    for name in [READ, *(step.name for step in recipe.steps)]:
        book = summary.books.get(name, StepBook())
        rules, reasons = dropped.get(name, Counter()), failed.get(name, Counter())
        kept = alive - rules.total() - reasons.total()
        entry: dict[str, Any] = {
            "stage": name,
            "in": alive,
            "kept": kept,
            "dropped": rules.total(),
            "failed": reasons.total(),
            "dropped_by_rule": dict(sorted(rules.items())),
            "failed_by_reason": dict(sorted(reasons.items())),
            "bytes_in": book.bytes_in,
            "bytes_kept": book.bytes_kept,
            "cpu_seconds": round(book.cpu_seconds, 3),
        }
        if name == READ:
            spent = sum(record.cpu_seconds for record in summary.reads)
            size = sum(record.bytes_kept for record in summary.reads)
            entry.update(bytes_kept=size, cpu_seconds=round(spent, 3))
        if book.edits:
            entry["characters_edited_by_rule"] = dict(sorted(book.edits.items()))
        stages.append(entry)
        alive = kept
    return stages


def write_json(root: str, name: str, data: Mapping[str, Any]) -> None:
    """Write a JSON file into the run's directory, at once."""
    storage.write_bytes(storage.join(root, name), (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
