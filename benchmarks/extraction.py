"""Extraction: F1 against gold texts beside the libraries called directly, and what the killable child costs a page.

f1       per extractor on the AEB pages (93, mostly English news), with that of a direct call (jusText: with its
         English list), and on Korean pages; the metric is curate.evaluation.extraction's. Limit: |f1 - direct| <= 0.02.
cost_ms  CPU milliseconds a page of the AEB set (160 KB HTML), medians of interleaved rounds: `direct` decodes, extracts
         by resiliparse and repairs in this process; `child` is extraction/resiliparse, both processes counted.
restart  CPU and wall seconds of the next page after the child was killed
"""

import gzip
import json
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.shared import DATA, missing
from curate.evaluation.extraction import evaluate, score
from filters import make
from filters.document import Fault, RawPage

ROUNDS = 7
KOREAN = ("korean_news", "pytorch_ko")
EXTRACTORS = ("extraction/resiliparse", "extraction/trafilatura", "extraction/justext")
LIMIT = 0.02
LIMITED = ("extraction/resiliparse", "extraction/trafilatura")  # jusText is called otherwise on purpose


def run() -> dict[str, Any]:
    """Figures as described above."""
    if (skipped := missing()) is not None:
        return skipped
    folder = DATA / "pages_gold"
    pages, golds = _gold(folder, "aeb")
    html = [_decoded(page) for page in pages]
    direct = _direct()
    f1: dict[str, Any] = {}
    for name in EXTRACTORS:
        ours = evaluate(make(name), pages, golds, rounds=200)
        f1[name] = {"aeb": ours.as_dict()}
        if name in direct:
            theirs = score([direct[name](text) for text in html], golds, rounds=1).f1.value
            f1[name]["aeb_direct"] = round(theirs, 4)
            if name in LIMITED:
                f1[name]["within_limit"] = abs(ours.f1.value - theirs) <= LIMIT
    korean_pages, korean_golds = [], []
    for name in KOREAN:
        more_pages, more_golds = _gold(folder, name)
        korean_pages += more_pages
        korean_golds += more_golds
    for name in EXTRACTORS:
        f1[name]["korean"] = evaluate(make(name), korean_pages, korean_golds, rounds=200).as_dict()
    return {"f1": f1, "cost_ms": _cost(pages), "restart": _restart(pages[0])}


def _gold(folder: Path, name: str) -> tuple[list[RawPage], list[str]]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with gzip.open(folder / f"{name}.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        golds = [str(json.loads(line)["text"]) for line in lines]
    with open(folder / f"{name}.warc.gz", "rb") as file:
        records = ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True)
        pages = [RawPage(record.record_id, body=record.reader.read()) for record in records]
    return pages, golds


def _decoded(page: RawPage) -> str:
    from filters.text.charset import decode

    return decode(page.body, page.charset).text


def _direct() -> dict[str, Callable[[str], str]]:
    import justext
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    stop_words = justext.get_stoplist("English")

    def by_justext(html: str) -> str:
        return "\n".join(found.text for found in justext.justext(html, stop_words) if not found.is_boilerplate)

    return {
        "extraction/resiliparse": lambda html: str(extract_plain_text(html, main_content=True)),
        "extraction/trafilatura": lambda html: (
            trafilatura.extract(html, include_comments=False, deduplicate=True) or ""
        ),
        "extraction/justext": by_justext,
    }


def _cost(pages: list[RawPage]) -> dict[str, float]:
    from resiliparse.extract.html2text import extract_plain_text

    from filters.text.unicode import repair

    extract = make("extraction/resiliparse").open()
    direct, child = [], []
    try:
        for _ in range(ROUNDS):
            begun = time.process_time()
            for page in pages:
                repair(extract_plain_text(_decoded(page), main_content=True))
            direct.append(time.process_time() - begun)
            begun = time.process_time() + extract.cpu_seconds  # type: ignore[attr-defined]
            for page in pages:
                extract(page)
            child.append(time.process_time() + extract.cpu_seconds - begun)  # type: ignore[attr-defined]
    finally:
        extract.close()  # type: ignore[attr-defined]
    per_page = 1000 / len(pages)
    differences = [ours - theirs for ours, theirs in zip(child, direct, strict=True)]
    return {
        "direct": round(statistics.median(direct) * per_page, 3),
        "child": round(statistics.median(child) * per_page, 3),
        "difference": round(statistics.median(differences) * per_page, 3),
        "ratio": round(statistics.median(child) / statistics.median(direct), 3),
    }


def _restart(page: RawPage) -> dict[str, float]:
    from filters.extraction.html import HtmlExtractor

    extractor = make("extraction/resiliparse")
    assert isinstance(extractor, HtmlExtractor)
    extract: Any = extractor.open()
    wall, cpu = [], []
    for _ in range(ROUNDS):
        os.kill(extract.pid, signal.SIGKILL)
        begun, spent = time.perf_counter(), extract.cpu_seconds
        for _ in range(2):  # the first may meet the child dying
            try:
                extract(page)
                break
            except Fault:
                continue
        wall.append(time.perf_counter() - begun)
        cpu.append(extract.cpu_seconds - spent)
    extract.close()
    return {"wall": round(statistics.median(wall), 3), "cpu": round(statistics.median(cpu), 3)}
