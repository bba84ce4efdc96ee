"""WACZ: a zip with web archives in its folder archive/. Their records are keyed by FILE.wacz#MEMBER and offset."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines import watch
from pipelines.reading import formats, warc
from pipelines.reading.events import Damaged
from pipelines.reading.parsing import Event, Found
from pipelines.watch import Doing

ZIP_MAGIC = b"PK\x03\x04"
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def members(file: Any) -> list[str]:
    """The archives in a zip file, sorted; none where it is not a WACZ. Raises BadZipFile for a damaged one."""
    file.seek(0)
    names = zipfile.ZipFile(file).namelist()
    return sorted(name for name in names if name.startswith("archive/") and formats.names_archive(name))


def wacz_records(file: Any, source: str, types: Counter[str]) -> Iterator[Event | None]:
    """The records of all archives in the file, one archive after the other. None = a record of another type."""
    try:
        names = members(file)
    except _ERRORS as error:
        yield Damaged(source, 0, "", "", "wacz_unreadable", f"the zip file: {type(error).__name__}")
        return
    for name in names:
        inner = f"{source}#{name}"
        if reason := watch.begin(Doing.PLACE, inner, -1):
            yield Damaged(inner, -1, "", "", reason, "the member: left out")
            continue
        try:
            with zipfile.ZipFile(file).open(name) as member:
                kind, _, packing = formats.sniff(member, name).partition(".")
                if kind not in ("warc", "arc"):
                    yield Damaged(inner, 0, "", "", "not_a_warc", "a member of a WACZ that is not a WARC or ARC file")
                    continue
                found, arc = Found(inner, types), kind == "arc"
                if packing == "gz":
                    yield from warc.gzip_records(member, 0, None, arc, found)
                elif packing:
                    yield from warc.packed_records(member, f".{packing}", arc, found)
                else:
                    yield from warc.plain_records(member, 0, None, arc, found)
        except _ERRORS as error:
            yield Damaged(inner, -1, "", "", "wacz_unreadable", f"the member: {type(error).__name__}")
