"""The charts of a run: its funnel in documents and bytes, rules, languages, signals, cost."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from curate.report.chart import (
    BLUE,
    LABEL_SHARE,
    ORANGE,
    RED,
    TITLE,
    Chart,
    Rows,
    heading,
    legend,
    number,
    rule_names,
    share,
    size,
    unique,
)
from curate.report.svg import AXIS, GRID, Drawing, Scale, text_width, ticks
from curate.report.text import shown

MOST_RULES = 30
MOST_LANGUAGES = 20
_BARS = 48  # of a histogram, at most
_LOG_FROM = 100  # from this ratio of the largest to the smallest value on, a histogram's axis is logarithmic


def run_charts(run: Mapping[str, Any], examples: Mapping[str, Any]) -> list[Chart]:
    """The charts of a run; one whose figures are not there is left out."""
    found = [funnel(run["stages"], run["read"]["records"]), *_rules(run), *_languages(examples.get("languages", ()))]
    found += [chart for one in examples.get("signals", ()) if (chart := histogram(one)) is not None]
    return [*found, *_cost(run["stages"])]


Bar = tuple[str, Sequence[tuple[float, str]], str, str]  # name, parts (value, colour), what stands beside it, tip


def bars(
    drawing: Drawing, found: Sequence[Bar], left: float, top: float, width: float,
    labels: bool = True, label_share: float = LABEL_SHARE,
) -> float:  # fmt: skip
    """Bars of parts, one below the other, each with a text behind it; returns where they end."""
    rows = Rows([name for name, *_ in found], left + width, top, share=label_share)
    begin = rows.left if labels else left
    room = max((text_width(beside) for _, _, beside, _ in found), default=0.0) + 14
    most = max((sum(value for value, _ in parts) for _, parts, _, _ in found), default=0.0)
    scale = Scale(0.0, most or 1.0, begin, max(begin + 40, left + width - room))
    if labels:
        rows.labels(drawing)
    for place, (_, parts, beside, tip) in enumerate(found):
        y, at = rows.middle(place), 0.0
        drawing.line(begin, y - rows.thick / 2, begin, y + rows.thick / 2, AXIS)
        for value, colour in parts:
            if value > 0:
                x = scale(at)
                drawing.rect(x, y - rows.thick / 2, max(1.0, scale(at + value) - x), rows.thick, colour, tip=tip)
                at += value
        drawing.text(scale(at) + 6, y, beside)
    return rows.bottom


def funnel(stages: Sequence[Mapping[str, Any]], read: int, name: str = "funnel") -> Chart:
    """What each stage keeps and removes of the documents that come to it, and the bytes it keeps."""
    names = unique([stage["stage"] for stage in stages])
    documents: list[Bar] = [
        (
            label,
            ((stage["kept"], BLUE), (stage["dropped"], ORANGE), (stage["failed"], RED)),
            f"{stage['kept']:,} ({share(stage['kept'], read)})",
            f"{label}: {stage['in']:,} in, {stage['kept']:,} kept, {stage['dropped']:,} dropped, "
            f"{stage['failed']:,} failed",
        )
        for stage, label in zip(stages, names, strict=True)
    ]
    kept: list[Bar] = [
        (
            label,
            ((stage["bytes_kept"], BLUE),),
            size(stage["bytes_kept"]),
            f"{label}: {stage['bytes_kept']:,} bytes kept",
        )
        for stage, label in zip(stages, names, strict=True)
    ]

    def draw(width: float) -> Drawing:
        drawing = Drawing()
        colours = {"kept": BLUE, "dropped": ORANGE, "failed": RED}
        top = legend(drawing, colours, 0, heading(drawing, "What each stage keeps", width), width) + 26
        beside = width >= 900 and Rows(names, width, 0).beside
        left = Rows(names, width, 0).left
        half = left + (width - left) / 2 - 12 if beside else width
        drawing.text(left, top, "documents (share of what was read)", weight="600")
        end = bars(drawing, documents, 0, top + 12, half, label_share=1.0 if beside else LABEL_SHARE)
        if beside:
            drawing.text(half + 24, top, "bytes kept (of bodies when read, then of text)", weight="600")
            bars(drawing, kept, half + 24, top + 12, width - half - 24, labels=False, label_share=1.0)
        else:
            drawing.text(left, end + 16, "bytes kept (of bodies when read, then of text)", weight="600")
            bars(drawing, kept, 0, end + 28, width)
        return drawing

    columns = ("stage", "documents in", "documents kept", "documents dropped", "documents failed", "bytes kept")
    rows = [(one["stage"], one["in"], one["kept"], one["dropped"], one["failed"], one["bytes_kept"]) for one in stages]
    return Chart(name, "What each stage keeps", columns, rows, draw)


def titled(title: str, found: Sequence[Bar], colours: Mapping[str, str] | None = None) -> Any:
    """The function that draws bars under a title, and a legend where there are several colours."""

    def draw(width: float) -> Drawing:
        drawing = Drawing()
        top = heading(drawing, title, width) - 10
        top = legend(drawing, colours, 0, top + 10, width) + 12 if colours else top
        bars(drawing, found, 0, top, width)
        return drawing

    return draw


def _rules(run: Mapping[str, Any]) -> list[Chart]:
    counts = [
        (count, f"{stage['stage']}:{rule}")
        for stage in run["stages"]
        for rule, count in stage["dropped_by_rule"].items()
    ]
    if not counts:
        return []
    counts.sort(key=lambda one: (-one[0], one[1]))
    read = run["read"]["records"]
    names = rule_names([name for _, name in counts[:MOST_RULES]])
    found: list[Bar] = [
        (label, ((count, ORANGE),), f"{count:,} ({share(count, read)})", f"{name}: {count:,} of {read:,} documents")
        for (count, name), label in zip(counts, names, strict=False)
    ]
    title = "Documents that each rule removes (share of what was read)"
    if len(counts) > MOST_RULES:
        title = f"Documents that each rule removes, the {MOST_RULES} of {len(counts)} that remove most"
    rows = [(name, count) for count, name in counts]
    return [Chart("rules", title, ("rule", "documents removed"), rows, titled(title, found))]


def _languages(languages: Sequence[Mapping[str, Any]]) -> list[Chart]:
    counts = [(one["language"] or "not detected", one["kept"], sum(one["dropped"].values())) for one in languages]
    if len(counts) < 2:
        return []
    counts.sort(key=lambda one: (-one[1] - one[2], one[0]))
    found: list[Bar] = [
        (
            shown(name, 40),
            ((kept, BLUE), (dropped, ORANGE)),
            f"{kept:,} of {kept + dropped:,} kept",
            f"{shown(name, 40)}: {kept:,} documents kept, {dropped:,} dropped",
        )
        for name, kept, dropped in counts[:MOST_LANGUAGES]
    ]
    more = f", the {MOST_LANGUAGES} commonest of {len(counts)}" if len(counts) > MOST_LANGUAGES else ""
    title = f"Documents by language{more}"
    columns = ("language", "documents kept", "documents dropped")
    return [Chart("languages", title, columns, counts, titled(title, found, {"kept": BLUE, "dropped": ORANGE}))]


def _cost(stages: Sequence[Mapping[str, Any]]) -> list[Chart]:
    spent = sum(stage["cpu_seconds"] for stage in stages)
    if not spent:
        return []
    names = unique([stage["stage"] for stage in stages])
    found: list[Bar] = [
        (label, ((seconds, BLUE),), f"{seconds:,.3g} s ({share(seconds, spent)})", f"{label}: {seconds:,.3g} CPU s")
        for label, seconds in zip(names, (stage["cpu_seconds"] for stage in stages), strict=True)
    ]
    rows = [(stage["stage"], stage["cpu_seconds"]) for stage in stages]
    title = "CPU seconds of each stage"
    return [Chart("cost", title, ("stage", "CPU seconds"), rows, titled(title, found))]


SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}


def is_constant(signal: Mapping[str, Any]) -> bool:
    """Whether all values of a signal are in one bin, so that there is nothing to draw."""
    return len(signal["bins"]) < 2


def histogram(signal: Mapping[str, Any]) -> Chart | None:
    """How many documents have which value, and the thresholds; None where all have the same."""
    if is_constant(signal):
        return None
    title = f"{signal['stage']}: {signal['signal']}"
    found = [
        (-math.inf if low is None else low, math.inf if high is None else high, passed, failed)
        for low, high, passed, failed in signal["bins"]
    ]
    limits = sorted({float(rule["value"]) for rule in signal["rules"]})
    columns = ("from", "to", "documents that pass", "documents that fail")
    return Chart(
        f"signal {title}", title, columns, signal["bins"], partial(_draw_histogram, signal, found, limits), small=True
    )


Bins = Sequence[tuple[float, float, int, int]]


def _draw_histogram(signal: Mapping[str, Any], found: Bins, limits: Sequence[float], width: float) -> Drawing:
    low, high, beyond = _range(found, limits)
    positive = [one[0] for one in found if one[0] > 0 and one[1] <= high]
    logarithmic = low >= 0 and bool(positive) and high / max(min(positive), 1e-9) > _LOG_FROM and high > 1
    merged = _log_bars(found, high) if logarithmic else _linear_bars(found, low, high)
    low, high = min(low, merged[0][0]), max(high, merged[-1][1])
    drawing = Drawing()
    below = heading(drawing, shown(signal["signal"], 80), width, TITLE - 1)
    drawing.text(0, below - 5, shown(signal["stage"], 60), most=width)
    colours = {"documents that pass": BLUE, "that fail": ORANGE} if signal["rules"] else {"documents": BLUE}
    top = legend(drawing, colours, 0, below + 15, width) + 24
    bottom, left, right = top + 112, 48.0, width - 6
    most = max(one[2] + one[3] for one in merged)
    y = Scale(0.0, most, bottom, top)
    for value in sorted({0, most // 2, most}):
        drawing.line(left, y(value), right, y(value), GRID)
        drawing.text(left - 5, y(value), _count(value), anchor="end")
    along = _log_axis if logarithmic else _axis
    x = along(drawing, min(positive, default=low) if logarithmic else low, high, left, right, bottom)
    for start, end, passed, failed in merged:
        begin, stop = x(start), x(end)
        wide = max(2.0, stop - begin - 0.5)
        tip = f"{start:.4g} to {end:.4g}: {passed:,} documents pass, {failed:,} fail"
        if passed:
            drawing.rect(begin, y(passed), wide, bottom - y(passed), BLUE, tip=tip)
        if failed:
            drawing.rect(begin, y(passed + failed), wide, y(passed) - y(passed + failed), ORANGE, tip=tip)
    for limit in limits:
        said = "; ".join(_said([rule for rule in signal["rules"] if float(rule["value"]) == limit]))
        drawing.line(x(limit), top - 6, x(limit), bottom, RED, 1.5, dash="4 3", tip=said)
    for place, line in enumerate([*_said(signal["rules"]), *([f"{beyond:,} documents beyond"] if beyond else [])]):
        drawing.text(0, bottom + 31 + 17 * place, line, most=width)
    return drawing


def _count(value: float) -> str:
    """A number of documents in few characters."""
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= least:
            return f"{value / (1e3 if unit == 'k' else least):.3g}{unit}"
    return f"{value:,.4g}"


def _said(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each bound of a rule; for which languages, where it has several."""
    values = Counter(rule["rule"] for rule in rules)
    lines = []
    for rule in rules:
        names = [language or "none" for language in rule["languages"]]
        more = f" and {len(names) - 3} more" if len(names) > 4 else ""
        languages = f" ({', '.join(names[: 3 if more else 4])}{more})" if values[rule["rule"]] > 1 else ""
        lines.append(f"{shown(rule['rule'], 40)}: {SIGNS[rule['bound']]} {rule['value']:,.6g}{languages}")
    return lines


