"""Paragraphs, bullets, ellipses, listed words and endings."""

import numpy as np
import pytest

from filters.text.marks import (
    LineMarks,
    Listed,
    count_endings,
    count_listed,
    describe,
    line_marks,
    paragraphs,
    split_lines,
    suffixes,
)
from filters.text.segments import hashes_of, segment


def test_paragraphs_are_stripped_one_by_one_or_only_at_the_ends() -> None:
    text = " \n\n one \ntwo\n\n \n\n\n three \n"
    assert paragraphs(text, strip=True) == ["one \ntwo", "three"]
    assert paragraphs(text, strip=False) == ["one \ntwo", " ", " three"]
    assert paragraphs(" \n", strip=True) == []
    assert paragraphs(" \n", strip=False) == [""]


def test_line_marks() -> None:
    text = "- a\n* b\n• c...\n● d . . .\ne…\n \n– f. .\n...\n"
    assert line_marks(segment(text)) == LineMarks(filled=7, bullets=4, plain_bullets=2, ellipses=4, plain_ellipses=3)
    assert line_marks(segment("")) == LineMarks(0, 0, 0, 0, 0)


def test_listed_words_are_counted_and_told_apart() -> None:
    tokens = segment("The cat and THE dog and the").tokens
    assert count_listed(tokens.lower, Listed(hashes_of(["the", "and", "of"]))) == (5, 2)
    assert count_listed(tokens.lower, Listed(hashes_of([]))) == (0, 0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("학교에서 공부를 했다.", 2),  # 에서, 를
        ("는 를 에서", 0),  # an ending alone is no word with an ending
        ("나는, 너를!", 2),
        ("", 0),
    ],
)
def test_endings_need_a_word_before_them(text: str, count: int) -> None:
    assert count_endings(segment(text), suffixes(["는", "를", "에서"])) == count


def test_other_line_breaks_split_lines() -> None:
    text = "a\r\nb\u2028c"
    assert len(segment(text).lines) == 2
    assert len(split_lines(text, segment(text)).lines) == 3


def test_described_words_equal_segmented_ones() -> None:
    found = segment("One 두 3. Ⅳ É")
    again = describe(found.data, found.words.start, found.words.end)
    for name in ("start", "end", "characters", "flags", "hash", "lower"):
        assert np.array_equal(getattr(found.words, name), getattr(again, name))
