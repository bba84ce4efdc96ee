"""What a caller of curate.run, ablate and export gave, checked before anything is touched."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from curate.rundir import UsageError


def given_path(given: Any, name: str) -> str:
    """A path as text; raises UsageError for what no file can be called. name: of the argument, for messages."""
    if not isinstance(given, (str, os.PathLike)):
        raise UsageError(f"{name}: a path, got {type(given).__name__}: {given!r:.80}")
    path = os.fspath(given)
    if not isinstance(path, str):
        raise UsageError(f"{name}: a path of text, got {type(path).__name__}")
    if not path:
        raise UsageError(f"{name}: the path is empty")
    if "\0" in path:
        raise UsageError(f"{name}: {path!r:.200} has a NUL in it, which no path can have")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name}: {path!a}: the name is not UTF-8") from None
    return path


def given_paths(inputs: Any) -> list[str]:
    """One path, or several, as a list of text; raises UsageError for what is neither."""
    several = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    if not isinstance(several, Iterable) or isinstance(several, (bytes, Mapping)):
        raise UsageError(f"inputs: a path or a list of paths, got {type(inputs).__name__}: {inputs!r:.80}")
    return [given_path(item, "inputs") for item in several]


def given_count(given: Any, name: str) -> None:
    """Raises UsageError unless a number is None, or whole and at least 1."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 1):
        raise UsageError(f"{name}: a whole number of at least 1, got {given!r:.80}")


def given_seconds(given: Any, name: str) -> None:
    """Raises UsageError unless a number of seconds is above 0."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        raise UsageError(f"{name}: a number above 0, got {given!r:.80}")
