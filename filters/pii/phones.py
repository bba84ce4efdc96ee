"""Telephone numbers: international, Korean, North American, and national ones of other countries.

A number with a form that no other number has needs nothing more: +82 10-…, 010-1234-5678, (02) 123-4567, 415-555-0132.
One that is only written like a number of the document's language needs that nothing speaks against it, and any other
needs a label: a word that names it, directly before.
"""

import phonenumbers
import re2

from filters.pii.context import BEHIND, WORD, Context, Hit
from filters.pii.recognisers import SEPARATOR

# Regions whose valid national numbers are believed without a label, by language of the document.
REGIONS = {
    "": ("GB", "AU", "IE"),
    "en": ("GB", "AU", "IE"),
    "ko": (),
    "ja": ("JP",),
    "zh": ("CN", "TW", "HK"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH"),
    "nl": ("NL", "BE"),
    "it": ("IT",),
    "es": ("ES", "MX", "AR", "CL", "CO"),
    "pt": ("BR", "PT"),
    "sv": ("SE",),
    "fi": ("FI",),
    "da": ("DK",),
    "no": ("NO",),
    "pl": ("PL",),
    "tr": ("TR",),
    "ru": ("RU",),
}

MOST_DIGITS = 15  # E.164


def phone(text: Context, start: int, end: int) -> Hit | None:
    """A telephone number that begins here, with its extension."""
    stop = _international(text, start) or _korean(text, start) or _american(text, start) or _national(text, start)
    if not stop or _BUSINESS.match(text.data, start) is not None:
        return None
    extension = _EXTENSION.match(text.data, stop)
    if extension is not None and text.open_end(extension.end()):
        stop = extension.end()
    return Hit("phone", start, stop)


_EXTENSION = re2.compile(
    r"(?i) ?(?:x|ext\.? ?|extension ?|내선 ?(?:번호)? ?)[0-9]{1,6}"
    r"| ?\((?:x|ext\.? ?|extension ?|내선 ?(?:번호)? ?)[0-9]{1,6}\)"
)


def is_korean_phone(text: Context, start: int) -> bool:
    """Whether a Korean telephone number begins here."""
    return _korean(text, start) != 0


# Numbers of businesses, 1588-…, 080, 060: nobody's own
_BUSINESS = re2.compile(
    r"\(?(?:1[5-9][0-9]{2}[-. ~)]{0,2}[0-9]{4}|0[68]0[-. )]{1,2}[0-9]{3,4}[-. ][0-9]{4})(?:[^0-9-]|-[^0-9]|$)"
)


def _cuts(text: Context, start: int) -> list[tuple[int, list[str], bytes]]:
    """Where a number that begins here may end, longest first: (end, groups of digits, what separates them)."""
    data = text.data
    run = _RUN.match(data, start)
    if run is None:
        return []
    body = data[start : run.end()]
    spans = [match.span() for match in _GROUPS.finditer(body)]
    groups = [body[a:b].decode() for a, b in spans]
    cuts, total = [], 0
    for index, group in enumerate(groups):
        total += len(group)
        if total > MOST_DIGITS:
            break
        stop = start + spans[index][1]
        opened = data.count(b"(", start, stop) > data.count(b")", start, stop)
        if data[stop : stop + 1] == b")" and opened:  # the parenthesis that closes (0)
            stop += 1
        if text.open_end(stop):
            between = b"|".join(body[spans[i][1] : spans[i + 1][0]] for i in range(index))
            cuts.append((stop, groups[: index + 1], between))
    return cuts[::-1]


_RUN = re2.compile(r"\(?(?:\+ ?)?\(?[0-9]{1,15}\)?(?:" + SEPARATOR + r"{0,3}\(?[0-9]{1,12}\)?){0,7}")
_GROUPS = re2.compile(r"[0-9]+")


def _international(text: Context, start: int) -> int:
    """A number with a country code, valid by phonenumbers; one of possible length where it is written in groups."""
    data = text.data
    if data[start : start + 2] == b"+ " and not text.labelled("phone", start):
        return 0  # a sum
    if data[start] not in b"+(" and data[start : start + 2] not in (b"00", b"82"):
        return 0
    if _COUNTRY.match(data, start) is None:
        return 0
    plus = data[start : start + 2].lstrip(b"(").startswith(b"+")
    labelled = text.labelled("phone", start)
    if not plus and not labelled:
        return 0
    possible = 0
    for stop, groups, _ in _cuts(text, start):
        if len(groups) > 2 and groups[1] == "0":
            groups = [groups[0], *groups[2:]]  # +41 (0)71
        digits = "".join(groups)
        if not plus:
            digits = digits[2:] if digits.startswith("00") else digits
        if not 8 <= len(digits) <= MOST_DIGITS or _years(groups):
            continue
        if any(_valid("+" + number, None) for number in _dialled(digits)):
            return stop
        grouped = len(groups) > 2 or labelled
        if not possible and grouped and len(groups) > 1 and _possible("+" + digits):
            possible = stop
    if possible and not labelled and (text.in_code(start, possible) or text.counted(start, possible)):
        return 0
    return possible


_COUNTRY = re2.compile(r"\(?(?:\+ ?\(?|00[ -]?)[1-9]|82[-. ]")


def _dialled(digits: str) -> tuple[str, ...]:
    """The number, and how it was dialled to a mobile in Mexico (52 1) or Argentina (54 9)."""
    if digits.startswith("521") or (digits.startswith("549") and len(digits) == 13):
        return digits, digits[:2] + digits[3:]
    return (digits,)


# Parted after the area code, or not at all: 02110-1301 is a postal code.
_AREA = r"0(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?)"
_PART = r"(?: ?[-./·ㅡ\x{2010}-\x{2015}\x{2212}] ?|[ \x{A0}])"
_KOREAN = re2.compile(
    rf"(?:\({_AREA}\)(?:{_PART})?|{_AREA}(?:\) ?-? ?|{_PART}))[0-9]{{3,4}}(?:{_PART})?[0-9]{{4}}|{_AREA}[0-9]{{7,8}}"
)


def _korean(text: Context, start: int) -> int:
    """A number of a Korean mobile or area code; one parted by nothing but blanks and slashes, or not at all, needs a
    label, a document in Korean or the code of mobiles, 010."""
    data = text.data
    if data[start] not in b"0(":
        return 0
    match = _KOREAN.match(data, start)
    if match is None or not text.open_end(match.end()):
        return 0
    stop = match.end()
    value = match.group()
    digits = "".join(chr(byte) for byte in value if 0x30 <= byte <= 0x39)
    if (digits.startswith("050") and len(digits) < 11) or not _valid(digits, "KR"):
        return 0
    if text.labelled("phone", start):
        return stop
    if text.is_something_else(start):
        return 0
    if len(value) == len(digits):
        bare = digits.startswith("010") and len(digits) == 11 and set(digits) != {"0", "1"}
        return stop if bare and not text.counted(start, stop) and not text.in_address(start) else 0
    mobile = digits.startswith("01")
    if text.in_address(start) and not mobile:
        return 0
    if mobile and b" " in value and text.among_its_like(start, stop):
        return 0
    if b"-" in value or b")" in value or b"." in value or mobile or not value.isascii():
        return 0 if text.in_lines_of_code(start, stop) and not mobile else stop
    written = text.language == "ko" and value.count(b" ") == 2 and b"/" not in value
    return stop if written and not _doubtful(text, start, stop) else 0


_AMERICAN = re2.compile(
    r"(?:1" + SEPARATOR + r")?\(?[2-9][0-9]{2}\)?" + SEPARATOR + r"{0,2}[2-9][0-9]{2}" + SEPARATOR + r"[0-9]{4}"
)


def _american(text: Context, start: int) -> int:
    data = text.data
    if data[start] not in b"123456789(":
        return 0
    match = _AMERICAN.match(data, start)
    if match is None or not text.open_end(match.end()):
        return 0
    value, stop = match.group(), match.end()
    digits = "".join(chr(byte) for byte in value if 0x30 <= byte <= 0x39)
    if text.labelled("phone", start):
        return stop
    if not _valid(digits, "US") or text.is_something_else(start) or b"/" in value or not _LETTER_FREE.match(data, stop):
        return 0
    if b"-" in value or b")" in value or value.count(b".") == 2:
        return 0 if text.in_address(start) or text.counted(start, stop) else stop
    return 0 if _doubtful(text, start, stop) else stop


_LETTER_FREE = re2.compile(r"(?:[^A-Za-z_]|[xX]|ext|$)|\z")


def _national(text: Context, start: int) -> int:
    """A national number: with a label, or valid in a region of the document's language and nothing against it."""
    data = text.data
    near = text.labelled("phone", start) or _label_behind(data, start)
    regions = (*REGIONS.get(text.language, ()), *text.regions)
    trunk = data[start] == 0x30 or data[start : start + 2] == b"(0"
    if (not near and not (trunk and regions)) or text.is_something_else(start):
        return 0
    for stop, groups, between in _cuts(text, start):
        digits = "".join(groups)
        if data.rfind(b"(", start, stop) > start or data[start - 1 : start] == b"/":
            continue  # 80(3): volume and issue; /0962-6298: part of an address
        if len(digits) < 7 or (stop < len(data) and data[stop] in WORD and data[stop] not in b"xXeE"):
            continue
        sizes = [len(group) for group in groups]
        if _years(groups) or (len(groups) > 1 and (max(sizes) > 7 or min(sizes) < 2)):
            continue
        alike = len({part.strip(b"() ") for part in between.split(b"|")[data[start] == 0x28 :]}) <= 1
        if near and (len(digits) <= 12 or alike) and (len(groups) > 1 or 9 <= len(digits) <= 11):
            return 0 if text.counted(start, stop) or b"/" in between else stop
        if not near and trunk and 9 <= len(digits) <= 11 and _PLAIN.match(data[start:stop]) is not None:
            if not any(_valid(digits, region) for region in regions) or _doubtful(text, start, stop):
                return 0
            return stop
    return 0


_LABELLED = re2.compile(r"\(?[0-9][-0-9 .()]{5,20}[0-9]" + BEHIND)


def _label_behind(data: bytes, start: int) -> bool:
    """Whether a label follows what may be a number."""
    behind = data[start + 7 : start + 32]
    return any(sign in behind for sign in (b"-", b",", b"(", b"/", b":")) and _LABELLED.match(data, start) is not None


# Area code, then groups parted in one way; decimals (0.1647 0.2891) and lists are not.
_PLAIN = re2.compile(
    r"(?:\(0[1-9][0-9]{0,3}\)[-. ]?|0[1-9][0-9]{0,3}[-. ])"
    r"(?:[0-9]{5,8}|(?:[0-9]{2,4} )+[0-9]{2,4}|(?:[0-9]{2,4}-)+[0-9]{2,4}"
    r"|(?:[0-9]{2,4}\.)+[0-9]{2,4})$"
)


def _doubtful(text: Context, start: int, stop: int) -> bool:
    """Whether something speaks against a number that only looks like one."""
    return (
        text.in_address(start)
        or _JOINED.search(text.before(start, 2)) is not None
        or text.counted(start, stop)
        or text.among_its_like(start, stop)
        or text.in_code(start, stop)
    )


_JOINED = re2.compile(r"[A-Za-z0-9][-:.]$")


def _years(groups: list[str]) -> bool:
    """Whether the digits are a range of years: 1767-1829."""
    return len(groups) == 2 and all(len(group) == 4 and "15" <= group[:2] <= "20" for group in groups)


def _valid(digits: str, region: str | None) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False


def _possible(digits: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(digits, None)))
    except phonenumbers.NumberParseException:
        return False
