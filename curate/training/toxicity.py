"""Train a toxicity classifier from labelled texts and measure it on texts it has not seen."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.evaluation.metrics import BinaryScores
from curate.training.examples import DataError, Examples, held_out
from curate.training.settings import check, settings_from
from curate.training.spent import cpu_seconds
from filters import make

# The model's file name says what to train
STRATEGY_OF = {".bin": "toxicity/fasttext", ".ftz": "toxicity/fasttext", ".npz": "toxicity/linear"}


@dataclass(frozen=True, slots=True)
class FastTextSettings:
    """Settings of the training, by fastText's own names where it has them.

    The defaults were chosen by five-fold cross-validation on the training part of the Korean hate speech corpus
    (docs/training.md). Character n-grams (minn to maxn) are what finds misspelt and inflected words.
    """

    preparation: str = "lower"
    dim: int = 16
    bucket: int = 500_000
    minn: int = 1
    maxn: int = 4
    word_ngrams: int = 2
    min_count: int = 1
    lr: float = 0.1
    epoch: int = 20
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    strategy     the strategy that reads the model        model  its path        sha256  of the file
    trained_on   examples it learned from                 settings  of the training
    cpu_seconds  of the training
    held_out     how it does on texts it has not seen, at the strategy's threshold; None where none were held out
    threshold    above which the decision is "toxic"
    """

    strategy: str
    model: Path
    sha256: str
    trained_on: int
    settings: Mapping[str, Any]
    cpu_seconds: float
    held_out: BinaryScores | None
    threshold: float

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON; of the path only the file's name."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        measured = self.held_out.as_dict() if self.held_out else None
        return {**plain, "model": self.model.name, "settings": dict(self.settings), "held_out": measured}


def train(
    examples: Examples,
    model: Path,
    test: Examples | None = None,
    held_out_share: float = 0.1,
    threshold: float | None = None,
    **settings: Any,
) -> Trained:
    """Train the kind of model that the path's suffix names: .bin or .ftz (quantised) for fastText, .npz for linear.

    test            examples to measure on; without them a share of the examples, chosen by a hash of the text, is held
                    out and not learned from
    held_out_share  0 trains on everything and measures nothing
    threshold       for precision, recall and F1; the strategy's default otherwise
    settings        of FastTextSettings or LinearSettings
    Raises DataError where the examples, the path or the settings do not do.
    """
    check(model, STRATEGY_OF, held_out_share)
    strategy = STRATEGY_OF[model.suffix]
    learned = examples
    if test is None and held_out_share > 0:
        apart = held_out(examples, held_out_share)
        test, learned = examples.take(apart), examples.take(~apart)
    for part, name in ((learned, "to learn from"), (test, "to measure on")):
        if part is not None and (part.toxic.all() or not part.toxic.any()):
            raise DataError(f"the {len(part)} texts {name} must include both toxic and clean ones")
    start = cpu_seconds()
    used = _train(learned, model, strategy, settings)
    spent = cpu_seconds() - start
    limits = {} if threshold is None else {"threshold": threshold}
    judge = make(strategy, {"model": str(model), **limits})
    limit: float = judge.threshold  # type: ignore[attr-defined]
    measured = None
    if test is not None:
        from curate.evaluation.toxicity import evaluate

        measured = evaluate(judge, test).scores  # type: ignore[arg-type]
    return Trained(strategy, model, judge.resources()["model"], len(learned), used, spent, measured, limit)


def _train(examples: Examples, model: Path, strategy: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Train and write the model; returns all settings."""
    from filters.toxicity.preparation import PREPARATIONS

    if strategy == "toxicity/linear":
        from curate.training import linear

        of_linear = settings_from(linear.LinearSettings, settings)
        _known_preparation(of_linear.preparation, PREPARATIONS)
        linear.train(examples, of_linear).save(model)
        return dataclasses.asdict(of_linear)
    chosen = settings_from(FastTextSettings, settings)
    _known_preparation(chosen.preparation, PREPARATIONS)
    train_fasttext(examples, model, chosen, quantise=model.suffix == ".ftz")
    return dataclasses.asdict(chosen)


def train_fasttext(examples: Examples, path: Path, settings: FastTextSettings, quantise: bool = False) -> None:
    """Train with labels `toxic` and `clean` and write the model; with quantise its .ftz form. Raises DataError."""
    from curate.training import fasttext
    from filters.toxicity.fasttext import MARK
    from filters.toxicity.preparation import PREPARATIONS

    prepare = PREPARATIONS[settings.preparation]
    pairs = zip(examples.texts, examples.toxic, strict=True)
    names = {True: f"toxic{MARK}{settings.preparation}", False: f"clean{MARK}{settings.preparation}"}
    lines = ((names[bool(toxic)], prepare(text)) for text, toxic in pairs)
    own = {name: value for name, value in dataclasses.asdict(settings).items() if name != "preparation"}
    fasttext.train(lines, path, own, quantise)


def _known_preparation(name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise DataError(f"unknown preparation {name} (known: {', '.join(known)})")


__all__ = ["STRATEGY_OF", "DataError", "Examples", "Trained", "train"]
