"""What an arm changes: stages of the base replaced, given other settings, left out, or followed by more."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import filters
from curate import recipe as recipes
from curate.configuration import Place
from curate.recipe import Lines, Recipe, check_steps
from filters.chain import Step
from filters.contracts import SettingsError, settings_of

AFTER, RECIPE = "after", "recipe"
OTHER_FILES = ("input", "pair_by")
Where = Callable[..., Place]  # from the keys of a change (stage, setting, ...) to where it is written


def changed(base: Recipe, changes: Mapping[str, Any], where: Where | None = None) -> Recipe:
    """The base with an arm's changes: {stage: off | strategy | {strategy: settings} | settings, after: {...}}.

    where  gives the place of a change; raises RecipeError with it
    """
    at = where or Place("arm").at
    names = [step.name for step in base.steps]
    after = changes.get(AFTER, {})
    if not isinstance(after, dict):
        raise at(AFTER).error("after is a map from a stage to what follows it")
    at().check_known(list(changes), [*names, AFTER, RECIPE, *OTHER_FILES])
    at(AFTER).check_known(list(after), names)
    steps: list[Step] = []
    for step in base.steps:
        left = replaced(step, changes[step.name], at) if step.name in changes else step
        if left is not None:
            steps.append(left)
        if step.name in after:
            added = after[step.name] if isinstance(after[step.name], list) else [after[step.name]]
            place = at(AFTER, step.name)
            steps += [recipes.parse_step(item, place.file, place.lines, place.path) for item in added]
    if not steps:
        raise at().error("nothing is left of the recipe")
    # check_steps asks for the lines of stages; those of an arm are its own
    lines = Lines({("stages",): at().lines.of(at().path)})
    return dataclasses.replace(base, steps=check_steps(steps, at().file, lines))


def replaced(step: Step, change: Any, at: Where) -> Step | None:
    """A stage with a change: None where it is left out."""
    place = at(step.name)
    if change is False or change == "off":  # YAML 1.1 reads a bare off as False
        return None
    if isinstance(change, str):
        change = {change: None}
    if not isinstance(change, dict):
        raise place.error(f"{step.name} takes off, a strategy, or settings, got {change!r:.80}")
    if len(change) == 1 and _is_strategy(next(iter(change))):
        called = step.name if step.name != step.strategy_name else ""
        return recipes.parse_step(change, place.file, place.lines, place.path, called)
    try:
        strategy = filters.make(step.strategy_name, {**settings_of(step.strategy), **change})
    except SettingsError as error:
        raise at(step.name, *error.path).error(str(error)) from error
    return Step(step.name, step.strategy_name, strategy)


def _is_strategy(key: Any) -> bool:
    """Whether a key names a strategy: settings are identifiers, names of strategies have a / and paths a . or :"""
    return isinstance(key, str) and (key in filters.STRATEGIES or any(mark in key for mark in "/.:"))


def with_setting(recipe: Recipe, stage: str, setting: str, value: Any) -> Recipe:
    """A recipe with one setting of one stage changed."""
    return changed(recipe, {stage: {setting: value}}, Place(f"{stage}.{setting}").at)
