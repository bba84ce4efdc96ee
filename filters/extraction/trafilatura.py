"""Text of HTML by trafilatura."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from filters.contracts import strategy
from filters.extraction.html import HtmlExtractor


@strategy
class Trafilatura(HtmlExtractor):
    """Extracts the main text of a page with trafilatura, without comments and repeated paragraphs.

    FineWeb leaves comments out and removes repeated text too (datatrove, examples/fineweb.py), and favours precision:
    off here, since it costs Korean pages a seventh of their text (docs/extraction.md). Repetition is sought within a
    page: trafilatura's own cache lives on from page to page, and texts would depend on the order of pages.
    """

    favor_precision: bool = Field(False, description="prefer precision: less text, but the right text")
    favor_recall: bool = Field(False, description="prefer recall: too much text rather than too little")
    include_comments: bool = Field(False, description="keep readers' comments")
    include_tables: bool = Field(True, description="keep the text of tables")
    include_images: bool = Field(False, description="keep the addresses and alternative texts of images")
    include_links: bool = Field(False, description="keep the addresses of links")
    include_formatting: bool = Field(False, description="mark headings, emphasis and the like")
    deduplicate: bool = Field(True, description="leave out paragraphs repeated within a page")
    fast: bool = Field(False, description="do not try other algorithms if the first finds little")
    output_format: Literal["txt", "markdown"] = Field("txt", description="plain text, or Markdown")
    prune_xpath: tuple[str, ...] = Field((), description="XPath expressions of elements to leave out")

    def library(self) -> tuple[str, Mapping[str, Any]]:
        """trafilatura, with these settings as its options."""
        return "trafilatura", {
            "favor_precision": self.favor_precision,
            "favor_recall": self.favor_recall,
            "include_comments": self.include_comments,
            "include_tables": self.include_tables,
            "include_images": self.include_images,
            "include_links": self.include_links,
            "include_formatting": self.include_formatting,
            "deduplicate": self.deduplicate,
            "fast": self.fast,
            "output_format": self.output_format,
            "prune_xpath": list(self.prune_xpath) or None,
        }


__all__ = ["Trafilatura"]
