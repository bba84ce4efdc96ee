"""What a run's rewriters changed: documents before and after, with the change marked."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from curate.rundir import UsageError
from curate.showing.choosing import Group, choose
from curate.showing.directory import Output
from curate.showing.lines import Line, line
from curate.showing.passages import Snippets, Walks
from curate.showing.reported import SAID, Reported
from curate.showing.walking import Passage
from filters.chain import Step
from filters.contracts import CorpusRewriter, Rewriter

_LOOKED_AT = 10  # documents that are walked for each that is shown


def changed(output: Output, rule: str = "", stage: str = "", most: int = 20) -> list[Line]:
    """Documents that rewriters changed, by stage: at most `most`, spread evenly over the stages.

    rule   the name of a rule that edits texts, or STAGE:RULE; empty: all      stage  a rewriter's name; empty: all
    Raises UsageError that lists the known ones. The documents are those whose row keys have the smallest hashes
    among what the run kept, and what later stages dropped.
    """
    walks = Walks(output)
    steps = walks.recipe.steps
    chosen = [step for step in _rewriters(output, steps, stage) if _edits(output, step.name, rule)]
    if rule and not chosen:
        known = sorted(f"{name}:{one}" for name, rules in output.edited().items() for one in rules)
        raise UsageError(f"{output.root}: no text was changed by {rule} ({_known(known)})")
    cut = next((place for place, step in enumerate(steps) if isinstance(step.strategy, CorpusRewriter)), len(steps))
    early = {step.name for step in steps[:cut]}
    walked = [step for step in chosen if step.name in early]
    lines: list[Line] = [line((walks.changed(), "dim"))] if walks.changed() else []
    found, said = _passages(output, walks, [step.name for step in walked], rule, most) if walked else ({}, "")
    snippets = Snippets(steps)
    reported = Reported(output)
    if said and said != walks.trouble:
        lines.append(line((said, "dim")))
    if said and any(reported.changed(step.name) for step in walked):
        lines.append(line((SAID, "dim")))
    for step in chosen:
        rules: Counter[str] = output.edited().get(step.name, Counter())
        count = f"  {sum(rules.values()):,} characters: " if rules else "  "
        told = ", ".join(f"{name} {number:,}" for name, number in sorted(rules.items(), key=lambda item: -item[1]))
        lines += [line((step.name, "head"), f"{count}{told}".rstrip())]
        if step.name not in early:
            why = f"follows what {steps[cut].name} cut" if step.name != steps[cut].name else "cuts"
            said = f"It {why}, by a decision over the whole corpus: not shown again here."
            lines.append(line((said, "dim"), indent=1))
        elif output.finished and not rules:
            lines.append(line(("Nothing was changed.", "dim"), indent=1))
        elif said:
            for id, edits, parts in reported.changed(step.name, rule.rpartition(":")[2])[: max(1, most // len(walked))]:
                lines += [line(f"{id}  {edits}", indent=1), line(*parts, indent=2)]
        elif not found.get(step.name):
            lines.append(line(("None of the documents looked at was changed.", "dim"), indent=1))
        for row, passage in found.get(step.name, ()):
            edits = ", ".join(f"{name} {count:,}" for name, count in sorted(passage.edits.items()))
            lines.append(line(f"{passage.after.id if passage.after else row['id']}  {edits}".rstrip(), indent=1))
            lines.append(line(*change(passage, snippets), indent=2))
        lines.append(line(""))
    return lines[:-1] or [line("The recipe has no stage that changes texts.")]


def change(passage: Passage, snippets: Snippets) -> tuple[tuple[str, str], ...]:
    """The first change that a stage made, marked; a few words where it cannot be shown."""
    if passage.before is None or passage.after is None or passage.before.text == passage.after.text:
        return ()
    parts = snippets.change(passage.before, passage.after, passage.conceals)
    return parts or (("the change is personal data, or beside it, and is not shown", "dim"),)


def _rewriters(output: Output, steps: tuple[Step, ...], stage: str) -> list[Step]:
    found = [step for step in steps if isinstance(step.strategy, (Rewriter, CorpusRewriter))]
    if not stage:
        return found
    output.check_stage(stage)
    if stage not in [step.name for step in found]:
        known = _known([step.name for step in found])
        raise UsageError(f"{output.root}: {stage} changes no text, so there is no --diff ({known})")
    return [step for step in found if step.name == stage]


def _known(names: list[str]) -> str:
    return f"these do: {', '.join(names)}" if names else "nothing did"


def _edits(output: Output, stage: str, rule: str) -> bool:
    """Whether a stage has a rule that edits; of a stopped run that is not known."""
    where, _, name = rule.rpartition(":")
    return where in ("", stage) and (not rule or not output.finished or name in output.edited().get(stage, ()))


def _passages(
    output: Output, walks: Walks, stages: list[str], rule: str, most: int
) -> tuple[dict[str, list[tuple[Mapping[str, Any], Passage]]], str]:
    """For each stage, documents that it changed, in the order in which they are shown; and why none of those looked at
    can be made again, "" where some can."""
    order = {name: place for place, name in enumerate(output.stages())}
    first = min(order[name] for name in stages)
    each = max(1, most // len(stages))
    looked = _LOOKED_AT * most

    def passed(group: Group) -> int:
        return looked // 10 + 1 if order.get(group[0], 0) >= first else 0

    rows = [("kept", row) for some in choose(output, "kept", lambda group: looked).values() for row in some]
    rows += [("dropped", row) for some in choose(output, "dropped", passed).values() for row in some]
    ways = walks.of(rows, stages[-1])
    name = rule.rpartition(":")[2]
    found: dict[str, list[tuple[Mapping[str, Any], Passage]]] = {stage: [] for stage in stages}
    for place in dict.fromkeys((row["source"], row["offset"]) for _, row in rows):
        way = ways[place]
        for passage in way.passages:
            if (
                passage.stage in found
                and len(found[passage.stage]) < each
                and passage.before is not None
                and passage.after is not None
                and passage.before.text != passage.after.text
                and (not name or name in passage.edits)
            ):
                found[passage.stage].append((way.row, passage))
    lost = sorted({way.said for way in ways.values()}) if ways else [""]
    return found, "" if "" in lost else lost[0]
