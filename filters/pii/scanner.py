"""One pass of RE2 over a text finds where personal data may be; recognisers confirm or refuse each place."""

import ipaddress
from collections.abc import Callable
from typing import NamedTuple

import phonenumbers
import re2
from stdnum import iban, numdb
from stdnum.us import ssn

from filters.pii import checks
from filters.pii.recognisers import (
    CONTEXT,
    KINDS,
    NEGATIVE_NUMBER,
    NEGATIVE_VERSION,
    NOT_DOMAINS,
    NOT_MENTIONS,
    NUMBERS,
    PHONE_LABEL,
    PLATE_SYLLABLES,
    SEPARATOR,
    TRIGGERS,
)

BEFORE, AFTER = 90, 30  # bytes of context that are read on either side: about 30 Hangul syllables before
MAX_LOCAL = 64  # characters before the @ (RFC 5321)
TAG, BACKTICKS, LINE = 300, 100, 1000  # bytes of a tag, of code in a line, of a line, that are read for a mention
MAX_IPV6 = 49  # bytes of the longest textual form, with a prefix length

_LOCAL = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-'")
_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_DIGITS = frozenset(b"0123456789")
_HEX = frozenset(b"0123456789abcdefABCDEF:.")
_COUNTRY_CODE = re2.compile(r"\+[1-9](?:" + SEPARATOR + r"{0,2}[0-9]){6}")

# Regions whose national numbers are believed without a word near them, by language of the document.
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


class Hit(NamedTuple):
    """A confirmed value: its kind and its place in the UTF-8 bytes."""

    kind: str
    start: int
    end: int


