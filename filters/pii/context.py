"""A text that is scanned, and what stands around a place in it: labels in front, units after it, code, lists."""

from collections.abc import Callable
from typing import NamedTuple

import re2

from filters.text.code import INLINE, MARKUP, CodeSpans

BEFORE = 80  # bytes read in front of a number for a label: two dozen Hangul syllables
LINE = 200  # bytes read for what the line or the address around a value is

DIGITS = frozenset(b"0123456789")
WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


_PHONE_LIKE = re2.compile(
    r"0[0-9]{1,2}[-. ][0-9]{3,4}[-. ][0-9]{4}|[2-9][0-9]{2}[-. ][0-9]{3}[-. ][0-9]{4}|0[0-9]{8,10}|(?:19|20)[0-9]{2}\b"
)


def _is_phone_like(value: bytes) -> bool:
    """A telephone number begins here, or a year: neither makes a list of numbers."""
    return _PHONE_LIKE.match(value) is not None


class Hit(NamedTuple):
    """A confirmed value: its kind and its place in the UTF-8 bytes."""

    kind: str
    start: int
    end: int


class Context:
    """A text and the questions that recognisers ask about a place in it; every answer reads a bounded neighbourhood.

    data      the text in UTF-8
    language  ISO 639-1 or ""
    regions   ISO 3166 codes whose valid national phone numbers need no label
    ip        "all" or "global"
    hits      what was found before the place at hand
    """

    __slots__ = ("_answer", "_asked", "_code", "_spans", "data", "hits", "ip", "language", "regions")

    def __init__(
        self, data: bytes, language: str, regions: tuple[str, ...], ip: str, code: Callable[[], CodeSpans]
    ) -> None:
        self.data = data
        self.language = language
        self.regions = regions
        self.ip = ip
        self.hits: list[Hit] = []
        self._code = code
        self._spans: CodeSpans | None = None
        self._asked, self._answer = ("", -1), False

    def in_code(self, start: int, end: int) -> bool:
        """Whether this touches code; markup is none here, as values stand between tags and in them."""
        return self._found().touches_bytes(start, end) not in (0, MARKUP)

    def in_lines_of_code(self, start: int, end: int) -> bool:
        """Whether this touches fenced code or whole lines of it."""
        return self._found().touches_bytes(start, end) not in (0, MARKUP, INLINE)

    def has_code(self) -> bool:
        """Whether the text holds any code."""
        return any(kind != MARKUP for kind in self._found().kinds)

    def _found(self) -> CodeSpans:
        if self._spans is None:
            self._spans = self._code()
        return self._spans

    def before(self, start: int, size: int = BEFORE) -> bytes:
        """The bytes in front of a place."""
        return self.data[max(0, start - size) : start]

    def line_before(self, start: int) -> bytes:
        """What stands in front of a place on its line."""
        return self.data[self.data.rfind(b"\n", max(0, start - LINE), start) + 1 or max(0, start - LINE) : start]

    def line_after(self, end: int) -> bytes:
        """What comes after a place on its line."""
        stop = self.data.find(b"\n", end, end + LINE)
        return self.data[end : stop if stop >= 0 else end + LINE]

    def open_end(self, end: int) -> bool:
        """Whether a number ends here: no digit follows, nor a hyphen, full stop or plus with one, nor an @.

        A plus with the digits of a telephone number begins another number.
        """
        rest = self.data[end : end + 2]
        if not rest:
            return True
        if rest[0] in DIGITS or rest[0] == 0x40:
            return False
        if rest[0] == 0x2B and _COUNTRY_CODE.match(self.data, end) is not None:
            return True
        return not (rest[0] in b"-.+" and len(rest) > 1 and rest[1] in DIGITS)

    def closed(self, end: int) -> bool:
        """The same, and no letter or underscore follows."""
        return self.open_end(end) and not (end < len(self.data) and self.data[end] in WORD)

    def labelled(self, kind: str, start: int) -> bool:
        """Whether a word that names this kind of value stands directly before it: in its cell, on its line, or alone on
        the line above. The last value found hands its label on across a comma or a conjunction."""
        if self._asked != (kind, start):
            self._asked, self._answer = (kind, start), self._has_label(kind, start)
        return self._answer

    def _has_label(self, kind: str, start: int) -> bool:
        if _LABELS[kind].search(self.before(start)) is not None:
            return True
        if not self.hits or self.hits[-1].kind != kind or start - self.hits[-1].end > 12:
            return False
        return _AND.fullmatch(self.data[self.hits[-1].end : start]) is not None

    def bank_behind(self, end: int) -> bool:
        """Whether the name of a bank comes directly after, in brackets or after a comma."""
        return _BANK_BEHIND.match(self.data, end) is not None

    def is_something_else(self, start: int) -> bool:
        """Whether a word directly before names another kind of number: an order, a part, a section."""
        return _OTHER.search(self.before(start, 48)) is not None

    def counted(self, start: int, end: int) -> bool:
        """Whether a unit, a counter, a percent sign or an operator stands beside, or a currency before."""
        return _UNIT.match(self.data, end) is not None or _OPERATOR.search(self.before(start, 8)) is not None

    def in_address(self, start: int) -> bool:
        """Whether this is a part of a web address, a path or a DOI."""
        before = self.before(start, LINE)
        word = before[max(before.rfind(b" "), before.rfind(b"\n"), before.rfind(b"\t")) + 1 :]
        return (b"://" in word or word.startswith((b"www.", b"doi:", b"/"))) and _IN_ADDRESS.search(word) is None

    def among_its_like(self, start: int, end: int, is_value: Callable[[bytes], bool] = _is_phone_like) -> bool:
        """Whether another number of three digits or more stands beside with no more than a blank, a comma or a bar
        between, and reads like no value itself: a list, a row of a table, a dump."""
        left = None
        if not self.hits or start - self.hits[-1].end > 3:
            left = _NUMBER_BEFORE.search(self.before(start, 40))
        right = _NUMBER_BEHIND.match(self.data[end : end + 40])
        if _PAIR_BEFORE.search(self.before(start, 4)) is not None or _PAIR_BEHIND.match(self.data[end : end + 4]):
            return True
        return any(found is not None and not is_value(found.group(1)) for found in (left, right))

    def whole(self) -> bool:
        """Whether the text holds nothing but such values: a field, a cell."""
        return len(self.data) <= 60 and _LETTERS.search(self.data) is None


