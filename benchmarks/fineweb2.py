"""Decisions of fineweb2-ko's three filters beside those of datatrove's, on 1,000 Korean texts. By hand.

CURATE_DATATROVE_PYTHON names a Python that has datatrove and the version of kiwipiepy that is installed here; without
it both go into a new virtual environment. Every difference is listed with its cause. The texts: pages with all they
show, pages' main text, documentation, news, and lists of comments, reviews, questions and sentences.
"""

import gzip
import itertools
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.parity import DATATROVE_QUALITY, DATATROVE_REPETITION
from benchmarks.shared import DATA, datatrove_python, missing, pages_gold, shown_texts
from curate import recipe
from filters.document import Document
from filters.rules import failing

BY_HAND = True
TEXTS = 1000
_LONG_NUMBER = re.compile("[0-9,]{20,}")
REASONS = {
    "quality/gopher-repetition": DATATROVE_REPETITION,
    "quality/fineweb": {
        "empty": "empty",
        "terminated_share": "line_punct_ratio",
        "duplicated_share": "char_dup_ratio",
        "newlines_per_word": "list_ratio",
    },
    "quality/gopher": DATATROVE_QUALITY,
}

PEER = r"""
import json, sys, time
import kiwipiepy
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils import word_tokenizers
if tuple(map(int, kiwipiepy.__version__.split(".")[:2])) >= (0, 22):  # which datatrove does not know: it has no sbg
    word_tokenizers.KiwiTokenizer.__init__.__defaults__ = (None,)
texts, limits = json.load(open(sys.argv[1]))
repetition, fineweb, gopher = (limits["quality/" + name] for name in ("gopher-repetition", "fineweb", "gopher"))
filters = {
    "quality/gopher-repetition": GopherRepetitionFilter(
        language="kor_Hang", dup_para_frac=0, dup_line_char_frac=0, dup_para_char_frac=0,
        dup_line_frac=repetition["duplicate_lines"],
        top_n_grams=[[n, repetition[f"top_{n}gram"]] for n in (2, 3, 4)],
        dup_n_grams=[[n, repetition[f"duplicate_{n}grams"]] for n in range(5, 11)],
    ),
    "quality/fineweb": FineWebQualityFilter(
        language="kor_Hang", short_line_thr=999, char_duplicates_ratio=fineweb["max_duplicated"],
        line_punct_thr=fineweb["min_terminated"], new_line_ratio=fineweb["max_newlines_per_word"],
    ),
    "quality/gopher": GopherQualityFilter(
        language="kor_Hang", max_avg_word_length=gopher["max_mean_word_length"],
        min_avg_word_length=gopher["min_mean_word_length"], stop_words=gopher["stop_words"],
        max_non_alpha_words_ratio=gopher["min_alphabetic_words"], min_stop_words=2,
    ),
}
found, start = {}, time.process_time()
for name, judge in filters.items():
    answers = (judge.filter(Document(text=text, id="")) for text in texts)
    found[name] = [None if answer is True else answer[1] for answer in answers]
print(json.dumps({"kiwipiepy": kiwipiepy.__version__, "seconds": time.process_time() - start, "reasons": found}))
"""


def korean_texts() -> Iterator[str]:
    """Korean texts of every kind that the shared data has, of which the filters drop some."""
    for path in pages_gold():
        if path.name.partition(".")[0] in ("korean_news", "pytorch_ko"):
            yield from shown_texts(path)
            yield from _field(path.with_name(path.name.replace(".warc.gz", ".gold.jsonl.gz")))
    prose, labelled = DATA / "prose" / "ko", DATA / "korean_labeled"
    for name in ("kim_yujeong_camellia", "hf_course", "rust_book", "vue_docs"):
        yield from _field(prose / f"{name}.jsonl.gz")
    lists = (
        _column(labelled / "kocohub_hate" / "train.tsv", "\t", 0),
        _field(labelled / "nsmc" / "reviews.jsonl.gz", "review"),
        _column(labelled / "chatbot" / "ChatbotData.csv", ",", 0),
        _column(labelled / "korsts" / "sts-dev.tsv", "\t", 5),
        _column(labelled / "kornli" / "xnli.dev.ko.tsv", "\t", 0),
    )
    for lines in lists:
        for _ in range(100):
            batch = list(itertools.islice(lines, 30))
            if batch:
                yield "\n".join(batch)
    yield from _field(prose / "news_dps.jsonl.gz")


def _field(path: Path, name: str = "text") -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        yield from (json.loads(row)[name] for row in rows)


def _column(path: Path, separator: str, number: int) -> Iterator[str]:
    with path.open(encoding="utf-8") as rows:
        next(rows)
        yield from (row.rstrip("\n").split(separator)[number] for row in rows)


def _cause(text: str) -> str:
    if _LONG_NUMBER.search(text):
        return "a long number: datatrove takes it out and then cuts the words out of the text that still has it"
    return "unknown"


def run() -> dict[str, Any]:
    """Decisions by filter, here and there, and every difference; CPU seconds of the three filters."""
    if (skipped := missing()) is not None:
        return skipped
    texts = list(itertools.islice(korean_texts(), TEXTS))
    judges = {step.name: step.strategy for step in recipe.load("fineweb2-ko").steps if step.name in REASONS}
    limits = {name: {**judge.languages["ko"]} for name, judge in judges.items()}
    limits["quality/gopher"]["stop_words"] = list(judges["quality/gopher"].stop_words["ko"])
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.json"
        asked.write_text(json.dumps([texts, limits]))
        same = [f"{name}=={metadata.version(name)}" for name in ("kiwipiepy", "kiwipiepy_model")]
        python = datatrove_python(Path(folder) / "venv", "datatrove==0.10.1", "regex", *same)
        done = subprocess.run([python, "-c", PEER, str(asked)], check=True, stdout=subprocess.PIPE, text=True)
    there = json.loads(done.stdout.strip().splitlines()[-1])
    opened = {name: judge.open() for name, judge in judges.items()}
    documents = [Document("", text, notes={"language": "ko"}) for text in texts]
    result: dict[str, Any] = {"texts": len(texts), "kiwipiepy": [metadata.version("kiwipiepy"), there["kiwipiepy"]]}
    start = time.process_time()
    signals = {name: [score(document).signals for document in documents] for name, score in opened.items()}
    result["cpu_seconds"] = [time.process_time() - start, there["seconds"]]
    for name, judge in judges.items():
        differences, dropped = [], 0
        for number, (found, reason) in enumerate(zip(signals[name], there["reasons"][name], strict=True)):
            failed = failing(judge.rules("ko"), found, {})
            dropped += bool(failed)
            if reason not in [REASONS[name][rule.rule] for rule in failed] and (failed or reason):
                ours = {rule.rule: rule.value for rule in failed}
                same = bool(failed) == bool(reason)
                differences.append({"text": number, "ours": ours, "datatrove": reason, "decision_same": same})
                differences[-1]["cause"] = _cause(texts[number])
        result[name] = {"dropped": dropped, "differences": differences}
    return result
