"""curate run, ablate, report."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from curate.commands.options import (
    AblationName,
    Carry,
    DroppedText,
    IdField,
    Inputs,
    Limit,
    More,
    Output,
    RecipeName,
    Resume,
    Set,
    Shards,
    TextField,
    UrlField,
    Workers,
)
from curate.commands.saying import fail, warn

beam_options: list[str] = []


def run(
    recipe: RecipeName,
    more: More = None,
    inputs: Inputs = None,
    output: Output = "",
    text_field: TextField = None,
    id_field: IdField = None,
    url_field: UrlField = None,
    carry: Carry = None,
    settings: Set = None,
    dropped_text: DroppedText = False,
    workers: Workers = None,
    limit: Limit = None,
    shards: Shards = None,
    resume: Resume = False,
    against: Annotated[
        str | None, typer.Option(help="Also deduplicate against the keys that an earlier run left in this directory.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all files again after they were written, and compare their hashes.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when anything failed.")] = False,
    stall_seconds: Annotated[
        float, typer.Option(min=1, help="Seconds after which a worker that stays at one page or place is replaced.")
    ] = 120.0,
) -> None:
    """Run a recipe over archives, tables or texts: kept/, dropped/, failed/, run.json and report.html.

    Everything after -- is passed to Beam, including --runner.
    """
    from curate.overriding import override
    from curate.recipe import RecipeError, check, load
    from filters.contracts import ResourceError

    try:
        chosen = override(load(recipe), text_field, id_field, url_field, carry or (), settings or (), dropped_text)
    except RecipeError as error:
        fail(str(error))
    sources = [*(inputs or []), *(more or [])] or list(chosen.input)
    if not sources:
        fail("no input: name archives, tables or texts with --input, or in the recipe")
    output = _output(output)
    _look(sources, chosen)
    try:
        check(chosen)
    except ResourceError as error:
        fail(str(error))
    from curate import console
    from curate.progress import progress
    from curate.rundir import RunError, UsageError
    from curate.running import run as run_recipe
    from pipelines.engines import TemplateWritten

    warn(chosen.warnings())
    try:
        with progress() as shown:
            result = run_recipe(
                chosen,
                sources,
                output,
                workers,
                limit,
                resume,
                beam_options,
                shown,
                stall_seconds,
                against,
                verify,
                shards,
            )
    except TemplateWritten as written:
        print(f"template: {written.location}")
        print("when a job made from it is done, the same command with --resume checks it and writes run.json")
        return
    except UsageError as error:
        fail(str(error))
    except RunError as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        fail("interrupted; the same command with --resume continues", 130)
    _write_report(result, output)
    console.show_funnel(result, output)
    if not result["conserved"]:
        fail("the run does not add up: see differences in run.json", 1)
    failures = console.failures(result, output)
    if failures and not result["kept"] and 2 * result["failed"] > result["read"]["records"]:
        fail(failures[0], 3 if strict else 1)
    warn(failures)
    if strict and result["failed"]:
        fail(f"{result['failed']} rows failed, and --strict was given", 3)


def _output(given: str) -> str:
    if not given:
        fail("no output: name a directory with --output")
    return str(Path(given).expanduser()) if given.startswith("~") else given


def _look(sources: list[str], recipe: Any) -> None:
    """Refuse inputs from which nothing could be kept, before anything heavy is loaded."""
    from curate.looking import look_at
    from pipelines.reading.units import InputError

    if beam_options:  # without them Beam is not loaded before the look
        from pipelines import engines

        try:
            engines.open_file_systems(beam_options)
        except engines.EngineError as error:
            fail(f"Beam options: {error}")
    try:
        warn(look_at(sources, recipe.reading))
    except InputError as error:
        fail(str(error))


def _write_report(result: dict[str, Any], output: str) -> None:
    from curate.report.page import render_html, run_report
    from curate.shown import EXAMPLES_FILE
    from pipelines import storage

    examples = json.loads(storage.read_bytes(storage.join(output, EXAMPLES_FILE)))
    html = render_html(run_report(result, examples)).encode("utf-8", "replace")
    storage.write_bytes(storage.join(output, "report.html"), html)


def ablate(
    ablation: AblationName,
    more: More = None,
    inputs: Inputs = None,
    output: Output = "",
    text_field: TextField = None,
    id_field: IdField = None,
    url_field: UrlField = None,
    workers: Workers = None,
    limit: Limit = None,
    shards: Shards = None,
    resume: Resume = False,
) -> None:
    """Score once, decide every arm, and write report.html, report.json and report.md.

    Everything after -- is passed to Beam. With --runner an engine scores, and this machine decides.
    """
    from curate.ablation import arms
    from curate.overriding import override
    from curate.recipe import RecipeError

    try:
        chosen = arms.load(ablation)
        chosen = dataclasses.replace(
            chosen,
            arms=tuple(
                dataclasses.replace(arm, recipe=override(arm.recipe, text_field, id_field, url_field))
                for arm in chosen.arms
            ),
        )
    except RecipeError as error:
        fail(str(error))
    output = _output(output)
    sources = [*(inputs or []), *(more or [])] or list(chosen.input)
    if sources:
        _look(sources, chosen.base.recipe)
    from curate import console
    from curate.ablation.driver import ablate as run_ablation
    from curate.progress import progress
    from curate.rundir import RunError, UsageError

    try:
        with progress() as shown:
            report = run_ablation(
                chosen,
                [*(inputs or []), *(more or [])],
                output,
                workers,
                limit,
                resume,
                shown,
                options=beam_options,
                shards=shards,
            )
    except UsageError as error:
        fail(str(error))
    except RunError as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        fail("interrupted; the same command with --resume continues", 130)
    console.show_arms(report, output)


def report(
    directory: Annotated[str, typer.Argument(help="The directory of a run or of an ablation.")],
    figures: Annotated[
        str | None, typer.Option(help="Also write each chart as SVG, and its figures as CSV, into this directory.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="With --figures: each chart as PDF too (extra pdf).")] = False,
) -> None:
    """Rewrite report.html and report.md of a run or an ablation from its JSON."""
    from curate.report.charts import write_figures
    from curate.report.page import render_html, render_markdown, run_report
    from curate.results import RunResult, load_result
    from curate.rundir import UsageError
    from curate.shown import EXAMPLES_FILE
    from filters.contracts import ResourceError

    if pdf and figures is None:
        fail("--pdf: name a directory for the charts with --figures")
    folder = Path(directory).expanduser()
    try:
        result = load_result(folder)
    except UsageError as error:
        fail(str(error))
    data = run_report(result, _json(folder / EXAMPLES_FILE)) if isinstance(result, RunResult) else dict(result)
    (folder / "report.html").write_text(render_html(data), encoding="utf-8", errors="replace")
    (folder / "report.md").write_text(render_markdown(data), encoding="utf-8", errors="replace")
    print(folder / "report.html")
    if figures is not None:
        into = Path(figures).expanduser()
        try:
            written = write_figures(data, into, pdf)
        except ResourceError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{into}: cannot be written: {error.strerror}")
        print(f"{into}: {len(written)} files")


def _json(path: Path) -> Any:
    """What a JSON file holds; None where there is no such file."""
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        fail(f"{path}: damaged, not JSON")
