"""The shipped word lists, entry by entry: hits in clean prose, and in texts labelled abusive or not.

Prose is that of the shared data: novels, an encyclopedia and documentation in English, news, a story and documentation
in Korean. `clean` gives hits per million characters and every entry that hits it, `labelled` recall and precision of
texts with a hit, `entries` how many abusive and other texts each entry hits: one that hits clean prose is changed, or
leaves the list.
"""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.shared import DATA, missing
from filters.toxicity.wordlist import WordList

PROSE = {
    "en": ("gutenberg", "rust_book", "wikitext2_valid"),
    "ko": ("news_dps", "vue_docs", "rust_book", "hf_course", "kim_yujeong_camellia"),
}


def run() -> dict[str, Any]:
    """Figures by language; {"skipped": reason} without the data."""
    if (skipped := missing()) is not None:
        return dict(skipped)
    find = WordList().finder()
    report: dict[str, Any] = {}
    for language, names in PROSE.items():
        clean: Counter[str] = Counter()
        characters = 0
        for name in names:
            with gzip.open(DATA / "prose" / language / f"{name}.jsonl.gz", "rt", encoding="utf-8") as rows:
                for text in (json.loads(row)["text"] for row in rows):
                    characters += len(text)
                    clean.update(word for word, _, _ in find(text, language))
        labelled: dict[str, dict[str, float]] = {}
        entries: dict[str, Counter[str]] = {}
        for name, items in _labelled(language).items():
            counts: Counter[tuple[bool, bool]] = Counter()
            for text, toxic in items:
                words = {word for word, _, _ in find(text, language)}
                counts[bool(words), toxic] += 1
                for word in words:
                    entries.setdefault(word, Counter())["abusive" if toxic else "other"] += 1
            hits, abusive = counts[True, True] + counts[True, False], counts[True, True] + counts[False, True]
            labelled[name] = {
                "items": len(items),
                "recall": round(counts[True, True] / abusive, 4),
                "precision": round(counts[True, True] / max(1, hits), 4),
            }
        report[language] = {
            "clean": {
                "characters": characters,
                "hits_per_million": round(1e6 * clean.total() / characters, 3),
                "by_entry": dict(clean.most_common()),
            },
            "labelled": labelled,
            "entries": {word: dict(counts) for word, counts in sorted(entries.items())},
        }
    return report


def _labelled(language: str) -> dict[str, list[tuple[str, bool]]]:
    """(text, whether it is abusive) by data set."""
    if language == "en":
        with open(DATA / "toxicity_en" / "davidson" / "labeled_data.csv", encoding="utf-8", newline="") as file:
            return {"davidson": [(row["tweet"], row["class"] != "2") for row in csv.DictReader(file)]}
    korean = DATA / "korean_labeled"
    hate = [item for part in ("train", "dev") for item in _comments(korean / "kocohub_hate" / f"{part}.tsv")]
    lines = (korean / "curse_detection" / "dataset.txt").read_text("utf-8").splitlines()
    curses = [
        (text, label == "1") for text, _, label in (line.rpartition("|") for line in lines) if label in ("0", "1")
    ]
    return {"curse_detection": curses, "kocohub_hate": hate}


def _comments(path: Any) -> Iterator[tuple[str, bool]]:
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["comments"], row["hate"] != "none"
