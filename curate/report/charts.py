"""The charts of a report as SVG, drawn by Altair and vl-convert without a browser, a script or a network.

Names that come from data are values here, never field names or expressions; vl-convert escapes them. Colours are
half-transparent or currentColor, so that one drawing is readable on a light page and on a dark one.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from curate.report.text import shown

_SVG = "http://www.w3.org/2000/svg"
_BLUE, _ORANGE = "#4a90c8", "#d9822b"
_PLOT = 180  # pixels
_LABEL = 180  # pixels
MOST_RULES = 30
_CONFIG = {
    "background": "transparent",
    "font": "sans-serif",
    "padding": {"left": 14, "right": 10, "top": 4, "bottom": 4},  # the reader's font may be wider than the one measured
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "titleFontWeight": "normal",
        "labelLimit": _LABEL,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": "#8883",
        "domainColor": "#8888",
        "tickColor": "#8888",
    },
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "labelLimit": _LABEL, "labelFontSize": 11},
    "title": {"color": "currentColor", "fontSize": 12, "fontWeight": "normal", "anchor": "start"},
    "text": {"color": "currentColor"},
}


def charts(report: Mapping[str, Any]) -> dict[str, Markup]:
    """SVG elements by name of the chart; a chart whose figures are not there is left out.

    Names: arms, overlap, "slices KIND", "sweep NAME", gold, proxy, cost.
    """
    if report["kind"] != "ablation":
        return {}
    drawn: dict[str, list[Any]] = {
        "arms": _arms(report["arms"]),
        "overlap": _overlap(report["attribution"]),
        "gold": _gold(report["gold"]),
        "proxy": _proxy(report["proxy"]),
        "cost": _cost(report["arms"]),
    }
    drawn.update({f"slices {kind}": _slices(rows) for kind, rows in report["slices"].items()})
    drawn.update({f"sweep {sweep['sweep']}": _sweep(sweep) for sweep in report["sweeps"]})
    number = itertools.count()
    return {
        name: Markup("").join(svg(panel, f"chart{next(number)}-") for panel in panels)
        for name, panels in drawn.items()
        if panels
    }


def svg(chart: Any, prefix: str) -> Markup:
    """A chart as an SVG element for HTML. ids begin with prefix; what a mark stands for is its title (a tooltip)."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(chart.to_dict(), config=_CONFIG, allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)  # noqa: S314 - written by vl-convert a moment ago, and it has no DTD
    for element in root.iter():
        _tidy(element, prefix)
    root.set("class", "chart")
    root.set("role", "img")
    ElementTree.register_namespace("", _SVG)
    # Escaped by the serialiser: what came from data can only be text or an attribute's value.
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704


def _tidy(element: ElementTree.Element, prefix: str) -> None:
    label = element.attrib.pop("aria-label", None)
    if label is not None and element.get("aria-roledescription") in ("bar", "point", "rect mark", "rule mark"):
        title = ElementTree.Element(f"{{{_SVG}}}title")
        title.text = label
        element.insert(0, title)
    for name in ("role", "aria-roledescription", "aria-hidden", "class", "pointer-events"):
        element.attrib.pop(name, None)
    if "id" in element.attrib:
        element.set("id", prefix + element.attrib["id"])
    clip = element.get("clip-path", "")
    if clip.startswith("url(#"):
        element.set("clip-path", f"url(#{prefix}{clip[len('url(#') :]}")


def _data(rows: Iterable[Mapping[str, Any]]) -> Any:
    import altair

    return altair.Data(values=[dict(row) for row in rows])


def _unique(names: Sequence[str]) -> list[str]:
    """Names short enough to be labels, and still different where they were different."""
    short = [shown(name, 60) for name in names]
    return [name if short.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(short)]


def _rules(names: Sequence[str]) -> list[str]:
    """Labels for stage:rule, without the kind of stage (quality/...), which the strategy's name tells."""
    return _unique([name.split("/", 1)[1] if "/" in name.split(":", 1)[0] else name for name in names])


