"""Language identification: accuracy on sentences with known language, and cost.

accuracy  per judge on `langid` (9,000 sentences, 75 languages; the script judge on ko, ja, zh and, as `latin`, en).
          Limits for the default model: ko, en, ja at least 0.98, zh at least 0.96, and no answer differs from the
          model's own.
cost_ms   CPU milliseconds a document over the gold texts of pages (5 KB): language/fasttext, the bare model given the
          same characters, and their ratio
"""

import gzip
import json
import statistics
import time
from typing import Any

from benchmarks.shared import DATA, missing
from filters import make
from filters.document import Document
from filters.language.fasttext import LID_176
from filters.models import load_fasttext

ROUNDS = 5
FOUR = ("ko", "en", "ja", "zh")
LIMITS = {"ko": 0.98, "en": 0.98, "ja": 0.98, "zh": 0.96}
JUDGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("fasttext", "language/fasttext", {}),
    ("lingua of four", "language/lingua", {"among": list(FOUR)}),
    ("script", "language/script", {"latin": "en"}),
)


def run() -> dict[str, Any]:
    """Figures as described above."""
    if (skipped := missing()) is not None:
        return skipped
    with gzip.open(DATA / "langid" / "lingua_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    accuracy: dict[str, Any] = {}
    for label, name, settings in JUDGES:
        score = make(name, settings).open()  # type: ignore[attr-defined]
        chosen = rows if name == "language/fasttext" else [row for row in rows if row["lang"] in FOUR]
        begun = time.process_time()
        answers = [score(Document("", row["text"])).notes["language"] for row in chosen]
        spent = time.process_time() - begun
        right: dict[str, list[bool]] = {}
        for row, answer in zip(chosen, answers, strict=True):
            right.setdefault(row["lang"], []).append(answer == row["lang"])
        accuracy[label] = {language: round(statistics.fmean(right[language]), 4) for language in FOUR}
        accuracy[label] |= {"all": round(sum(map(sum, right.values())) / len(chosen), 4), "languages": len(right)}
        accuracy[label]["ms_per_sentence"] = round(1000 * spent / len(chosen), 4)
        if name == "language/fasttext":
            own = load_fasttext(LID_176).predict([row["text"].replace("\n", " ") for row in rows])
            accuracy[label]["differs_from_model"] = sum(
                found[0][0] != answer for found, answer in zip(own, answers, strict=True)
            )
            accuracy[label]["within_limits"] = all(accuracy[label][key] >= least for key, least in LIMITS.items())
    return {"accuracy": accuracy, "cost_ms": _cost()}


def _cost() -> dict[str, float]:
    with gzip.open(DATA / "pages_gold" / "aeb.gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    texts *= 5
    score = make("language/fasttext").open()  # type: ignore[attr-defined]
    predict = load_fasttext(LID_176).bare_predict
    bare, judge = [], []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for text in texts:
            predict(text[:10_000].replace("\n", " ") + "\n", 1, 0.0, "strict")
        bare.append(time.process_time() - begun)
        begun = time.process_time()
        for text in texts:
            score(Document("", text))
        judge.append(time.process_time() - begun)
    per_text = 1000 / len(texts)
    return {
        "bare": round(statistics.median(bare) * per_text, 4),
        "judge": round(statistics.median(judge) * per_text, 4),
        "ratio": round(statistics.median(judge) / statistics.median(bare), 3),
    }
