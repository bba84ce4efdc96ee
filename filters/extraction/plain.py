"""Text that was extracted before: WET records, rows of JSONL and Parquet."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from pydantic import Field

from filters.contracts import Extractor, strategy
from filters.document import Document, Drop, Fault, RawPage
from filters.extraction.decoding import decoded
from filters.text.unicode import repair, settled

MAX_TEXT = 10_000_000  # bytes


@strategy
class Plain(Extractor):
    """Passes text through: WET, tables and text files hold no HTML; HTML pages are dropped.

    The text is decoded, repaired (no control characters, always encodable), put into NFC, and otherwise left as it is.
    """

    writes: ClassVar[Mapping[str, str]] = {"encoding": "string", "replacement_ratio": "float64"}

    bare: bool = Field(False, description="the text as it stands, only repaired: no NFC (for parity)")
    max_text: int = Field(MAX_TEXT, ge=1, description="most bytes in a text; a longer one is a fault")

    def open(self) -> Callable[[RawPage], Document | Drop]:
        """The function. Rules: media_type (the page is HTML), empty. Faults: doc_too_long, decode_error."""
        longest, bare = self.max_text, self.bare

        def extract(page: RawPage) -> Document | Drop:
            if page.media_type != "text/plain":
                return Drop("media_type", page.media_type, "text/plain")
            return text_of(page, longest, bare)

        return extract


def text_of(page: RawPage, longest: int = MAX_TEXT, bare: bool = False) -> Document | Drop:
    """The document of a page whose body is text. Raises Fault: doc_too_long, decode_error."""
    if len(page.body) > longest:
        raise Fault("doc_too_long", f"{len(page.body)} bytes, limit {longest}")
    found = decoded(page.body, page.charset, html=False)
    text = repair(found.text) if bare else settled(found.text)
    if not text or text.isspace():
        return Drop("empty")
    return page.document(text, encoding=found.encoding, replacement_ratio=found.replacement_ratio)


__all__ = ["MAX_TEXT", "Plain", "text_of"]
