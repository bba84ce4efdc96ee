"""Counting tokens: UAX #29 words, or the pieces of a tokenizers JSON file."""

from collections.abc import Callable
from pathlib import Path

from filters.contracts import ResourceError
from filters.document import Document
from filters.needs import need

WORDS = "words"


def check(spec: str) -> None:
    """Raise ResourceError where a tokenizer's file or the tokenizers package is missing."""
    if spec == WORDS:
        return
    need("tokenizers", f"tokens: {spec}")
    if not Path(spec).is_file():
        raise ResourceError(f"{spec}: no such tokenizer file (or say tokens: words)")


def counter(spec: str) -> Callable[[Document], int]:
    """A function from a document to its number of tokens."""
    if spec == WORDS:
        from filters.text.segments import segment

        def words(document: Document) -> int:
            return int(document.derive(segment).words.is_word.sum())

        return words

    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(spec)

    def pieces(document: Document) -> int:
        return len(tokenizer.encode(document.text, add_special_tokens=False).ids)

    return pieces
