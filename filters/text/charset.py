"""Bytes of a page to text: what decodes strictly decides, labels only say what to try first."""

import codecs
import re
import struct
import unicodedata
from dataclasses import dataclass

from filters.text.encodings import SINGLE_BYTE, codec_of, name_of
from filters.text.fit import fits, is_korean, words_of

_BOMS = (  # UTF-32 before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = frozenset(codec for _, codec in _BOMS) - {"utf-8"}
_MULTIBYTE = frozenset({"cp949", "johab", "cp932", "euc_jp", "gb18030", "big5hkscs", "utf-8"})
# What wrong declarations say most often: servers send a Latin label by default.
_LATIN = frozenset({"cp1252", "iso8859-15", "cp1254", "mac_roman", "cp1250", "iso8859-2"})
# Where the detector names an encoding no page is in, the one it is taken for.
_DETECTED_INSTEAD = {"iso8859-16": "cp1250", "cp852": "cp1252", "iso8859-1": "cp1252"}

_PRESCAN_BYTES = 4096
_DETECT_BYTES = 1 << 17
_LABEL = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,40})|"""
    rb"""<meta[^>]{0,400}?charset\s*=\s*["']?\s*([^"'\s/>;]{1,40})""",
    re.IGNORECASE,
)
_ESCAPED = re.compile(rb"\x1b(\$\)C|\$\(?[@BD]|\([BIJ])")
_HIGH = bytes(range(0x80, 0x100))
_HANGUL = re.compile("[가-힣]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]+")
# CESU-8: characters beyond U+FFFF as two surrogates of three bytes each, as Java and Oracle write them.
_CESU8 = re.compile(rb"(?:\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf])+")
# A character that was cut at the end of a line or of an element, as titles are by programs that count bytes.
_CUT = re.compile("\ufffd(?<!\ufffd\ufffd)(?=(?:\\.{2,}|[\\u2026\\u22ef \\t\"'\\u201d\\u2019)\\]\\r])*(?:[<\\n]|\\Z))")

