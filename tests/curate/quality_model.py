"""A small quality classifier, for the shipped recipes that need one of the user's own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from curate.training import fasttext

_GOOD = ("The reason is written in the letter that he kept.", "Water rises because the pressure below is greater.")
_BAD = ("Click here to subscribe and win a free offer now.", "Cheap shipping, best price, order today, limited deal.")


@contextlib.contextmanager
def in_a_folder_with_one(folder: Path) -> Iterator[None]:
    """Work in a folder that holds quality.bin, which dclm-classifier names."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [(label, text) for label, texts in (("hq", _GOOD), ("cc", _BAD)) for text in texts] * 50
    fasttext.train(lines, folder / "quality.bin", {"dim": 4, "bucket": 1000, "word_ngrams": 2, "epoch": 5})
    with contextlib.chdir(folder):
        yield
