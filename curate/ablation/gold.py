"""Each arm's strategies on labelled data, side by side."""

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml

import filters
from curate.ablation.arms import Ablation
from curate.ablation.decide import KEPT, Decided, Decider
from curate.evaluation.command import Request, evaluate
from curate.evaluation.labelled import EvaluationError, read_rows
from filters.chain import Step
from filters.contracts import SettingsError, settings_of

Row = dict[str, Any]
_FIGURES = ("accuracy", "auc", "precision", "recall", "f1")


class Texts(Protocol):
    """Gives the stored texts of some pages on a text path."""

    def __call__(self, node: int, rows: set[int]) -> dict[int, str]:
        """By page, the texts that are there."""
        ...


def check(ablation: Ablation) -> None:
    """Make sure that the labelled files are there; raises EvaluationError."""
    for stage, given in ablation.gold.items():
        for path in _paths(given):
            if not Path(path).exists():
                raise EvaluationError(f"gold of {stage}: {path}: no such file")


def score(ablation: Ablation, decider: Decider, decided: Mapping[str, Decided], texts: Texts) -> list[Row]:
    """A row for each stage with labelled data, each distinct strategy that arms have there, and each figure.

    Rows have stage, strategy, arms (names of the arms that have it), figure, value, low and high: the bounds of a 95 %
    bootstrap interval over the labelled items, None where the figure has none. Where a strategy cannot be measured the
    value is None and figure says why.
    """
    rows: list[Row] = []
    for stage, given in ablation.gold.items():
        if stage == "extraction":
            rows += _extraction(ablation, decider, decided, texts, given)
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
    except SettingsError:  # it cannot do without some setting
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
            if step.strategy_name.partition("/")[0] == stage:
                arms = found.setdefault(step.strategy, (step, []))[1]
                if arm.name not in arms:
                    arms.append(arm.name)
    yield from found.values()


def _paths(given: Mapping[str, Any]) -> list[str]:
    return [path for name in given["data"] for path in (sorted(glob.glob(name, recursive=True)) or [name])]


def _measured(stage: str, step: Step, given: Mapping[str, Any]) -> list[Row]:
    strategy = yaml.safe_dump({step.strategy_name: settings_of(step.strategy)}, default_flow_style=True, width=10_000)
    more: dict[str, Any] = {name: value for name, value in given.items() if name != "data"}
    more.update({name: tuple(value) for name, value in more.items() if isinstance(value, list)})
    try:
        found = evaluate(Request(stage, tuple(_paths(given)), (strategy,), **more))
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


def _extraction(
    ablation: Ablation, decider: Decider, decided: Mapping[str, Decided], texts: Texts, given: Mapping[str, Any]
) -> list[Row]:
    """The texts of each extractor's own path for pages of this ablation, against gold texts with the pages' ids."""
    from curate.evaluation.extraction import score as score_texts

    golds = {row["record_id"]: row["text"] for path in _paths(given) for row in read_rows(path) if row.get("text")}
    plan = decider.scored.plan
    nodes: dict[int, list[str]] = {}
    for arm in ablation.arms:
        nodes.setdefault(plan.arms[arm.name][0].number, []).append(arm.name)
    rows: list[Row] = []
    for node, arms in nodes.items():
        group = decided[arms[0]].group
        pages = decider.scored.groups[group]
        read = pages.strings("read") == "kept"
        known = [row for row, pair in enumerate(pages.strings("pair").tolist()) if pair in golds and read[row]]
        named = {"stage": "extraction", "strategy": label(plan.nodes[node].step), "arms": arms}
        if not known:
            why = "not measured: no page of the input has a gold text (record_id is the pages' WARC-Record-ID)"
            rows.append({**named, "figure": why, "value": None, "low": None, "high": None})
            continue
        there = decider.node_status(node)[0] == KEPT
        found = texts(node, {row for row in known if there[row]})
        pairs = pages.strings("pair")
        scored = score_texts([found.get(row, "") for row in known], [golds[pairs[row]] for row in known])
        for name in ("precision", "recall", "f1"):
            rows.append({**named, "figure": name, **getattr(scored, name).as_dict()})
    return rows


__all__ = ["EvaluationError", "check", "label", "score"]
