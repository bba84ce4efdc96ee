"""What a reader finds besides pages: records that are no page, and places that cannot be read."""

from dataclasses import dataclass

from filters.document import Drop, RawPage
from pipelines.reading.packing import Corrupt, Cut, WideWindow


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was read whole and is not a page, by HTTP status, media type or emptiness."""

    source: str
    offset: int
    id: str
    url: str
    drop: Drop


@dataclass(frozen=True, slots=True)
class Damaged:
    """A place in a file where a record could not be read.

    id, url  as far as they could be found
    reason   a code such as "warc_truncated"
    detail   sizes, positions, names of columns; never content of the record
    """

    source: str
    offset: int
    id: str
    url: str
    reason: str
    detail: str = ""


Event = RawPage | Rejected | Damaged


def unpacked_to(error: Cut | Corrupt | WideWindow, source: str, offset: int, where: str) -> Damaged:
    """The event for a compressed file that cannot be read beyond a place."""
    if isinstance(error, WideWindow):
        return Damaged(source, offset, "", "", "zstd_window_too_large", str(error))
    reason = "file_truncated" if isinstance(error, Cut) else "file_corrupt"
    return Damaged(source, offset, "", "", reason, f"the {error.args[0]} stream cannot be read {where}")
