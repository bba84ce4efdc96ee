"""Personal data: cost of both strategies on real pages against extraction, figures on labelled data, hostile input.

Pages are those of pages_gold; `extraction_ms` is resiliparse's main-content extraction of their HTML, measured in the
same run. The limit of pii/patterns is a tenth of it. Times are CPU, loading left out, the first pass (RE2 builds its
automaton while it scans) shown apart.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.evaluation.pii import evaluate, read_labelled
from filters.contracts import ResourceError
from filters.document import Document
from filters.pii.patterns import Patterns
from filters.pii.presidio import Presidio

SHARED = Path(os.environ.get("CURATE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = ("aeb", "readability", "newspaper_goose", "pytorch_ko", "korean_news")
UNITS = ("a", "1", "@", "-", " ", ":", "a.", "a@", "1 ", "11 ", "010-")
REPEATS = 3


def run() -> dict[str, Any]:
    """Milliseconds a page and their ratio to extraction, precision and recall, seconds for 5 MB of one pattern."""
    if not (SHARED / "pages_gold").is_dir():
        return {"skipped": "the shared data is not beside this checkout (set CURATE_SHARED_DATA)"}
    strategies: dict[str, Patterns | Presidio] = {"patterns": Patterns()}
    try:
        presidio = Presidio()
        presidio.check()
        strategies["presidio"] = presidio
    except ResourceError:
        pass
    return {
        "pages": _pages(strategies),
        "labelled": _labelled(strategies),
        "seconds_for_5_mb": _hostile(Patterns().finder()),
    }


def _pages(strategies: dict[str, Any]) -> dict[str, Any]:
    from resiliparse.extract.html2text import extract_plain_text

    pages = _html()
    started = time.process_time()
    texts = [extract_plain_text(page, main_content=True) for page in pages]
    extraction = (time.process_time() - started) / len(pages) * 1000
    measured: dict[str, Any] = {
        "pages": len(pages),
        "characters_a_page": round(sum(map(len, texts)) / len(texts)),
        "extraction_ms": round(extraction, 4),
    }
    for name, strategy in strategies.items():
        scrub = strategy.open()
        documents = [Document(str(number), text) for number, text in enumerate(texts)]
        times = []
        for _ in range(REPEATS if name == "patterns" else 1):
            started = time.process_time()
            scrubbed = [scrub(document) for document in documents]
            times.append((time.process_time() - started) / len(texts) * 1000)
        measured[name] = {
            "first_pass_ms": round(times[0], 4),
            "ms": round(min(times), 4),
            "ratio": round(min(times) / extraction, 4),
            "found": dict(sum((_found(document) for document in scrubbed), Counter())),
        }
    return measured


def _found(document: Document) -> Counter[str]:
    return Counter({name: int(count) for name, count in document.notes.items() if count})


def _html() -> list[str]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    pages = []
    for name in SETS:
        with open(SHARED / "pages_gold" / f"{name}.warc.gz", "rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response):
                body = record.reader.read()
                pages.append(bytes_to_str(body, detect_encoding(body) or "utf-8"))
    return pages


def _labelled(strategies: dict[str, Any]) -> list[dict[str, object]]:
    items = read_labelled(SHARED / "pii" / "presidio_synth.jsonl.gz", "en")
    types = Patterns().types
    return [row.as_dict() for row in evaluate(strategies, items) if row.type in types]


def _hostile(find: Callable[[str, str], Any]) -> dict[str, float]:
    seconds = {}
    for unit in UNITS:
        text = unit * (5_000_000 // len(unit))
        started = time.process_time()
        find(text, "")
        seconds[unit] = round(time.process_time() - started, 3)
    return seconds
