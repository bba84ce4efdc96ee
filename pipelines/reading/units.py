"""How input is named and cut: globs and lists to paths, paths to units of about equal size."""

import glob
import hashlib
import os
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from filters.needs import kind_of
from pipelines import storage
from pipelines.reading import boundaries
from pipelines.reading.formats import RANGED, is_read, sniff
from pipelines.storage import Listed

_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_READ_BYTES = 1 << 20
LARGE = 512 << 20
# How far a file elsewhere is searched for a member or frame from where a piece should begin, and how many places are.
_SEARCHED_BYTES = 4 << 20
_SEARCHED_PLACES = 3
_NAMED_LIKE_INPUT = re.compile(
    r"""[^\s"'{}<>|,;]+\.(?:w?arc|wet|wat|jsonl|ndjson|json|parquet|csv|tsv|arrow)(?:\.(?:gz|gzip|zst|bz2|xz))?""",
    re.IGNORECASE,
)


class InputError(ValueError):
    """Input that is not there or cannot be a list of files; the message names it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a file: the records that begin in [start, end).

    start, end  byte positions in the file as it is stored; for Parquet, numbers of row groups. end None: to the end
    size        bytes of the whole file
    first_row   rows of JSONL (lines, in a file of this machine) or Parquet before this piece
    format      as detected from the content, see formats.sniff; "" = detect it when reading
    """

    path: str
    start: int = 0
    end: int | None = None
    size: int = 0
    first_row: int = 0
    format: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one worker reads at a time. The name depends on paths and sizes only and is safe as a file name."""

    name: str
    pieces: tuple[Piece, ...]
    bytes: int


def expand(inputs: Sequence[str]) -> list[str]:
    """The paths of find()."""
    return list(find(inputs))


def find(inputs: Sequence[str]) -> dict[str, Listed | None]:
    """Inputs to paths, with what the listing said of those elsewhere. Each file once under the first of
    its names, in the order given (a glob's matches sorted).

    An input is a path, a glob (** goes into folders), a folder (the files in it whose names tell a format), or @LIST:
    a text file, plain or .gz, of paths one a line, as Common Crawl publishes them. Relative paths are relative to the
    working directory, and ~ is the home. Anything that Beam's file systems open is a path too (gs://…). Raises
    InputError that names what is missing, or a name that is not UTF-8.
    """
    found: dict[str, tuple[str, Listed | None]] = {}  # by what they are on the disk: ./a, a and a link to it are one
    for given in inputs:
        if not given:
            raise InputError("an input is empty")
        given = "@" + os.path.expanduser(given[1:]) if given.startswith("@") else os.path.expanduser(given)
        matching = _listed(given[1:]) if given.startswith("@") else _matches(given)
        for path, listed in matching.items():
            try:
                path.encode()
            except UnicodeEncodeError:
                raise InputError(f"{path!a}: the name is not UTF-8; rename the file") from None
            found.setdefault(os.path.realpath(path) if storage.is_local(path) else path, (path, listed))
    if not found:
        raise InputError("no input was given")
    return dict(found.values())


def _listed(path: str) -> dict[str, Listed | None]:
    import gzip
    import zlib

    if storage.is_local(path) and not os.path.isfile(path):
        raise InputError(f"{path}: no such list of files")
    try:
        data = storage.read_bytes(path)
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable list of files ({type(error).__name__})") from error
    lines = (line.strip() for line in text.splitlines())
    paths = [_without_scheme(line) for line in lines if line and not line.startswith("#")]
    if not paths:
        raise InputError(f"{path}: the list names no file")
    for listed in paths:
        if "\x00" in listed or (storage.is_local(listed) and not os.path.isfile(listed)):
            raise InputError(f"{_shown(listed)}: no such file (named in {path})")
        if not storage.is_local(listed):
            _check_scheme(listed, f"{_shown(listed)} (named in {path})")
    try:
        elsewhere = storage.listed([listed for listed in paths if not storage.is_local(listed)])
    except (OSError, ValueError) as error:  # Beam's own is an OSError
        named = all(_NAMED_LIKE_INPUT.fullmatch(listed) for listed in paths)  # else a line may be somebody's data
        why = str(error).splitlines()[0] if named else type(error).__name__
        raise InputError(f"{path}: its files cannot be listed: {why}") from error
    for listed in paths:
        if not storage.is_local(listed) and listed not in elsewhere:
            raise InputError(f"{_shown(listed)}: no such file (named in {path})")
    return {listed: elsewhere.get(listed) for listed in paths}


def _shown(listed: str) -> str:
    """A line of a list for a message: only a name that files read here have. Other lines may be somebody's data, of a
    file of rows that was given as a list."""
    return repr(listed) if len(listed) < 400 and _NAMED_LIKE_INPUT.fullmatch(listed) else "a line of the list"


def _without_scheme(path: str) -> str:
    """file:///a is the path /a."""
    local = path.removeprefix("file://localhost/").removeprefix("file:///")
    return f"/{urllib.parse.unquote(local)}" if local != path else path


def _check_scheme(path: str, shown: str) -> None:
    """Raises InputError for addresses that no file system opens, whatever is installed."""
    scheme = path.partition("://")[0].lower()
    if scheme in ("http", "https", "ftp"):
        raise InputError(f"{shown}: {scheme} addresses are not opened; download the file and name the copy")
    if not re.fullmatch("[a-z][a-z0-9+.-]{0,30}", scheme):  # "://" stands somewhere in a row of data
        raise InputError(f"{shown}: no such file")


def _matches(given: str) -> dict[str, Listed | None]:
    given = _without_scheme(given)
    if not storage.is_local(given):
        _check_scheme(given, given)
        elsewhere = _remote(given, given)
        if not elsewhere:
            raise _no_match(given)
        return dict(elsewhere)
    if os.path.isfile(given):
        return {given: None}
    if os.path.isdir(given):
        return dict.fromkeys(_inside(given))
    if os.path.exists(given):
        raise InputError(f"{given}: is {kind_of(os.stat(given).st_mode)}, not a file")
    paths = sorted(path for path in glob.glob(given, recursive=True) if os.path.isfile(path))
    if not paths:
        raise _no_match(given)
    return dict.fromkeys(paths)


def _no_match(given: str) -> InputError:
    return InputError(f"{given}: no such file" if not glob.has_magic(given) else f"{given}: matches no file")


def _inside(folder: str) -> list[str]:
    """The files of a folder, and of those in it, whose names say that they can be read; hidden ones are left out."""
    if os.path.isfile(os.path.join(folder, "run.json")):
        raise InputError(f"{folder}: is the output of a run; what it kept is in {os.path.join(folder, 'kept')}")
    pattern = os.path.join(glob.escape(folder), "**")
    paths = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path) and is_read(path))
    if not paths:
        raise InputError(
            f"{folder}: is a folder in which no file has a name that can be read "
            f"(.warc.gz, .jsonl, .parquet, .csv, .txt, .html …); name its files, as in '{os.path.join(folder, '*')}'"
        )
    return paths


