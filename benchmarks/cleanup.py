"""cleanup/klue and cleanup/unicode: cost beside the extraction of the same pages, and what they change in clean prose.

`ratio` is CPU time of both over resiliparse's extraction (main_content=True) of the same pages in the same run; limit
0.15. `prose` gives for each source of Korean running text the share of characters changed apart from the spans of
true boilerplate that tests/filters/cleanup/true_boilerplate.yaml lists (limit 0.003), and the largest changes. `pages`
gives what each rule removed from Korean pages, `sentences` what the recipe klue's step of sentences costs beside their
extraction.
"""

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

import filters
from filters.document import Document

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CURATE_SHARED_DATA", ROOT.parent / "shared" / "data"))
TABLE = ROOT / "tests" / "filters" / "cleanup" / "true_boilerplate.yaml"
PROSE = ("news_dps", "kim_yujeong_camellia", "hf_course", "rust_book", "vue_docs")
PAGES = ("korean_news", "pytorch_ko", "aeb", "readability", "trafilatura")


def run() -> dict[str, Any]:
    """All of it; {"skipped": reason} where the shared data is missing."""
    if not SHARED.is_dir():
        return {"skipped": "the shared test data is not beside this checkout"}
    return {
        "limit": {"ratio": 0.15, "prose": 0.003},
        **cost(),
        "prose": prose(),
        "pages": removed_from_pages(),
        "sentences": sentences(),
    }


def cost(sets: tuple[str, ...] = PAGES, rounds: int = 3) -> dict[str, Any]:
    """CPU time of extraction and of both cleanups one after the other, the smallest of several rounds, by set and over
    all."""
    from resiliparse.extract.html2text import extract_plain_text

    klue, unicode = _cleaner("cleanup/klue"), _cleaner("cleanup/unicode")
    by_set, total = {}, Counter[str]()
    for name in sets:
        html = list(_pages(name))
        texts: list[str] = []
        spent = {"extraction": [], "cleanup/unicode": [], "cleanup/klue": []}  # type: dict[str, list[float]]
        for _ in range(rounds + 1):  # the first warms up
            _time(spent["extraction"], lambda page: extract_plain_text(page, main_content=True), html, texts)
            documents: list[Document] = []
            _time(spent["cleanup/unicode"], unicode, [Document("", text) for text in texts], documents)
            _time(spent["cleanup/klue"], klue, documents, [])
        best = {part: min(seconds[1:]) for part, seconds in spent.items()}
        total.update(best)
        by_set[name] = {
            "pages": len(html),
            "ratio": _ratio(best),
            **{f"{part} ms a page": round(1000 * seconds / len(html), 3) for part, seconds in best.items()},
        }
    return {"ratio": _ratio(total), "sets": by_set}


def _ratio(spent: Any) -> float:
    return float(round((spent["cleanup/klue"] + spent["cleanup/unicode"]) / spent["extraction"], 4))


def _time(spent: list[float], function: Callable[[Any], Any], items: list[Any], results: list[Any]) -> None:
    start = time.process_time()
    results[:] = map(function, items)
    spent.append(time.process_time() - start)


def prose(largest: int = 30) -> dict[str, Any]:
    """Changes of Korean running text by source, and the largest ones, as (characters, document, rule).

    `changed otherwise` is what the rules still change in texts from which the true boilerplate was cut before.
    """
    klue, unicode = _cleaner("cleanup/klue"), _cleaner("cleanup/unicode")
    table = yaml.safe_load(TABLE.read_text("utf-8"))
    by_source: dict[str, Any] = {}
    changes: list[tuple[int, str, str]] = []
    others: list[tuple[int, str, str]] = []
    for source in PROSE:
        characters, true, rules, otherwise = 0, 0, Counter[str](), Counter[str]()
        for row in _rows(SHARED / "prose" / "ko" / f"{source}.jsonl.gz"):
            text = row["text"].replace("\r\n", "\n")
            rest = without_boilerplate(row["id"], text, table)
            characters += len(text)
            true += len(text) - len(rest)
            for version, booked, listed in ((text, rules, changes), (rest, otherwise, others)):
                cleaned = klue(Document(row["id"], version))
                edits = Counter(cleaned.edits) + Counter(unicode(cleaned).edits)
                booked.update(edits)
                listed += [(count, row["id"], rule) for rule, count in edits.items()]
        by_source[source] = {
            "characters": characters,
            "changed by rule": dict(rules),
            "true boilerplate": true,
            "changed otherwise": dict(otherwise),
            "share changed otherwise": round(sum(otherwise.values()) / characters, 6),
        }
    for listed in (changes, others):
        listed.sort(key=lambda change: (-change[0], change[1]))
    return {"sources": by_source, "largest": changes[:largest], "largest otherwise": others[:largest]}


