"""The charts of a report as SVG, drawn without a browser, a script or a network."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from curate.report.svg import AXIS, GRID, Drawing, Scale, text_width, ticks
from curate.report.text import shown

_BLUE, _ORANGE = "#4a90c8", "#d9822b"
_PLOT = 200  # pixels
_LABEL = 180  # pixels
_ROW = 22  # pixels
_HUES = ("#4a90c8", "#d9822b", "#4f9d5d", "#c9504b", "#8f7bc4", "#9a6b52", "#d178ae", "#8a8f98", "#b7a62b", "#3aa6b0")
MOST_RULES = 30


def charts(report: Mapping[str, Any]) -> dict[str, Markup]:
    """SVG elements by name of the chart; a chart whose figures are not there is left out.

    Names: arms, overlap, "slices KIND", "sweep NAME", gold, cost.
    """
    if report["kind"] != "ablation":
        return {}
    drawn: dict[str, list[Markup]] = {
        "arms": _arms(report["arms"]),
        "overlap": _overlap(report["attribution"]),
        "gold": _gold(report["gold"]),
        "cost": _cost(report["arms"]),
    }
    drawn.update({f"slices {kind}": _slices(rows) for kind, rows in report["slices"].items()})
    drawn.update({f"sweep {sweep['sweep']}": _sweep(sweep) for sweep in report["sweeps"]})
    return {name: Markup("").join(panels) for name, panels in drawn.items() if panels}


def _unique(names: Sequence[str]) -> list[str]:
    """Names short enough to be labels, and still different where they were different."""
    short = [shown(name, 60) for name in names]
    return [name if short.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(short)]


def _rules(names: Sequence[str]) -> list[str]:
    """Labels for stage:rule, without the kind of stage (quality/...), which the strategy's name tells."""
    return _unique([name.split("/", 1)[1] if "/" in name.split(":", 1)[0] else name for name in names])


def _label_width(names: Sequence[str]) -> float:
    return min(_LABEL, max(map(text_width, names), default=0.0))


def _axis(drawing: Drawing, scale: Scale, at: Sequence[float], height: float, say: Callable[[float], str]) -> None:
    """Grid lines over the height, and a number below each that has room."""
    beyond = float("-inf")
    for value in at:
        x = scale(value)
        drawing.line(x, 0, x, height, GRID)
        half = text_width(say(value)) / 2
        if x - half > beyond:
            drawing.text(x, height + 10, say(value), anchor="middle")
            beyond = x + half + 4


def _percent(value: float) -> str:
    return f"{100 * value:.4g}%"


def _signed(value: float) -> str:
    return f"{100 * value:+.4g}%" if value else "0%"


def _number(value: float) -> str:
    return f"{value:,.6g}"


def _dots(rows: Sequence[Mapping[str, Any]], title: str, zero: bool = False, percent: bool = False) -> Markup:
    """A row a name: a dot with its interval. rows: name, value, low, high."""
    names = _unique([row["name"] for row in rows])
    least, most = min(row["low"] for row in rows), max(row["high"] for row in rows)
    at = ticks(min(least, 0.0) if zero else least, max(most, 0.0) if zero else most)
    scale = Scale(at[0], at[-1], 0, _PLOT)
    height = _ROW * len(rows)
    drawing = Drawing()
    drawing.text(-_label_width(names), -14, title, 12)
    _axis(drawing, scale, at, height, _signed if percent else _number)
    if zero:
        drawing.line(scale(0), 0, scale(0), height, AXIS, dash="4 3")
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = _ROW * (place + 0.5)
        tip = _tip(row, name, percent)
        drawing.text(-8, y, name, anchor="end", most=_LABEL)
        drawing.line(scale(row["low"]), y, scale(row["high"]), y, _BLUE, 2, tip=tip)
        drawing.dot(scale(row["value"]), y, _BLUE, tip=tip)
    return drawing.element(title)


def _tip(row: Mapping[str, Any], name: str, percent: bool) -> str:
    how: Callable[[Any], str] = (lambda value: f"{100 * value:+.2f} %") if percent else (lambda value: f"{value:.4g}")
    return f"{name}: {how(row['value'])} ({how(row['low'])} to {how(row['high'])})"


