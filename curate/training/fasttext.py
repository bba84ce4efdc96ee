"""Train a supervised fastText model that comes out the same every time."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from curate.training.examples import DataError
from filters.models import train_fasttext

# fastText with one thread gives random numbers to the first tenth of its matrix only and takes the rest as the memory
# comes (DenseMatrix::uniform in 0.9.3). Fresh pages are zeros; with these two, what glibc hands out again is too.
_ZEROED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_PERTURB_": "255"}


# this project's names for fastText's own settings
_NAMES = {
    "dim": "dim", "bucket": "bucket", "minn": "minn", "maxn": "maxn", "word_ngrams": "wordNgrams",
    "min_count": "minCount", "lr": "lr", "epoch": "epoch", "seed": "seed",
}  # fmt: skip


def train(labelled: Iterable[tuple[str, str]], path: Path, settings: Mapping[str, Any], quantise: bool = False) -> None:
    """Train on (label, line) in this order, on one thread, and write the model; with quantise its .ftz form.

    settings  dim, bucket, minn, maxn, word_ngrams, min_count, lr, epoch and seed
    The same lines in the same order and the same settings give the same file. Training runs in a process of its own.
    Raises DataError where fastText cannot learn from the lines.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".training-") as folder:
            data, made = Path(folder) / "data.txt", Path(folder) / "model"
            with data.open("w", encoding="utf-8", newline="\n") as lines:
                for label, line in labelled:
                    # a word of the text that looks like a label would be one
                    lines.write(f"__label__{label} {line.replace('__label__', '__label_')}\n")
            named = {_NAMES[name]: value for name, value in settings.items()}
            job = {"data": str(data), "model": str(made), "quantise": quantise, "settings": named}
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
    except OSError as error:
        raise DataError(f"{path.parent}: cannot be written to: {error.strerror or error}") from error


def _train_here(job: dict[str, Any]) -> None:
    train_fasttext(job["data"], job["model"], job["quantise"], **job["settings"])


if __name__ == "__main__":
    _train_here(json.load(sys.stdin))
