"""Language by script: Hangul, Han, kana, Latin; no model."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from filters.contracts import Scores, limit, strategy
from filters.document import Document
from filters.language.identification import UNDETERMINED, LanguageJudge, check_codes, scored

SCRIPTS = ("hangul", "han", "kana", "latin")
# Japanese writes its grammar in kana; Chinese text has hardly any.
KANA_OF_JAPANESE = 0.1


@strategy
class Script(LanguageJudge):
    """Detects the language from the shares of scripts among a text's letters; needs no model.

    The most frequent of Hangul (ko), Han with kana (ja where at least a tenth of them are kana, else zh) and Latin
    decides, and its share is the score. A text of which other scripts have the most is `und`, and so is one in Latin
    letters unless `latin` says which language they stand for.
    """

    writes: ClassVar[Mapping[str, str]] = {**LanguageJudge.writes, "script": "string"}

    min_score: float | None = limit(0.5, ge=0, le=1, description="keep above this share; null = off")
    latin: str = Field(UNDETERMINED, description="language (ISO 639-1) to note for text in Latin letters")

    @field_validator("latin")
    @classmethod
    def _code(cls, latin: str) -> str:
        check_codes((latin,))
        return latin

    def notes_only(self) -> frozenset[str]:
        """Korean, Japanese, Chinese, and the language of Latin letters."""
        return frozenset({"ko", "ja", "zh", self.latin}) - {UNDETERMINED}

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"score", "hangul", "han", "kana", "latin"}, shares of the letters in [0, 1].

        Notes language, language_score and script (ISO 15924: Hang, Jpan, Hani, Latn, Zyyy for others and none).
        """
        table, characters = _table(), self.max_characters
        by_latin = self.latin
        import numpy as np

        def scores(document: Document) -> Scores:
            codes = np.frombuffer(document.text[:characters].encode("utf-32-le", "replace"), dtype="<u4")
            counts = np.bincount(table[codes], minlength=len(SCRIPTS) + 2)[1:].tolist()
            letters = sum(counts)
            hangul, han, kana, latin, other = (count / letters if letters else 0.0 for count in counts)
            language, script, share = max(
                ("ko", "Hang", hangul),
                ("ja", "Jpan", han + kana) if kana >= KANA_OF_JAPANESE * (han + kana) else ("zh", "Hani", han + kana),
                (by_latin, "Latn", latin),
                (UNDETERMINED, "Zyyy", other),
                key=lambda candidate: candidate[2],
            )
            if not letters:
                language, script = UNDETERMINED, "Zyyy"
            found = scored(language, share, dict(zip(SCRIPTS, (hangul, han, kana, latin), strict=True)))
            return Scores(found.signals, {**found.notes, "script": script})

        return scores


@functools.cache
def _table() -> Any:
    """For every code point, shape (0x110000,), uint8: 0 no letter, 1 to 4 a letter of SCRIPTS, 5 another letter."""
    import numpy as np
    import regex

    everything = np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    table = np.zeros(0x110000, dtype=np.uint8)
    classes = (r"\p{L}", r"\p{Hangul}", r"\p{Han}", r"[\p{Hiragana}\p{Katakana}ー]", r"\p{Latin}")
    for number, letters in zip((5, 1, 2, 3, 4), classes, strict=True):
        for run in regex.finditer(rf"[{letters}&&\p{{L}}]+", everything, flags=regex.V1):
            table[run.start() : run.end()] = number
    return table


__all__ = ["SCRIPTS", "Script"]
