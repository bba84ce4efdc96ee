"""The charts of an ablation: arms beside the base, rules that overlap, slices, sweeps, labelled data, cost."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from curate.report.chart import (
    BLUE,
    HUES,
    LABEL_SHARE,
    ORANGE,
    TITLE,
    Chart,
    Rows,
    axis,
    heading,
    legend,
    number,
    percent,
    rule_names,
    signed,
    unique,
)
from curate.report.run_charts import bars, funnel
from curate.report.svg import AXIS, GRID, Drawing, Scale, text_width, ticks
from curate.report.text import shown

MOST_RULES = 30
Interval = tuple[str, float, float, float]  # name, value, low, high
Cells = Mapping[tuple[int, int], tuple[float, str]]  # by (row, column): a share, and what it stands for


def ablation_charts(report: Mapping[str, Any]) -> list[Chart]:
    """The charts of an ablation; one whose figures are not there is left out."""
    found = [*_arms(report["arms"])]
    if report["arms"] and report["arms"][0]["stages"]:
        found.append(funnel(report["arms"][0]["stages"], report["pages"]))
    found += _overlap(report["attribution"])
    found += [chart for kind, rows in report["slices"].items() for chart in _slices(kind, rows)]
    found += [chart for sweep in report["sweeps"] for chart in _sweep(sweep)]
    return [*found, *_gold(report["gold"]), *_cost(report["arms"])]


def _dots(
    drawing: Drawing, rows: Sequence[Interval], left: float, top: float, width: float, *,
    labels: bool = True, label_share: float = LABEL_SHARE, zero: bool = False,
    say: Callable[[float], str] = number, unit: str = "",
) -> float:  # fmt: skip
    """A dot with its interval for each row, over an axis with its unit; returns where they end."""
    placed = Rows([name for name, *_ in rows], left + width, top, 14, share=label_share)
    begin = (placed.left if labels else left) + 14
    least, most = min(row[2] for row in rows), max(row[3] for row in rows)
    at = ticks(min(least, 0.0) if zero else least, max(most, 0.0) if zero else most)
    scale = Scale(at[0], at[-1], begin, left + width - 20)
    free = placed.free if labels else [(top, placed.bottom)]
    axis(drawing, scale, at, free, placed.bottom, say)
    for start, end in free if zero else ():
        drawing.line(scale(0), start, scale(0), end, AXIS, dash="4 3")
    if labels:
        placed.labels(drawing)
    for place, (name, value, low, high) in enumerate(rows):
        tip = f"{name}: {say(value)} ({say(low)} to {say(high)}) {unit}".rstrip()
        y = placed.middle(place)
        drawing.line(scale(low), y, scale(high), y, BLUE, 2, tip=tip)
        drawing.dot(scale(value), y, BLUE, tip=tip)
    if unit:
        drawing.text((begin + left + width - 20) / 2, placed.bottom + 30, unit, anchor="middle")
    return placed.bottom + (38 if unit else 20)


_ARMS = "Share of what was read that each arm keeps, minus the base's"


def _arms(arms: Sequence[Mapping[str, Any]]) -> list[Chart]:
    others = [arm for arm in arms if "difference" in arm]
    if not others:
        return []
    names = unique([arm["name"] for arm in others])
    panels: dict[str, list[Interval]] = {
        what: [
            (name, arm["difference"][what], *arm["difference"][f"{what}_interval"])
            for name, arm in zip(names, others, strict=True)
        ]
        for what in ("documents", "bytes")
    }

    def draw(width: float) -> Drawing:
        drawing = Drawing()
        top = heading(drawing, _ARMS, width) + 2
        placed = Rows(names, width, 0)
        beside = width >= 900 and placed.beside
        half = placed.left + (width - placed.left) / 2 - 10 if beside else width
        for place, (what, rows) in enumerate(panels.items()):
            left = half + 20 if beside and place else 0.0
            drawing.text(left or placed.left, top, f"{what}, 95 % interval", weight="600")
            along = width - left if beside and place else half
            fits = 1.0 if beside else LABEL_SHARE
            unit = f"percentage points of {what} read"
            end = _dots(
                drawing, rows, left, top + 14, along,
                labels=not left, label_share=fits, zero=True, say=signed, unit=unit,
            )  # fmt: skip
            top = top if beside else end + 24
        return drawing

    columns = ("arm", *(f"{what} {part}" for what in panels for part in ("difference", "low", "high")))
    rows = [(arm["name"], *panels["documents"][n][1:], *panels["bytes"][n][1:]) for n, arm in enumerate(others)]
    return [Chart("arms", _ARMS, columns, rows, draw)]


def _overlap(attribution: Mapping[str, Any]) -> list[Chart]:
    """Of the documents on which the row's rule fails, the share on which the column's rule fails too."""
    shared = attribution["overlap"]["documents"]
    failing = [place for place in range(len(shared)) if shared[place][place]]
    if len(failing) < 2:
        return []
    chosen = sorted(sorted(failing, key=lambda place: -shared[place][place])[:MOST_RULES])
    whole = attribution["overlap"]["rules"]
    names = rule_names([whole[place] for place in chosen])
    cells = {
        (row, column): (
            shared[left][right] / shared[left][left],
            f"{names[row]} and {names[column]}: {shared[left][right]:,} of {shared[left][left]:,} documents",
        )
        for (row, left), (column, right) in itertools.product(enumerate(chosen), enumerate(chosen))
        if shared[left][right]
    }
    title = "Of the documents that fail a rule (row), the share that fails another one (column) too"
    rows = [(whole[a], whole[b], shared[a][b], shared[a][a]) for a in failing for b in failing if shared[a][b]]
    columns = ("rule", "other rule", "documents that fail both", "documents that fail the rule")
    return [Chart("overlap", title, columns, rows, matrix(title, names, names, cells))]


def matrix(title: str, rows: Sequence[str], columns: Sequence[str], cells: Cells) -> Callable[[float], Drawing]:
    """The function that draws cells, shown by shade and as a percentage where there is room.

    Columns are named below, turned; where they are too many for that, rows are numbered, and columns by number.
    """

    def draw(width: float) -> Drawing:
        drawing = Drawing()
        top = heading(drawing, title, width)
        for place, share in enumerate((0.1, 0.5, 1.0)):
            drawing.rect(70 * place, top - 5, 20, 11, BLUE, _shade(share))
            drawing.text(70 * place + 25, top + 0.5, f"{100 * share:.0f} %")
        top += 24
        same = rows == columns
        numbered = [f"{place + 1} {name}" for place, name in enumerate(rows)]
        placed = Rows(rows, width, top, 22, share=0.45)
        step = min(72.0, (width - placed.left) / len(columns))
        named = placed.beside and step >= 26 and width >= 600
        top += -2.0 if named else 16.0
        placed = Rows(numbered if same and not named else rows, width, top, 22, share=0.45)
        left, step = placed.left, min(72.0, (width - placed.left) / len(columns))
        placed.labels(drawing)
        each = max(1, -(-24 // int(step or 1)))
        for place, name in enumerate(columns):
            x = left + step * (place + 0.5)
            if named:
                drawing.text(x, placed.bottom + 10, name, anchor="end", turn=45, most=1.38 * x)
            elif place % each == 0:
                drawing.text(x, top - 10, str(place + 1), anchor="middle")
        for (row, column), (share, tip) in cells.items():
            x, y = left + step * column, placed.middle(row)
            drawing.rect(x, y - 11, max(1.0, step - 1), 22, BLUE, _shade(share), tip)
            if step >= 44:
                said = f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"
                drawing.text(x + (step - 1) / 2, y, said, anchor="middle")
        if not named and not same:
            for place, name in enumerate(columns):
                drawing.text(0, placed.bottom + 16 + 18 * place, f"{place + 1}  {name}", most=width)
        return drawing

    return draw


def _shade(share: float) -> float:
    """The opacity of a cell."""
    return 0.08 + 0.62 * share


def _slices(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Of the documents of a slice, the share that each rule removes in sequence."""
    totals: dict[str, int] = {}
    for row in rows:
        for rule, count in row["removed"].items():
            totals[rule] = totals.get(rule, 0) + count
    chosen = sorted(totals, key=lambda rule: (-totals[rule], rule))[:MOST_RULES]
    if not chosen or len(rows) < 2:
        return []
    rules, slices = rule_names(chosen), unique([row["slice"] for row in rows])
    cells = {
        (place, column): (
            row["removed"][rule] / row["documents"],
            f"{name}: {rules[place]} removes {row['removed'][rule]:,} of {row['documents']:,} documents",
        )
        for column, (row, name) in enumerate(zip(rows, slices, strict=True))
        for place, rule in enumerate(chosen)
        if row["removed"].get(rule)
    }
    title = f"Share of the documents of each {kind} that a rule removes"
    figures = [(row["slice"], rule, count, row["documents"]) for row in rows for rule, count in row["removed"].items()]
    columns = (kind, "rule", "documents removed", "documents read")
    return [Chart(f"slices {kind}", title, columns, figures, matrix(title, rules, slices, cells))]


