"""Judges against labels: toxicity, quality, language."""

import csv
import gzip
import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from curate.evaluation import language, quality, toxicity
from curate.evaluation.labelled import EvaluationError
from curate.training.examples import Examples, read
from filters import make
from filters.contracts import Judge, Scores, strategy
from filters.document import Document
from filters.rules import Rule


@strategy
class Length(Judge):
    """The number of characters, as whatever signal it is asked for; NaN for an empty text."""

    signal: str = "toxicity"

    def open(self) -> Callable[[Document], Scores]:
        signal = self.signal
        return lambda doc: Scores({signal: float(len(doc.text)) if doc.text else math.nan})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return (Rule("length", self.signal, at_most=4 if language == "ko" else 2),)


@strategy
class FirstLetters(Judge):
    """The language is the first two letters; fails on a text without any."""

    writes: ClassVar[Mapping[str, str]] = {"language": "string"}

    def open(self) -> Callable[[Document], Scores]:
        return lambda doc: Scores({"first": float(ord(doc.text[0]))}, {"language": doc.text[:2]})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return ()


def test_toxicity() -> None:
    examples = Examples(("a", "bbb", "ccccc", ""), np.array([False, False, True, False]))
    found = toxicity.evaluate(Length(), examples, rounds=20)
    assert found.scores.auc.value == 1
    assert (found.scores.precision.value, found.scores.recall.value) == (0.5, 1)
    assert found.unscored == 1
    assert found.dropped.tolist() == [False, True, True, False]
    assert toxicity.evaluate(Length(), examples, "ko", rounds=20).scores.precision.value == 1
    groups = toxicity.by_group(found, examples, ["x", "y", "y", "x"])
    assert [(g.name, g.items, g.toxic, g.right) for g in groups] == [("x", 2, 0, 2), ("y", 2, 1, 1)]
    json.dumps(found.as_dict())
    with pytest.raises(ValueError, match="none of the signals"):
        toxicity.evaluate(Length("other"), examples)


def test_quality() -> None:
    found = quality.evaluate(Length("length"), ["a", "bb", "ccc", ""], [True, True, False, True], rounds=20)
    assert found.aucs["length"].value == 0  # a high value speaks against a text
    assert found.decision.precision.value == 1  # three are kept, rightly
    assert found.decision.recall.value == 1
    json.dumps(found.as_dict())


def test_language() -> None:
    found = language.evaluate(FirstLetters(), ["en", "enx", "koy", "kox"], ["en", "ko", "ko", "en"], rounds=20)
    assert found.accuracy.value == 0.5
    assert found.by_language["ko"].value == 0.5
    assert found.confusions == (("en", "ko", 1), ("ko", "en", 1))
    json.dumps(found.as_dict())


def test_judges_see_texts_as_in_a_run() -> None:
    decomposed = unicodedata.normalize("NFD", "한국")
    found = language.evaluate(FirstLetters(), [decomposed, "한국"], ["한국", "한국"], rounds=20)
    assert found.accuracy.value == 1.0


def test_a_text_on_which_a_judge_fails_counts_as_wrong_and_is_counted() -> None:
    found = language.evaluate(FirstLetters(), ["en", "", "ko"], ["en", "", "ko"], rounds=20)
    assert (found.failed, found.accuracy.value) == (1, pytest.approx(2 / 3))
    with pytest.raises(EvaluationError, match="FirstLetters failed on every item: error:IndexError"):
        language.evaluate(FirstLetters(), ["", ""], ["en", "ko"], rounds=20)
    with pytest.raises(EvaluationError, match="does not write the note language"):
        language.evaluate(Length(), ["a"], ["en"], rounds=20)


def test_wordlist_on_labelled_comments(shared_data: Path) -> None:
    """Few toxic comments hold a listed word; those that do are toxic."""
    folder = shared_data / "korean_labeled" / "kocohub_hate"
    examples = read(folder / "train.tsv", "comments", "hate", clean=["none"])
    found = toxicity.evaluate(make("toxicity/wordlist"), examples, "ko", rounds=50)
    assert found.signal == "share"
    assert found.scores.precision.value >= 0.95
    assert 0.05 <= found.scores.recall.value <= 0.15


def test_quality_on_human_labels(shared_data: Path) -> None:
    with gzip.open(shared_data / "quality_human" / "dclm_majority.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = quality.evaluate(
        make("quality/gopher"), [row["text"] for row in rows], [row["label"] == 1 for row in rows], rounds=50
    )
    assert found.decision.items == 262
    assert all(0 <= auc.value <= 1 for auc in found.aucs.values() if not math.isnan(auc.value))


def test_hatecheck_groups(shared_data: Path) -> None:
    path = shared_data / "toxicity_en" / "hatecheck" / "test_suite_cases.csv"
    examples = read(path, "test_case", "label_gold", toxic=["hateful"], clean=["non-hateful"])
    with path.open(encoding="utf-8", newline="") as file:
        names = [row["functionality"] for row in csv.DictReader(file)]
    found = toxicity.evaluate(make("toxicity/wordlist"), examples, "en", rounds=20)
    groups = toxicity.by_group(found, examples, names)
    assert sum(group.items for group in groups) == 3728
    assert len(groups) == 29
