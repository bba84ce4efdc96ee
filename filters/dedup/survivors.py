"""Which document of a cluster stays: an order over documents that depends on their content and id only."""

import hashlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from filters.contracts import CorpusJudge, Duplicates, Survivor, strategy
from filters.document import Document, NoteValue

LAST = (1 << 64) - 1
URL_WORDS = 4


def hash_of(data: bytes) -> int:
    """64-bit hash of bytes, the same in every process and on every machine."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def sortable(value: float) -> int:
    """The bits of a number as an unsigned integer that sorts like the number; NaN sorts before everything."""
    if value != value:
        return 0
    bits: int = struct.unpack("<Q", struct.pack("<d", value + 0.0))[0]  # + 0.0 makes -0.0 equal to 0.0
    return bits ^ LAST if bits >> 63 else bits | 1 << 63


def score_of(bits: int) -> float:
    """The inverse of sortable()."""
    found: float = struct.unpack("<d", struct.pack("<Q", bits ^ (1 << 63) if bits >> 63 else bits ^ LAST))[0]
    return found


def rank_width(policy: Survivor) -> int:
    """How many integers rank() gives."""
    return URL_WORDS if policy == "first-url" else 1


def rank(policy: Survivor, document: Document) -> tuple[int, ...]:
    """The rank of a document under a policy, as unsigned 64-bit integers; the lowest is the best.

    longest    length in characters
    newest     the date (ISO 8601, UTC where it names no zone); documents without a readable date come last
    first-url  alphabetical order of the URL without scheme and "www.", on its first 32 bytes; no URL comes last
    best       the highest value of a note; documents without that note, or with text in it, come last
    """
    if isinstance(policy, Mapping):
        return (LAST - sortable(_number(document.notes.get(policy["best"]))),)
    if policy == "longest":
        return (LAST - len(document.text),)
    if policy == "newest":
        return (LAST - sortable(_seconds(document.date)),)
    if not document.url:
        return (LAST,) * URL_WORDS
    address = document.url.partition("://")[2] or document.url
    start = address.removeprefix("www.").encode("utf-8", "surrogatepass")[: 8 * URL_WORDS]
    return struct.unpack(f">{URL_WORDS}Q", start.ljust(8 * URL_WORDS, b"\0"))


def _number(value: NoteValue | None) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _seconds(date: str) -> float:
    try:
        found = datetime.fromisoformat(date)
    except ValueError:
        return float("nan")
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def identity(document: Document) -> tuple[int, int]:
    """Hash of the id, and hash of text, URL and date: they break the ties of every order."""
    rest = "\0".join((document.url, document.date, document.text))
    return (
        hash_of(document.id.encode("utf-8", "surrogatepass")),
        hash_of(rest.encode("utf-8", "surrogatepass")),
    )


@strategy
class DuplicateJudge(CorpusJudge):
    """Base of the judges that link documents by equal keys and keep one document of each cluster.

    Two documents are linked where any of their k keys are equal at the same position. Clusters are the connected
    components; the document that comes first by the survivor policy stays.
    """

    rule: ClassVar[str] = "duplicate"

    survivor: Survivor = Field(
        "longest", description="The document of a cluster that stays: longest, newest, first-url, or {best: NOTE}."
    )

    def decision(self) -> Duplicates:
        """One key, equal only for equal documents."""
        return Duplicates(self.rule, survivor=self.survivor, key_free=frozenset({"survivor"}))