# A label may be wrong about single bytes of a page that is otherwise in its encoding.
_TOLERATED = 0.01
_BY_CHANCE = 16  # bytes beyond ASCII of which a label is believed over UTF-8


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a page and how it was decoded.

    encoding           "utf-8", "euc-kr" (which means CP949, as on the web), …; names of the WHATWG standard
    encoding_source    "bom", "declared" (HTTP header), "meta" (in the page), "utf-8" (strict), "bytes" (pattern of NULs
                       or escapes), "detector", or "fallback"
    replacement_ratio  U+FFFD by characters of text, in [0, 1]
    utf8               the text in UTF-8 where the page came so, for those who would encode it again
    """

    text: str
    encoding: str
    encoding_source: str
    replacement_ratio: float
    utf8: bytes | None = None


def decode(body: bytes, declared: str = "", html: bool = True) -> Decoded:
    """Decode a page. Never raises: what no encoding explains becomes U+FFFD and shows in replacement_ratio.

    body      HTML or text
    declared  the charset of the HTTP header, or ""
    html      whether a meta element or an XML declaration in the body may name the encoding

    A character that is cut at the end of a line or of an element is left out and does not count as replaced.
    """
    found = _decode(body, declared, html)
    if not found.replacement_ratio or found.encoding in SINGLE_BYTE:
        return found
    text = _CUT.sub("", found.text)
    return Decoded(text, found.encoding, found.encoding_source, _ratio(text))


def _decode(body: bytes, declared: str, html: bool) -> Decoded:
    for mark, codec in _BOMS:
        if body.startswith(mark) and not (codec == "utf-32-le" and len(body) % 4):
            return _decoded(body[len(mark) :], codec, "bom")
    if b"\x00" in body[:_PRESCAN_BYTES] and (wide := _wide(body[:_PRESCAN_BYTES])):
        return _decoded(body, wide, "bytes")
    labels: list[tuple[str | None, str]] = [(codec_of(declared), "declared")] if declared else []
    if html and (found := _LABEL.search(body, 0, _PRESCAN_BYTES)):
        labels.append((codec_of((found[1] or found[2]).decode("ascii", "replace")), "meta"))
    hints = [(codec, source) for codec, source in labels if codec and codec not in _WIDE]
    if b"\x1b" in body and (escaped := _escaped(body)):
        return escaped
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if any(codec == "hz" for codec, _ in hints) and b"~{" in body:
            return _decoded(body, "hz", hints[0][1])
        if (labelled := _utf8_by_chance(body, text, hints)) is not None:
            return labelled
        agreed = next((source for codec, source in hints if codec == "utf-8"), "utf-8")
        return Decoded(text, "utf-8", agreed, _ratio(text), body)
    joined = join_surrogates(body)
    if joined is not body and (whole := _strictly(joined, "utf-8")) is not None:
        return Decoded(whole, "utf-8", "utf-8", _ratio(whole))
    if (found_wide := wide_codec(body, declared)) and wide_text(body[:_PRESCAN_BYTES], found_wide[0]) is not None:
        return _decoded(body, found_wide[0], "declared")
    return _legacy(body, joined, hints)


def join_surrogates(body: bytes) -> bytes:
    """UTF-8 in which characters of two surrogates (CESU-8) are those of four bytes that they mean; the body itself
    if there are none."""
    if b"\xed" not in body:
        return body
    return _CESU8.sub(lambda found: _as_utf8(found[0]), body)


def _as_utf8(pairs: bytes) -> bytes:
    return pairs.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()


def _utf8_by_chance(body: bytes, text: str, hints: list[tuple[str, str]]) -> Decoded | None:
    """The page as its labels say, where hardly a word of it is beyond ASCII and is no word in UTF-8.

    A few characters of another encoding can be valid UTF-8: two syllables of EUC-KR are as one time in a hundred. They
    are letters of two bytes then that stand side by side, or alone.
    """
    codecs_named = {codec for codec, _ in hints}
    if len(codecs_named) != 1 or codecs_named & (_LATIN | {"utf-8"}) or len(body) - len(text) > _BY_CHANCE:
        return None
    for run in _BEYOND_ASCII.finditer(text):
        around = text[max(0, run.start() - 1) : run.start()] + text[run.end() : run.end() + 1]
        if not run[0].isalpha() or run[0] >= "\u0800" or (len(run[0]) == 1 and any(map(str.isalpha, around))):
            return None
    codec, source = hints[0]
    labelled = _strictly(body, codec)
    if labelled is None or len(labelled) == len(body) or fits(words_of(body), codec) is False:
        return None
    return Decoded(labelled, name_of(codec), source, _ratio(labelled))


def _legacy(body: bytes, joined: bytes, hints: list[tuple[str, str]]) -> Decoded:
    high = len(body) - len(body.translate(None, _HIGH))
    utf8 = _decoded(joined, "utf-8", "utf-8")
    if 10 * utf8.text.count("\ufffd") <= high:
        return utf8  # cut in a character, or with a few foreign bytes
    named = list(dict(hints[::-1]).items())[::-1]  # each once, under the first who says it
    strict = {codec: text for codec, _ in named if (text := _strictly(body, codec)) is not None}
    sources = dict(named)
    words = words_of(body) if strict else b""
    if (chosen := _chosen(words, strict)) is not None:
        return Decoded(strict[chosen], name_of(chosen), sources[chosen], _ratio(strict[chosen]))
    detected = _detect(body)
    candidates = [(codec, source) for codec, source in named if codec in _MULTIBYTE and codec not in strict]
    if detected and not (strict and (detected in _LATIN or fits(words, detected) is False)):
        candidates.append((detected, "detector"))
    if (detected is None or detected in _LATIN) and (korean := _korean(body)):
        return korean
    best: Decoded | None = None
    for codec, source in candidates:
        found = _decoded(body, codec, source)
        # errors are measured against the bytes beyond ASCII: a page is mostly markup
        errors = found.text.count("\ufffd")
        if errors <= _TOLERATED * high or (source == "detector" and errors == 0):
            return found
        if best is None or found.replacement_ratio < best.replacement_ratio:
            best = found
    if strict:
        codec, text = next(iter(strict.items()))
        return Decoded(text, name_of(codec), sources[codec], _ratio(text))
    if best is None:
        return _decoded(body, "cp1252", "fallback")  # no multi-byte encoding was named or found
    return best if best.replacement_ratio <= utf8.replacement_ratio else utf8


def _chosen(words: bytes, strict: dict[str, str]) -> str | None:
    """Which of the labels under which a page decodes is believed: the first under which its words look like a language.

    A Latin label alone is not believed where they do not. Where too little can be told, pairs of bytes that a label
    explains are more than single ones, which a Latin label always does.
    """
    if len(strict) == 1 and not strict.keys() & _LATIN:
        return next(iter(strict))
    looks = {codec: fits(words, codec) for codec in strict}
    most = max(map(len, strict.values()), default=0)
    return next(
        (codec for codec, look in looks.items() if look),
        next(
            (codec for codec, look in looks.items() if look is None and len(strict[codec]) < most),
            next((codec for codec, look in looks.items() if look is None), None),
        ),
    )


def _ratio(text: str) -> float:
    return text.count("\ufffd") / len(text) if "\ufffd" in text else 0.0  # counting is slow, and most have none


def _decoded(body: bytes, codec: str, source: str) -> Decoded:
    text = _strictly(body, codec)
    if text is None:
        text = body.decode(codec, "replace")
    return Decoded(text.lstrip("\ufeff"), name_of(codec), source, _ratio(text))


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        pass
    else:
        return text
    if codec in ("cp1250", "cp1252", "cp1254"):
        # the standard maps the five unassigned bytes to C1 controls, Python refuses them
        return body.decode(codec, "curate-c1")
    if codec == "euc_jp":
        try:
            return body.decode("euc_jis_2004")
        except UnicodeDecodeError:
            return None
    return None


def _as_c1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(map(chr, error.object[error.start : error.end])), error.end


codecs.register_error("curate-c1", _as_c1)


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: ASCII in it leaves its NULs at fixed places."""
    length = len(head) - len(head) % 4
    if length < 4:
        return None
    nuls = [head[place:length:4].count(0) / (length / 4) for place in range(4)]
    if nuls[1] > 0.3 and nuls[2] > 0.9 and nuls[3] > 0.9 and nuls[0] < 0.1:
        return "utf-32-le"
    if nuls[0] > 0.9 and nuls[1] > 0.9 and nuls[2] > 0.3 and nuls[3] < 0.1:
        return "utf-32-be"
    even, odd = (nuls[0] + nuls[2]) / 2, (nuls[1] + nuls[3]) / 2
    if odd > 0.1 and even < odd / 8:
        codec = "utf-16-le"
    elif even > 0.1 and odd < even / 8:
        codec = "utf-16-be"
    else:
        return None
    # An odd byte may stand at the end of the sample; unpaired surrogates speak against it.
    units = struct.unpack(f"{'<' if codec.endswith('le') else '>'}{length // 2}H", head[:length])
    strange = sum(0xD800 <= unit < 0xE000 or unit < 9 for unit in units)
    return codec if strange <= 0.02 * len(units) else None