def _remote(pattern: str, shown: str) -> dict[str, Listed]:
    from apache_beam.io.filesystem import BeamIOError

    try:
        return storage.listing(pattern)
    except (BeamIOError, ValueError) as error:
        why = str(error).replace(pattern, shown).splitlines()[0]
        raise InputError(f"{shown}: cannot be listed: {why}") from error


def sizes_of(found: Mapping[str, Listed | None]) -> dict[str, int]:
    """Bytes of the files of find(): those elsewhere as they were listed. Raises OSError."""
    return {path: storage.size(path) if listed is None else listed.size for path, listed in found.items()}


def cut(sizes: Mapping[str, int], unit_bytes: int, workers: int = 1) -> list[Unit]:
    """Files to units of about unit_bytes: large files as ranges where their format allows it, small ones in groups.

    With several workers there are at least as many units as that, where there are as many files or ranges. Ranges
    stand where their file stands, groups where they are full.

    sizes  bytes by path, in the order of the input; files of more than a unit are opened, to tell their format
    """
    if unit_bytes < 1:
        raise ValueError(f"unit_bytes is {unit_bytes}: it must be at least 1")
    unit_bytes = max(1, min(unit_bytes, -(-sum(sizes.values()) // max(1, workers))))
    units: list[Unit] = []
    group: list[Piece] = []
    weight = 0
    large = [path for path, size in sizes.items() if size > unit_bytes]
    ranges = dict(
        zip(large, storage.in_threads(lambda path: list(_ranges(path, sizes[path], unit_bytes)), large), strict=True)
    )
    for path, size in sizes.items():
        pieces = ranges.get(path) or [Piece(path, 0, None, size)]  # readers tell the format of small files themselves
        if len(pieces) == 1 and size < unit_bytes:
            if group and weight + size > unit_bytes:
                units.append(_unit(group, weight))
                group, weight = [], 0
            group.append(pieces[0])
            weight += size
            continue
        units += [_unit([piece], size // len(pieces)) for piece in pieces]
    if group:
        units.append(_unit(group, weight))
    return units


def _unit(pieces: Sequence[Piece], weight: int) -> Unit:
    digest = hashlib.sha256(repr([(p.path, p.size, p.start, p.end) for p in pieces]).encode("utf-8", "surrogatepass"))
    stem = _SAFE.sub("-", os.path.basename(pieces[0].path)).strip("-.")[:40] or "input"
    return Unit(f"{stem}-{digest.hexdigest()[:16]}", tuple(pieces), weight)


def _ranges(path: str, size: int, unit_bytes: int) -> Iterator[Piece]:
    with storage.reading(path) as file:
        kind = sniff(file, path)
    if kind == "parquet":
        yield from _row_groups(path, size, unit_bytes)
    elif kind == "jsonl" and storage.is_local(path):
        yield from _line_ranges(path, size, unit_bytes)
    elif kind in ("jsonl.gz", "jsonl.zst"):
        yield from _member_ranges(path, size, unit_bytes, kind)
    elif kind in RANGED or kind == "jsonl":
        step = -(-size // round(size / unit_bytes))
        for start in range(0, size, step):
            yield Piece(path, start, start + step if start + step < size else None, size, 0, kind)
    else:
        yield Piece(path, 0, None, size, 0, kind)


def _line_ranges(path: str, size: int, unit_bytes: int) -> Iterator[Piece]:
    # Ranges begin where a line begins. Lines are counted on the way: a row's key is its number in the file.
    step = -(-size // max(1, round(size / unit_bytes)))
    start = first_row = lines = position = 0
    with storage.reading(path) as file:
        while data := file.read(_READ_BYTES):
            at = 0
            while (target := max(start + step, position + at)) < position + len(data):
                newline = data.find(b"\n", target - position)
                if newline < 0 or position + newline + 1 >= size:
                    break
                lines += data.count(b"\n", at, newline + 1)
                at = newline + 1
                yield Piece(path, start, position + at, size, first_row, "jsonl")
                start, first_row = position + at, lines
            lines += data.count(b"\n", at)
            position += len(data)
    yield Piece(path, start, None, size, first_row, "jsonl")


def _member_ranges(path: str, size: int, unit_bytes: int, kind: str) -> Iterator[Piece]:
    """Ranges that begin where a member of gzip or a frame of Zstandard does; one, where there are none."""
    step = -(-size // max(1, round(size / unit_bytes)))
    local = storage.is_local(path)
    starts = [0]
    with storage.reading(path) as file:
        if kind == "jsonl.zst" and boundaries.need_dictionary(file):
            step = size
        for number, target in enumerate(range(step, size, step)):
            if len(starts) == 1 and number == _SEARCHED_PLACES and not local:
                break
            if target > starts[-1]:
                end = min(size, target + (step if local else min(step, _SEARCHED_BYTES)))
                found = boundaries.find(file, kind.removeprefix("jsonl"), target, end)
                if found > 0:
                    starts.append(found)
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        yield Piece(path, start, stop, size, 0, kind)


def _row_groups(path: str, size: int, unit_bytes: int) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with storage.reading(path) as file:
            metadata: Any = pq.read_metadata(file)
            rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError):
        yield Piece(path, 0, None, size, 0, "parquet")  # the reader says what is wrong with it
        return
    per_piece = max(1, round(len(rows) * unit_bytes / size))
    for start in range(0, max(1, len(rows)), per_piece):
        end = start + per_piece if start + per_piece < len(rows) else None
        yield Piece(path, start, end, size, sum(rows[:start]), "parquet")


def in_one_piece(units: Iterable[Any]) -> list[str]:
    """A sentence for each file of LARGE bytes and more that is one unit, as it cannot be read from the middle."""
    whole = [unit.pieces[0] for unit in units if len(unit.pieces) == 1]
    return [
        f"{piece.path}: {piece.size >> 20:,} MiB are read one after the other: {_why_whole(piece.format)}; several "
        "files, or Parquet, are read side by side"
        for piece in whole
        if piece.size >= LARGE and piece.format and piece.start == 0 and piece.end is None
    ]


def _why_whole(kind: str) -> str:
    if kind == "jsonl.gz":
        return "it is one member of gzip (or of few); bgzip writes many, so that it is cut"
    if kind == "jsonl.zst":
        return "it is one frame of Zstandard (or of few); pzstd writes many, so that it is cut"
    if kind == "parquet":
        return "it has one group of rows"
    return f"{kind} is not read from the middle"