def _words(*words: str) -> str:
    """Any of these as a whole word: after no letter, digit or underscore, and not in a placeholder."""
    return r"(?:^|[^<A-Za-z0-9_])(?i:" + "|".join(words) + ")"


def _korean(*words: str) -> str:
    """Any of these as a whole word: after no syllable."""
    return "(?:^|[^가-힣])(?:" + "|".join(words) + ")"


_PARTICLE = r"(?: ?번호)?(?:로는|으로는|[은는이가을를로의도와과]|으로|입니다|이며|인)?"
# Between a label and its value: "number is", "no.: ", "= ", "**Tel:** ", "| "
_LINK = (
    r"(?:\(s\)|s)?(?: (?:numbers?|no|nr|num|line|#))?\.?(?:[ \t]?\([A-Za-z가-힣 ]{1,20}\))?"
    r"[ \t:：=|*_\"'’”>\[(#-]{0,8}(?:(?:is|was|are|at|on|to)[ \t:]{1,2})?[ \t:：=|*_\"'‘“(\[☎☏✆📞📱+-]{0,4}$"
)
_KOREAN_LINK = _PARTICLE + r"[ \t:：=|*_\"'’”>\[(/.,·-]{0,6}(?:☎|☏|📞|📱)?[ \t(]{0,2}$"
# The label alone on the line above
_ABOVE = r"(?: (?:number|no))?\.?[ \t]{0,2}[:：]?[ \t]{0,2}\r?\n[ \t]{0,8}$"


