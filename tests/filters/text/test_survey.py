"""One pass over a text tells what a slow look at every character would."""

import itertools
import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text.survey import (
    CONTROL,
    INVISIBLE,
    JAMO,
    MOJIBAKE,
    REPEATABLE,
    SIGNS,
    UNSETTLED,
    WIDTH,
    invisible_characters,
    kinds,
    survey,
)
from filters.text.unicode import repair

EVERY = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def of_kind(kind: int) -> set[str]:
    """The characters of a kind, surrogates apart."""
    table = kinds()
    return {character for character in EVERY if table[ord(character)] & kind}


def test_every_character_that_nfc_may_change_is_unsettled() -> None:
    unsettled = of_kind(UNSETTLED)
    assert {c for c in EVERY if unicodedata.normalize("NFC", c) != c} <= unsettled
    assert {c for c in EVERY if unicodedata.combining(c)} <= unsettled
    joining = {unicodedata.normalize("NFD", c)[-1] for c in EVERY if len(unicodedata.normalize("NFD", c)) > 1}
    assert joining <= unsettled
    assert not unsettled & set("대한민국ㅋ大韓 café Привет ハンガク")


def test_controls_are_what_repair_changes() -> None:
    assert of_kind(CONTROL) == {c for c in EVERY if repair(c) != c}


def test_widths_are_what_has_a_wide_or_narrow_form() -> None:
    forms = {c for c in EVERY if unicodedata.decomposition(c).startswith(("<wide>", "<narrow>"))}
    assert forms <= of_kind(WIDTH)
    assert all("\uff00" <= c <= "\uffef" or c == "\u3000" for c in of_kind(WIDTH))


def test_jamo_and_repeatable_characters() -> None:
    assert of_kind(JAMO) == {chr(code) for code in range(0x3131, 0x3164)}
    known = {c for c in EVERY if unicodedata.category(c) != "Cn"}  # regex knows a younger Unicode than Python
    syllables = {chr(code) for code in range(0xAC00, 0xD7A4)}
    beyond = {c for c in known if c.isalpha() and not c.isascii()} - syllables
    assert (of_kind(REPEATABLE) - syllables) & known == (beyond - of_kind(JAMO)) | set(SIGNS)
    drawn_out = of_kind(REPEATABLE) & syllables
    assert set("아어오우으이에애와야하호히") <= drawn_out
    assert not drawn_out & set("또빠짝안앙한")


def test_invisible_characters() -> None:
    assert of_kind(INVISIBLE) == {c for c in invisible_characters() if c in EVERY}
    assert all(unicodedata.category(c) in ("Cf", "Lo", "So") for c in invisible_characters())
    assert not of_kind(REPEATABLE) & set("az09 -=#*_\n")


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("Ã©", True),
        ("â€™", True),
        ("â€", False),
        ("ì•ˆë…•", True),
        ("ðŸ˜€", True),
        ("ðŸ˜", False),
        ("ââ€™", True),
        ("â e™", False),
        ("größ“ à « bon »", False),
        ("", False),
    ],
)
def test_mojibake_is_a_lead_with_all_its_tails(text: str, broken: bool) -> None:
    assert bool(survey(text).kinds & MOJIBAKE) is broken


_LEADS = r"[\u00c2-\u00d1]T|[\u00e0-\u00ef]TT|[\u00f0-\u00f4]TTT"
_BROKEN = regex.compile(
    _LEADS.replace(
        "T",
        r"[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201a"
        r"\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]",
    )
)


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(st.sampled_from("ㅋㅋㅠ가!!.. ＡﾊÃ©â€™ðŸ˜ëß“\u0301\u1100\x07\r\ud83d\ude00\n")))
def test_survey_is_what_a_slow_look_tells(text: str) -> None:
    found = survey(text)
    assert found.text == repair(text)
    table, longest = kinds(), {JAMO: 1, REPEATABLE: 1}
    every = 0
    for character, run in itertools.groupby(found.text):
        kind, length = int(table[ord(character)]), len(list(run))
        every |= kind
        for counted in longest:
            if kind & counted:
                longest[counted] = max(longest[counted], length)
    named = CONTROL | UNSETTLED | WIDTH | JAMO | REPEATABLE
    assert found.kinds & named == every & named
    assert bool(found.kinds & MOJIBAKE) == bool(_BROKEN.search(found.text))
    assert (found.longest_jamo, found.longest_repeat) == (longest[JAMO], longest[REPEATABLE])
    assert not found.kinds & CONTROL


def test_clean_text_is_handed_on_itself() -> None:
    text = "그대로 둔다. As it is.\n\t끝"
    assert survey(text).text is text
