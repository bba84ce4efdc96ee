"""How every quality score orders texts that people judged: ROC AUC with 95 % intervals, one row a signal.

    python -m benchmarks quality_human            JSON
    python -m benchmarks.quality_human            the table of docs/quality-human.md

The texts are 262 of DCLM's (half worth keeping by the majority of raters). An AUC is the chance that a text people
would keep has the higher value; below 0.5, low values speak for a text, so the distance to 0.5 counts. Judges have
their default settings and are told that the texts are English. Models are trained here, as `curate train` does: English
prose (novels, a manual, encyclopedia) against all text of English web pages.
"""

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.shared import DATA, missing, pages_gold
from curate.evaluation.metrics import Interval
from curate.evaluation.quality import evaluate
from curate.training import perplexity, quality
from curate.training.texts import text_files
from filters import STRATEGIES, make
from filters.contracts import Judge, ResourceError, SettingsError
from filters.document import Document, RawPage
from filters.loading import load
from pipelines.reading import read
from pipelines.reading.units import Piece

STAGES = ("quality", "toxicity")


def texts() -> tuple[list[str], list[bool]]:
    """The texts, and whether people would keep them."""
    with gzip.open(DATA / "quality_human" / "dclm_majority.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["text"] for row in rows], [row["label"] == 1 for row in rows]


def _classifier(prose: Path, web: Path, folder: Path) -> dict[str, Any]:
    """DCLM's settings but for the epochs and the rate, which are made for hundreds of thousands of texts."""
    model = folder / "quality.bin"
    quality.train([str(prose)], [str(web)], model, epoch=25, lr=0.5, bucket=200_000)
    return {"model": str(model)}


def _language_model(prose: Path, web: Path, folder: Path) -> dict[str, Any]:
    """A model of words between spaces, as SentencePiece may not be there."""
    model = folder / "prose.arpa"
    (file,) = text_files([str(prose)])
    perplexity.train(file.texts, model, held_out_share=0)
    return {"model": str(model)}


# By judge, what trains its model from files of prose and of web text, and gives its settings
MODELS: Mapping[str, Callable[[Path, Path, Path], dict[str, Any]]] = {
    "quality/fasttext": _classifier,
    "quality/perplexity": _language_model,
}


def _prose() -> Iterator[str]:
    for path in sorted((DATA / "prose" / "en").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line)["text"] for line in lines)


def _web() -> Iterator[str]:
    """All text of the English pages with gold text."""
    extract = make("extraction/resiliparse", {"main_content": False}).open()  # type: ignore[attr-defined]
    language = make("language/fasttext").open()  # type: ignore[attr-defined]
    for path in pages_gold():
        for page in read(Piece(str(path))):
            document = extract(page) if isinstance(page, RawPage) else None
            if isinstance(document, Document) and language(document).notes["language"] == "en":
                yield document.text
    extract.close()


def _written(texts_: Iterator[str], path: Path) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts_), encoding="utf-8")
    return path


def judges(folder: Path) -> tuple[dict[str, Judge], dict[str, str]]:
    """The judges, models trained into a folder where they need one, and why others cannot be made, by name."""
    prose, web = _written(_prose(), folder / "prose.jsonl"), _written(_web(), folder / "web.jsonl")
    found: dict[str, Judge] = {}
    left_out: dict[str, str] = {}
    for name, path in STRATEGIES.items():
        if name.partition("/")[0] in STAGES and issubclass(load(path), Judge):
            try:
                judge: Any = make(name, MODELS[name](prose, web, folder) if name in MODELS else {})
                judge.check()
                found[name] = judge
            except (SettingsError, ResourceError) as error:
                left_out[name] = str(error)
    return found, left_out


def run() -> dict[str, Any]:
    """rows: judge, signal, auc, low, high, the signals farthest from 0.5 first; a judge's decision is a signal too.

    certain  of them, those whose interval does not hold 0.5        constant  signals that are the same for every text
    """
    if (skipped := missing()) is not None:
        return skipped
    given, keep = texts()
    with tempfile.TemporaryDirectory() as folder:
        found, left_out = judges(Path(folder))
        measures = {name: evaluate(judge, given, keep) for name, judge in found.items()}
    rows: list[dict[str, Any]] = []
    constant = []
    for name, measured in measures.items():
        for signal, interval in {**measured.aucs, "decision": measured.decision.auc}.items():
            if interval.low == interval.high or interval.value != interval.value:
                constant.append(f"{name} {signal}")
                continue
            rows.append({"judge": name, "signal": signal, **_rounded(interval)})
    rows.sort(key=lambda row: (-abs(row["auc"] - 0.5), row["judge"], row["signal"]))
    certain = sum(not row["low"] <= 0.5 <= row["high"] for row in rows)
    whole = {"texts": len(given), "kept_by_people": sum(keep), "signals": len(rows), "certain": certain}
    return {**whole, "rows": rows, "constant": constant, "left_out": left_out}


def _rounded(interval: Interval) -> dict[str, float]:
    return {"auc": round(interval.value, 3), "low": round(interval.low, 3), "high": round(interval.high, 3)}


def table(found: dict[str, Any]) -> str:
    """The rows in Markdown."""
    lines = [
        f"| `{row['judge']}` {row['signal']} | {row['auc']:.3f} | {row['low']:.3f} to {row['high']:.3f} |"
        for row in found["rows"]
    ]
    return "\n".join(["| score | AUC | 95 % |", "|---|--:|---|", *lines])


if __name__ == "__main__":
    result = run()
    print(result.get("skipped") or table(result))
