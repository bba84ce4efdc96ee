"""ARPA files: chances backed off as the format says, and files that are none refused with the line at fault."""

import math
import random

import pytest

from filters.text.arpa import Malformed, log10_of, read_arpa

# Chances chosen so that sums show which of them were taken
SMALL = r"""
\data\
ngram 1=5
ngram 2=3
ngram 3=1

\1-grams:
-99	<s>	-0.5
-1	<unk>
-2	</s>
-3	물	-0.25
-4e0	b	-0.125

\2-grams:
-0.01	<s> 물	-0.0625
-0.02	물 b	-0.03
-0.04	b </s>

\3-grams:
-0.001	<s> 물 b

\end\
"""


def answer(text: str, arpa: str = SMALL) -> tuple[float, int, int]:
    found = log10_of(read_arpa(arpa.encode()), text)
    return round(found.log10, 5), found.words, found.lines


@pytest.mark.parametrize(
    ("text", "log10", "words", "lines"),
    [
        ("물", -0.01 - 0.0625 - 0.25 - 2, 1, 1),  # </s> backs off from <s> 물 and from 물
        ("물 b", -0.01 - 0.001 - 0.03 - 0.04, 2, 1),
        ("b", -0.5 - 4 - 0.04, 1, 1),
        ("c 물", -0.5 - 1 - 3 - 0.25 - 2, 2, 1),  # <unk> and what follows it have no backoff
        (
            "물\n\n \nb\n",
            -0.01 - 0.0625 - 0.25 - 2 - 0.5 - 4 - 0.04,
            2,
            2,
        ),  # each line begins anew; blank ones are none
        ("", 0, 0, 0),
        (" \t \n", 0, 0, 0),
    ],
)
def test_backing_off_by_hand(text: str, log10: float, words: int, lines: int) -> None:
    assert answer(text) == (round(log10, 5), words, lines)


def test_unknown_words_where_the_model_has_none() -> None:
    without = SMALL.replace("-1\t<unk>\n", "").replace("ngram 1=5", "ngram 1=4")
    assert answer("c", without)[0] == pytest.approx(-0.5 - 100 - 2, abs=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"\data\ ".strip(), "data", "does not begin with"),
        ("ngram 2=3", "ngram 3=3", "line 4|ngram 2=NUMBER"),
        ("ngram 2=3", "ngram 2=x", "ngram 2=NUMBER"),
        ("ngram 2=3", "ngram 2=4", "line 19: fewer n-grams than the header says"),
        ("ngram 2=3", "ngram 2=2", "line 17: more n-grams than the header says"),
        ("ngram 2=3", "ngram 2=99999999999", "in [0-9]+ bytes"),
        ("\\2-grams:", "\\3-grams:", "line 14: a section where another is expected"),
        ("\\end\\", "", "ends before"),
        ("-0.02\t물 b\t-0.03", "-0.02\t물", "line 16: a line that is no n-gram"),
        ("-0.02\t물 b\t-0.03", "x\t물 b", "line 16: a line that is no n-gram"),
        ("-0.02\t물 b\t-0.03", "-0.02\t물 b\t-0.03x", "line 16: a line that is no n-gram"),
        ("-0.02\t물 b\t-0.03", "0.02\t물 b", "line 16: a line that is no n-gram"),
        ("-0.02\t물 b\t-0.03", "-0.01\t<s> 물", "line 16: an n-gram that stands there twice"),
        ("-2\t</s>\n", "-2\tz\n", "does not list </s>"),
    ],
)
def test_damage_is_named(old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(Malformed, match=said):
        read_arpa(SMALL.replace(old, new, 1).encode())


def test_no_bytes_make_it_fail_otherwise() -> None:
    """Damaged files are refused or read; the kernel leaves no array, whatever the bytes."""
    rng = random.Random(7)
    whole = SMALL.encode()
    for _ in range(400):
        data = bytearray(whole[: rng.randint(1, len(whole))])
        for _ in range(rng.randint(0, 4)):
            data[rng.randrange(len(data))] = rng.choice(b"\\\n\t -.e0189<s>/\xff\0")
        try:
            table = read_arpa(bytes(data))
        except Malformed:
            continue
        assert not math.isnan(log10_of(table, "물 b c").log10)
