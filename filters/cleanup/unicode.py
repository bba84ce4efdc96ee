"""Characters as they should be: mojibake repaired, widths folded, NFC, runs of one character shortened."""

import unicodedata
from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np
import re2
from pydantic import Field

from filters.contracts import ResourceError, Rewriter, strategy
from filters.document import Document, Drop, Fault
from filters.text.patterns import Gate, code_spans
from filters.text.runs import shorten_runs
from filters.text.unicode import normalize_nfc, repair

# UTF-8 read as Latin-1 or windows-1252: letters of lead bytes, with as many letters of continuation bytes as they call
# for. Leads of two bytes up to Ñ (accented Latin, Greek, Cyrillic): behind ß and ö stand quotation marks in earnest.
_TAIL = (
    r"[\x{80}-\x{bf}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17d}\x{17e}\x{192}\x{2c6}\x{2dc}\x{2013}\x{2014}\x{2018}-\x{201a}"
    r"\x{201c}-\x{201e}\x{2020}-\x{2022}\x{2026}\x{2030}\x{2039}\x{203a}\x{20ac}\x{2122}]"
)
_MOJIBAKE = rf"[\x{{c2}}-\x{{d1}}]{_TAIL}|[\x{{e0}}-\x{{ef}}]{_TAIL}{_TAIL}|[\x{{f0}}-\x{{f4}}]{_TAIL}{_TAIL}{_TAIL}"
_BROKEN = re2.compile(_MOJIBAKE)
_FULL_OR_HALF = r"[\x{ff01}-\x{ff5e}\x{ff61}-\x{ffdc}\x{ffe0}-\x{ffee}\x{3000}]"
_WIDE = re2.compile(_FULL_OR_HALF)
_MAX_ROUNDS = 16
_MAX_LINE = 10_000  # ftfy is given no longer piece than this


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


@strategy
class Unicode(Rewriter):
    """NFC, mojibake, full and half width, emoticon runs (ㅋㅋㅋㅋ to ㅋㅋ), repeated characters.

    Hangul syllables are never decomposed. Markdown code keeps its repeated characters.
    """

    mojibake: bool = Field(True, description="repair text that was decoded with the wrong encoding (ftfy)")
    width: Literal["letters", "all", "off"] = Field(
        "letters", description="fold full-width Latin letters and digits and half-width Kana and Hangul; all: signs too"
    )
    form: Literal["NFC", "off"] = Field("NFC", description="Unicode normalisation form")
    max_emoticon: int | None = Field(2, ge=1, description="longest run of one jamo (ㅋㅋㅋㅋ, ㅠㅠㅠ); null: any")
    max_repeats: int | None = Field(
        3,
        ge=1,
        description="longest run of one letter beyond ASCII or of one sign such as ! ? . ~ ^ ♥; null: any",
    )

    summary: ClassVar[str] = "NFC, mojibake, full and half width, emoticon runs (ㅋㅋㅋㅋ to ㅋㅋ), repeated characters"

    def check(self) -> None:
        """ftfy must be installed where mojibake is to be repaired."""
        if self.mojibake:
            try:
                import ftfy  # noqa: F401
            except ImportError as error:
                raise ResourceError("cleanup/unicode: mojibake needs the package ftfy (pip install ftfy)") from error

    def open(self) -> Callable[[Document], Document | Drop]:
        """The function. Edits count the characters changed by mojibake, width, nfc, emoticons and repeats."""
        fix = _mojibake_fixer() if self.mojibake else None
        widths = {"letters": _LETTERS, "all": _ALL_WIDTHS, "off": None}[self.width]
        gate = Gate({"mojibake": _MOJIBAKE, "width": _FULL_OR_HALF, "form": _not_nfc()})

        def normalize(document: Document) -> Document | Drop:
            text = document.derive(repair)
            edits: dict[str, int] = {}
            _book(edits, "repaired", document.text, text)
            for _ in range(_MAX_ROUNDS):
                before, due = text, () if text.isascii() else gate(text)
                if fix is not None and "mojibake" in due:
                    text = _book(edits, "mojibake", text, fix(text))
                if widths is not None and "width" in due:
                    text = _book(edits, "width", text, _folded(text, widths))
                if self.form == "NFC" and ("form" in due or text is not before):
                    text = _book(edits, "nfc", text, normalize_nfc(text))
                if text != before:
                    continue
                if self.max_emoticon is not None or self.max_repeats is not None:
                    text, emoticons, repeats = shorten_runs(text, self.max_emoticon, self.max_repeats, code_spans)
                    for rule, removed in (("emoticons", emoticons), ("repeats", repeats)):
                        if removed:
                            edits[rule] = edits.get(rule, 0) + removed
                # neighbours that were not there before do not arise, so width and form are settled
                if text == before or "mojibake" not in due:
                    return document.with_text(text, edits)
            raise Fault("cleanup_unsettled", f"the text still changed after {_MAX_ROUNDS} rounds")

        return normalize


def _folded(text: str, widths: dict[int, str]) -> str:
    """The text translated, line by line where there is something to translate: str.translate is slow."""
    return "\n".join(
        line if line.isascii() or _WIDE.search(line) is None else line.translate(widths) for line in text.split("\n")
    )


def _not_nfc() -> str:
    """A class of all characters that NFC may change or that may join what stands before them: a text without is NFC."""
    single = [code for code in (*range(0x300, 0x3100), *range(0xFB00, 0xFB50)) if _changes(chr(code))]
    ranges = "".join(f"\\x{{{code:x}}}" for code in single)
    return rf"[\p{{M}}\x{{1100}}-\x{{11ff}}\x{{f900}}-\x{{faff}}\x{{1d100}}-\x{{1d1ff}}\x{{2f800}}-\x{{2fa1f}}{ranges}]"


def _changes(character: str) -> bool:
    return unicodedata.normalize("NFC", character) != character


def _book(edits: dict[str, int], rule: str, before: str, after: str) -> str:
    """Add to the edits how many characters a rule changed: those gone, or where none are, those that differ."""
    if after is not before and after != before:
        changed = abs(len(before) - len(after))
        if not changed:
            old, new = (np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32) for text in (before, after))
            changed = int(np.count_nonzero(old != new))
        edits[rule] = edits.get(rule, 0) + changed
    return after


def _mojibake_fixer() -> Callable[[str], str]:
    import ftfy

    def fix(text: str) -> str:
        """The text with the lines repaired in which bytes of UTF-8 show as letters."""
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if not line.isascii() and _BROKEN.search(line) is not None:
                pieces = [line[i : i + _MAX_LINE] for i in range(0, len(line), _MAX_LINE)]
                lines[number] = "".join(repair(ftfy.fix_encoding(piece)) for piece in pieces)
        return "\n".join(lines)

    return fix
