"""A run's directory: what belongs to it, what is finished, whether it adds up, and run.json."""

import dataclasses
import hashlib
import json
import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from curate.recipe import Recipe
from filters.chain import StepBook
from pipelines import storage
from pipelines.curation import READ, WORK, ReadTask
from pipelines.reading.units import Piece
from pipelines.spool import Shard
from pipelines.writing import Keys

VERSIONS = ("curate-lm-text", "apache-beam", "fastwarc", "resiliparse", "fasttext", "pyarrow", "numpy", "numba")
TABLES = ("kept", "dropped", "failed")
_HEAD_BYTES = 1 << 16


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


def input_identity(path: str) -> list[Any]:
    """What tells an input file from another version of it: path, size, and a hash of its first and last 64 KiB."""
    size = storage.size(path)
    digest = hashlib.sha256()
    with storage.reading(path) as file:
        digest.update(file.read(_HEAD_BYTES))
        if size > _HEAD_BYTES:
            file.seek(max(_HEAD_BYTES, size - _HEAD_BYTES))
            digest.update(file.read(_HEAD_BYTES))
    return [path, size, digest.hexdigest()[:16]]


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
        path = self.work("state.json")
        try:
            self.root.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{self.root!a}: the name is not UTF-8; use another --output") from None
        if storage.is_local(self.root) and os.path.exists(self.root) and not os.path.isdir(self.root):
            raise UsageError(f"{self.root}: is a file; --output names a directory")
        try:
            exists = storage.exists(path)
        except (OSError, ValueError) as error:  # Beam knows no file system of this kind, or cannot reach it
            raise UsageError(f"{self.root}: cannot be opened: {str(error).splitlines()[0]}") from error
        if exists and resume:
            try:
                before: dict[str, Any] = dict(json.loads(storage.read_bytes(path)))
            except (OSError, ValueError, TypeError) as error:
                raise UsageError(f"{self.root}: cannot resume: {path} is damaged; use another --output") from error
            for key, what in (
                ("fingerprint", "the recipe or a model"),
                ("inputs", "the input files"),
                ("limit", "--limit"),
                ("against", "--against"),
                ("versions", "the version of a library"),
            ):
                if before.get(key) != state.get(key):
                    raise UsageError(f"{self.root}: cannot resume: {what} changed; use another --output")
            self._take_lock()
            return before
        if storage.exists(storage.join(self.root, "run.json")) and resume:
            raise UsageError(f"{self.root}: this run is complete; there is nothing to resume")
        taken = storage.is_local(self.root) and os.path.isdir(self.root) and set(os.listdir(self.root))
        if resume and taken == {WORK}:
            taken = set()  # the run ended before it began
        if taken:
            hint = "; --resume continues the run in it" if exists or taken == {WORK} else ""
            raise UsageError(f"{self.root}: the output directory is in use (not empty){hint}")
        if not storage.is_local(self.root) and storage.files(self.root):
            raise UsageError(f"{self.root}: the output directory is in use (not empty)")
        try:
            storage.make_folder(self.work())
            self._take_lock()
            storage.write_bytes(path, json.dumps(state, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise UsageError(f"{self.root}: cannot be written: {error.strerror or type(error).__name__}") from error
        return state

    def _take_lock(self) -> None:
        if not storage.is_local(self.root):
            return
        import fcntl

        self._lock = os.open(self.work("lock"), os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            self._lock = None
            raise UsageError(f"{self.root}: the output directory is in use by a run that is still going") from error

    def release(self) -> None:
        """Give the directory free."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def manifest(self, segment: int, unit: str) -> str:
        """The path of a unit's manifest in a phase."""
        return self.work("done", str(segment), f"{unit}.json")

    def finished(self, segment: int, unit: str, just_now: bool = False) -> list[dict[str, Any]] | None:
        """A finished unit's records; None where it has to be run (again): no manifest, or files that do not match.

        just_now  it was run by this very process: its spools, which hold all texts, are not read once more
        """
        path = self.manifest(segment, unit)
        if not storage.exists(path):
            return None
        try:
            records: list[dict[str, Any]] = json.loads(storage.read_bytes(path))
        except ValueError:
            return None
        for record in records:
            if record["kind"] == "file" and not self._whole(record):
                return None
            if record["kind"] == "shard":
                shard = Shard.from_dict(record["shard"])
                if not (shard.exists() if just_now else shard.whole()):
                    return None
        return records

    def _whole(self, record: Mapping[str, Any]) -> bool:
        base = self.work() if record["table"] == "ledger" else self.root
        path = storage.join(base, record["path"])
        if not storage.exists(path) or storage.size(path) != record["bytes"]:
            return False
        return storage.sha256(path) == str(record["sha256"])

    def remove_orphans(self, files: Iterable[Mapping[str, Any]]) -> None:
        """Delete files of earlier attempts that nothing refers to; only called when the run is complete."""
        named = {storage.join(self.root, record["path"]) for record in files}
        for table in TABLES:
            folder = storage.join(self.root, table)
            storage.delete([path for path in storage.files(folder) if path not in named])
        kept_keys = storage.files(storage.join(self.root, "keys"))
        storage.delete([path for path in kept_keys if path.rpartition("/")[2].startswith(storage.IN_WORK)])

    def clean(self) -> None:
        """Delete the intermediate files."""
        storage.delete_folder(self.work())


def task_state(tasks: Sequence[ReadTask]) -> list[dict[str, Any]]:
    """Read tasks as plain data."""
    return [
        {
            "name": task.name,
            "pieces": [dataclasses.asdict(piece) for piece in task.pieces],
            "limit": task.limit,
            "bytes": task.bytes,
        }
        for task in tasks
    ]


def tasks_of(state: Sequence[Mapping[str, Any]]) -> list[ReadTask]:
    """The inverse of task_state."""
    return [
        ReadTask(unit["name"], tuple(Piece(**piece) for piece in unit["pieces"]), {}, unit["limit"], unit["bytes"])
        for unit in state
    ]


@dataclasses.dataclass
class Summary:
    """What all manifests of a run say together."""

    files: list[dict[str, Any]]
    books: dict[str, StepBook]
    read: Counter[str]
    types: Counter[str]
    read_cpu_seconds: float
    read_bytes: int
    cpu_elsewhere: float


def summarise(manifests: Iterable[Sequence[Mapping[str, Any]]]) -> Summary:
    """Add up the records of manifests. A file that two records name (a replayed bundle) counts once."""
    files: dict[tuple[str, str], dict[str, Any]] = {}
    books: dict[str, StepBook] = {}
    read: Counter[str] = Counter()
    types: Counter[str] = Counter()
    cpu = elsewhere = 0.0
    size = 0
    for manifest in manifests:
        for record in manifest:
            if record["kind"] == "file":
                files[(record["table"], record["path"])] = dict(record)
            elif record["kind"] == "books":
                elsewhere += record.get("cpu_elsewhere", 0.0)
                for stage, book in record["stages"].items():
                    books.setdefault(stage, StepBook()).add(StepBook.from_dict(book))
            elif record["kind"] == "read":
                read.update({key: record[key] for key in ("records", "failed", "dropped")})
                types.update(record["types"])
                cpu += record["cpu_seconds"]
                size += record["bytes_kept"]
    return Summary(list(files.values()), books, read, types, cpu, size, elsewhere)


def keys_of(files: Iterable[Mapping[str, Any]], tables: Sequence[str]) -> Keys:
    """The number and the hash sum of the row keys in all files of some tables."""
    keys = Keys()
    for record in files:
        if record["table"] in tables:
            keys.merge(record["documents"], int(record["keys"], 16))
    return keys


Tally = dict[str, Counter[str]]


def removed_by_stage(root: str, files: Iterable[Mapping[str, Any]]) -> tuple[Tally, Tally]:
    """Rows of dropped/ by stage and rule, and of failed/ by stage and reason, counted in the files themselves."""
    import pyarrow.parquet as pq

    dropped: Tally = {}
    failed: Tally = {}
    for record in files:
        into, column = {"dropped": (dropped, "rule"), "failed": (failed, "reason")}.get(record["table"], (None, ""))
        if into is None:
            continue
        with storage.reading(storage.join(root, record["path"])) as file:
            table = pq.read_table(file, columns=["stage", column], page_checksum_verification=True)
        for row in table.group_by(["stage", column]).aggregate([([], "count_all")]).to_pylist():
            into.setdefault(row["stage"], Counter())[row[column]] += row["count_all"]
    return dropped, failed


def differences(root: str, files: Sequence[Mapping[str, Any]], most: int = 100) -> dict[str, list[list[Any]]]:
    """Row keys of the ledger that are missing from the output, and keys that are there too often (the first few)."""
    import pyarrow.parquet as pq

    counts: Counter[tuple[str, int]] = Counter()
    for record in files:
        ledger = record["table"] == "ledger"
        base = storage.join(root, WORK) if ledger else root
        columns = ["source", "offset"] + (["id"] if record["table"] == "kept" else [])
        with storage.reading(storage.join(base, record["path"])) as file:
            table = pq.read_table(file, columns=columns, page_checksum_verification=True)
        keys = list(zip(table["source"].to_pylist(), table["offset"].to_pylist(), strict=True))
        if record["table"] == "kept" and record["rows"] != record["documents"]:
            keys = list(dict.fromkeys(keys))  # the pieces of one document stand in one file
        for key in keys:
            counts[key] += 1 if ledger else -1
    missing = sorted(key for key, count in counts.items() if count > 0)
    extra = sorted(key for key, count in counts.items() if count < 0)
    return {"missing": [list(key) for key in missing[:most]], "extra": [list(key) for key in extra[:most]]}


def repeated_ids(root: str, files: Iterable[Mapping[str, Any]]) -> int:
    """How many rows of kept/ bear an id that another row bears too; 8 bytes of memory a row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    hashes = []
    for record in files:
        if record["table"] == "kept":
            with storage.reading(storage.join(root, record["path"])) as file:
                column: pa.ChunkedArray = pq.read_table(file, columns=["id"])["id"]
            digests = (hashlib.blake2b(str(found).encode(), digest_size=8).digest() for found in column.to_pylist())
            hashes.append(np.frombuffer(b"".join(digests), dtype=np.uint64))
    if not hashes:
        return 0
    everything = np.sort(np.concatenate(hashes))
    same = np.zeros(len(everything), dtype=bool)
    equal = everything[1:] == everything[:-1]
    same[1:] |= equal
    same[:-1] |= equal
    return int(same.sum())


def funnel(recipe: Recipe, summary: Summary, dropped: Tally, failed: Tally) -> list[dict[str, Any]]:
    """One entry a stage, the reader first. Documents are counted from rows that were written; bytes and CPU seconds
    come from the books of the stages."""
    stages = []
    alive = summary.read["records"]
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
            entry.update(bytes_kept=summary.read_bytes, cpu_seconds=round(summary.read_cpu_seconds, 3))
        if book.edits:
            entry["characters_edited_by_rule"] = dict(sorted(book.edits.items()))
        stages.append(entry)
        alive = kept
    return stages


def write_json(root: str, name: str, data: Mapping[str, Any]) -> None:
    """Write a JSON file into the run's directory, at once."""
    storage.write_bytes(storage.join(root, name), (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
