"""Inputs are looked at before a run: a wrong name or format is reported in a second, not after an hour."""

from collections.abc import Iterator, Sequence

from pipelines.reading.fields import Reading
from pipelines.reading.look import Look, look
from pipelines.reading.units import InputError, expand

_FILES_OF_EACH = 3
_MOST_FILES = 60
_MOST_WARNINGS = 3


def look_at(inputs: Sequence[str], reading: Reading) -> list[str]:
    """Warnings about inputs, from the first rows or records of a few files of each.

    Raises InputError where an input is not there, where nothing of any could be kept, or where all that was looked at
    of one input is a mistake of the user's (no such field, a format that is not read). Damage is the run's to report,
    and so are archives of other records.
    """
    seen: list[list[Look]] = []
    for paths in _sampled(inputs):
        try:
            seen.append([look(path, reading) for path in paths])
        except OSError as error:
            raise InputError(f"{error.filename or paths[0]}: cannot be read: {error.strerror or error}") from error
    bad = [found for looks in seen for found in looks if found.problem]
    whole = any(found.other for found in bad)
    wrong = next((looks[0] for looks in seen if all(found.problem and found.mistake for found in looks)), None)
    if wrong is not None:
        raise InputError(wrong.problem)
    if bad and not whole and len(bad) == sum(map(len, seen)):
        raise InputError(bad[0].problem)
    more = [f"{len(bad) - _MOST_WARNINGS} more files like this"] if len(bad) > _MOST_WARNINGS else []
    return [found.problem for found in bad[:_MOST_WARNINGS]] + more


def _sampled(inputs: Sequence[str]) -> Iterator[list[str]]:
    """For each input the first, the middle and the last of its files; of many inputs a few."""
    whole = [expand([given]) for given in inputs]
    step = max(1, len(whole) // (_MOST_FILES // _FILES_OF_EACH))
    for paths in whole[::step]:
        places = sorted({0, len(paths) // 2, len(paths) - 1})
        yield [paths[place] for place in places]
