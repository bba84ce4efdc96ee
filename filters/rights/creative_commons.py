"""Creative Commons licences by the addresses of their deeds and by their names in prose."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from filters.rights.license import KINDS


@dataclass(frozen=True, slots=True, order=True)
class License:
    """rank: the place of its kind in KINDS; name: as SPDX has it, CC-BY-SA-3.0-DE, with what is known of it."""

    rank: int
    name: str

    @property
    def kind(self) -> str:
        """The licence without version and jurisdiction."""
        return KINDS[self.rank]

    @classmethod
    def of(cls, kind: str, *more: str | None) -> "License":
        """The licence of a kind, with a version and a jurisdiction where there are."""
        return cls(KINDS.index(kind), "-".join(part for part in (kind, *more) if part))


_RETIRED = frozenset({"sa", "nd", "nc", "nc-sa", "nd-nc", "sampling", "sampling+", "nc-sampling+", "devnations"})
_PUBLIC_DOMAIN = {"zero": "CC0", "mark": "CC-PDM"}
# A page that the Internet Archive keeps has its addresses rewritten.
_DEED = (
    r"(?:https?:)?//(?:web\.archive\.org/web/\w+/(?:https?://)?)?(?:www\.)?creativecommons\.org/"
    r"(?P<section>licenses|publicdomain)/(?P<code>[a-z+-]{2,20})"
    r"(?:/(?P<version>\d\.\d))?(?:/(?P<place>igo|scotland|[a-z]{2})(?![a-z]))?"
)
# A name counts if it says all there is to it: what follows "Attribution" in a language that is not read here may say
# anything. So a version or "license" must come next.
_ELEMENT = r"(?:non[ -]?commercial|share[ -]?alike|no[ -]?deriv(?:ative)?s?(?: works)?)"
_COMPLETE = r"(?=[ ,]*(?:v|version )?[1-4]\.[05]|[ ,]+(?:[a-z]+ ){0,3}licen[cs]e)"
_NAME = (
    r"(?<![\w-])(?:cc[ -]?(?P<short>0|by(?:[ -](?:nc|sa|nd)){0,2})(?![\w-])"
    r"|creative[ -]commons[ :-]+(?P<middle>by(?:[ -](?:nc|sa|nd)){0,2})(?![\w-])"
    rf"|creative[ -]commons[ :-]+(?P<long>attribution(?:[ ,/-]+{_ELEMENT}){{0,2}}){_COMPLETE}"
    r"|(?:크리에이티브 ?커먼즈|cc)[ :-]*"
    r"(?P<korean>저작자 ?표시(?:[ ,/·-]*(?:비영리|동일 ?조건 ?변경 ?허락|변경 ?금지)){0,2}))"
)
_VERSION = re.compile(r"[ ,]*(?:licen[cs]e[ ,]*)?(?:v|version )?([1-4]\.[05])", re.IGNORECASE)
_AT = re.compile(_DEED, re.IGNORECASE)
_ANYWHERE = re.compile(f"{_DEED}|{_NAME}", re.IGNORECASE)
_POSSIBLE = re2.compile(r"(?i)creative[ -]?commons|\bcc[ -]?by|\bcc[ -]?0|크리에이티브|저작자")
_SAYS = {
    "NC": re.compile(r"\bnc\b|commercial|비영리", re.IGNORECASE),
    "ND": re.compile(r"\bnd\b|deriv|변경 ?금지", re.IGNORECASE),
    "SA": re.compile(r"\bsa\b|alike|동일", re.IGNORECASE),
}


def by_address(address: str) -> License | None:
    """The licence whose deed or text is at an address."""
    found = _AT.match(address.strip())
    return _of_deed(found) if found else None


def named_in(text: str) -> Iterator[tuple[int, License]]:
    """(place, licence) for the addresses of deeds and the complete names in a text, in its order."""
    if not _POSSIBLE.search(text):
        return
    for found in _ANYWHERE.finditer(text):
        license = _of_deed(found) if found["section"] else _of_name(found)
        if license is not None:
            yield found.start(), license


def _of_deed(found: re.Match[str]) -> License | None:
    code, kind = found["code"].lower().rstrip("-"), None
    if found["section"].lower() == "publicdomain":
        kind = _PUBLIC_DOMAIN.get(code)
    elif code == "publicdomain":
        kind = "CC-PDDC"
    elif code in _RETIRED:
        return License(KINDS.index("CC-other"), f"CC-{code.upper()}")
    else:
        kind = _kind(code.split("-"))
    place = (found["place"] or "").upper()
    return License.of(kind, found["version"], place) if kind else None


def _kind(parts: list[str]) -> str | None:
    """The kind of "by" and other elements in any order, as version 1.0 has them; None for what is no licence."""
    kind = "-".join(("CC-BY", *(name for name in _SAYS if name.lower() in parts)))
    return kind if parts[:1] == ["by"] and len(parts) == kind.count("-") and kind in KINDS else None


def _of_name(found: re.Match[str]) -> License | None:
    said = next(one for one in (found["short"], found["middle"], found["long"], found["korean"]) if one)
    elements = [name.lower() for name, pattern in _SAYS.items() if pattern.search(said)]
    kind = "CC0" if said == "0" else _kind(["by", *elements])
    version = _VERSION.match(found.string, found.end())
    if kind == "CC-BY" and version is None and found[0].endswith(" by"):
        return None  # "CC by e-mail"
    return License.of(kind, version and version[1]) if kind else None


__all__ = ["KINDS", "License", "by_address", "named_in"]
