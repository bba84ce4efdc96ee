"""Settings of trainings, given by name on the command line or in Python."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from curate.training.examples import DataError

T = TypeVar("T")


def settings_from(kind: type[T], given: Mapping[str, Any]) -> T:
    """The settings of a training, a dataclass of numbers and strings, with some of them given.

    A number must be above 0, or may be 0 where 0 is its default. Raises DataError that names the setting.
    """
    known: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name, value in given.items():
        if name not in known:
            raise DataError(f"unknown setting {name} (known: {', '.join(known)})")
        wanted = type(known[name])
        if isinstance(value, bool) or (
            not isinstance(value, wanted) and not (wanted is float and isinstance(value, int))
        ):
            raise DataError(f"{name} must be a {wanted.__name__}")
        if wanted is not str and (value < 0 or (value == 0 and known[name] != 0)):
            raise DataError(f"{name} must be above 0" if known[name] else f"{name} must be at least 0")
    return kind(**given)
