"""Settings of trainings, given by name on the command line or in Python."""

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from curate.training.examples import DataError

T = TypeVar("T")
_GREATEST = 2**31 - 1  # fastText's numbers have 32 bits
_KINDS = {int: "a whole number", float: "a number", str: "text"}


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
            raise DataError(f"{name} must be {_KINDS[wanted]}")
        if wanted is not str and not abs(value) <= _GREATEST:  # nor is NaN
            raise DataError(f"{name} must be at most {_GREATEST:,}, got {value:g}")
        if wanted is not str and (value < 0 or (value == 0 and known[name] != 0)):
            raise DataError(f"{name} must be above 0" if known[name] else f"{name} must be at least 0")
    return kind(**given)


def check(model: Path, suffixes: Collection[str], held_out_share: float) -> None:
    """What every training asks of its arguments. Raises DataError for a model's path with another suffix, without a
    folder or to one, and for a share outside of 0 to 1.
    """
    if not any(model.match(f"?*{suffix}") for suffix in suffixes):
        raise DataError(f"{model.name}: the model's name must end in {' or '.join(suffixes)}")
    if not model.parent.is_dir():
        raise DataError(f"there is no folder {model.parent}")
    if model.is_dir():
        raise DataError(f"{model} is a folder: name the file that the model is written to")
    if not 0 <= held_out_share < 1:
        raise DataError("the share held out must be at least 0 and less than 1")
