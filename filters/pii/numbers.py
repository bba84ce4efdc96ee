"""The table of numbers: their forms, and what confirms each; the first that confirms where a number begins wins.

A check gets the text, and the ends of what the form matched. It answers with a hit, or None.
"""

from collections.abc import Callable
from typing import NamedTuple

import re2
from stdnum import iban, numdb
from stdnum.us import ssn

from filters.pii import checks
from filters.pii.addresses import ipv4
from filters.pii.context import WORD, Context, Hit
from filters.pii.phones import is_korean_phone, phone
from filters.pii.recognisers import DASH, IBAN_COUNTRIES, Kind

Check = Callable[[Context, int, int], Hit | None]


class Number(NamedTuple):
    """A recogniser of numbers.

    pattern  RE2, anchored at the start of the number
    check    confirms a match, or answers with a hit of its own
    """

    kind: Kind
    pattern: str
    check: Check


def digits_of(value: bytes) -> str:
    """The ASCII digits of a value."""
    return "".join(chr(byte) for byte in value if 0x30 <= byte <= 0x39)


def _rrn(text: Context, start: int, end: int) -> Hit | None:
    """A date that exists; the check digit or a label where no hyphen parts it: barcodes and parcels have 13 digits."""
    value = text.data[start:end]
    digits = digits_of(value)
    if not text.closed(end) or not checks.birth_date(digits):
        return None
    passed = checks.rrn_checksum(digits)
    if not passed and checks.crn_checksum(digits) and text.labelled("kr_crn", start):
        return Hit("kr_crn", start, end)  # some registry offices' codes read like dates
    if digits[6] in "09" and not passed:
        return None  # nobody born before 1900 was given a number without a check digit
    if b"-" not in value and not passed and not text.labelled("kr_rrn", start):
        parted = len(value) != 13 and not text.in_code(start, end) and not text.among_its_like(start, end)
        if not parted and not text.whole():
            return None
    return Hit("kr_frn" if digits[6] in "5678" else "kr_rrn", start, end)


def _card(text: Context, start: int, end: int) -> Hit | None:
    """Issuer's prefix and Luhn; a label for a prefix shared with other numbers, unless it is written in groups."""
    # A group after four of four may also be the next card's, or a security code.
    fours = _FOURS.match(text.data, start)
    for stop in (end, fours.end()) if fours and fours.end() < end else (end,):
        digits = digits_of(text.data[start:stop])
        issuer = checks.card_issuer(digits) if text.closed(stop) else ""
        if not issuer or not checks.luhn_valid(digits):
            continue
        labelled = text.labelled("card", start)
        if stop - start > len(digits) and (issuer == "sure" or labelled or not text.in_code(start, stop)):
            return Hit("card", start, stop)
        # One number in ten passes Luhn: in code and in lists they are too many to go by it.
        alone = not text.in_code(start, stop) and not text.among_its_like(start, stop, _is_card)
        if labelled or (issuer == "sure" and alone and not text.is_something_else(start)):
            return Hit("card", start, stop)
    return None


def _is_card(value: bytes) -> bool:
    digits = digits_of(value.partition(b" ")[0])
    return 12 <= len(digits) <= 19 and checks.card_issuer(digits) == "sure" and checks.luhn_valid(digits)


_FOURS = re2.compile(r"[0-9]{4}(?:[- ][0-9]{4}){3}")


def _licence(text: Context, start: int, end: int) -> Hit | None:
    region = text.data[start : start + 2].decode()
    return Hit("kr_driver_license", start, end) if text.closed(end) and region in checks.LICENCE_REGIONS else None


def _brn(text: Context, start: int, end: int) -> Hit | None:
    """The check digit; a label where no hyphen parts it."""
    if not text.closed(end) or not checks.brn_checksum(digits_of(text.data[start:end])):
        return None
    return Hit("kr_brn", start, end) if end - start > 10 or text.labelled("kr_brn", start) else None


