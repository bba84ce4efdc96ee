"""Bytes of a page to text: what decodes strictly decides, labels only say what to try first."""

import codecs
import re
import struct
from dataclasses import dataclass

# Labels to Python codecs, after the table of the WHATWG Encoding Standard, with what Python and real pages add: every
# Korean label is read as CP949 (the standard's euc-kr), Shift_JIS as CP932, GB2312 and GBK as GB18030, and the labels
# cp949, uhc, johab, ibm855 and others that the standard does not know mean what they say.
_LABELS = {
    "utf-8": "utf8 utf-8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8-sig",
    "utf-16-le": "utf-16le utf-16 ucs-2 unicode unicodefeff csunicode iso-10646-ucs-2 ucs2",
    "utf-16-be": "utf-16be unicodefffe",
    "utf-32-le": "utf-32le utf-32",
    "utf-32-be": "utf-32be",
    "cp949": "euc-kr euckr cp949 ms949 uhc x-windows-949 windows-949 ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
    "korean cseuckr csksc56011987 iso-ir-149 ks_c_5601 x-uhc euc_kr ms-949 949 x-euc-kr kr ksx1001 ks_x_1001",
    "johab": "johab cp1361 ms1361 x-johab",
    "iso2022_kr": "iso-2022-kr csiso2022kr iso2022-kr iso2022_kr",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji csshiftjis windows-31j ms932 cp932 shiftjis ms-kanji mskanji",
    "euc_jp": "euc-jp eucjp x-euc-jp cseucpkdfmtjapanese euc_jp ujis",
    "iso2022_jp_ext": "iso-2022-jp csiso2022jp jis iso2022-jp iso2022_jp iso-2022-jp-1 iso-2022-jp-2",
    "gb18030": "gb2312 gbk gb18030 gb_2312 gb_2312-80 chinese csgb2312 csiso58gb231280 iso-ir-58 x-gbk cp936 ms936 "
    "windows-936 euc-cn euccn x-euc-cn gb-2312 gb",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 big5hkscs cp950 ms950 windows-950",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251 win-1251 win1251 windows1251",
    "cp1252": "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 latin1 latin-1 l1 "
    "ibm819 cp819 csisolatin1 iso-ir-100 ascii us-ascii ansi_x3.4-1968 iso8859_1",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 latin5 l5 "
    "csisolatin5 iso-ir-148",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "cp874": "windows-874 cp874 tis-620 tis620 dos-874 iso-8859-11 iso8859-11 iso885911 tis_620",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 latin2 l2 csisolatin2 iso-ir-101",
    "iso8859-3": "iso-8859-3 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 latin3 l3 csisolatin3 iso-ir-109",
    "iso8859-4": "iso-8859-4 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 latin4 l4 csisolatin4 iso-ir-110",
    "iso8859-5": "iso-8859-5 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 cyrillic csisolatincyrillic iso-ir-144",
    "iso8859-6": "iso-8859-6 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 arabic asmo-708 csiso88596e csiso88596i "
    "csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127",
    "iso8859-7": "iso-8859-7 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 greek greek8 csisolatingreek ecma-118 "
    "elot_928 iso-ir-126 sun_eu_greek",
    "iso8859-8": "iso-8859-8 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 hebrew visual csiso88598e csisolatinhebrew "
    "iso-8859-8-e iso-ir-138 iso-8859-8-i csiso88598i logical",
    "iso8859-10": "iso-8859-10 iso8859-10 iso885910 latin6 l6 csisolatin6 iso-ir-157",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 csisolatin9 latin9 latin-9",
    "iso8859-16": "iso-8859-16 iso8859-16",
    "cp866": "ibm866 cp866 866 csibm866",
    "cp855": "ibm855 cp855 855 csibm855",
    "koi8-r": "koi8-r koi koi8 koi8_r cskoi8r",
    "koi8-u": "koi8-u koi8-ru",
    "mac_roman": "macintosh mac x-mac-roman csmacintosh macroman mac-roman",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian maccyrillic mac-cyrillic",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in (*labels.split(), codec)}

# The names under which encodings are recorded: the standard's where it has one.
_NAMES = {
    "cp949": "euc-kr",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "iso2022_jp_ext": "iso-2022-jp",
    "iso2022_kr": "iso-2022-kr",
    "big5hkscs": "big5",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
    "cp874": "windows-874",
    "cp866": "ibm866",
    "cp855": "ibm855",
    "mac_roman": "macintosh",
    "mac_cyrillic": "x-mac-cyrillic",
    **{f"cp{number}": f"windows-{number}" for number in range(1250, 1259)},
    **{f"iso8859-{number}": f"iso-8859-{number}" for number in range(1, 17)},
}

_BOMS = (  # UTF-32 before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = frozenset(codec for _, codec in _BOMS) - {"utf-8"}
_MULTIBYTE = frozenset({"cp949", "johab", "cp932", "euc_jp", "gb18030", "big5hkscs", "utf-8"})
# What wrong declarations say most often; East Asian text must not pass under them.
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
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_HANGUL = re.compile("[가-힣]")

# A label may be wrong about single bytes of a page that is otherwise in its encoding.
_TOLERATED = 0.01


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


def codec_of(label: str) -> str | None:
    """The Python codec for a label of HTTP, HTML or XML; None for labels nobody knows."""
    return _CODECS.get(label.strip().strip("\"'").lower())


def decode(body: bytes, declared: str = "", html: bool = True) -> Decoded:
    """Decode a page. Never raises: what no encoding explains becomes U+FFFD and shows in replacement_ratio.

    body      HTML or text
    declared  the charset of the HTTP header, or ""
    html      whether a meta element or an XML declaration in the body may name the encoding
    """
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
        # Text of another encoding that is valid UTF-8 by chance is too rare to believe a label over the bytes.
        agreed = next((source for codec, source in hints if codec == "utf-8"), "utf-8")
        return Decoded(text, "utf-8", agreed, _ratio(text), body)
    return _legacy(body, hints)


def _legacy(body: bytes, hints: list[tuple[str, str]]) -> Decoded:
    high = len(body) - len(body.translate(None, _HIGH))
    utf8 = _decoded(body, "utf-8", "utf-8")
    if 10 * utf8.text.count("\ufffd") <= high:
        return utf8  # cut in a character, or with a few foreign bytes
    asian: bool | None = None
    for codec, source in hints:
        if codec in _LATIN:
            asian = _looks_east_asian(body, high) if asian is None else asian
            if asian:
                continue
        text = _strictly(body, codec)
        if text is not None:
            return Decoded(text, _NAMES.get(codec, codec), source, _ratio(text))
    detected = _detect(body)
    candidates = [(codec, source) for codec, source in hints if codec in _MULTIBYTE]
    if detected:
        candidates.append((detected, "detector"))
    if (korean := _korean(body)) and (detected is None or detected in _LATIN):
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
    if best is None:
        return _decoded(body, "cp1252", "fallback")  # no multi-byte encoding was named or found
    return best if best.replacement_ratio <= utf8.replacement_ratio else utf8


def _ratio(text: str) -> float:
    return text.count("\ufffd") / len(text) if text else 0.0


def _decoded(body: bytes, codec: str, source: str) -> Decoded:
    text = _strictly(body, codec)
    if text is None:
        text = body.decode(codec, "replace")
    return Decoded(text, _NAMES.get(codec, codec), source, _ratio(text))


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
            return Decoded(body.decode(codec), _NAMES.get(codec, "iso-2022-jp"), "bytes", 0.0)
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


def _looks_east_asian(body: bytes, high: int) -> bool:
    """Whether bytes that a Latin label explains anyhow are more likely pairs of a multi-byte encoding.

    Accented letters stand alone between ASCII letters; East Asian text is runs of high bytes.
    """
    if high < 4:
        return False
    runs = _HIGH_RUN.findall(body[: 1 << 18])
    long = sum(len(run) for run in runs if len(run) > 3)
    return long > 0.6 * sum(map(len, runs)) and (_detect(body) or "cp949") in _MULTIBYTE


def _korean(body: bytes) -> Decoded | None:
    """The text as CP949 where that works and gives Hangul: a few syllables are too little for the detector."""
    text = _strictly(body, "cp949")
    if text is None:
        return None
    other = len(text) - len(text.encode("ascii", "ignore"))
    hangul = len(_HANGUL.findall(text))
    return Decoded(text, "euc-kr", "detector", 0.0) if hangul >= 2 and hangul > 0.6 * other else None