class Scanner:
    """Finds personal data of the given kinds in UTF-8 bytes.

    kinds        names of recognisers, see recognisers.KINDS
    ip           "all", or "global" for globally routable addresses only
    regions      ISO 3166 codes whose valid national phone numbers need no word near them, beside those of the language

    The time is linear in the length: a trigger is tried once at each place, a refused one is skipped together with
    what it was joined to, and everything a recogniser looks at has a bounded length.
    """

    def __init__(self, kinds: tuple[str, ...] = KINDS, ip: str = "all", regions: tuple[str, ...] = ()) -> None:
        self.kinds = frozenset(kinds)
        self._ip = ip
        self._regions = regions
        self._triggers = re2.compile("|".join(f"(?:{trigger})" for trigger in TRIGGERS), _options(64 << 20))
        self._numbers = [number for number in NUMBERS if number.kind in self.kinds or number.kind == "kr_rrn"]
        self._shapes = re2.Set.MatchSet(_options(64 << 20))
        self._anchored: list[tuple[str, re2._Regexp, Callable[[bytes, int, int], int | Hit]]] = []
        for number in self._numbers:
            self._shapes.Add(number.pattern)
            self._anchored.append((number.kind, re2.compile(number.pattern), getattr(self, f"_{number.check}")))
        self._shapes.Compile()
        self._context = {kind: re2.compile(f"(?i)(?:{words})") for kind, words in CONTEXT.items()}
        self._negative_number = re2.compile(f"(?i)(?:{NEGATIVE_NUMBER})")
        self._negative_version = re2.compile(f"(?i)(?:{NEGATIVE_VERSION})")
        self._iban_sizes = _iban_sizes()
        self._language = ""

    def scan(self, data: bytes, language: str = "") -> list[Hit]:
        """The hits in UTF-8 bytes, by position, never overlapping; language (ISO 639-1) chooses phone regions."""
        self._language = language
        hits: list[Hit] = []
        search = self._triggers.search
        position = 0  # nothing before it is looked at as part of a value again
        while (found := search(data, position)) is not None:
            start, end = found.span()
            hit, resume = self._confirm(data, start, end, hits[-1].end if hits else 0)
            if hit is not None:
                if hit.kind in self.kinds:
                    hits.append(hit)
                resume = hit.end
            position = max(resume, position + 1)
        return hits

    # Each of these answers (hit or None, where to go on).

    def _confirm(self, data: bytes, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
        first = data[start]
        if first in _DIGITS or first == 0x2B:  # +
            return self._number(data, start, start, floor)
        if first == 0x28 and data[end - 1] in _DIGITS:  # (
            return self._number(data, start, start, floor)
        if first == 0x3C:  # <
            return None, end
        if first == 0x3A:  # :
            if data[start + 1] == 0x2F:
                return self._credentials(data, start, end)
            return self._ipv6(data, start, end, floor)
        if first in _WORD:
            return self._lettered(data, start, end, floor)
        return self._address(data, start, end, floor)

    def _address(self, data: bytes, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
        """An e-mail address around an @, or a mention behind it."""
        left = start
        lowest = max(floor, start - MAX_LOCAL)
        while left > lowest:
            byte = data[left - 1]
            if byte in _LOCAL:
                left -= 1
            elif 0x80 <= byte <= 0xBF and left - 2 >= lowest and 0xC3 <= data[left - 2] <= 0xD3:
                left -= 2  # letters of Latin, Greek and Cyrillic; Hangul and CJK are particles and neighbours
            else:
                break
        while left < start and data[left] in b".-'%+":
            left += 1
        symbol = data[start] == 0x40
        if left == start:
            if symbol and (start == 0 or (data[start - 1] not in b"@./->" and data[start - 1] not in _WORD)):
                return self._mention(data, start)
            return None, start + 1
        labels = data[start:end].split(b".")
        last = labels[-1].decode("utf-8", "replace")
        if len(labels) == 1 or not last[:1].isascii() or not last[:2].isalpha():
            return None, start + 1  # the trigger was a mention's
        if last.lower() in NOT_DOMAINS:
            return None, end
        if (
            len(labels) > 2
            and last.istitle()
            and labels[-2].islower()
            and labels[-2] in (b"com", b"net", b"org", b"kr")
        ):
            end -= len(labels[-1]) + 1  # the next sentence, glued on
        return Hit("email", left, end), end

    def _mention(self, data: bytes, start: int) -> tuple[Hit | None, int]:
        end = start + 1
        while end < len(data) and data[end] in _WORD and end - start <= 31:
            end += 1
        name = data[start + 1 : end]
        line = data.rfind(b"\n", max(0, start - 40), start) + 1
        if data[end : end + 1] == b"." and data[end + 1 : end + 2].isalpha() and not data[line:start].strip():
            return None, end  # a decorator: @torch.no_grad
        if len(name) > 30 or len(name) < 3 or name.lower().decode() in NOT_MENTIONS:
            return None, end
        if self._code.match(data, start) is not None or _in_tag(data, start, end) or _in_backticks(data, start, end):
            return None, end
        return Hit("mention", start, end), end

    _code = re2.compile(
        r"@(?:[A-Za-z0-9_.:-]{1,90}=[A-Za-z0-9_$\"'{\[]"  # an attribute of a template: @update:modelValue="..."
        r"|[A-Za-z0-9_.]{1,90}\([\x00-\x7F]"  # a decorator; a name in Hangul may stand in brackets behind a handle
        r"|[a-z0-9_.-]{1,90}/[a-z0-9]"  # a scoped package
        r"|[A-Za-z0-9_-]{1,60} ?\{)"  # an at-rule, a type in a documentation comment
    )

    def _credentials(self, data: bytes, start: int, end: int) -> tuple[Hit | None, int]:
        """user:password between :// and @."""
        if end - start > 300 or data[start + 3 : end].startswith(b"<"):
            return None, start + 3
        return Hit("url_credentials", start + 3, end - 1), end

    def _ipv6(self, data: bytes, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
        left, right = start, end
        while left > 0 and data[left - 1] in _HEX and end - left <= MAX_IPV6:
            left -= 1
        while right < len(data) and data[right] in _HEX and right - left <= MAX_IPV6:
            right += 1
        if right - left > MAX_IPV6:
            skipped = self._hex_run.match(data, start)
            return None, skipped.end() if skipped else end
        resume = right
        while right > end and data[right - 1] in b".":
            right -= 1
        token = data[left:right].decode()
        joined = (left > 0 and data[left - 1] in _WORD) or (right < len(data) and data[right] in _WORD)
        if "." in token:
            resume = left + token.rindex(":") + 1  # an IPv4 address may stand there on its own
        if joined or left < floor:
            return None, max(resume, start + 1)
        for text in (token, token.rstrip(":")) if not token.endswith("::") else (token,):
            try:
                address = ipaddress.IPv6Address(text)
            except ValueError:
                continue
            stop = left + len(text)
            prefix = self._prefix.match(data, stop)
            if prefix is None and self._small.match(text) and not self._ip_named(data, left, stop):
                return None, max(resume, start + 1)  # also a separator, a qualifier (std::), a slice ([::2])
            if self._ip == "global" and not address.is_global:
                return None, stop
            return Hit("ip", left, prefix.end() if prefix else stop), stop
        return None, max(resume, start + 1)

    _small = re2.compile(r"[0-9]{0,2}::[0-9]{0,2}$")

    def _ip_named(self, data: bytes, start: int, end: int) -> bool:
        return data[max(0, start - 4) : start] == b"://[" or self._near("ip", data, start, end)

    def _lettered(self, data: bytes, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
        """What starts with a letter: IBAN, passport, or a phone number glued to "tel"."""
        if (digit := self._glued.match(data, start)) is not None:
            hit, resume = self._number(data, digit.end() - 1, start, floor)
            if hit is not None:
                return hit, resume
        if (match := self._passport.match(data, start)) is not None:
            if self._near("kr_passport", data, start, match.end()) or self._alone(data, start, match.end()):
                return Hit("kr_passport", start, match.end()), match.end()
            return None, match.end()
        size = self._iban_sizes.get(data[start : start + 2].decode().upper(), 0)
        stop, seen = start, 0
        while stop < len(data) and seen < size and (data[stop] in _WORD or (data[stop] == 0x20 and seen % 4 == 0)):
            seen += data[stop] != 0x20
            stop += 1
        whole = size and seen == size and not (stop < len(data) and data[stop] in _WORD)
        if whole and iban.is_valid(data[start:stop].decode()):
            return Hit("iban", start, stop), stop
        return None, start + 2

    def _number(self, data: bytes, start: int, guard: int, floor: int) -> tuple[Hit | None, int]:
        """A number: the recogniser of the table that confirms it first. Joined digits before `guard` refuse all.

        Digits before `floor` belong to a value that was found: they will be gone.
        """
        begin = start
        while begin < len(data) and data[begin] not in _DIGITS:
            begin += 1
        if data[start] == 0x28 and b")" not in data[start : start + 9]:  # it encloses more than an area code
            start = guard = begin
        joined = guard >= 1 and data[guard - 1] == 0x25  # %201980: a space in a link
        joined |= guard >= floor + 2 and data[guard - 1] in b"-.+" and data[guard - 2] in _DIGITS
        if not joined and self._date.match(data, begin) is None:
            for index in sorted(self._shapes.Match(data[start : start + 64]) or ()):
                kind, pattern, check = self._anchored[index]
                match = pattern.match(data, start)
                if match is None:
                    continue
                result = check(data, start, match.end())
                if isinstance(result, Hit):
                    return result, result.end
                if result:
                    return Hit(kind, start, result), result
        if begin > start:
            return None, begin  # without its parenthesis or plus it may be another kind of number
        # Every other start inside a run joined by hyphens and full stops is joined to digits, and would be refused.
        run = self._run.match(data, begin)
        return None, run.end() if run else start + 1

    _hex_run = re2.compile(r"[0-9A-Fa-f:.]*")
    _prefix = re2.compile(r"/[0-9]{1,3}\b")
    _glued = re2.compile(r"(?i:tel|fax|hp|ph|cell|mobile|phone|[tmhfpc])0")
    _passport = re2.compile(r"[MSRODmsrod][0-9]{3}(?:[A-Za-z][0-9]{4}|[0-9]{5})\b")
    _date = re2.compile(
        r"(?:(?:19|20)[0-9]{2}[-./]{1,2} ?(?:0?[1-9]|1[0-2])[-./] ?(?:0?[1-9]|[12][0-9]|3[01])"
        r"|(?:0?[1-9]|[12][0-9]|3[01])[-./](?:0?[1-9]|[12][0-9]|3[01])[-./](?:19|20)[0-9]{2})(?:[^0-9]|$)"
    )
    _run = re2.compile(r"[0-9]+(?:[-.][0-9]+)*")
    _letter = re2.compile(r"[A-Za-z\x{80}-\x{10FFFF}]")

    # What may confirm a number.

    def _near(self, kind: str, data: bytes, start: int, end: int) -> bool:
        words = self._context[kind]
        before = data[max(0, start - BEFORE) : start]
        return words.search(before) is not None or words.search(data[end : end + AFTER]) is not None

    def _before(self, kind: str, data: bytes, start: int) -> bool:
        return self._context[kind].search(data[max(0, start - BEFORE) : start]) is not None

    def _alone(self, data: bytes, start: int, end: int) -> bool:
        """Whether no letter stands on the value's line: a form's field, a column; nothing says it is something else."""
        left = data.rfind(b"\n", max(0, start - 60), start) + 1
        if left == 0 and start > 60:
            return False
        right = data.find(b"\n", end, end + 60)
        if right < 0:
            if len(data) - end > 60:
                return False
            right = len(data)
        return self._letter.search(data[left:start] + b" " + data[end:right]) is None

    @staticmethod
    def _open_end(data: bytes, end: int) -> bool:
        """Whether a number ends here: no digit follows, nor a hyphen, full stop or plus with one, nor an @.

        A plus with the digits of a telephone number begins another number.
        """
        rest = data[end : end + 2]
        if not rest:
            return True
        if rest[0] in _DIGITS or rest[0] == 0x40:
            return False
        if rest[0] == 0x2B and _COUNTRY_CODE.match(data, end) is not None:
            return True
        return not (rest[0] in b"-.+" and len(rest) > 1 and rest[1] in _DIGITS)

    def _closed(self, data: bytes, end: int) -> bool:
        return self._open_end(data, end) and not (end < len(data) and data[end] in _WORD)

    # Checks of numbers answer with the end of the value, 0, or a hit of another kind.

    def _ipv4(self, data: bytes, start: int, end: int) -> int:
        text, _, prefix = data[start:end].decode().partition("/")
        if prefix and int(prefix) > 32:
            end = start + len(text)
        if not self._closed(data, end) or (self._negative_version.search(data[max(0, start - 20) : start]) is not None):
            return 0
        octets = text.split(".")
        if any(int(octet) > 255 or (len(octet) > 1 and octet[0] == "0") for octet in octets):
            return 0
        if self._ip == "global" and not ipaddress.IPv4Address(text).is_global:
            return 0
        return end

    def _rrn(self, data: bytes, start: int, end: int) -> int | Hit:
        value = data[start:end]
        digits = _digits(value)
        if not self._closed(data, end) or not checks.birth_date(digits):
            return 0
        passed = checks.rrn_checksum(digits)
        if not passed and checks.crn_checksum(digits) and self._before("kr_crn", data, start):
            return Hit("kr_crn", start, end)  # some registry offices' codes read like dates
        if digits[6] in "09" and not passed:
            return 0  # nobody born before 1900 was given a number without a check digit
        # Thirteen digits in a row are also barcodes and parcel numbers: there the check digit or a word must confirm.
        if len(value) == 13 and not (passed or self._near("kr_rrn", data, start, end) or self._alone(data, start, end)):
            return 0
        return Hit("kr_frn" if digits[6] in "5678" else "kr_rrn", start, end)

    def _card(self, data: bytes, start: int, end: int) -> int:
        # A group behind four of four may also be the next card's, or a security code.
        fours = self._fours.match(data, start)
        for stop in (end, fours.end()) if fours and fours.end() < end else (end,):
            digits = _digits(data[start:stop])
            issuer = checks.card_issuer(digits) if self._closed(data, stop) else ""
            if not issuer or not checks.luhn_valid(digits):
                continue
            if issuer == "sure" or stop - start > len(digits) or self._near("card", data, start, stop):
                return stop
        return 0

    _fours = re2.compile(r"[0-9]{4}(?:[- ][0-9]{4}){3}")

    def _licence(self, data: bytes, start: int, end: int) -> int:
        return end if self._closed(data, end) and data[start : start + 2].decode() in checks.LICENCE_REGIONS else 0

    def _brn(self, data: bytes, start: int, end: int) -> int:
        digits = _digits(data[start:end])
        if not self._closed(data, end) or not checks.brn_checksum(digits):
            return 0
        return end if end - start > 10 or self._near("kr_brn", data, start, end) else 0

    def _ssn(self, data: bytes, start: int, end: int) -> int:
        value = data[start:end].decode()
        digits = value.replace("-", "").replace(" ", "")
        if not self._closed(data, end) or not ssn.is_valid(f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"):
            return 0
        if len(value) == 11 and value[3] == value[6]:
            return end if value[3] == "-" or not self._before("phone", data, start) else 0
        return end if self._near("us_ssn", data, start, end) or self._alone(data, start, end) else 0

    def _account(self, data: bytes, start: int, end: int) -> int:
        digits = _digits(data[start:end])
        if not self._closed(data, end) or not 10 <= len(digits) <= 14:
            return 0
        if self._korean.match(data, start) is not None and len(digits) <= 11 and self._korean_phone(data, start):
            return 0
        return end if self._near("kr_bank_account", data, start, end) else 0

    def _crn(self, data: bytes, start: int, end: int) -> int:
        digits = _digits(data[start:end])
        if not self._closed(data, end) or not checks.crn_checksum(digits) or digits[:6] == "000000":
            return 0
        return end if self._near("kr_crn", data, start, end) else 0

    def _plate(self, data: bytes, start: int, end: int) -> int:
        plate = data[start:end].decode()
        number = plate[: -5 if plate[-5] != " " else -6]
        if plate[len(number)] not in PLATE_SYLLABLES or not int(number) or not self._closed(data, end):
            return 0
        if " " not in plate and self._unit.match(data, end) is None:
            return end
        return end if self._near("kr_car_plate", data, start, end) else 0

    _unit = re2.compile(r" ?(?:[억만천원년월일개명여%]|,[0-9])")

    # Phone numbers.

    # Parted after the area code, or not at all: 02110-1301 is a postal code.
    _korean = re2.compile(
        r"(?:\(0(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?)\)"
        rf"|0(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?){SEPARATOR}){SEPARATOR}{{0,2}}"
        rf"[0-9]{{3,4}}{SEPARATOR}{{0,2}}[0-9]{{4}}"
        r"|0(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?)[0-9]{7,8}"
    )
    _american = re2.compile(
        r"(?:1" + SEPARATOR + r")?\(?[2-9][0-9]{2}\)?" + SEPARATOR + r"{0,2}[2-9][0-9]{2}" + SEPARATOR + r"[0-9]{4}"
    )
    _phone_run = re2.compile(r"\(?(?:\+ ?)?\(?[0-9]{1,15}\)?(?:" + SEPARATOR + r"{0,2}\(?[0-9]{1,12}\)?){0,6}")
    _groups = re2.compile(r"[0-9]+")
    _extension = re2.compile(r"(?i) ?(?:x|ext\.? ?|extension ?|내선 ?(?:번호)? ?)[0-9]{1,6}")

    def _phone(self, data: bytes, start: int, end: int) -> int:
        stop = (
            self._international(data, start)
            or self._korean_phone(data, start)
            or self._american_phone(data, start)
            or self._national(data, start)
        )
        if (
            stop
            and (extension := self._extension.match(data, stop)) is not None
            and self._open_end(data, extension.end())
        ):
            return extension.end()
        return stop

    def _cuts(self, data: bytes, start: int) -> list[tuple[int, list[str]]]:
        """Where a number that begins here may end, longest first: (end, groups of digits before it)."""
        run = self._phone_run.match(data, start)
        if run is None:
            return []
        text = data[start : run.end()]
        spans = [match.span() for match in self._groups.finditer(text)]
        groups = [text[a:b].decode() for a, b in spans]
        cuts, total = [], 0
        for index, group in enumerate(groups):
            total += len(group)
            if total > 15:
                break
            stop = start + spans[index][1]
            if stop < len(data) and data[stop] == 0x29:  # the parenthesis that closes (0)
                stop += 1
            if self._open_end(data, stop):
                cuts.append((stop, groups[: index + 1]))
        return cuts[::-1]

    def _international(self, data: bytes, start: int) -> int:
        """A number with a country code, valid by phonenumbers; one of possible length where it is written in groups."""
        if self._country.match(data, start) is None:
            return 0
        plus = data[start : start + 2].lstrip(b"(").startswith(b"+")
        possible = 0
        for stop, groups in self._cuts(data, start):
            if len(groups) > 1 and groups[1] == "0" and len(groups) > 2:
                groups = [groups[0], *groups[2:]]  # +41 (0)71
            digits = "".join(groups)
            if not plus:
                digits = digits[2:]
            if not 8 <= len(digits) <= 15 or _years(groups):
                continue
            try:
                number = phonenumbers.parse("+" + digits)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                return stop
            if not possible and len(groups) > 1 and phonenumbers.is_possible_number(number):
                possible = stop
        return possible if plus or (possible and self._before("phone", data, start)) else 0

    _country = re2.compile(r"\(?(?:\+ ?\(?|00[ -]?)[1-9]")

    def _korean_phone(self, data: bytes, start: int) -> int:
        if data[start] not in b"0(":
            return 0
        match = self._korean.match(data, start)
        if match is None or not self._open_end(data, match.end()):
            return 0
        digits = _digits(match.group())
        if digits.startswith("050") and len(digits) < 11:
            return 0
        bare = match.end() - start == len(digits)
        if (
            bare
            and not (digits.startswith(("01", "070")) and len(digits) in (10, 11))
            and not self._before("phone", data, start)
        ):
            return 0
        return match.end() if _valid(digits, "KR") else 0

    def _american_phone(self, data: bytes, start: int) -> int:
        if data[start] not in b"123456789(":
            return 0
        match = self._american.match(data, start)
        if match is None or not self._open_end(data, match.end()) or self._refused(data, start):
            return 0
        return match.end() if _valid(_digits(match.group()), "US") or self._before("phone", data, start) else 0

    def _national(self, data: bytes, start: int) -> int:
        """A national number: with a word that names it, or valid in a region of the document's language."""
        near = self._before("phone", data, start) or self._labelled.match(data, start) is not None
        regions = (*REGIONS.get(self._language, ()), *self._regions)
        trunk = data[start] == 0x30 or data[start : start + 2] == b"(0"
        if (not near and not (trunk and regions)) or self._refused(data, start):
            return 0
        for stop, groups in self._cuts(data, start):
            digits = "".join(groups)
            if data.rfind(b"(", start, stop) > start or data[start - 1 : start] == b"/":
                continue  # 80(3): volume and issue; /0962-6298: part of an address
            if not 7 <= len(digits) <= 13 or (stop < len(data) and data[stop] in _WORD and data[stop] not in b"xXeE"):
                continue
            sizes = [len(group) for group in groups]
            if _years(groups) or (len(groups) > 1 and (max(sizes) > 7 or min(sizes) < 2)):
                continue
            if near and len(digits) <= 12 and (len(groups) > 1 or 9 <= len(digits) <= 11):
                return stop
            if trunk and 9 <= len(digits) <= 11 and self._plain.match(data[start:stop]) is not None:
                return stop if any(_valid(digits, region) for region in regions) else 0
        return 0

    _labelled = re2.compile(r"\(?[0-9][-0-9 .()]{5,20}[0-9]" + PHONE_LABEL)
    # Area code, then groups parted in one way; decimals (0.1647 0.2891) and lists are not.
    _plain = re2.compile(
        rf"(?:\(0[1-9][0-9]{{0,3}}\){SEPARATOR}?|0[1-9][0-9]{{0,3}}{SEPARATOR})"
        r"(?:[0-9]{5,8}|(?:[0-9]{2,4} )+[0-9]{2,4}|(?:[0-9]{2,4}-)+[0-9]{2,4}"
        r"|(?:[0-9]{2,4}\.)+[0-9]{2,4})$"
    )

    def _refused(self, data: bytes, start: int) -> bool:
        return self._negative_number.search(data[max(0, start - 40) : start]) is not None


def _in_tag(data: bytes, start: int, end: int) -> bool:
    """Whether this is an attribute inside of a tag: <form @submit.prevent>. What is quoted in a tag is not."""
    opened = data.rfind(b"<", max(0, start - TAG), start)
    if opened < 0 or not data[opened + 1 : opened + 2].isalpha() or not data[start - 1 : start].isspace():
        return False
    before = data[opened:start]
    if b">" in before or before.count(b'"') % 2 or before.count(b"'") % 2:
        return False
    closed = data.find(b">", end, end + TAG)
    return closed >= 0 and data.find(b"<", end, closed) < 0


def _in_backticks(data: bytes, start: int, end: int) -> bool:
    """Whether this stands between the backticks of Markdown's code, on one line."""
    opened = data.rfind(b"`", max(0, start - BACKTICKS), start)
    if opened < 0 or data.find(b"\n", opened, start) >= 0:
        return False
    line = data.rfind(b"\n", max(0, start - LINE), start) + 1
    if (line == 0 and start > LINE) or data.count(b"`", line, start) % 2 == 0:
        return False
    if opened > line and data[opened - 1] in _WORD:
        return False  # an apostrophe: don`t
    closed = data.find(b"`", end, end + BACKTICKS)
    return closed >= 0 and data.find(b"\n", end, closed) < 0


def _years(groups: list[str]) -> bool:
    """Whether the digits are a range of years: 1767-1829."""
    return len(groups) == 2 and all(len(group) == 4 and "15" <= group[:2] <= "20" for group in groups)


def _digits(value: bytes) -> str:
    return "".join(chr(byte) for byte in value if byte in _DIGITS)


def _valid(digits: str, region: str) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False


def _iban_sizes() -> dict[str, int]:
    """Length of an IBAN by country, from python-stdnum's table."""
    from filters.pii.recognisers import IBAN_COUNTRIES

    table = numdb.get("iban")
    sizes = {}
    for country in IBAN_COUNTRIES:
        parts = table.info(country)[0][1].get("bban", "")
        if parts:
            sizes[country] = 4 + sum(int(size) for size in re2.findall(r"([0-9]+)!", parts))
    return sizes


def _options(memory: int) -> "re2.Options":
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False  # they would quote a pattern on stderr
    return options
