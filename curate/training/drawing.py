"""Which texts are drawn: by a hash of the text, whatever the others are and the order they come in."""

import hashlib


def keyed(text: str, purpose: bytes) -> int:
    """A 64-bit hash of a text, another one for each purpose."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=purpose)
    return int.from_bytes(digest.digest(), "big")


def is_held_out(text: str, share: float) -> bool:
    """Whether a text is among this share of all, which no training learns from: it depends on the text alone, and a
    smaller share is part of a larger one.
    """
    return keyed(text, b"held-out") < share * 2.0**64
