"""Judge a text by logistic regression over its character n-grams."""

from collections.abc import Callable, Mapping

from filters import models
from filters.contracts import Scores, limit, strategy
from filters.document import Document
from filters.toxicity.classifier import Classifier


@strategy
class Linear(Classifier):
    """Drops texts that logistic regression over character n-grams (TF-IDF) finds toxic.

    The model is an .npz file of plain arrays that `curate train toxicity` wrote; it is read without pickle, and scoring
    needs no scikit-learn.
    """

    threshold: float | None = limit(0.5, ge=0, le=1, description="drop above this probability; null = off")

    def check(self) -> None:
        """Raises ResourceError if the model is missing or damaged."""
        from filters.toxicity.linear_model import LinearModel

        LinearModel.load(models.resolve(self.model, self.sha256))

    def resources(self) -> Mapping[str, str]:
        """sha256 of the model."""
        return {"model": models.digest(models.resolve(self.model, self.sha256))}

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"toxicity": p, "toxicity_mean": p}; NaN for a text without a known n-gram."""
        from filters.toxicity.linear_model import LinearModel

        probability = LinearModel.load(models.resolve(self.model, self.sha256)).scorer()
        return self.by_level(lambda texts: [probability(text) for text in texts])