def _label(english: tuple[str, ...], korean: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> "re2._Regexp":
    ways = [_words(*english) + _LINK, r"(?:^|\n)[ \t]{0,8}(?i:" + "|".join(english) + ")" + _ABOVE]
    if korean:
        ways += [
            _korean(*korean) + _KOREAN_LINK,
            r"(?:^|\n)[ \t]{0,8}(?:" + "|".join(korean) + ")(?:번호)?" + _ABOVE,
        ]
    return re2.compile("|".join(f"(?:{way})" for way in (*ways, *more)))


_PHONE = (
    *("tele?phone", "phone", "tel", "ph", "mobile(?: phone)?", "mob", "cell(?:ular)?(?: phone)?", "fax", "facsimile"),
    *("hotline", "helpline", "landline", "pager", "whatsapp", "viber", "telegram", "sms", "voicemail", "switchboard"),
    *("contact", "toll[- ]free", "enquir(?:y|ies)", "inquir(?:y|ies)", "telefon[eo]?", "tlf", "téléphone", "tél"),
    *("teléfono", "móvil", "handy", "電話", "电话", "手机", "携帯", "телефон"),
)
_SAID = (  # "call me at", "answering at", "messages to", "my international number is"
    r"call(?:ed|ing|s)?(?: (?:me|us|him|her|them|back|now|toll[- ]free))?(?: (?:at|on|to))?",
    r"(?:reach(?:ed)?|text|ring|dial|phone|contact)(?: (?:me|us|him|her|them))?(?: (?:at|on))?",
    r"answering(?: at| on)?",
    r"messages?(?: to| on| at)(?: (?:my|our|his|her|your|the) registered)?",
    r"(?:my|our|his|her|your|their)(?: [A-Za-z]{2,16})? (?:numbers?|one)",
)
_LABELS = {
    "phone": _label(
        _PHONE,
        (
            "(?:대표|상담|문의|휴대|예약|직통|무료|자택|사무실|회사|집|구내|안내|일반|시내)? ?전화",
            *("휴대폰", "핸드폰", "폰", "연락처", "연락", "팩스", "팩시밀리", "문의처?", "대표번호", "고객센터"),
            *("콜센터", "상담", "예약", "카톡", "문자", "직통", "내 번호", "제 번호"),
        ),
        (
            _words(*_SAID) + r"(?: (?:is|was|are))?[ :]{1,2}[(]?$",
            # Words that are a label only with a colon after them
            r"(?:^|[\n|,;/] ?)(?i:desk|home|work|office|main|private|direct|number|[mtfphc])[.:] ?[(]?$",
        ),
    ),
    "card": _label(
        (
            r"(?:credit|debit|payment|bank|visa|master|amex)[- ]?cards?",
            *("cards?", "visa", "mastercard", "amex", "american express", "maestro", "cc", "pan"),
        ),
        ("(?:신용|체크|직불|법인)? ?카드",),
    ),
    "us_ssn": _label(("ssns?", r"social(?: security)?(?: numbers?| no\.?| #)?", "soc sec")),
    "kr_rrn": _label(
        ("rrn", "frn", r"(?:resident|alien|foreigner)(?: registration)?", "registration"),
        ("주민(?:등록)?", "외국인(?:등록)?", "등록", "민번"),
    ),
    "kr_brn": _label(("brn", r"business(?: registration)?", "vat"), ("사업자(?: ?등록)?",)),
    "kr_crn": _label(("crn", r"corporat(?:e|ion)(?: registration)?"), ("법인(?: ?등록)?",)),
    "kr_passport": _label(("passports?",), ("여권",)),
    "kr_bank_account": _label(
        ("bank accounts?", "account", "acct", "a/c"),
        (
            *("(?:입금|송금|은행|환불|후원|가상)? ?계좌", "입금", "예금주?", "송금", "무통장(?: ?입금)?", "통장"),
            *("[가-힣]{0,4}은행", "농협", "수협", "신협", "새마을금고", "우체국", "카카오뱅크", "케이뱅크", "토스뱅크"),
        ),
        (  # the holder's name between the bank and the number
            r"(?:[가-힣]{0,4}은행|농협|수협|신협|새마을금고|우체국|뱅크|예금주)[ :,(/]{1,3}[가-힣]{2,4}[ :,)/]{1,3}$",
        ),
    ),
    "kr_car_plate": _label(
        (r"(?:licen[cs]e|number)?[ -]?plates?", "licen[cs]e"),
        ("(?:차량|자동차|차|승용차|택시|트럭|버스)(?: ?번호(?:판)?)?", "번호판?"),
    ),
    "ip": _label(
        (
            *("ips?", "ipv[46]", r"(?:ip|server|host|source|remote|local|client)[- ]addr(?:ess)?(?:es)?"),
            *(
                "addr(?:ess)?",
                "addresses",
                "ping",
                "traceroute",
                "localhost",
                "connect(?:ed|ing)? (?:to|from)",
            ),
        ),
        ("아이피", "IP", "주소"),
        (  # what also has a version: a label only with more than a blank between
            _words("host", "server", "subnet", "gateway", "router", "dns", "nameserver", "netmask", "peer", "proxy")
            + r"s?(?:[ \t]{0,2}[:=]|(?: address)? (?:is|are|at|on))[ \t\"'`\[(]{0,3}$",
            r"(?:서버|호스트|게이트웨이)(?:는|은|가|로| ?[:：=]) ?$",
        ),
    ),
}
# A number that a bank's or a telephone's word stands before, but that has another name of its own
_OTHER = re2.compile(
    r"(?:^|[^<A-Za-z0-9_])(?i:order|invoice|serial|model|part|tracking|licen[cs]e|isbn|issn|doi|policy|ticket|case|id|zip"
    r"|postal|item|ref(?:erence)?|version|release|build|section|sections|chapter|clause|figure|fig|table|page|pages|pp|bug"
    r"|issue|report|patent|law|act|no|nos)[^A-Za-z0-9\n]{0,3}(?:(?:number|no|nr|code|num)[^A-Za-z0-9\n]{0,3})?"
    r"(?:is|was)?[^A-Za-z0-9\n]{0,3}$"
    r"|(?:주문|송장|운송장|등기|상품|모델|제품|접수|승인|우편|관리|문서|등록|일련|고유|학번|사번|제품|사건)[^0-9\n]{0,12}$"
)
# What comes right after a telephone number in signatures and lists
BEHIND = (
    r"(?: ?[-,(/:] ?)(?i:office|fax|mobile|cell|home|work|phone|tel|direct|main|desk|팩스|휴대폰|전화)(?:[^A-Za-z]|$)"
)
_BANK_BEHIND = re2.compile(
    r" ?[(,/] ?(?:[가-힣]{0,4}은행|농협|수협|신협|새마을금고|우체국|카카오뱅크|케이뱅크|토스뱅크|예금주)"
)
_AND = re2.compile(r"(?i)[ \t]*(?:[,/;~]|or|and|및|또는|,? ?\()[ \t]*")
# Counters and units, a percent sign, an operator between blanks, a bracket of code
_UNIT = re2.compile(
    r" ?(?:[%℃°㎡㎞㎏$€£¥₩]|(?:km|cm|mm|kg|mg|ms|ns|GB|MB|KB|TB|Hz|bytes?|bits?|chars?|characters?|users?|people"
    r"|times|items?|points?|seconds?|minutes?|hours?|days?|years?|dollars?|won|lines?|rows?|px|pt|em)(?:[^A-Za-z]|$)"
    r"|[*=<>^] ?[0-9A-Za-z(]|[/+] [0-9(])"
    r"|(?:억|만|천|원|달러|유로|엔|명|대|개|건|회|번째|번지|번길|년|월|일|시|분|초|위|층|쪽|권|점|배|톤|호|장|가지|바이트|자|글자)"
    r"|,[0-9]{3}(?:[^0-9]|$)| [가-힣]{0,2}(?:달러|바이트)"
)
_OPERATOR = re2.compile(r"(?:[$€£¥₩^<>%&]|[=*/+] ?|[A-Za-z_]\(|\[)$")
_IN_ADDRESS = re2.compile(r"(?i)(?:tel|phone|mobile|hp|whatsapp|wa\.me)[^0-9]{0,4}$")
_NUMBER_BEFORE = re2.compile(r"([0-9][-0-9.]{1,20}[0-9])(?:[,;|/]|[,;|]?[ \t]{1,4})$")
_NUMBER_BEHIND = re2.compile(r"(?:[,;|/]|[,;|]?[ \t]{1,4})([0-9][-0-9. ]{1,20}[0-9])")
# Two hexadecimal digits, one of them a decimal: a dump of bytes
_PAIR_BEFORE = re2.compile(r"(?:^|[^0-9A-Za-z])(?:[0-9][0-9A-Fa-f]|[A-Fa-f][0-9]) $")
_PAIR_BEHIND = re2.compile(r" (?:[0-9][0-9A-Fa-f]|[A-Fa-f][0-9])(?:[^0-9A-Za-z]|$)")
_COUNTRY_CODE = re2.compile(r"\+[1-9](?:[-. ()\x{A0}\x{2010}-\x{2015}\x{2212}]{0,2}[0-9]){6}")
_LETTERS = re2.compile(r"[A-Za-z\x{80}-\x{10FFFF}]")
