"""Names of encodings: labels of HTTP, HTML and XML to Python's codecs, and the names under which they are recorded."""

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
    "iso2022_jp_2004": "iso-2022-jp",
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

# Names of encodings in which a byte is a character.
SINGLE_BYTE = frozenset(
    _NAMES.get(codec, codec) for codec in _LABELS if codec.startswith(("cp12", "cp8", "iso8859", "koi8", "mac_"))
)


def codec_of(label: str) -> str | None:
    """The Python codec for a label of HTTP, HTML or XML; None for labels nobody knows."""
    return _CODECS.get(label.strip().strip("\"'").lower())


def name_of(codec: str) -> str:
    """The name of the WHATWG standard for a Python codec, where it has one."""
    return _NAMES.get(codec, codec)
