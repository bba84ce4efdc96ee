"""Text that every later step can rely on: encodable, free of control characters, NFC in linear time."""

import re
import unicodedata

import re2

# What no text carries: C0 controls apart from tab and the line breaks, and DEL.
_BREAKS = bytes.maketrans(b"\r\v\f", b"\n\n\n")
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20), 0x7F])
_NOT_CLEAN = _CONTROLS + b"\r\v\f"

# UAX #15 (stream-safe text): no language stacks more than 30 marks on one letter.
MAX_MARKS = 30
_MARK_RUN = re2.compile(rf"(\p{{M}}{{{MAX_MARKS}}})\p{{M}}+")
_TOO_MANY_MARKS = re2.compile(rf"\p{{M}}{{{MAX_MARKS + 1}}}")


# What shows nothing: Default_Ignorable_Code_Point, the blank of Braille, and what Java calls a filler.
_UNSEEN_CLASS = (
    r"\x{AD}\x{34F}\x{61C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}"
    r"\x{2800}\x{3164}\x{FE00}-\x{FE0F}\x{FEFF}\x{FFA0}\x{FFF0}-\x{FFF8}\x{1BCA0}-\x{1BCA3}\x{1D173}-\x{1D17A}\x{E0000}-\x{E0FFF}"
)
_UNSEEN = re2.compile(f"[{_UNSEEN_CLASS}]")
_UNSEEN_OR_TOO_MANY_MARKS = re2.compile(rf"[{_UNSEEN_CLASS}]|\p{{M}}{{{MAX_MARKS + 1}}}")
_BLANK_CLASS = r"\t \x{A0}\x{2000}-\x{200A}\x{3000}"
_UNSEEN_LINE = re2.compile(rf"(?m)^[{_BLANK_CLASS}]*[{_UNSEEN_CLASS}][{_BLANK_CLASS}{_UNSEEN_CLASS}]*$")
_C1 = re.compile("[\x80-\x9f]")
_C1_MEANT = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def repair(text: str) -> str:
    """Text that always encodes strictly to UTF-8 and holds no control characters; text that is clean comes back as is.

    Surrogates that stand in pairs become the character they mean, lone ones U+FFFD. CR LF, CR, VT and FF become a
    line feed. Other C0 controls (but tab), DEL, U+FFFE and U+FFFF are removed.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        # a reader that met JSON escapes such as \ud83d\ude00 apart: UTF-16 joins what belongs together
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        encoded = text.encode()
    # U+FFFE and U+FFFF begin with EF in UTF-8
    if len(encoded.translate(None, _NOT_CLEAN)) == len(encoded) and (
        b"\xef" not in encoded or (b"\xef\xbf\xbe" not in encoded and b"\xef\xbf\xbf" not in encoded)
    ):
        return text
    bare = encoded.replace(b"\r\n", b"\n").translate(_BREAKS, _CONTROLS)
    return bare.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"").decode()


def settled(text: str) -> str:
    """The text of a new document: repaired, without byte order marks inside of it, in NFC.

    Every judge, key and model sees texts in this form: macOS writes Hangul as conjoining jamo (NFD), which no word list
    and no model knows. U+FEFF has meant nothing but a byte order mark since Unicode 3.2; files that were joined, and
    pages put together of files, have them inside.
    """
    text = repair(text)
    if text.isascii():
        return text
    if _UNSEEN_OR_TOO_MANY_MARKS.search(text) is None and unicodedata.is_normalized("NFC", text):
        return text  # U+FEFF is among the unseen: one look finds that most texts need nothing
    return normalize_nfc(unseen_lines_emptied(text.replace("\ufeff", "")))


def unseen_lines_emptied(text: str) -> str:
    """The text with nothing in lines that show nothing: a blog's empty paragraphs hold U+200B, a soft hyphen or a
    Hangul filler, and are no lines to be counted, compared or kept. Lines of white space alone stay as they are."""
    return text if _UNSEEN.search(text) is None else _UNSEEN_LINE.sub("", text)


def c1_mended(text: str) -> str:
    """The text with the characters of windows-1252 that C1 controls stand for: it went through Latin-1. The five bytes
    that are none in windows-1252 go."""
    return text if _C1.search(text) is None else text.translate(_C1_MEANT)


def normalize_nfc(text: str) -> str:
    """The text in NFC. Runs of more than 30 combining marks are cut to 30 first: normalising is quadratic in them."""
    if text.isascii():
        return text
    text = cap_marks(text)
    if unicodedata.is_normalized("NFC", text):
        return text
    # line by line: a line feed joins nothing, and few lines need it
    lines = (
        line if line.isascii() or unicodedata.is_normalized("NFC", line) else unicodedata.normalize("NFC", line)
        for line in text.split("\n")
    )
    return cap_marks("\n".join(lines))  # a few marks, U+0344 among them, become two


def cap_marks(text: str) -> str:
    """The text with every run of combining marks cut to MAX_MARKS."""
    if text.isascii() or _TOO_MANY_MARKS.search(text) is None:
        return text
    return _MARK_RUN.sub(r"\1", text)
