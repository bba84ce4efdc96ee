"""Thresholds by language: what holds for a document is its language's value, else the judge's own setting."""

from collections.abc import Mapping

from filters.contracts import FrozenMap

Limits = FrozenMap[str, FrozenMap[str, float | None]]


def completed(given: Limits, shipped: Mapping[str, Mapping[str, float | None]], known: frozenset[str]) -> Limits:
    """The languages given, and those shipped which are not given; raises ValueError for an unknown setting.

    Write `ko: {}` to give a language no values of its own.
    """
    for language, limits in given.items():
        unknown = sorted(set(limits) - known)
        if unknown:
            raise ValueError(f"unknown setting {unknown[0]} for {language} (known: {', '.join(sorted(known))})")
    return FrozenMap({language: FrozenMap(limits) for language, limits in {**shipped, **given}.items()})


def english_only(languages: tuple[str, ...], own: Mapping[str, object]) -> tuple[str, ...]:
    """Those of the languages for which English values would be used: neither English nor with values of their own."""
    return tuple(language for language in languages if language not in ("en", "und", "") and not own.get(language))
