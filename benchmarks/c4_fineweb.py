"""C4 and FineWeb on 800 pages: decisions against datatrove's, cost against extraction of the same pages.

Each page goes through quality/c4, cleanup/c4-lines and quality/fineweb (semantics: datatrove) as in a run: on the same
document, segmented once. `reference_ms` is resiliparse's extraction of the HTML those texts came from, measured in the
same run; limits are 0.3 ms a text and the differences of datatrove's own sentence splitter and tokenizer. Every
difference is listed with the scores it rests on.
"""

import gzip
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filters.cleanup.c4_lines import C4Lines
from filters.contracts import Judge
from filters.document import Document
from filters.quality.c4 import C4
from filters.quality.fineweb import FineWeb
from filters.rules import decide

SHARED = Path(os.environ.get("CURATE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
REASONS = {
    "terminated_share": "line_punct_ratio",
    "short_share": "short_line_ratio",
    "duplicated_share": "char_dup_ratio",
    "newlines_per_word": "list_ratio",
}
REPEATS = 3


def run() -> dict[str, Any]:
    """Milliseconds of CPU a text, the ratio to extraction, and the decisions that differ from datatrove's."""
    if not (SHARED / "parity").is_dir():
        return {"skipped": "the shared data is not beside this checkout (set CURATE_SHARED_DATA)"}
    pages = list(_rows("pages.jsonl.gz"))
    answers = {row["id"]: row for row in _rows("datatrove.jsonl.gz")}
    ours = min(_cost(pages) for _ in range(REPEATS))
    reference, extracted = _extraction({page["id"] for page in pages})
    return {
        "texts": len(pages),
        "ms": round(ours, 4),
        "reference_ms": round(reference, 4),
        "ratio": round(ours / reference, 3) if reference else None,
        "extracted_pages": extracted,
        "parity": _parity(pages, answers),
    }


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(SHARED / "parity" / name, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _cost(pages: list[dict[str, Any]]) -> float:
    judge, fineweb = C4(semantics="datatrove").open(), FineWeb().open()
    rewrite = C4Lines(semantics="datatrove").open()
    for text in ("warm up", "한글"):
        judge(Document("", text)), fineweb(Document("", text)), rewrite(Document("", text))
    start = time.process_time()
    for page in pages:
        document = Document(page["id"], page["text"])
        fineweb(document)
        judge(document)
        rewrite(document)
    return (time.process_time() - start) / len(pages) * 1000


def _extraction(wanted: set[str]) -> tuple[float, int]:
    """(milliseconds a page, pages) of resiliparse's extraction, for the pages whose records are in pages_gold."""
    from fastwarc.warc import ArchiveIterator
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    spent, count = 0.0, 0
    for path in sorted((SHARED / "pages_gold").glob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.headers.get("WARC-Record-ID") not in wanted:
                    continue
                body = record.reader.read()
                html = bytes_to_str(body, detect_encoding(body))
                start = time.process_time()
                extract_plain_text(html, main_content=True)
                spent += time.process_time() - start
                count += 1
    return (spent / count * 1000 if count else 0.0), count


def _parity(pages: list[dict[str, Any]], answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    judges: dict[str, tuple[str, Judge]] = {
        "c4, own sentences": ("c4", C4(semantics="datatrove")),
        "c4 without terminal punctuation, own sentences": (
            "c4_no_terminal_punct",
            C4(semantics="datatrove", terminal={}),  # type: ignore[arg-type]
        ),
        "fineweb, own words": ("fineweb", FineWeb()),
    }
    try:
        import spacy  # noqa: F401

        judges |= {
            "c4, spaCy": ("c4", C4(semantics="datatrove", splitter="spacy")),
            "c4 without terminal punctuation, spaCy": (
                "c4_no_terminal_punct",
                C4(semantics="datatrove", splitter="spacy", terminal={}),  # type: ignore[arg-type]
            ),
            "fineweb, spaCy": ("fineweb", FineWeb(words="spacy")),
        }
    except ImportError:
        pass
    found = {}
    for title, (name, judge) in judges.items():
        rules, score = judge.rules(), judge.open()
        differences = []
        for page in pages:
            answer = answers[page["id"]][name]
            signals = score(Document(page["id"], page["text"])).signals
            drop = decide(rules, signals, {})
            reason = drop and REASONS.get(drop.rule, drop.rule)
            if reason != answer["reason"]:
                cause = _cause(name, reason, answer["reason"])
                differences.append(
                    {"id": page["id"], "here": reason, "datatrove": answer["reason"], "cause": cause, "scores": signals}
                )
        found[title] = {"same": round(1 - len(differences) / len(pages), 5), "differences": differences}
    for name, more in (("c4", {}), ("c4_no_terminal_punct", {"terminal": {}})):
        rewrite = C4Lines(semantics="datatrove", **more).open()  # type: ignore[arg-type]
        kept = [page for page in pages if answers[page["id"]][name]["keep"]]
        unlike = []
        for page in kept:
            expected = answers[page["id"]][name]["text"]
            result = rewrite(Document(page["id"], page["text"]))
            text = result.text if isinstance(result, Document) else None
            if text != (page["text"] if expected is True else expected):
                unlike.append(page["id"])
        found[f"{name} text"] = {"same": round(1 - len(unlike) / len(kept), 5), "differences": unlike}
    return found


def _cause(name: str, here: str | None, there: str | None) -> str:
    reasons = {here, there}
    if "too_few_sentences" in reasons:
        return "spaCy's sentencizer finds another number of sentences"
    if "list_ratio" in reasons:
        return "spaCy's English tokenizer takes a run of Chinese or Japanese for one word"
    return "unknown"
