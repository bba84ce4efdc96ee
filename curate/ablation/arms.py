"""Ablations: YAML to arms, sweeps, slices and controls."""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, InstanceOf

from curate import recipe as recipes
from curate.ablation.changes import OTHER_FILES, RECIPE, changed
from curate.configuration import Count, Paths, Place, Text, Yes, several, string, validated, whole
from curate.recipe import Lines, Recipe, RecipeError, check_name, find_config, load_yaml
from filters.chain import Step
from filters.contracts import Judge, Strategy, settings_of
from filters.language.fasttext import ISO_639_1
from filters.language.identification import LanguageJudge
from filters.rules import Rule
from pipelines.reading.fields import Reading

BASE = "base"
SLICES = ("language", "domain", "length", "crawl")
CONTROLS = ("random-removal",)
GOLD = ("extraction", "language", "toxicity", "pii", "dedup", "quality")
MOST_SAMPLES = 1_000  # on each side of a pair, for every arm: they are texts in one page that a browser must open
_FROZEN = ConfigDict(extra="forbid")


def _among(known: Sequence[str]) -> AfterValidator:
    def check(found: tuple[str, ...]) -> tuple[str, ...]:
        if not set(found) <= set(known):
            raise ValueError(f"must be among {', '.join(known)}")
        return found

    return AfterValidator(check)


def _given(paths: tuple[str, ...]) -> tuple[str, ...]:
    # an arm meant to read other files must not read those of the base
    if not paths:
        raise ValueError("names no file")
    return paths


def _named(given: Any) -> Any:
    if not isinstance(given, Mapping) or not given:
        raise ValueError("must be a map from names to paths, such as {news: held-out/*.jsonl.gz}")
    for name in given:
        if not isinstance(name, str) or not recipes.is_name(name):
            raise ValueError("must have names of letters and digits with ._- between them, at most 64 characters")
    return given


Names = Annotated[tuple[str, ...], several("name")]


@dataclasses.dataclass(frozen=True)
class Arm:
    """A variant of the base, or another recipe. input and pair_by: for arms that read other files (WET beside WARC)."""

    name: str
    recipe: Recipe
    input: tuple[str, ...] = ()
    pair_by: str = ""


@pydantic.dataclasses.dataclass(frozen=True, config=_FROZEN)
class _OtherFiles:
    """The files that an arm reads in place of the base's, and the header that pairs their pages with the base's."""

    input: Annotated[Paths, AfterValidator(_given)] = ()
    pair_by: Annotated[str, string("the name of a header")] = ""


@dataclasses.dataclass(frozen=True)
class Sweep:
    """One setting of one stage over several values; decided from the scored table. arm: the arm that has the stage."""

    stage: str
    setting: str
    values: tuple[Any, ...]
    arm: str = BASE

    @property
    def name(self) -> str:
        """stage.setting, and the arm where it is not the base."""
        return f"{self.stage}.{self.setting}" + (f" in {self.arm}" if self.arm != BASE else "")


@pydantic.dataclasses.dataclass(frozen=True, config=_FROZEN)
class Proxy:
    """Proxies of quality: named reference texts held fixed, training bytes of each arm, seeds."""

    references: Annotated[Mapping[str, Annotated[tuple[str, ...], several("path", least=1)]], BeforeValidator(_named)]
    bytes: Count = 5_000_000
    seeds: Count = 5


@pydantic.dataclasses.dataclass(frozen=True, config=_FROZEN)
class Gold:
    """Labelled data of a stage, with options of `curate evaluate`; label "": the usual one of the stage."""

    data: Annotated[tuple[str, ...], several("path", least=1)]
    text: Text = "text"
    label: Text = ""
    toxic: Names = ()
    clean: Names = ()
    language: Text = ""
    match: Literal["exact", "overlap"] = "exact"


