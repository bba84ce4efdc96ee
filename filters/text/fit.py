"""Whether bytes that decode under an encoding look like a language that is written in it."""

import re2

# Scripts of encodings; all that are not named here are Latin.
_SCRIPTS = {
    "Cyrillic": ("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "cp855", "mac_cyrillic"),
    "Greek": ("cp1253", "iso8859-7"),
    "Hebrew": ("cp1255", "iso8859-8"),
    "Arabic": ("cp1256", "iso8859-6"),
    "Thai": ("cp874",),
    "Korean": ("cp949", "johab", "iso2022_kr"),
    "Japanese": ("cp932", "euc_jp"),
    "Chinese": ("gb18030", "big5hkscs", "hz"),
}
_SCRIPT_OF = {codec: script for script, codecs in _SCRIPTS.items() for codec in codecs}
_LETTERS_OF = {
    "Korean": re2.compile(r"[\p{Hangul}\p{Han}]"),
    # without katakana of half width: single bytes that any symbol of Latin text can be
    "Japanese": re2.compile(r"[\p{Hiragana}ァ-ヿ\p{Han}]"),
    "Chinese": re2.compile(r"[\p{Han}\p{Bopomofo}]"),
    **{script: re2.compile(rf"\p{{{script}}}+") for script in ("Cyrillic", "Greek", "Hebrew", "Arabic", "Thai")},
}
_WORD = re2.compile(r"[\p{L}\p{M}]+")
_LETTER = re2.compile(r"[\p{L}\p{M}]")
_RARE = re2.compile(r"[¤¦¨¬¯±´¶¸¹]")
_HAN = re2.compile(r"\p{Han}")
_HANGUL = re2.compile(r"[가-힣]")
_TURNED_CASE = re2.compile(r"\p{Ll}\p{Lu}")  # small before capital: letters of another encoding of the same script
# What parts words; the second byte of a pair may be any printable character from @ on.
_APART = bytes(byte if 0x40 <= byte != 0x7F else 0x20 for byte in range(0x100))
_LOOKED_AT = 1 << 18
_SAMPLE = 1 << 16
_FIT = 0.5

# The syllables that Korean grammar is made of: nearly half of all in prose, one in a hundred where bytes of another
# language are read as Korean.
_COMMON = frozenset("이다는의에을를하고가지은로기사도리시인대어해한서자아나라들과")


def words_of(body: bytes) -> bytes:
    """The words of a page that have bytes beyond ASCII, at most 64 KiB."""
    words = body[:_LOOKED_AT].translate(_APART).split()
    return b"\n".join([word for word in words if not word.isascii()])[:_SAMPLE]


def fits(words: bytes, codec: str) -> bool | None:
    """Whether words read under an encoding are of its script and not mixed; None where too little can be told.

    words  as words_of gives them
    """
    text = words.decode(codec, "replace")
    script = _SCRIPT_OF.get(codec, "Latin")
    if script in ("Korean", "Japanese", "Chinese"):
        letters = sum(letter > "\x7f" for letter in _LETTER.findall(text))
        if not letters:
            return None
        if script == "Korean" and not is_korean(text):
            return False
        return len(_LETTERS_OF[script].findall(text)) >= _FIT * letters
    # signs that Latin text hardly has, and halves of pairs often are
    good, bad = 0, len(_RARE.findall(text)) if script == "Latin" else 0
    for word in _WORD.findall(text):
        beyond = sum(letter > "\x7f" for letter in word)
        if not beyond or len(word) == 1:
            continue
        if script == "Latin":
            plain = len(word) - beyond
            well, ill = plain >= 2 * beyond, plain < beyond
        else:
            well = beyond == len(word) and _LETTERS_OF[script].fullmatch(word) and not _TURNED_CASE.search(word)
            ill = not well
        good += beyond if well else 0
        bad += beyond if ill else 0
    return good >= _FIT * (good + bad) if good + bad else None


def is_korean(text: str) -> bool:
    """Whether the letters beyond ASCII of a text are Hangul, or Hangul with Hanja. Bytes of Chinese read as Korean are
    Hangul and Hanja too, but rarely the syllables of its grammar."""
    hangul = _HANGUL.findall(text)
    hanja = len(_HAN.findall(text))
    others = sum(letter > "\x7f" for letter in _LETTER.findall(text))
    if len(hangul) + hanja <= 0.6 * others:
        return False
    if hanja <= 0.4 * len(hangul):
        return True
    return sum(syllable in _COMMON for syllable in hangul) >= 0.2 * len(hangul) > 0