def _dots(
    rows: Sequence[Mapping[str, Any]], title: str, axis: str = "", zero: bool = False, percent: bool = False
) -> Any:
    """A row a name: a dot with its interval. rows: name, value, low, high."""
    import altair as alt

    scale = alt.Scale(zero=False, nice=True)
    x = alt.X(
        "value:Q",
        title=None,
        scale=scale,
        axis=alt.Axis(format="+%" if percent else "", tickCount=4, labelOverlap="greedy"),
    )
    y = alt.Y("name:N", sort=None, title=None)
    names = _unique([row["name"] for row in rows])
    data = _data({**row, "name": name, "tip": _tip(row, name, percent)} for row, name in zip(rows, names, strict=True))
    base = alt.Chart(data)
    layers = [
        base.mark_rule(color=_BLUE, strokeWidth=2).encode(
            x=alt.X("low:Q", scale=scale), x2="high:Q", y=y, description="tip:N"
        ),
        base.mark_point(color=_BLUE, filled=True, size=60, opacity=1).encode(x=x, y=y, description="tip:N"),
    ]
    if zero:
        rule = alt.Chart(_data([{"value": 0}])).mark_rule(color="#8889", strokeDash=[4, 3])
        layers.insert(0, rule.encode(x=alt.X("value:Q", scale=scale)))
    return alt.layer(*layers).properties(width=_PLOT, height=alt.Step(20), title=title)


def _tip(row: Mapping[str, Any], name: str, percent: bool) -> str:
    how: Callable[[Any], str] = (lambda value: f"{100 * value:+.2f} %") if percent else (lambda value: f"{value:.4g}")
    return f"{name}: {how(row['value'])} ({how(row['low'])} to {how(row['high'])})"


def _arms(arms: Sequence[Mapping[str, Any]]) -> list[Any]:
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


def _overlap(attribution: Mapping[str, Any]) -> list[Any]:
    """Of the documents on which the row's rule fails, the share on which the column's rule fails too."""
    import altair as alt

    shared = attribution["overlap"]["documents"]
    failing = [place for place in range(len(shared)) if shared[place][place]]
    if len(failing) < 2:
        return []
    chosen = sorted(sorted(failing, key=lambda place: -shared[place][place])[:MOST_RULES])
    names = dict(zip(chosen, _rules([attribution["overlap"]["rules"][place] for place in chosen]), strict=True))
    cells = [
        {
            "row": names[left],
            "column": names[right],
            "share": shared[left][right] / shared[left][left],
            "tip": f"{names[left]} and {names[right]}: {shared[left][right]:,} of {shared[left][left]:,} documents",
        }
        for left, right in itertools.product(chosen, chosen)
        if shared[left][right]
    ]
    order = list(names.values())
    x = alt.X("column:N", sort=order, title=None, scale=alt.Scale(domain=order), axis=alt.Axis(labelAngle=-60))
    y = alt.Y("row:N", sort=order, title=None, scale=alt.Scale(domain=order))
    return [_matrix(cells, x, y, "share", 26 if len(order) > 20 else 34, len(order) <= 20)]


