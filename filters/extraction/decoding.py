"""A page's bytes decoded, or a fault: no mojibake gets into a corpus."""

from filters.document import Fault
from filters.text.charset import Decoded, decode

MAX_REPLACED = 0.01


def decoded(body: bytes, charset: str, html: bool) -> Decoded:
    """The page as text. Raises Fault("decode_error") when more than 1 % of its characters could not be decoded."""
    page = decode(body, charset, html)
    check_replaced(page.replacement_ratio, page.encoding)
    return page


def check_replaced(share: float, encoding: str) -> None:
    """Raise Fault("decode_error") where the share of U+FFFD is above 1 %."""
    if share > MAX_REPLACED:
        raise Fault("decode_error", f"{share:.1%} of the characters could not be read as {encoding}")
