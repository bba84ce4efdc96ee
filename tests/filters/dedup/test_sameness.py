"""Members of clusters go only for a survivor that holds the same, on documents whose duplicates are planted."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.contracts import Sameness, SettingsError
from filters.dedup import sameness
from filters.dedup.sameness import SKETCH_BYTES, Sketcher
from filters.document import Document
from filters.text import sketches
from tests.filters.dedup.planted import judged, planted
from tests.filters.dedup.test_judges import decide

SAME = {"verify": {"containment": 0.9, "jaccard": 0.9}}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_planted_copies_go_and_nothing_else_does(language: str) -> None:
    """Templates with other facts, quotations, frames around unlike texts, editions and true copies."""
    made = planted(language, size=3)
    documents = [one.document for one in made]
    found = judged(made, decide(filters.make("dedup/minhash", SAME), documents))
    assert found["removed"] > 200
    assert found["precision"] >= 0.99
    assert found["recall"] >= 0.95
    plain = judged(made, decide(filters.make("dedup/minhash"), documents))
    assert plain["precision"] < 0.8  # what the test is for
    assert found["recall"] >= plain["recall"] - 0.02


def _words(count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(count)]


def _lost(texts: list[str], **more: object) -> dict[str, str]:
    pages = [Document(str(number), text) for number, text in enumerate(texts)]
    return decide(filters.make("dedup/minhash", {"bands": 50, "rows": 2, **SAME, **more}), pages)


def test_a_text_goes_for_one_that_contains_it_and_not_the_other_way_round() -> None:
    words = _words(300)
    whole, part, half = " ".join(words), " ".join(words[:240]), " ".join([*words[:150], *_words(150, 2)])
    assert _lost([part, whole]) == {"0": "1"}
    assert _lost([half, whole]) == {}
    assert _lost([part, whole], verify={"jaccard": 0.9}) == {}
    newest = filters.make("dedup/minhash", {"bands": 50, "rows": 2, **SAME, "survivor": "newest"})
    pages = [Document("old", whole, date="2020-01-01"), Document("new", part, date="2021-01-01")]
    assert decide(newest, pages) == {}  # the newer one holds less


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (
            "“눈이 오는 날에는 길이 미끄럽습니다” – 천천히 걸으세요.",
            '"눈이 오는 날에는 길이 미끄럽습니다" - 천천히 걸으세요.',
        ),
        ("눈이 오는 날에는 길이 미끄러우니 천천히 걸으세요.", "눈이 오는날에는 길이 미끄러우니 천천히 걸으세요"),
        ("It rains; take an umbrella with you today.", "it rains take an umbrella – with you TODAY"),
    ],
)
def test_quotes_dashes_case_and_spacing_are_no_difference(a: str, b: str) -> None:
    pages = [Document("a", a), Document("b", b)]
    step = filters.make("dedup/minhash", {"bands": 100, "rows": 1, "unit": "characters", "ngram": 2, **SAME})
    assert len(decide(step, pages)) == 1


def _packed(length: int, words: range, characters: range) -> np.ndarray:
    return np.array([length, len(words), len(characters), *words, *characters], dtype=np.uint32)


@pytest.mark.parametrize(
    ("words", "characters", "length", "value"),
    [
        (range(19, 39), range(9), 20, 0.9),  # Jaccard similarity 9/10
        (range(19, 39), range(8), 20, None),  # 8/10; containment 1/20
        (range(1, 21), range(8), 20, 0.95),  # containment 19/20
        (range(2, 22), range(8), 20, None),  # 18/20
        (range(1, 21), range(8), 21, None),  # the survivor has fewer words
    ],
)
def test_a_document_goes_from_the_limits_on(words: range, characters: range, length: int, value: float | None) -> None:
    survivor, other = _packed(20, range(20), range(10)), _packed(length, words, characters)
    packed = sameness.Sketches(np.concatenate([survivor, other]), np.array([0, len(survivor)]))
    rows = np.array([0, 1])
    found = sameness.tested(rows, np.array([0, 2]), rows, packed, Sameness(0.95, 0.9))
    assert found.value.tolist() == ([] if value is None else [value])


def test_a_copy_is_found_in_a_large_cluster_of_a_template() -> None:
    """A document is compared with few survivors: those that share with it what few of them share."""
    frame = _words(200)
    chance = random.Random(3)
    texts = []
    for number in range(400):
        page = list(frame)
        for slot in range(0, 200, 5):
            page[slot] = chance.choice(frame) + str(number)
        texts.append(" ".join(page))
    copies = [text + " end" for text in texts[::4]]
    lost = _lost([*texts, *copies])
    pages = {frozenset((number * 4, 400 + number)) for number in range(len(copies))}
    assert {frozenset(map(int, pair)) for pair in lost.items()} <= pages
    assert len(lost) >= 0.95 * len(copies)


def test_as_many_survivors_are_compared_as_the_setting_says() -> None:
    frame = _words(100)
    texts = [" ".join([*frame[:80], *_words(20, 100 + seed)]) for seed in range(12)]
    assert _lost(texts) == {}
    # nothing sets the last apart, but every one of its words stands in one of those before
    assert len(_lost([*texts, texts[11] + "."], max_survivors=1)) == 1


def test_settings_that_test_nothing_are_refused() -> None:
    with pytest.raises(SettingsError, match="verify names neither containment nor jaccard"):
        filters.make("dedup/minhash", {"verify": {}})
    with pytest.raises(SettingsError, match="verify"):
        filters.make("dedup/minhash", {"verify": {"containment": 1.5}})
    with pytest.raises(SettingsError, match="verify"):
        filters.make("dedup/minhash", {"verify": {"overlap": 0.5}})


def test_a_sketch_is_bounded_whatever_the_text() -> None:
    text = " ".join(_words(60_000))
    packed = Sketcher()(Document("a", text))
    assert packed.nbytes == SKETCH_BYTES
    assert packed[0] == 60_000 - 2


@given(st.sets(st.integers(0, 3000), max_size=400), st.sets(st.integers(0, 3000), max_size=400))
@settings(max_examples=60, deadline=None)
def test_small_sets_are_compared_exactly(a: set[int], b: set[int]) -> None:
    first, second = (_sketch(one) for one in (a, b))
    union = len(a | b)
    assert sketches.jaccard(first, second) == (len(a & b) / union if union else 0.0)
    assert sketches.containment(first, second) == (len(a & b) / len(a) if a else 0.0)


@pytest.mark.parametrize(("size", "other"), [(5000, 5000), (5000, 20_000), (100_000, 120_000)])
def test_large_sets_are_compared_on_a_sample(size: int, other: int) -> None:
    shared = int(0.9 * size)
    first = _sketch(range(size))
    second = _sketch(range(size - shared, size - shared + other))
    union = other + size - shared
    assert abs(sketches.jaccard(first, second) - shared / union) < 0.05
    assert abs(sketches.containment(first, second) - 0.9) < 0.05


def _sketch(numbers: object) -> np.ndarray:
    mixed = np.array(sorted(numbers), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # type: ignore[call-overload]
    mixed ^= mixed >> np.uint64(29)
    return sketches.smallest(np.repeat(mixed * np.uint64(0xBF58476D1CE4E5B9), 2))
