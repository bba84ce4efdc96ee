"""A file that is one document: text, or a page of HTML."""

from collections.abc import Iterator
from typing import Any

from filters.document import Drop, RawPage
from pipelines.reading.bodies import HTTP_BODY_BYTES
from pipelines.reading.events import Damaged, Rejected, unpacked_to
from pipelines.reading.fields import ZSTD_LONG
from pipelines.reading.packing import Corrupt, Cut, WideWindow, file_chunks, unpack
from pipelines.reading.pages import TEXT_BYTES, made_id
from pipelines.reading.rows import Event


def file_page(file: Any, html: bool, packing: str, source: str, window_log: int = ZSTD_LONG) -> Iterator[Event]:
    """The one page of a file, at offset 0. Its encoding is found later, from its bytes.

    packing  "", or one of packing.UNPACK; window_log: see packing.zstd_chunks
    """
    most = HTTP_BODY_BYTES if html else TEXT_BYTES
    file.seek(0)
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in unpack(packing, file_chunks(file), window_log):
            size += len(chunk)
            if size > most:
                detail = f"a file is one document, of at most {most} bytes"
                yield Damaged(source, 0, "", "", "doc_too_long", detail)
                return
            parts.append(chunk)
    except (Cut, Corrupt, WideWindow) as error:
        yield unpacked_to(error, source, 0, f"beyond byte {size}")
        return
    body = b"".join(parts)
    page_id = made_id("", "", body)
    if not body.strip():
        yield Rejected(source, 0, page_id, "", Drop("empty_body", 0.0, 1.0))
        return
    yield RawPage(page_id, "", body, "text/html" if html else "text/plain", "", (), "", source, 0)
