"""Judge a text by any supervised fastText model, of the document or of its sentences."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import Field

from filters import models
from filters.contracts import ResourceError, Scores, limit, strategy
from filters.document import Document
from filters.toxicity.classifier import Classifier

PREFIX = "__label__"
# A fastText file has no room for metadata but its labels: `__label__toxic@lower` says that the model was trained on
# texts preprocessed with `lower` (preparation.py); the label cannot get lost from the file.
MARK = "@"


_TOGETHER = 10_000  # sentences: an answer names every label, and 10 MB of text can be millions of sentences


@strategy
class FastText(Classifier):
    """Drops texts that a supervised fastText model finds toxic.

    The score is the probability of `labels`, added up where there are several. 0.4 is the threshold of Dolma, for
    sentences (docs/taggers.md); cleanup/sentences with this judge drops single sentences, this judge alone drops
    whole documents. Line breaks become spaces, since fastText reads one line. A model made by `curate train toxicity`
    names its own preparation of the text; other models get the text unchanged.
    """

    labels: tuple[str, ...] = Field(
        ("toxic",), min_length=1, description=f"the labels of toxic texts, with or without {PREFIX}"
    )
    preparation: Literal["model", "line", "lower", "jamo"] = Field(
        "model",
        description="line: text as it is; lower: NFKC, lower case; jamo: lower, Hangul syllables taken apart; "
        "model: what the model's labels say, else line",
    )
    threshold: float | None = limit(0.4, ge=0, le=1, description="drop above this probability; null = off")

    def check(self) -> None:
        """Raises ResourceError if the model is missing, damaged, or lacks one of the labels."""
        self._load()

    def resources(self) -> Mapping[str, str]:
        """sha256 of the model."""
        return {"model": models.digest(models.resolve(self.model, self.sha256))}

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"toxicity": p, "toxicity_mean": p}, p in [0, 1]; NaN for a text without a word."""
        from filters.toxicity.preparation import PREPARATIONS

        model, wanted, preparation = self._load()
        prepare = PREPARATIONS[preparation]

        def score(texts: list[str]) -> list[float]:
            values = [float("nan")] * len(texts)
            for first in range(0, len(texts), _TOGETHER):
                lines = [prepare(text) for text in texts[first : first + _TOGETHER]]
                known = [position for position, line in enumerate(lines) if line]
                answers = model.predict([lines[position] for position in known], k=-1) if known else ()
                for position, answer in zip(known, answers, strict=True):
                    # fastText's softmax adds 1e-5 to every probability
                    values[first + position] = min(1.0, sum(p for label, p in answer if label in wanted))
            return values

        return self.by_level(score)

    def _load(self) -> tuple[models.FastTextModel, frozenset[str], str]:
        """The model, its labels that count as toxic, and the preparation."""
        model = models.load_fasttext(self.model, self.sha256)
        parts = {label: parts_of(label) for label in model.labels}
        plain = {label.removeprefix(PREFIX) for label in self.labels}
        wanted = {label for label, (name, _) in parts.items() if name in plain or label in plain}
        missing = sorted(plain - wanted - {parts[label][0] for label in wanted})
        if missing:
            known = ", ".join(sorted(name for name, _ in parts.values())[:20])
            raise ResourceError(f"toxicity/fasttext: the model has no label {missing[0]} (it has: {known})")
        stated = sorted({preparation for _, preparation in parts.values()} - {""})
        preparation = self.preparation if self.preparation != "model" else stated[0] if stated else "line"
        return model, frozenset(wanted), preparation


def label_of(name: str, preparation: str) -> str:
    """The label of a class in a model trained on texts preprocessed like this."""
    return f"{PREFIX}{name}{MARK}{preparation}"


def parts_of(label: str) -> tuple[str, str]:
    """The name of a label (without fastText's prefix) and the preparation it states, "" where it states none."""
    from filters.toxicity.preparation import PREPARATIONS

    name, _, preparation = label.rpartition(MARK)
    return (name, preparation) if name and preparation in PREPARATIONS else (label, "")
