r"""What each kind of personal data looks like: the kinds, and the triggers of the one pass that looks for them.

Patterns are RE2 over UTF-8: `\b` and `\d` are ASCII there, so a Korean particle glued to a value ends it like a space.
"""

from typing import Literal

Kind = Literal[
    "email",
    "phone",
    "ip",
    "card",
    "iban",
    "us_ssn",
    "url_credentials",
    "mention",
    "kr_rrn",
    "kr_frn",
    "kr_brn",
    "kr_crn",
    "kr_driver_license",
    "kr_passport",
    "kr_bank_account",
    "kr_car_plate",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]

# Between the digits of a number: hyphen, full stop, space, parentheses, no-break space, dashes, minus; slash, middle
# dot and the Korean letter eu, which is typed for a dash.
SEPARATOR = r"[-. ()\x{A0}\x{2010}-\x{2015}\x{2212}/·ㅡ]"
DASH = r"[-\x{2010}-\x{2015}\x{2212}]"

AT = r"(?:@|%40| ?[\[({<] ?(?:at|AT|@|골뱅이) ?[\])}>] ?)"
DOT = r"(?:\.| ?[\[({<] ?(?:dot|DOT|\.|점|닷) ?[\])}>] ?)"
LABELS = r"(?:[A-Za-z0-9][A-Za-z0-9-]*" + DOT + r")+(?:xn--[A-Za-z0-9-]+|[A-Za-z]{2,24})"
# Labels of other scripts, but an ASCII top level: without it a particle would read as part of the address.
WIDE_LABELS = r"(?:[A-Za-z0-9\x{C0}-\x{FFDC}][A-Za-z0-9\x{C0}-\x{FFDC}-]*\.)+[A-Za-z]{2,24}"
# fmt: off
IBAN_COUNTRIES = (
    "AD", "AE", "AL", "AT", "AZ", "BA", "BE", "BG", "BH", "BI", "BR", "BY", "CH", "CR", "CY", "CZ", "DE", "DJ",
    "DK", "DO", "EE", "EG", "ES", "FI", "FK", "FO", "FR", "GB", "GE", "GI", "GL", "GR", "GT", "HR", "HU", "IE",
    "IL", "IQ", "IS", "IT", "JO", "KW", "KZ", "LB", "LC", "LI", "LT", "LU", "LV", "LY", "MC", "MD", "ME", "MK",
    "MN", "MR", "MT", "MU", "NI", "NL", "NO", "OM", "PK", "PL", "PS", "PT", "QA", "RO", "RS", "RU", "SA", "SC",
    "SD", "SE", "SI", "SK", "SM", "SO", "ST", "SV", "TL", "TN", "TR", "UA", "VA", "VG", "XK", "YE",
)
# fmt: on

# Digits and an at sign in full width, and what parts digits and labels: the text is folded before it is scanned
WIDE = r"[\x{FF10}-\x{FF19}\x{FF20}]|[0-9A-Za-z][\x{FF0D}\x{FF0E}\x{FF09}][0-9A-Za-z]"

# What the one pass over a text looks for. A trigger is cheap and over-complete: the recogniser named by its first
# character looks at the surroundings and decides. Every repetition that could start anywhere is bounded.
TRIGGERS = (
    WIDE,
    r"<[A-Z][A-Z_]{1,30}(?::[0-9a-f]{16})?>",  # our own placeholders, left alone
    AT + LABELS,
    AT + WIDE_LABELS,
    r"\B@[A-Za-z_][A-Za-z0-9_]{2}",
    r"://[^\s/?#@]+@",
    r"::",
    r"(?::[0-9A-Fa-f]{1,4}){7}",
    r"\b(?i:" + "|".join(IBAN_COUNTRIES) + r")[0-9]{2} ?(?:[A-Za-z0-9] ?){11}",
    r"\b[MSRODmsrod][0-9]{3}(?:[A-Za-z][0-9]{4}|[0-9]{5})\b",
    r"\b[0-9]{2,3}[가-힣] ?[0-9]{4}",
    r"\b[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\b",
    r"\b(?i:tel|fax|hp|ph|cell|mobile|phone|[tmhfpc])0[0-9]{1,2}" + SEPARATOR,
    # Seven digits and what separates them; a single digit in front only as a trunk or country code, or in brackets.
    r"(?:\+ ?\(?|\()\b[0-9](?:" + SEPARATOR + r"{0,3}[0-9]){6}",
    r"\b(?:[01]" + SEPARATOR + r"{1,2}[0-9]|[0-9])[0-9](?:" + SEPARATOR + r"{0,3}[0-9]){5}",
    r"\b[0-9]{6} " + DASH + r" [0-9]{7}",
)
