"""Validity of the numbers that python-stdnum does not know, or knows by an older rule."""

import datetime

from stdnum import luhn
from stdnum.kr import brn as kr_brn

RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
BRN_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3)
LICENCE_REGIONS = frozenset(f"{region:02d}" for region in (*range(11, 27), 28))


def birth_date(digits: str) -> bool:
    """Whether 13 digits YYMMDDG... hold a date that exists in the century that G names, not before 1850.

    Numbers were first given in 1968.
    """
    century = {"9": 1800, "0": 1800, "1": 1900, "2": 1900, "5": 1900, "6": 1900}.get(digits[6], 2000)
    try:
        return datetime.date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])).year >= 1850
    except ValueError:
        return False


def rrn_checksum(digits: str) -> bool:
    """The check digit of a resident (G 0-4, 9) or foreigner (G 5-8) registration number, 13 digits.

    Residents: (11 - S mod 11) mod 10; foreigners: (13 - S mod 11) mod 10. Numbers issued since October 2020 are
    random after G, so a number that fails may still be somebody's. python-stdnum has the first formula only.
    """
    total = sum(weight * int(digit) for weight, digit in zip(RRN_WEIGHTS, digits, strict=False))
    base = 13 if digits[6] in "5678" else 11
    return (base - total % 11) % 10 == int(digits[12])


def brn_checksum(digits: str) -> bool:
    """A Korean business registration number, 10 digits: python-stdnum's rules of form, and the check digit.

    Weights 1, 3, 7, 1, 3, 7, 1, 3 over the first eight, then 5 * d9 and its tens; (10 - S mod 10) mod 10.
    """
    if not kr_brn.is_valid(digits):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(BRN_WEIGHTS, digits, strict=False))
    ninth = 5 * int(digits[8])
    return (10 - (total + ninth + ninth // 10) % 10) % 10 == int(digits[9])


def crn_checksum(digits: str) -> bool:
    """The check digit of a Korean corporate registration number, 13 digits: weights 1, 2, 1, 2, ..."""
    total = sum((1 + index % 2) * int(digit) for index, digit in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])


def card_issuer(digits: str) -> str:
    """ "sure" for an issuer's prefix with its usual length, "likely" for one shared with many other numbers, else "".

    "likely" are Maestro (50, 56-69, 12 to 19 digits), Visa of 13 digits (the form of an EAN) or 19, cards valid in
    Korea only (9..., 16 digits) and other prefixes of 16 digits.
    """
    size, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    sure = (
        (digits[0] == "4" and size == 16)
        or (size == 16 and (51 <= two <= 55 or 2200 <= four <= 2204 or 2221 <= four <= 2720))
        or (size == 15 and (two in (34, 37) or four in (1800, 2131)))
        or (size == 14 and (300 <= three <= 305 or three == 309 or two in (36, 38, 39)))
        or (16 <= size <= 19 and (3528 <= four <= 3589 or four == 6011 or 644 <= three <= 649 or two in (62, 65, 81)))
    )
    if sure:
        return "sure"
    likely = (
        (digits[0] == "4" and size in (13, 19))
        or (12 <= size <= 19 and (two == 50 or 56 <= two <= 69))
        or (size == 16 and digits[0] in "389")
    )
    return "likely" if likely else ""


def luhn_valid(digits: str) -> bool:
    """ISO/IEC 7812 check digit; a run of one repeated digit fails."""
    return len(set(digits)) > 1 and bool(luhn.is_valid(digits))
