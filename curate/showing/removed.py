"""What a run removed: documents by stage and rule, with values, thresholds and texts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curate.report.summary import balance
from curate.rundir import UsageError
from curate.showing.choosing import Group, choose
from curate.showing.directory import Output
from curate.showing.lines import Line, line
from curate.showing.passages import Snippets, Walks, Way
from curate.showing.reported import SAID, Reported
from curate.showing.walking import number
from filters.contracts import Judge


def chosen_groups(output: Output, rule: str = "", stage: str = "") -> dict[str, Counter[Group]]:
    """The groups (stage, rule) of dropped/ and the groups (stage, reason) of failed/ that are asked for, with their
    numbers of documents.

    rule   the name of a rule or of a reason, or STAGE:RULE; empty: all      stage  the name of a stage; empty: all
    Raises UsageError that lists the known ones.
    """
    tables = dict(zip(("dropped", "failed"), output.removed(), strict=True))
    groups = {
        table: Counter({(where, name): count for where, names in found.items() for name, count in names.items()})
        for table, found in tables.items()
    }
    if stage:
        output.check_stage(stage)
    wanted = {
        table: Counter({group: count for group, count in found.items() if _is(group, rule, stage)})
        for table, found in groups.items()
    }
    if rule and not any(wanted.values()) and not _has_rule(output, rule, stage):
        there = sorted(f"{where}:{name}" for found in groups.values() for where, name in found if stage in ("", where))
        known = f"it has: {', '.join(there)}" if there else "nothing was removed"
        raise UsageError(f"{output.root}: no document was removed by {rule}{f' in {stage}' if stage else ''} ({known})")
    return wanted


def _has_rule(output: Output, rule: str, stage: str) -> bool:
    """Whether a judge of the recipe has a rule that removed nothing."""
    return any(
        _is((step.name, one.name), rule, stage)
        for step in output.loaded().steps
        if isinstance(step.strategy, Judge)
        for one in step.strategy.rules("")
    )


def _is(group: Group, rule: str, stage: str) -> bool:
    return stage in ("", group[0]) and rule in ("", group[1], f"{group[0]}:{group[1]}")


def removed(output: Output, rule: str = "", stage: str = "", most: int = 20) -> list[Line]:
    """The documents that rules removed, in the order of the stages: at most `most`, spread evenly over the rules."""
    groups = chosen_groups(output, rule, stage)
    order = {name: place for place, name in enumerate(output.stages())}
    listed = sorted(
        (order.get(group[0], -1), -count, group, table)
        for table, found in groups.items()
        for group, count in found.items()
    )
    lines = _heading(output, groups)
    if not listed:
        by, where = f" by {rule}" if rule else "", f" in {stage}" if stage else ""
        return [*lines, line(f"Nothing was removed{by}{where}.")]
    each = _spread(most, [-count for _, count, _, _ in listed])
    shares = {(table, group): each[place] for place, (_, _, group, table) in enumerate(listed)}
    rows = {
        table: choose(output, table, lambda group, table=table: shares.get((table, group), 0))  # type: ignore[misc]
        for table, found in groups.items()
        if found
    }
    walks = Walks(output)
    snippets = Snippets(walks.recipe.steps)
    reported = Reported(output)
    shown = [(table, row) for table, found in rows.items() for some in found.values() for row in some]
    ways = walks.of(shown)
    told: list[Line] = []
    falls_back = False
    for _, count, group, table in listed:
        what = "dropped" if table == "dropped" else "failed"
        told += [line(""), line((f"{group[0]}:{group[1]}", "head"), f"  {-count:,} {what}")]
        documents = [(row, ways[(row["source"], row["offset"])]) for row in rows[table].get(group, ())]
        known = reported.dropped(group) if any(_is_lost(way) for _, way in documents) else []
        falls_back |= bool(known)
        whole = {row["id"]: row for row, _ in documents}
        reported_ids = {row["id"] for row, _ in known}
        others = [(row, _text(way, snippets)) for row, way in documents if row["id"] not in reported_ids]
        known = [(whole.get(row["id"], row), text) for row, text in known]
        for row, text in [*known, *others][: len(documents)]:
            told += _document(row, text)
    said = sorted({way.said for way in ways.values() if way.said} - {walks.trouble})
    for note in filter(None, [walks.changed(), *said][:5]):
        lines.append(line((note, "dim")))
    return [*lines, *([line((SAID, "dim"))] if falls_back else []), *told]


def _spread(most: int, counts: Sequence[int]) -> list[int]:
    """`most` documents dealt to groups of these sizes, one to each in turn while it has more."""
    dealt = [0] * len(counts)
    left = min(most, sum(counts))
    while left:
        for place, count in enumerate(counts):
            if left and dealt[place] < count:
                dealt[place] += 1
                left -= 1
    return dealt


def _heading(output: Output, groups: Mapping[str, Counter[Group]]) -> list[Line]:
    if output.finished:
        return [line(balance(output.result))]
    dropped, failed = (found.total() for found in groups.values())
    return [line(f"The run was stopped. So far: {dropped:,} dropped and {failed:,} failed of what is shown here.")]


def _document(row: Mapping[str, Any], text: tuple[str, str] | None) -> list[Line]:
    name = row["id"] or f"{row['source']} at {row['offset']:,}"
    lines = [line(f"{name}  {figures(row)}".rstrip(), indent=1)]
    return [*lines, line(text, indent=2)] if text is not None and text[0] else lines


def _text(way: Way, snippets: Snippets) -> tuple[str, str] | None:
    return snippets.text(way.document) if way.document is not None and way.document.text else None


def _is_lost(way: Way) -> bool:
    """Whether the text that the run saw cannot be made again."""
    return bool(way.said) and way.row.get("text") is None


def figures(row: Mapping[str, Any]) -> str:
    """Why a row was removed: value and threshold, the document that was kept in its place, or what went wrong."""
    if "reason" in row:
        return str(row["detail"] or "")
    parts = []
    for value, threshold in ((row["value"], row["threshold"]), (row["value_name"], row["threshold_name"])):
        if value is not None:
            limit = f", limit {number(threshold)}" if threshold is not None else ""
            parts.append(f"value {number(value)}{limit}")
    if row["kept_id"]:
        parts.append(f"a duplicate of {row['kept_id']}")
    if row["similarity"] is not None:
        parts.append(f"similarity {row['similarity']:.2f}")
    if others := row["also_failed"]:
        parts.append("also " + ", ".join(f"{other['rule']} {number(_value(other))}" for other in others))
    return "; ".join(parts)


def _value(rule: Mapping[str, Any]) -> Any:
    return rule["value"] if rule["value"] is not None else rule["value_name"]
