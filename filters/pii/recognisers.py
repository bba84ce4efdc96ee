r"""The table of recognisers: what each kind of personal data looks like, what confirms it, which words must be near.

Patterns are RE2 over UTF-8: `\b` and `\d` are ASCII there, so a Korean particle glued to a value ends it like a space.
"""

from dataclasses import dataclass
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

# Between the digits of a number: hyphen, full stop, space, parentheses, no-break space, dashes, minus.
SEPARATOR = r"[-. ()\x{A0}\x{2010}-\x{2015}\x{2212}]"
DASH = r"[-\x{2010}-\x{2015}\x{2212}]"

AT = r"(?:[@\x{FF20}]| ?[\[({] ?(?:at|AT|@|골뱅이) ?[\])}] ?)"
LABELS = r"(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+(?:xn--[A-Za-z0-9-]+|[A-Za-z]{2,24})"
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

# What the one pass over a text looks for. A trigger is cheap and over-complete: the recogniser named by its first
# character looks at the surroundings and decides. Every repetition that could start anywhere is bounded.
TRIGGERS = (
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
    r"(?:\+ ?\(?|\()\b[0-9](?:" + SEPARATOR + r"{0,2}[0-9]){6}",
    r"\b(?:[01]" + SEPARATOR + r"{1,2}[0-9]|[0-9])[0-9](?:" + SEPARATOR + r"{0,2}[0-9]){5}",
    r"\b[0-9]{6} " + DASH + r" [0-9]{7}",
)


@dataclass(frozen=True, slots=True)
class Number:
    """A recogniser of numbers, tried where a number may begin; the first in the table that confirms wins.

    pattern  anchored at the start of the number
    check    the method of the scanner that confirms a match
    """

    kind: Kind
    pattern: str
    check: str


NUMBERS = (
    Number("ip", r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?:/[0-9]{1,2}\b)?", "ipv4"),
    Number("kr_rrn", r"[0-9]{6}(?: ?" + DASH + r" ?|[ .])?[0-9]{7}", "rrn"),
    Number(
        "card",
        r"[0-9]{4}[- ][0-9]{4}[- ][0-9]{4}[- ][0-9]{4}(?:[- ][0-9]{1,3})?|[0-9]{4}[- ][0-9]{6}[- ][0-9]{4,5}"
        r"|[0-9]{12,19}",
        "card",
    ),
    Number("kr_driver_license", r"[0-9]{2}([- ])[0-9]{2}[- ][0-9]{6}[- ][0-9]{2}", "licence"),
    Number("kr_brn", r"[0-9]{3}" + DASH + r"[0-9]{2}" + DASH + r"[0-9]{5}|[0-9]{10}", "brn"),
    Number("us_ssn", r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}", "ssn"),
    Number(
        "kr_bank_account",
        r"[0-9]{2,6}" + DASH + r"[0-9]{2,6}" + DASH + r"[0-9]{2,7}(?:" + DASH + r"[0-9]{1,3})?|[0-9]{10,14}",
        "account",
    ),
    Number("phone", r"\(?\+?[0-9+(]", "phone"),
    Number("kr_crn", r"[0-9]{6}" + DASH + r"?[0-9]{7}", "crn"),
    Number("kr_car_plate", r"[0-9]{2,3}[가-힣] ?[0-9]{4}", "plate"),
)

# Syllables of Korean number plates: private, commercial (바사아자), parcel (배), rental (하허호).
PLATE_SYLLABLES = frozenset("가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호")

