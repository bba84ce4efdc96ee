"""Files wherever Beam can open them: local paths directly, everything else through Beam's file systems."""

import concurrent.futures
import contextlib
import functools
import hashlib
import io
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
_THREADS = 32
LISTED_APART = 16  # files of a folder elsewhere above which the whole folder is listed
IN_WORK = ".tmp-"  # prefix of unfinished files
_IN_WORK = re.compile(re.escape(IN_WORK) + "[0-9a-f]{32}")


def is_local(path: str) -> bool:
    """Whether a path is on this machine's file system."""
    return "://" not in path


def _systems() -> Any:
    from apache_beam.io.filesystems import FileSystems

    return FileSystems


def join(*parts: str) -> str:
    """Path parts joined the way the first part's file system does it."""
    if is_local(parts[0]):
        return os.path.join(*parts)
    return "/".join([parts[0].rstrip("/"), *(part.strip("/") for part in parts[1:])])


def absolute(path: str) -> str:
    """A path that means the same whatever the working directory."""
    return os.path.abspath(path) if is_local(path) else path


def exists(path: str) -> bool:
    """Whether there is a file or folder at path."""
    return os.path.exists(path) if is_local(path) else bool(_systems().exists(path))


def make_folder(path: str) -> None:
    """Make a folder and its parents; object stores have none, so nothing happens there."""
    if is_local(path):
        os.makedirs(path, exist_ok=True)


def files(folder: str, ending: str = "") -> list[str]:
    """All files directly or deeper under a folder, unfinished ones too, sorted. Links to folders are not followed."""
    if is_local(folder):
        found = (os.path.join(within, name) for within, _, names in os.walk(folder) for name in names)
        return sorted(path for path in found if path.endswith(ending) and os.path.isfile(path))
    pattern = folder.rstrip("/") + "/**"
    return sorted(m.path for m in _systems().match([pattern])[0].metadata_list if m.path.endswith(ending))


def size(path: str) -> int:
    """Bytes of a file."""
    return os.path.getsize(path) if is_local(path) else int(_systems().match([path])[0].metadata_list[0].size_in_bytes)


class Listed(NamedTuple):
    """What a listing of a store elsewhere says of a file: its bytes, and the time of its last change (s)."""

    size: int
    time: float


def listing(pattern: str) -> dict[str, Listed]:
    """The files elsewhere that match a pattern, by path, sorted: one request for a page of them, none for a file."""
    found = _systems().match([pattern])[0].metadata_list
    return {one.path: Listed(int(one.size_in_bytes), one.last_updated_in_seconds) for one in _sorted(found)}


def _sorted(entries: Any) -> Any:
    return sorted(entries, key=lambda entry: entry.path)


def listed(paths: Sequence[str]) -> dict[str, Listed]:
    """What listings say of files elsewhere; those that are not there are left out. Folders that hold many of them are
    listed as a whole. Raises OSError."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    patterns: list[str] = []
    for folder, inside in folders.items():
        patterns += [f"{folder}/*"] if len(inside) > LISTED_APART else inside
    found: dict[str, Listed] = {}
    for some in in_threads(listing, patterns):
        found.update(some)
    return found


def sizes(paths: Sequence[str]) -> dict[str, int]:
    """Bytes of files, local or elsewhere; those that are not there are left out. Raises OSError."""
    found: dict[str, int] = {}
    for path in filter(is_local, paths):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found[path] = os.path.getsize(path)
    elsewhere = listed([path for path in paths if not is_local(path)])
    return found | {path: one.size for path, one in elsewhere.items()}


def checksum(path: str) -> str:
    """What a store elsewhere tells versions of a file apart by, a checksum or ETag; "" where it has none."""
    try:
        return str(_systems().checksum(path))
    except Exception:  # OSError mostly, but some let their clients' errors through, as HDFS does
        return ""


def in_threads(function: Callable[[str], T], paths: Sequence[str]) -> list[T]:
    """function of each path, in their order: many at a time where they are elsewhere, as each waits for a store."""
    if len(paths) < 2 or all(is_local(path) for path in paths):
        return [function(path) for path in paths]
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(function, paths))


def reading(path: str) -> Any:
    """A binary file for reading; use it in a with statement."""
    if is_local(path):
        return open(path, "rb")
    from apache_beam.io.filesystem import CompressionTypes

    return _systems().open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def read_bytes(path: str) -> bytes:
    """The whole content of a file."""
    with reading(path) as file:
        return bytes(file.read())


def sha256(path: str) -> str:
    """The hash of a file's content, read in pieces; hexadecimal."""
    digest = hashlib.sha256()
    with reading(path) as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()


