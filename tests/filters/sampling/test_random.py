"""A random share: by id and seed alone, nested, uniform."""

import pytest

import filters
from filters.contracts import SettingsError
from filters.document import Document
from filters.rules import decide
from filters.sampling.random import Random

IDS = [f"<urn:uuid:{number}>" for number in range(5000)]


def kept(judge: Random, ids: list[str]) -> set[str]:
    score = judge.open()
    return {name for name in ids if decide(judge.rules(), score(Document(name, "text")).signals, {}) is None}


def test_share_of_the_documents() -> None:
    assert kept(Random(share=0), IDS) == set()
    assert kept(Random(share=1), IDS) == set(IDS)
    assert abs(len(kept(Random(share=0.3), IDS)) / len(IDS) - 0.3) < 0.03


def test_smaller_shares_are_part_of_larger_ones() -> None:
    assert kept(Random(share=0.1), IDS) < kept(Random(share=0.2), IDS)


def test_seeds_choose_independently() -> None:
    one, two = kept(Random(share=0.5), IDS), kept(Random(share=0.5, seed=1), IDS)
    assert abs(len(one & two) / len(IDS) - 0.25) < 0.03
    assert Random(seed=1).scoring_key() != Random().scoring_key() == Random(share=0.9).scoring_key()


def test_choice_is_fixed() -> None:
    """The hash is part of what a recipe means: this set may never change."""
    assert sorted(kept(Random(share=0.3), [str(number) for number in range(12)])) == ["4", "5", "9"]


def test_threshold_from_both_sides() -> None:
    document = Document("an id", "text")
    score = Random().open()(document).signals["sample"]
    assert 0 <= score < 1
    for share, stays in ((score - 1e-12, False), (score, False), (score + 1e-12, True)):
        assert ("an id" in kept(Random(share=share), ["an id"])) is stays


@pytest.mark.parametrize("name", ["", "\x00", "\ud800", "é" * 1000])
def test_any_id(name: str) -> None:
    assert 0 <= Random().open()(Document(name, "")).signals["sample"] < 1


@pytest.mark.parametrize("wrong", [{"share": 1.1}, {"share": -0.1}, {"seed": -1}])
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="sampling/random"):
        filters.make("sampling/random", wrong)