def _sweep(sweep: Mapping[str, Any]) -> list[Chart]:
    """Retention against the setting: alone on the texts at this stage, and jointly with the whole recipe."""
    points = sweep["points"]
    of = sweep["of"]["documents"] if points else 0
    if not of:
        return []
    title = f"Share of documents kept by {shown(sweep['sweep'], 60)}"
    numeric = all(_is_number(point["value"]) for point in points)

    def draw(width: float) -> Drawing:
        left, right = 56.0, width - 20
        drawing = Drawing()
        top = legend(drawing, _HOW, 0, heading(drawing, title, width), width) + 20
        drawing.text(0, top, f"of {of:,} documents", most=width)
        top += 18
        height = top + 220
        y = Scale(0.0, 1.0, height, top)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            drawing.line(left, y(share), right, y(share), GRID)
            drawing.text(left - 8, y(share), percent(share), anchor="end")
        x = _along(drawing, [point["value"] for point in points], numeric, left, right, top, height)
        if numeric:
            drawing.text((left + right) / 2, height + 32, shown(sweep["sweep"], 60), anchor="middle", most=right - left)
        in_use = sweep["in_use"]
        marked = x(in_use) if in_use is not None and numeric == _is_number(in_use) else None
        if marked is not None:
            drawing.line(marked, top, marked, height, AXIS, dash="4 3")
            at_end = marked > right - 50
            drawing.text(marked + (-4 if at_end else 4), height - 10, "in use", anchor="end" if at_end else "start")
        for how, colour in (("alone", ORANGE), ("jointly", BLUE)):
            found = [
                (place, y(point[how]["documents"] / of), point)
                for point in points
                if point[how] is not None and (place := x(point["value"])) is not None
            ]
            drawing.lines([(across, up) for across, up, _ in found], colour)
            for across, up, point in found:
                tip = f"{shown(point['value'], 40)}, {how}: {point[how]['documents']:,} of {of:,} documents"
                drawing.dot(across, up, colour, tip=tip)
        return drawing

    rows = [
        (point["value"], point["alone"]["documents"], point["jointly"]["documents"] if point["jointly"] else "", of)
        for point in points
    ]
    columns = ("value", "documents kept alone", "documents kept jointly", "documents at the stage")
    return [Chart(f"sweep {sweep['sweep']}", title, columns, rows, draw)]


