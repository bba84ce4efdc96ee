"""Ablations: YAML to arms, sweeps, slices and controls."""

import dataclasses
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filters
from curate import recipe as recipes
from curate.recipe import Lines, Recipe, RecipeError, check_keys, check_name, check_steps, find_config, load_yaml
from filters.chain import Step
from filters.contracts import Judge, Strategy, settings_of
from filters.language.fasttext import ISO_639_1
from filters.language.identification import LanguageJudge
from filters.rules import Rule

BASE = "base"
SLICES = ("language", "domain", "length", "crawl")
CONTROLS = ("random-removal",)
GOLD = ("extraction", "language", "toxicity", "pii", "dedup", "quality")
GOLD_OPTIONS = ("data", "text", "label", "toxic", "clean", "language", "match")
MOST_SAMPLES = 1_000  # on each side of a pair, for every arm: they are texts in one page that a browser must open
_KEYS = (
    "name", "description", "recipe", "input", "tokens", "arms", "leave_one_out", "grid", "sweeps", "slices", "controls",
    "gold", "proxy", "seeds", "samples",
)  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """One variant of the base recipe. input and pair_by are for arms that read other files (WET beside WARC)."""

    name: str
    recipe: Recipe
    input: tuple[str, ...] = ()
    pair_by: str = ""


@dataclass(frozen=True)
class Sweep:
    """One setting of one stage over several values; decided from the scored table."""

    stage: str
    setting: str
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """stage.setting"""
        return f"{self.stage}.{self.setting}"


@dataclass(frozen=True)
class Proxy:
    """The proxy language model: reference texts held fixed, training bytes for each arm, seeds."""

    reference: tuple[str, ...]
    bytes: int = 5_000_000
    seeds: int = 3


@dataclass(frozen=True)
class Ablation:
    """What is compared. The base comes first among the arms."""

    name: str
    arms: tuple[Arm, ...]
    description: str = ""
    input: tuple[str, ...] = ()
    tokens: str = "words"
    sweeps: tuple[Sweep, ...] = ()
    slices: tuple[str, ...] = ("language", "domain", "length")
    controls: tuple[str, ...] = ()
    gold: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    proxy: Proxy | None = None
    seeds: int = 20
    samples: int = 20

    @property
    def base(self) -> Arm:
        """The arm that all others are compared with."""
        return self.arms[0]


def load(given: str | os.PathLike[str] | Mapping[str, Any]) -> Ablation:
    """The ablation of a file, of a shipped name, or of a map as a file would hold it; raises RecipeError."""
    if isinstance(given, Mapping):
        return parse(dict(given), "ablation")
    path = find_config(recipes.config_name(given, "an ablation"), "ablations")
    data, lines = load_yaml(recipes.read_text(path), str(path))
    return parse(data, str(path), lines, path.parent)


def parse(data: Any, where: str, lines: Lines | None = None, folder: Path | None = None) -> Ablation:
    """An ablation from plain data. Relative recipe paths are looked for beside the ablation's file too."""
    at = lines or Lines()
    if not isinstance(data, dict):
        raise RecipeError(f"{where}: an ablation is a map with recipe and arms; recipe is required")
    if "stages" in data and "recipe" not in data:
        raise RecipeError(f"{where}: this is a recipe, not an ablation: curate run {where}")
    check_keys(data, _KEYS, where, at, ())
    name = data.get("name", Path(where).stem)
    check_name(name, where, at, ("name",))
    base = _base(data.get("recipe"), where, at, folder)
    arms = [Arm(BASE, base)]
    for arm_name, changes in _map(data, "arms", where, at).items():
        arms.append(_arm(arm_name, changes, base, where, at, ("arms", arm_name)))
    arms += _leave_one_out(data.get("leave_one_out"), base, where, at)
    arms += _grid(_map(data, "grid", where, at), base, where, at)
    seen: set[str] = set()
    for arm in arms:
        if arm.name in seen:
            raise RecipeError(f"{where}, line {at.of(('arms', arm.name))}: two arms are called {arm.name}")
        seen.add(arm.name)
    return Ablation(
        name=name,
        arms=tuple(arms),
        description=str(data.get("description", "")),
        input=_strings(data, "input", where, at),
        tokens=str(data.get("tokens", "words")),
        sweeps=tuple(_sweep(key, values, base, where, at) for key, values in _map(data, "sweeps", where, at).items()),
        slices=_among(data, "slices", SLICES, ("language", "domain", "length"), where, at),
        controls=_among(data, "controls", CONTROLS, (), where, at),
        gold=_gold(_map(data, "gold", where, at), where, at),
        proxy=_proxy(data.get("proxy"), where, at),
        seeds=_whole(data, "seeds", 20, where, at),
        samples=_whole(data, "samples", 20, where, at, MOST_SAMPLES),
    )


