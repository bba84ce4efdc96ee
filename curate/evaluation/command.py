"""What `curate evaluate` does: labelled files and strategies in, rows of figures out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import filters
from curate.evaluation import clean, dedup, extraction, language, pii, quality, toxicity
from curate.evaluation.labelled import EvaluationError, fields
from curate.recipe import RecipeError, load_yaml
from curate.training import examples
from filters import STRATEGIES
from filters.chain import Step
from filters.contracts import (
    CorpusJudge,
    CorpusRewriter,
    Extractor,
    Judge,
    ResourceError,
    Rewriter,
    SettingsError,
    Strategy,
)
from filters.document import RawPage
from filters.extraction.plain import Plain
from pipelines.reading import read
from pipelines.reading.units import Piece

S = TypeVar("S", bound=Strategy)


@dataclass(frozen=True)
class Request:
    """One evaluation, as the command line gives it.

    data        labelled files                         archive    archives of the pages that extraction gold is for
    strategies  names, YAML such as "dedup/minhash: {bands: 9, rows: 13}", or steps; empty: all of the stage
    text, label, toxic, clean                          columns and labels of classification data; label "": the
                                                       usual one, `lang` for the stage language and `label` for others;
                                                       without data, clean names folders of texts that should hold
                                                       nothing to find
    """

    stage: str
    data: tuple[str, ...]
    strategies: tuple[str | Step, ...] = ()
    archive: tuple[str, ...] = ()
    text: str = "text"
    label: str = ""
    toxic: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    language: str = ""
    model: str = ""
    match: str = "exact"


Row = dict[str, Any]
CLEAN_STAGES = ("pii", "toxicity", "cleanup")


def evaluate(request: Request) -> list[Row]:
    """Rows of figures, in the order of the strategies. Raises EvaluationError."""
    stages: dict[str, Callable[[Request], list[Row]]] = {
        "extraction": _extraction,
        "language": _language,
        "dedup": _dedup,
        "toxicity": _toxicity,
        "pii": _pii,
        "quality": _quality,
    }
    if not request.data and request.clean and request.stage in CLEAN_STAGES:
        try:
            return _clean(request)
        except (ResourceError, SettingsError) as error:
            raise EvaluationError(str(error)) from error
    if request.stage == "cleanup":
        raise EvaluationError("cleanup is evaluated on clean texts: name folders with --clean")
    if request.stage not in stages:
        raise EvaluationError(f"cannot evaluate {request.stage!r} (known: {', '.join(stages)})")
    if not request.data:
        also = ", or folders of clean texts with --clean" if request.stage in CLEAN_STAGES else ""
        raise EvaluationError(f"no labelled data: name files with --data{also}")
    for path in (*request.data, *request.archive):
        if not Path(path).exists():
            raise EvaluationError(f"{path}: no such file")
    try:
        return stages[request.stage](request)
    except (ResourceError, SettingsError) as error:
        raise EvaluationError(str(error)) from error


def _chosen(request: Request, *shapes: type[S]) -> list[tuple[str, S]]:
    """The strategies asked for, with their labels; those that need a model get the one named.

    Raises EvaluationError for a strategy of another shape that was asked for.
    """
    found: list[tuple[str, S]] = []
    names = request.strategies or tuple(name for name in STRATEGIES if name.startswith(request.stage + "/"))
    for given in names:
        try:
            label, name, strategy = _made(given, request.model)
            strategy.check()
        except (SettingsError, ResourceError):
            if request.strategies:
                raise
            continue  # not asked for by name: without its model or package it is left out
        if isinstance(strategy, shapes):
            found.append((label, strategy))
        elif request.strategies:
            wanted = " or ".join(shape.__name__ for shape in shapes)
            raise EvaluationError(f"{name} cannot be evaluated as {request.stage}: expected a {wanted}")
    if not found:
        raise EvaluationError(f"no strategy of {request.stage} can be evaluated without a model; name one with --model")
    return found


def _made(given: str | Step, model: str) -> tuple[str, str, Strategy]:
    """The label, the name and the strategy that was asked for; it gets the model where it needs one."""
    if isinstance(given, Step):
        return given.strategy_name, given.strategy_name, given.strategy
    name, settings = _parse(given)
    known = filters.find(name).__dataclass_fields__  # type: ignore[attr-defined]
    if model and "model" in known and "model" not in settings:
        settings["model"] = model
    return given, name, filters.make(name, settings)


def _parse(given: str) -> tuple[str, dict[str, Any]]:
    try:
        data, _ = load_yaml(given, "--strategy")
    except RecipeError as error:
        raise EvaluationError(str(error)) from error
    if isinstance(data, dict) and len(data) == 1:
        ((name, settings),) = data.items()
        if settings is not None and not isinstance(settings, dict):
            raise EvaluationError(f"--strategy {given}: the settings of {name} must be a map, got {settings!r:.80}")
        return str(name), dict(settings or {})
    return str(given), {}


def _extraction(request: Request) -> list[Row]:
    if not request.archive:
        raise EvaluationError("extraction needs the pages too: name their archives with --archive")
    golds: dict[str, str] = {}
    for path in request.data:
        golds.update({key: text for key, text in fields(path, "record_id", "text") if text})
    pages = [
        event
        for path in request.archive
        for event in read(Piece(path))
        if isinstance(event, RawPage) and event.id in golds
    ]
    if not pages:
        raise EvaluationError("no page of the archives has a gold text: record_id must be the pages' WARC-Record-ID")
    return [
        {"strategy": name, **extraction.evaluate(extractor, pages, [golds[page.id] for page in pages]).as_dict()}
        for name, extractor in _chosen(request, Extractor)
        # extraction/plain takes no HTML; asked for by name, it is measured all the same
        if request.strategies or not isinstance(extractor, Plain)
    ]


def _language(request: Request) -> list[Row]:
    rows = [row for path in request.data for row in fields(path, request.text, request.label or "lang")]
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    return [
        {"strategy": name, **language.evaluate(judge, texts, labels).as_dict()}
        for name, judge in _chosen(request, Judge)
    ]


def _quality(request: Request) -> list[Row]:
    texts: list[str] = []
    keep: list[bool] = []
    for path in request.data:
        for number, (text, label) in enumerate(fields(path, request.text, request.label or "label"), 1):
            texts.append(text)
            keep.append(_keeps(label, path, number))
    return [
        {
            "strategy": name,
            "items": len(texts),
            **quality.evaluate(judge, texts, keep, request.language or "en").as_dict(),
        }
        for name, judge in _chosen(request, Judge)
    ]


def _keeps(value: Any, path: str, number: int) -> bool:
    if value in (True, False):
        return bool(value)
    if str(value).strip() in ("0", "1"):
        return str(value).strip() == "1"
    raise EvaluationError(f"{path}, row {number}: the label must be 0 or 1 (1: worth keeping)")


def _toxicity(request: Request) -> list[Row]:
    found = []
    for path in request.data:
        label = request.label or "label"
        try:
            labelled = examples.read(Path(path), request.text, label, request.toxic, request.clean)
        except examples.DataError as error:
            raise EvaluationError(str(error)) from error
        for name, judge in _chosen(request, Judge):
            row = {"strategy": name, "data": Path(path).name, "language": request.language, "items": len(labelled)}
            found.append({**row, **toxicity.evaluate(judge, labelled, request.language).as_dict()})
    return found


def _pii(request: Request) -> list[Row]:
    items = [item for path in request.data for item in pii.read_labelled(path, request.language)]
    chosen: dict[str, Any] = dict(_chosen(request, Rewriter))
    for name, strategy in chosen.items():
        if not isinstance(strategy, pii.Finds):
            raise EvaluationError(f"{name} does not say where it finds personal data: it has no finder()")
    match: Any = "overlap" if request.match == "overlap" else "exact"
    return [row.as_dict() for row in pii.evaluate(chosen, items, match=match)]


def _clean(request: Request) -> list[Row]:
    for path in request.clean:
        if not Path(path).exists():
            raise EvaluationError(f"{path}: no such file or folder")
    found: list[Row] = []
    for name, strategy in _chosen(request, Judge, Rewriter):
        try:
            found += clean.measure(strategy, clean.texts(request.clean), request.language).rows(name)
        except clean.Unreadable as error:
            raise EvaluationError(str(error)) from error
    return found


def _dedup(request: Request) -> list[Row]:
    chosen: dict[str, Strategy] = dict(_chosen(request, CorpusJudge, CorpusRewriter))
    return [row for path in request.data for row in dedup.evaluate(path, chosen)]


def flat(row: Row) -> list[dict[str, str]]:
    """A row for a table: intervals as text. A judge of quality has one for its decision, and one for each signal."""
    cells = _cells(row)
    if "decision" not in row:
        return [cells]
    signals = [{"signal": name, **_cells({"auc": auc})} for name, auc in row["aucs"].items()]
    return [
        {**cells, "signal": "decision to keep", **_cells(row["decision"])},
        *({"strategy": cells["strategy"], **signal} for signal in signals),
    ]


def _cells(row: Row) -> dict[str, str]:
    """The figures of a row as text; what else is nested is left out."""
    cells = {}
    for name, value in row.items():
        if isinstance(value, dict) and set(value) == {"value", "low", "high"}:
            figure, low, high = value["value"], value["low"], value["high"]
            cells[name] = (
                "" if figure is None else f"{figure:.3f} [{low:.3f}, {high:.3f}]" if low is not None else f"{figure}"
            )
        elif isinstance(value, float):
            cells[name] = f"{value:.4g}"
        elif isinstance(value, (str, int)):
            cells[name] = str(value)
    return cells