def _escaped(body: bytes) -> Decoded | None:
    """The encodings that switch by escape sequences: their bytes are all ASCII."""
    if not body.isascii() or not (found := _ESCAPED.search(body)):
        return None
    for codec in ("iso2022_kr",) if found[1] == b"$)C" else ("iso2022_jp_ext", "iso2022_jp_2004"):
        try:
            return Decoded(
                body.decode(codec), name_of(codec) if codec != "iso2022_jp_2004" else "iso-2022-jp", "bytes", 0.0
            )
        except UnicodeDecodeError:
            continue
    return None


def _detect(body: bytes) -> str | None:
    from resiliparse.parse.encoding import detect_encoding

    # Markup is ASCII and says nothing; without html5_compatible=False Korean comes back as utf-8.
    name = detect_encoding(body, max_len=_DETECT_BYTES, html5_compatible=False)
    if not name or name == "ascii":
        name = detect_encoding(body, max_len=0, html5_compatible=False) if len(body) > _DETECT_BYTES else None
    if not name or name == "ascii":
        return None
    name = name.lower()
    codec = codec_of(_DETECTED_INSTEAD.get(name, name))
    return None if codec in _WIDE else codec


def wide_text(data: bytes, codec: str) -> str | None:
    """Bytes as text of UTF-16 or UTF-32, None where they are no text: where more than one in twenty of the characters
    is a control, unassigned, for private use, or half of a pair. The end may be cut in a character."""
    size = 4 if "32" in codec else 2
    text = data[: len(data) - len(data) % size].decode(codec, "replace").removesuffix("\ufffd")
    strange = sum(
        unicodedata.category(letter) in ("Cc", "Cn", "Co") and letter not in "\t\r\n\f\x1b" for letter in text
    )
    return text if text and 20 * (strange + text.count("\ufffd")) <= len(text) else None


def wide_codec(data: bytes, charset: str = "") -> tuple[str, int] | None:
    """(codec, bytes of its mark) where data begin as UTF-16 or UTF-32: by a mark, by their NULs, or by the label."""
    for mark, codec in _BOMS[1:]:
        if data.startswith(mark):
            return codec, len(mark)
    if by_nuls := _wide(data[:_PRESCAN_BYTES]):
        return by_nuls, 0
    # text in no other encoding has bytes below a tab; in UTF-16 any script has some
    labelled = codec_of(charset)
    return (labelled, 0) if labelled in _WIDE and min(data[:_PRESCAN_BYTES], default=9) < 9 else None


def _korean(body: bytes) -> Decoded | None:
    """The text as CP949 where that works and gives Hangul: a few syllables are too little for the detector."""
    text = _strictly(body, "cp949")
    if text is None or len(_HANGUL.findall(text)) < 2:
        return None
    return Decoded(text, "euc-kr", "detector", 0.0) if is_korean(text) else None
