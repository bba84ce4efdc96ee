"""Which commands there are."""

from importlib import metadata
from typing import Annotated

import typer

from curate.commands import exporting, labelled, recipes, running, showing, training

app = typer.Typer(
    name="curate",
    help="Curate web archives into language-model training text, and measure what every filter does.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
train_app = typer.Typer(help="Train a classifier or a language model from your texts.", no_args_is_help=True)
for command in (
    running.run, recipes.plan, recipes.new, recipes.schema, recipes.strategies, running.ablate, running.report,
    showing.show, showing.diff,
    labelled.evaluate, exporting.export, exporting.card, exporting.weights,
):  # fmt: skip
    app.command()(command)
train_app.command("toxicity")(labelled.train_toxicity)
train_app.command("quality")(labelled.train_quality)
train_app.command("perplexity")(training.train_perplexity)
app.add_typer(train_app, name="train")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"curate {metadata.version('curate-lm-text')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Curate web archives into language-model training text, and measure what every filter does."""