def _range(found: Bins, limits: Sequence[float]) -> tuple[float, float, int]:
    """What is drawn: all but half a percent at either end, and the thresholds; and how many documents lie beyond."""
    total = sum(passed + failed for _, _, passed, failed in found)
    low, high, seen = math.inf, -math.inf, 0
    for start, end, passed, failed in found:
        before, seen = seen, seen + passed + failed
        if seen > 0.005 * total and before < 0.995 * total and math.isfinite(start) and math.isfinite(end):
            low, high = min(low, start), max(high, end)
    low, high = min([low, *limits]), max([high, *limits])
    if low >= 0 and low < 0.5 * high:
        low = 0.0
    return low, high, sum(one[2] + one[3] for one in found if one[0] < low or one[1] > high * (1 + 1e-9))


def _linear_bars(found: Bins, low: float, high: float) -> list[tuple[float, float, int, int]]:
    """Bins joined to bars of one width, a power of two, so that every bin lies in one bar."""
    widest = 2.0 ** (math.floor(math.log2(max(abs(low), abs(high), 1e-6))) - 5)
    step = max(widest, 2.0 ** math.ceil(math.log2(max(high - low, 1e-9) / _BARS)))
    bars_: dict[int, list[int]] = {}
    for start, end, passed, failed in found:
        if start >= low and end <= high * (1 + 1e-9) + 1e-12:
            sums = bars_.setdefault(math.floor(start / step), [0, 0])
            sums[0] += passed
            sums[1] += failed
    merged = [(place * step, (place + 1) * step, sums[0], sums[1]) for place, sums in sorted(bars_.items())]
    return merged or [(low, high, 0, 0)]


