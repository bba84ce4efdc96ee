"""Text that every later step can rely on: encodable, free of control characters, NFC in linear time."""

import unicodedata

import numpy as np
import re2

# What no text carries: C0 controls apart from tab and the line breaks, and DEL.
_BREAKS = bytes.maketrans(b"\r\v\f", b"\n\n\n")
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20), 0x7F])

# UAX #15 (stream-safe text): no language stacks more than 30 marks on one letter.
MAX_MARKS = 30
_MARK_RUN = re2.compile(rf"(\p{{M}}{{{MAX_MARKS}}})\p{{M}}+")
_TOO_MANY_MARKS = re2.compile(rf"\p{{M}}{{{MAX_MARKS + 1}}}")


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
    # counted: several times as fast as a translation. U+FFFE and U+FFFF begin with EF in UTF-8
    octets = np.frombuffer(encoded, np.uint8)
    breaks_and_tabs = np.count_nonzero(octets == 0x0A) + np.count_nonzero(octets == 0x09)
    if (
        np.count_nonzero(octets < 0x20) == breaks_and_tabs
        and b"\x7f" not in encoded
        and (b"\xef" not in encoded or (b"\xef\xbf\xbe" not in encoded and b"\xef\xbf\xbf" not in encoded))
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
    return normalize_nfc(repair(text).replace("\ufeff", ""))


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
