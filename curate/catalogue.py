"""The table of strategies as data: names, summaries, settings."""

import dataclasses
from typing import Any, Literal, get_args, get_origin

import filters
from filters import STRATEGIES
from filters.contracts import SettingsError, Strategy, settings_of
from filters.loading import load

_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def describe(only: str | None = None) -> list[dict[str, Any]]:
    """All strategies, those of one stage, or one: strategy, summary, shape, reads, writes, settings.

    A setting has name, default, required, description, allowed (words to choose from, and bounds). Strategies of third
    parties are found by their full name only. Raises SettingsError for a name that is neither a stage nor a strategy.
    """
    rows = []
    for name, where in STRATEGIES.items():
        if only is None or name == only or name.partition("/")[0] == only:
            rows.append(_row(name, load(where), filled=name == only))
    if rows or only is None:
        return rows
    try:
        return [_row(only, filters.find(only), filled=True)]
    except SettingsError as error:
        if "/" in only or "." in only or ":" in only:
            raise
        stages = sorted({name.partition("/")[0] for name in STRATEGIES})
        raise SettingsError(f"unknown stage {only!r} (known: {', '.join(stages)})") from error


def _row(name: str, cls: type[Strategy], filled: bool) -> dict[str, Any]:
    """filled: defaults as they are once validated (limits by language, say), which takes building the schema."""
    shape = next(base.__name__ for base in cls.__mro__ if base.__module__ == "filters.contracts" and base is not cls)
    settings = [_setting(field) for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    if filled and not any(setting["required"] for setting in settings):
        values = settings_of(cls())
        settings = [{**setting, "default": values[setting["name"]]} for setting in settings]
    return {
        "strategy": name,
        "summary": (cls.__doc__ or "").strip().partition("\n")[0],
        "shape": shape,
        "reads": list(cls.reads),
        "writes": list(cls.writes),
        "settings": settings,
    }


def _setting(field: dataclasses.Field[Any]) -> dict[str, Any]:
    from pydantic.fields import FieldInfo

    default, description = field.default, ""
    allowed = [str(value) for value in _choices(field.type)]
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if isinstance(default, FieldInfo):
        description = default.description or ""
        for bound in default.metadata:
            allowed += [f"{sign} {getattr(bound, name)}" for name, sign in _BOUNDS.items() if hasattr(bound, name)]
        default = default.get_default(call_default_factory=True)
    required = default is dataclasses.MISSING or repr(default) == "PydanticUndefined"
    return {
        "name": field.name,
        "default": None if required else settings_of(default),
        "required": required,
        "description": description,
        "allowed": allowed,
    }


def _choices(kind: Any) -> list[Any]:
    """The values of a Literal, wherever it stands in a type."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [value for part in get_args(kind) for value in _choices(part)]