@pydantic.dataclasses.dataclass(frozen=True, config=_FROZEN)
class Ablation:
    """What is compared. The base comes first among the arms.

    tokens    how texts are counted: words, or the path of a tokenizers file
    slices    SLICES, and text notes that judges of the base write
    seeds     of the random controls           samples  documents shown on each side of a pair of arms
    jointly   whether corpus rewriters run again for each value of a sweep and each rule that come before them
    """

    name: str
    arms: tuple[InstanceOf[Arm], ...]
    description: Annotated[str, BeforeValidator(str)] = ""
    input: Paths = ()
    tokens: Annotated[str, string("words, or a path")] = "words"
    sweeps: tuple[InstanceOf[Sweep], ...] = ()
    slices: Names = ("language", "domain", "length")
    controls: Annotated[Names, _among(CONTROLS)] = ()
    gold: Mapping[str, InstanceOf[Gold]] = Field(default_factory=dict)
    proxy: InstanceOf[Proxy] | None = None
    seeds: Count = 20
    samples: Annotated[int, whole(MOST_SAMPLES)] = 20
    jointly: Yes = False

    @property
    def base(self) -> Arm:
        """The arm that all others are compared with."""
        return self.arms[0]

    def arm(self, name: str) -> Arm:
        """The arm of this name."""
        return next(arm for arm in self.arms if arm.name == name)

    def without(self) -> dict[str, Arm]:
        """By stage, the arm that is the base without it, on the same files; a stage that no arm leaves out is not here.

        Where several arms are, the last.
        """
        steps = self.base.recipe.steps
        return {
            step.name: arm
            for arm in self.arms[1:]
            for place, step in enumerate(steps)
            if arm.recipe.steps == (*steps[:place], *steps[place + 1 :]) and not arm.input and not arm.pair_by
        }


def load(given: str | os.PathLike[str] | Mapping[str, Any]) -> Ablation:
    """The ablation of a file, of a shipped name, or of a map as a file would hold it; raises RecipeError.

    That of a recipe leaves out each of its stages in turn.
    """
    if isinstance(given, Mapping):
        return _of_recipe(dict(given)) if _is_recipe(given) else parse(dict(given), "ablation")
    name = recipes.config_name(given, "an ablation")
    try:
        path = find_config(name, "ablations")
    except RecipeError:
        if not (recipes.CONFIGS / f"{name}.yaml").is_file():
            raise
        return _of_recipe(name)
    data, lines = load_yaml(recipes.read_text(path), str(path))
    return _of_recipe(str(path)) if _is_recipe(data) else parse(data, str(path), lines, path.parent)


def _is_recipe(data: Any) -> bool:
    return isinstance(data, Mapping) and "stages" in data and "recipe" not in data


def _of_recipe(given: str | Mapping[str, Any]) -> Ablation:
    """A recipe, each stage left out in turn."""
    made = parse({"recipe": given, "leave_one_out": True, "controls": ["random-removal"]}, "ablation")
    base = made.arms[0].recipe
    return dataclasses.replace(made, name=base.name, input=base.input)


_MADE = ("recipe", "arms", "leave_one_out", "grid", "sweeps", "gold", "proxy")  # keys whose values are made here


def parse(data: Any, file: str, lines: Lines | None = None, folder: Path | None = None) -> Ablation:
    """An ablation from plain data. Relative recipe paths are looked for beside the ablation's file too."""
    place = Place(file, lines or Lines())
    if not isinstance(data, dict):
        raise RecipeError(f"{file}: an ablation is a map with recipe and arms; recipe is required")
    if _is_recipe(data):
        raise RecipeError(f"{file}: this is a recipe, not an ablation: curate run {file}", file)
    fields = [one.name for one in dataclasses.fields(Ablation)]
    place.check_known(list(data), list(dict.fromkeys([*_MADE, *fields])))
    name = data.get("name", Path(file).stem)
    check_name(name, file, place.lines, ("name",))
    base = _recipe(data.get(RECIPE), place.at(RECIPE), folder)
    arms = [Arm(BASE, base)]
    for called, changes in _map(data, "arms", place).items():
        arms.append(_arm(called, changes, base, place.at("arms", called), folder))
    arms += _leave_one_out(data.get("leave_one_out"), base, place.at("leave_one_out"))
    arms += _grid(_map(data, "grid", place), base, place.at("grid"))
    seen: set[str] = set()
    for arm in arms:
        if arm.name in seen:
            raise place.at("arms", arm.name).error(f"two arms are called {arm.name}")
        seen.add(arm.name)
    made: dict[str, Any] = {"name": name, "arms": tuple(arms)}
    made["sweeps"] = tuple(
        _sweep(key, values, arms, place.at("sweeps", key)) for key, values in _map(data, "sweeps", place).items()
    )
    made["gold"] = {stage: _gold(stage, given, place.at("gold")) for stage, given in _map(data, "gold", place).items()}
    if data.get("proxy") is not None:
        made["proxy"] = validated(Proxy, _map(data, "proxy", place), place.at("proxy"))
    rest = {key: value for key, value in data.items() if key not in _MADE and key != "name"}
    ablation = validated(Ablation, {**made, **rest}, place)
    known = (*SLICES, *notes_to_slice_by(base.steps))
    for wrong in (one for one in ablation.slices if one not in known):
        raise place.at("slices").unknown("slice", wrong, known)
    return ablation


