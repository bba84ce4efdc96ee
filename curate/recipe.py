"""Recipes: YAML to named steps, the filled form, the fingerprint, and errors that name file, line and key."""

import dataclasses
import difflib
import hashlib
import json
import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pydantic
import yaml
from pydantic import ConfigDict

import filters
from curate.configuration import Count, Lines, Place, RecipeError, Yes, validated, whole
from filters.chain import Step, notes_written
from filters.contracts import (
    CorpusJudge,
    CorpusRewriter,
    Extractor,
    ResourceError,
    SettingsError,
    Strategy,
    settings_of,
)
from filters.document import COLUMNS
from filters.needs import kind_of, need
from filters.sketch import EXAMPLES
from pipelines.reading.fields import DOCUMENTS, USUAL_DOCUMENTS, ZSTD_LONG, Fields, Reading

LONGEST_NAME, _LONGEST_BYTES = 64, 200  # it becomes part of a file's name, of at most 255 bytes
CONFIGS = Path(__file__).resolve().parent.parent / "configs"
DEFAULT_EXTRACTION = "extraction/plain"
MOST_EXAMPLES = 20
ZSTD_LONGS = (10, 31)  # the least and the most that zstd_long may be
DEEPEST = 50  # lists and maps within each other: PyYAML and what reads its data recurse


def load_yaml(text: str, name: str) -> tuple[Any, Lines]:
    """YAML as plain data, with the line of every key. Duplicate keys, tags and aliases raise RecipeError."""
    lines = Lines()

    def refuse(node_or_event: Any, message: str) -> None:
        raise RecipeError(message, name, node_or_event.start_mark.line + 1)

    def build(node: yaml.Node, path: tuple[Any, ...]) -> Any:
        lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            data: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = build(key_node, (*path, "?"))
                if not isinstance(key, (str, int, float, bool)) or key is None:
                    refuse(key_node, "a key must be a word or a number")
                if key in data:
                    refuse(key_node, f"duplicate key {key!r} (first on line {lines.of((*path, key))})")
                lines[(*path, key)] = key_node.start_mark.line + 1
                data[key] = build(value_node, (*path, key))
            return data
        if isinstance(node, yaml.SequenceNode):
            return [build(item, (*path, index)) for index, item in enumerate(node.value)]
        try:
            return loader.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError) as error:
            said = getattr(error, "problem", None) or error
            raise RecipeError(str(said), name, node.start_mark.line + 1) from error

    try:
        # Aliases and depth are refused while events are read, before anything could expand or recurse.
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                refuse(event, f"lists and maps are nested more than {DEEPEST} deep")
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                refuse(event, "anchors and aliases not allowed")
            tag = getattr(event, "tag", None)
            if tag:
                refuse(event, f"tags such as {tag!r} are not allowed")
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        loader.dispose()
    except yaml.reader.ReaderError as error:  # a control character; the reader knows its position and no line
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: the character {chr(error.character)!r} is not allowed"
        raise RecipeError(message, name, line) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", error))
        tab = "; YAML is indented with spaces, not with tabs" if "'\\t'" in problem else ""
        message = f"not YAML: {problem}{tab}"
        raise RecipeError(message, name, mark.line + 1 if mark else 1) from error
    return (build(node, ()) if node is not None else None), lines


@pydantic.dataclasses.dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Output:
    """How a run writes.

    file_bytes    bytes of text after which a kept/ file is closed and the next begun
    dropped_text  whether rows of dropped/ hold the text too (off: it is text that filters found unfit)
    examples      documents that the report shows of each rule, without personal data; 0 shows no text
    """

    file_bytes: Count = 256_000_000
    dropped_text: Yes = False
    examples: Annotated[int, whole(MOST_EXAMPLES, least=0)] = EXAMPLES


