"""Limits runs of newline characters (DCLM's newline_removal_modifier, step 7)."""

import re
from collections.abc import Callable

from pydantic import Field

from filters.contracts import Rewriter, strategy
from filters.document import Document, Drop


@strategy
class Newlines(Rewriter):
    """Shortens runs of newline characters.

    Source: DCLM, dclm_baseline_refinedweb.yaml, step 7. Rule: newlines.
    """

    max_consecutive: int = Field(2, ge=1, description="most newline characters in a row")

    def open(self) -> Callable[[Document], Document | Drop]:
        allowed = "\n" * self.max_consecutive
        longer = allowed + "\n"
        run = re.compile(longer + "+")

        def rewrite(document: Document) -> Document | Drop:
            if longer not in document.text:
                return document
            text = run.sub(allowed, document.text)
            return document.with_text(text, {"newlines": len(document.text) - len(text)})

        return rewrite