def _matrix(cells: Sequence[Mapping[str, Any]], x: Any, y: Any, value: str, step: int, numbers: bool) -> Any:
    import altair as alt

    shade = alt.Opacity(f"{value}:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.7]), legend=None)
    base = alt.Chart(_data(cells))
    layers = [base.mark_rect(color=_BLUE).encode(x=x, y=y, opacity=shade, description="tip:N")]
    if numbers:
        text = base.mark_text(fontSize=9, color="currentColor").encode(
            x=x, y=y, text=alt.Text(f"{value}:Q", format=".0%")
        )
        layers.append(text)
    return alt.layer(*layers).properties(width=alt.Step(step), height=alt.Step(22))


def _slices(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Of the documents of a slice, the share that each rule removes in sequence."""
    import altair as alt

    totals: dict[str, int] = {}
    for row in rows:
        for rule, count in row["removed"].items():
            totals[rule] = totals.get(rule, 0) + count
    chosen = sorted(totals, key=lambda rule: (-totals[rule], rule))[:MOST_RULES]
    if not chosen or len(rows) < 2:
        return []
    rules = dict(zip(chosen, _rules(chosen), strict=True))
    slices = _unique([row["slice"] for row in rows])
    cells = [
        {
            "rule": rules[rule],
            "slice": name,
            "share": row["removed"][rule] / row["documents"],
            "tip": f"{name}: {rules[rule]} removes {row['removed'][rule]:,} of {row['documents']:,} documents",
        }
        for row, name in zip(rows, slices, strict=True)
        for rule in chosen
        if row["removed"].get(rule)
    ]
    order = list(rules.values())
    x = alt.X("slice:N", sort=slices, title=None, scale=alt.Scale(domain=slices), axis=alt.Axis(labelAngle=-40))
    y = alt.Y("rule:N", sort=order, title=None, scale=alt.Scale(domain=order))
    return [_matrix(cells, x, y, "share", 36, True)]


def _sweep(sweep: Mapping[str, Any]) -> list[Any]:
    """Retention against the setting: alone on the texts at this stage, and jointly with the whole recipe."""
    import altair as alt

    points = sweep["points"]
    if not points or not sweep["of"]["documents"]:
        return []
    of = sweep["of"]["documents"]
    numeric = all(_is_number(point["value"]) for point in points)
    kind = "Q" if numeric else "N"
    rows = [
        {
            "value": point["value"] if numeric else shown(point["value"], 40),
            "share": point[how]["documents"] / of,
            "how": how,
            "tip": f"{shown(point['value'], 40)}, {how}: {point[how]['documents']:,} of {of:,} documents",
        }
        for point in points
        for how in ("alone", "jointly")
        if point[how] is not None
    ]
    x = alt.X(
        f"value:{kind}",
        sort=None,
        title=shown(sweep["sweep"], 60),
        scale=alt.Scale(zero=False) if numeric else alt.Undefined,
    )
    y = alt.Y("share:Q", title="kept", axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1]))
    color = alt.Color(
        "how:N",
        scale=alt.Scale(domain=["alone", "jointly"], range=[_ORANGE, _BLUE]),
        legend=alt.Legend(title=None, orient="top"),
    )
    base = alt.Chart(_data(rows)).encode(x=x, y=y, color=color)
    layers = [base.mark_line(opacity=0.8), base.mark_point(filled=True, size=50, opacity=1).encode(description="tip:N")]
    in_use = sweep["in_use"]
    if numeric == _is_number(in_use) and in_use is not None:
        mark = [{"value": in_use if numeric else shown(in_use, 40), "label": "in use"}]
        if numeric or any(row["value"] == mark[0]["value"] for row in rows):
            used = alt.Chart(_data(mark)).encode(x=x)
            layers.insert(0, used.mark_rule(color="#8889", strokeDash=[4, 3]))
            layers.append(
                used.mark_text(dx=4, align="left", y=8, fontSize=10, color="currentColor").encode(text="label:N")
            )
    return [alt.layer(*layers).properties(width=_PLOT + 60, height=190)]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _gold(rows: Sequence[Mapping[str, Any]] | None) -> list[Any]:
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
    if not figures:
        return []
    panels = [_dots(found, shown(f"{stage}: {figure}", 60)) for (stage, figure), found in figures.items()]
    return panels


def _proxy(proxy: Mapping[str, Any] | None) -> list[Any]:
    arms = (proxy or {}).get("arms") or []
    if not arms:
        return []
    bits = [
        {"name": row["arm"], "value": row["bits_per_byte"]["mean"], "low": row["bits_per_byte"]["low"],
         "high": row["bits_per_byte"]["high"]}
        for row in arms
    ]  # fmt: skip
    panels = [_dots(bits, "Bits per byte on the reference (less is nearer)")]
    differences = [
        {"name": row["arm"], "value": row["difference"]["mean"], "low": row["difference"]["low"],
         "high": row["difference"]["high"]}
        for row in arms
        if row["difference"]
    ]  # fmt: skip
    if differences:
        panels.append(_dots(differences, "Difference to the base", zero=True))
    return panels


def _cost(arms: Sequence[Mapping[str, Any]]) -> list[Any]:
    import altair as alt

    names = _unique([arm["name"] for arm in arms])
    stages = list(dict.fromkeys(stage for arm in arms for stage in arm["cpu_seconds"]))
    labels = dict(zip(stages, _unique(stages), strict=True))
    rows = [
        {
            "arm": name,
            "stage": labels[stage],
            "place": stages.index(stage),
            "seconds": seconds,
            "tip": f"{name}, {labels[stage]}: {seconds:.3g} s",
        }
        for arm, name in zip(arms, names, strict=True)
        for stage, seconds in arm["cpu_seconds"].items()
        if seconds > 0
    ]
    if not rows:
        return []
    legend = alt.Legend(title=None, orient="bottom", columns=2, symbolLimit=40)
    chart = (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=alt.X("seconds:Q", title="CPU seconds", axis=alt.Axis(tickCount=5)),
            y=alt.Y("arm:N", sort=names, title=None),
            color=alt.Color("stage:N", sort=list(labels.values()), scale=alt.Scale(scheme="tableau20"), legend=legend),
            order="place:Q",
            description="tip:N",
        )
        .properties(width=_PLOT, height=alt.Step(22))
    )
    return [chart]
