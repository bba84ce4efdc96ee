"""Each arm's strategies on labelled data, side by side."""

import glob
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import filters
from curate.ablation.arms import Ablation, Gold
from curate.ablation.scored import KEPT, Scored, StoredTexts
from curate.evaluation.command import Request, evaluate
from curate.evaluation.extraction import score as score_texts
from curate.evaluation.labelled import EvaluationError, read_rows
from filters.chain import Step
from filters.contracts import SettingsError, settings_of
from pipelines.scoring.plan import Node, TextVisit

Row = dict[str, Any]
_FIGURES = ("accuracy", "auc", "precision", "recall", "f1")


def check(ablation: Ablation) -> None:
    """Raise EvaluationError if a labelled file is missing."""
    for stage, given in ablation.gold.items():
        for path in _paths(given):
            if not Path(path).exists():
                raise EvaluationError(f"gold of {stage}: {path}: no such file")


def score(ablation: Ablation, scored: Scored, texts: StoredTexts) -> list[Row]:
    """A row for each stage with labelled data, each distinct strategy that arms have there, and each figure.

    Rows have stage, strategy, arms (names of the arms that have it), figure, value, low and high: the bounds of a 95 %
    bootstrap interval over the labelled items, None where the figure has none. Where a strategy cannot be measured the
    value is None and figure says why.
    """
    rows: list[Row] = []
    for stage, given in ablation.gold.items():
        if stage == "extraction":
            rows += _extraction(ablation, scored, texts, given)
            continue
        for step, arms in _distinct(ablation, stage):
            named = {"stage": stage, "strategy": label(step), "arms": arms}
            rows += [{**named, **figure} for figure in _measured(stage, step, given)]
    return rows


def label(step: Step) -> str:
    """A strategy's name and the settings that are not its defaults."""
    settings = settings_of(step.strategy)
    try:
        defaults = settings_of(filters.make(step.strategy_name, {}))
    except SettingsError:  # some setting has no default
        defaults = {}
    changed = {name: value for name, value in settings.items() if name not in defaults or defaults[name] != value}
    if not changed:
        return step.strategy_name
    written = yaml.safe_dump(changed, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return f"{step.strategy_name} {written.strip()}"


def _distinct(ablation: Ablation, stage: str) -> Iterator[tuple[Step, list[str]]]:
    """Each strategy of a stage, one for every value of its settings, with the arms that have it."""
    found: dict[Any, tuple[Step, list[str]]] = {}
    for arm in ablation.arms:
        for step in arm.recipe.steps:
            if stage in (step.strategy_name.partition("/")[0], step.name.partition("/")[0]):
                arms = found.setdefault(step.strategy, (step, []))[1]
                if arm.name not in arms:
                    arms.append(arm.name)
    yield from found.values()


def _paths(given: Gold) -> list[str]:
    return [path for name in given.data for path in (sorted(glob.glob(name, recursive=True)) or [name])]


def _measured(stage: str, step: Step, given: Gold) -> list[Row]:
    options = {key: value for key, value in asdict(given).items() if key != "data" and value}
    try:
        found = evaluate(Request(stage, tuple(_paths(given)), (step,), **options))
    except (EvaluationError, ValueError) as error:
        return [{"figure": f"not measured: {error}", "value": None, "low": None, "high": None}]
    rows: list[Row] = []
    for row in found:
        if row.get("type", "all") != "all":
            continue
        of = " ".join(str(row[name]) for name in ("set", "data", "language") if row.get(name))
        for name, value in {**row, **row.get("decision", {})}.items():
            if name in _FIGURES:
                rows.append({"figure": f"{name}, {of}" if of else name, **_interval(value)})
    return rows


def _interval(value: Any) -> dict[str, float | None]:
    if isinstance(value, Mapping):
        return {name: value[name] for name in ("value", "low", "high")}
    return {"value": value, "low": None, "high": None}


def _extraction(ablation: Ablation, scored: Scored, texts: StoredTexts, given: Gold) -> list[Row]:
    """The texts of each extractor's own path for pages of this ablation, against gold texts with the pages' ids."""
    golds = {row["record_id"]: row["text"] for path in _paths(given) for row in read_rows(path) if row.get("text")}
    arms_of: dict[Node, list[str]] = {}
    for arm in ablation.arms:
        first = scored.plan.arms[arm.name][0]
        if isinstance(first, TextVisit):
            arms_of.setdefault(first.node, []).append(arm.name)
    rows: list[Row] = []
    for node, arms in arms_of.items():
        pages = scored.pages(node)
        pairs = pages.pairs
        known = [row for row in np.flatnonzero(pages.read == KEPT).tolist() if pairs[row] in golds]
        named = {"stage": "extraction", "strategy": label(node.step), "arms": arms}
        if not known:
            why = "not measured: no page of the input has a gold text (record_id must be the WARC-Record-ID of a page)"
            rows.append({**named, "figure": why, "value": None, "low": None, "high": None})
            continue
        there = scored.reached(node)
        found = texts(node, {row for row in known if there[row]})
        figures = score_texts([found.get(row, "") for row in known], [golds[pairs[row]] for row in known])
        for name, interval in (("precision", figures.precision), ("recall", figures.recall), ("f1", figures.f1)):
            rows.append({**named, "figure": name, **interval.as_dict()})
    return rows
