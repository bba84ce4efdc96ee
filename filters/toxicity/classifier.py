"""What the judges by a trained classifier share: settings, scores of a document or of its sentences, the rules."""

import math
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule

NOTHING = Scores({"toxicity": math.nan, "toxicity_mean": math.nan})


@strategy
class Classifier(Judge):
    """Drop texts that a trained classifier finds toxic."""

    reads: ClassVar[tuple[str, ...]] = ("language",)
    model: str = Field(min_length=1, description="the model: a path, package:NAME/FILE, or a URL (with sha256)")
    sha256: str | None = Field(None, description="expected sha256 of the model file")
    level: Literal["document", "sentence"] = Field(
        "document", description="score the text as a whole, or every sentence: then `toxicity` is the highest score"
    )
    threshold: float | None = limit(0.5, ge=0, le=1, description="drop above this probability; null = off")
    max_mean: float | None = limit(None, ge=0, le=1, description="drop above this mean over the sentences; null = off")
    only: tuple[str, ...] = Field(
        (),
        description="languages (ISO 639-1) of the model; others get no scores; empty: all languages",
    )

    def made_for(self) -> frozenset[str] | None:
        """The languages of the model, where it is for some only."""
        return frozenset(self.only) or None

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Languages whose documents all pass, because the model is for others."""
        without = [language for language in languages if self.only and language not in self.only]
        name = type(self).__name__.lower()
        return (
            (f"toxicity/{name}: the model is not for {', '.join(without)}, so their documents pass",) if without else ()
        )

    def by_level(self, score: Callable[[list[str]], Sequence[float]]) -> Callable[[Document], Scores]:
        """The judge's function, made of one that scores a list of texts and gives NaN without evidence.

        Scores have the shape {"toxicity": p, "toxicity_mean": p}, p in [0, 1] or NaN.
        """
        from filters.toxicity.preparation import sentences

        level, only = self.level, frozenset(self.only)

        def scores(document: Document) -> Scores:
            if only and "language" in document.notes and document.notes["language"] not in only:
                return NOTHING
            texts = [document.text] if level == "document" else sentences(document.text)
            values = [value for value in score(texts) if not math.isnan(value)] if texts else []
            if not values:
                return NOTHING
            return Scores({"toxicity": max(values), "toxicity_mean": math.fsum(values) / len(values)})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`toxicity` and `toxicity_mean`, each above its limit."""
        limits = {"toxicity": self.threshold, "toxicity_mean": self.max_mean}
        return tuple(Rule(name, name, at_most=limit) for name, limit in limits.items() if limit is not None)
