"""Histograms of signals in fixed bins, so that those of parts of a corpus add up whatever the parts."""

from array import array
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

# A bin is 1/32 of a power of two wide: the exponent and five bits of the mantissa of a float64. What is nearer to zero
# than 2^-20 is in bin 0, what is 2^44 or more in the last one, and negative numbers mirror the positive ones.
_SHIFT = 47
_LEAST, _MOST = -20, 44
_BASE = (int(np.float64(2.0**_LEAST).view(np.int64)) >> _SHIFT) - 1
LAST = (int(np.float64(2.0**_MOST).view(np.int64)) >> _SHIFT) - _BASE
_SIZE = 2 * LAST + 1
_FLUSH = 2_048  # documents


def bins_of(values: np.ndarray) -> np.ndarray:
    """The bins of finite or infinite numbers, int64 in [-LAST, LAST]; NaN has no meaning here."""
    sizes = np.minimum(np.abs(values), 2.0**_MOST)
    places = np.maximum((sizes.view(np.int64) >> _SHIFT) - _BASE, 0)
    return np.where(values < 0, -places, places)


def edges_of(place: int) -> tuple[float, float]:
    """The bounds of a bin, low and high; the outer bins end at infinity."""
    if place < 0:
        low, high = edges_of(-place)
        return -high, -low
    if place == 0:
        return 0.0, _edge(1)
    return _edge(place), float("inf") if place >= LAST else _edge(place + 1)


def _edge(place: int) -> float:
    return float(np.int64((place + _BASE) << _SHIFT).view(np.float64))


class Histograms:
    """Of the signals of one judge: how many documents have a value in a bin, and how many of these its rules failed.

    Values are collected and counted some thousand at a time; memory does not grow with their number.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._passed = array("d")
        self._failed = array("d")
        self._marks: list[tuple[int, ...]] = []
        self._counts = np.zeros((2, 0), dtype=np.int64)

    def add(self, signals: Mapping[str, float], failed: Sequence[str] = ()) -> None:
        """Count the signals of a document, and those (by name) whose rules it fails.

        A document whose signals are other ones than the first document's, or no numbers, is left out.
        """
        if not self.names:
            self.names = tuple(signals)
            self._counts = np.zeros((2, len(self.names) * _SIZE), dtype=np.int64)
        into = self._failed if failed else self._passed
        size = len(into)
        try:
            into.extend([signals[name] for name in self.names])
        except (KeyError, TypeError, ValueError, OverflowError):
            del into[size:]
            return
        if failed:
            self._marks.append(tuple(self.names.index(name) for name in failed if name in signals))
        if len(into) >= _FLUSH * len(self.names):
            self._count()

    def _count(self) -> None:
        width = len(self.names)
        for values, marks in ((self._passed, None), (self._failed, self._marks)):
            if not values:
                continue
            table = np.frombuffer(values, dtype=np.float64).reshape(-1, width)
            fails = np.zeros(table.shape, dtype=bool)
            for row, columns in enumerate(marks or ()):
                fails[row, list(columns)] = True
            places = bins_of(table) + LAST + np.arange(width) * _SIZE
            there = ~np.isnan(table)
            for outcome in (0, 1) if marks is not None else (0,):
                self._counts[outcome] += np.bincount(
                    places[there & (fails == bool(outcome))], minlength=self._counts.shape[1]
                )
        self._passed, self._failed, self._marks = array("d"), array("d"), []

    def close(self) -> dict[str, list[list[int]]]:
        """By signal, [bin, documents that passed, documents that failed] for each bin that is not empty."""
        self._count()
        found = {}
        for column, name in enumerate(self.names):
            passed, failed = self._counts[:, column * _SIZE : (column + 1) * _SIZE]
            there = np.flatnonzero(passed + failed)
            found[name] = np.stack([there - LAST, passed[there], failed[there]], axis=1).tolist()
        self.__init__()  # type: ignore[misc]
        return found


def together(parts: Iterable[Sequence[Sequence[int]]]) -> list[list[int]]:
    """One histogram of several, in the form of Histograms.close()."""
    sums: dict[int, list[int]] = {}
    for part in parts:
        for place, passed, failed in part:
            found = sums.setdefault(place, [place, 0, 0])
            found[1] += passed
            found[2] += failed
    return [sums[place] for place in sorted(sums)]
