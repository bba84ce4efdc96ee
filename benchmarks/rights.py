"""What the judges of rights cost beside extraction, and what they find on the shared pages."""

import time
from collections import Counter
from dataclasses import fields
from typing import Any

from benchmarks.shared import missing, pages_gold
from filters import make
from filters.document import RawPage
from pipelines.reading import read
from pipelines.reading.units import Piece

REPEATS = 3
_GIVEN = [field.name for field in fields(RawPage) if not field.name.startswith("_")]


def html_pages() -> list[RawPage]:
    """The pages of HTML with gold text."""
    events = (event for path in pages_gold() for event in read(Piece(str(path))))
    return [event for event in events if isinstance(event, RawPage) and event.media_type == "text/html"]


def _unread(page: RawPage) -> RawPage:
    """The page with nothing worked out of it yet."""
    return RawPage(**{name: getattr(page, name) for name in _GIVEN})


def run() -> dict[str, Any]:
    """CPU milliseconds a page, least of three passes, and the ratio to extraction/resiliparse with its child."""
    if (skipped := missing()) is not None:
        return skipped
    pages = html_pages()
    judges = {name: make(name).open() for name in ("rights/optout", "rights/license")}  # type: ignore[attr-defined]
    extract = make("extraction/resiliparse").open()  # type: ignore[attr-defined]
    found: dict[str, Counter[str]] = {}
    for page in [pages[0], *pages]:  # the first loads the kernels
        document = page.document("").of_page(page)
        for name, note in (("rights/optout", "optout"), ("rights/license", "license_kind")):
            found.setdefault(note, Counter())[judges[name](document).notes[note]] += 1
    spent: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        for what in ("rights/optout", "rights/license", "both"):
            documents = [page.document("").of_page(page) for page in map(_unread, pages)]
            started = time.process_time()
            for document in documents:
                for name, judge in judges.items():
                    if what in (name, "both"):
                        judge(document)
            spent.setdefault(what, []).append(time.process_time() - started)
        started, elsewhere = time.process_time(), extract.cpu_seconds
        for page in pages:
            extract(page)
        spent.setdefault("extraction", []).append(time.process_time() - started + extract.cpu_seconds - elsewhere)
    extract.close()
    least = {what: min(times) / len(pages) for what, times in spent.items()}
    return {
        "pages": len(pages),
        "kb_per_page": sum(len(page.body) for page in pages) / len(pages) / 1e3,
        "ms_per_page": {what: 1e3 * seconds for what, seconds in least.items()},
        "ratio_to_extraction": {what: seconds / least["extraction"] for what, seconds in least.items()},
        "found": {note: dict(counts.most_common()) for note, counts in found.items()},
    }
