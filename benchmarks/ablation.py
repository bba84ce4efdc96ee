"""What an ablation costs: arms that differ in judges, extractors times deduplication, and 200 arms from one table."""

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.shared import in_child, missing, pages_gold, repeat

_BASE = [
    "extraction/resiliparse",
    {"language/fasttext": {"keep": {"en": 0.65, "ko": 0.5}}},
    "quality/gopher",
    "quality/gopher-repetition",
    "quality/fineweb",
]
_JUDGES = {
    "stricter": {"quality/gopher": {"min_words": 100}},
    "looser": {"quality/gopher": {"min_words": 10, "min_stop_words": 0}},
    "no-gopher": {"quality/gopher": "off"},
    "no-repetition": {"quality/gopher-repetition": "off"},
    "no-fineweb": {"quality/fineweb": "off"},
    "no-language": {"language/fasttext": "off"},
    "c4": {"quality/fineweb": "quality/c4"},
}
_DEDUP = {
    "exact": {"dedup/minhash": "dedup/exact"},
    "url": {"dedup/minhash": "dedup/url"},
    "fewer": {"dedup/minhash": {"bands": 9, "rows": 13}},
}
_EXTRACTORS = ("extraction/resiliparse", "extraction/trafilatura", "extraction/justext")
_PAGE = """The lighthouse stands on a rock that the sea covers twice a day, and the path to it is dry for an hour.
Whoever wants to see the lamp has to wait for the tide, and then to climb a hundred and nine steps of worn stone.
The keeper was a quiet man who wrote down every ship, its name and its flag, in a book with a green cover.
When the light was made to work by itself, the book went to the museum in the town, where it can be read today.
Some of the pages are stained with oil, and on others the ink has run, but most of the names are still there.
Visitors like to look for the ships of their grandfathers, and the woman at the desk is glad to help them."""
_ARMS = """
import json, sys
from curate.ablation.driver import ablate
from curate.ablation.arms import parse
output, data, *inputs = sys.argv[1:]
report = ablate(parse(json.loads(data), "bench"), inputs, output, workers=1)
found = {name: report[name] for name in ("cpu_seconds", "startup_cpu_seconds", "cpu_by_phase", "pages")}
print(json.dumps({**found, "kept": {arm["name"]: arm["kept"]["documents"] for arm in report["arms"]}}))
"""
_RUN = """
import dataclasses, json, sys
from curate.recipe import parse
from curate.running import run
from filters.contracts import Judge, SettingsError
output, stages, drop, *inputs = sys.argv[1:]
recipe = parse({"name": "bench", "stages": json.loads(stages)}, "bench")
if drop == "nothing":  # every threshold off: all is scored, and written
    steps = []
    for step in recipe.steps:
        strategy = step.strategy
        for name in sorted(strategy.thresholds) if isinstance(strategy, Judge) else ():
            for off in (None, ()):
                try:
                    strategy = dataclasses.replace(strategy, **{name: off})
                except ValueError:
                    continue
                break
        steps.append(dataclasses.replace(step, strategy=strategy))
    recipe = dataclasses.replace(recipe, steps=tuple(steps))
result = run(recipe, inputs, output, workers=1)
print(json.dumps({name: result[name] for name in ("cpu_seconds", "startup_cpu_seconds", "kept")}))
"""
_DECIDE = """
import json, sys, time
from benchmarks.ablation import table_and_plan
from curate.ablation.decide import Decider
from curate.ablation.scored import Scored
folder, rows, arms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
plan, units = table_and_plan(folder, rows, arms)
started = time.process_time()
decider = Decider(Scored(folder, plan, [units]))
kept = [int(decider.decide(arm, visits).kept.sum()) for arm, visits in plan.arms.items()]
spent = time.process_time() - started
found = {"rows": rows, "arms": len(kept), "decide_cpu_seconds": round(spent, 2), "kept": [min(kept), max(kept)]}
print(json.dumps(found))
"""


