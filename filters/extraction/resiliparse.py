"""Text of HTML by resiliparse."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from filters.contracts import strategy
from filters.extraction.html import HtmlExtractor


@strategy
class Resiliparse(HtmlExtractor):
    """Extracts the main text of a page with resiliparse and DCLM's options.

    DCLM calls extract_plain_text with main_content=True and every other option at its default; the names and defaults
    here are those of resiliparse 2.0.1.
    """

    main_content: bool = Field(True, description="leave out navigation, headers, footers and the like")
    preserve_formatting: bool | Literal["minimal_html"] = Field(
        True, description="keep paragraphs, lists and preformatted text apart; minimal_html: with their tags"
    )
    list_bullets: bool = Field(True, description="put bullets and numbers before list items")
    alt_texts: bool = Field(True, description="keep the alternative texts of images")
    links: bool = Field(False, description="add the addresses of links")
    form_fields: bool = Field(False, description="keep form fields and their values")
    noscript: bool = Field(False, description="keep the content of noscript elements")
    comments: bool = Field(True, description="count comment sections as main content")
    post_meta: bool = Field(True, description="keep author, date and the like of an article")
    hidden_elements: bool = Field(False, description="keep elements whose class names say they are hidden")
    skip_elements: tuple[str, ...] = Field((), description="CSS selectors of elements to leave out")
    inline_elements: bool = Field(
        False, description="keep an inline element of a sentence whatever its class says; a sixth more time"
    )

    def library(self) -> tuple[str, Mapping[str, Any]]:
        """resiliparse, with these settings as its options."""
        return "resiliparse", {
            "main_content": self.main_content,
            "preserve_formatting": self.preserve_formatting,
            "list_bullets": self.list_bullets,
            "alt_texts": self.alt_texts,
            "links": self.links,
            "form_fields": self.form_fields,
            "noscript": self.noscript,
            "comments": self.comments,
            "post_meta": self.post_meta,
            "hidden_elements": self.hidden_elements,
            "skip_elements": list(self.skip_elements) or None,
            "inline_elements": self.inline_elements,
        }


__all__ = ["Resiliparse"]
