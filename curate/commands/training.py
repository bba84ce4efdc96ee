"""curate train perplexity."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from curate.commands.saying import fail


def train_perplexity(
    data: Annotated[
        list[str], typer.Option(help="Good texts, as a run takes them, or a run's directory; may be repeated.")
    ],
    model: Annotated[Path, typer.Option(help="Where to write the model: .arpa or .arpa.gz.")],
    text: Annotated[str, typer.Option(help="The field with the text.")] = "text",
    pool: Annotated[
        list[str] | None,
        typer.Option(help="Texts of the crawl to be judged: their quantiles give head and tail; may be repeated."),
    ] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="SentencePiece model that cuts the texts.")] = None,
    pieces: Annotated[
        int | None, typer.Option(min=1, help="Train that SentencePiece model, of so many pieces, and write it.")
    ] = None,
    normalization: Annotated[
        Literal["ccnet", "dclm", "none"], typer.Option(help="How texts are prepared (docs/quality.md).")
    ] = "ccnet",
    lines: Annotated[
        Literal["each", "joined"], typer.Option(help="What is a sentence of the model: a line, or the whole text.")
    ] = "each",
    order: Annotated[int, typer.Option(help="Words of the longest n-gram.")] = 5,
    min_count: Annotated[int, typer.Option(min=1, help="Words that occur less often count as <unk>.")] = 1,
    prune: Annotated[
        int, typer.Option(min=0, help="Leave out n-grams of 3 and more words that occur no more often.")
    ] = 0,
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the texts to measure on.")] = 0.1,
) -> None:
    """Train an n-gram language model for quality/perplexity, with Kneser-Ney smoothing."""
    from curate.training.examples import DataError
    from curate.training.perplexity import train
    from curate.training.texts import text_files

    try:
        good, judged = text_files(data, text), text_files(pool or [], text)
        trained = train(
            lambda: (one for file in good for one in file.texts()),
            model,
            tokenizer=tokenizer,
            pieces=pieces,
            normalization=normalization,
            lines=lines,
            order=order,
            min_count=min_count,
            prune=prune,
            held_out_share=held_out,
            pool=(lambda: (one for file in judged for one in file.texts())) if judged else None,
        )
    except DataError as error:
        fail(str(error))
    print(json.dumps(trained.as_dict(), indent=1, ensure_ascii=False))
