"""Settings as people write them, and what is wrong with them in their words instead of pydantic's."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from filters.contracts import Strategy

_INTERNAL = re.compile(r"[\[(]|^(str|int|float|bool|dict|tuple|none)$")  # the part of a union that was tried
_EXPECTED = (
    (r"Input should be a valid (tuple|list)", "a list"),
    (r"Input should be a valid dictionary", "a map"),
    (r"Input should be a valid string", "text"),
    (r"Input should be a valid integer.*", "a whole number"),
    (r"Input should be a valid number.*", "a number"),
    (r"Input should be a valid boolean.*", "true or false"),
    (r"Input should be None", "null"),
)


def as_lists(cls: type[Strategy], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with a single word made a list of one where the setting is a list of words (keep: en)."""
    hints = get_type_hints(cls)
    return {
        name: (value,) if isinstance(value, str) and _takes_words(hints.get(name)) else value
        for name, value in settings.items()
    }


def _takes_words(hint: Any) -> bool:
    """Whether a type is a list of words, alone or beside others, and no word by itself."""
    parts = [hint] if get_origin(hint) in (tuple, list) else list(get_args(hint))
    return str not in parts and any(get_origin(part) in (tuple, list) and str in get_args(part) for part in parts)


def in_words(problems: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """pydantic's errors with the alternatives of one value made one, and without the names of Python's types."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    expected: dict[tuple[Any, ...], list[str]] = {}
    for problem in problems:
        place = tuple(part for part in problem["loc"] if not (isinstance(part, str) and _INTERNAL.search(part)))
        kind = next((name for pattern, name in _EXPECTED if re.fullmatch(pattern, problem["msg"])), "")
        if place in merged and not kind:  # it says more than that the type is another one
            if expected.get(place):
                merged[place] = {**problem, "loc": place}
                expected[place] = []
            continue
        if place not in merged:
            merged[place] = {**problem, "loc": place}
        elif not expected.get(place):
            continue
        if kind and kind not in expected.setdefault(place, []):
            expected[place].append(kind)
            merged[place]["msg"] = f"expected {' or '.join(expected[place])}"
    # what is wrong inside of a value says more than that the value as a whole could be of another type
    inner = {place[:length] for place in merged for length in range(len(place))}
    return [problem for place, problem in merged.items() if not (expected.get(place) and place in inner)]