def notes_to_slice_by(steps: Sequence[Step]) -> list[str]:
    """The text notes that judges among these steps write, besides the language."""
    judges = [step.strategy for step in steps if isinstance(step.strategy, Judge)]
    notes = (name for judge in judges for name, kind in judge.writes.items() if kind == "string" and name != "language")
    return list(dict.fromkeys(notes))


def _recipe(named: Any, place: Place, folder: Path | None) -> Recipe:
    """A recipe that is named, or written out, at a place."""
    if isinstance(named, dict):
        return recipes.parse(named, place.file, place.lines.below(*place.path))
    if not isinstance(named, str):
        raise place.error("recipe is required: a shipped recipe's name or a path")
    beside = folder / named if folder is not None else None
    try:
        return recipes.load(str(beside) if beside is not None and beside.is_file() else named)
    except RecipeError as error:
        raise error if error.file else place.error(str(error)) from error  # where the recipe is named, or its own place


def _arm(name: Any, changes: Any, base: Recipe, place: Place, folder: Path | None) -> Arm:
    check_name(name, place.file, place.lines, place.path)
    if name == BASE:
        raise place.error(f"the arm {BASE} is the recipe itself and is always there")
    if not isinstance(changes, dict):
        raise place.error("an arm is a map from stages to what replaces them")
    files = validated(_OtherFiles, {key: value for key, value in changes.items() if key in OTHER_FILES}, place)
    begun = _recipe(changes[RECIPE], place.at(RECIPE), folder) if RECIPE in changes else base
    if _read(begun) != _read(base):
        said = "rows, records and zstd_long must be those of the base: all arms are made of the same pages"
        raise place.at(RECIPE).error(f"{name} cannot be compared: {said}")
    rest = {key: value for key, value in changes.items() if key not in (RECIPE, *OTHER_FILES)}
    recipe = changed(begun, rest, place.at)
    return Arm(name, dataclasses.replace(recipe, name=name), files.input, files.pair_by)


def _read(recipe: Recipe) -> Reading:
    """What a recipe reads of the input and an ablation needs."""
    return dataclasses.replace(recipe.reading, rows=dataclasses.replace(recipe.rows, carry=()))


def _leave_one_out(asked: Any, base: Recipe, place: Place) -> Iterator[Arm]:
    names = [step.name for step in base.steps[1:]]
    if asked is True:
        asked = names
    if asked and not isinstance(asked, list):
        raise place.error("leave_one_out must be true or a list of stages")
    for index, stage in enumerate(asked or ()):
        if not isinstance(stage, str):
            raise place.at(index).error(f"leave_one_out: {stage!r:.80} is not the name of a stage")
        if stage not in names:
            raise place.at(index).unknown("stage", stage, names)
        name = "without-" + stage.replace("/", "-")
        left_out = {stage, *needing(base.steps, stage)}
        yield Arm(name, dataclasses.replace(changed(base, dict.fromkeys(left_out, False), place.at), name=name))


