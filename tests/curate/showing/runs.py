"""Runs that tests of showing share."""

from curate.showing.directory import find
from curate.showing.lines import plain
from tests.curate.running_tools import go, recipe, write_rows

WORDS = ("the", "of", "and", "to", "in", "is", "that", "it", "was", "for", "on", "are", "as", "with", "his", "they")


def text(words: int, number: int) -> str:
    """A text of so many words, unlike those of other numbers."""
    return " ".join(f"{WORDS[place % len(WORDS)]}{number}" for place in range(words))


def length_run(folder, *more, least=50, sizes=(10, 40, 49, 51, 90, 3), name="out", **settings):
    """A run that drops texts of fewer than `least` words; the ids are the places in sizes."""
    path = write_rows(folder / "in.jsonl", [text(size, number) for number, size in enumerate(sizes)])
    go(recipe({"quality/length": {"min_words": least}}, *more, **settings), [path], folder / name)
    return find(folder / name)


def told(lines) -> str:
    """The lines as one text."""
    return plain(lines)
