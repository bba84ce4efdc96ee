"""curate plan, new, schema, strategies."""

import json
from typing import Annotated

import typer

from curate.commands.options import (
    Carry,
    DroppedText,
    IdField,
    RecipeName,
    Set,
    StageName,
    TextField,
    UrlField,
    shipped_ablations,
    shipped_recipes,
)
from curate.commands.saying import fail


def plan(
    recipe: RecipeName,
    text_field: TextField = None,
    id_field: IdField = None,
    url_field: UrlField = None,
    carry: Carry = None,
    settings: Set = None,
    dropped_text: DroppedText = False,
) -> None:
    """Show a recipe with every default filled in, its fingerprint, and warnings; check that it can run here."""
    import yaml

    from curate.overriding import override
    from curate.recipe import RecipeError, check, load
    from filters.contracts import ResourceError
    from filters.credentials import masked

    try:
        chosen = override(load(recipe), text_field, id_field, url_field, carry or (), settings or (), dropped_text)
    except RecipeError as error:
        fail(str(error))
    print(masked(yaml.safe_dump(chosen.filled(), sort_keys=False, allow_unicode=True)), end="")
    try:
        check(chosen)
        print(f"# fingerprint: {chosen.fingerprint()}")
    except ResourceError as error:
        fail(str(error))
    for warning in chosen.warnings():
        print(f"# warning: {warning}")


def _shipped(incomplete: str) -> list[str]:
    return [*shipped_recipes(incomplete), *shipped_ablations(incomplete)]


def new(
    name: Annotated[str, typer.Argument(help="A shipped recipe or ablation to start from.", autocompletion=_shipped)],
    ablation: Annotated[bool, typer.Option("--ablation", help="The ablation of that name, not the recipe.")] = False,
) -> None:
    """Print a shipped recipe, with its comments, to start your own from: curate new klue > mine.yaml."""
    from curate.recipe import RecipeError
    from curate.starting import copy_of

    try:
        print(copy_of(name, ablation), end="")
    except RecipeError as error:
        fail(str(error))


def schema(
    kind: Annotated[str, typer.Argument(help="recipe or ablation.", autocompletion=lambda: ["recipe", "ablation"])],
) -> None:
    """Print the JSON Schema of recipes or of ablations, with which editors complete and check them."""
    from curate.schema import SCHEMAS

    if kind not in SCHEMAS:
        fail(f"{kind}: there is a schema for {' and for '.join(SCHEMAS)}")
    print(json.dumps(SCHEMAS[kind](), indent=1, ensure_ascii=False))


def strategies(
    stage: StageName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all settings.")] = False,
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