def changed(base: Recipe, changes: Mapping[str, Any], where: str = "arm") -> Recipe:
    """The base with an arm's changes: {stage: off | strategy | {strategy: settings} | settings, after: {...}}."""
    return _changed(base, changes, where, Lines(), ())


def _base(named: Any, where: str, lines: Lines, folder: Path | None) -> Recipe:
    if isinstance(named, dict):
        return recipes.parse(named, where, Lines())
    if not isinstance(named, str):
        raise RecipeError(
            f"{where}, line {lines.of(('recipe',))}: recipe is required: a shipped recipe's name or a path"
        )
    if folder is not None and (folder / named).is_file():
        return recipes.load(str(folder / named))
    return recipes.load(named)


def _arm(name: Any, changes: Any, base: Recipe, where: str, lines: Lines, path: tuple[Any, ...]) -> Arm:
    check_name(name, where, lines, path)
    if name == BASE:
        raise RecipeError(f"{where}, line {lines.of(path)}: the arm {BASE} is the recipe itself and comes by itself")
    if not isinstance(changes, dict):
        raise RecipeError(f"{where}, line {lines.of(path)}: an arm is a map from stages to what replaces them")
    inputs = _strings(changes, "input", where, lines, path)
    if "input" in changes and not inputs:
        # an arm meant to read other files must not read those of the base
        line = lines.of((*path, "input"))
        raise RecipeError(f"{where}, line {line}: input names no file, got {changes['input']!r}")
    pair_by = changes.get("pair_by", "")
    if not isinstance(pair_by, str):
        line = lines.of((*path, "pair_by"))
        raise RecipeError(f"{where}, line {line}: pair_by must be the name of a header, got {pair_by!r:.80}")
    changes = {stage: change for stage, change in changes.items() if stage not in ("input", "pair_by")}
    recipe = dataclasses.replace(_changed(base, changes, where, lines, path), name=name)
    return Arm(name, recipe, inputs, pair_by)


def _changed(base: Recipe, changes: Mapping[str, Any], where: str, lines: Lines, path: tuple[Any, ...]) -> Recipe:
    names = [step.name for step in base.steps]
    steps: list[Step | None] = list(base.steps)
    after = changes.get("after", {})
    for stage, change in changes.items():
        if stage == "after":
            continue
        if stage not in names:
            _unknown(stage, [*names, "after", "input", "pair_by"], where, lines, (*path, stage))
        index = names.index(stage)
        steps[index] = _replaced(base.steps[index], change, where, lines, (*path, stage))
    whole: list[Step] = []
    if not isinstance(after, dict):
        raise RecipeError(f"{where}, line {lines.of((*path, 'after'))}: after is a map from a stage to what follows it")
    for stage in after:
        if stage not in names:
            _unknown(stage, names, where, lines, (*path, "after", stage))
    for name, step in zip(names, steps, strict=True):
        if step is not None:
            whole.append(step)
        if name in after:
            added = after[name] if isinstance(after[name], list) else [after[name]]
            whole += [recipes.parse_step(item, where, lines, (*path, "after", name)) for item in added]
    if not whole:
        raise RecipeError(f"{where}, line {lines.of(path)}: nothing is left of the recipe")
    # check_steps asks for lines of stages, and those of an arm are its own
    return dataclasses.replace(base, steps=check_steps(whole, where, Lines({("stages",): lines.of(path)})))


def _replaced(step: Step, change: Any, where: str, lines: Lines, path: tuple[Any, ...]) -> Step | None:
    if change is False or change == "off":  # YAML 1.1 reads a bare off as False
        return None
    if isinstance(change, str):
        change = {change: None}
    if not isinstance(change, dict):
        raise RecipeError(
            f"{where}, line {lines.of(path)}: {step.name} takes off, a strategy, or settings, got {change!r:.80}"
        )
    first = next(iter(change), None)
    if len(change) == 1 and isinstance(first, str) and ("/" in first or first in filters.STRATEGIES):
        return recipes.parse_step(change, where, lines, path, step.name if step.name != step.strategy_name else "")
    settings = {**_given(step), **change}
    return Step(step.name, step.strategy_name, recipes.build(step.strategy_name, settings, where, lines, path))


