"""A report as one HTML file that opens offline, and as Markdown."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

# Characters that would turn the page around or hide text: they are shown by their code.
_HIDDEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def visible(text: Any) -> str:
    """A text with control and bidirectional formatting characters shown as their code points."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", str(text))


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _percent(share: Any) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _environment(autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("curate.report"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=visible, number=_number, percent=_percent)
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
    first = f"Of {read:,} records in {result['read']['files']:,} files, {kept:,} were kept{share}."
    rules = [
        (count, stage["stage"], rule) for stage in result["stages"] for rule, count in stage["dropped_by_rule"].items()
    ]
    second = "No rule removed anything."
    if rules:
        count, stage, rule = max(rules, key=lambda found: (found[0], found[1], found[2]))
        second = f"The rule that removed most is {stage}:{rule} with {count:,} documents."
    third = f"{result['failed']:,} records failed; read = kept + dropped + failed holds."
    if not result["conserved"]:
        third = "The run does NOT add up: see differences in run.json."
    return [first, second, third]


def render_html(report: Mapping[str, Any]) -> str:
    """The page. Everything in it is escaped; it loads nothing."""
    from curate.report.charts import charts

    return _environment(True).get_template("report.html").render(report=report, charts=charts(report))


def render_markdown(report: Mapping[str, Any]) -> str:
    """The same figures as Markdown, without samples."""
    return _environment(False).get_template("report.md").render(report=report)