def needing(steps: Sequence[Step], stage: str) -> list[str]:
    """The stages that cannot stand without this one: a setting of theirs names a note that no other stage writes."""
    notes: set[str] = set()
    found = []
    for step in (one for one in steps if one.name != stage):
        if set(step.strategy.notes_read()) - set(step.strategy.reads) <= notes:
            notes |= set(step.strategy.writes)
        else:
            found.append(step.name)
    return found


def _grid(grid: Mapping[str, Any], base: Recipe, place: Place) -> Iterator[Arm]:
    axes = [_axis(key, values, [Arm(BASE, base)], place.at(key)) for key, values in grid.items()]

    def written(stage: str | None = None, setting: str | None = None, *_: Any) -> Place:
        """Where a setting is written: the values of a grid hold together, so an error has the line of its axis."""
        return place.at(f"{stage}.{setting}") if setting is not None else place

    for values in itertools.product(*(axis.values for axis in axes)) if axes else ():
        changes: dict[str, dict[str, Any]] = {}
        for axis, value in zip(axes, values, strict=True):
            changes.setdefault(axis.stage, {})[axis.setting] = value
        recipe = changed(base, changes, written)
        name = "-".join(f"{axis.setting}-{value}" for axis, value in zip(axes, values, strict=True))
        name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)[:64]
        yield Arm(name, dataclasses.replace(recipe, name=name))


def _axis(key: Any, values: Any, arms: Sequence[Arm], place: Place) -> Sweep:
    """The values of a setting, of the first arm that has the stage."""
    stage, _, setting = str(key).rpartition(".")
    having = [arm for arm in arms if any(step.name == stage for step in arm.recipe.steps)]
    if not having:
        known = list(dict.fromkeys(step.name for arm in arms for step in arm.recipe.steps))
        raise place.unknown("stage", stage or key, known)
    if not isinstance(values, list) or not values:
        raise place.error(f"{key} needs a list of values")
    return Sweep(stage, setting, tuple(values), having[0].name)


def _sweep(key: Any, values: Any, arms: Sequence[Arm], place: Place) -> Sweep:
    sweep = _axis(key, values, arms, place)
    _check_sweep(sweep, next(arm.recipe for arm in arms if arm.name == sweep.arm), place)
    return sweep


def _check_sweep(sweep: Sweep, recipe: Recipe, place: Place) -> None:
    """Raises RecipeError for a setting or a value that is not allowed, and for a setting that changes no decision."""
    step = next(step for step in recipe.steps if step.name == sweep.stage)
    in_use, given = step.strategy, settings_of(step.strategy)
    made = []
    for index, value in enumerate(sweep.values):
        # an unknown setting is the key's fault, not the first value's
        at = place.at(index) if sweep.setting in given else place
        settings = {**given, sweep.setting: value}
        made.append(recipes.build(step.strategy_name, settings, at.file, at.lines, at.path))
    if any(one != in_use for one in made) and _decide_alike([in_use, *made], recipe.languages()):
        raise place.error(f"a sweep of {sweep.name} changes no decision: {_unread(sweep, step)}")


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


def _unread(sweep: Sweep, step: Step) -> str:
    """Why a setting is not read, for a message."""
    in_use = step.strategy
    if isinstance(in_use, LanguageJudge) and not in_use.keep:
        return f"keep of {sweep.stage} names no language, so all are kept"
    if isinstance(in_use, LanguageJudge) and isinstance(in_use.keep, Mapping):
        return f"the map keep holds the limits of {', '.join(in_use.keep)}; sweep {sweep.stage}.keep instead"
    return f"the rules of {sweep.stage} are the same for each of the values"


def _gold(stage: Any, given: Any, place: Place) -> Gold:
    """Labelled data of a stage: a path, a list of paths, or a map of data to them and of other options."""
    place.check_known([stage], GOLD)
    return validated(Gold, dict(given) if isinstance(given, dict) else {"data": given}, place.at(stage))


def _map(data: Mapping[str, Any], key: str, place: Place) -> dict[str, Any]:
    found = data.get(key) or {}
    if not isinstance(found, dict):
        raise place.at(key).error(f"{key} must be a map, got {found!r:.80}")
    return found
