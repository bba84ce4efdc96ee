"""E-mail addresses, passwords in web addresses, IPv4 and IPv6 addresses."""

import ipaddress

import re2

from filters.pii.context import DIGITS, WORD, Context, Hit
from filters.pii.mentions import mention
from filters.text.urls import top_level_domains

MAX_LOCAL = 64  # characters before the @ (RFC 5321)
MAX_IPV6 = 49  # bytes of the longest textual form, with a prefix length

_LOCAL = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-'")
_HEX = frozenset(b"0123456789abcdefABCDEF:.")

# Reserved for examples (RFC 2606) and in use inside networks; no list of the public ones has them.
MORE_DOMAINS = frozenset(("example", "local", "internal", "lan"))
# Algorithms and extensions of SSH are named so by whoever adds them (RFC 4250): aes128-gcm@openssh.com
SSH_VENDORS = frozenset((b"openssh.com", b"libssh.org"))
# Users that a web address or a path of ssh logs in as, and nobody is
SERVICE_USERS = frozenset(
    (b"git", b"hg", b"svn", b"cvs", b"bzr", b"anonymous", b"anoncvs", b"ftp", b"root", b"user", b"postgres")
)


def email(text: Context, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
    """An e-mail address around an @ (or what is written for it), or a mention after it; and where to go on.

    The domain ends in a top-level domain that exists. Nothing before `floor` belongs to it.
    """
    data = text.data
    left = _local(data, start, floor)
    symbol = data[start] == 0x40
    if left == start:
        if symbol and (start == 0 or (data[start - 1] not in b"@./->" and data[start - 1] not in WORD)):
            return mention(text, start)
        return None, start + 1
    at = _AT.match(data, start)
    domain = data[at.end() if at else start + 1 : end]
    labels = _DOT.split(domain)
    if len(labels) == 1:
        return None, start + 1  # the trigger was a mention's
    cut = len(labels)
    while cut > 1 and not _is_top(labels, cut):
        cut -= 1
    if cut == 1:
        return None, end
    if cut < len(labels):  # the next sentence, glued on
        if any(dots in domain for dots in (b"[", b"(", b"{", b"<")):
            return None, end
        end -= sum(len(label) + 1 for label in labels[cut:])
        labels = labels[:cut]
    if _SCALE.fullmatch(labels[0]) is not None or data[end : end + 1] == b"(":
        return None, end  # logo@2x.zip, x@weights.to(device)
    if b".".join(labels).lower() in SSH_VENDORS:
        return None, end
    local = data[left:start]
    if (len(local) == 1 or len(labels[-2]) == 1) and len(labels) == 2 and text.in_lines_of_code(left, end):
        return None, end
    if local in SERVICE_USERS and (data[max(0, left - 3) : left] == b"://" or _PATH.match(data, end) is not None):
        return None, end
    return Hit("email", left, end), end


_AT = re2.compile(r"(?:@|%40| ?[\[({<] ?(?:at|AT|@|골뱅이) ?[\])}>] ?)")
_DOT_PATTERN = r"(?:\.| ?[\[({<] ?(?:dot|DOT|\.|점|닷) ?[\])}>] ?)"
_DOT = re2.compile(_DOT_PATTERN.encode())
_DOT_BEFORE = re2.compile(r"([A-Za-z0-9_+-]{1,40}) ?[\[({<] ?(?:dot|DOT|\.|점|닷) ?[\])}>] ?$")
_SCALE = re2.compile(rb"[1-9]x")
_PATH = re2.compile(r":[A-Za-z~/{<]|/[A-Za-z]")


def _local(data: bytes, start: int, floor: int) -> int:
    """Where the part before the @ begins."""
    left = start
    lowest = max(floor, start - MAX_LOCAL)
    while True:
        while left > lowest:
            byte = data[left - 1]
            if byte in _LOCAL:
                left -= 1
            elif 0x80 <= byte <= 0xBF and left - 2 >= lowest and 0xC3 <= data[left - 2] <= 0xD3:
                left -= 2  # letters of Latin, Greek and Cyrillic; Hangul and CJK are particles and neighbours
            else:
                break
        dot = _DOT_BEFORE.search(data[lowest:left]) if left > lowest and data[left - 1] in b" ])}>" else None
        if dot is None:
            break
        left = lowest + dot.start(1)
    while left < start and data[left] in b".-'%+":
        left += 1
    return left


def _is_top(labels: list[bytes], cut: int) -> bool:
    """Whether the labels up to a cut end in a top-level domain that exists; before the last only where the rest reads
    like the beginning of a sentence."""
    name = labels[cut - 1].decode("utf-8", "replace")
    if name.lower() not in _tops() and not name.lower().startswith("xn--"):
        return False
    if cut < len(labels):
        return labels[cut][:1].isupper() or not name.isascii()
    before = labels[cut - 2]
    # a@b.com.Next: ".next" exists, but here a sentence begins
    glued = cut > 2 and name.istitle() and before.islower() and before.decode("utf-8", "replace") in _tops()
    return not glued


_known: frozenset[str] = frozenset()


def _tops() -> frozenset[str]:
    global _known
    if not _known:
        _known = top_level_domains() | MORE_DOMAINS
    return _known


def credentials(text: Context, start: int, end: int) -> tuple[Hit | None, int]:
    """user:password between :// and @, and where to go on."""
    within = text.data[start + 3 : end - 1]
    if end - start > 300 or within.startswith(b"<") or any(sign in within for sign in (b"[", b"]", b"{", b"$")):
        return None, start + 3
    if within in SERVICE_USERS:
        return None, end  # nobody's name; the host is no e-mail address after it
    return Hit("url_credentials", start + 3, end - 1), end


def ipv4(text: Context, start: int, end: int) -> Hit | None:
    """Four numbers of which one has three digits, or is 0, are an address by their form, as no heading and hardly a
    version has such; smaller ones need a label, a port, a prefix, or the beginning of a line of a log or a hosts file.

    A version, a section or a product before it is against it, and so is its like beside it: 3.2.2.1 and 3.2.2.2.
    """
    data = text.data
    value, _, prefix = data[start:end].decode().partition("/")
    if prefix and int(prefix) > 32:
        end, prefix = start + len(value), ""
    octets = value.split(".")
    if _CONTINUED.match(data, end) is not None:
        return None  # 2.20.1.155.g426c96
    if not text.closed(end) or any(int(octet) > 255 or (len(octet) > 1 and octet[0] == "0") for octet in octets):
        return None
    if text.ip == "global" and not ipaddress.IPv4Address(value).is_global:
        return None
    hit = Hit("ip", start, end)
    labelled = text.labelled("ip", start)
    if not labelled and _VERSION.search(text.before(start, 48)) is not None:
        return None
    numbers = [int(octet) for octet in octets]
    if labelled or max(numbers) >= 100 or value in KNOWN_RESOLVERS:
        return hit
    if prefix and (prefix == "32" or _is_network(f"{value}/{prefix}")):
        return hit
    if _PORT.match(data, end) is not None or _OPENED.search(text.before(start, 4)) is not None:
        return hit
    line = text.line_before(start)
    if not line.strip() and _LOGGED.match(text.line_after(end)) is not None:
        return hit
    beside = bool(text.hits) and text.hits[-1].kind == "ip" and start - text.hits[-1].end <= 8
    if beside and _APART.fullmatch(data[text.hits[-1].end : start]) is not None:
        return hit
    if 0 not in numbers or numbers[0] == 0 or text.in_lines_of_code(start, end):
        return hit if numbers == [0, 0, 0, 0] else None
    return hit if numbers[0] in PRIVATE_BY_FORM else None


def _is_network(value: str) -> bool:
    """Whether no bit after the prefix is set; 27.6.1.3/24 is paragraph 24."""
    try:
        ipaddress.IPv4Network(value)
    except ValueError:
        return False
    return True


KNOWN_RESOLVERS = frozenset(("8.8.8.8", "8.8.4.4", "9.9.9.9"))
PRIVATE_BY_FORM = frozenset((10,))  # of the private networks the only one without a number of three digits
_CONTINUED = re2.compile(r"\.[a-z0-9]|-[a-z]")
_PORT = re2.compile(r":[0-9]{1,5}\b")
_OPENED = re2.compile(r"(?:://|[^\s]@|\w@)\[?$")
# 192.0.2.1 - - [..., 192.0.2.1 [date], 192.0.2.1 "GET, 192.0.2.1 host.example.com, 192.0.2.1 localhost
_LOGGED = re2.compile(
    r"[ \t]+(?:- [a-z0-9-]+ \[|\[[0-9]|\"|[0-9]{2,4}[-/:]|(?:[a-z0-9-]+\.)+[a-z]{2,}(?:\s|$)|[a-z0-9-]+[ \t]*(?:#|$))"
    r"|,[^ ]"
)
_APART = re2.compile(r"[ \t]*(?:[,;/|]|and|or|와|및|→|->)?[ \t]*")
_VERSION = re2.compile(
    r"(?:^|[^A-Za-z0-9])(?i:v|ver|version|versions|release|releases|build|section|sections|sec|chapter|clause|clauses"
    r"|paragraph|para|figure|fig|table|appendix|annex|item|step|rule|example|requirement|iso|rfc|oid|firmware|driver"
    r"|update|kernel|python|java|jdk|php|perl|ruby|node|chrome|firefox|safari|opera|edge|webkit|mozilla|windows|linux"
    r"|macos|android|ios|glibc|gcc|clang|libreoffice|postgresql|mysql)[^A-Za-z0-9\n]{0,3}$"
    r"|[A-Za-z][A-Za-z0-9_.]*[/_-]$|§ ?$|(?:버전|버젼|판본|제|절|장|표|그림|항목|조항) ?[^A-Za-z0-9가-힣\n]{0,3}$"
    r"|(?:^|\n)[ \t]*[#*=]+ {0,4}$"
)


def ipv6(text: Context, start: int, end: int, floor: int) -> tuple[Hit | None, int]:
    """An IPv6 address around a ::, or of eight groups, and where to go on.

    Beside a :: it takes three groups, or one that reads as the beginning of an address (2xxx, fe80, fd..), a label, a
    prefix length or the brackets of a web address: all else is a scope (A::b), a slice ([::2]), a colon too many.
    """
    data = text.data
    left, right = start, end
    while left > 0 and data[left - 1] in _HEX and end - left <= MAX_IPV6:
        left -= 1
    while right < len(data) and data[right] in _HEX and right - left <= MAX_IPV6:
        right += 1
    if right - left > MAX_IPV6:
        skipped = _HEX_RUN.match(data, start)
        return None, skipped.end() if skipped else end
    resume = right
    while right > end and data[right - 1] in b".":
        right -= 1
    token = data[left:right].decode()
    joined = (left > 0 and (data[left - 1] in WORD or data[left - 1] == 0x2D)) or (
        right < len(data) and data[right] in WORD
    )
    if "." in token:
        resume = left + token.rindex(":") + 1  # an IPv4 address may stand there on its own
    if joined or left < floor:
        return None, max(resume, start + 1)
    for value in (token, token.rstrip(":")) if not token.endswith("::") else (token,):
        try:
            address = ipaddress.IPv6Address(value)
        except ValueError:
            continue
        stop = left + len(value)
        prefix = _PREFIX.match(data, stop)
        if prefix is None and not _by_form(value) and not _named(text, left, stop):
            return None, max(resume, start + 1)
        if text.ip == "global" and not address.is_global:
            return None, stop
        return Hit("ip", left, prefix.end() if prefix else stop), stop
    return None, max(resume, start + 1)


_HEX_RUN = re2.compile(r"[0-9A-Fa-f:.]*")
_PREFIX = re2.compile(r"/[0-9]{1,3}\b")
_BEGINS = re2.compile(r"(?i)(?:[23][0-9a-f]{3}|fe80|f[cd][0-9a-f]{2}|ff0[0-9a-f]|64):")


def _by_form(value: str) -> bool:
    groups = [group for group in value.split(":") if group]
    if "::" not in value:
        return any(len(group) != 2 for group in groups)  # eight pairs are an identifier, or a piece of a fingerprint
    if "." in value:
        return True  # an IPv4 address within
    if len(groups) >= 3:
        return any(character.isdigit() for character in value)
    return len(groups) == 2 and _BEGINS.match(value) is not None


def _named(text: Context, start: int, end: int) -> bool:
    data = text.data
    if data[max(0, start - 4) : start] == b"://[" or (
        data[max(0, start - 1) : start] == b"[" and data[end : end + 2] == b"]:"
    ):
        return True
    if end - start == 2:
        return _IPV6_LABEL.search(text.before(start, 24)) is not None and _ALONE.match(data, end) is not None
    return any(byte in DIGITS for byte in data[start:end]) and text.labelled("ip", start)


_ALONE = re2.compile(r"[`'\")\].,;/]|\s*$")
_IPV6_LABEL = re2.compile(r"(?i)(?:^|[^A-Za-z0-9])(?:ip|ipv6|address|listen|bind)(?: on| to| is)?[ :=]{1,3}[`'\"(\[]?$")
