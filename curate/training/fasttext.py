"""Train a supervised fastText model that comes out the same every time."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.training.examples import DataError, Examples
from filters.models import train_fasttext
from filters.toxicity.fasttext import label_of
from filters.toxicity.preparation import PREPARATIONS

# fastText with one thread gives random numbers to the first tenth of its matrix only and takes the rest as the memory
# comes (DenseMatrix::uniform in 0.9.3). Fresh pages are zeros; with these two, what glibc hands out again is too.
_ZEROED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_PERTURB_": "255"}


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


def train(examples: Examples, path: Path, settings: FastTextSettings, quantise: bool = False) -> None:
    """Train with labels `toxic` and `clean` on one thread and write the model; with quantise its .ftz form.

    The same examples and settings give the same file. Training runs in a process of its own. Raises DataError where
    fastText cannot learn from the examples.
    """
    prepare = PREPARATIONS[settings.preparation]
    names = {True: label_of("toxic", settings.preparation), False: label_of("clean", settings.preparation)}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".training-") as folder:
        data, made = Path(folder) / "data.txt", Path(folder) / "model"
        with data.open("w", encoding="utf-8", newline="\n") as lines:
            for text, toxic in zip(examples.texts, examples.toxic, strict=True):
                # a word of the text that looks like a label would be one
                lines.write(f"{names[bool(toxic)]} {prepare(text).replace('__label__', '__label_')}\n")
        job = {"data": str(data), "model": str(made), "quantise": quantise, **dataclasses.asdict(settings)}
        done = subprocess.run(
            [sys.executable, "-m", "curate.training.fasttext"],
            input=json.dumps(job),
            env={**os.environ, **_ZEROED_MEMORY},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
            raise DataError(f"fastText could not be trained: {reason[:200]}")
        made.replace(path)


def _train_here(job: dict[str, Any]) -> None:
    train_fasttext(
        job["data"],
        job["model"],
        job["quantise"],
        dim=job["dim"],
        bucket=job["bucket"],
        minn=job["minn"],
        maxn=job["maxn"],
        wordNgrams=job["word_ngrams"],
        minCount=job["min_count"],
        lr=job["lr"],
        epoch=job["epoch"],
        seed=job["seed"],
    )


if __name__ == "__main__":
    _train_here(json.load(sys.stdin))