def _arms(arms: Sequence[Mapping[str, Any]]) -> list[Markup]:
    panels = []
    for what, label in (("documents", "documents"), ("bytes", "bytes of text read")):
        rows = [
            {
                "name": arm["name"],
                "value": arm["difference"][what],
                "low": arm["difference"][f"{what}_interval"][0],
                "high": arm["difference"][f"{what}_interval"][1],
            }
            for arm in arms
            if "difference" in arm
        ]
        if rows:
            panels.append(_dots(rows, f"Share of {label} kept, arm minus base", zero=True, percent=True))
    return panels


def _overlap(attribution: Mapping[str, Any]) -> list[Markup]:
    """Of the documents on which the row's rule fails, the share on which the column's rule fails too."""
    shared = attribution["overlap"]["documents"]
    failing = [place for place in range(len(shared)) if shared[place][place]]
    if len(failing) < 2:
        return []
    chosen = sorted(sorted(failing, key=lambda place: -shared[place][place])[:MOST_RULES])
    names = _rules([attribution["overlap"]["rules"][place] for place in chosen])
    cells = {
        (row, column): (
            shared[left][right] / shared[left][left],
            f"{names[row]} and {names[column]}: {shared[left][right]:,} of {shared[left][left]:,} documents",
        )
        for (row, left), (column, right) in itertools.product(enumerate(chosen), enumerate(chosen))
        if shared[left][right]
    }
    few = len(names) <= 20
    return [_matrix(names, names, cells, 34 if few else 26, few, "Rules that fail together")]


def _matrix(
    rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[int, int], tuple[float, str]], step: float,
    numbers: bool, label: str,
) -> Markup:  # fmt: skip
    """Cells by (row, column): a share in [0, 1], shown by shade (and as a number), and what the cell stands for."""
    drawing = Drawing()
    for place, name in enumerate(rows):
        drawing.text(-6, _ROW * (place + 0.5), name, anchor="end", most=_LABEL)
    for (row, column), (share, tip) in cells.items():
        x, y = step * column, _ROW * row
        drawing.rect(x, y, step - 1, _ROW - 1, _BLUE, 0.06 + 0.64 * share, tip)
        if numbers:
            drawing.text(x + (step - 1) / 2, y + (_ROW - 1) / 2, f"{100 * share:.0f}%", 9, "middle")
    for place, name in enumerate(columns):
        drawing.text(step * (place + 0.5), _ROW * len(rows) + 8, name, anchor="end", turn=50, most=_LABEL)
    return drawing.element(label)


