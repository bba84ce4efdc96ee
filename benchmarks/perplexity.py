"""quality/perplexity beside KenLM: the same sums, what they cost, and how well they part prose from pages.

A model is trained from half of the prose in the shared data, English and Korean. Scores are of the other half and of
what pages of the same language show; AUC is the chance that a text of the prose has the lower perplexity.
"""

import gzip
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared import DATA, missing, pages_gold, shown_texts
from curate.evaluation.metrics import roc_auc
from curate.training import kneser_ney
from curate.training.perplexity import train
from filters import make
from filters.dedup.survivors import hash_of
from filters.document import Document
from filters.text.arpa import log10_of, read_arpa
from filters.text.ccnet import normalizer

ROUNDS = 5
PROSE = {
    "en": ("en/gutenberg", "en/wikitext2_valid"),
    "ko": ("ko/news_dps",),
}
PAGES = {"en": ("aeb", "readability"), "ko": ("korean_news", "pytorch_ko")}
CUT = 2000  # characters, so that long texts do not have the surer sums


def _prose(language: str) -> Iterator[str]:
    for name in PROSE[language]:
        with gzip.open(DATA / "prose" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as rows:
            yield from (json.loads(row)["text"] for row in rows)


def _pages(language: str) -> Iterator[str]:
    for path in pages_gold():
        if path.name.partition(".")[0] in PAGES[language]:
            yield from shown_texts(path)


def _parting(language: str, folder: Path, characters: bool) -> dict[str, Any]:
    """AUC with words between spaces, or with pieces of SentencePiece, where it is installed."""
    halves: tuple[list[str], list[str]] = ([], [])
    for text in _prose(language):
        halves[hash_of(text.encode()) & 1].append(text)
    tokenizer = folder / f"{language}.model" if characters else None
    trained = train(
        lambda: halves[0],
        folder / f"{language}-{characters}.arpa",
        tokenizer=tokenizer,
        pieces=4000 if characters else None,
        held_out_share=0,
    )
    measure = make("quality/perplexity", trained.strategy["quality/perplexity"]).measure()  # type: ignore[attr-defined]
    found = [
        np.array([value for text in texts if not np.isnan(value := measure(Document("", text[:CUT]))[0])])
        for texts in (halves[1], list(_pages(language)))
    ]
    return {
        "words": trained.words,
        "ngrams": sum(trained.ngrams),
        "medians": [float(np.median(values)) for values in found],
        "texts": [len(values) for values in found],
        "auc": roc_auc(np.arange(sum(map(len, found))) < len(found[0]), -np.concatenate(found)),
    }


def _beside_kenlm(folder: Path) -> dict[str, Any]:
    """Sums and CPU time of one ARPA file here and in KenLM, over the same lines; costs are the best of ROUNDS."""
    normalize = normalizer("ccnet", False)
    texts = [normalize(text) for text in _prose("en")]
    train_cpu = time.process_time()
    words, numbers = kneser_ney.numbered(line for text in texts[::2] for line in text.split("\n"))
    file = io.BytesIO()
    kneser_ney.write_arpa(words, kneser_ney.estimate(kneser_ney.count(numbers, len(words), 5)), file)
    train_cpu = time.process_time() - train_cpu
    data = file.getvalue()
    table = read_arpa(data)
    found: dict[str, Any] = {
        "words": len(numbers),
        "training_cpu_seconds": train_cpu,
        "arpa_mb": len(data) / 1e6,
        "reading_cpu_seconds": _best(lambda: read_arpa(data)),
    }
    sums = [log10_of(table, text) for text in texts]
    asked = sum(one.words for one in sums)
    found["microseconds_a_word"] = _best(lambda: [log10_of(table, text) for text in texts]) / asked * 1e6
    raw = list(_prose("en"))
    found["normalising_microseconds_a_word"] = _best(lambda: [normalize(text) for text in raw]) / asked * 1e6
    try:
        import kenlm
    except ImportError:
        return {**found, "kenlm": "not installed"}
    path = folder / "kenlm.arpa"
    path.write_bytes(data)
    theirs = kenlm.Model(str(path))
    found["kenlm_reading_cpu_seconds"] = _best(lambda: kenlm.Model(str(path)))

    def score() -> list[float]:
        return [sum(theirs.score(line) for line in text.split("\n") if line.strip()) for text in texts]

    found["largest_difference_a_word"] = max(
        abs(one.log10 - other) / max(1, one.words) for one, other in zip(sums, score(), strict=True)
    )
    found["kenlm_microseconds_a_word"] = _best(score) / asked * 1e6
    return found


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def run() -> dict[str, Any]:
    """Sums, costs and AUC."""
    if (skipped := missing()) is not None:
        return skipped
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found: dict[str, Any] = {"kenlm": _beside_kenlm(folder)}
        try:
            import sentencepiece  # noqa: F401

            kinds = {"words": False, "pieces": True}
        except ImportError:
            kinds = {"words": False}
        for language in PROSE:
            found[language] = {kind: _parting(language, folder, cut) for kind, cut in kinds.items()}
    return found
