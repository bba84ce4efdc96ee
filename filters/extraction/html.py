"""What the extractors of HTML share: settings of the child process, and pages that are text already."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from filters.child import Child, Limits
from filters.contracts import Extractor, ResourceError, strategy
from filters.document import Document, Drop, Fault, RawPage
from filters.extraction.plain import text_of
from filters.extraction.xhtml import label_of
from filters.needs import need

# The module that holds each library's work, which fails to load where something it builds on is missing.
MODULES = {"resiliparse": "resiliparse.extract.html2text", "trafilatura": "trafilatura", "justext": "justext"}


@strategy
class HtmlExtractor(Extractor):
    """HTML to text in a child process with limits. Subclasses name the library and its options."""

    writes: ClassVar[Mapping[str, str]] = {"encoding": "string", "replacement_ratio": "float64"}

    timeout: float = Field(
        9.0, gt=0, le=3600, description="seconds of CPU time a page may take; twice that in wall time"
    )
    memory: int = Field(
        1_300_000_000, ge=64_000_000, description="bytes of address space a page may take, besides the library's own"
    )
    max_html: int = Field(10_000_000, ge=1, description="bytes of the largest page that is parsed")
    bare: bool = Field(
        False,
        description="the text as the library gives it: no NFC, lone characters lost, XHTML read as HTML, "
        "text that no browser shows kept (for parity)",
    )
    recycle: int = Field(5_000, ge=1, description="pages after which the child process is replaced")

    def library(self) -> tuple[str, Mapping[str, Any]]:
        """The name in filters.extraction.in_child.LIBRARIES, and the options for it."""
        raise NotImplementedError

    def check(self) -> None:
        """Raises ResourceError where the library does not load, with these options, in the process made for it."""
        library, options = self.library()
        need(MODULES[library], f"extraction/{library}")
        _check_child(library, json.dumps(options))

    def open(self) -> Callable[[RawPage], Document | Drop]:
        """The function, with its child process running. Raises ResourceError when the library does not load.

        A page that is text (media type text/plain: WET, rows of JSONL and Parquet) is passed through as by
        extraction/plain. A page without text is dropped by the rule `empty`. Faults: html_too_big, html_too_deep,
        decode_error, extract_timeout, extract_oom, extract_crashed, extract_panic, extract_error,
        extract_output_too_big.
        """
        return _Function(self)


@functools.cache
def _check_child(library: str, options: str) -> None:
    settings = {"library": library, "options": json.loads(options)}
    try:
        Child("filters.extraction.in_child:page_to_text", settings).close()
    except ResourceError as error:
        raise ResourceError(f"extraction/{library}: {error}") from error


class _Function:
    def __init__(self, settings: HtmlExtractor) -> None:
        library, options = settings.library()
        limits = Limits(seconds=settings.timeout, memory=settings.memory, calls=settings.recycle)
        self._max_html = settings.max_html
        self._child = Child(
            "filters.extraction.in_child:page_to_text",
            {"library": library, "options": dict(options), "bare": settings.bare},
            limits,
        )
        self._bare = settings.bare

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds spent in child processes so far."""
        return self._child.cpu_seconds

    @property
    def pid(self) -> int:
        """The child process."""
        return self._child.pid

    def close(self) -> None:
        """End the child process."""
        self._child.close()

    def __call__(self, page: RawPage) -> Document | Drop:
        if page.media_type == "text/plain":
            return text_of(page, bare=self._bare)
        size = len(page.body)
        if not size:
            return Drop("empty")
        if size > self._max_html:
            raise Fault("html_too_big", f"{size} bytes, limit {self._max_html}")
        text, facts = self._child(page.body, label_of(page))
        if not text or text.isspace():
            return Drop("empty")
        return page.document(text, **facts)


__all__ = ["HtmlExtractor"]
