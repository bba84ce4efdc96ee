"""A strategy's class by its path, and what a class and a strategy must have before a recipe can use them."""

import dataclasses
import importlib
from collections.abc import Mapping

from filters.contracts import (
    SHAPES,
    Bloom,
    Buckets,
    CorpusJudge,
    CorpusRewriter,
    Duplicates,
    Judge,
    Lines,
    Repeats,
    SettingsError,
    Strategy,
    TopShare,
)
from filters.document import COLUMNS, NOTE_TYPES


def load(path: str) -> type[Strategy]:
    """The strategy class at `module:Class` or `module.Class`.

    Raises SettingsError if the class is not a strategy, or not a complete one.
    """
    module, _, name = path.replace(":", ".").rpartition(".")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise SettingsError(f"{path} is not a strategy")
    missing = _missing(found)
    if missing:
        raise SettingsError(f"{path} is not a complete strategy: {missing}")
    if issubclass(found, Judge) and found.listed_thresholds:
        raise SettingsError(f"{path}: thresholds is a list; declare each threshold with limit() on its own field")
    wrong = _wrong_notes(found)
    if wrong:
        raise SettingsError(f"{path}: {wrong}")
    return found


_SHAPES_OF_DECISIONS: Mapping[type[Strategy], tuple[type, ...]] = {
    CorpusJudge: (Duplicates, TopShare, Buckets),
    CorpusRewriter: (Lines, Bloom, Repeats),
}


def _missing(cls: type[Strategy]) -> str:
    """Why a recipe cannot use a class; empty for a complete strategy."""
    shape = next((one for one in SHAPES if issubclass(cls, one)), None)
    if shape is None:
        return f"it has none of the bases {', '.join(one.__name__ for one in SHAPES)}"
    for method in ("open", "rules", "decision"):
        declared = getattr(shape, method, None)
        if declared is not None and getattr(cls, method) is declared:
            kinds = f", which gives {_named(_SHAPES_OF_DECISIONS[shape])}" if method == "decision" else ""
            return f"it does not define {method}(){kinds}"
    if "__pydantic_fields__" not in vars(cls):
        return "it does not have the decorator @strategy"
    return ""


def check_decision(strategy: Strategy) -> None:
    """Raise SettingsError unless a corpus strategy's decision() gives one of the shapes its settings allow."""
    if not isinstance(strategy, (CorpusJudge, CorpusRewriter)):
        return
    shapes = _SHAPES_OF_DECISIONS[CorpusJudge if isinstance(strategy, CorpusJudge) else CorpusRewriter]
    decision = strategy.decision()
    if not isinstance(decision, shapes):
        raise SettingsError(f"decision() gives {type(decision).__name__}, expected {_named(shapes)}")
    unknown = decision.key_free - {f.name for f in dataclasses.fields(strategy)}  # type: ignore[arg-type]
    if unknown:
        raise SettingsError(f"decision(): key_free names {min(unknown)}, which is not a setting")
    if isinstance(decision, Duplicates) and decision.links_at is not None and decision.shingler is None:
        raise SettingsError("decision(): verify needs a shingler")


def _named(shapes: tuple[type, ...]) -> str:
    return " or ".join(shape.__name__ for shape in shapes)


def _wrong_notes(cls: type[Strategy]) -> str:
    """Why a class's notes cannot be written; empty where they can."""
    for name, kind in cls.writes.items():
        if kind not in NOTE_TYPES:
            return f"writes: the note {name} has the unknown type {kind!r:.40} (known: {', '.join(NOTE_TYPES)})"
        if name == "language" and kind != "string":
            return "writes: the note language must be a string"
        if name in COLUMNS and name != "language":
            return f"writes: the note {name} has the name of a column that every row of kept/ has"
    return ""