def delete(paths: list[str]) -> None:
    """Delete files."""
    local = [path for path in paths if is_local(path)]
    for path in local:
        os.unlink(path)
    if len(local) < len(paths):
        _systems().delete([path for path in paths if not is_local(path)])


def delete_folder(path: str) -> None:
    """Delete a folder with all in it; nothing happens where it is not there."""
    if is_local(path):
        shutil.rmtree(path, ignore_errors=True)
    elif files(path):
        _systems().delete([path.rstrip("/") + "/"])


def unfinished(path: str) -> bool:
    """Whether a file is called as PendingFile calls one that is not whole yet."""
    return _IN_WORK.fullmatch(path.rpartition("/")[2]) is not None


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """Have an OSError that names no file name this one: of a full disk the system does not say which."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = path
        raise


class Hashing(io.RawIOBase):
    """A binary file that knows the sha256 and the number of the bytes written through it. path: for errors."""

    def __init__(self, file: Any, path: str) -> None:
        super().__init__()
        self._file = file
        self._path = path
        self._sha256 = hashlib.sha256()
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._sha256.update(data)
        with naming(self._path):
            self._file.write(data)
        count = memoryview(data).nbytes
        self.written += count
        return count

    def tell(self) -> int:
        return self.written

    def flush(self) -> None:
        # called once more when this object goes, after the file below was closed; Python 3.13 shows what that raises
        if not self.closed and not getattr(self._file, "closed", False):
            with naming(self._path):
                self._file.flush()

    def hexdigest(self) -> str:
        """sha256 of what was written so far."""
        return self._sha256.hexdigest()


class PendingFile:
    """A file that appears under its name only when it is whole.

    Local files are written under a temporary name and renamed; an object store shows an object when it is closed.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        make_folder(folder)
        self._temporary = join(folder, f"{IN_WORK}{uuid.uuid4().hex}")
        create = functools.partial(open, mode="wb") if is_local(folder) else _systems().create
        self._raw = create(self._temporary)
        self.file = Hashing(self._raw, folder)
        _pending.add(self)

    def close(self, name: str) -> str:
        """Close the file and give it its name; returns the path."""
        path = join(self.folder, name)
        try:
            with naming(path):
                self._raw.close()
        except OSError:
            self.abandon()
            raise
        _pending.discard(self)
        if is_local(path):
            os.replace(self._temporary, path)
        else:
            if _systems().exists(path):
                _systems().delete([path])
            _systems().rename([self._temporary], [path])
            if not _systems().exists(path):
                raise OSError(f"{path}: renaming reported success, but there is no such file")
        return path

    def abandon(self) -> None:
        """Delete what was written."""
        _pending.discard(self)
        with contextlib.suppress(OSError):
            self._raw.close()
        with contextlib.suppress(OSError):
            delete([self._temporary])


_pending: set[PendingFile] = set()


def abandon_unfinished() -> None:
    """Abandon all files that are not whole yet: whoever wrote them has failed."""
    for file in list(_pending):
        file.abandon()


@contextlib.contextmanager
def writing(path: str) -> Iterator[Hashing]:
    """A binary file for writing that replaces path when the block ends well and is gone when it does not."""
    folder, _, name = path.rpartition("/")
    pending = PendingFile(folder or ("/" if path.startswith("/") else "."))
    try:
        yield pending.file
    except BaseException:
        pending.abandon()
        raise
    pending.close(name)


def write_bytes(path: str, data: bytes) -> None:
    """Replace a file with this content, at once."""
    with writing(path) as file:
        file.write(data)
