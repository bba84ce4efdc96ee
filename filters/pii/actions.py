"""What is written in place of a value: a placeholder, a keyed hash, or a synthetic value from a reserved range."""

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import re2

from filters.contracts import ResourceError
from filters.needs import check_file

Action = Literal["replace", "pseudonymise", "hash", "drop"]
MIN_KEY = 16  # bytes; a shorter key is searched in no time

# Every pseudonym has one of these forms, none of which is assigned to anybody: example.com and the documentation
# networks (RFC 2606, 5737, 3849), 555-01xx (NANP), 010-0xxx (Korea), a test issuer's card prefix, the country XX,
# SSN area 000, and birth dates, regions, offices and letters that do not exist.
PSEUDONYMS = {
    "email": r"user-[0-9a-f]{10}@example\.com",
    "phone_kr": r"010-0[0-9]{3}-[0-9]{4}",
    "phone": r"\+1-[2-9][0-9]{2}-555-01[0-9]{2}",
    "ip": r"192\.0\.2\.[0-9]{1,3}|198\.51\.100\.[0-9]{1,3}|203\.0\.113\.[0-9]{1,3}",
    "ip_v6": r"2001:db8:[0-9a-f]{4}:[0-9a-f]{4}::",
    "card": r"400000[0-9]{10}",
    "iban": r"XX[0-9]{2}CURA[0-9]{12}",
    "us_ssn": r"000-[0-9]{2}-[0-9]{4}",
    "url_credentials": r"user-[0-9a-f]{10}",
    "mention": r"@user_[0-9a-f]{10}",
    "kr_rrn": r"000000-1[0-9]{6}",
    "kr_frn": r"000000-5[0-9]{6}",
    "kr_brn": r"000-00-[0-9]{5}",
    "kr_crn": r"000000-9[0-9]{6}",
    "kr_driver_license": r"00-00-[0-9]{6}-00",
    "kr_passport": r"X[0-9]{3}X[0-9]{4}",
    "kr_bank_account": r"000-000-[0-9]{6}",
    "kr_car_plate": r"00가[0-9]{4}",
}


def read_key(key_file: str, key_env: str) -> bytes:
    """The key from a file or from the environment variable named; raises ResourceError, which never quotes the key."""
    if bool(key_file) == bool(key_env):
        raise ResourceError(
            "hash and pseudonymise need a key: set key_file (a path) or key_env (the name of a variable)"
        )
    if key_env:
        value = os.environ.get(key_env)
        if value is None:
            raise ResourceError(f"key_env: the environment variable {key_env} is not set")
        key, where = value.encode("utf-8", "surrogateescape").strip(), f"key_env: the value of {key_env}"
    else:
        path = Path(key_file).expanduser()
        check_file(path, "key_file")
        try:
            key, where = path.read_bytes().strip(), f"key_file: {key_file}"
        except OSError as error:
            raise ResourceError(f"key_file: cannot read {key_file}: {error.strerror}") from error
    if len(key) < MIN_KEY:
        raise ResourceError(f"{where} is shorter than {MIN_KEY} bytes")
    return key


def key_check(key: bytes) -> str:
    """A value that changes with the key and says nothing of it, so that a resumed run notices another key."""
    return hmac.new(key, b"curate: which key", hashlib.sha256).hexdigest()


class Replacer:
    """Writes what stands for a value. Equal values (after normalising) become equal; nothing depends on call order."""

    def __init__(self, action: Action, key: bytes = b"") -> None:
        self._key = key
        self._write: Callable[[str, str], str] = {
            "replace": self._placeholder,
            "drop": self._placeholder,
            "hash": self._hash,
            "pseudonymise": self._pseudonym,
        }[action]
        self._own = re2.compile("|".join(PSEUDONYMS.values())) if action == "pseudonymise" else None

    def __call__(self, kind: str, value: str) -> str:
        """What to write in place of a value of this kind."""
        return self._write(kind, value)

    def keeps(self, value: str) -> bool:
        """Whether a value is a pseudonym of ours already."""
        return self._own is not None and self._own.fullmatch(value) is not None

    def _placeholder(self, kind: str, value: str) -> str:
        return f"<{kind.upper()}>"

    def _hash(self, kind: str, value: str) -> str:
        return f"<{kind.upper()}:{self._digest(kind, value)[:16]}>"

    def _digest(self, kind: str, value: str) -> str:
        return hmac.new(
            self._key, f"{kind}\0{normalise(kind, value)}".encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()

    def _pseudonym(self, kind: str, value: str) -> str:
        code = self._digest(kind, value)
        number = int(code, 16)

        def digits(count: int) -> str:
            return f"{number % 10**count:0{count}d}"

        match kind:
            case "email":
                return f"user-{code[:10]}@example.com"
            case "phone":
                if _national(value).startswith("0"):
                    return f"010-0{digits(3)}-{number // 1000 % 10000:04d}"
                return f"+1-{200 + number % 800}-555-01{number // 800 % 100:02d}"
            case "ip":
                if ":" in value:
                    return f"2001:db8:{code[:4]}:{code[4:8]}::"
                return f"{('192.0.2', '198.51.100', '203.0.113')[number % 3]}.{number // 3 % 256}"
            case "card":
                body = "400000" + digits(9)
                return body + luhn_digit(body)
            case "iban":
                body = digits(12)
                # ISO 13616: the check digits make the letters-as-numbers form 1 modulo 97.
                return f"XX{98 - int(''.join(str(int(c, 36)) for c in f'CURA{body}XX00')) % 97:02d}CURA{body}"
            case "us_ssn":
                return f"000-{digits(2)}-{number // 100 % 10000:04d}"
            case "url_credentials":
                return f"user-{code[:10]}"
            case "mention":
                return f"@user_{code[:10]}"
            case "kr_rrn" | "kr_frn" | "kr_crn":
                return f"000000-{ {'kr_rrn': 1, 'kr_frn': 5, 'kr_crn': 9}[kind] }{digits(6)}"
            case "kr_brn":
                return f"000-00-{digits(5)}"
            case "kr_driver_license":
                return f"00-00-{digits(6)}-00"
            case "kr_passport":
                return f"X{digits(3)}X{number // 1000 % 10000:04d}"
            case "kr_bank_account":
                return f"000-000-{digits(6)}"
            case "kr_car_plate":
                return f"00가{digits(4)}"
        return f"<{kind.upper()}:{code[:16]}>"  # names and places of a model: no reserved range


def luhn_digit(body: str) -> str:
    """The ISO/IEC 7812 check digit of these digits."""
    total = 0
    for index, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if index % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def normalise(kind: str, value: str) -> str:
    """One spelling of a value: letters folded, separators gone, a Korean phone number in its national form."""
    folded = value.casefold()
    if kind == "phone":
        return _national(folded)
    if kind in ("email", "url_credentials", "mention", "ip"):
        return folded
    return "".join(character for character in folded if character.isalnum())


def _national(value: str) -> str:
    digits = "".join(character for character in value if character.isdecimal())
    if value.lstrip(" (").startswith("+82"):
        digits = digits[2:]
        return digits if digits.startswith("0") else "0" + digits
    return "+" + digits if value.lstrip(" (").startswith("+") else digits
