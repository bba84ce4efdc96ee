"""Judges as settings of another strategy: a map from the name of one to its settings, with every default filled in."""

from collections.abc import Mapping
from typing import Any

from filters.contracts import FrozenMap, Judge, SettingsError, Strategy, settings_of


def judge_of(name: str, settings: Any) -> Judge:
    """The per-document judge of this name; raises SettingsError."""
    import filters

    judge = filters.make(name, settings_of(settings))
    if not isinstance(judge, Judge):
        raise SettingsError(f"{name} is not a per-document judge, and only such a judge can be named here")
    if judge.reads_page:
        raise SettingsError(
            f"{name} reads the page of a document, which is not at hand here: make it a stage of its own"
        )
    return judge


def filled_in(given: Any) -> tuple[str, Any]:
    """(name, all settings) of a judge that is given as a strategy, a name, or a map from one name to its settings:
    plain data that prints, hashes and builds again. Raises ValueError."""
    if isinstance(given, Strategy):
        given = {_name_of(given): settings_of(given)}
    elif isinstance(given, str):
        given = {given: {}}
    if not isinstance(given, Mapping) or len(given) != 1:
        raise ValueError("each judge is a name, or a map from one name to its settings")
    ((name, settings),) = given.items()
    try:
        return str(name), frozen(settings_of(judge_of(str(name), settings)))
    except SettingsError as error:
        raise ValueError(str(error)) from error


def frozen(value: Any) -> Any:
    """Plain data as hashable data."""
    if isinstance(value, Mapping):
        return FrozenMap({key: frozen(item) for key, item in value.items()})
    return tuple(frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def _name_of(judge: Strategy) -> str:
    import filters

    path = f"{type(judge).__module__}:{type(judge).__qualname__}"
    return next((name for name, known in filters.STRATEGIES.items() if known == path), path)
