"""curate export, card, weights."""

import json
import os
from typing import Annotated

import typer

from curate.commands.saying import fail


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
    """Write what a run kept as files for training, in a shuffled order that is always the same."""
    from curate.export.export import export as write
    from curate.rundir import RunError, UsageError

    target = output or os.path.join(run, "export")
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    try:
        about = write(run, target, format, chosen, shards, tokenizer, end_token)
    except UsageError as error:
        fail(str(error))
    except RunError as error:
        fail(str(error), 1)
    tokens = f", {about['tokens']:,} tokens" if "tokens" in about else ""
    files = len(about["files"])
    print(f"{target}: {about['rows']:,} rows{tokens} in {files:,} file{'s' if files != 1 else ''}")


def card(run: Annotated[str, typer.Argument(metavar="DIRECTORY", help="The directory of a finished run.")]) -> None:
    """Write a dataset card (README.md) and Croissant metadata (croissant.json) beside a run's tables."""
    from curate.export.card import write_card
    from curate.rundir import UsageError

    try:
        for path in write_card(run):
            print(path)
    except UsageError as error:
        fail(str(error))


def weights(
    run: Annotated[str, typer.Argument(metavar="DIRECTORY", help="The directory of a finished run.")],
    most: Annotated[float, typer.Option(help="The greatest weight.")] = 10.0,
    least: Annotated[int, typer.Option(min=1, help="Documents that a weight is worked out from.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Work out weights for sampling/upsample from what a run's filters kept of documents that stand for 1, 2, 3, …

    The output is a stage of a recipe, with the figures as comments.
    """
    from curate.rehydration import rehydration
    from curate.rundir import UsageError

    try:
        found = rehydration(run, most, least)
    except UsageError as error:
        fail(str(error))
    if as_json:
        print(json.dumps(found.as_dict(), indent=1))
        return
    print(f"# {found.documents:,} documents left by {found.stage}, of which later filters kept {found.kept:,}")
    print("# dup_count from  documents  share kept  weight")
    for size in found.sizes:
        print(f"# {size.start:>14,}  {size.documents:>9,}  {size.kept / size.documents:>10.1%}  {size.weight:>6g}")
    shown = ", ".join(f"{start}: {weight:g}" for start, weight in found.weights.items())
    print(f"- sampling/upsample: {{by: dup_count, weights: {{{shown}}}}}")
