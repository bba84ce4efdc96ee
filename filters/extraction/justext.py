"""Text of HTML by jusText."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from filters.contracts import ResourceError, strategy
from filters.extraction.html import HtmlExtractor
from filters.needs import need


@strategy
class JusText(HtmlExtractor):
    """Extracts the paragraphs that jusText finds good by length, links and stop words.

    The numbers are those of jusText 3 (Pomikálek 2011). Without a list of stop words, length and links decide: so on
    pages in Korean, where particles are written onto words, and in Japanese and Chinese. There the lengths are smaller
    too, as a sentence has fewer characters.
    """

    stoplist: str = Field(
        "auto",
        description="language of the stop words, as jusText names it (English, Finnish); auto: by the page's lang "
        "attribute; none: no stop words",
    )
    length_low: int = Field(70, ge=0, description="characters below which a paragraph is short")
    length_high: int = Field(200, ge=0, description="characters above which a paragraph is long")
    dense_scale: float = Field(
        0.56,
        gt=0,
        le=1,
        description="factor for the two lengths if at least a fifth of the letters are Hangul, Han or kana",
    )
    stopwords_low: float = Field(0.30, ge=0, le=1, description="least share of stop words in a nearly good paragraph")
    stopwords_high: float = Field(0.32, ge=0, le=1, description="least share of stop words in a good paragraph")
    max_link_density: float = Field(0.2, ge=0, le=1, description="greatest share of characters within links")
    max_heading_distance: int = Field(
        200, ge=0, description="most characters between a heading and the good text after it"
    )
    no_headings: bool = Field(False, description="treat headings as any other paragraph")

    def check(self) -> None:
        """Raises ResourceError where jusText cannot be loaded, or has no such list."""
        super().check()
        known_lists = need("justext", "extraction/justext").get_stoplists()
        if self.stoplist not in ("auto", "none") and self.stoplist not in known_lists:
            known = ", ".join(sorted(known_lists))
            raise ResourceError(f"extraction/justext: no stop words for {self.stoplist!r} (known: auto, none, {known})")

    def library(self) -> tuple[str, Mapping[str, Any]]:
        """jusText, with these settings as its options."""
        return "justext", {
            "stoplist": self.stoplist,
            "dense_scale": self.dense_scale,
            "length_low": self.length_low,
            "length_high": self.length_high,
            "stopwords_low": self.stopwords_low,
            "stopwords_high": self.stopwords_high,
            "max_link_density": self.max_link_density,
            "max_heading_distance": self.max_heading_distance,
            "no_headings": self.no_headings,
        }


__all__ = ["JusText"]
