"""The command line: curate run, plan, strategies and the rest."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(
    name="curate",
    help="Curate web archives into language-model training text, and measure what every filter does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_beam_options: list[str] = []


def main() -> None:
    """The entry point. What stands after -- goes to Beam."""
    arguments = sys.argv[1:]
    if "--" in arguments:
        cut = arguments.index("--")
        _beam_options[:] = arguments[cut + 1 :]
        arguments = arguments[:cut]
    try:
        app(args=arguments, prog_name="curate")
    except KeyboardInterrupt:
        fail("interrupted", 130)


def fail(message: str, code: int = 2) -> NoReturn:
    """One line on stderr, and the exit code: 2 for what the user can mend, 1 for a run that went wrong."""
    line = " ".join(str(message).split())
    printable = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)
    print(f"curate: {printable}", file=sys.stderr)
    raise SystemExit(code)


@app.command("run")
def run_command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of a shipped one.")],
    more: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="Archives: a path, a glob, or @LIST; may be repeated.")
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="The run's directory; new or empty.")] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core. 1: in process.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read at most this many records.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the output directory.")] = False,
    against: Annotated[
        str | None, typer.Option(help="Also deduplicate against the keys that an earlier run left in this directory.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when anything failed.")] = False,
    stall_seconds: Annotated[
        float, typer.Option(min=1, help="Seconds after which a worker that is still at one page is replaced.")
    ] = 120.0,
) -> None:
    """Run a recipe over archives: kept/, dropped/, failed/, run.json and report.html.

    Options for Beam, another runner too, stand after --.
    """
    from curate.recipe import RecipeError, load
    from curate.rundir import RunError, UsageError

    try:
        chosen = load(recipe)
    except RecipeError as error:
        fail(str(error))
    sources = [*(inputs or []), *(more or [])] or list(chosen.input)
    if not sources:
        fail("no input: name archives with --input, or in the recipe")
    if not output:
        fail("no output: name a directory with --output")
    from curate import console
    from curate.running import run

    try:
        with console.progress() as progress:
            result = run(
                chosen, sources, output, workers, limit, resume, _beam_options, progress, stall_seconds, against
            )
    except UsageError as error:
        fail(str(error))
    except RunError as error:
        fail(str(error), 1)
    console.show_funnel(result, output)
    if not result["conserved"]:
        fail("the run does not add up: see differences in run.json", 1)
    if strict and result["failed"]:
        fail(f"{result['failed']} rows failed, and --strict was given", 3)


@app.command()
def plan(recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of a shipped one.")]) -> None:
    """Show a recipe with every default filled in, its fingerprint, and warnings."""
    import yaml

    from curate.recipe import RecipeError, load

    try:
        chosen = load(recipe)
    except RecipeError as error:
        fail(str(error))
    print(yaml.safe_dump(chosen.filled(), sort_keys=False, allow_unicode=True), end="")
    print(f"# fingerprint: {chosen.fingerprint()}")
    for warning in chosen.warnings():
        print(f"# warning: {warning}")


@app.command()
def strategies(
    stage: Annotated[str | None, typer.Argument(help="Only this stage, or one strategy with its settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all settings.")] = False,
) -> None:
    """List the strategies of every stage."""
    from curate.catalogue import describe

    rows = describe(stage)
    if not rows:
        from filters import STRATEGIES

        fail(f"unknown stage {stage!r} (known: {', '.join(sorted({name.partition('/')[0] for name in STRATEGIES}))})")
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if stage and "/" in stage:
        print(f"{rows[0]['strategy']}: {rows[0]['summary']}")
        for setting in rows[0]["settings"]:
            print(f"  {setting['name']} = {setting['default']!r}: {setting['description']}")
        return
    for row in rows:
        print(f"{row['strategy']:<28} {row['summary']}")


def _load_run(directory: str) -> dict[str, Any]:
    path = Path(directory, "run.json")
    if not path.is_file():
        fail(f"{directory}: no run.json there")
    return dict(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
