"""What a document weighs where shares and budgets are of documents, bytes or tokens."""

from collections.abc import Callable
from typing import Literal

from filters.document import Document
from filters.text import tokens

Weight = Literal["documents", "bytes", "tokens"]


def weigher(unit: Weight, tokenizer: str) -> Callable[[Document], int]:
    """The function from a document to its weight: 1, bytes of UTF-8, or tokens (tokenizer: words, or a file's path)."""
    if unit == "documents":
        return lambda document: 1
    if unit == "tokens":
        return tokens.counter(tokenizer)
    from filters.chain import utf8_bytes

    return lambda document: document.derive(utf8_bytes)
