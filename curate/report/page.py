"""A report as one HTML file that opens offline, and as Markdown."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from curate.report.chart import Chart, size
from curate.report.charts import charts
from curate.report.run_charts import is_constant
from curate.report.text import MOST, shown
from filters.snippets import GAP, Piece, difference

_MARKUP = re.compile(r"[\\`*\[\]<>|~#]")


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _percent(share: Any) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _points(share: Any) -> str:
    """A difference of two shares, in percentage points."""
    return "–" if share is None else _plus(f"{100 * share:+.1f}")


def _change(value: Any) -> str:
    """A difference of small numbers, such as bits a byte."""
    return "–" if value is None else _plus(f"{value:+.3f}")


def _signed(value: Any) -> str:
    return "–" if value is None else _plus(f"{value:+,}")


def _plus(figure: str) -> str:
    """A figure with its sign, but zero without one."""
    return figure if figure.strip("+-0.,") else figure[1:]


_OPEN = 3  # rules whose examples are unfolded
_NO_EXAMPLES: Mapping[str, Any] = {
    "dropped": [], "changed": [], "duplicates": [], "kept": [], "signals": [], "languages": [],
}  # fmt: skip
_FIGURES = {"number": _number, "percent": _percent, "points": _points, "signed": _signed, "change": _change}


def _plain(text: Any, most: int = MOST) -> str:
    """A text for a cell of a Markdown table: one line, with what Markdown would read as markup escaped."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(shown(text, most).split()))


def _blanks(text: str) -> str:
    """White space that was changed and nothing else, made visible."""
    return text.replace("\n", "⏎\n").replace(" ", "␣").replace("\t", "⇥") if text.isspace() else text


def _measured(value: Any) -> str:
    """A value or a threshold of a rule: a number, or a category."""
    return shown(value, 60) or "–" if isinstance(value, str) else f"{value:,.6g}"


def _beside(pair: Mapping[str, Any]) -> tuple[list[Piece], list[Piece]]:
    """The texts of two duplicates as pieces, with what differs marked in both."""
    cut = pair["text"].endswith("…") and pair["kept_text"].endswith("…")
    found = difference(*(pair[name].removesuffix("…" if cut else "") for name in ("text", "kept_text")))
    while cut and found and found[-1].kind != "same":  # where the texts are cut, which is not at the same word
        found.pop()
    found += [GAP] if cut else []
    return [piece for piece in found if piece.kind != "added"], [piece for piece in found if piece.kind != "removed"]


def _environment(html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("curate.report"),
        autoescape=html,  # noqa: S701 - off only for Markdown, where the filter `visible` escapes data
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FIGURES, visible=shown if html else _plain, blanks=_blanks, measured=_measured)
    environment.filters.update(beside=_beside, size=size)
    return environment


def run_report(result: Mapping[str, Any], examples: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The report of a run, from what run.json and examples.json hold."""
    return {
        "kind": "run",
        "name": result["recipe"]["name"],
        "description": "",
        "summary": run_summary(result),
        "run": dict(result),
        "examples": dict(examples or _NO_EXAMPLES),
    }


def run_summary(result: Mapping[str, Any]) -> list[str]:
    """Three sentences: what was kept, which rule removed most, and whether it adds up."""
    read, kept = result["read"]["records"], result["kept"]
    share = f" ({100 * kept / read:.1f} %)" if read else ""
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
    """The page. Everything in it is escaped; it loads nothing, and its one script is allowed by its hash."""
    environment = _environment(html=True)
    script = environment.loader.get_source(environment, "page.js")[0] if environment.loader else ""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    drawn = charts(report)
    more = _of_run(report, drawn) if report["kind"] == "run" else {}
    return environment.get_template("page.html").render(
        report=dict(report),  # of what a notebook holds, the items and not the attributes
        charts=drawn,
        script=Markup(script),  # noqa: S704 - this project's own
        script_hash=f"sha256-{digest}",
        **more,
    )


def _of_run(report: Mapping[str, Any], drawn: Mapping[str, Chart]) -> dict[str, Any]:
    """What the page of a run shows, put together from its figures and its examples."""
    run, examples = report["run"], report["examples"]
    counts = {
        (stage["stage"], rule): count for stage in run["stages"] for rule, count in stage["dropped_by_rule"].items()
    }
    groups = [
        {
            **group,
            "count": counts.get((group["stage"], group["rule"]), len(group["examples"])),
            "measured": any(one["value"] != "" or one["threshold"] != "" for one in group["examples"]),
            "open": False,
            "named": any(one["url"] or not one["text"] for one in group["examples"]),
        }
        for group in examples["dropped"]
    ]
    for group in [group for group in groups if any(one["text"] for one in group["examples"])][:_OPEN]:
        group["open"] = True
    return {
        "groups": groups,
        "edited": [stage for stage in run["stages"] if stage.get("characters_edited_by_rule")],
        "signal_charts": [chart for name, chart in drawn.items() if name.startswith("signal ")],
        "constant": [signal for signal in examples["signals"] if is_constant(signal)],
        "inputs": sorted(run.get("input", ())),
    }


def render_markdown(report: Mapping[str, Any]) -> str:
    """The same figures as Markdown, without charts and samples."""
    return _environment(html=False).get_template("report.md").render(report=dict(report))
