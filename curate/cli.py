"""The command line: curate run, plan, strategies and the rest."""

import errno
import io
import json
import os
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name on a terminal that is not UTF-8
    arguments = sys.argv[1:]
    if "--" in arguments:
        cut = arguments.index("--")
        _beam_options[:] = arguments[cut + 1 :]
        arguments = arguments[:cut]
    try:
        code = app(args=arguments, prog_name="curate", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except _WrongArguments as error:
        message = error.format_message().rstrip(".")
        context = getattr(error, "ctx", None)
        if message:  # else the help was shown
            fail(f"{message} (see {context.command_path if context else 'curate'} --help)")
        raise SystemExit(2) from None
    except typer.Abort:
        fail("interrupted", 130)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        _mute()
    except BrokenPipeError:
        _mute()
    except OSError as error:
        if error.filename is None and error.errno == errno.ENOSPC:  # it may be standard output that is full
            _mute()
        where = f"{error.filename}: " if error.filename is not None else ""
        fail(f"{where}{error.strerror or type(error).__name__}", 1)
    else:
        if code == 130:
            fail("interrupted", 130)
        raise SystemExit(code or 0)


# The base of what typer raises for wrong arguments; typer brings its own click, or uses the one that is installed.
_WrongArguments: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def _mute() -> None:
    """Let nothing more go to standard output: who read it has read enough (curate strategies | head)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str, code: int = 2) -> NoReturn:
    """One line on stderr, and the exit code: 2 for what the user can mend, 1 for a run that went wrong."""
    print(f"curate: {_line(message)}", file=sys.stderr)
    raise SystemExit(code)


def _line(message: str) -> str:
    """One line of what can be printed."""
    line = " ".join(str(message).split())
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)


@app.command("run")
def run_command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of a shipped one.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="ARCHIVE", help="More archives, as with --input.")] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="Archives: a path, a glob, or @LIST (a file of paths); may be repeated."),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="The run's directory, new or empty (with --resume: that of the run). Required."
        ),
    ] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core. 1: in process.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Read at most this many records, from the first archives on.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped: same recipe, input and output.")
    ] = False,
    against: Annotated[
        str | None, typer.Option(help="Also deduplicate against the keys that an earlier run left in this directory.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all files again after they were written, and compare their hashes.")
    ] = False,
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

    _warn(chosen.warnings())
    try:
        with console.progress() as progress:
            result = run(
                chosen, sources, output, workers, limit, resume, _beam_options, progress, stall_seconds, against, verify
            )
    except UsageError as error:
        fail(str(error))
    except RunError as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        fail("interrupted; the same command with --resume goes on", 130)
    _write_report(result, output)
    console.show_funnel(result, output)
    if not result["conserved"]:
        fail("the run does not add up: see differences in run.json", 1)
    _warn(console.failures(result, output))
    if strict and result["failed"]:
        fail(f"{result['failed']} rows failed, and --strict was given", 3)


def _warn(warnings: list[str]) -> None:
    for warning in warnings:
        print(f"curate: warning: {_line(warning)}", file=sys.stderr)


def _write_report(result: dict[str, Any], output: str) -> None:
    from curate.report.page import render_html, run_report
    from pipelines import storage

    html = render_html(run_report(result)).encode("utf-8", "replace")
    storage.write_bytes(storage.join(output, "report.html"), html)


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
    stage: Annotated[
        str | None,
        typer.Argument(help="Only this stage, or one strategy (also your own: module.Class) with its settings."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all settings.")] = False,
) -> None:
    """List the strategies of every stage."""
    from curate.catalogue import describe
    from filters.contracts import SettingsError

    try:
        rows = describe(stage)
    except SettingsError as error:
        fail(str(error))
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if stage and stage == rows[0]["strategy"]:
        print(f"{stage}: {rows[0]['summary']}")
        for names in ("reads", "writes"):
            if rows[0][names]:
                print(f"  {names} the notes: {', '.join(rows[0][names])}")
        for setting in rows[0]["settings"]:
            # defaults are written as in a recipe
            default = "required" if setting["required"] else json.dumps(setting["default"], ensure_ascii=False)
            allowed = f" ({', '.join(setting['allowed'])})" if setting["allowed"] else ""
            print(f"  {setting['name']}: {default}{allowed}  {setting['description']}")
        return
    for row in rows:
        print(f"{row['strategy']:<28} {row['summary']}")


@app.command()
def ablate(
    ablation: Annotated[str, typer.Argument(help="An ablation's file, or the name of a shipped one.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="ARCHIVE", help="More archives, as with --input.")] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="Archives: a path, a glob, or @LIST (a file of paths); may be repeated."),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="The ablation's directory, new or empty (with --resume: that of the ablation). Required.",
        ),
    ] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core. 1: in process.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Read at most this many records, from the first archives on.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an ablation that was stopped: same file, input and output.")
    ] = False,
) -> None:
    """Score once, decide every arm, and write report.html, report.json and report.md."""
    from curate.ablation import arms
    from curate.recipe import RecipeError
    from curate.rundir import RunError, UsageError

    try:
        chosen = arms.load(ablation)
    except RecipeError as error:
        fail(str(error))
    if not output:
        fail("no output: name a directory with --output")
    from curate import console
    from curate.ablation.driver import ablate as run_ablation

    try:
        with console.progress() as progress:
            report = run_ablation(chosen, [*(inputs or []), *(more or [])], output, workers, limit, resume, progress)
    except UsageError as error:
        fail(str(error))
    except RunError as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        fail("interrupted; the same command with --resume goes on", 130)
    console.show_arms(report, output)


@app.command()
def report(directory: Annotated[str, typer.Argument(help="The directory of a run or of an ablation.")]) -> None:
    """Write report.html and report.md of a run or an ablation again, from its JSON."""
    from curate.report.page import render_html, render_markdown, run_report

    for name in ("report.json", "run.json"):
        path = Path(directory, name)
        if path.is_file():
            data = json.loads(path.read_text(encoding="utf-8"))
            break
    else:
        fail(f"{directory}: neither report.json nor run.json is there")
    data = run_report(data) if name == "run.json" else data
    Path(directory, "report.html").write_text(render_html(data), encoding="utf-8")
    Path(directory, "report.md").write_text(render_markdown(data), encoding="utf-8")
    print(Path(directory, "report.html"))


@app.command()
def evaluate(
    stage: Annotated[str, typer.Argument(help="extraction, language, dedup, toxicity, pii, quality or cleanup.")],
    data: Annotated[
        list[str] | None, typer.Option(help="Labelled data; may be repeated. The forms are in docs/evaluation.md.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="A strategy, or one with settings as YAML; default: all of the stage.")
    ] = None,
    archive: Annotated[list[str] | None, typer.Option(help="extraction: the archives with the labelled pages.")] = None,
    text: Annotated[str, typer.Option(help="The field or column with the text.")] = "text",
    label: Annotated[
        str, typer.Option(help="The field or column with the label; by default label, for language lang.")
    ] = "",
    toxic: Annotated[list[str] | None, typer.Option(help="toxicity: labels of toxic texts.")] = None,
    clean: Annotated[
        list[str] | None,
        typer.Option(
            help="pii, toxicity, cleanup, without --data: files and folders of texts in which nothing should be found. "
            "toxicity with --data: labels of clean texts."
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="The language of the texts (ISO 639-1).")] = "",
    model: Annotated[str, typer.Option(help="The model for strategies that need one.")] = "",
    match: Annotated[str, typer.Option(help="pii: exact or overlap.")] = "exact",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all figures.")] = False,
) -> None:
    """Measure strategies on labelled data, with 95 % bootstrap intervals, or count what they find in clean texts.

    --json has more figures than the table.
    """
    from curate.evaluation.command import EvaluationError, Request, flat
    from curate.evaluation.command import evaluate as measure

    request = Request(
        stage, tuple(data or ()), tuple(strategy or ()), tuple(archive or ()), text, label, tuple(toxic or ()),
        tuple(clean or ()), language, model, match,
    )  # fmt: skip
    try:
        rows = measure(request)
    except EvaluationError as error:
        fail(str(error))
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    from curate import console

    console.show_rows([cells for row in rows for cells in flat(row)])
    console.show_samples([(f"{row['strategy']} {row['found']}", row["samples"]) for row in rows if row.get("samples")])


@app.command()
def export(
    run: Annotated[str, typer.Argument(metavar="DIRECTORY", help="The directory of a finished run.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="A new or empty folder; default: DIRECTORY/export.")
    ] = "",
    format: Annotated[
        str, typer.Option(help="Rows: jsonl.zst, jsonl.gz, parquet. Tokens: megatron, datatrove, mds.")
    ] = "jsonl.zst",
    columns: Annotated[str, typer.Option(help="Columns of rows, separated by commas; default: all of kept/.")] = "",
    shards: Annotated[int | None, typer.Option(min=1, help="Files to write; default: one for each 256 MiB.")] = None,
    tokenizer: Annotated[str | None, typer.Option(help="A tokenizers JSON file, for tokens.")] = None,
    end_token: Annotated[str | None, typer.Option(help="A token to append to each document, such as </s>.")] = None,
) -> None:
    """Write what a run kept as files for training, in an order that looks random and never changes."""
    from curate.export.export import export as write
    from curate.rundir import UsageError

    target = output or os.path.join(run, "export")
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    try:
        about = write(run, target, format, chosen, shards, tokenizer, end_token)
    except UsageError as error:
        fail(str(error))
    tokens = f", {about['tokens']:,} tokens" if "tokens" in about else ""
    print(f"{target}: {about['rows']:,} rows{tokens} in {len(about['files'])} files")


@app.command()
def card(run: Annotated[str, typer.Argument(metavar="DIRECTORY", help="The directory of a finished run.")]) -> None:
    """Write a dataset card (README.md) and Croissant metadata (croissant.json) beside a run's tables."""
    from curate.export.card import write_card
    from curate.rundir import UsageError

    try:
        for path in write_card(run):
            print(path)
    except UsageError as error:
        fail(str(error))


train_app = typer.Typer(help="Train a classifier from labelled data.", no_args_is_help=True)
app.add_typer(train_app, name="train")


@train_app.command("toxicity")
def train_toxicity(
    data: Annotated[Path, typer.Option(help="Labelled texts: .tsv, .csv or .jsonl, plain or .gz.")],
    model: Annotated[Path, typer.Option(help="Where the model goes: .bin or .ftz (fastText), .npz (linear).")],
    text: Annotated[str, typer.Option(help="The column with the text.")] = "text",
    label: Annotated[str, typer.Option(help="The column with the label.")] = "label",
    toxic: Annotated[list[str] | None, typer.Option(help="Labels of toxic texts; may be repeated.")] = None,
    clean: Annotated[list[str] | None, typer.Option(help="Labels of clean texts; may be repeated.")] = None,
    test: Annotated[Path | None, typer.Option(help="Texts to measure on; default: a tenth held out by hash.")] = None,
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="Share held out where there is no --test.")] = 0.1,
    threshold: Annotated[
        float | None, typer.Option(help="Where precision, recall and F1 are taken; default: the strategy's own.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="A setting of the training, NAME=VALUE (docs/training.md); may be repeated."),
    ] = None,
) -> None:
    """Train a toxicity classifier, and measure it on texts it has not seen."""
    import yaml

    from curate.training.examples import DataError, read
    from curate.training.toxicity import train

    settings = {}
    for given in setting or []:
        name, sign, value = given.partition("=")
        if not sign:
            fail(f"--setting {given}: expected NAME=VALUE")
        settings[name] = yaml.safe_load(value)
    try:
        examples = read(data, text, label, toxic or (), clean or ())
        measured_on = read(test, text, label, toxic or (), clean or ()) if test else None
        trained = train(examples, model, measured_on, held_out, threshold, **settings)
    except DataError as error:
        fail(str(error))
    print(json.dumps(trained.as_dict(), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
