"""Sketches are bounded, and those of parts make the same whole whatever the parts and the order."""

import json
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import filters
from filters.chain import Chain, Dropped, Step
from filters.document import Document
from filters.histogram import LAST, Histograms, bins_of, edges_of, together
from filters.sketch import CHANGES, WORD_SAMPLE, Sketch, merged

STEPS = [
    Step("klue", "cleanup/klue", filters.make("cleanup/klue", {})),
    Step("length", "quality/length", filters.make("quality/length", {"min_words": 5, "max_words": 40})),
    Step("language", "language/script", filters.make("language/script", {"keep": ["ko", "en"], "latin": "en"})),
]
WORDS = ["나무", "바다를", "seven", "#태그", "lamps", "( )", "가다.", "the", "Привет", "мир"]


def _documents(count=600):
    source = random.Random(7)
    texts = [" ".join(source.choice(WORDS) for _ in range(source.randrange(60))) for _ in range(count)]
    return [Document(f"id-{n % (count - 20)}", text, source="file", offset=n) for n, text in enumerate(texts)]


def _sketch(documents, examples=5):
    sketch = Sketch(STEPS, examples)
    chain = Chain(STEPS, sketch)
    for document in documents:
        outcome = chain.run(document)
        if isinstance(outcome, Dropped):
            sketch.dropped(outcome)
        elif isinstance(outcome, Document):
            sketch.kept(outcome)
    return json.loads(json.dumps(sketch.close()))


def test_parts_in_any_order_make_the_same_whole():
    documents = _documents()
    whole = merged([_sketch(documents)], 5)
    assert {group["rule"] for group in whole["dropped"]} >= {"min_words", "max_words", "language"}
    assert whole["changed"] and len(whole["kept"]) == 5
    for seed in range(3):
        source = random.Random(seed)
        source.shuffle(documents)
        cuts = sorted(source.sample(range(len(documents)), 6))
        parts = [_sketch(documents[a:b]) for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
        assert json.dumps(merged(parts, 5), sort_keys=True) == json.dumps(whole, sort_keys=True)
        twice = [merged(parts[:3], 5), merged(parts[3:], 5)]
        assert merged(twice, 5)["words"] == whole["words"]


def test_dropped_documents_are_those_nearest_to_the_threshold():
    documents = _documents()
    values = sorted(
        (outcome.drop.value for document in documents if isinstance(outcome := Chain(STEPS).run(document), Dropped)
         and outcome.drop.rule == "max_words"),
    )  # fmt: skip
    whole = merged([_sketch(documents)], 5)
    (group,) = [group for group in whole["dropped"] if group["rule"] == "max_words"]
    assert [one["value"] for one in group["examples"]] == values[:5]
    assert all(one["threshold"] == 40 and one["text"] for one in group["examples"])


def test_what_is_counted_adds_up():
    documents = _documents()
    whole = merged([_sketch(documents)], 5)
    outcomes = [Chain(STEPS).run(document) for document in documents]
    kept = [outcome for outcome in outcomes if isinstance(outcome, Document)]
    by_language = whole["languages"]
    assert sum(one["kept"] for one in by_language.values()) == len(kept)
    assert sum(one["bytes"] for one in by_language.values()) == sum(len(one.text.encode()) for one in kept)
    assert sum(sum(one["dropped"].values()) for one in by_language.values()) == len(documents) - len(kept)
    assert by_language["und"]["kept"] == 0
    (length,) = [one for one in whole["signals"] if one["stage"] == "length"]
    bins = length["bins"]["words"]
    assert sum(passed + failed for _, passed, failed in bins) == len(documents)
    failed = sum(isinstance(one, Dropped) and one.stage == "length" for one in outcomes)
    assert sum(found for _, _, found in bins) == failed
    assert len(whole["words"]) == min(WORD_SAMPLE, len({(one.id, one.text) for one in kept}))


def test_without_examples_no_text_is_kept():
    sketch = _sketch(_documents(200), 0)
    assert sketch["dropped"] == sketch["changed"] == sketch["kept"] == []
    assert sketch["signals"] and sketch["languages"]
    assert not any(word in json.dumps(sketch, ensure_ascii=False) for word in WORDS)
    assert merged([sketch, _sketch(_documents(200))], 0)["kept"] == []


def test_a_sketch_is_bounded():
    sketch = _sketch(_documents(3_000), 5)
    assert all(len(group["examples"]) <= 5 for group in sketch["dropped"])
    assert all(len(group["examples"]) <= CHANGES for group in sketch["changed"])
    assert len(sketch["words"]) == WORD_SAMPLE
    assert all(len(one["text"]) <= 200 for group in sketch["dropped"] for one in group["examples"])


@given(st.lists(st.floats(allow_nan=False), max_size=50))
def test_a_value_lies_in_its_bin(values):
    for value, place in zip(values, bins_of(np.array(values)).tolist(), strict=True):
        low, high = edges_of(place)
        assert -LAST <= place <= LAST
        assert low <= value <= high or (place == 0 and abs(value) < 1e-6)


def test_histograms_add_up_and_survive_what_is_no_number():
    one, other, both = Histograms(), Histograms(), Histograms()
    for number in range(5_000):
        signals = {"a": float(number), "b": float("nan")}
        failed = ["a"] if number % 3 == 0 else []
        for into in (one if number % 2 else other, both):
            into.add(signals, failed)
    both.add({"a": "text", "b": 1.0})
    both.add({"a": 1.0})
    parts, whole = (one.close(), other.close()), both.close()
    assert together([part["a"] for part in parts]) == whole["a"]
    assert whole["b"] == []
    assert (sum(x[1] for x in whole["a"]), sum(x[2] for x in whole["a"])) == (3_333, 1_667)
