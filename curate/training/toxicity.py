"""Train a toxicity classifier from labelled texts and measure it on texts it has not seen."""

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.evaluation.metrics import BinaryScores
from curate.training.examples import DataError, Examples, held_out
from filters import make

# The model's file name says what to train
STRATEGY_OF = {".bin": "toxicity/fasttext", ".ftz": "toxicity/fasttext", ".npz": "toxicity/linear"}


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
    strategy = STRATEGY_OF.get(model.suffix)
    if strategy is None:
        raise DataError(f"{model.name}: the model's name must end in {', '.join(STRATEGY_OF)}")
    if not model.parent.is_dir():
        raise DataError(f"there is no folder {model.parent}")
    if not 0 <= held_out_share < 1:
        raise DataError("the share held out must be at least 0 and less than 1")
    learned = examples
    if test is None and held_out_share > 0:
        apart = held_out(examples, held_out_share)
        test, learned = examples.take(apart), examples.take(~apart)
    for part, name in ((learned, "to learn from"), (test, "to measure on")):
        if part is not None and (part.toxic.all() or not part.toxic.any()):
            raise DataError(f"the {len(part)} texts {name} must include both toxic and clean ones")
    start = _cpu_seconds()
    used = _train(learned, model, strategy, settings)
    spent = _cpu_seconds() - start
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

        chosen = _settings(linear.LinearSettings, settings)
        _known_preparation(chosen.preparation, PREPARATIONS)
        linear.train(examples, chosen).save(model)
    else:
        from curate.training import fasttext

        chosen = _settings(fasttext.FastTextSettings, settings)
        _known_preparation(chosen.preparation, PREPARATIONS)
        fasttext.train(examples, model, chosen, quantise=model.suffix == ".ftz")
    return dataclasses.asdict(chosen)


def _settings(kind: type, settings: Mapping[str, Any]) -> Any:
    known: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(kind)}
    for name, value in settings.items():
        if name not in known:
            raise DataError(f"unknown setting {name} (known: {', '.join(known)})")
        wanted = type(known[name])
        if not isinstance(value, wanted) and not (wanted is float and isinstance(value, int)):
            raise DataError(f"{name} must be a {wanted.__name__}")
        if wanted is not str and value <= 0:
            raise DataError(f"{name} must be above 0")
    return kind(**settings)


def _known_preparation(name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise DataError(f"unknown preparation {name} (known: {', '.join(known)})")


def _cpu_seconds() -> float:
    """CPU seconds of this process and of those it waited for."""
    import os

    times = os.times()
    return time.process_time() + times.children_user + times.children_system


__all__ = ["STRATEGY_OF", "DataError", "Examples", "Trained", "train"]