@dataclass(frozen=True)
class Recipe:
    """Named steps, what is read of the input (see fields.Reading), and how to write the result."""

    name: str
    steps: tuple[Step, ...]
    description: str = ""
    input: tuple[str, ...] = ()
    rows: Fields = field(default_factory=Fields)
    records: tuple[str, ...] = USUAL_DOCUMENTS
    zstd_long: int = ZSTD_LONG
    output: Output = field(default_factory=Output)

    @property
    def reading(self) -> Reading:
        """What is read of the input."""
        return Reading(self.rows, self.records, self.zstd_long)

    def filled(self) -> dict[str, Any]:
        """The recipe with every default filled in, as plain data that can be loaded again."""
        rows = {**dataclasses.asdict(self.rows), "carry": list(self.rows.carry)}
        output = dataclasses.asdict(self.output)
        return {
            "name": self.name,
            "stages": [_filled(step) for step in self.steps],
            "rows": rows,
            "records": list(self.records),
            "zstd_long": self.zstd_long,
            "output": output,
        }

    def fingerprint(self) -> str:
        """A hash of what the result depends on: steps, settings, model files. Settings that are empty do not count,
        so a new setting whose default is empty changes no fingerprint."""
        stages = [
            [step.name, step.strategy_name, _without_empty(settings_of(step.strategy)), dict(step.strategy.resources())]
            for step in self.steps
        ]
        rows = {key: value for key, value in dataclasses.asdict(self.rows).items() if value != getattr(Fields, key)}
        archives: dict[str, Any] = {}
        if self.records != USUAL_DOCUMENTS:
            archives["records"] = sorted(self.records)
        if self.zstd_long != ZSTD_LONG:
            archives["zstd_long"] = self.zstd_long
        # examples change no row
        output = {key: value for key, value in dataclasses.asdict(self.output).items() if key != "examples"}
        parts = [stages, output, *(part for part in (rows, archives) if part)]
        whole = json.dumps(parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()[:16]

    def languages(self) -> tuple[str, ...]:
        """The languages that language stages keep (ISO 639-1); empty where all are kept."""
        return next((kept for step in self.steps if (kept := step.strategy.languages_kept())), ())

    def warnings(self) -> list[str]:
        """What a user should know before running this."""
        languages = self.languages()
        found = [f"{step.name}: {warning}" for step in self.steps for warning in step.strategy.warnings(languages)]
        noted = False
        for step in self.steps:
            if not languages and step.strategy.made_for() is not None:
                why = (
                    "all languages are kept, and English limits apply to those without limits of their own"
                    if noted
                    else "no earlier stage detects the language, so English limits also apply to Korean text"
                )
                found.append(f"{step.name}: {why}")
            noted = noted or "language" in step.strategy.writes
        return found


def _filled(step: Step) -> dict[str, Any]:
    settings = settings_of(step.strategy)
    if step.name != step.strategy_name:
        settings = {**settings, "as": step.name}
    return {step.strategy_name: settings}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {})}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


def config_name(given: Any, what: str) -> str:
    """The name or path of a configuration as text; raises RecipeError for anything else."""
    if isinstance(given, (str, os.PathLike)):
        return str(os.fspath(given))
    raise RecipeError(
        f"{what} must be the name of a shipped one, a path, or a map, got {type(given).__name__}: {given!r:.80}"
    )


