"""Every decision of DCLM and datatrove on the reference texts, where the shared data is there."""

import re
from pathlib import Path

import pytest

from benchmarks import parity

# Written for this test; the steps were found by hand from the recipe's definitions.
PROSE = (
    "We left the harbour before sunrise and rowed along the coast.\n"
    "Nobody spoke until the lighthouse came into view behind grey rocks.\n"
    "My brother tied our boat to a rotten post, cursing quietly.\n"
    "Bread, cheese and plums were all that we had brought with us.\n"
    "By noon a storm drove everyone back inside, wet to the bone.\n"
    "Later she told stories of smugglers who once hid barrels there.\n"
)
CASES = {
    "prose is kept": (PROSE, None, PROSE.strip()),
    "addresses go, in texts that begin like a domain": (
        "An offer of www.example.com/x\n" + PROSE,
        None,
        "An offer of\n" + PROSE.strip(),
    ),
    "addresses stay in others": (
        "Rate it on www.example.com/x\n" + PROSE,
        None,
        "Rate it on www.example.com/x\n" + PROSE.strip(),
    ),
    "newlines": (PROSE.replace("\n", "\n\n\n\n"), None, PROSE.strip().replace("\n", "\n\n")),
    "nothing but an address": ("com.example.com", "6", None),
    "too short": ("The end of the walk.", "10", None),
    "words too long": ("Antidisestablishmentarianism of the " + "incomprehensibilities " * 60, "11", None),
    "words too short": ("to be " + "a b c d e f g h i j " * 10, "11", None),
    "symbols": (PROSE + "#tag " * 14, "12", None),
    "bullets": ("- " + PROSE.strip().replace("\n", "\n- "), "13", None),
    "ellipses, two lines of six": (PROSE.replace(".\n", "...\n", 2), "14", None),
    "numbers": (PROSE + "1234 " * 40, "15", None),
    "no stop words": (
        re.sub(r"\b(the|to|of|and|that|with)\b", "some", PROSE),
        "16",
        None,
    ),
    "repetition": (PROSE + PROSE, "17", None),
    "counters and headings go": ("WALK\n" + PROSE + "3 likes\n", None, PROSE.strip()),
    "too many lines go": (PROSE + "THE WALK TO THE OLD MILL\n" + "AND THE LAKE\n3 likes\nhome\nmenu\n", "26", None),
}


@pytest.mark.parametrize("name", CASES)
def test_dclm_sequence_on_written_texts(name: str) -> None:
    text, dropped, final = CASES[name]
    assert parity.dclm_sequence()(text) == (dropped, final)


@pytest.mark.parametrize("suffix", ["", "_zh"])
def test_dclm(shared_data: Path, suffix: str) -> None:
    folder = shared_data / "parity"
    result = parity.compare_dclm(parity.read(f"pages{suffix}", folder), parity.read(f"dclm{suffix}", folder))
    assert result["decisions_same"] >= 0.999, result["differences"]
    assert result["texts_same"] >= 0.995, result["differences"]


def test_datatrove_with_its_own_tokens(shared_data: Path) -> None:
    pytest.importorskip("spacy")
    folder = shared_data / "parity"
    result = parity.compare_datatrove(parity.read("pages", folder), parity.read("datatrove", folder), "spacy")
    for name, figures in result.items():
        assert figures["same"] >= 0.999, (name, figures["differences"])


def test_datatrove_with_unicode_words(shared_data: Path) -> None:
    folder = shared_data / "parity"
    result = parity.compare_datatrove(parity.read("pages", folder), parity.read("datatrove", folder), "unicode")
    for name, figures in result.items():
        assert figures["same"] >= 0.96, (name, figures["differences"])