def _given(step: Step) -> dict[str, Any]:
    settings: dict[str, Any] = settings_of(step.strategy)
    return settings


def with_setting(recipe: Recipe, stage: str, setting: str, value: Any) -> Recipe:
    """A recipe with one setting of one stage changed."""
    return changed(recipe, {stage: {setting: value}}, f"{stage}.{setting}")


def _leave_one_out(asked: Any, base: Recipe, where: str, lines: Lines) -> list[Arm]:
    if not asked:
        return []
    names = [step.name for step in base.steps[1:]]
    if asked is not True and not isinstance(asked, list):
        raise RecipeError(f"{where}, line {lines.of(('leave_one_out',))}: leave_one_out is true or a list of stages")
    chosen = names if asked is True else asked
    arms = []
    for index, stage in enumerate(chosen):
        if not isinstance(stage, str):
            line = lines.of(("leave_one_out", index))
            raise RecipeError(f"{where}, line {line}: leave_one_out: {stage!r:.80} is no stage's name")
        if stage not in names:
            _unknown(stage, names, where, lines, ("leave_one_out", stage))
        name = "without-" + stage.replace("/", "-")
        recipe = dataclasses.replace(changed(base, {stage: False}, where), name=name)
        arms.append(Arm(name, recipe))
    return arms


def _grid(grid: Mapping[str, Any], base: Recipe, where: str, lines: Lines) -> list[Arm]:
    axes = [_sweep(key, values, base, where, lines, "grid") for key, values in grid.items()]
    arms = []
    for values in itertools.product(*(axis.values for axis in axes)) if axes else ():
        changes: dict[str, dict[str, Any]] = {}
        for axis, value in zip(axes, values, strict=True):
            changes.setdefault(axis.stage, {})[axis.setting] = value
        try:
            recipe = _changed(base, changes, where, lines, ("grid",))
        except RecipeError:
            for axis, value in zip(axes, values, strict=True):  # the line of the one that is wrong, where it is one
                _changed(base, {axis.stage: {axis.setting: value}}, where, lines, ("grid", axis.name))
            raise
        name = "-".join(f"{axis.setting}-{value}" for axis, value in zip(axes, values, strict=True))
        name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)[:64]
        arms.append(Arm(name, dataclasses.replace(recipe, name=name)))
    return arms


def _sweep(key: Any, values: Any, base: Recipe, where: str, lines: Lines, kind: str = "sweeps") -> Sweep:
    stage, _, setting = str(key).rpartition(".")
    names = [step.name for step in base.steps]
    if stage not in names:
        _unknown(stage or key, names, where, lines, (kind, key))
    if not isinstance(values, list) or not values:
        raise RecipeError(f"{where}, line {lines.of((kind, key))}: {key} needs a list of values")
    sweep = Sweep(stage, setting, tuple(values))
    if kind == "sweeps":  # a grid's values hold together, so they are tried together
        _check_sweep(sweep, base, where, lines, (kind, key))
    return sweep


def _check_sweep(sweep: Sweep, base: Recipe, where: str, lines: Lines, path: tuple[Any, ...]) -> None:
    """Raises RecipeError for a setting or a value that is not allowed, and for a setting that changes no decision."""
    step = next(step for step in base.steps if step.name == sweep.stage)
    in_use, given = step.strategy, _given(step)
    made = []
    for index, value in enumerate(sweep.values):
        # an unknown setting is the key's fault, not the first value's
        at = (*path, index) if sweep.setting in given else path
        made.append(recipes.build(step.strategy_name, {**given, sweep.setting: value}, where, lines, at))
    if any(one != in_use for one in made) and _decide_alike([in_use, *made], base.languages()):
        raise RecipeError(
            f"{where}, line {lines.of(path)}: a sweep of {sweep.name} changes no decision: {_unread(sweep, in_use)}"
        )


def _decide_alike(strategies: Sequence[Strategy], languages: Sequence[str]) -> bool:
    """Whether these are judges with the same scores and, for every language, rules that decide the same."""
    judges = [one for one in strategies if isinstance(one, Judge)]
    if len(judges) < len(strategies) or any(one.scoring_key() != judges[0].scoring_key() for one in judges):
        return False
    asked = {"", *languages, *ISO_639_1}
    for judge in judges:
        for setting in settings_of(judge).values():  # limits by language
            asked |= {key for key in setting if isinstance(key, str)} if isinstance(setting, dict) else set()
    return all(
        _decisive(judge.rules(language), language) == _decisive(judges[0].rules(language), language)
        for language in asked
        for judge in judges[1:]
    )


