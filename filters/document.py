"""What flows through a pipeline: a page as it was read, and the document made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

NoteValue = str | int | float | bool | tuple[str | int | float | bool, ...]
T = TypeVar("T")

# The columns of kept/ that every row has; notes become columns beside them.
COLUMNS = ("id", "url", "text", "language", "source", "offset", "date")
NOTE_TYPES: Mapping[str, type] = {"string": str, "float64": float, "int64": int, "bool": bool}  # by Arrow type


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as a reader found it, before any text was extracted.

    id          the record's own id, else a hash of url, date and body; never of a path or an offset
    body        the payload after HTTP de-chunking and content decoding; bytes, not yet decoded to text
    media_type  "text/html" or "text/plain", detected from the content; rows that hold text already are "text/plain"
    charset     the encoding somebody declared (HTTP header, "utf-8" for rows of JSONL and Parquet), or ""
    date        crawl time, ISO 8601, or ""
    source      the file it was read from; (source, offset) is the row key
    offset      byte offset of the record (of its gzip member), or line or row number for JSONL and Parquet
    carried     fields of a JSONL or Parquet row to carry into kept/, by name
    headers     of the HTTP answer, the WARC record and the like, those that a reader keeps; names in any case
    """

    id: str
    url: str = ""
    body: bytes = b""
    media_type: str = "text/html"
    charset: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    date: str = ""
    source: str = ""
    offset: int = 0
    notes: Mapping[str, NoteValue] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    _derived: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def document(self, text: str, **notes: NoteValue) -> "Document":
        """The document with this page's text, and these notes beside those of the page."""
        return Document(
            self.id,
            text,
            self.url,
            {**self.notes, **notes} if notes else self.notes,
            self.source,
            self.offset,
            self.date,
            carried=self.carried,
        )

    def derive(self, function: Callable[["RawPage"], T]) -> T:
        """function(page), computed once for this page however many strategies ask (its tags)."""
        if function not in self._derived:
            self._derived[function] = function(self)
        found: T = self._derived[function]
        return found


@dataclass(frozen=True)
class Document:
    """A text and what is known about it. Never mutated: with_text and note return new documents.

    notes    what strategies found out ("language": "ko"); a strategy declares the notes it reads and writes. A tuple
             holds a value for each line of a document whose lines become rows
    edits    characters removed or replaced by each rule of the rewriter that returned this document; the
             stage that ran the rewriter books them and hands on a document without
    carried  fields of the input to carry into kept/, by name
    row_per_line  the writer makes a row id#k of each line
    page     what it was extracted from, for judges that say reads_page; None where no step does, and from the first
             step over the whole corpus on
    """

    id: str
    text: str
    url: str = ""
    notes: Mapping[str, NoteValue] = field(default_factory=dict)
    source: str = ""
    offset: int = 0
    date: str = ""
    edits: Mapping[str, int] = field(default_factory=dict, compare=False)
    carried: Mapping[str, str] = field(default_factory=dict)
    row_per_line: bool = False
    page: RawPage | None = field(default=None, compare=False, repr=False)
    _derived: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def with_text(self, text: str, edits: Mapping[str, int] | None = None) -> "Document":
        """This document with another text; edits = characters changed by rule (zero entries are left out)."""
        # int: kernels count in NumPy's numbers, which JSON does not know
        booked = {rule: int(count) for rule, count in edits.items() if count} if edits else {}
        if text == self.text:
            return self._with(edits=booked) if booked or self.edits else self
        return self._with(text=text, edits=booked, _derived={})

    def note(self, **notes: NoteValue) -> "Document":
        """This document with more notes."""
        return self._with(notes={**self.notes, **notes})

    def by_line(self) -> "Document":
        """This document, of which the writer makes a row of each line."""
        return self if self.row_per_line else self._with(row_per_line=True)

    def of_page(self, page: RawPage | None) -> "Document":
        """This document with the page that it was extracted from, or without it."""
        return self if self.page is page else self._with(page=page)

    def carrying(self, fields: Mapping[str, str]) -> "Document":
        """This document with these fields of the input."""
        return self._with(carried=fields)

    def _with(self, **changes: Any) -> "Document":
        # dataclasses.replace takes ten times as long, and this runs several times a document
        new = object.__new__(Document)
        new.__dict__.update(self.__dict__)
        new.__dict__.update(changes)
        return new

    def derive(self, function: Callable[[str], T]) -> T:
        """function(text), computed once for this text however many strategies ask (word segments, a hash)."""
        derived = self._derived
        if function in derived:  # most texts are asked once: catching a KeyError takes longer than looking twice
            return derived[function]
        value = derived[function] = function(self.text)
        return value

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_derived", "page")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.update(_derived={}, page=None)


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A rule that a document did not meet: its name, the value found and the limit it broke."""

    rule: str
    value: float | str
    threshold: float | str


@dataclass(frozen=True, slots=True)
class Drop:
    """The judgement that a document is not kept; a fault is raised instead, as Fault.

    value holds a number or a category, never text of the document. matched names what was found in it, and where.
    """

    rule: str
    value: float | str = ""
    threshold: float | str = ""
    also_failed: tuple[FailedRule, ...] = ()
    kept_id: str = ""
    similarity: float | None = None
    matched: str = ""


class Fault(Exception):
    """A document could not be processed: it becomes a row of failed/ with this reason.

    reason  a code such as "extract_timeout"
    detail  what a person needs to find the cause: sizes, types, positions; never text of the document
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
