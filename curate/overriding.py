"""A recipe with what the command line says otherwise: fields of rows, single settings, dropped texts."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from curate import recipe as recipes
from curate.configuration import Lines, Place, RecipeError
from curate.recipe import Recipe
from filters.chain import Step
from filters.contracts import settings_of


def override(
    recipe: Recipe,
    text: str | None = None,
    id: str | None = None,
    url: str | None = None,
    carry: Sequence[str] = (),
    settings: Sequence[str] = (),
    dropped_text: bool = False,
) -> Recipe:
    """The recipe with other fields of rows, other settings ("STAGE.SETTING=VALUE"), or dropped texts written.

    carry is added to what the recipe carries. Raises RecipeError that names the option.
    """
    steps = list(recipe.steps)
    for given in settings:
        _set(steps, given)
    rows = dataclasses.asdict(recipe.rows)
    rows.update({name: value for name, value in (("text", text), ("id", id), ("url", url)) if value is not None})
    rows["carry"] = list(dict.fromkeys([*recipe.rows.carry, *carry]))
    try:
        fields = recipes.parse_rows(rows, steps, Place("options"))
    except RecipeError as error:
        said = str(error).replace("options, line 1: ", "")
        raise RecipeError(f"--text-field, --id-field, --url-field, --carry: {said}") from error
    output = dataclasses.replace(recipe.output, dropped_text=recipe.output.dropped_text or dropped_text)
    return dataclasses.replace(recipe, steps=tuple(steps), rows=fields, output=output)


def _set(steps: list[Step], given: str) -> None:
    """Give one setting of one step another value, read as in a recipe; a dot reaches into a map (keep.ko)."""
    path, sign, written = given.partition("=")
    names = [step.name for step in steps]
    # names of stages may have dots in them: the longest that fits
    stage = max((name for name in names if path.startswith(f"{name}.")), key=len, default="")
    if not sign or not stage:
        known = ", ".join(names)
        raise RecipeError(f"--set {given}: expected STAGE.SETTING=VALUE, with one of these stages: {known}")
    place = names.index(stage)
    step = steps[place]
    keys = path[len(stage) + 1 :].split(".")
    changed: dict[str, Any] = dict(settings_of(step.strategy))
    inner: Any = changed
    for key in keys[:-1]:
        inner[key] = dict(inner[key]) if isinstance(inner.get(key), dict) else {}
        inner = inner[key]
    value, _ = recipes.load_yaml(written, f"--set {path}")
    inner[keys[-1]] = value
    try:
        strategy = recipes.build(step.strategy_name, changed, "--set", Lines(), ())
    except RecipeError as error:
        raise RecipeError(str(error).replace("--set, line 1: ", f"--set {given}: ")) from error
    steps[place] = Step(step.name, step.strategy_name, strategy)
