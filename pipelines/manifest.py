"""What a phase leaves of each unit: one checked JSON file of its files, shards, counts, and books."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from filters.chain import StepBook
from pipelines import storage

FORMAT = 3  # of everything a run leaves for itself to resume from; directories of another format are refused


class ManifestError(Exception):
    """A file is not what was written, or was written in another format; the message names it."""


class FormatError(ManifestError):
    """A file was written by a version of curate whose directories this one cannot read."""


@dataclass(frozen=True)
class FileRecord:
    """A file that was written and closed: what it is, where (relative to the run's directory), and its checksums.

    documents, keys   number and hash sum (hexadecimal) of the row keys of the documents in it; rows may be more
                      where a document was written as pieces
    removed           of rows of dropped/ and failed/: how many by stage, and by rule or reason
    """

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str
    documents: int = 0
    keys: str = f"{0:032x}"
    removed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Shard:
    """A closed spool of documents of a unit: paths of its two files, how many documents they hold, and the size and
    sha256 of each file. name: the unit's and a hash of the row keys, so that parts of a unit do not meet."""

    name: str
    unit: str
    spool: str
    keys: str
    rows: int
    spool_sha256: str = ""
    keys_sha256: str = ""
    spool_bytes: int = 0
    keys_bytes: int = 0


@dataclass(frozen=True)
class PieceRead:
    """A piece of an input file that was read: [start, end) as planned, and what was found.

    size      bytes of the whole file when it was read; -1 where that cannot be told, or nothing was read because
              enough records were read before
    records   how many records were found
    """

    path: str
    start: int
    end: int | None
    size: int
    records: int


@dataclass(frozen=True)
class ReadRecord:
    """What was read of a unit of input. bytes_kept: bytes of bodies that were handed on."""

    unit: str
    pieces: tuple[PieceRead, ...]
    records: int
    failed: int
    dropped: int
    types: Mapping[str, int]
    bytes_kept: int
    cpu_seconds: float


@dataclass(frozen=True)
class BooksRecord:
    """The books of a unit's steps, by stage, and the CPU seconds (within them) that other processes spent."""

    unit: str
    stages: Mapping[str, StepBook]
    cpu_elsewhere: float = 0.0


@dataclass(frozen=True)
class ScoredRecord:
    """What it cost to score a unit in an ablation.

    cpu_of_nodes, cpu_of_measures  CPU seconds by number of text path and of measure, other processes included
    edits                          by number of text path, the characters that each rule edited
    """

    unit: str
    cpu_of_nodes: Mapping[int, float]
    cpu_of_measures: Mapping[int, float]
    edits: Mapping[int, Mapping[str, int]]
    cpu_elsewhere: float = 0.0


@dataclass(frozen=True)
class EvidenceRecord:
    """What a decision over the corpus found, for run.json, and the CPU seconds it took where they are known."""

    stage: str
    evidence: Mapping[str, Any]
    cpu_seconds: float = 0.0


Record = FileRecord | Shard | ReadRecord | BooksRecord | ScoredRecord | EvidenceRecord


@dataclass(frozen=True)
class Manifest:
    """Everything that one pipeline left.

    cpu_seconds   of the process that ran it, other processes not included
    repeated_ids  how many kept rows share an id with another row; None where nobody has counted them
    """

    files: tuple[FileRecord, ...] = ()
    shards: tuple[Shard, ...] = ()
    reads: tuple[ReadRecord, ...] = ()
    books: tuple[BooksRecord, ...] = ()
    scored: tuple[ScoredRecord, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = ()
    cpu_seconds: float = field(default=0.0, compare=False)
    repeated_ids: int | None = None

    @classmethod
    def of(cls, records: Iterable[Record], cpu_seconds: float = 0.0) -> "Manifest":
        """The manifest of these records, whatever their order. A file that two records name counts once."""
        files: dict[str, FileRecord] = {}
        shards: dict[str, Shard] = {}
        reads, books, scored, evidence = [], [], [], []
        for record in records:
            match record:
                case FileRecord():
                    files[record.path] = record
                case Shard():
                    shards[record.spool] = record
                case ReadRecord():
                    reads.append(record)
                case BooksRecord():
                    books.append(record)
                case ScoredRecord():
                    scored.append(record)
                case EvidenceRecord():
                    evidence.append(record)
        return cls(
            tuple(files[path] for path in sorted(files)),
            tuple(shards[path] for path in sorted(shards)),
            tuple(sorted(reads, key=_canonical)),
            tuple(sorted(books, key=_canonical)),
            tuple(sorted(scored, key=_canonical)),
            tuple(sorted(evidence, key=_canonical)),
            cpu_seconds,
        )

    @classmethod
    def merged(cls, manifests: Iterable["Manifest"]) -> "Manifest":
        """What several manifests say together."""
        manifests = list(manifests)
        records: list[Record] = []
        spent = 0.0
        for one in manifests:
            records += [*one.files, *one.shards, *one.reads, *one.books, *one.scored, *one.evidence]
            spent += one.cpu_seconds
        repeated = [one.repeated_ids for one in manifests if one.repeated_ids is not None]
        return replace(cls.of(records, spent), repeated_ids=sum(repeated) if repeated else None)

    @property
    def cpu_elsewhere(self) -> float:
        """CPU seconds that steps spent in processes of their own (the extraction child)."""
        return sum(book.cpu_elsewhere for book in self.books) + sum(one.cpu_elsewhere for one in self.scored)

    def named(self, root: str) -> Iterator[tuple[str, int, str]]:
        """(path, bytes, sha256) of every file that the manifest names, in a run whose directory is root."""
        for record in self.files:
            yield storage.join(root, record.path), record.bytes, record.sha256
        for shard in self.shards:
            yield shard.spool, shard.spool_bytes, shard.spool_sha256
            yield shard.keys, shard.keys_bytes, shard.keys_sha256

    def fault(self, root: str, hashing: bool) -> str:
        """What is wrong with the first file that is not as the manifest says; "" where all are.

        hashing  whether contents are read and hashed, or only names and sizes compared
        """
        named = list(self.named(root))
        try:
            sizes = storage.sizes([path for path, _, _ in named])
        except OSError as error:
            return f"{error.filename or root} cannot be read ({error.strerror or type(error).__name__})"
        for path, size, sha256 in named:
            if path not in sizes:
                return f"{path} is missing"
            if sizes[path] != size:
                return f"{path} has {sizes[path]} bytes instead of {size}"
            try:
                if hashing and storage.sha256(path) != sha256:
                    return f"{path} is damaged (its sha256 differs)"
            except OSError as error:
                return f"{path} cannot be read ({error.strerror or type(error).__name__})"
        return ""


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)
_BOOKS: TypeAdapter[Any] = TypeAdapter(ReadRecord | BooksRecord | ScoredRecord | EvidenceRecord)


def write(path: str, manifest: Manifest) -> None:
    """Write a manifest, at once: one that is there says that its unit is done."""
    write_sealed(path, _MANIFEST.dump_python(manifest, mode="json"))


def read(path: str) -> Manifest:
    """Read a manifest. Raises ManifestError for one that is damaged, cut, or replaced by something else."""
    data = read_sealed(path)
    try:
        return _MANIFEST.validate_python(data)
    except ValidationError as error:
        raise ManifestError(f"{path}: is not a manifest") from error


def write_sealed(path: str, data: Any) -> None:
    """Write plain data as JSON together with its name, a checksum and the format's number."""
    sealed = {"format": FORMAT, "name": _name(path), "sha256": _checksum(path, data), "data": data}
    storage.write_bytes(path, (json.dumps(sealed, indent=1, sort_keys=True) + "\n").encode())


def read_sealed(path: str) -> Any:
    """What write_sealed wrote. Raises FormatError for another format, ManifestError for anything not as written."""
    try:
        sealed = json.loads(storage.read_bytes(path))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: is damaged or cannot be read") from error
    if not isinstance(sealed, dict):
        raise ManifestError(f"{path}: is damaged")
    if sealed.get("format") != FORMAT:
        raise FormatError(f"{path}: was written by a version of curate with another format")
    if sealed.get("name") != _name(path):
        raise ManifestError(f"{path}: holds the data of another file")
    if "data" not in sealed or sealed.get("sha256") != _checksum(path, sealed["data"]):
        raise ManifestError(f"{path}: is damaged (its checksum differs)")
    return sealed["data"]


def _name(path: str) -> str:
    """The file and its folder: a whole directory may move, a file in it may not."""
    return "/".join(path.split("/")[-2:])


def _checksum(path: str, data: Any) -> str:
    return hashlib.sha256(json.dumps([_name(path), data], sort_keys=True).encode()).hexdigest()


def _canonical(record: Any) -> bytes:
    return _BOOKS.dump_json(record)