def _log_bars(found: Bins, high: float) -> list[tuple[float, float, int, int]]:
    """Bins joined to bars of about one width on a logarithmic axis; values of 0 stand at its beginning."""
    inside = [one for one in found if one[0] > 0 and one[1] <= high * (1 + 1e-9)]
    octaves = max(1.0, math.log2(max(one[1] for one in inside) / min(one[0] for one in inside)))
    each = 2 ** max(0, min(5, math.floor(math.log2(_BARS / octaves)))) if octaves <= _BARS else 1
    bars_: dict[tuple[int, int], list[float]] = {}
    for start, end, passed, failed in inside:
        power = math.floor(math.log2(start))
        sums = bars_.setdefault((power, int((start / 2.0**power - 1) * each)), [start, end, 0, 0])
        sums[0], sums[1] = min(sums[0], start), max(sums[1], end)
        sums[2] += passed
        sums[3] += failed
    least = min(one[0] for one in inside)
    zero = [(least / 1.3, least, one[2], one[3]) for one in found if one[0] == 0]
    return [*zero, *((a, b, int(c), int(d)) for _, (a, b, c, d) in sorted(bars_.items()))]


def _axis(drawing: Drawing, low: float, high: float, left: float, right: float, bottom: float) -> Scale:
    at = ticks(low, high, 3)
    scale = Scale(low, high if high > low else low + 1, left, right)
    for value in at:
        if low <= value <= high:
            drawing.line(scale(value), bottom, scale(value), bottom + 4, AXIS)
            drawing.text(scale(value), bottom + 13, number(value), anchor="middle" if value < high else "end")
    return scale


def _log_axis(drawing: Drawing, low: float, high: float, left: float, right: float, bottom: float) -> Any:
    begin, end = math.log10(low / 1.3), math.log10(high)

    def scale(value: float) -> float:
        share_ = (math.log10(value) - begin) / (end - begin) if value > 0 else 0.0
        return left + (right - left) * min(1.0, max(0.0, share_))

    powers = range(math.ceil(begin), math.floor(end) + 1)
    step = max(1, math.ceil(len(powers) / 5))
    for power in powers[::step]:
        drawing.line(scale(10.0**power), bottom, scale(10.0**power), bottom + 4, AXIS)
        drawing.text(scale(10.0**power), bottom + 13, _count(10.0**power), anchor="middle" if power < end else "end")
    return scale