def _ssn(text: Context, start: int, end: int) -> Hit | None:
    """Three, two and four digits parted alike are a form of its own; any other needs a label."""
    value = text.data[start:end].decode()
    digits = value.replace("-", "").replace(" ", "")
    if not text.closed(end) or not ssn.is_valid(f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"):
        return None
    if text.labelled("us_ssn", start) or text.whole():
        return Hit("us_ssn", start, end)
    if len(value) != 11 or value[3] != value[6] or text.is_something_else(start) or text.in_address(start):
        return None
    if text.labelled("phone", start) or text.counted(start, end):
        return None
    if value[3] == " " and (text.in_code(start, end) or text.among_its_like(start, end)):
        return None
    return Hit("us_ssn", start, end)


def _account(text: Context, start: int, end: int) -> Hit | None:
    """A label in front, or the bank's name after."""
    digits = digits_of(text.data[start:end])
    if not text.closed(end) or not 10 <= len(digits) <= 14 or text.is_something_else(start):
        return None
    if not text.labelled("kr_bank_account", start) and not text.bank_behind(end):
        return None
    if len(digits) <= 11 and is_korean_phone(text, start):
        return None
    return None if text.counted(start, end) else Hit("kr_bank_account", start, end)


def _crn(text: Context, start: int, end: int) -> Hit | None:
    """The check digit and a label."""
    digits = digits_of(text.data[start:end])
    if not text.closed(end) or not checks.crn_checksum(digits) or digits[:6] == "000000":
        return None
    return Hit("kr_crn", start, end) if text.labelled("kr_crn", start) else None


# Syllables of Korean number plates: private, commercial (바사아자), parcel (배), rental (하허호).
PLATE_SYLLABLES = frozenset("가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호")


def _plate(text: Context, start: int, end: int) -> Hit | None:
    """A syllable in use, no blank, and nothing that counts; or a label.

    Cases of courts are numbered alike, a year of two digits first: courts, judgments and their like on the line are
    against it.
    """
    plate = text.data[start:end].decode()
    number = plate[: -5 if plate[-5] != " " else -6]
    if plate[len(number)] not in PLATE_SYLLABLES or not int(number) or not text.closed(end):
        return None
    if text.labelled("kr_car_plate", start):
        return Hit("kr_car_plate", start, end)
    if " " in plate or _COUNTED.match(text.data, end) is not None or _ORDINAL.search(text.before(start, 8)) is not None:
        return None
    if text.in_code(start, end) or text.in_address(start):
        return None
    if len(number) == 2:
        line = text.line_before(start), text.line_after(end)
        if any(_COURT.search(part) is not None for part in line):
            return None
    return Hit("kr_car_plate", start, end)


_COUNTED = re2.compile(r" ?(?:[억만천원년월일개명여%]|,[0-9])|번[지길]|호|길|가구|[-~][0-9]|세대|제곱|미터|킬로")
_ORDINAL = re2.compile(r"(?:제|[$€₩.,])\s?$")
_COURT = re2.compile(r"선고|판결|판례|결정|명령|법원|고법|지법|지원|사건|재판|심결|헌재|대법|공판|항소|상고")


def lettered(text: Context, start: int, stop: int, sizes: dict[str, int]) -> tuple[Hit | None, int]:
    """What starts with a letter, a passport or an IBAN, and where to go on.

    sizes    length of an IBAN by country
    """
    data = text.data
    if (match := _PASSPORT.match(data, start)) is not None:
        if text.labelled("kr_passport", start) or text.whole() or _LONE_PASSPORT.fullmatch(data) is not None:
            return Hit("kr_passport", start, match.end()), match.end()
        return None, match.end()
    size = sizes.get(data[start : start + 2].decode().upper(), 0)
    stop, seen = start, 0
    while stop < len(data) and seen < size and (data[stop] in WORD or (data[stop] == 0x20 and seen % 4 == 0)):
        seen += data[stop] != 0x20
        stop += 1
    whole = size and seen == size and not (stop < len(data) and data[stop] in WORD)
    if whole and iban.is_valid(data[start:stop].decode()):
        return Hit("iban", start, stop), stop
    return None, start + 2


_PASSPORT = re2.compile(r"[MSRODmsrod][0-9]{3}(?:[A-Za-z][0-9]{4}|[0-9]{5})\b")
_LONE_PASSPORT = re2.compile(r"\s{0,4}[MSRODmsrod][0-9]{3}(?:[A-Za-z][0-9]{4}|[0-9]{5})\s{0,4}")


def iban_sizes() -> dict[str, int]:
    """Length of an IBAN by country, from python-stdnum's table."""
    table = numdb.get("iban")
    sizes = {}
    for country in IBAN_COUNTRIES:
        parts = table.info(country)[0][1].get("bban", "")
        if parts:
            sizes[country] = 4 + sum(int(size) for size in re2.findall(r"([0-9]+)!", parts))
    return sizes


NUMBERS = (
    Number("ip", r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?:/[0-9]{1,2}\b)?", ipv4),
    Number("kr_rrn", r"[0-9]{6}(?: ?" + DASH + r" ?|[ .])?[0-9]{7}", _rrn),
    Number(
        "card",
        r"[0-9]{4}[- ][0-9]{4}[- ][0-9]{4}[- ][0-9]{4}(?:[- ][0-9]{1,3})?|[0-9]{4}[- ][0-9]{4}[- ][0-9]{4}[- ][0-9]{3}"
        r"|[0-9]{4}[- ][0-9]{6}[- ][0-9]{4,5}|[0-9]{12,19}",
        _card,
    ),
    Number("kr_driver_license", r"[0-9]{2}([- ])[0-9]{2}[- ][0-9]{6}[- ][0-9]{2}", _licence),
    Number("kr_brn", r"[0-9]{3}" + DASH + r"[0-9]{2}" + DASH + r"[0-9]{5}|[0-9]{10}", _brn),
    Number("us_ssn", r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}", _ssn),
    Number(
        "kr_bank_account",
        r"[0-9]{2,6}" + DASH + r"[0-9]{2,6}" + DASH + r"[0-9]{2,7}(?:" + DASH + r"[0-9]{1,3})?|[0-9]{10,14}",
        _account,
    ),
    Number("phone", r"\(?\+?[0-9+(]", phone),
    Number("kr_crn", r"[0-9]{6}" + DASH + r"?[0-9]{7}", _crn),
    Number("kr_car_plate", r"[0-9]{2,3}[가-힣] ?[0-9]{4}", _plate),
)
