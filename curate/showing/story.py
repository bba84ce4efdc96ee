"""One document's whole way through a run, stage by stage, with values."""

from collections.abc import Mapping

from rich.cells import cell_len

from curate.rundir import UsageError
from curate.showing.changed import change
from curate.showing.choosing import duplicates_of, with_id
from curate.showing.directory import Output
from curate.showing.lines import Line, line
from curate.showing.passages import Snippets, Walks, Way, kept_document
from curate.showing.removed import figures
from curate.showing.reported import SAID, Reported
from curate.showing.walking import Check, Passage, number
from filters.document import Document


def story(output: Output, id: str, diff: bool = False) -> list[Line]:
    """The way of the document with an id (of several that share it: each). Raises UsageError where there is none.

    diff  whether the first change of each rewriter is shown
    """
    found = with_id(output, id)
    if not found:
        raise UsageError(_unknown(output, id))
    walks = Walks(output)
    snippets = Snippets(walks.recipe.steps)
    ways = walks.of(found)
    lines: list[Line] = []
    if changed := walks.changed():
        lines += [line((changed, "dim")), line("")]
    if len(found) > 1:
        lines += [line(f"{len(found)} documents have this id."), line("")]
    for table, row in found:
        way = walks.completed(ways[(row["source"], row["offset"])])
        twins = duplicates_of(output, row["id"]) if table == "kept" else {}
        lines += [*_told(way, snippets, twins, output, diff), line("")]
    return lines[:-1]


def _unknown(output: Output, id: str) -> str:
    ids: list[str] = []
    for table in ("kept", "dropped", "failed"):
        for _, _, batch in output.batches(table, ["id"]):
            ids += [found for found in batch["id"].slice(0, 3).to_pylist() if found]
            break
    some = f"; ids of this run look like {', '.join(ids[:3])}" if ids else ""
    waiting = "" if output.finished else "; the run was stopped, and documents that it had not decided on are not found"
    return f"{output.root}: no document has the id {id}{some}{waiting}"


def _told(way: Way, snippets: Snippets, twins: Mapping[str, int], output: Output, diff: bool) -> list[Line]:
    row = way.row
    lines = [line((str(row["id"] or "(no id)"), "head"))]
    if row["url"]:
        lines.append(line(row["url"]))
    date = f", {row['date']}" if row.get("date") else ""
    lines.append(line((f"{row['source']} at {row['offset']:,}{date}", "dim")))
    rows: list[tuple[str, list[Line]]] = []
    if way.read:
        rows.append(("read", [line(way.read)]))
    for passage in way.passages:
        rows.append((passage.stage, _passage(passage, way, snippets, twins, diff)))
    width = max((cell_len(name) for name, _ in rows), default=0)  # Hangul takes two columns
    for name, told in rows:
        for place, one in enumerate(told):
            label = name if place == 0 else ""
            blank = " " * (width - cell_len(label) + 2)
            lines.append(Line((*line(f"{label}{blank}").parts, *one.parts), 1))
    if way.said:
        lines.append(line((f"Its way is not known further: {way.said}.", "dim"), indent=1))
    return [*lines, *_end(way, snippets, output, diff)]


def _end(way: Way, snippets: Snippets, output: Output, diff: bool) -> list[Line]:
    row = way.row
    if way.table == "kept":
        pieces = "in pieces; this is one of them" if str(row["id"]).rpartition("#")[1] else ""
        lines = [line(("kept", "head"), f"  {pieces}" if pieces else "")]
    else:
        rule = row["rule"] if way.table == "dropped" else row["reason"]
        lines = [line((f"{way.table} by {row['stage']}:{rule}", "bad"), f"  {figures(row)}")]
    if way.document is not None and way.document.text:
        lines.append(line(snippets.text(way.document), indent=1))
        if diff and row.get("kept_id"):
            lines += _beside(row["kept_id"], way.document, snippets, output)
    elif way.said and (text := Reported(output).text(row["id"])):
        lines += [line((SAID, "dim"), indent=1), line(text, indent=1)]
    return lines


def _beside(kept_id: str, document: Document, snippets: Snippets, output: Output) -> list[Line]:
    """Where a duplicate differs from the document that stayed."""
    stayed = next((row for table, row in with_id(output, kept_id) if table == "kept"), None)
    if stayed is None:
        return [line((f"{kept_id}, of which it is a duplicate, was removed by a later stage", "dim"), indent=1)]
    parts = snippets.change(kept_document(stayed), document)
    return [line("beside the document that stayed: ", *(parts or (("the same text", "dim"),)), indent=1)]


def _passage(passage: Passage, way: Way, snippets: Snippets, twins: Mapping[str, int], diff: bool) -> list[Line]:
    if passage.how == "unknown":
        return [_outcome_of_run(passage, way, "on a text that depends on the whole corpus")]
    if passage.how == "decided":
        lines = [_outcome_of_run(passage, way, "decided over the whole corpus")]
        if twins.get(passage.stage):
            lines.append(line(f"{twins[passage.stage]:,} dropped as duplicates of it"))
        return lines
    if passage.how == "failed":
        return [line(("failed", "bad"), f": {passage.reason} {passage.detail}".rstrip())]
    lines = [checked(check) for check in passage.checks]
    if passage.scores:
        lines.append(line(", ".join(f"{name} {number(value)}" for name, value in sorted(passage.scores.items()))))
    if passage.edits:
        edits = ", ".join(f"{rule} {count:,}" for rule, count in sorted(passage.edits.items()))
        lines.append(line(f"{sum(passage.edits.values()):,} characters changed: {edits}"))
    if diff and (parts := change(passage, snippets)):
        lines.append(line(*parts))
    lines += noted(passage)
    if passage.before is None and passage.after is not None:
        lines.insert(0, line(f"{len(passage.after.text):,} characters of text"))
        lines.append(line(snippets.text(passage.after)))
    if passage.drop is not None and not passage.checks:
        lines.append(line((f"dropped: {passage.drop.rule}", "bad")))
    return lines or [line("passed, nothing changed")]


def checked(check: Check, indent: int = 0) -> Line:
    """A rule, the value it found, the range that it keeps, and whether the value fails it."""
    keeps = f"  (keeps {check.keeps})" if check.keeps else ""
    said = f"{check.rule} {number(check.value)}{keeps}"
    return line(said if check.holds else (f"{said}  fails", "bad"), indent=indent)


def noted(passage: Passage, indent: int = 0) -> list[Line]:
    """The notes that a stage wrote, on a line; no line where all are 0 or empty."""
    notes = {name: value for name, value in passage.notes.items() if value not in (0, "")}
    said = (f"{name}: {number(one) if isinstance(one, (int, float)) else one}" for name, one in notes.items())
    return [line(", ".join(said), indent=indent)] if notes else []


def _outcome_of_run(passage: Passage, way: Way, how: str) -> Line:
    if way.table != "kept" and way.row["stage"] == passage.stage:
        return line((way.table, "bad"), f", {how}: {figures(way.row)}")
    return line(f"passed, {how}")
