"""What the command line shows of a result: the funnel, the arms, tables of figures."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from curate.report.summary import balance
from pipelines import storage


class _Out(Console):
    """Standard output. A run is not ended because nobody reads on."""

    def on_broken_pipe(self) -> None:
        """Show no more."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_NARROW = 70  # columns of a terminal

# Where no terminal sets a width, lines are as long as they need be: tables in files and pipes stay whole.
out = _Out(highlight=False, width=None if sys.stdout is not None and sys.stdout.isatty() else 1000)


def _count(number: int) -> str:
    return f"{number:,}"


def show_funnel(result: Mapping[str, Any], output: str) -> None:
    """The funnel of a run: in, kept, dropped by rule and failed for every stage, and where the output is."""
    rows = []
    for stage in result["stages"]:
        reasons = {
            **stage["dropped_by_rule"],
            **{f"{name} (failed)": n for name, n in stage["failed_by_reason"].items()},
        }
        rules = ", ".join(f"{name} {_count(n)}" for name, n in sorted(reasons.items(), key=lambda item: -item[1]))
        rows.append([stage["stage"], *(_count(stage[name]) for name in ("in", "kept", "dropped", "failed")), rules])
    _show_table("Funnel", ["stage", "in", "kept", "dropped", "failed", "by rule"], rows)
    out.print(f"\n{balance(result)}")
    if unread := _unread(result):
        out.print(unread, markup=False)
    if result["kept_rows"] != result["kept"]:
        out.print(f"{_count(result['kept_rows'])} rows in kept/: the kept documents were split into sentences")
    if result["repeated_ids"]:
        out.print(f"{_count(result['repeated_ids'])} kept rows share an id with another row")
    if not result["conserved"]:
        for kind in ("missing", "extra"):
            for source, offset in result["differences"][kind][:10]:
                out.print(f"  {kind}: {source} at {offset}", markup=False)
        for sentence in result["differences"]["plan"][:10]:
            out.print(f"  {sentence}", markup=False)
    out.print(f"{result['cpu_seconds']} CPU s, {result['wall_seconds']} s of wall time")
    out.print(f"output: {output}", markup=False)
    out.print(f"report: {storage.join(output, 'report.html')}", markup=False)


def _show_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table; on a narrow terminal, where names would be cut, a paragraph a row."""
    if out.width >= _NARROW:
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for place, name in enumerate(columns):
            words = place == 0 or name == "by rule"
            table.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
        for row in rows:
            table.add_row(*map(escape, row))
        out.print(table)
        return
    out.print(title)
    for first, *others in rows:
        out.print(first, markup=False, soft_wrap=True)
        said = [f"{name} {value}" for name, value in zip(columns[1:], others, strict=False) if value]
        out.print(Padding(Text(", ".join(said)), (0, 0, 0, 2)))


def _unread(result: Mapping[str, Any]) -> str:
    """The types of records that were not read, with their numbers; "" where all were."""
    wanted = {"row", *result["recipe"].get("records", ())}
    others = {kind: count for kind, count in result["read"]["types"].items() if kind not in wanted}
    if not others:
        return "" if result["read"]["records"] else "nothing was read: the input is empty"
    counts = ", ".join(f"{_count(count)} {kind}" for kind, count in sorted(others.items(), key=lambda item: -item[1]))
    nothing = "" if result["read"]["records"] else "nothing was read; "
    more = (
        "; records: [response, conversion, resource] in the recipe reads resource records"
        if "resource" in others
        else ""
    )
    return f"{nothing}records of other types: {counts}{more}"


def failures(result: Mapping[str, Any], output: str) -> list[str]:
    """A warning where so much failed that the input or the recipe may be the wrong one; most often there is none."""
    read, kept, failed = result["read"]["records"], result["kept"], result["failed"]
    if not failed or (kept and failed * 2 <= read):
        return []
    reasons = Counter[str]()
    for stage in result["stages"]:
        reasons.update({f"{stage['stage']}: {reason}": count for reason, count in stage["failed_by_reason"].items()})
    (most, count), *_ = reasons.most_common(1)
    nothing = "nothing was kept, and " if not kept else ""
    where = storage.join(output, "failed")
    return [
        f"{nothing}{_count(failed)} of {_count(read)} records failed, most by {most} ({_count(count)}); see {where}/"
    ]


def show_arms(report: Mapping[str, Any], output: str) -> None:
    """The arms of an ablation, what they keep and how they differ from the base."""
    rows = []
    for arm in report["arms"]:
        cells = [_count(arm["kept"][name]) for name in ("documents", "bytes", "tokens")]
        difference = arm.get("difference")
        if difference:
            low, high = difference["documents_interval"]
            # shares of all records read, so their difference is in points, not per cent of the base
            cells += [
                f"{100 * difference['documents']:+.1f} points",
                f"{100 * low:+.1f} to {100 * high:+.1f}",
                f"{arm['pair']['jaccard']:.3f}",
            ]
        rows.append([arm["name"], *cells])
    columns = ["arm", "kept", "bytes", "tokens", "share kept, to base", "95 % interval", "Jaccard"]
    _show_table("Arms", columns, rows)
    for sentence in report["summary"]:
        out.print(sentence, markup=False)
    out.print(f"{report['cpu_seconds']} CPU s, {report['wall_seconds']} s of wall time")
    out.print(f"report: {storage.join(output, 'report.html')}", markup=False)


def show_rows(rows: list[dict[str, str]]) -> None:
    """Rows of figures as a table. A column that says nothing in any row is left out."""
    table = Table(box=None, pad_edge=False)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    columns = [name for name in columns if any(row.get(name, "") not in ("", "0 of 0") for row in rows)]
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in ("strategy", "set", "type"))
    for row in rows:
        table.add_row(*(escape(row.get(name, "")) for name in columns))
    out.print(table)


def show_samples(groups: list[tuple[str, list[str]]]) -> None:
    """Lines to read, below the name of what they are samples of."""
    for name, lines in groups:
        out.print(f"\n{escape(name)}")
        for line in lines:
            out.print(f"  {escape(line)}", soft_wrap=True, highlight=False)
