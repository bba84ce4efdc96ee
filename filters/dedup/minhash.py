"""Near-duplicates by MinHash signatures in bands (locality-sensitive hashing)."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from filters.contracts import Duplicates, FrozenMap, Sameness, SettingsError, strategy
from filters.dedup.survivors import DuplicateJudge
from filters.document import Document

Unit = Literal["words", "characters"]
Share = Annotated[float, Field(ge=0, le=1)]

# Particles and endings make Korean words sparse, and these other languages write no spaces between words.
CHARACTER_LANGUAGES = frozenset({"ko", "ja", "zh", "th", "lo", "km", "my"})
NGRAM = {"words": 5, "characters": 8}


class Shingler:
    """Document -> hashes of its shingles, uint64 of shape (n,), repeated ones included; empty without any word."""

    def __init__(self, unit: Unit | None, ngram: int | None) -> None:
        from filters.text import minhash

        self._unit, self._ngram = unit, ngram
        self._shingles: dict[str, Callable[[str, int], Any]] = {
            "words": minhash.word_shingles,
            "characters": minhash.character_shingles,
        }

    def __call__(self, document: Document) -> Any:
        unit = self._unit
        if unit is None:
            unit = "characters" if document.notes.get("language") in CHARACTER_LANGUAGES else "words"
        return self._shingles[unit](document.text, self._ngram or NGRAM[unit])


class Signer:
    """Document -> band keys; with_signature gives the low 16 bits of the signature's values beside them."""

    def __init__(self, settings: "MinHash") -> None:
        import numpy as np

        from filters.text import minhash

        self._kernels = minhash
        self._bands, self._rows = settings.bands, settings.rows
        self._permutations = minhash.permutations(settings.bands * settings.rows, settings.seed)
        self._none = np.empty(0, dtype=np.uint64), np.zeros(settings.bands * settings.rows, dtype=np.uint16)
        self.shingles = settings.shingler()

    def with_signature(self, document: Document) -> tuple[Any, Any]:
        """(band keys, uint64 of shape (bands,) or (0,); signature, uint16 of shape (bands * rows,))."""
        shingles = self.shingles(document)
        if not len(shingles):
            return self._none
        values = self._kernels.signature(shingles, *self._permutations)
        return self._kernels.band_keys(values, self._bands, self._rows), values.astype("uint16")

    def __call__(self, document: Document) -> Any:
        return self.with_signature(document)[0]


def steepest(bands: int, rows: int) -> float:
    """The similarity at which the chance to share a band grows fastest: (1 / bands) ** (1 / rows)."""
    return float((1 / bands) ** (1 / rows))


@strategy
class MinHash(DuplicateJudge):
    """Keeps one document of each cluster of near-duplicates found by MinHash signatures in bands.

    Two documents of similarity s (Jaccard, of their sets of shingles) share a band with probability
    1 - (1 - s**rows)**bands. Defaults are FineWeb's: word 5-grams, 14 bands of 8 rows. Texts without any word take no
    part and stay; a text shorter than a shingle is compared as a whole.
    """

    rule = "near-duplicate"
    reads = ("language",)

    unit: Unit | None = Field(
        None,
        description="Shingles of words or of characters; by default characters for languages written without spaces "
        "and for Korean, words for all others.",
    )
    ngram: int | None = Field(
        None, ge=1, le=1000, description="Words or characters in a shingle; by default 5 words or 8 characters."
    )
    bands: int = Field(14, ge=1, le=1000, description="Bands; documents that share one are candidates.")
    rows: int = Field(8, ge=1, le=1000, description="Signature values in a band.")
    verify: Share | FrozenMap[Literal["containment", "jaccard"], Share] | None = Field(
        None,
        description="A number: link candidates only if the true Jaccard similarity of their shingles is at least this. "
        "{containment: C, jaccard: J}: drop a document of a cluster only if this share of its word 3-grams stands in a "
        "survivor of no fewer words, or its character 5-grams are as similar to those of a survivor; else it survives, "
        "too. One of the two will do.",
    )
    max_survivors: int = Field(
        8,
        ge=1,
        le=1000,
        description="Survivors of its cluster that a document is compared with, where verify is a map.",
    )
    seed: int = Field(1, ge=0, description="Seed of the hash functions.")

    def __post_init__(self) -> None:
        if isinstance(self.verify, FrozenMap) and not self.verify:
            raise SettingsError("verify names neither containment nor jaccard", ("verify",))

    def decision(self) -> Duplicates:
        """One key a band; the threshold is `verify`, else the similarity at which the S-curve is steepest."""
        verify: float | Sameness | None
        if isinstance(self.verify, FrozenMap):
            verify = Sameness(self.verify.get("containment"), self.verify.get("jaccard"), self.max_survivors)
        else:
            verify = self.verify
        threshold = verify if isinstance(verify, float) else steepest(self.bands, self.rows)
        return self.duplicates(
            width=self.bands,
            threshold=threshold,
            verify=verify,
            shingler=self.shingler,
            signed=True,
            key_free=frozenset({"verify", "max_survivors"}),
        )

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Languages that should not be compared by words."""
        sparse = sorted(CHARACTER_LANGUAGES.intersection(languages))
        if self.unit != "words" or not sparse:
            return ()
        return (f"words find few near-duplicates in {', '.join(sparse)}: leave unit out, or set it to characters",)

    def shingler(self) -> Callable[[Document], Any]:
        """The function from a document to the hashes of its shingles."""
        return Shingler(self.unit, self.ngram)

    def open(self) -> Signer:
        """Document -> uint64 of shape (bands,), or (0,) for a text without any word."""
        return Signer(self)
