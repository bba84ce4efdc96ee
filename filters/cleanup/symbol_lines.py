"""Removes lines that hold nothing but given symbols (datatrove's SymbolLinesFormatter)."""

from collections.abc import Callable

import re2
from pydantic import Field

from filters.contracts import Rewriter, strategy
from filters.document import Document, Drop


@strategy
class SymbolLines(Rewriter):
    """Puts blank lines in place of lines that hold nothing but some symbols and spaces.

    Source: FineWeb2's last steps (SymbolLinesFormatter of datatrove, with "|" and a line feed): Trafilatura leaves such
    lines of tables. A run of them becomes two blank lines. Rule: symbol_lines.
    """

    symbols: str = Field("|", min_length=1, description="the symbols, one character each")

    def open(self) -> Callable[[Document], Document | Drop]:
        """The function. Edits: the characters of the lines removed."""
        symbols = "".join(f"\\x{{{ord(symbol):x}}}" for symbol in self.symbols)
        line = rf"[ {symbols}]*[{symbols}][ {symbols}]*"
        run = re2.compile(rf"(?m)^{line}(?:\n{line})*$")
        present = tuple(self.symbols)

        def rewrite(document: Document) -> Document | Drop:
            text = document.text
            if not any(symbol in text for symbol in present):
                return document
            removed = 0
            pieces: list[str] = []
            at = 0
            for found in run.finditer(text):
                pieces += [text[at : found.start()], "\n"]
                removed += found.end() - found.start()
                at = found.end()
            return document.with_text("".join([*pieces, text[at:]]), {"symbol_lines": removed}) if removed else document

        return rewrite
