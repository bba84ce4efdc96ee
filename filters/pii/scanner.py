"""One pass of RE2 over a text finds where personal data may be; recognisers confirm or refuse each place."""

from collections.abc import Callable

import re2

from filters.pii.addresses import credentials, email, ipv6
from filters.pii.context import DIGITS, WORD, Context, Hit
from filters.pii.numbers import NUMBERS, iban_sizes, lettered
from filters.pii.recognisers import KINDS, TRIGGERS
from filters.text.code import CodeSpans


class Scanner:
    """Finds personal data of the given kinds in UTF-8 bytes.

    kinds        names of recognisers, see recognisers.KINDS
    ip           "all", or "global" for globally routable addresses only
    regions      ISO 3166 codes whose valid national phone numbers need no label, beside those of the language

    The time is linear in the length: a trigger is tried once at each place, a refused one is skipped together with
    what it was joined to, and everything a recogniser looks at has a bounded length.
    """

    def __init__(self, kinds: tuple[str, ...] = KINDS, ip: str = "all", regions: tuple[str, ...] = ()) -> None:
        self.kinds = frozenset(kinds)
        self._ip = ip
        self._regions = regions
        self._triggers = re2.compile("|".join(f"(?:{trigger})" for trigger in TRIGGERS), _options(64 << 20))
        # Resident numbers are looked for always: others must not be found in their place
        self._numbers = [number for number in NUMBERS if number.kind in self.kinds or number.kind == "kr_rrn"]
        self._shapes = re2.Set.MatchSet(_options(64 << 20))
        for number in self._numbers:
            self._shapes.Add(number.pattern)
        self._shapes.Compile()
        self._anchored = [
            (None if number.kind == "phone" else re2.compile(number.pattern), number.check) for number in self._numbers
        ]
        self._iban_sizes = iban_sizes()

    def scan(self, data: bytes, language: str, code: Callable[[], CodeSpans]) -> list[Hit] | None:
        """The hits in UTF-8 bytes, by position, never overlapping; None where the text has to be folded before, as
        values may stand in full width.

        language   ISO 639-1 or "", chooses phone regions
        code       the code spans of this text, asked for where they matter
        """
        text = Context(data, language, self._regions, self._ip, code)
        hits = text.hits
        search = self._triggers.search
        position = 0  # nothing before it is looked at as part of a value again
        while (found := search(data, position)) is not None:
            start, end = found.span()
            if end - start <= 5 and (data[start] == 0xEF or data[start + 1] == 0xEF):
                return None
            hit, resume = self._confirm(text, start, end, hits[-1].end if hits else 0)
            if hit is not None:
                if hit.kind in self.kinds:
                    hits.append(hit)
                resume = hit.end
            position = max(resume, position + 1)
        return hits

    # Each of these answers (hit or None, where to go on).

    def _confirm(self, text: Context, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
        data = text.data
        first = data[start]
        if first in DIGITS or first == 0x2B:  # +
            return self._number(text, start, start, floor)
        if first == 0x28 and data[end - 1] in DIGITS:  # (
            return self._number(text, start, start, floor)
        if first == 0x3C and 0x41 <= data[start + 1] <= 0x5A:  # <A
            return None, end
        if first == 0x3A:  # :
            return credentials(text, start, end) if data[start + 1] == 0x2F else ipv6(text, start, end, floor)
        if first in WORD:
            return self._lettered(text, start, end, floor)
        return email(text, start, end, floor)

    def _lettered(self, text: Context, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
        """What starts with a letter: IBAN, passport, or a phone number glued to "tel"."""
        if (digit := _GLUED.match(text.data, start)) is not None:
            hit, resume = self._number(text, digit.end() - 1, start, floor)
            if hit is not None:
                return hit, resume
        return lettered(text, start, end, self._iban_sizes)

    def _number(self, text: Context, start: int, guard: int, floor: int) -> tuple[Hit | None, int]:
        """A number: the recogniser of the table that confirms it first. Joined digits before `guard` refuse all.

        Digits before `floor` belong to a value that was found: they will be gone.
        """
        data = text.data
        begin = start
        while begin < len(data) and data[begin] not in DIGITS:
            begin += 1
        if data[start] == 0x28 and b")" not in data[start : start + 9]:  # it encloses more than an area code
            start = guard = begin if data[start + 1] != 0x2B else start + 1
        joined = guard >= 1 and data[guard - 1] == 0x25  # %201980: a space in a link
        joined |= guard >= floor + 2 and data[guard - 1] in b"-.+" and data[guard - 2] in DIGITS
        # 0.0352: a fraction
        joined |= data[begin : begin + 2] == b"0." and data[begin + 2 : begin + 4].isdigit()
        if not joined and _DATE.match(data, begin) is None:
            for index in sorted(self._shapes.Match(data[start : start + 64]) or ()):
                pattern, check = self._anchored[index]
                if pattern is None:
                    end = start  # telephone numbers find their end themselves
                elif (match := pattern.match(data, start)) is not None:
                    end = match.end()
                else:
                    continue
                if (hit := check(text, start, end)) is not None:
                    return hit, hit.end
        if begin > start:
            return None, begin  # without its parenthesis or plus it may be another kind of number
        # Every other start inside a run joined by hyphens and full stops is joined to digits, and would be refused.
        run = _RUN.match(data, begin)
        return None, run.end() if run else start + 1


_GLUED = re2.compile(r"(?i:tel|fax|hp|ph|cell|mobile|phone|[tmhfpc])0")
_DATE = re2.compile(
    r"(?:(?:19|20)[0-9]{2}[-./]{1,2} ?(?:0?[1-9]|1[0-2])[-./] ?(?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-./](?:0?[1-9]|[12][0-9]|3[01])[-./](?:19|20)[0-9]{2})(?:[^0-9]|$)"
)
_RUN = re2.compile(r"[0-9]+(?:[-.][0-9]+)*")


def _options(memory: int) -> "re2.Options":
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False  # they would quote a pattern on stderr
    return options
