"""Characters as they should be: mojibake repaired, widths folded, NFC, runs of one character shortened."""

import unicodedata
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import re2
from pydantic import Field

from filters.contracts import Rewriter, strategy
from filters.document import Document, Drop, Fault
from filters.needs import need
from filters.text.patterns import code_spans
from filters.text.unicode import c1_mended, normalize_nfc, repair

_MAX_ROUNDS = 16
_MAX_LINE = 10_000  # ftfy is given no longer piece than this
_LONGEST_RUN = 1_000_000  # the kernel counts in 64 bits, and a longer run is as good as any: null


def _narrow(codes: range) -> dict[int, str]:
    """One step of compatibility decomposition: never through to conjoining jamo, as NFKC would go."""
    table = {}
    for code in codes:
        kind, _, plain = unicodedata.decomposition(chr(code)).partition(" ")
        if kind in ("<wide>", "<narrow>"):
            table[code] = "".join(chr(int(part, 16)) for part in plain.split())
    return table


_LETTERS = {
    code: plain
    for code, plain in _narrow(range(0xFF10, 0xFFDD)).items()
    if plain.isalnum() or "\u3099" <= plain <= "\u309a" or code in (0xFF65, 0xFF70)
}
_ALL_WIDTHS = {**_narrow(range(0xFF01, 0xFFEF)), 0x3000: " "}
_PARTED_BY_NOTHING = re2.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")


@strategy
class Unicode(Rewriter):
    """NFC, mojibake, full and half width, invisible characters, emoticon runs (ㅋㅋㅋㅋ to ㅋㅋ), repeated characters.

    Hangul syllables are never decomposed. Markdown code keeps its repeated characters; ratings keep their stars. Of
    Hangul only syllables that are drawn out count as repeated: vowels (와아아아) and laughter (하하하하).
    """

    mojibake: bool = Field(True, description="repair text that was decoded with the wrong encoding (ftfy)")
    width: Literal["letters", "all", "off"] = Field(
        "letters", description="fold full-width Latin letters and digits and half-width Kana and Hangul; all: signs too"
    )
    form: Literal["NFC", "off"] = Field("NFC", description="Unicode normalisation form")
    invisible: bool = Field(
        True, description="remove soft hyphens, zero-width marks and Hangul fillers; Braille blanks become spaces"
    )
    max_emoticon: int | None = Field(
        2, ge=1, le=_LONGEST_RUN, description="longest run of one jamo (ㅋㅋㅋㅋ, ㅠㅠㅠ); null: any"
    )
    max_repeats: int | None = Field(
        3,
        ge=1,
        le=_LONGEST_RUN,
        description="longest run of one letter beyond ASCII or of one sign such as ! ? . ~ ^ ♥; null: any",
    )

    def check(self) -> None:
        """ftfy must be installed where mojibake is to be repaired."""
        if self.mojibake:
            need("ftfy", "cleanup/unicode: mojibake")

    def open(self) -> Callable[[Document], Document | Drop]:
        """The function. Edits: characters changed by mojibake (with C1), invisible, width, nfc, emoticons, repeats."""
        from filters.text.runs import ANY_LENGTH, shorten_runs
        from filters.text.survey import INVISIBLE, MOJIBAKE, UNSETTLED, WIDTH, survey

        fix = _mojibake_fixer() if self.mojibake else None
        widths = {"letters": _LETTERS, "all": _ALL_WIDTHS, "off": None}[self.width]
        most_jamo, most_repeats = (
            ANY_LENGTH if most is None else most for most in (self.max_emoticon, self.max_repeats)
        )

        def normalize(document: Document) -> Document | Drop:
            found = document.derive(survey)
            edits: dict[str, int] = {}
            _book(edits, "repaired", document.text, found.text)
            for _ in range(_MAX_ROUNDS):
                text = found.text
                if fix is not None and found.kinds & MOJIBAKE:
                    text = _book(edits, "mojibake", text, fix(text))
                if fix is not None:
                    text = _book(edits, "mojibake", text, c1_mended(text))
                if self.invisible and found.kinds & INVISIBLE:
                    text = _book(edits, "invisible", text, _visible(text))
                if widths is not None and found.kinds & WIDTH:
                    text = _book(edits, "width", text, _folded(text, widths))
                if self.form == "NFC" and (found.kinds & UNSETTLED or text is not found.text):
                    text = _book(edits, "nfc", text, normalize_nfc(text))
                if text == found.text and (found.longest_jamo > most_jamo or found.longest_repeat > most_repeats):
                    text, emoticons, repeats = shorten_runs(text, most_jamo, most_repeats, code_spans)
                    for rule, removed in (("emoticons", emoticons), ("repeats", repeats)):
                        if removed:
                            edits[rule] = edits.get(rule, 0) + removed
                if text == found.text:
                    return document.with_text(text, edits)
                found = survey(text)
            raise Fault("cleanup_unsettled", f"the text still changed after {_MAX_ROUNDS} rounds")

        return normalize


def _visible(text: str) -> str:
    """The text without the characters that take no room; the blank of Braille becomes a space. Scripts that part words
    by U+200B keep it."""
    from filters.text.survey import invisible_characters

    for character in invisible_characters():
        if character in text and not (character == "\u200b" and _PARTED_BY_NOTHING.search(text)):
            text = text.replace(character, " " if character == "\u2800" else "")
    return text


def _folded(text: str, widths: dict[int, str]) -> str:
    """The text translated, line by line where there is something to translate: str.translate is slow."""
    from filters.text.survey import WIDTH, survey

    return "\n".join(
        line if line.isascii() or not survey(line).kinds & WIDTH else line.translate(widths)
        for line in text.split("\n")
    )


def _book(edits: dict[str, int], rule: str, before: str, after: str) -> str:
    """Add to the edits how many characters a rule changed: those gone, or where none are, those that differ."""
    if after is not before and after != before:
        changed = abs(len(before) - len(after))
        if not changed:
            old, new = (np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32) for text in (before, after))
            changed = int(np.count_nonzero(old != new))
        edits[rule] = edits.get(rule, 0) + changed
    return after


def _pieces(line: str) -> Iterator[str]:
    """The line in pieces of at most _MAX_LINE characters that end after a space where there is one: a character that
    is cut in two spoils its piece."""
    start = 0
    while len(line) - start > _MAX_LINE:
        end = line.rfind(" ", start, start + _MAX_LINE) + 1 or start + _MAX_LINE
        yield line[start:end]
        start = end
    yield line[start:]


def _mojibake_fixer() -> Callable[[str], str]:
    import ftfy

    from filters.text.survey import MOJIBAKE, survey

    def fix(text: str) -> str:
        """The text with the lines repaired in which bytes of UTF-8 show as letters."""
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if not line.isascii() and survey(line).kinds & MOJIBAKE:
                lines[number] = "".join(repair(ftfy.fix_encoding(piece)) for piece in _pieces(line))
        return "\n".join(lines)

    return fix
