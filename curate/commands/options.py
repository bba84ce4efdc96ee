"""Options that several commands have, and what a shell completes them to."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

_CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def _names(folder: str) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        names = sorted(path.stem for path in (_CONFIGS / folder).glob("*.yaml"))
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _strategies(incomplete: str) -> list[str]:
    from filters import STRATEGIES

    stages = {name.partition("/")[0] for name in STRATEGIES}
    return [name for name in (*sorted(stages), *STRATEGIES) if name.startswith(incomplete)]


shipped_recipes, shipped_ablations = _names(""), _names("ablations")

RecipeName = Annotated[
    str, typer.Argument(help="A recipe's file, or the name of a shipped one.", autocompletion=shipped_recipes)
]
AblationName = Annotated[
    str, typer.Argument(help="An ablation's file, or the name of a shipped one.", autocompletion=shipped_ablations)
]
StageName = Annotated[
    str | None,
    typer.Argument(
        help="Only this stage, or one strategy (also your own: module.Class) with its settings.",
        autocompletion=_strategies,
    ),
]
More = Annotated[list[str] | None, typer.Argument(metavar="INPUT", help="More inputs, as with --input.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        help="Archives, tables or texts: a path, a glob, a folder, or @LIST (a file of paths); may be repeated.",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help="The directory to write, new or empty (with --resume: that of the interrupted one). Required.",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Resume an interrupted run or ablation: same file, input and output.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes; default: one a core. With 1, a page that crashes its process ends the run."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Read at most this many records, starting with the first input.")
]
Shards = Annotated[
    int | None,
    typer.Option(min=1, help="About how many units the input is cut into; default: from its size. Units run in turn."),
]
TextField = Annotated[
    str | None, typer.Option(help="The field of a row, or column, with the text (default: text); nested: meta.text.")
]
IdField = Annotated[str | None, typer.Option(help="The field of a row, or column, with the id (default: id).")]
UrlField = Annotated[str | None, typer.Option(help="The field of a row, or column, with the address (default: url).")]
Carry = Annotated[list[str] | None, typer.Option(help="A field of a row to carry into kept/; may be repeated.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="STAGE.SETTING=VALUE",
        help="Another value for one setting, as in quality/gopher.min_words=20; may be repeated.",
    ),
]
DroppedText = Annotated[
    bool, typer.Option("--dropped-text", help="Also write the dropped texts, with personal data replaced.")
]
