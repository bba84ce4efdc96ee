"""Values of configuration: pydantic dataclasses, and errors that name the file, the line and the key."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import BeforeValidator

T = TypeVar("T")


class RecipeError(ValueError):
    """A recipe or an ablation is wrong; the message names the file, the line, the key and what is known.

    file, line (1-based), key   where: the keys and indices that lead to the value; line 0 where it is the whole file
    """

    def __init__(self, message: str, file: str = "", line: int = 0, key: tuple[Any, ...] = ()) -> None:
        super().__init__(f"{file}, line {line}: {message}" if line else message)
        self.file, self.line, self.key = file, line, key


class Lines(dict[tuple[Any, ...], int]):
    """The line of every key and item, by its path in the data; asks the nearest parent where a path is unknown."""

    def of(self, path: Sequence[Any]) -> int:
        """The line (1-based) of a path."""
        path = tuple(path)
        while path and path not in self:
            path = path[:-1]
        return self.get(path, 1)

    def below(self, *path: Any) -> "Lines":
        """The lines of what is below a path, by their paths from there."""
        size = len(path)
        return Lines({(*key[size:],): line for key, line in self.items() if key[:size] == path})


@dataclass(frozen=True)
class Place:
    """Where a value stands: the file, the lines of its keys, and the keys that lead to the value."""

    file: str
    lines: Lines = field(default_factory=Lines)
    path: tuple[Any, ...] = ()

    def at(self, *path: Any) -> "Place":
        """A place below this one."""
        return Place(self.file, self.lines, (*self.path, *path))

    def error(self, message: str) -> RecipeError:
        """An error about the value here."""
        return RecipeError(message, self.file, self.lines.of(self.path), self.path)

    def check_known(self, keys: Sequence[Any], known: Sequence[str]) -> None:
        """Raise RecipeError for a key that is not known, naming the nearest and the known ones."""
        for key in keys:
            if key not in known:
                raise self.at(key).unknown("key", key, known)

    def unknown(self, what: str, name: Any, known: Sequence[str]) -> RecipeError:
        """An error about a name here that is not known. what: what it should name."""
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        return self.error(f"unknown {what} {name!r:.80}{hint} (known: {', '.join(known)})")


def validated(kind: type[T], data: Any, place: Place) -> T:
    """A pydantic dataclass from data; RecipeError names the first key that is wrong, its value and what is allowed."""
    if not isinstance(data, Mapping):
        raise place.error(f"{'.'.join(map(str, place.path))} must be a map, got {data!r:.80}")
    place.check_known(list(data), [one.name for one in dataclasses.fields(kind)])  # type: ignore[arg-type]
    try:
        return kind(**data)
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
    wrong = place.at(*problem["loc"])
    name = ".".join(str(key) for key in wrong.path)
    if problem["type"] in ("missing", "missing_argument"):
        raise place.error(f"{name} is required")
    message = problem["msg"]
    said = (
        f"{name} {message.removeprefix('Value error, ')}" if problem["type"] == "value_error" else f"{name}: {message}"
    )
    raise wrong.error(f"{said}, got {problem['input']!r:.80}")


def several(what: str, least: int = 0) -> BeforeValidator:
    """Validates one text, or a list of texts, as a tuple. what: what each of them is, for messages."""

    def tuple_of(given: Any) -> tuple[str, ...]:
        found = [given] if isinstance(given, str) and given else [] if given in (None, "") else given
        if not isinstance(found, (list, tuple)) or not all(isinstance(item, str) for item in found):
            raise ValueError(f"must be a {what} or a list of {what}s")
        if len(found) < least:
            raise ValueError(f"must name at least one {what}")
        return tuple(found)

    return BeforeValidator(tuple_of)


def whole(most: int | None = None, least: int = 1) -> BeforeValidator:
    """Validates a whole number from `least`, up to `most`."""

    def number(given: Any) -> int:
        if type(given) is not int or given < least or (most is not None and given > most):
            said = f"from {least} to {most:,}" if most is not None else f"above {least - 1}"
            raise ValueError(f"must be a whole number {said}")
        return given

    return BeforeValidator(number)


def string(what: str = "text") -> BeforeValidator:
    """Validates text. what: what it is, for messages."""

    def checked(given: Any) -> str:
        if not isinstance(given, str):
            raise ValueError(f"must be {what}")
        return given

    return BeforeValidator(checked)


def _yes(given: Any) -> bool:
    if type(given) is not bool:
        raise ValueError("must be true or false")
    return given


Paths = Annotated[tuple[str, ...], several("path")]
Count = Annotated[int, whole()]
Text = Annotated[str, string()]
Yes = Annotated[bool, BeforeValidator(_yes)]
