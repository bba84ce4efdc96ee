"""Train logistic regression over hashed character n-grams."""

from dataclasses import dataclass

import numpy as np

from curate.training.examples import DataError, Examples
from filters.toxicity.linear_model import LinearModel


@dataclass(frozen=True, slots=True)
class LinearSettings:
    """Settings of the training.

    preparation        name of a preparation of the text (filters/toxicity/preparation.py)
    shortest, longest  lengths of the n-grams, in code points of the prepared text; they stay within a word
    min_texts          an n-gram of fewer training texts is left out
    c                  inverse strength of the L2 penalty
    bits               2**bits buckets

    The defaults were chosen by five-fold cross-validation on the training part of the Korean hate speech corpus
    (docs/training.md).
    """

    preparation: str = "jamo"
    shortest: int = 1
    longest: int = 6
    min_texts: int = 2
    c: float = 3.0
    bits: int = 20


def train(examples: Examples, settings: LinearSettings) -> LinearModel:
    """A model from examples; the same examples and settings give the same model.

    Raises DataError without scikit-learn, or where no n-gram is frequent enough.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise DataError("training a linear model needs the package scikit-learn (pip install scikit-learn)") from error
    from scipy.sparse import csr_matrix, diags

    rows, buckets, counts = _count(examples, settings)
    frequency = np.bincount(buckets, minlength=1 << settings.bits)
    used = np.flatnonzero(frequency >= settings.min_texts).astype(np.int32)
    if not used.size:
        raise DataError(f"no n-gram occurs in {settings.min_texts} texts or more")
    # scikit-learn's smoothed idf and sublinear tf, then rows of unit length
    idf = (np.log((1 + len(examples)) / (1 + frequency[used])) + 1).astype(np.float32)
    column = np.full(1 << settings.bits, -1, dtype=np.int32)
    column[used] = np.arange(used.size)
    kept = column[buckets] >= 0
    columns = column[buckets[kept]]
    values = (1 + np.log(counts[kept])) * idf[columns]
    matrix = csr_matrix((values, (rows[kept], columns)), shape=(len(examples), used.size))
    lengths = np.sqrt(np.bincount(rows[kept], weights=values**2, minlength=len(examples)))
    matrix = diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix
    fitted = LogisticRegression(C=settings.c, solver="liblinear", max_iter=1000, random_state=0).fit(
        matrix, examples.toxic
    )
    return LinearModel(
        settings.preparation, settings.shortest, settings.longest, settings.bits, used, idf,
        fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0]),
    )  # fmt: skip


def _count(examples: Examples, settings: LinearSettings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each bucket of each text: the text's number, the bucket, how many n-grams; three arrays of one shape."""
    from filters.toxicity import char_ngrams
    from filters.toxicity.preparation import PREPARATIONS

    prepare = PREPARATIONS[settings.preparation]
    size = 1 << settings.bits
    scratch = np.zeros(size, dtype=np.int32)
    lengths = settings.longest - settings.shortest + 1
    buckets, counts = [], []
    for text in examples.texts:
        points = char_ngrams.code_points(prepare(text))
        touched = np.empty(min(size, points.size * lengths), dtype=np.int32)
        found = char_ngrams.count(points, settings.shortest, settings.longest, settings.bits, scratch, touched)
        buckets.append(touched[:found].copy())
        counts.append(scratch[buckets[-1]])
        scratch[buckets[-1]] = 0
    rows = np.repeat(np.arange(len(buckets)), [len(part) for part in buckets])
    return rows, np.concatenate(buckets), np.concatenate(counts)
