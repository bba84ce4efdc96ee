"""Weights for training: how often a document is to be seen, by a note such as its bucket or its copies."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from filters.contracts import FrozenMap, Judge, Scores, SettingsError, limit, strategy
from filters.dedup.survivors import DUP_COUNT, copies
from filters.document import Document
from filters.rules import Rule

WEIGHT = "weight"


@strategy
class Upsample(Judge):
    """Notes how often a document is to be seen in training (`weight`), by the value of a note.

    `weights` maps a value to the weight that counts from it on: with {1: 1, 2: 5, 6: 9} a document that stands for
    three has the weight 5. A weight that was noted before is multiplied. Below the first value, and without the note,
    the weight is 1 (a document without `dup_count` stands for itself).

    Sources: FineWeb2's rehydration by the size of duplicate clusters; Dolma 3's weights by quality bucket.
    """

    reads: ClassVar[tuple[str, ...]] = (WEIGHT,)
    writes: ClassVar[Mapping[str, str]] = {WEIGHT: "float64"}

    by: str = Field(DUP_COUNT, min_length=1, description="the note, a number: dup_count, bucket, …")
    weights: FrozenMap[float, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        description="the weight from each value of the note on, such as {1: 1, 2: 5, 3: 6}"
    )
    drop_up_to: float | None = limit(
        0.0, ge=0, description="documents of this weight and less are dropped; null drops none"
    )

    def __post_init__(self) -> None:
        if not self.weights:
            raise SettingsError("weights must name one value or more", ("weights",))

    def notes_read(self) -> tuple[str, ...]:
        """The weight noted before, and the note that weights are by."""
        return (*self.reads, self.by)

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"weight": number}; the note is the same."""
        steps = sorted(self.weights.items(), reverse=True)
        by = self.by

        def scores(document: Document) -> Scores:
            value = copies(document) if by == DUP_COUNT else document.notes.get(by)
            before = document.notes.get(WEIGHT, 1.0)
            found = next((weight for start, weight in steps if isinstance(value, (int, float)) and value >= start), 1.0)
            weight = found * (float(before) if isinstance(before, (int, float)) else 1.0)
            return Scores({WEIGHT: weight}, {WEIGHT: weight})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """One rule, `low_weight`."""
        return () if self.drop_up_to is None else (Rule("low_weight", WEIGHT, above=self.drop_up_to),)
