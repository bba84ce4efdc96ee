"""Finders of personal data against texts with labelled spans, by strategy, language and type."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from curate.evaluation.labelled import EvaluationError, numbered_rows
from curate.evaluation.metrics import ROUNDS, Interval, bootstrap

# The names that others give to our types: Presidio, and labels seen in its research data.
TYPE_NAMES: Mapping[str, str] = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "us_ssn",
    "KR_RRN": "kr_rrn",
    "KR_FRN": "kr_frn",
    "KR_BRN": "kr_brn",
    "KR_DRIVER_LICENSE": "kr_driver_license",
    "KR_PASSPORT": "kr_passport",
    "CRYPTO": "crypto",
    "MAC_ADDRESS": "mac",
    "US_ITIN": "us_itin",
    "UK_NHS": "uk_nhs",
    "UK_NINO": "uk_nino",
    "PERSON": "person",
    "LOCATION": "location",
    "GPE": "location",
    "ORGANIZATION": "organization",
}
ALL = "all"


@runtime_checkable
class Finds(Protocol):
    """A PII strategy as far as this module knows it; with an attribute `types`, those are what it looks for."""

    def finder(self) -> Callable[[str, str], Sequence[tuple[str, int, int]]]:
        """text, language -> (type, start, end) in characters."""
        ...


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its gold spans (type, start, end) in characters.

    language  ISO 639-1 or ""
    types     the types of which all spans are given; None: those that occur anywhere in the data
    """

    text: str
    spans: tuple[tuple[str, int, int], ...]
    language: str = ""
    types: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one strategy for one language and type ("all": all types together).

    items      texts                     gold, found  spans labelled, and spans reported
    precision, recall, f1                with 95 % intervals from resampling texts; NaN where a denominator is 0
    ms_per_kb  CPU milliseconds for 1,000 bytes of UTF-8 of this language, loading left out; all types together
    """

    strategy: str
    language: str
    type: str
    items: int
    gold: int
    found: int
    precision: Interval
    recall: Interval
    f1: Interval
    ms_per_kb: float

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        named = {name: getattr(self, name) for name in ("strategy", "language", "type", "items", "gold", "found")}
        figures = {name: getattr(self, name).as_dict() for name in ("precision", "recall", "f1")}
        return {**named, **figures, "ms_per_kb": round(self.ms_per_kb, 4)}


def read_labelled(path: str | Path, language: str = "", type_names: Mapping[str, str] = TYPE_NAMES) -> list[Labelled]:
    """Labelled texts from JSONL or JSONL.gz: objects with `text` and `spans`, each span with type, start and end.

    An object may name its `language`, and the `types` of which all its spans are given. Types are renamed by
    type_names; one without an entry keeps its name in lower case. Raises EvaluationError naming file and line, never
    their content.
    """
    rows = []
    for number, row in numbered_rows(path):
        try:
            rows.append(_labelled(row, language, type_names))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"no {error}" if isinstance(error, KeyError) else "not the form {text, spans: [{type, start, end}]}"
            raise EvaluationError(f"{path}, line {number}: {why}") from None
    return rows


def _labelled(row: dict[str, Any], language: str, type_names: Mapping[str, str]) -> Labelled:
    text, spans = row["text"], []
    for span in row["spans"]:
        kind, start, end = span["type"], span["start"], span["end"]
        if not (isinstance(kind, str) and type(start) is type(end) is int and 0 <= start < end <= len(text)):
            raise ValueError("span")
        spans.append((type_names.get(kind, kind.lower()), start, end))
    types = row.get("types")
    return Labelled(
        text,
        tuple(spans),
        str(row.get("language") or language),
        None if types is None else frozenset(type_names.get(kind, kind.lower()) for kind in types),
    )


def evaluate(
    strategies: Mapping[str, Finds],
    items: Sequence[Labelled],
    match: Literal["exact", "overlap"] = "exact",
    rounds: int = ROUNDS,
) -> list[Row]:
    """The figures of several strategies by language and type, in the order given.

    Types that are labelled nowhere are left out: nobody knows whether what is found there is right. So are, for a
    strategy, the types that it does not look for.
    match  "exact": a span is right when type, start and end agree; "overlap": type, and one character in common
    """
    labelled = frozenset(kind for item in items for kind, _, _ in item.spans)
    rows = []
    for name, strategy in strategies.items():
        find = strategy.finder()
        kinds = labelled & frozenset(getattr(strategy, "types", labelled))
        find("warm up: a@b.example, 010-1234-5678, 4111 1111 1111 1111", "")
        for language in sorted({item.language for item in items}):
            chosen = [item for item in items if item.language == language]
            start = time.process_time()
            reported = [find(item.text, language) for item in chosen]
            spent = time.process_time() - start
            size = sum(len(item.text.encode("utf-8", "replace")) for item in chosen)
            counts = _counts(chosen, reported, kinds, match)
            for kind in (*sorted(counts), ALL):
                table = sum(counts.values()) if kind == ALL else counts[kind]
                if isinstance(table, int) or not table.any():
                    continue
                found, gold = int(table[:, 1].sum()), int(table[:, 3].sum())
                precision, recall, f1 = bootstrap(_figures(table), len(table), rounds)
                cost = spent * 1e6 / max(1, size)
                rows.append(Row(name, language, kind, len(chosen), gold, found, precision, recall, f1, cost))
    return rows


def _counts(
    items: Sequence[Labelled],
    reported: Iterable[Sequence[tuple[str, int, int]]],
    labelled: frozenset[str],
    match: str,
) -> dict[str, np.ndarray]:
    """By type, an array of shape (texts, 4): reported and right, reported, labelled and found, labelled."""
    counts = {kind: np.zeros((len(items), 4)) for kind in labelled}
    for index, (item, spans) in enumerate(zip(items, reported, strict=True)):
        for kind in labelled if item.types is None else item.types & labelled:
            gold = [(start, end) for gold_kind, start, end in item.spans if gold_kind == kind]
            found = [(start, end) for found_kind, start, end in spans if found_kind == kind]
            row = counts[kind][index]
            row[0], row[1] = sum(_right(span, gold, match) for span in found), len(found)
            row[2], row[3] = sum(_right(span, found, match) for span in gold), len(gold)
    return counts


def _right(span: tuple[int, int], others: Iterable[tuple[int, int]], match: str) -> bool:
    if match == "exact":
        return span in others
    return any(start < span[1] and span[0] < end for start, end in others)


def _figures(table: np.ndarray) -> Callable[[np.ndarray], tuple[float, ...]]:
    def figures(chosen: np.ndarray) -> tuple[float, ...]:
        right, found, hit, gold = table[chosen].sum(axis=0)
        precision = right / found if found else np.nan
        recall = hit / gold if gold else np.nan
        f1 = 2 * precision * recall / (precision + recall) if right and hit else (0.0 if found or gold else np.nan)
        return float(precision), float(recall), float(f1)

    return figures
