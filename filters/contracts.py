"""The shapes of a strategy: a frozen dataclass of settings that opens into a function."""

import dataclasses
import functools
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn, Protocol, TypeVar, dataclass_transform

import pydantic
from pydantic import ConfigDict

from filters.decisions import Bloom as Bloom
from filters.decisions import Buckets as Buckets
from filters.decisions import Duplicates as Duplicates
from filters.decisions import Lines as Lines
from filters.decisions import Repeats as Repeats
from filters.decisions import Sameness as Sameness
from filters.decisions import Survivor as Survivor
from filters.decisions import TopShare as TopShare
from filters.document import Document, Drop, NoteValue, RawPage
from filters.frozen_map import FrozenMap as FrozenMap
from filters.rules import Rule

S = TypeVar("S", bound="type[Strategy]")


class SettingsError(ValueError):
    """A setting is wrong; the message names the setting, the value and what is allowed.

    path  the keys that lead to the value: ("languages", "ko", "min_words"); empty where it is the strategy as a whole
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class ResourceError(Exception):
    """Something a strategy needs (a model, a word list, a package) is missing or unreadable."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a judge finds in a document: numbers by signal, and notes for later stages."""

    signals: Mapping[str, float]
    notes: Mapping[str, NoteValue] = field(default_factory=dict)


class Strategy:
    """Base of all shapes. Subclasses are declared with @strategy and hold settings only.

    reads   the notes a strategy reads
    writes  the notes it writes, with their Arrow type: string, float64, int64 or bool. A note becomes a column of
            kept/, so it cannot be called like one of the columns that every row has
    conceals  whether it removes personal data: reports show that it removed something, and never what; the texts they
            show are run through it
    reads_page  whether it looks at document.page, which is None from the first step over the whole corpus on: a
            recipe that has such a strategy there is an error
    """

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[Mapping[str, str]] = {}
    conceals: ClassVar[bool] = False
    reads_page: ClassVar[bool] = False

    def check(self) -> None:
        """Check before a run that models, lists and packages are there; raises ResourceError."""

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """What a user who keeps these languages (ISO 639-1) should know, one sentence each."""
        return ()

    def made_for(self) -> frozenset[str] | None:
        """The languages (ISO 639-1) that the settings fit; None where they fit every language."""
        return None

    def notes_read(self) -> tuple[str, ...]:
        """The notes that it reads with these settings: those of its class, and those that a setting names."""
        return self.reads

    def languages_kept(self) -> tuple[str, ...]:
        """The languages (ISO 639-1) of the documents that stay, where the strategy chooses by language; else none."""
        return ()

    def resources(self) -> Mapping[str, str]:
        """Content hashes (sha256) of the files the result depends on, by setting; part of the fingerprint."""
        return {}

    def scoring_settings(self) -> dict[str, Any]:
        """The settings that the function of open() may depend on."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]


class Closes(Protocol):
    """An open function that holds something, such as a child process. close() is called when the worker ends."""

    def close(self) -> None:
        """Release what the function holds."""


class SpendsElsewhere(Protocol):
    """An open function that works in other processes too. cpu_seconds: the CPU seconds spent there so far."""

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds spent in other processes so far."""


class Extractor(Strategy):
    """RawPage -> Document, or a Drop."""

    def open(self) -> Callable[[RawPage], Document | Drop]:
        """The function, with whatever it had to load. page.document(text) makes the document of a page.

        The function may be an object that Closes or SpendsElsewhere.
        """
        raise NotImplementedError


class Rewriter(Strategy):
    """Document -> Document whose edits count the characters each rule changed, or a Drop."""

    def open(self) -> Callable[[Document], Document | Drop]:
        """The function, with whatever it had to load."""
        raise NotImplementedError


def limit(default: Any = ..., *, description: str, **constraints: Any) -> Any:
    """A setting of a judge that only its rules() read: a threshold. Takes the constraints of pydantic.Field.

    open() cannot read it, so scores cannot depend on it: an ablation scores once for all values of a limit.
    """
    return pydantic.Field(default, description=description, json_schema_extra={limit.__name__: True}, **constraints)


def by_language(default: Any, *, description: str, **constraints: Any) -> Any:
    """A number that `languages` may hold other values of, in a strategy that is ByLanguage (filters/by_language.py),
    and that more than rules() reads. Takes the constraints of pydantic.Field."""
    mark: Any = {by_language.__name__: True}
    return pydantic.Field(default, description=description, json_schema_extra=mark, **constraints)


def fields_marked(cls: type[Strategy], mark: Callable[..., Any]) -> frozenset[str]:
    """The settings of a strategy that were declared with limit or by_language."""
    found = cls.__pydantic_fields__.items()  # type: ignore[attr-defined]
    return frozenset(name for name, info in found if mark.__name__ in (info.json_schema_extra or ()))