def _decisive(rules: Sequence[Rule], language: str) -> tuple[Rule, ...]:
    """The rules that can decide on a document of this language: up to the first that drops all of them."""
    for index, rule in enumerate(rules):
        if rule.signal == "language" and rule.one_of is not None and language not in rule.one_of:
            return tuple(rules[: index + 1])
    return tuple(rules)


def _unread(sweep: Sweep, in_use: Strategy) -> str:
    """Why a setting is not read, for a message."""
    if isinstance(in_use, LanguageJudge) and not in_use.keep:
        return f"keep of {sweep.stage} names no language, so all are kept"
    if isinstance(in_use, LanguageJudge) and isinstance(in_use.keep, Mapping):
        return f"the map keep holds the limits of {', '.join(in_use.keep)}; sweep {sweep.stage}.keep instead"
    return f"the rules of {sweep.stage} are the same for each of the values"


def _proxy(data: Any, where: str, lines: Lines) -> Proxy | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise RecipeError(f"{where}, line {lines.of(('proxy',))}: proxy is a map with reference, bytes, seeds")
    check_keys(data, ("reference", "bytes", "seeds"), where, lines, ("proxy",))
    reference = _strings(data, "reference", where, lines, ("proxy",))
    if not reference:
        raise RecipeError(f"{where}, line {lines.of(('proxy',))}: proxy needs reference texts")
    return Proxy(
        reference,
        _whole(data, "bytes", Proxy.bytes, where, lines, path=("proxy",)),
        _whole(data, "seeds", Proxy.seeds, where, lines, path=("proxy",)),
    )


def _gold(data: Mapping[str, Any], where: str, lines: Lines) -> dict[str, dict[str, Any]]:
    """Labelled data by stage: a path, a list of paths, or a map of data to them and of other options of `evaluate`."""
    check_keys(data, GOLD, where, lines, ("gold",))
    found = {}
    for stage, given in data.items():
        options = dict(given) if isinstance(given, dict) else {"data": given}
        check_keys(options, GOLD_OPTIONS, where, lines, ("gold", stage))
        paths = _strings(options, "data", where, lines, ("gold", stage))
        if not paths:
            raise RecipeError(f"{where}, line {lines.of(('gold', stage))}: gold of {stage} needs data: a path or paths")
        for name in ("toxic", "clean"):
            if name in options:
                options[name] = list(_strings(options, name, where, lines, ("gold", stage)))
        found[stage] = {**options, "data": list(paths)}
    return found


def _map(data: Mapping[str, Any], key: str, where: str, lines: Lines) -> dict[str, Any]:
    found = data.get(key) or {}
    if not isinstance(found, dict):
        raise RecipeError(f"{where}, line {lines.of((key,))}: {key} must be a map")
    return found


def _strings(
    data: Mapping[str, Any], key: str, where: str, lines: Lines, path: tuple[Any, ...] = (), of: str = "path"
) -> tuple[str, ...]:
    given = data.get(key)
    found = [] if given is None or given == "" else [given] if isinstance(given, str) else given
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        line = lines.of((*path, key))
        raise RecipeError(f"{where}, line {line}: {key} must be a {of} or a list of {of}s, got {given!r:.80}")
    return tuple(found)


def _among(
    data: Mapping[str, Any], key: str, known: Sequence[str], default: tuple[str, ...], where: str, lines: Lines
) -> tuple[str, ...]:
    if key not in data:
        return default
    found = _strings(data, key, where, lines, of="name")
    for item in found:
        if item not in known:
            _unknown(item, known, where, lines, (key, item))
    return found


def _whole(
    data: Mapping[str, Any],
    key: str,
    default: int,
    where: str,
    lines: Lines,
    most: int | None = None,
    path: tuple[Any, ...] = (),
) -> int:
    found = data.get(key, default)
    if type(found) is not int or found < 1 or (most is not None and found > most):
        bounds = "above 0" if most is None else f"from 1 to {most:,}"
        line = lines.of((*path, key))
        raise RecipeError(f"{where}, line {line}: {key} must be a whole number {bounds}, got {found!r:.80}")
    return found


def _unknown(name: Any, known: Sequence[str], where: str, lines: Lines, path: tuple[Any, ...]) -> None:
    check_keys({name: None}, known, where, lines, path[:-1])
