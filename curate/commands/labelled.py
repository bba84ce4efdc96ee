"""curate evaluate, train."""

import contextlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from curate.commands.saying import fail


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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all figures.")] = False,
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


def train_toxicity(
    data: Annotated[Path, typer.Option(help="Labelled texts: .tsv, .csv or .jsonl, plain or .gz.")],
    model: Annotated[Path, typer.Option(help="Where to write the model: .bin or .ftz (fastText), .npz (linear).")],
    text: Annotated[str, typer.Option(help="The column with the text.")] = "text",
    label: Annotated[str, typer.Option(help="The column with the label.")] = "label",
    toxic: Annotated[list[str] | None, typer.Option(help="Labels of toxic texts; may be repeated.")] = None,
    clean: Annotated[list[str] | None, typer.Option(help="Labels of clean texts; may be repeated.")] = None,
    test: Annotated[Path | None, typer.Option(help="Texts to measure on; default: a tenth held out by hash.")] = None,
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="Share held out if --test is not given.")] = 0.1,
    threshold: Annotated[
        float | None, typer.Option(help="Threshold for precision, recall and F1; default: the strategy's own.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="A setting of the training, NAME=VALUE (docs/training.md); may be repeated."),
    ] = None,
) -> None:
    """Train a toxicity classifier, and measure it on texts it has not seen."""
    from curate.training.examples import DataError, read
    from curate.training.toxicity import train

    settings = _settings(setting)
    try:
        examples = read(data, text, label, toxic or (), clean or ())
        measured_on = read(test, text, label, toxic or (), clean or ()) if test else None
        trained = train(examples, model, measured_on, held_out, threshold, **settings)
    except DataError as error:
        fail(str(error))
    print(json.dumps(trained.as_dict(), indent=1, ensure_ascii=False))


def train_quality(
    positive: Annotated[
        list[str], typer.Option(help="Good texts: files of rows, globs, folders, directories of finished runs.")
    ],
    negative: Annotated[list[str], typer.Option(help="Bad texts, likewise; both options may be repeated.")],
    model: Annotated[Path, typer.Option(help="Where to write the model: .bin, or .ftz for a quantised one.")],
    test_positive: Annotated[
        list[str] | None, typer.Option(help="Good texts to measure on; default: a tenth held out by hash.")
    ] = None,
    test_negative: Annotated[list[str] | None, typer.Option(help="Bad texts to measure on.")] = None,
    text: Annotated[str, typer.Option(help="The field of rows that holds the text.")] = "text",
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="Share held out if no test set is given.")] = 0.1,
    most: Annotated[int, typer.Option(min=1, help="Texts of each kind to use at most.")] = 200_000,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="A setting of the training, NAME=VALUE (docs/training.md); may be repeated."),
    ] = None,
) -> None:
    """Train a quality classifier with DCLM's settings, write it and its card (MODEL.md), and measure it on texts it
    has not seen.
    """
    from curate.training.examples import DataError
    from curate.training.quality import train

    settings = _settings(setting)
    try:
        trained = train(
            positive, negative, model, test_positive or (), test_negative or (), text, held_out, most, **settings
        )
    except DataError as error:
        fail(str(error))
    print(json.dumps(trained.as_dict(), indent=1, ensure_ascii=False))


def _settings(given: list[str] | None) -> dict[str, Any]:
    """The settings of --setting NAME=VALUE."""
    import yaml

    settings = {}
    for one in given or []:
        name, sign, value = one.partition("=")
        if not sign:
            fail(f"--setting {one}: expected NAME=VALUE")
        try:
            settings[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            fail(f"--setting {one}: {value!r} is neither a number nor a word")
        with contextlib.suppress(ValueError, TypeError):
            if isinstance(settings[name], str):  # 1e-3 is a word to YAML 1.1
                settings[name] = float(value)
    return settings