# Words that confirm a number which has no check digit of its own, or a weak form. The guard keeps the names inside
# our own placeholders from counting as context.
_WORD = r"(?:^|[^<A-Za-z0-9_])(?:"
CONTEXT = {
    "phone": _WORD
    + r"phones?|telephone|tel|mobile|cell(?:ular|phone)?|fax|call(?:ing|ed|s)?|dial|desk|whatsapp|sms|text(?: me)?|"
    r"contact|hotline|reach|ring|answering|messages?|registered|direct|landline|voicemail|enquir(?:y|ies)|inquir(?:y|ies)|helpline|pager|viber|telegram|"
    r"[mtf][.:])(?:[^A-Za-z0-9]|$)"
    r"|(?:^|[^<A-Za-z0-9_])(?:home|work|office|main|private)[:.] ?$"
    r"|(?:^|[^<A-Za-z0-9_])numbers?(?: is| was| are|:|[^A-Za-z0-9]*$)"
    r"|전화|휴대폰|핸드폰|연락처|팩스|폰|연락|문의|대표번호|카톡|문자|telefon|téléphone|teléfono|電話|电话|手机",
    "card": _WORD + r"cards?|credit|debit|visa|mastercard|amex|maestro|cc|payment)(?:[^A-Za-z0-9]|$)|카드",
    "us_ssn": _WORD + r"ssns?|social|security)(?:[^A-Za-z0-9]|$)",
    "kr_rrn": _WORD + r"rrn|frn|resident|registration|alien)(?:[^A-Za-z0-9]|$)|주민|외국인등록|등록번호|민번",
    "kr_brn": _WORD + r"brn|business|vat)(?:[^A-Za-z0-9]|$)|사업자",
    "kr_crn": _WORD + r"corporate|corporation|crn)(?:[^A-Za-z0-9]|$)|법인",
    "kr_passport": _WORD + r"passports?)(?:[^A-Za-z0-9]|$)|여권",
    "kr_bank_account": _WORD + r"bank account|account (?:number|no)|acct)(?:[^A-Za-z0-9]|$)"
    r"|계좌|입금|예금주|송금|무통장|은행|농협|수협|신협|새마을금고|우체국|카카오뱅크|케이뱅크|토스뱅크",
    "kr_car_plate": r"(?i:plate|licen[cs]e)|차량|번호판|차번호|차 번호|자동차|승용차|택시",
    "ip": _WORD + r"ips?|ipv[46]|addr(?:ess)?|host|server|subnet)(?:[^A-Za-z0-9]|$)|주소|아이피|서버",
}
# What stands right behind a telephone number in signatures and lists.
PHONE_LABEL = r"[ \t]?[-,(/:]?[ \t]?(?i:office|fax|mobile|cell|home|work|phone|tel|direct|main|desk|팩스|휴대폰|전화)"
# Words just before a number that say it is something else.
NEGATIVE_NUMBER = (
    r"(?:order|invoice|serial|model|part|tracking|licen[cs]e|isbn|issn|doi|policy|ticket|case|id|zip|postal|item|ref(?:erence)?)"
    r"[^A-Za-z0-9]{0,3}(?:(?:number|no|nr|code|num)[^A-Za-z0-9]{0,3})?(?:is|was)?[^A-Za-z0-9]{0,3}$"
    r"|(?:주문|송장|운송장|상품|모델|제품|접수|승인|우편|관리|문서|등록)[^0-9]{0,12}$"
)
NEGATIVE_VERSION = r"(?:\bv|\bver|\bversion|\brelease|\bbuild|\bsection|§|버전|버젼)[^A-Za-z0-9]{0,3}$"

# At-rules, annotations and tags that read like a mention.
# fmt: off
NOT_MENTIONS = frozenset((
    "abstractmethod", "after", "afterall", "aftereach", "api", "apply", "author", "autoreleasepool",
    "autowired", "bean", "before", "beforeall", "beforeeach", "builder", "cached_property", "charset",
    "classmethod", "column", "component", "configuration", "container", "contextmanager", "controller",
    "data", "dataclass", "default", "deletemapping", "deprecated", "each", "else", "end", "entity",
    "example", "extend", "final", "font_face", "forward", "function", "functionalinterface", "getmapping",
    "getter", "id", "implementation", "import", "include", "inheritdoc", "inject", "interface", "internal",
    "keyframes", "layer", "link", "lru_cache", "media", "mixin", "nonnull", "notnull", "nullable", "objc",
    "overload", "override", "overrides", "page", "param", "parameterizedtest", "params", "pathvariable",
    "postmapping", "private", "property", "protected", "protocol", "public", "putmapping", "pytest",
    "repository", "requestbody", "requestmapping", "requestparam", "responsebody", "restcontroller",
    "return", "returns", "safevarargs", "see", "selector", "service", "setter", "since",
    "springbootapplication", "static", "staticmethod", "supports", "suppresswarnings", "synthesize",
    "table", "tailwind", "test", "throws", "todo", "transactional", "type", "typedef", "typeparam", "use",
    "valid", "version", "wraps",
))
# fmt: on
# Endings of file names (logo@2x.png) that read like a top-level domain.
NOT_DOMAINS = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "html", "htm", "php", "xml"))
