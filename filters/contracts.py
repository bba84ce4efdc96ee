"""The shapes of a strategy: a frozen dataclass of settings that opens into a function."""

import dataclasses
import importlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform, get_args

import pydantic
from pydantic import ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema

from filters.document import Document, Drop, NoteValue, RawPage
from filters.rules import Rule

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
S = TypeVar("S", bound="type[Strategy]")


class SettingsError(ValueError):
    """A setting is wrong; the message names the setting, the value and what is allowed."""


class ResourceError(Exception):
    """Something a strategy needs (a model, a word list, a package) is missing or unreadable."""


class FrozenMap(Mapping[K, V], Generic[K, V]):
    """A hashable, picklable mapping for settings such as keep: {en: 0.65, ko: 0.5}; the order of keys is kept."""

    __slots__ = ("_items",)

    def __init__(self, items: Any = ()) -> None:
        self._items: dict[K, V] = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        key, value = get_args(source) or (Any, Any)
        return core_schema.no_info_after_validator_function(
            cls, core_schema.dict_schema(handler.generate_schema(key), handler.generate_schema(value))
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """What a judge says of a document: numbers by signal, and notes for those who come after."""

    signals: Mapping[str, float]
    notes: Mapping[str, NoteValue] = field(default_factory=dict)


class Strategy:
    """Base of all shapes. Subclasses are declared with @strategy and hold settings only.

    reads, writes  the notes a strategy reads, and those it writes with their Arrow type ("string", "float64", "int64")
    """

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[Mapping[str, str]] = {}

    def check(self) -> None:
        """Make sure before a run that models, lists and packages are there; raises ResourceError."""

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """What a user who keeps these languages (ISO 639-1) should know, one sentence each."""
        return ()

    def resources(self) -> Mapping[str, str]:
        """Content hashes (sha256) of the files the result depends on, by setting; part of the fingerprint."""
        return {}


class Extractor(Strategy):
    """RawPage -> Document, or a Drop."""

    def open(self) -> Callable[[RawPage], Document | Drop]:
        """The function, with whatever it had to load. It may have close() and a cpu_seconds attribute
        (CPU seconds spent for it in other processes so far)."""
        raise NotImplementedError


class Rewriter(Strategy):
    """Document -> Document whose edits count the characters each rule changed, or a Drop."""

    def open(self) -> Callable[[Document], Document | Drop]:
        """The function, with whatever it had to load."""
        raise NotImplementedError


class Judge(Strategy):
    """Scores a document; named rules over the scores decide. Scores never depend on thresholds.

    thresholds  the settings that only rules() reads: two judges that differ in nothing else share their scores
    """

    thresholds: ClassVar[frozenset[str]] = frozenset()

    def open(self) -> Callable[[Document], Scores]:
        """The scoring function, with whatever it had to load. Every call answers with the same signals."""
        raise NotImplementedError

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """The rules for a document whose note `language` has this value ("" where it has none)."""
        raise NotImplementedError

    def scoring_key(self) -> tuple[Hashable, ...]:
        """Equal for judges whose scores are equal on every document."""
        names = (f.name for f in dataclasses.fields(self) if f.name not in self.thresholds)  # type: ignore[arg-type]
        return (type(self).__qualname__, *((name, getattr(self, name)) for name in names))


class CorpusJudge(Strategy):
    """Drops documents by a decision over the whole corpus, from fixed-size keys and never from texts.

    open() gives a function from a document to an array of shape (k,), dtype uint64: k is the same for all documents
    that have keys; shape (0,) says the document takes no part and stays.
    """

    def open(self) -> Callable[[Document], Any]:
        """The function that computes a document's keys."""
        raise NotImplementedError


class CorpusRewriter(Strategy):
    """Cuts spans out of documents by a decision over the whole corpus, from keys of spans."""


SHAPES: tuple[type[Strategy], ...] = (Extractor, Rewriter, Judge, CorpusJudge, CorpusRewriter)


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, pydantic.Field))
def strategy(cls: S) -> S:
    """Make a class of settings a strategy: a frozen dataclass, validated when it is built.

    Unknown settings raise, and so do values outside their constraints (pydantic.Field(ge=0) and the like) and a
    judge's min_X above its max_X. A setting's description is its Field(description=...).
    """
    if issubclass(cls, Judge):
        # no __post_init__ of Judge: a judge with one of its own would have to remember it
        cls._bounds_in_order = pydantic.model_validator(mode="after")(_bounds_in_order)  # type: ignore[attr-defined]
    made = pydantic.dataclasses.dataclass(
        frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False, defer_build=True)
    )(cls)
    return made  # type: ignore[return-value]


def _bounds_in_order(self: Any) -> Any:
    """Raises ValueError for bounds that no document can meet, also where a language's own take their place."""
    own = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
    by_language = own.get("languages")
    _check_bounds(own, "")
    for language, limits in by_language.items() if isinstance(by_language, Mapping) else ():
        if isinstance(limits, Mapping):
            _check_bounds({**own, **limits}, f"languages.{language}: ")
    return self


def _check_bounds(settings: Mapping[str, Any], where: str) -> None:
    for name, least in settings.items():
        most = settings.get(f"max_{name[4:]}") if name.startswith("min_") else None
        if isinstance(least, (int, float)) and isinstance(most, (int, float)) and least > most:
            raise ValueError(f"{where}{name}: {least:.10g} is above max_{name[4:]}: {most:.10g}")


def load(path: str) -> type[Strategy]:
    """The strategy class at `module:Class` or `module.Class`; raises SettingsError for a class that is none."""
    module, _, name = path.replace(":", ".").rpartition(".")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise SettingsError(f"{path} is not a strategy")
    lacking = _lacking(found)
    if lacking:
        raise SettingsError(f"{path} is no finished strategy: it lacks {lacking}")
    return found


def _lacking(cls: type[Strategy]) -> str:
    """What a class lacks that a recipe needs of it; empty for a finished strategy."""
    shape = next((one for one in SHAPES if issubclass(cls, one)), None)
    if shape is None:
        return f"a shape (known: {', '.join(one.__name__ for one in SHAPES)})"
    for method in ("open", "rules"):
        # a base declares what it does not define; CorpusRewriter does not even declare open
        declared, found = getattr(shape, method, None), getattr(cls, method, None)
        if (method == "open" or declared is not None) and found is declared:
            return f"{method}()"
    return "" if dataclasses.is_dataclass(cls) else "the decorator @strategy"


def settings_of(value: Any) -> Any:
    """The settings of a strategy as plain data (dicts, lists, scalars) that builds an equal strategy again."""
    if isinstance(value, Strategy):
        return {f.name: settings_of(getattr(value, f.name)) for f in dataclasses.fields(value)}  # type: ignore[arg-type]
    if isinstance(value, Mapping):
        return {key: settings_of(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [settings_of(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(settings_of(item) for item in value)
    return value
