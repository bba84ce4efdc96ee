"""The charts of a report by name, and as files: an SVG and a CSV of each, and a PDF where it is asked for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.report.ablation_charts import ablation_charts
from curate.report.agreement_charts import agreement_charts
from curate.report.chart import MIDDLE, SMALL, Chart
from curate.report.run_charts import run_charts
from filters.needs import need


def charts(report: Mapping[str, Any]) -> dict[str, Chart]:
    """The charts of a report of a run or of an ablation; a chart whose figures are not there is left out."""
    if report["kind"] == "ablation":
        found = [*ablation_charts(report), *agreement_charts(report.get("agreement"))]
        return {chart.name: chart for chart in found}
    return {chart.name: chart for chart in run_charts(report["run"], report["examples"])}


def file_name(name: str) -> str:
    """The name of a chart's files, without what some file systems refuse."""
    return re.sub(r"[^\w.=-]+", "-", name).strip("-.")[:100] or "chart"


def write_figures(report: Mapping[str, Any], folder: Path, pdf: bool = False) -> list[Path]:
    """Write NAME.svg and NAME.csv of each chart, black on white, and NAME.pdf if asked for; returns the paths.

    Raises ResourceError where PDF is asked for and the package that makes it is not there; nothing is written then.
    """
    html = need("weasyprint", "PDF").HTML if pdf else None
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, chart in charts(report).items():
        path = folder / file_name(name)
        while path.with_name(f"{path.name}.svg") in written:
            path = path.with_name(f"{path.name}-2")
        svg = chart.svg(SMALL if chart.small else MIDDLE)
        for ending, text in (("svg", f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'), ("csv", chart.csv())):
            written.append(path.with_name(f"{path.name}.{ending}"))
            written[-1].write_text(text, encoding="utf-8", errors="replace")
        if html is not None:
            written.append(path.with_name(f"{path.name}.pdf"))
            html(string=_sheet(svg)).write_pdf(written[-1])
    return written


def _sheet(svg: str) -> str:
    """A page that a drawing fills."""
    width, height = (re.search(rf'\b{name}="([\d.]+)"', svg) for name in ("width", "height"))
    if width is None or height is None:
        raise ValueError("a drawing without a size")
    page = f"@page {{ size: {width[1]}px {height[1]}px; margin: 0 }} body {{ margin: 0 }} svg {{ display: block }}"
    return f"<!doctype html><meta charset=utf-8><style>{page}</style>{svg}"
