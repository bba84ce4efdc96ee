"""How well a text compresses, as a measure of repetition."""

import zlib
from collections.abc import Callable

from pydantic import Field

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule


@strategy
class Compression(Judge):
    """Drops texts that zlib compresses too well: repeated phrases, tables, boilerplate.

    The ratio is bytes before zlib over bytes after it, and 2.4 the limit Whisper sets for it (whisper/transcribe.py).
    Whisper measures segments of 30 seconds, about 1000 bytes of text; whole documents compress far better (93 % of the
    Wikipedia articles of WikiText-2 exceed 2.4), so pieces of `window` bytes are measured here and added up.
    `window: null` takes the text as one piece. UTF-8 repeats the high bits of most scripts in every letter, and zlib
    finds them: ordinary Hindi or Georgian would exceed the limit. So bytes are those of a form in which a letter of an
    alphabet takes one (filters/text/compact.py); for ASCII it is UTF-8. An empty text has
    no ratio, and no rule applies.
    """

    max_ratio: float | None = limit(2.4, ge=0, description="drop above this ratio; null = off")
    min_ratio: float | None = limit(
        None, ge=0, description="drop below this ratio (encoded data, random characters); null = off"
    )
    window: int | None = Field(
        1000,
        ge=1,
        description="compress pieces of this many bytes and add up their sizes; null = the text as one piece",
    )

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"compression_ratio": number > 0, or NaN for an empty text}."""
        from filters.text.compact import compact

        window = self.window

        def scores(document: Document) -> Scores:
            raw = compact(document.text)
            if not raw:
                return Scores({"compression_ratio": float("nan")})
            step = window or len(raw)
            packed = sum(len(zlib.compress(raw[start : start + step])) for start in range(0, len(raw), step))
            return Scores({"compression_ratio": len(raw) / packed})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`compression_ratio` above its limit, `incompressible` below the other."""
        rules = []
        if self.max_ratio is not None:
            rules.append(Rule("compression_ratio", "compression_ratio", at_most=self.max_ratio))
        if self.min_ratio is not None:
            rules.append(Rule("incompressible", "compression_ratio", at_least=self.min_ratio))
        return tuple(rules)
