"""A report as one HTML file that opens offline, and as Markdown."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from curate.report.text import MOST, shown

_MARKUP = re.compile(r"[\\`*\[\]<>|~#]")


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _percent(share: Any) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _points(share: Any) -> str:
    """A difference of two shares, in percentage points."""
    return "–" if share is None else f"{100 * share:+.1f}"


def _change(value: Any) -> str:
    """A difference of small numbers, such as bits a byte."""
    return "–" if value is None else f"{value:+.3f}"


def _signed(value: Any) -> str:
    return "–" if value is None else f"{value:+,}"


_FIGURES = {"number": _number, "percent": _percent, "points": _points, "signed": _signed, "change": _change}


def _plain(text: Any, most: int = MOST) -> str:
    """A text for a cell of a Markdown table: one line, with what Markdown would read as markup escaped."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(shown(text, most).split()))


def _html() -> Environment:
    environment = Environment(
        loader=PackageLoader("curate.report"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=shown, number=_number, percent=_percent, points=_points, signed=_signed, change=_change
    )
    return environment


def _markdown() -> Environment:
    environment = Environment(
        loader=PackageLoader("curate.report"),
        autoescape=False,  # noqa: S701 - Markdown, not HTML: `visible` escapes what comes from data
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=_plain, number=_number, percent=_percent, points=_points, signed=_signed, change=_change
    )
    return environment


def run_report(result: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a run, from what run.json holds: its funnel, and what the corpus stages found."""
    return {
        "kind": "run",
        "name": result["recipe"]["name"],
        "description": "",
        "summary": run_summary(result),
        "run": dict(result),
    }


def run_summary(result: Mapping[str, Any]) -> list[str]:
    """Three sentences: what was kept, which rule removed most, and whether it adds up."""
    read, kept = result["read"]["records"], result["kept"]
    share = f" ({kept / read:.1%})" if read else ""
    files = _many(result["read"]["files"], "file")
    first = f"Of {_many(read, 'record')} in {files}, {kept:,} {'was' if kept == 1 else 'were'} kept{share}."
    rules = [
        (count, stage["stage"], rule) for stage in result["stages"] for rule, count in stage["dropped_by_rule"].items()
    ]
    second = "No rule removed anything."
    if rules:
        count, stage, rule = max(rules, key=lambda found: (found[0], found[1], found[2]))
        second = f"The rule that removed most is {stage}:{rule} with {_many(count, 'document')}."
    third = f"{_many(result['failed'], 'record')} failed; read = kept + dropped + failed holds."
    if not result["conserved"]:
        third = "The run does NOT add up: see differences in run.json."
    return [first, second, third]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def render_html(report: Mapping[str, Any]) -> str:
    """The page. Everything in it is escaped; it loads nothing."""
    from curate.report.charts import charts

    return _html().get_template("report.html").render(report=report, charts=charts(report))


def render_markdown(report: Mapping[str, Any]) -> str:
    """The same figures as Markdown, without charts and samples."""
    return _markdown().get_template("report.md").render(report=report)
