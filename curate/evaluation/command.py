"""What `curate evaluate` does: labelled files and strategies in, rows of figures out."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filters
from filters import STRATEGIES
from filters.chain import Step
from filters.contracts import ResourceError, SettingsError, Strategy


class EvaluationError(ValueError):
    """Something in the call or the data does not do; the message names the file and the line, never their texts."""


@dataclass(frozen=True)
class Request:
    """One evaluation, as the command line gives it.

    data        labelled files                         archive    archives of the pages that extraction gold is for
    strategies  names, YAML such as "dedup/minhash: {bands: 9, rows: 13}", or steps; empty: all of the stage
    text, label, toxic, clean                          columns and labels of classification data
    """

    stage: str
    data: tuple[str, ...]
    strategies: tuple[str | Step, ...] = ()
    archive: tuple[str, ...] = ()
    text: str = "text"
    label: str = "label"
    toxic: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    language: str = ""
    model: str = ""
    match: str = "exact"


Row = dict[str, Any]


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
    if request.stage not in stages:
        raise EvaluationError(f"cannot evaluate {request.stage!r} (known: {', '.join(stages)})")
    if not request.data:
        raise EvaluationError("no labelled data: name files with --data")
    for path in (*request.data, *request.archive):
        if not Path(path).exists():
            raise EvaluationError(f"{path}: no such file")
    try:
        return stages[request.stage](request)
    except (ResourceError, SettingsError) as error:
        raise EvaluationError(str(error)) from error


def _chosen(request: Request) -> list[tuple[str, Strategy]]:
    """The strategies asked for, with their labels; those that need a model get the one named."""
    found = []
    names = request.strategies or tuple(name for name in STRATEGIES if name.startswith(request.stage + "/"))
    for given in names:
        if isinstance(given, Step):
            given.strategy.check()
            found.append((given.strategy_name, given.strategy))
            continue
        name, settings = _parse(given)
        fields = filters.find(name).__dataclass_fields__  # type: ignore[attr-defined]
        if request.model and "model" in fields and "model" not in settings:
            settings["model"] = request.model
        try:
            strategy = filters.make(name, settings)
            strategy.check()
        except (SettingsError, ResourceError):
            if request.strategies:
                raise
            continue  # not asked for by name: a model or a package that is not there leaves it out
        found.append((given, strategy))
    if not found:
        raise EvaluationError(f"no strategy of {request.stage} can be evaluated without a model; name one with --model")
    return found


def _parse(given: str) -> tuple[str, dict[str, Any]]:
    from curate.recipe import RecipeError, load_yaml

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


def read_rows(path: str) -> list[dict[str, Any]]:
    """Objects of a JSONL file, plain or gzip. Raises EvaluationError naming file and line."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    rows = []
    with gzip.open(path, "rb") if zipped else open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise EvaluationError(f"{path}, line {number}: not JSON") from error
                if not isinstance(row, dict):
                    raise EvaluationError(f"{path}, line {number}: not an object")
                rows.append(row)
    return rows


def _column(rows: Sequence[dict[str, Any]], name: str, path: str) -> list[Any]:
    for number, row in enumerate(rows, 1):
        if name not in row:
            raise EvaluationError(f"{path}, line {number}: no field {name!r} (it has: {', '.join(row)[:200]})")
    return [row[name] for row in rows]


def _extraction(request: Request) -> list[Row]:
    from curate.evaluation.extraction import evaluate
    from filters.contracts import Extractor
    from filters.document import RawPage
    from pipelines.reading import read
    from pipelines.reading.units import Piece

    if not request.archive:
        raise EvaluationError("extraction needs the pages too: name their archives with --archive")
    golds = {row["record_id"]: row["text"] for path in request.data for row in read_rows(path) if row.get("text")}
    pages = [
        event
        for path in request.archive
        for event in read(Piece(path))
        if isinstance(event, RawPage) and event.id in golds
    ]
    if not pages:
        raise EvaluationError("no page of the archives has a gold text: record_id must be the pages' WARC-Record-ID")
    return [
        {"strategy": label, **evaluate(strategy, pages, [golds[page.id] for page in pages]).as_dict()}
        for label, strategy in _chosen(request)
        if isinstance(strategy, Extractor) and "plain" not in label
    ]


def _language(request: Request) -> list[Row]:
    from curate.evaluation.language import evaluate
    from filters.contracts import Judge

    texts: list[str] = []
    labels: list[str] = []
    label = "lang" if request.label == "label" else request.label
    for path in request.data:
        rows = read_rows(path)
        texts += _column(rows, request.text, path)
        labels += _column(rows, label, path)
    return [
        {"strategy": name, **evaluate(strategy, texts, labels).as_dict()}
        for name, strategy in _chosen(request)
        if isinstance(strategy, Judge)
    ]


def _quality(request: Request) -> list[Row]:
    from curate.evaluation.quality import evaluate
    from filters.contracts import Judge

    texts: list[str] = []
    keep: list[bool] = []
    for path in request.data:
        rows = read_rows(path)
        texts += _column(rows, request.text, path)
        keep += [_keeps(value, path, number) for number, value in enumerate(_column(rows, request.label, path), 1)]
    return [
        {"strategy": name, "items": len(texts), **evaluate(strategy, texts, keep, request.language or "en").as_dict()}
        for name, strategy in _chosen(request)
        if isinstance(strategy, Judge)
    ]


def _keeps(value: Any, path: str, number: int) -> bool:
    if value in (True, False):
        return bool(value)
    if str(value).strip() in ("0", "1"):
        return str(value).strip() == "1"
    raise EvaluationError(f"{path}, line {number}: the label must be 0 or 1 (1: worth keeping)")


def _toxicity(request: Request) -> list[Row]:
    from curate.evaluation.toxicity import evaluate
    from curate.training.examples import DataError, read
    from filters.contracts import Judge

    found = []
    for path in request.data:
        try:
            examples = read(Path(path), request.text, request.label, request.toxic, request.clean)
        except DataError as error:
            raise EvaluationError(str(error)) from error
        for name, strategy in _chosen(request):
            if isinstance(strategy, Judge):
                row = {"strategy": name, "data": Path(path).name, "language": request.language, "items": len(examples)}
                found.append({**row, **evaluate(strategy, examples, request.language).as_dict()})
    return found


def _pii(request: Request) -> list[Row]:
    from curate.evaluation.pii import evaluate, read_labelled

    items = []
    for path in request.data:
        try:
            items += read_labelled(path, request.language)
        except ValueError as error:
            raise EvaluationError(str(error)) from error
    chosen: dict[str, Any] = dict(_chosen(request))
    return [
        row.as_dict() for row in evaluate(chosen, items, match="overlap" if request.match == "overlap" else "exact")
    ]


def _dedup(request: Request) -> list[Row]:
    from curate.evaluation.dedup import evaluate

    found: list[Row] = []
    for path in request.data:
        found += evaluate(path, dict(_chosen(request)))
    return found


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