def _slices(rows: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """Of the documents of a slice, the share that each rule removes in sequence."""
    totals: dict[str, int] = {}
    for row in rows:
        for rule, count in row["removed"].items():
            totals[rule] = totals.get(rule, 0) + count
    chosen = sorted(totals, key=lambda rule: (-totals[rule], rule))[:MOST_RULES]
    if not chosen or len(rows) < 2:
        return []
    rules, slices = _rules(chosen), _unique([row["slice"] for row in rows])
    cells = {
        (place, column): (
            row["removed"][rule] / row["documents"],
            f"{name}: {rules[place]} removes {row['removed'][rule]:,} of {row['documents']:,} documents",
        )
        for column, (row, name) in enumerate(zip(rows, slices, strict=True))
        for place, rule in enumerate(chosen)
        if row["removed"].get(rule)
    }
    return [_matrix(rules, slices, cells, 36, True, "Share of each slice that a rule removes")]


def _sweep(sweep: Mapping[str, Any]) -> list[Markup]:
    """Retention against the setting: alone on the texts at this stage, and jointly with the whole recipe."""
    points = sweep["points"]
    of = sweep["of"]["documents"] if points else 0
    if not of:
        return []
    numeric = all(_is_number(point["value"]) for point in points)
    width, height = _PLOT + 60, 180
    drawing = Drawing()
    y = Scale(0.0, 1.0, height, 0)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(0, y(share), width, y(share), GRID)
        drawing.text(-6, y(share), _percent(share), anchor="end")
    x = _along(drawing, [point["value"] for point in points], numeric, width, height)
    if numeric:
        drawing.text(width / 2, height + 28, shown(sweep["sweep"], 60), anchor="middle")
    in_use = sweep["in_use"]
    marked = x(in_use) if in_use is not None and numeric == _is_number(in_use) else None
    if marked is not None:
        drawing.line(marked, 0, marked, height, AXIS, dash="4 3")
        drawing.text(marked + 4, height - 8, "in use", 10)
    for how, colour in (("alone", _ORANGE), ("jointly", _BLUE)):
        found = [
            (place, y(point[how]["documents"] / of), point)
            for point in points
            if point[how] is not None and (place := x(point["value"])) is not None
        ]
        drawing.lines([(across, up) for across, up, _ in found], colour)
        for across, up, point in found:
            tip = f"{shown(point['value'], 40)}, {how}: {point[how]['documents']:,} of {of:,} documents"
            drawing.dot(across, up, colour, tip=tip)
    _legend(drawing, {"alone": _ORANGE, "jointly": _BLUE}, 0, -16, columns=2)
    return [drawing.element(f"Share kept by {shown(sweep['sweep'], 60)}")]


def _along(
    drawing: Drawing, values: Sequence[Any], numeric: bool, width: float, height: float
) -> Callable[[Any], float | None]:
    """The axis of a sweep's values; returns where a value stands on it, None where it does not."""
    if numeric:
        at = ticks(min(values), max(values))
        scale = Scale(at[0], at[-1], 0, width)
        _axis(drawing, scale, at, height, _number)
        return lambda value: scale(value) if at[0] <= value <= at[-1] else None
    labels = [shown(value, 40) for value in values]
    places = {label: width * (number + 0.5) / len(labels) for number, label in enumerate(labels)}
    for label, x in places.items():
        drawing.text(x, height + 8, label, anchor="end", turn=50, most=_LABEL)
    return lambda value: places.get(shown(value, 40))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _legend(drawing: Drawing, colours: Mapping[str, str], x: float, y: float, columns: int) -> None:
    """A square and a name for each colour, from (x, y) down."""
    step = 24 + _label_width(list(colours))
    for place, (name, colour) in enumerate(colours.items()):
        across, down = x + step * (place % columns), y + 16 * (place // columns)
        drawing.rect(across, down - 5, 10, 10, colour)
        drawing.text(across + 14, down, name, most=_LABEL)


def _gold(rows: Sequence[Mapping[str, Any]] | None) -> list[Markup]:
    figures: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows or ():
        if row["value"] is not None:
            low, high = row["low"], row["high"]
            figures.setdefault((row["stage"], row["figure"]), []).append(
                {
                    "name": row["strategy"],
                    "value": row["value"],
                    "low": row["value"] if low is None else low,
                    "high": row["value"] if high is None else high,
                }
            )
    return [_dots(found, shown(f"{stage}: {figure}", 60)) for (stage, figure), found in figures.items()]


def _cost(arms: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """A bar an arm: the CPU seconds of its stages, one after another."""
    totals = [sum(seconds for seconds in arm["cpu_seconds"].values() if seconds > 0) for arm in arms]
    if not any(totals):
        return []
    names = _unique([arm["name"] for arm in arms])
    stages = list(dict.fromkeys(stage for arm in arms for stage, spent in arm["cpu_seconds"].items() if spent > 0))
    labels = _unique(stages)
    # twice as many as there are hues can be told apart: the second round is paler
    hues = [_HUES[place % len(_HUES)] + ("" if place // len(_HUES) % 2 == 0 else "88") for place in range(len(stages))]
    at = ticks(0.0, max(totals))
    scale = Scale(0.0, at[-1], 0, _PLOT)
    height = _ROW * len(arms)
    drawing = Drawing()
    _axis(drawing, scale, at, height, _number)
    for place, (arm, name) in enumerate(zip(arms, names, strict=True)):
        drawing.text(-8, _ROW * (place + 0.5), name, anchor="end", most=_LABEL)
        before = 0.0
        for stage, label, hue in zip(stages, labels, hues, strict=True):
            seconds = arm["cpu_seconds"].get(stage, 0.0)
            if seconds > 0:
                start, end = scale(before), scale(before + seconds)
                tip = f"{name}, {label}: {seconds:.3g} s"
                drawing.rect(start, _ROW * place + 3, end - start, _ROW - 6, hue, tip=tip)
                before += seconds
    drawing.text(_PLOT / 2, height + 26, "CPU seconds", anchor="middle")
    left = -_label_width(names)
    _legend(drawing, dict(zip(labels, hues, strict=True)), left, height + 46, columns=2)
    return [drawing.element("CPU seconds by arm and stage")]
