"""The gold pages of the shared test data as RawPages."""

import gzip
import json
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType

from filters.document import RawPage


def gold_pages(folder: Path, name: str) -> tuple[list[RawPage], list[dict]]:
    """Pages and gold rows of a set, in the same order."""
    with gzip.open(folder / f"{name}.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        golds = [json.loads(line) for line in lines]
    pages = []
    with open(folder / f"{name}.warc.gz", "rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            charset = (record.http_headers.get("Content-Type") or "").lower().partition("charset=")[2].strip()
            pages.append(
                RawPage(record.record_id, record.headers.get("WARC-Target-URI"), record.reader.read(), charset=charset)
            )
    assert len(pages) == len(golds)
    return pages, golds
