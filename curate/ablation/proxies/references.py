"""Reference texts: read once, held fixed, and kept out of what models are trained on."""

from collections.abc import Mapping, Sequence

import numpy as np

from curate.ablation.proxies.contract import size_of
from filters.document import RawPage
from filters.text.segments import segment
from pipelines.reading import read
from pipelines.reading.events import Damaged
from pipelines.reading.units import InputError, Piece, expand

OVERLAP_WORDS = 13
_STEP = np.uint64(0x100000001B3)


class BadReference(Exception):
    """References that cannot be used. The message names the reference and why."""


class References:
    """Named reference texts, and the n-grams that tell whether a training document overlaps any of them."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self.texts = {name: [text for text in found if text.strip()] for name, found in texts.items()}
        ngrams = [word_ngrams(text) for found in self.texts.values() for text in found]
        self._ngrams = np.unique(np.concatenate(ngrams)) if ngrams else np.zeros(0, dtype=np.uint64)

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each reference."""
        return {name: size_of(texts) for name, texts in self.texts.items()}

    def overlaps(self, text: str) -> bool:
        """Whether a text shares a word 13-gram with a reference."""
        found = word_ngrams(text)
        if not len(found) or not len(self._ngrams):
            return False
        at = np.minimum(np.searchsorted(self._ngrams, found), len(self._ngrams) - 1)
        return bool((self._ngrams[at] == found).any())


def word_ngrams(text: str, length: int = OVERLAP_WORDS) -> np.ndarray:
    """Hashes of a text's lower-cased word n-grams: uint64 of shape (words - length + 1,), or (0,)."""
    words = segment(text).words
    hashes = words.lower[words.is_word]
    count = len(hashes) - length + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    found = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(length):
            found = found * _STEP + hashes[place : place + count]
    return found


def read_references(paths: Mapping[str, Sequence[str]]) -> References:
    """The texts of rows (JSONL, Parquet) and of plain-text records of archives; raises BadReference."""
    return References({name: _texts(name, given) for name, given in paths.items()})


def _texts(name: str, paths: Sequence[str]) -> list[str]:
    texts = []
    try:
        for path in expand(list(paths)):
            for event in read(Piece(path)):
                if isinstance(event, Damaged):
                    raise BadReference(f"{name}: {event.source}, {event.offset}: {event.reason} {event.detail}".strip())
                if isinstance(event, RawPage) and event.media_type == "text/plain":
                    texts.append(event.body.decode("utf-8", "replace"))
    except InputError as error:
        raise BadReference(f"{name}: {error}") from error
    if not any(text.strip() for text in texts):
        raise BadReference(f"{name}: no text in {', '.join(paths)} (rows with text, or plain-text records)")
    return texts
