"""RedPajama v2's quality signals as scores; which of them decide is left to the user."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from filters.contracts import FrozenMap, Judge, Scores, SettingsError, limit, strategy
from filters.document import Document
from filters.rules import Rule

LISTS = Path(__file__).parent / "lists"
STOP_WORDS = ("en", "ko")  # languages with a list of stop words here

NATURAL = (
    "rps_doc_curly_bracket", "rps_doc_frac_all_caps_words", "rps_doc_frac_lines_end_with_ellipsis",
    "rps_doc_frac_no_alph_words", "rps_doc_lorem_ipsum", "rps_doc_mean_word_length", "rps_doc_stop_word_fraction",
    "rps_doc_symbol_to_word_ratio", "rps_doc_frac_unique_words", "rps_doc_unigram_entropy", "rps_doc_word_count",
    "rps_doc_num_sentences",
)  # fmt: skip
LINES = (
    # the spelling is RedPajama's
    "rps_lines_ending_with_terminal_punctution_mark", "rps_lines_javascript_counts", "rps_lines_num_words",
    "rps_lines_numerical_chars_fraction", "rps_lines_start_with_bulletpoint", "rps_lines_uppercase_letter_fraction",
)  # fmt: skip
REPETITION = (
    *(f"rps_doc_frac_chars_dupe_{n}grams" for n in range(5, 11)),
    *(f"rps_doc_frac_chars_top_{n}gram" for n in (2, 3, 4)),
)
SIGNALS = (*NATURAL, *LINES, *REPETITION)


@strategy
class RedPajama(Judge):
    """RedPajama v2's natural-language and repetition signals as scores; no rule unless `keep` names one.

    Names and definitions are those of RedPajama-Data (app/src/core/quality_signals), with these differences:

    - A signal of lines is one number a document: the mean over its lines, blank ones included; of
      rps_lines_javascript_counts the sum.
    - Text is taken as NFC and not decomposed (NFD), which would count a Hangul syllable as two or three characters.
    - `unicode: true` counts letters and sentence ends of all scripts. RedPajama counts only A to Z and . ! ?, so
      every Korean word has "no alphabetic character"; `unicode: false` does the same.
    - Stop words are short lists of this project's own (English, Korean); for other languages the signal is NaN.

    A signal that RedPajama leaves undefined (a mean over no words) is NaN, and no rule applies to it.
    """

    reads: ClassVar[tuple[str, ...]] = ("language",)
    keep: FrozenMap[str, tuple[float | None, float | None]] = limit(
        FrozenMap(), description="ranges by signal, such as {rps_doc_word_count: [50, 100000]}; null leaves an end open"
    )
    unicode: bool = Field(True, description="letters and sentence ends of all scripts; false: RedPajama's ASCII")

    @field_validator("keep")
    @classmethod
    def _known(
        cls, keep: FrozenMap[str, tuple[float | None, float | None]]
    ) -> FrozenMap[str, tuple[float | None, float | None]]:
        for name, (least, most) in keep.items():
            if name not in SIGNALS:
                raise SettingsError(f"unknown signal (known: {', '.join(SIGNALS)})", (name,))
            if least is not None and most is not None and least > most:
                raise SettingsError(f"the range is empty: [{least}, {most}]", (name,))
        return keep

    def made_for(self) -> frozenset[str] | None:
        """Languages with stop words, where their share decides; English alone, where ASCII letters are counted."""
        if not self.unicode:
            return frozenset({"en"})
        return frozenset(STOP_WORDS) if "rps_doc_stop_word_fraction" in self.keep else None

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Signals that mean nothing in some languages."""
        said = []
        unlisted = sorted(set(languages) - set(STOP_WORDS))
        if unlisted and "rps_doc_stop_word_fraction" in self.keep:
            said.append(f"no stop words are known for {', '.join(unlisted)}, so rps_doc_stop_word_fraction is NaN")
        if not self.unicode and set(languages) - {"en"}:
            said.append("unicode: false counts only ASCII letters and sentence ends")
        return tuple(said)

    def open(self) -> Callable[[Document], Scores]:
        """Scores by RedPajama's names: shares in [0, 1], lengths in code points, entropy in nats."""
        import numpy as np

        from filters.text.ngrams import ngrams
        from filters.text.segments import hash_of, hashes_of
        from filters.text.signals import ascii_signals, unicode_signals

        count = unicode_signals if self.unicode else ascii_signals
        stop = {language: hashes_of(_stop_words(language)) for language in STOP_WORDS}
        script = np.uint64(hash_of("javascript"))
        nan = float("nan")

        def scores(document: Document) -> Scores:
            text = document.text
            found = document.derive(count)
            raw, words, lines = len(found.raw), len(found.words), found.lines
            characters = int(found.characters.sum())
            repeats = ngrams(found.words, found.characters)
            times = np.unique(found.words, return_counts=True)[1]
            shares = times / words if words else times
            language = str(document.notes.get("language", "")) or "en"
            listed = stop.get(language)
            symbols = text.count("#") + text.count("...") + text.count("…")
            normalised = characters + max(words - 1, 0)
            values = {
                "rps_doc_curly_bracket": (text.count("{") + text.count("}")) / len(text) if text else 0.0,
                "rps_doc_frac_all_caps_words": found.all_caps / raw if raw else nan,
                "rps_doc_frac_lines_end_with_ellipsis": found.ellipsis / lines if lines else nan,
                "rps_doc_frac_no_alph_words": found.without_letter / raw if raw else nan,
                "rps_doc_lorem_ipsum": _lorem_ipsum(text) / normalised if normalised else 0.0,
                "rps_doc_mean_word_length": characters / words if words else nan,
                "rps_doc_stop_word_fraction": nan
                if listed is None
                else np.isin(found.raw, listed).mean()
                if raw
                else 0.0,
                "rps_doc_symbol_to_word_ratio": symbols / raw if raw else nan,
                "rps_doc_frac_unique_words": len(times) / words if words else nan,
                "rps_doc_unigram_entropy": -(shares * np.log(shares)).sum() if words else nan,
                "rps_doc_word_count": words,
                "rps_doc_num_sentences": found.sentences,
                "rps_lines_ending_with_terminal_punctution_mark": found.terminal / lines if lines else nan,
                "rps_lines_javascript_counts": (found.words == script).sum(),
                "rps_lines_num_words": words / lines if lines else nan,
                "rps_lines_numerical_chars_fraction": found.numeric / lines if lines else nan,
                "rps_lines_start_with_bulletpoint": found.bullet / lines if lines else nan,
                "rps_lines_uppercase_letter_fraction": found.upper / lines if lines else nan,
            }
            for n in range(5, 11):
                values[f"rps_doc_frac_chars_dupe_{n}grams"] = repeats.covered[n] / characters if characters else 0.0
            for n in (2, 3, 4):
                share = repeats.most[n] * repeats.first[n] / characters if repeats.most[n] > 1 else 0.0
                values[f"rps_doc_frac_chars_top_{n}gram"] = share
            return Scores({name: float(value) for name, value in values.items()})

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """One rule for each range of `keep`, named like its signal."""
        return tuple(Rule(name, name, at_least=least, at_most=most) for name, (least, most) in self.keep.items())


@lru_cache
def _stop_words(language: str) -> tuple[str, ...]:
    lines = (LISTS / f"stop_words_{language}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


_PUNCTUATION = str.maketrans("", "", "".join(chr(point) for point in range(33, 127) if not chr(point).isalnum()))


def _lorem_ipsum(text: str) -> int:
    """How often the phrase occurs in the normalised text, which is made only where its first word occurs."""
    lower = text.lower()
    return " ".join(lower.translate(_PUNCTUATION).split()).count("lorem ipsum") if "lorem" in lower else 0


__all__ = ["SIGNALS", "RedPajama"]
