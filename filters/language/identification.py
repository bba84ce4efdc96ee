"""What the judges of language share: the languages to keep, and their rules."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import re2
from pydantic import Field, field_validator

from filters.contracts import FrozenMap, Judge, Scores, SettingsError, limit, strategy
from filters.rules import Rule

UNDETERMINED = "und"
_CODE = re2.compile(r"[a-z]{2,3}(-[a-z]{2,8})*")
_LETTER = re2.compile(r"\p{L}")


@strategy
class LanguageJudge(Judge):
    """Note the language and its score, and keep some languages."""

    writes: ClassVar[Mapping[str, str]] = {"language": "string", "language_score": "float64"}
    keep: tuple[str, ...] | FrozenMap[str, float | None] = limit(
        (),
        description="languages (ISO 639-1, und = no letters) to keep, or a map of them to scores of their own; "
        "empty: note the language and keep all",
    )
    min_score: float | None = limit(
        0.65, ge=0, le=1, description="keep above this score if keep is a list; null: no rule"
    )
    max_characters: int = Field(10_000, ge=1, description="characters at the beginning of a text to look at")

    @field_validator("keep")
    @classmethod
    def _codes(cls, keep: tuple[str, ...] | FrozenMap[str, float | None]) -> object:
        check_codes(keep)
        if isinstance(keep, Mapping):
            for code, score in keep.items():
                if score is not None and not 0 <= score <= 1:
                    raise SettingsError(f"must lie in [0, 1], got {score}", (code,))
        return keep

    def notes_only(self) -> frozenset[str] | None:
        """The languages that can be detected besides `und`; None if only the model knows, which check() asks."""
        return None

    def languages_kept(self) -> tuple[str, ...]:
        """Those of `keep`."""
        return tuple(self.keep)

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Kept languages that are never detected, and a min_score that has no effect."""
        return (*self._never_noted(), *self._undecisive())

    def _never_noted(self) -> tuple[str, ...]:
        noted = self.notes_only()
        never = [] if noted is None else [code for code in self.keep if code not in noted and code != UNDETERMINED]
        if noted is None or not never:
            return ()
        return (
            f"keep names {', '.join(never)}, which it never detects (it detects {', '.join(sorted(noted))} and und)",
        )

    def _undecisive(self) -> tuple[str, ...]:
        # a map `keep` has a limit (or null) for each of its languages, and no other is kept
        default = self.__pydantic_fields__["min_score"].default  # type: ignore[attr-defined]
        if not isinstance(self.keep, Mapping) or not self.keep or self.min_score == default:
            return ()
        given = "null" if self.min_score is None else f"{self.min_score:g}"
        return (f"min_score: {given} has no effect, because keep has a limit for each of {', '.join(self.keep)}",)

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`language` (one of those kept) and `min_score` (above the language's own score, else the common one).

        For a language that a map `keep` does not have, the common one only adds to what failed besides `language`.
        Text without letters has no score that could be too low: where `und` is kept, it is kept.
        """
        if not self.keep:
            return ()
        least = self.keep.get(language, self.min_score) if isinstance(self.keep, Mapping) else self.min_score
        one_of = Rule("language", "language", one_of=tuple(self.keep))
        if least is None or language == UNDETERMINED:
            return (one_of,)
        return (one_of, Rule("min_score", "score", above=least))


def check_codes(codes: Iterable[str]) -> None:
    """Raise ValueError for what cannot be a language code."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code!r:.40} is not a language code (such as ko, en, und)")


def has_letters(text: str) -> bool:
    """Whether a text has any letter; without letters nothing shows its language."""
    return _LETTER.search(text) is not None


def scored(language: str, score: float, signals: Mapping[str, float] | None = None) -> Scores:
    """The scores of a judge of language; score in [0, 1]."""
    return Scores({"score": score, **(signals or {})}, {"language": language, "language_score": score})


__all__ = ["UNDETERMINED", "LanguageJudge", "check_codes", "has_letters", "scored"]
