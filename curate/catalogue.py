"""The table of strategies as data: names, summaries, settings."""

import dataclasses
from typing import Any

from filters import STRATEGIES
from filters.contracts import Strategy, load, settings_of


def describe(only: str | None = None) -> list[dict[str, Any]]:
    """All strategies, those of one stage, or one: strategy, summary, shape, settings (name, default, description)."""
    rows = []
    for name, where in STRATEGIES.items():
        if only is None or name == only or name.partition("/")[0] == only:
            rows.append(_row(name, load(where)))
    return rows


def _row(name: str, cls: type[Strategy]) -> dict[str, Any]:
    shape = next(base.__name__ for base in cls.__mro__ if base.__module__ == "filters.contracts" and base is not cls)
    return {
        "strategy": name,
        "summary": (cls.__doc__ or "").strip().partition("\n")[0],
        "shape": shape,
        "reads": list(cls.reads),
        "writes": list(cls.writes),
        "settings": [_setting(field) for field in dataclasses.fields(cls)],  # type: ignore[arg-type]
    }


def _setting(field: dataclasses.Field[Any]) -> dict[str, Any]:
    from pydantic.fields import FieldInfo

    default, description = field.default, ""
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if isinstance(default, FieldInfo):
        description = default.description or ""
        default = default.get_default(call_default_factory=True)
    required = default is dataclasses.MISSING or repr(default) == "PydanticUndefined"
    return {
        "name": field.name,
        "default": None if required else settings_of(default),
        "required": required,
        "description": description,
    }
