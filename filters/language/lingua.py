"""Language identification by lingua."""

from collections.abc import Callable
from typing import Any

from pydantic import Field, field_validator

from filters.contracts import ResourceError, Scores, strategy
from filters.document import Document
from filters.language.identification import UNDETERMINED, LanguageJudge, check_codes, has_letters, scored
from filters.needs import need


@strategy
class Lingua(LanguageJudge):
    """Detects the language with lingua, which is made for short texts (75 languages).

    The score is lingua's confidence in the best language, relative to the languages it was given to choose from: naming
    them in `among` makes it faster, smaller and more accurate.
    """

    among: tuple[str, ...] = Field((), description="languages (ISO 639-1) to choose from; empty: all that lingua knows")
    high_accuracy: bool = Field(
        True, description="use n-grams of all lengths; false: of three letters only, faster and smaller"
    )

    @field_validator("among")
    @classmethod
    def _two(cls, among: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(among)) == 1:
            raise ValueError("give at least two languages to choose from")
        check_codes(among)
        return among

    def notes_only(self) -> frozenset[str] | None:
        """Those of `among`, if any are given."""
        return frozenset(self.among) or None

    def check(self) -> None:
        """Raises ResourceError if lingua is missing or does not know a language."""
        need("lingua", "language/lingua")
        known = _languages()
        for code in (*self.among, *self.keep):
            if code not in known and code != UNDETERMINED:
                raise ResourceError(
                    f"language/lingua does not know the language {code!r} (known: {', '.join(sorted(known))})"
                )

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"score"} and notes language and language_score, the score in [0, 1].

        A text without letters, or with none that any of the languages uses, is `und` with score 0.
        """
        from lingua import LanguageDetectorBuilder

        known = _languages()
        codes = {language: code for code, language in known.items()}
        builder = LanguageDetectorBuilder.from_languages(*(known[code] for code in sorted(self.among or known)))
        if not self.high_accuracy:
            builder = builder.with_low_accuracy_mode()
        detector, characters = builder.build(), self.max_characters

        def scores(document: Document) -> Scores:
            text = document.text[:characters]
            if not has_letters(text):
                return scored(UNDETERMINED, 0.0)
            best = detector.compute_language_confidence_values(text)[0]
            if best.value <= 0.0:
                return scored(UNDETERMINED, 0.0)
            # lingua adds in parallel: the last digits differ from call to call
            return scored(codes[best.language], round(min(best.value, 1.0), 6))

        return scores


def _languages() -> dict[str, Any]:
    from lingua import Language

    return {language.iso_code_639_1.name.lower(): language for language in Language.all()}


__all__ = ["Lingua"]
