"""How every quality score orders texts that people judged: ROC AUC with 95 % intervals, one row a signal.

    python -m benchmarks quality_human            JSON
    python -m benchmarks.quality_human            the table of docs/quality.md

The texts are 262 of DCLM's (half worth keeping by the majority of raters). An AUC is the chance that a text people would
keep has the higher value; below 0.5, low values speak for a text, so the distance to 0.5 counts. Judges have their
default settings and are told that the texts are English.
"""

import gzip
import json
from typing import Any

from benchmarks.shared import DATA, missing
from curate.evaluation.metrics import Interval
from curate.evaluation.quality import evaluate
from filters import STRATEGIES, make
from filters.contracts import Judge, SettingsError
from filters.loading import load

STAGES = ("quality", "toxicity")


def texts() -> tuple[list[str], list[bool]]:
    """The texts, and whether people would keep them."""
    with gzip.open(DATA / "quality_human" / "dclm_majority.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["text"] for row in rows], [row["label"] == 1 for row in rows]


def judges() -> tuple[dict[str, Judge], dict[str, str]]:
    """The judges that can be made, and why the others cannot, by name."""
    found: dict[str, Judge] = {}
    left_out: dict[str, str] = {}
    for name, path in STRATEGIES.items():
        if name.partition("/")[0] in STAGES and issubclass(load(path), Judge):
            try:
                judge: Any = make(name)
                found[name] = judge
            except SettingsError as error:
                left_out[name] = str(error)
    return found, left_out


def run() -> dict[str, Any]:
    """rows: judge, signal, auc, low, high, the signals farthest from 0.5 first; a judge's decision is a signal too.

    certain  of them, those whose interval does not hold 0.5        constant  signals that are the same for every text
    """
    if (skipped := missing()) is not None:
        return skipped
    given, keep = texts()
    found, left_out = judges()
    rows: list[dict[str, Any]] = []
    constant = []
    for name, judge in found.items():
        measured = evaluate(judge, given, keep)
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
