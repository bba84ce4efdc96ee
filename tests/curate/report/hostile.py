"""Reports over documents and names that try to break out of a page."""

import copy
import json
from pathlib import Path
from typing import Any

from tests.curate.ablation.tools import BODY, run_ablation

SCRIPT = "<script>window.broken = 1</script>"
STYLE = '</style><img src="http://out.example/x.png" onerror="window.broken = 2">'
TURNED = "abc\u202efed\u2066\u200b"
LONG = "x" * 1_000_000
HOSTILE = [
    SCRIPT,
    STYLE,
    TURNED,
    LONG,
    "]]></svg><script>window.broken = 3</script>",
    "{{ 7 * 7 }}{% raw %}",
    "한국어 문장입니다.",
]


def _write(path: Path) -> Path:
    rows = []
    for number, text in enumerate([*HOSTILE, *(f"{text} again and again" for text in HOSTILE if text is not LONG)]):
        host = ["</style>", "xn--" + "long-" * 30 + "host.example", "ok.example", "\u202eelpmaxe.example"][number % 4]
        rows.append(
            {"id": f"{text[:300]}{number}", "url": f"https://{host}/{text[:3000]}", "text": text + " the end of it."}
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def report(folder: Path) -> dict[str, Any]:
    """The report of an ablation over hostile documents, with hostile names of arms, stages, rules and slices too."""
    data = {
        "description": f"{SCRIPT} {STYLE}",
        "recipe": {
            "name": "base",
            "stages": [
                BODY,
                {"language/script": {"latin": "en"}},
                {"tests.strategies.Characters": {"least": 50, "most": 900_000}},
                {"quality/gopher": {"min_words": 5}},
                "dedup/exact",
            ],
        },
        "arms": {"other": {"tests.strategies.Characters": {"least": 20}}, "no-rule": {"quality/gopher": "off"}},
        "sweeps": {"tests.strategies.Characters.least": [0, 30, 50, 100], "quality/gopher.min_words": [0, 5, 50]},
        "slices": ["language", "domain", "length", "crawl"],
        "controls": ["random-removal"],
        "proxy": {"references": {"keeper": [str(reference(folder))]}, "bytes": 2000, "seeds": 3},
    }
    made = run_ablation(data, [_write(folder / "hostile.jsonl")], folder / "out")
    made["gold"] = [
        {"stage": "quality", "strategy": name, "arms": [SCRIPT, "base"], "figure": figure, "value": 0.5, "low": 0.4,
         "high": 0.6}
        for name in (SCRIPT, STYLE) for figure in ("f1", TURNED)
    ]  # fmt: skip
    return _renamed(
        made, {"other": SCRIPT, "no-rule": STYLE + TURNED, "too_short": f"too_short{STYLE}", "min_words": SCRIPT}
    )


def reference(folder: Path) -> Path:
    """A small file of reference texts."""
    path = folder / "reference.jsonl"
    lines = [{"id": f"r{n}", "text": f"The keeper lit lamp number {n} before the ships came in."} for n in range(6)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A copy in which names, wherever they stand whole or after a colon, are others."""
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if isinstance(value, str):
        head, colon, tail = value.rpartition(":")
        if value in names:
            return names[value]
        if colon and tail in names:
            return f"{head}:{names[tail]}"
    return copy.copy(value)