def table_and_plan(folder: str, rows: int, arms: int) -> tuple[Any, list[str]]:
    """A scored table of made-up scores, written as an ablation writes it, and a plan of arms with thresholds of their
    own: five judges, 30 rules, MinHash keys of which a tenth are duplicates. Returns the plan and the units' names."""
    import numpy as np

    from curate.recipe import parse
    from filters.chain import opened
    from filters.contracts import Judge
    from filters.document import Document
    from pipelines.scoring import table
    from pipelines.scoring.plan import make_plan

    rng = random.Random(4)
    chosen = {}
    for number in range(arms):
        stages = [
            "extraction/plain",
            {"language/fasttext": {"keep": ["en", "ko"], "min_score": round(rng.random(), 2)}},
            {"quality/gopher": {"min_words": rng.randint(0, 400), "min_mean_word_length": rng.choice([2, 3, 4])}},
            "quality/gopher-repetition",
            {"quality/fineweb": {"max_short": round(rng.random(), 2)}},
            {"toxicity/wordlist": {"max_share": rng.choice([0.001, 0.01, 0.1])}},
            {"dedup/minhash": {"bands": 14, "rows": 8}},
        ]
        chosen[f"arm{number}"] = (parse({"name": "bench", "stages": stages}, "bench").steps, 0)
    plan = make_plan(chosen)
    values = np.random.default_rng(4)
    units = [f"unit{number}" for number in range(10)]
    each = rows // len(units)
    page = Document("a", _PAGE)
    sample = {m.number: opened(m.step.strategy)(page) for m in plan.measures if isinstance(m.step.strategy, Judge)}
    keys = values.integers(0, 2**63, (rows, 14 + 3), dtype=np.uint64)
    copies = values.integers(0, rows, rows // 10)
    keys[values.integers(0, rows, rows // 10), :14] = keys[copies, :14]
    for number, unit in enumerate(units):
        first = number * each
        pages = [
            {"id": f"d{first + row}", "url": f"https://host{row % 100}.example/", "read": table.KEPT, "bytes": size}
            for row, size in enumerate(values.integers(100, 9000, each).tolist())
        ]
        table.write_pages(folder, 0, unit, pages)
        rows_found = table.PathRows(plan, plan.nodes[0])
        for row in range(each):
            rows_found.kept(row, int(values.integers(100, 9000)), int(values.integers(10, 900)))
            for measure in plan.measures:
                if not isinstance(measure.step.strategy, Judge):
                    rows_found.keys(row, measure, keys[first + row].astype("<u8").tobytes())
                else:
                    rows_found.scores(row, measure, _varied(sample[measure.number], values))
        list(rows_found.write(folder, unit, with_texts=False))
    return plan, units


def _varied(scores: Any, values: Any) -> Any:
    """Scores near those of a page; counts vary more than shares."""
    from filters.contracts import Scores

    signals = {name: value * values.lognormal(0, 0.6 if value > 5 else 0.05) for name, value in scores.signals.items()}
    notes = {
        name: ("en", "ko", "de")[values.integers(0, 3)] if name == "language" else float(values.random())
        for name in scores.notes
    }
    return Scores(signals, notes)


def _ablation(folder: Path, data: dict[str, Any], inputs: list[str]) -> dict[str, Any]:
    given = {"name": "bench", "slices": [], "samples": 1, **data}
    found = in_child(_ARMS, str(folder), json.dumps(given), *inputs)
    found["spent"] = found["cpu_seconds"] - found["startup_cpu_seconds"]
    return found


def _run(folder: Path, stages: list[Any], inputs: list[str], drop: str = "as in the recipe") -> dict[str, Any]:
    found = in_child(_RUN, str(folder), json.dumps(stages), drop, *inputs)
    found["spent"] = found["cpu_seconds"] - found["startup_cpu_seconds"]
    return found


def decide(rows: int = 100_000, arms: int = 200) -> dict[str, Any]:
    """CPU seconds to decide arms from a table, reading it included."""
    with tempfile.TemporaryDirectory() as folder:
        found = in_child(_DECIDE, folder, str(rows), str(arms))
    return {name: found[name] for name in ("rows", "arms", "decide_cpu_seconds", "kept")}


def judges(times: int = 6) -> dict[str, Any]:
    """Eight arms that differ in judges, over one run of the base with nothing dropped, and over the production run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = [str(path) for path in repeat(pages_gold(), folder / "in", times)]
        everything = _run(folder / "everything", _BASE, inputs, "nothing")
        production = _run(folder / "production", _BASE, inputs)
        arms = _ablation(folder / "arms", {"recipe": {"name": "base", "stages": _BASE}, "arms": _JUDGES}, inputs)
    return {
        "pages": arms["pages"],
        "arms": len(arms["kept"]),
        "kept_with_nothing_dropped": everything["kept"],
        "kept_in_production": [production["kept"], arms["kept"]["base"]],
        "nothing_dropped_cpu_seconds": round(everything["spent"], 2),
        "production_cpu_seconds": round(production["spent"], 2),
        "ablation_cpu_seconds": {"all": round(arms["spent"], 2), **arms["cpu_by_phase"]},
        "over_nothing_dropped": round(arms["spent"] / everything["spent"], 3),
        "over_production": round(arms["spent"] / production["spent"], 3),
    }


def extractors() -> dict[str, Any]:
    """Three extractors times four ways to deduplicate, over three runs that only extract."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = [str(path) for path in pages_gold()]
        runs = {one: _run(folder / one.rpartition("/")[2], [one], inputs)["spent"] for one in _EXTRACTORS}
        arms = {}
        for extractor in _EXTRACTORS:
            swap = {} if extractor == _EXTRACTORS[0] else {_EXTRACTORS[0]: extractor}
            for dedup, change in {"minhash": {}, **_DEDUP}.items():
                if swap or change:
                    arms[f"{extractor.rpartition('/')[2]}-{dedup}"] = {**swap, **change}
        recipe = {"name": "base", "stages": [_EXTRACTORS[0], "dedup/minhash"]}
        found = _ablation(folder / "arms", {"recipe": recipe, "arms": arms}, inputs)
    return {
        "pages": found["pages"],
        "arms": len(found["kept"]),
        "extractions_cpu_seconds": {one: round(spent, 2) for one, spent in runs.items()},
        "ablation_cpu_seconds": {"all": round(found["spent"], 2), **found["cpu_by_phase"]},
        "over_extractions": round(found["spent"] / sum(runs.values()), 3),
    }


def run() -> dict[str, Any]:
    """CPU, start-up excluded; the page's drawing is not in the figures, all that it shows is."""
    decided = decide()
    if skipped := missing():
        return {"decide": decided, **skipped}
    return {"decide": decided, "judges": judges(), "extractors": extractors()}
