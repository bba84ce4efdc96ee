"""Clean Korean prose stays as it is, and cleaning twice equals cleaning once on all texts of the shared data."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import filters
from benchmarks import cleanup as benchmark
from filters.document import Document


def test_clean_prose_changes_by_at_most_three_in_a_thousand(shared_data: Path) -> None:
    sources = benchmark.prose()["sources"]
    for source, figures in sources.items():
        assert figures["share changed otherwise"] <= 0.003, source
        # the table excuses next to nothing that the rules leave alone
        assert figures["true boilerplate"] - sum(figures["changed by rule"].values()) < 0.003 * figures["characters"]


def test_the_spans_of_the_table_are_what_they_were(shared_data: Path) -> None:
    table = yaml.safe_load(benchmark.TABLE.read_text("utf-8"))
    texts = {row["id"]: row["text"] for row in benchmark._rows(shared_data / "prose" / "ko" / "news_dps.jsonl.gz")}
    clean = filters.make("cleanup/klue").open()  # type: ignore[attr-defined]
    for span in table["spans"]:
        text = texts[span["document"]]
        inside = text[span["start"] : span["end"]]
        assert hashlib.sha256(inside.encode()).hexdigest()[:16] == span["sha256"]
        assert clean(Document("", text)).edits[span["rule"]] == len(inside)


def test_what_is_removed_from_korean_news_pages(shared_data: Path) -> None:
    removed = benchmark.removed_from_pages(("korean_news",))["korean_news"]
    assert removed["removed by rule"] == {"copyright": 108, "captions": 116, "bylines": 179, "press": 18}


def texts_of(data: Path) -> Iterator[str]:
    """Every text of the shared data, of which parity's repeat web pages."""
    for path in sorted(data.glob("**/*.jsonl.gz")):
        if {"badinputs", "attacks", "reports"} & set(path.parts) or "index" in path.name:
            continue
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield from (value for value in json.loads(line).values() if isinstance(value, str) and len(value) > 8)
    for path in sorted((data / "korean_labeled").glob("*/*.*sv")):
        with path.open(encoding="utf-8", newline="") as rows:
            yield from (cell for row in csv.reader(rows, delimiter="\t") for cell in row if len(cell) > 8)
    for path in sorted((data / "encodings").glob("**/*.txt")):
        yield path.read_text("utf-8", "surrogateescape")


@pytest.mark.parametrize("name", ["cleanup/klue", "cleanup/unicode"])
def test_cleaning_twice_equals_cleaning_once(shared_data: Path, name: str) -> None:
    clean = filters.make(name).open()  # type: ignore[attr-defined]
    number = 0
    for number, text in enumerate(texts_of(shared_data), start=1):
        once = clean(Document("", text))
        assert once.text == text or clean(once).text == once.text, number
    assert number > 20_000
