"""Which document of a cluster stays: an order over documents that depends on their content and id only."""

import hashlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import Field

from filters.contracts import CorpusJudge, Duplicates, Survivor, strategy
from filters.document import Document, NoteValue

LAST = (1 << 64) - 1
URL_WORDS = 4
DUP_COUNT, DUP_CLUSTER = "dup_count", "dup_cluster"


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


def rank_width(policy: Survivor, compare: str | None = None) -> int:
    """How many integers rank() gives; the last is that of `compare`, where there is one."""
    return (URL_WORDS if policy == "first-url" else 1) + (compare is not None)


def rank(policy: Survivor, document: Document, compare: str | None = None) -> tuple[int, ...]:
    """The rank of a document under a policy, as unsigned 64-bit integers; the lowest is the best.

    longest    length in characters
    newest     the date (ISO 8601, UTC where it names no zone); documents without a readable date come last
    first-url  alphabetical order of the URL without scheme and "www.", on its first 32 bytes; no URL comes last
    best       the highest value of a note; documents without that note, or with text in it, come last

    compare    a note that breaks ties, in the same way as best
    """
    if compare is not None:
        return (*rank(policy, document), LAST - sortable(_number(document.notes.get(compare))))
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


def copies(document: Document) -> int:
    """For how many documents one stands by the stages before, itself included."""
    count = document.notes.get(DUP_COUNT, 1)
    return count if isinstance(count, int) and count > 0 else 1


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

    The document that stays is noted as standing for those dropped for it (`dup_count`, itself included, and what they
    stood for by an earlier stage), and what is in a cluster with others gets the cluster's name (`dup_cluster`).
    """

    rule: ClassVar[str] = "duplicate"
    writes: ClassVar[Mapping[str, str]] = {DUP_COUNT: "int64", DUP_CLUSTER: "string"}

    survivor: Survivor = Field(
        "longest", description="The document of a cluster that stays: longest, newest, first-url, or {best: NOTE}."
    )
    compare: str | None = Field(
        None,
        min_length=1,
        description="A note (a number, higher is better) that breaks ties of the survivor policy; the evidence says "
        "how often the document kept has less of it than one dropped for it.",
    )

    def notes_read(self) -> tuple[str, ...]:
        """Those of the class, and the notes that say which document is best."""
        best = self.survivor["best"] if isinstance(self.survivor, Mapping) else None
        return tuple(dict.fromkeys(name for name in (*self.reads, best, self.compare) if name is not None))

    def decision(self) -> Duplicates:
        """One key, equal only for equal documents."""
        return self.duplicates()

    def duplicates(self, **more: Any) -> Duplicates:
        """The decision, with what the base's settings say of it."""
        free = frozenset({"survivor", "compare"}) | more.pop("key_free", frozenset())
        return Duplicates(self.rule, survivor=self.survivor, compare=self.compare, key_free=free, **more)