def without_boilerplate(document: str, text: str, table: dict[str, Any]) -> str:
    """The text without the spans the table lists for this document, and what its patterns find outside code."""
    import re2

    from filters.text.patterns import cut, outside_code

    spans = [(row["start"], row["end"]) for row in table["spans"] if row["document"] == document]
    if document.startswith(tuple(table["markup"]["documents"])):
        for pattern in table["markup"]["patterns"]:
            text = cut(text, outside_code(text, (match.span() for match in re2.finditer(pattern, text))))
    return cut(text, spans)


def removed_from_pages(sets: tuple[str, ...] = ("korean_news", "pytorch_ko")) -> dict[str, Any]:
    """Characters that each rule removed from the extracted text of Korean pages."""
    from resiliparse.extract.html2text import extract_plain_text

    klue, unicode = _cleaner("cleanup/klue"), _cleaner("cleanup/unicode")
    report = {}
    for name in sets:
        rules, characters, pages = Counter[str](), 0, 0
        for html in _pages(name):
            text = extract_plain_text(html, main_content=True)
            cleaned = klue(Document("", text))
            rules += Counter(cleaned.edits) + Counter(unicode(cleaned).edits)
            characters, pages = characters + len(text), pages + 1
        report[name] = {"pages": pages, "characters": characters, "removed by rule": dict(rules)}
    return report


def sentences(sets: tuple[str, ...] = ("korean_news", "pytorch_ko"), rounds: int = 3) -> dict[str, Any]:
    """Of the step cleanup/sentences as configs/klue.yaml has it, over the extracted text of Korean pages: CPU time over
    that of extraction, the smallest of several rounds, and what its judges cost apart."""
    from resiliparse.extract.html2text import extract_plain_text

    recipe = yaml.safe_load((ROOT / "configs" / "klue.yaml").read_text("utf-8"))
    (step,) = [stage["cleanup/sentences"] for stage in recipe["stages"] if "cleanup/sentences" in stage]
    html = [page for name in sets for page in _pages(name)]
    texts: list[str] = []
    parts = {"extraction": lambda page: extract_plain_text(page, main_content=True)}  # type: dict[str, Callable[..., Any]]
    for judges in ([], *([judge] for judge in step["judges"]), step["judges"]):
        names = [judge if isinstance(judge, str) else next(iter(judge)) for judge in judges]
        named = " and ".join(names) or "splitting and code"
        parts[named] = filters.make("cleanup/sentences", {**step, "judges": judges}).open()  # type: ignore[attr-defined]
    spent: dict[str, list[float]] = {part: [] for part in parts}
    for _ in range(rounds + 1):  # the first warms up
        for part, function in parts.items():
            if part == "extraction":
                _time(spent[part], function, html, texts)
            else:
                notes = {"language": "ko"}
                _time(spent[part], function, [Document("", text, notes=notes) for text in texts], [])
    best = {part: min(seconds[1:]) for part, seconds in spent.items()}
    extraction = best.pop("extraction")
    return {"pages": len(html), "ratio to extraction": {part: round(cpu / extraction, 3) for part, cpu in best.items()}}


def _cleaner(name: str) -> Callable[[Document], Document]:
    return filters.make(name).open()  # type: ignore[attr-defined, no-any-return]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _pages(name: str) -> Iterator[str]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.parse.encoding import detect_encoding

    with (SHARED / "pages_gold" / f"{name}.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            body = record.reader.read()
            label = (detect_encoding(body, html5_compatible=False) or "utf-8").lower()
            yield body.decode("cp949" if label in ("euc-kr", "cp949", "uhc") else label, "replace")
