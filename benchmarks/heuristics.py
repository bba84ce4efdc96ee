"""CPU time of DCLM's heuristics for each text, beside the extraction of the same pages in the same run."""

import time
from pathlib import Path
from typing import Any

from benchmarks.parity import REWRITERS, SHARED_DATA, read
from filters import make
from filters.document import Document, Drop

STEPS = (
    "cleanup/urls",
    "cleanup/newlines",
    "quality/refinedweb",
    "quality/gopher-repetition",
    "cleanup/refinedweb-lines",
)
REPEATS = 3


def _bodies(folder: Path, wanted: set[str]) -> list[bytes]:
    """HTML of the pages with these record ids."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    bodies = []
    for path in sorted(folder.rglob("*.warc.gz")):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                if record.record_id in wanted:
                    bodies.append(record.reader.read())
    return bodies


def _extraction(bodies: list[bytes]) -> float:
    """CPU seconds to parse and extract all bodies with resiliparse."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    start = time.process_time()
    for body in bodies:
        extract_plain_text(HTMLTree.parse_from_bytes(body, "utf-8"), main_content=True)
    return time.process_time() - start


def run() -> dict[str, Any]:
    """Milliseconds a text for all heuristics together and by step, and the ratio to extraction; best of three passes.

    Every step runs on every text, also where an earlier one would have dropped it. First use in a process, which loads
    or compiles the kernels, is shown apart.
    """
    if not (SHARED_DATA / "parity").is_dir():
        return {"skipped": "no reference texts (shared data, folder parity)"}
    pages = read("pages")
    start = time.process_time()
    functions = []
    for name in STEPS:
        settings = REWRITERS["6:url_removal_modifier"][1] if name == "cleanup/urls" else {}
        functions.append(make(name, settings).open())  # type: ignore[attr-defined]
    first = Document(id="", text="The first text is of no account.\n" * 3)
    for function in functions:
        function(first)
    start_up = time.process_time() - start

    best: list[float] = []
    for _ in range(REPEATS):
        spent = [0.0] * len(functions)
        for page in pages:
            document = Document(id=page["id"], text=page["text"])
            for step, function in enumerate(functions):
                before = time.process_time()
                result = function(document)
                spent[step] += time.process_time() - before
                if isinstance(result, Document) and not isinstance(result, Drop):
                    document = result
        if not best or sum(spent) < sum(best):
            best = spent
    bodies = _bodies(SHARED_DATA / "pages_gold", {page["id"] for page in pages})
    extraction = min(_extraction(bodies) for _ in range(REPEATS)) / len(bodies) if bodies else None
    each = sum(best) / len(pages)
    return {
        "texts": len(pages),
        "ms_per_text": 1e3 * each,
        "ms_by_step": {name: 1e3 * spent / len(pages) for name, spent in zip(STEPS, best, strict=True)},
        "pages_extracted": len(bodies),
        "extraction_ms_per_page": None if extraction is None else 1e3 * extraction,
        "ratio_to_extraction": None if extraction is None else each / extraction,
        "first_use_seconds": start_up,
    }