class Judge(Strategy):
    """Scores a document; named rules over the scores decide.

    thresholds  the settings declared with limit(), which only rules() reads: judges that differ in nothing else share
                their scores. open() gets the judge without them, and reading one there raises SettingsError
    """

    thresholds: ClassVar[frozenset[str]] = frozenset()
    listed_thresholds: ClassVar[bool] = False  # whether the class gave a list, which is an error

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "open" in vars(cls):
            setattr(cls, "open", _without_thresholds(cls.open))  # noqa: B010  (mypy takes methods for constant)

    def open(self) -> Callable[[Document], Scores]:
        """The scoring function, with whatever it had to load. Every call answers with the same signals."""
        raise NotImplementedError

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """The rules for a document whose note `language` has this value ("" where it has none)."""
        raise NotImplementedError

    def scoring_settings(self) -> dict[str, Any]:
        """The settings that scores may depend on: all but the thresholds."""
        settings = super().scoring_settings()
        return {name: value for name, value in settings.items() if name not in self.thresholds}

    def scoring_key(self) -> tuple[Hashable, ...]:
        """Equal for judges whose scores are equal on every document."""
        return (type(self).__module__, type(self).__qualname__, *self.scoring_settings().items())


def _without_thresholds(open_: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A judge's open(), run on the judge as scoring sees it."""

    @functools.wraps(open_)
    def open_for_scoring(self: Any) -> Any:
        return open_(self if isinstance(self, _Scoring) else _for_scoring(self))

    return open_for_scoring


class _Scoring:
    """Marks a judge whose thresholds cannot be read."""


class _Unreadable:
    """Replaces a threshold. Has __set__, so that it comes before the values of the instance."""

    def __init__(self, cls: type[Strategy], name: str) -> None:
        self._message = (
            f"{cls.__name__}: scores cannot depend on the limit {name}, which only rules() may read: "
            "declare it with pydantic.Field in place of limit()"
        )

    def __get__(self, judge: Any, cls: Any = None) -> NoReturn:
        raise SettingsError(self._message)

    def __set__(self, judge: Any, value: Any) -> NoReturn:
        raise SettingsError(self._message)


@functools.cache
def _scoring_class(cls: Any) -> Any:
    return type(cls.__name__, (_Scoring, cls), {name: _Unreadable(cls, name) for name in cls.thresholds})


def _for_scoring(judge: Judge) -> Judge:
    """The judge as its open() sees it: reading a threshold raises SettingsError."""
    cls: Any = type(judge)
    view: Judge = object.__new__(_scoring_class(cls))
    view.__dict__.update(judge.scoring_settings())
    return view


class CorpusJudge(Strategy):
    """Drops documents by a decision over the whole corpus, from fixed-size keys and never from texts."""

    def open(self) -> Callable[[Document], Any]:
        """The function from a document to its keys: an array of shape (k,), dtype uint64. k is the width of the
        decision; an array of shape (0,) says that the document takes no part and stays."""
        raise NotImplementedError

    def decision(self) -> Duplicates | TopShare | Buckets:
        """What is decided from the keys."""
        raise NotImplementedError


class Cuts(Protocol):
    """The open function of a CorpusRewriter."""

    def __call__(self, document: Document) -> tuple[Any, Any]:
        """(values, pieces), arrays of any length: keys in the order of the text, uint64 or uint32, and int32.

        Lines: pieces are the line numbers of the keys. Bloom: values are hashes of words, pieces the number of words
        in each line. Repeats: values are hashes of words, pieces are empty.
        """

    def cut(self, document: Document, spans: Any) -> Document | Drop:
        """The document without some spans, int32 of shape (s, 2), half-open: of lines, or of words for Repeats."""


class CorpusRewriter(Strategy):
    """Cuts spans out of documents by a decision over the whole corpus, from keys of spans."""

    def open(self) -> Cuts:
        """The function that computes a document's keys, and cuts it."""
        raise NotImplementedError

    def decision(self) -> Lines | Bloom | Repeats:
        """What is decided from the keys."""
        raise NotImplementedError


SHAPES: tuple[type[Strategy], ...] = (Extractor, Rewriter, Judge, CorpusJudge, CorpusRewriter)


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, pydantic.Field, limit, by_language))
def strategy(cls: S) -> S:
    """Make a class of settings a strategy: a frozen dataclass, validated when it is built, defaults too.

    Unknown settings raise, and so do values outside their constraints (pydantic.Field(ge=0) and the like) and a
    judge's min_X above its max_X. A setting's description is its Field(description=...). What is wrong with the class
    itself is an error when it is loaded, so that it does not take the rest of its module with it.
    """
    listed = vars(cls).get("thresholds")
    if issubclass(cls, Judge):
        # no __post_init__ of Judge: a judge with one of its own would have to remember it
        cls._bounds_in_order = pydantic.model_validator(mode="after")(_bounds_in_order)  # type: ignore[attr-defined]
    config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True, defer_build=True)
    made: Any = pydantic.dataclasses.dataclass(frozen=True, config=config)(cls)
    if issubclass(made, Judge):
        made.thresholds = fields_marked(made, limit)
        made.listed_thresholds = listed is not None
    return made


def _bounds_in_order(self: Any) -> Any:
    """Raises ValueError for bounds that no document can meet, also where a language's own take their place."""
    own = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
    by_language = own.get("languages")
    _check_bounds(own, ())
    for language, limits in by_language.items() if isinstance(by_language, Mapping) else ():
        if isinstance(limits, Mapping):
            _check_bounds({**own, **limits}, ("languages", language))
    return self


def _check_bounds(settings: Mapping[str, Any], path: tuple[str, ...]) -> None:
    for name, least in settings.items():
        most = settings.get(f"max_{name[4:]}") if name.startswith("min_") else None
        if isinstance(least, (int, float)) and isinstance(most, (int, float)) and least > most:
            raise SettingsError(f"{least:.10g} is above max_{name[4:]}: {most:.10g}", (*path, name))


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
