"""Words, tokens and lines beside plain Python."""

from itertools import pairwise

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.document import Document
from filters.text.properties import WORD_BREAK
from filters.text.segments import (
    HAS_ALPHABETIC,
    HAS_DIGIT,
    HAS_UPPER,
    NOT_SYMBOL,
    WORD,
    hash_of,
    hashes_of,
    segment,
)
from tests.linear import grows_linearly, repeated

CHARACTERS = "abd1'.\":,_; \n\r\t\x85\u2028\u200d\u0301\u00ad👨👩❤\ufe0f🇰🇷fאבカタ한국漢あ\u3000\x00À³½#…"
CLASSES = [(name, regex.compile(rf"\p{{WB={name}}}")) for name in WORD_BREAK[1:]]
PICTOGRAPHIC = regex.compile(r"\p{Extended_Pictographic}")
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=40)


def words(text: str) -> list[str]:
    found = segment(text)
    return [found.text(start, end) for start, end in zip(found.words.start, found.words.end, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("can't stop, won't stop.", ["can't", "stop", ",", "won't", "stop", "."]),
        ("3.14 and 1,000 and a.b", ["3.14", "and", "1,000", "and", "a.b"]),
        ("snake_case __x", ["snake_case", "__x"]),
        ("한국어를 처리한다.", ["한국어를", "처리한다", "."]),
        ("カタカナとひらがな漢字", ["カタカナ", "と", "ひ", "ら", "が", "な", "漢", "字"]),
        ("中文分词", ["中", "文", "分", "词"]),
        ("e\u0301te\u0301 na\u0308ive", ["e\u0301te\u0301", "na\u0308ive"]),
        ("👨\u200d👩\u200d👧!", ["👨\u200d👩\u200d👧", "!"]),
        ("👍🏽ok", ["👍🏽", "ok"]),
        ("🇰🇷🇺🇸🇬x", ["🇰🇷", "🇺🇸", "🇬", "x"]),
        ("שלום\"ב א'", ['שלום"ב', "א'"]),
        ("a\r\nb", ["a", "b"]),
        ("\u0301a", ["\u0301", "a"]),
        ("\n\u0301a", ["\u0301", "a"]),
        ("x\ud800y", ["x", "\ud800", "y"]),
        ("a\x00b", ["a", "\x00", "b"]),
    ],
)
def test_words_are_those_of_uax_29(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_thai_is_split_by_class_only() -> None:
    # Thai letters are Complex_Context in UAX #29: without a dictionary each stands alone, marks stay with it
    assert words("ภาษา") == ["ภ", "า", "ษ", "า"]
    assert words("ที่") == ["ที่"]


def slow_words(text: str) -> list[str]:
    """The rules of UAX #29, one after the other, at every position."""
    kinds = [next((name for name, test in CLASSES if test.match(c)), "Other") for c in text]
    skipped = {"Extend", "Format", "ZWJ"}
    breaks = {"CR", "LF", "Newline"}
    letter, quote = {"ALetter", "Hebrew_Letter"}, "Single_Quote"

    def boundary(i: int) -> bool:
        here, raw = kinds[i], kinds[i - 1]
        if raw == "CR" and here == "LF":
            return False
        if raw in breaks or here in breaks:
            return True
        if raw == "ZWJ" and PICTOGRAPHIC.match(text[i]):
            return False
        if raw == here == "WSegSpace":
            return False
        if here in skipped:
            return False
        behind = []  # classes before i without those that WB4 skips; a mark after a break or at the start is skipped to
        for j in range(i - 1, -1, -1):
            if kinds[j] not in skipped:
                behind.append(kinds[j])
            elif j == 0 or kinds[j - 1] in breaks:
                behind.append("Other")
        ahead = [kind for kind in kinds[i + 1 :] if kind not in skipped]
        last, before, after = behind[0], "".join(behind[1:2]), "".join(ahead[:1])
        joined = (
            (last in letter and here in letter)
            or (last in letter and here in {"MidLetter", "MidNumLet", quote} and after in letter)
            or (before in letter and last in {"MidLetter", "MidNumLet", quote} and here in letter)
            or (last == "Hebrew_Letter" and here == quote)
            or (last == after == "Hebrew_Letter" and here == "Double_Quote")
            or (before == here == "Hebrew_Letter" and last == "Double_Quote")
            or (last in letter | {"Numeric"} and here == "Numeric")
            or (last == "Numeric" and here in letter)
            or (before == here == "Numeric" and last in {"MidNum", "MidNumLet", quote})
            or (last == after == "Numeric" and here in {"MidNum", "MidNumLet", quote})
            or (last == here == "Katakana")
            or (last in letter | {"Numeric", "Katakana", "ExtendNumLet"} and here == "ExtendNumLet")
            or (last == "ExtendNumLet" and here in letter | {"Numeric", "Katakana"})
        )
        if last == here == "Regional_Indicator":
            row = next((k for k, kind in enumerate(behind) if kind != "Regional_Indicator"), len(behind))
            return row % 2 == 0
        return not joined

    cuts = [i for i in range(len(text)) if i == 0 or boundary(i)] + [len(text)]
    return [text[a:b] for a, b in pairwise(cuts)]


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_words_follow_the_rules(text: str) -> None:
    assert words(text) == [piece for piece in slow_words(text) if piece.strip()]


@given(st.text(max_size=60) | TEXTS)
@settings(max_examples=100, deadline=None)
def test_tokens_lines_and_counts_agree_with_str(text: str) -> None:
    found = segment(text)
    tokens = found.tokens
    assert [found.text(a, b) for a, b in zip(tokens.start, tokens.end, strict=True)] == text.split()
    assert tokens.characters.tolist() == [len(token) for token in text.split()]
    lines, plain = found.lines, text.split("\n")
    assert [found.text(a, b) for a, b in zip(lines.start, lines.end, strict=True)] == plain
    assert [found.text(a, b) for a, b in zip(lines.body, lines.body_end, strict=True)] == [x.strip() for x in plain]
    assert lines.characters.tolist() == [len(line) for line in plain]
    assert lines.body_characters.tolist() == [len(line.strip()) for line in plain]
    assert lines.leading.tolist() == [len(line) - len(line.lstrip()) for line in plain]
    assert lines.words.tolist() == [len(line.split()) for line in plain]
    assert lines.first.tolist() == [ord(line.strip()[0]) if line.strip() else 0 for line in plain]
    assert lines.last.tolist() == [ord(line.strip()[-1]) if line.strip() else 0 for line in plain]
    for counts, test in ((lines.upper, str.isupper), (lines.digits, str.isdigit), (lines.alphabetic, str.isalpha)):
        assert counts.tolist() == [sum(map(test, line)) for line in plain]
    assert lines.hash.tolist() == [hash_of(line) for line in plain]
    assert lines.body_hash.tolist() == [hash_of(line.strip()) for line in plain]
    spaced = [regex.split(r"[ \t\n\r\v\f\0]+", line) for line in plain]
    assert lines.spaced_words.tolist() == [sum(token[:1].isalnum() for token in line) for line in spaced]
    assert found.characters == len(text)
    assert found.other_breaks == bool(set(text) & set("\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"))


@given(st.text(max_size=60) | TEXTS)
@settings(max_examples=100, deadline=None)
def test_flags_and_hashes_are_of_the_word(text: str) -> None:
    found = segment(text).words
    for word, flags, size, value, low in zip(
        words(text), found.flags, found.characters, found.hash, found.lower, strict=True
    ):
        assert bool(flags & WORD) == word[0].isalnum()
        assert bool(flags & HAS_ALPHABETIC) == any(map(str.isalpha, word))
        assert bool(flags & HAS_DIGIT) == any(map(str.isdigit, word))
        assert bool(flags & HAS_UPPER) == any(map(str.isupper, word))
        assert size == len(word)
        assert value == hash_of(word)
        assert low == hash_of("".join(character.lower()[0] for character in word))


def test_symbols_are_no_plain_words() -> None:
    found = segment("... word -- a-b “ 。 ? 한 1")
    plain = (found.words.flags & NOT_SYMBOL) != 0
    pieces = [found.text(a, b) for a, b in zip(found.words.start, found.words.end, strict=True)]
    assert [piece for piece, keep in zip(pieces, plain, strict=True) if keep] == ["word", "a", "b", "한", "1"]


def test_a_document_is_segmented_once() -> None:
    document = Document(id="1", text="one two")
    assert document.derive(segment) is document.derive(segment)


def test_hashes_of_is_sorted_and_unique() -> None:
    assert hashes_of(["b", "a", "b"]).tolist() == sorted([hash_of("a"), hash_of("b")])
    assert hashes_of([]).dtype == np.uint64


@pytest.mark.parametrize("unit", ["word ", "가나다 ", "a'\u0301", "\u0301", "🇰", "x", "\n", " ", "."])
def test_cost_is_linear_in_the_length(unit: str) -> None:
    assert grows_linearly(segment, repeated(unit), 200_000)