def find_config(name: str, folder: str = "") -> Path:
    """The file of a recipe (or of an ablation, folder "ablations"): a path, or a shipped one's name."""
    if "\n" in name:
        raise RecipeError(
            f"{name!r:.80} is not the name of a file: write the text to a file, or load it and pass the map"
        )
    path = Path(name).expanduser()
    if path.is_file():
        return path
    shipped = CONFIGS / folder
    for candidate in (shipped / f"{name}.yaml", shipped / name, CONFIGS.parent / name):
        if candidate.is_file():
            return candidate
    known = sorted(found.stem for found in shipped.glob("*.yaml"))
    near = difflib.get_close_matches(path.stem, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    if path.exists():
        raise RecipeError(f"{name}: is {kind_of(path.stat().st_mode)}, not a file")
    if not folder and (CONFIGS / "ablations" / f"{name}.yaml").is_file():
        hint = f"; {name} is an ablation: curate ablate {name}"
    raise RecipeError(f"{name}: no such file{hint} (shipped: {', '.join(known)})")


def read_text(path: Path) -> str:
    """A file of configuration as text; RecipeError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise RecipeError(f"{path}: cannot read it: {why}", str(path)) from error


def load(given: str | os.PathLike[str] | Mapping[str, Any]) -> Recipe:
    """The recipe of a file, of a shipped name, or of a map as a file would hold it; raises RecipeError."""
    if isinstance(given, Mapping):
        return parse(dict(given), "recipe")
    path = find_config(config_name(given, "a recipe"))
    data, lines = load_yaml(read_text(path), str(path))
    recipe = parse(data, str(path), lines)
    return dataclasses.replace(recipe, input=tuple(_beside(path, item) for item in recipe.input))


def _beside(path: Path, item: str) -> str:
    """An input that a recipe names, relative to the recipe's file."""
    mark, name = ("@", item[1:]) if item.startswith("@") else ("", item)
    return item if "://" in name else mark + str(path.parent / name)


def check(recipe: Recipe) -> None:
    """Make sure that the models, lists and packages of all steps are there; raises ResourceError with the step's name.

    Packages are imported for real: one that is there may lack what it builds on.
    """
    for package in ("numba", "re2", "regex"):
        need(package, "curate")
    for step in recipe.steps:
        try:
            step.strategy.check()
        except ResourceError as error:
            said = str(error)
            raise ResourceError(said if said.startswith(step.name) else f"{step.name}: {said}") from error


def parse(data: Any, where: str, lines: Lines | None = None) -> Recipe:
    """A recipe from plain data; where and lines serve the messages of RecipeError."""
    at = lines or Lines()
    place = Place(where, at)
    if not isinstance(data, dict):
        raise RecipeError(f"{where}: a recipe is a map with name and stages; stages is required", where)
    if {"recipe", "arms", "leave_one_out", "grid"} & {*data} and "stages" not in data:
        raise RecipeError(f"{where}: this is an ablation, not a recipe: curate ablate {where}", where)
    place.check_known(list(data), ["name", "description", "input", "rows", "records", "zstd_long", "stages", "output"])
    name = unicodedata.normalize("NFC", name) if isinstance(name := data.get("name", Path(where).stem), str) else name
    check_name(name, where, at, ("name",))
    stages = data.get("stages")
    if not isinstance(stages, list) or not stages:
        raise place.at("stages").error("stages is required: a list of strategies")
    steps = [parse_step(item, where, at, ("stages", index)) for index, item in enumerate(stages)]
    inputs = data.get("input", [])
    inputs = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(inputs, list) or not all(isinstance(item, str) for item in inputs):
        raise place.at("input").error("input must be a path or a list of paths")
    checked = check_steps(steps, where, at)
    return Recipe(
        name=name,
        steps=checked,
        description=str(data.get("description", "")),
        input=tuple(inputs),
        rows=parse_rows(data.get("rows") or {}, checked, place.at("rows")),
        records=_parse_records(data.get("records", list(USUAL_DOCUMENTS)), place.at("records")),
        zstd_long=_parse_zstd_long(data.get("zstd_long", ZSTD_LONG), place.at("zstd_long")),
        output=validated(Output, data.get("output") or {}, place.at("output")),
    )


def parse_rows(data: Any, steps: Sequence[Step], place: Place) -> Fields:
    """What a recipe says about rows; the notes of its steps are columns already."""
    fields = validated(Fields, data, place)
    columns = {*COLUMNS, *notes_written(steps)}
    for index, name in enumerate(fields.carry):
        if name in columns or name in fields.carry[:index]:
            why = "is a column of kept/ already" if name in columns else "is named twice"
            raise place.at("carry", index).error(f"rows.carry: {name} {why}")
    return fields


def _parse_records(data: Any, place: Place) -> tuple[str, ...]:
    known = ", ".join(DOCUMENTS)
    if not isinstance(data, list) or not data:
        raise place.error(f"records must be a list of types (known: {known})")
    for index, kind in enumerate(data):
        if kind not in DOCUMENTS:
            raise place.at(index).unknown("type of record", kind, DOCUMENTS)
        if kind in data[:index]:
            raise place.at(index).error(f"records: {kind} is named twice")
    return tuple(data)


def _parse_zstd_long(data: Any, place: Place) -> int:
    least, most = ZSTD_LONGS
    if type(data) is not int or not least <= data <= most:
        raise place.error(f"zstd_long must be a whole number from {least} to {most}, got {data!r:.80}")
    return data


def is_name(text: str) -> bool:
    """Whether a text can be the name of a recipe or an arm, and so part of a path: letters and digits of any script
    with ._- between them, beginning with a letter or digit."""
    return (
        0 < len(text) <= LONGEST_NAME
        and len(text.encode("utf-8", "replace")) <= _LONGEST_BYTES
        and text[0].isalnum()
        and all(letter.isalnum() or letter in "._-" or unicodedata.category(letter) in ("Mn", "Mc") for letter in text)
    )


def check_name(name: Any, where: str, lines: Lines, path: tuple[Any, ...]) -> None:
    """Raise RecipeError for a name that could not be part of a path."""
    if not isinstance(name, str) or not is_name(name):
        raise Place(where, lines, path).error(
            f"a name must be letters and digits of any script, with ._- between them, at most {LONGEST_NAME} "
            f"characters; got {name!r:.80}"
        )


def parse_step(item: Any, where: str, lines: Lines, path: tuple[Any, ...], called: str = "") -> Step:
    """One entry of stages: a strategy's name, or a map from it to settings (with `as` for a name of its own).

    called  its name where there is no `as`; empty: the strategy's
    """
    place = Place(where, lines, path)
    if isinstance(item, str):
        item = {item: None}
    if not isinstance(item, dict) or len(item) != 1:
        raise place.error("a stage is the name of a strategy, or one name with its settings")
    ((strategy_name, settings),) = item.items()
    settings = {} if settings is None else settings
    if not isinstance(strategy_name, str):
        raise place.error(f"{strategy_name!r} is not the name of a strategy")
    if not isinstance(settings, dict):
        raise place.at(strategy_name).error(f"the settings of {strategy_name} must be a map, got {settings!r:.80}")
    settings = dict(settings)
    name = settings.pop("as", called or strategy_name.replace(":", "."))
    if not isinstance(name, str) or name.count("/") > 1 or not all(map(is_name, name.split("/"))):
        raise place.at(strategy_name, "as").error(f"{name!r:.80} cannot be the name of a stage")
    return Step(name, strategy_name, build(strategy_name, settings, where, lines, (*path, strategy_name)))


def build(name: str, settings: Mapping[str, Any], where: str, lines: Lines, path: tuple[Any, ...]) -> Strategy:
    """A strategy; RecipeError with the line of the wrong setting."""
    try:
        return filters.make(name, settings)
    except SettingsError as error:
        raise Place(where, lines, (*path, *error.path)).error(str(error)) from error


def check_steps(steps: Sequence[Step], where: str, lines: Lines | None = None) -> tuple[Step, ...]:
    """The steps of a recipe in order: unique names, extraction first (extraction/plain where none is named)."""
    at = lines or Lines()
    seen: set[str] = set()
    notes: dict[str, tuple[str, str]] = {}
    over_corpus = ""
    for index, step in enumerate(steps):
        place = Place(where, at, ("stages", index))
        if step.name in seen:
            raise place.error(f"two stages are called {step.name}; name one of them: {{as: another-name}}")
        seen.add(step.name)
        if isinstance(step.strategy, Extractor) and index > 0:
            raise place.error(f"{step.name} extracts text and must be the first stage")
        if isinstance(step.strategy, (CorpusJudge, CorpusRewriter)):
            over_corpus = over_corpus or step.name
        if step.strategy.reads_page and over_corpus:
            raise place.error(f"{step.name} reads pages, and there are none from {over_corpus} on: put it before")
        if step.name == "read":
            raise place.error("read is the name of the reader's own stage")
        for note in step.strategy.notes_read():
            if note not in notes and note not in step.strategy.reads:  # a setting names it
                known_notes = ", ".join(sorted(notes)) or "none"
                raise place.error(
                    f"{step.name} reads the note {note}, which no earlier stage writes (notes: {known_notes})"
                )
        for note, kind in step.strategy.writes.items():
            other, known = notes.setdefault(note, (step.name, kind))
            if known != kind:
                raise place.error(f"{step.name} writes the note {note} as {kind}, and {other} writes it as {known}")
    if not isinstance(steps[0].strategy, Extractor):
        steps = [Step(DEFAULT_EXTRACTION, DEFAULT_EXTRACTION, filters.make(DEFAULT_EXTRACTION)), *steps]
    return tuple(steps)
