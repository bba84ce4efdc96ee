"""A linear model over character n-grams as plain arrays in an .npz file, read and written without pickle."""

import math
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from filters.contracts import ResourceError
from filters.toxicity.preparation import PREPARATIONS

FORMAT = "curate linear 1"


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Logistic regression over TF-IDF of hashed character n-grams within words.

    preparation        how a text is preprocessed, a name of PREPARATIONS
    shortest, longest  lengths of the n-grams in code points of the prepared text
    bits               n-grams are hashed into 2**bits buckets
    buckets            the buckets in use, ascending, int32 of shape (n,)
    idf, weights       of these buckets, float32 of shape (n,)
    intercept          the score of a text without weights, in log-odds
    """

    preparation: str
    shortest: int
    longest: int
    bits: int
    buckets: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    intercept: float

    def save(self, path: Path) -> None:
        """Write the model; the same model gives the same bytes."""
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                format=np.array(FORMAT),
                preparation=np.array(self.preparation),
                sizes=np.array([self.shortest, self.longest, self.bits], dtype=np.int64),
                buckets=self.buckets.astype(np.int32),
                idf=self.idf.astype(np.float32),
                weights=self.weights.astype(np.float32),
                intercept=np.array(self.intercept, dtype=np.float64),
            )

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        """Read a model; raises ResourceError if the file is not such a model or its arrays do not fit together."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            if str(found["format"]) != FORMAT:
                raise ValueError("another format")
            shortest, longest, bits = (int(size) for size in found["sizes"])
            model = cls(
                str(found["preparation"]), shortest, longest, bits, found["buckets"], found["idf"], found["weights"],
                float(found["intercept"]),
            )  # fmt: skip
        except OSError as error:
            raise ResourceError(f"cannot read the model {path.name}: {error.strerror or 'damaged'}") from error
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ResourceError(f"{path.name} is not a model that curate train wrote") from error
        model._verify(path.name)
        return model

    def _verify(self, name: str) -> None:
        shapes = {self.buckets.shape, self.idf.shape, self.weights.shape}
        sound = (
            self.preparation in PREPARATIONS
            and 1 <= self.shortest <= self.longest <= 32
            and 1 <= self.bits <= 26
            and shapes == {(self.buckets.size,)}
            and self.buckets.size > 0
            and self.buckets.dtype == np.int32
            and self.idf.dtype == self.weights.dtype == np.float32
            and bool((np.diff(self.buckets) > 0).all())
            and int(self.buckets[0]) >= 0
            and int(self.buckets[-1]) < 1 << self.bits
            and bool(np.isfinite(self.weights).all())
            and bool((self.idf > 0).all() and np.isfinite(self.idf).all())
            and math.isfinite(self.intercept)
        )
        if not sound:
            raise ResourceError(f"the model {name} is damaged: its arrays do not fit together")

    def scorer(self) -> Callable[[str], float]:
        """A function from a text to a probability in [0, 1]; NaN for a text that is empty or of
        which no n-gram is known.

        The scratch memory is shared by all calls: the kernel holds the GIL, so threads take turns.
        """
        from filters.toxicity import char_ngrams

        size = 1 << self.bits
        idf = np.zeros(size, dtype=np.float32)
        weights = np.zeros(size, dtype=np.float32)
        idf[self.buckets] = self.idf
        weights[self.buckets] = self.weights
        counts = np.zeros(size, dtype=np.int32)
        prepare = PREPARATIONS[self.preparation]
        lengths = self.longest - self.shortest + 1

        def probability(text: str) -> float:
            prepared = prepare(text)
            if not prepared:
                return math.nan
            points = char_ngrams.code_points(prepared)
            touched = np.empty(min(size, points.size * lengths), dtype=np.int32)
            margin = char_ngrams.score(points, self.shortest, self.longest, self.bits, counts, touched, idf, weights)
            if math.isnan(margin):
                return margin
            margin += self.intercept
            # the two forms avoid overflow on either side
            return 1 / (1 + math.exp(-margin)) if margin >= 0 else math.exp(margin) / (1 + math.exp(margin))

        return probability
