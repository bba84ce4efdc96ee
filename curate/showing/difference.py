"""A comparison of two runs, told: counts that add up, by rule, with examples from kept/."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.showing.choosing import rows_at
from curate.showing.comparing import KEPT, Comparison, Outcome, changes, compare
from curate.showing.directory import Output
from curate.showing.lines import Line, line
from curate.showing.passages import Snippets, kept_document
from curate.showing.removed import figures

_MOST_CHANGES = 20
Key = tuple[str, int]


def difference(a: Output, b: Output, examples: int = 3) -> list[Line]:
    """What two runs over the same input keep differently."""
    found = compare(a, b, examples)
    rows = _rows(a, b, found)
    snippets = Snippets([*a.loaded().steps, *b.loaded().steps])
    lines = [line(("A", "head"), f"  {a.root}{_state(a)}"), line(("B", "head"), f"  {b.root}{_state(b)}")]
    if found.names:
        lines.append(line(("The inputs lie in other folders; they are paired by the names of the files.", "dim")))
    differing = changes(a.recipe, b.recipe)
    lines += [line(""), *_recipes(differing)]
    lines += [line(""), *_counts(found)]
    for side, other in ((0, 1), (1, 0)):
        lines += _only(found, side, other, rows, snippets)
    if found.other_text:
        lines += [
            line(""),
            line(("Kept by both, with other texts in A than in B", "head"), f"  {found.other_text:,}"),
        ]
        for key_a, key_b, offset in found.examples.get((KEPT, KEPT), ()):
            left, right = rows[0].get((key_a, offset)), rows[1].get((key_b, offset))
            if left and right:
                marked = snippets.change(kept_document(left), kept_document(right))
                lines += [line(left["id"], indent=1), line(*marked, indent=2)]
    return lines


def _state(output: Output) -> str:
    return "" if output.finished else "  (stopped: only what it finished is compared)"


def _recipes(differing: list[str]) -> list[Line]:
    if not differing:
        return [line("The recipes are the same.")]
    lines = [line("The recipes differ in:"), *(line(said, indent=1) for said in differing[:_MOST_CHANGES])]
    if len(differing) > _MOST_CHANGES:
        lines.append(line(f"and {len(differing) - _MOST_CHANGES} more", indent=1))
    return lines


def _counts(found: Comparison) -> list[Line]:
    both = found.both()
    only = [sum(found.only(side).values()) for side in (0, 1)]
    lines = [
        line(f"{name} keeps {found.kept(side):,} = {both:,} that both keep + {only[side]:,} that only {name} keeps")
        for side, name in ((0, "A"), (1, "B"))
    ]
    same = f"of the {both:,} that both keep, {found.same_text:,} have the same text and {found.other_text:,} do not"
    return [*lines, line(same), line(f"{found.neither():,} are kept by neither")]


def _only(
    found: Comparison, side: int, other: int, rows: tuple[Mapping[Key, Any], Mapping[Key, Any]], snippets: Snippets
) -> list[Line]:
    name, others = "AB"[side], "AB"[other]
    by_outcome = found.only(side)
    if not by_outcome:
        return []
    lines = [line(""), line((f"Kept only by {name}", "head"), f"  {sum(by_outcome.values()):,}")]
    for outcome, count in by_outcome.items():
        lines.append(line(f"{count:,}  {_said(outcome, others)}", indent=1))
        pair = (KEPT, outcome) if side == 0 else (outcome, KEPT)
        for *sources, offset in found.examples.get(pair, ()):
            kept = rows[side].get((str(sources[side]), offset))
            removed = rows[other].get((str(sources[other]), offset))
            if kept:
                why = figures(removed) if removed else ""
                lines.append(line(f"{kept['id']}  {why}".rstrip(), indent=2))
                lines.append(line(snippets.text(kept_document(kept)), indent=3))
    return lines


def _said(outcome: Outcome, name: str) -> str:
    how, stage, rule = outcome
    return f"{how} in {name} by {stage}:{rule}" if stage else f"{how} in {name}"


def _rows(a: Output, b: Output, found: Comparison) -> tuple[dict[Key, Any], dict[Key, Any]]:
    """The rows of the examples in both runs, by row key: of a document in pieces, the first one."""
    keys = [key for some in found.examples.values() for key in some]
    both: list[dict[Key, Any]] = []
    for side, output in enumerate((a, b)):
        wanted = {(str(key[side]), key[2]) for key in keys if key[side]}
        both.append(_with_keys(output, wanted))
    return both[0], both[1]


def _with_keys(output: Output, wanted: set[Key]) -> dict[Key, Any]:
    found: dict[Key, Any] = {}
    offsets = pa.array(sorted({offset for _, offset in wanted}), pa.int64())
    for table in ("kept", "dropped", "failed"):
        places: dict[str, set[int]] = {}
        for path, first, batch in output.batches(table, ["source", "offset"]):
            near = np.flatnonzero(pc.is_in(batch["offset"], offsets).to_numpy(zero_copy_only=False))
            here = zip(batch["source"].take(pa.array(near)).to_pylist(), near.tolist(), strict=True)
            values = batch["offset"]
            rows = {first + row for source, row in here if (source, values[row].as_py()) in wanted}
            if rows:
                places.setdefault(path, set()).update(rows)
        for path, rows in places.items():
            for row in rows_at(path, rows).values():
                found.setdefault((row["source"], row["offset"]), row)
    return found
