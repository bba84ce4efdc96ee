"""Text as CCNet's language models expect it (Wenzek et al. 2020; cc_net, text_normalizer.py)."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Literal

import re2

from filters.text.unicode import repair

Normalization = Literal["ccnet", "dclm", "none"]

# Signs of other scripts and typographers, and what stands for them
SIGNS: Mapping[str, str] = {
    **dict.fromkeys("，、", ","),
    **dict.fromkeys("„”“«»」「《》", '"'),
    **dict.fromkeys("´’", "'"),
    **dict.fromkeys("∶：", ":"),
    **dict.fromkeys("–━►", "-"),
    "。": ".",
    "？": "?",
    "！": "!",
    "（": "(",
    "）": ")",
    "；": ";",
    "—": " - ",
    "．": ". ",
    "～": "~",
    "…": "...",
    "〈": "<",
    "〉": ">",
    "【": "[",
    "】": "]",
    "％": "%",
}
_ZEROS = bytes.maketrans(b"0123456789", b"0" * 10)
_OTHER_DIGIT = re2.compile(r"[^\P{Nd}0-9]")
_ACCENT = re2.compile(r"\p{Mn}+")
_CONTROL = re2.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x{9f}]+")


def normalizer(normalization: Normalization, joined: bool) -> Callable[[str], str]:
    """The function from a text to the lines that a language model is asked about, one a line.

    ccnet   lower case, accents removed, every digit 0, signs of other scripts as those of ASCII, no control characters
    dclm    the same without lower case, and accents stay
    none    the text as it stands, but for control characters
    joined  line feeds are removed, which is what CCNet does: a document becomes one line
    """

    def normalize(text: str) -> str:
        text = repair(text).strip()
        if normalization == "ccnet":
            text = text.lower()
            if not text.isascii():
                text = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text)))
        if normalization != "none":
            # in bytes, and sign by sign: a substitution of RE2's pays for every match
            text = text.encode().translate(_ZEROS).decode()
            if not text.isascii():
                text = _OTHER_DIGIT.sub("0", text)
                for sign, plain in SIGNS.items():
                    text = text.replace(sign, plain)
        text = _CONTROL.sub("", text)
        return text.replace("\n", "") if joined else text

    return normalize
