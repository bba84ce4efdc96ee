"""What keeping the inline elements of sentences costs in extraction/resiliparse, and how many pages it changes."""

import time
from typing import Any

from benchmarks.rights import html_pages
from benchmarks.shared import missing
from filters import make

REPEATS = 3


def run() -> dict[str, Any]:
    """Pages with another text, and the ratio of CPU time with its child: least of three passes each, in turn."""
    if (skipped := missing()) is not None:
        return skipped
    pages = html_pages()
    extractors = [
        make("extraction/resiliparse", {"inline_elements": keep}).open()  # type: ignore[attr-defined]
        for keep in (False, True)
    ]
    spent: list[list[float]] = [[], []]
    texts: list[list[str]] = [[], []]
    for _ in range(REPEATS):
        for number, extract in enumerate(extractors):
            started = time.process_time() + extract.cpu_seconds
            texts[number] = [getattr(extract(page), "text", "") for page in pages]  # a Drop has none
            spent[number].append(time.process_time() + extract.cpu_seconds - started)
    for extract in extractors:
        extract.close()
    without, kept = map(min, spent)
    changed = sum(one != other for one, other in zip(*texts, strict=True))
    return {"pages": len(pages), "changed": changed, "ratio": kept / without}