_HOW = {"alone: this stage decides by itself": ORANGE, "jointly: the whole recipe": BLUE}


def _along(
    drawing: Drawing, values: Sequence[Any], numeric: bool, left: float, right: float, top: float, height: float
) -> Callable[[Any], float | None]:
    """The axis of a sweep's values; returns where a value stands on it, None where it does not."""
    if numeric:
        at = ticks(min(values), max(values))
        scale = Scale(at[0], at[-1], left, right)
        axis(drawing, scale, at, [(top, height)], height, number)
        return lambda value: scale(value) if at[0] <= value <= at[-1] else None
    labels = [shown(value, 40) for value in values]
    step = (right - left) / len(labels)
    places = {label: left + step * (place + 0.5) for place, label in enumerate(labels)}
    flat = max(map(text_width, labels)) < step - 8
    for label, x in places.items():
        if flat:
            drawing.text(x, height + 12, label, anchor="middle")
        else:
            drawing.text(x, height + 10, label, anchor="end", turn=45, most=min(180.0, (x - 4) * 1.4))
    return lambda value: places.get(shown(value, 40))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _gold(rows: Sequence[Mapping[str, Any]] | None) -> list[Chart]:
    figures: dict[tuple[str, str], list[Interval]] = {}
    for row in rows or ():
        if row["value"] is not None:
            low, high = row["low"], row["high"]
            figures.setdefault((row["stage"], row["figure"]), []).append(
                (row["strategy"], row["value"], row["value"] if low is None else low,
                 row["value"] if high is None else high)
            )  # fmt: skip
    return [_gold_chart(stage, figure, found) for (stage, figure), found in figures.items()]


def _gold_chart(stage: str, figure: str, found: Sequence[Interval]) -> Chart:
    title = shown(f"{stage}: {figure}", 60)
    names = unique([name for name, *_ in found])
    named = [(name, *row[1:]) for name, row in zip(names, found, strict=True)]

    def draw(width: float) -> Drawing:
        drawing = Drawing()
        _dots(
            drawing,
            named,
            0,
            heading(drawing, title, width, TITLE - 1) - 6,
            width,
            unit=f"{shown(figure, 40)}, 95 % interval",
        )
        return drawing

    columns = ("strategy", figure, "low", "high")
    return Chart(f"gold {stage} {figure}", title, columns, found, draw, small=True)


def _cost(arms: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """A bar an arm: the CPU seconds of its stages, one after another."""
    totals = [sum(seconds for seconds in arm["cpu_seconds"].values() if seconds > 0) for arm in arms]
    if not any(totals):
        return []
    names = unique([arm["name"] for arm in arms])
    stages = list(dict.fromkeys(stage for arm in arms for stage, spent in arm["cpu_seconds"].items() if spent > 0))
    # twice as many as there are hues can be told apart: the second round is paler
    hues = [HUES[place % len(HUES)] + ("" if place // len(HUES) % 2 == 0 else "88") for place in range(len(stages))]
    colours = dict(zip(unique(stages), hues, strict=True))
    title = "CPU seconds of each arm, by stage"

    def draw(width: float) -> Drawing:
        drawing = Drawing()
        top = legend(drawing, colours, 0, heading(drawing, title, width), width) + 14
        found = [
            (
                name,
                [(max(0.0, arm["cpu_seconds"].get(stage, 0.0)), hue) for stage, hue in zip(stages, hues, strict=True)],
                f"{total:.3g} s",
                f"{name}: " + ", ".join(f"{stage} {spent:.3g} s" for stage, spent in arm["cpu_seconds"].items()),
            )
            for arm, name, total in zip(arms, names, totals, strict=True)
        ]
        bars(drawing, found, 0, top, width)
        return drawing

    rows = [(arm["name"], stage, spent) for arm in arms for stage, spent in arm["cpu_seconds"].items()]
    return [Chart("cost", title, ("arm", "stage", "CPU seconds"), rows, draw)]
