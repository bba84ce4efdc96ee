"""The proxy orders planted arms, and finds nothing where there is nothing."""

import gzip
import json
import random
from functools import partial

import numpy as np
import pytest

from curate.ablation import proxy
from curate.ablation.controls import budget
from filters.text.bytelm import ByteModel

PIECE = 1500  # characters


def _pieces(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    pieces = [text[start : start + PIECE] for text in texts for start in range(0, len(text), PIECE)]
    random.Random(1).shuffle(pieces)
    return pieces


def _shuffled(text, seed):
    words = text.split()
    random.Random(seed).shuffle(words)
    return " ".join(words)


def _arm(documents, seed):
    order = documents[:]
    random.Random(seed).shuffle(order)
    return order


@pytest.mark.parametrize(("corpus", "most", "seeds"), [("en/gutenberg", 400_000, 3), ("ko/news_dps", 800_000, 4)])
def test_planted_arms_come_in_order(shared_data, corpus, most, seeds):
    texts = _pieces(shared_data / "prose" / f"{corpus}.jsonl.gz")
    other = _pieces(shared_data / "prose/ja/oscar_web.jsonl.gz")
    reference, clean = proxy.Reference(texts[:120]), texts[120:]
    planted = {
        "clean": clean,
        "half shuffled": [_shuffled(text, n) if n % 2 else text for n, text in enumerate(clean)],
        "half duplicated": [clean[n % 20] if n % 2 else text for n, text in enumerate(clean)],
        "half another language": [other[n % len(other)] if n % 2 else text for n, text in enumerate(clean)],
    }
    arms = {name: partial(_arm, documents) for name, documents in planted.items()}
    found = proxy.compare(arms, "clean", reference, most, seeds)
    rows = {row["arm"]: row for row in found["arms"]}
    best = rows.pop("clean")
    for name, row in rows.items():
        assert row["bits_per_byte"]["low"] > best["bits_per_byte"]["high"], name
        assert row["difference"]["low"] > 0, name
        assert row["bytes"] == best["bytes"] == most


def test_a_random_arm_is_no_different(shared_data):
    texts = _pieces(shared_data / "prose/en/gutenberg.jsonl.gz")
    reference, texts = proxy.Reference(texts[:50]), texts[50:450]
    ids = np.array([f"d{n}" for n in range(len(texts))], dtype=object)
    sizes = np.array([len(text.encode()) for text in texts])
    everything = np.ones(len(texts), dtype=bool)
    most = 100_000

    def training(mask, seed):
        return [texts[row] for row in proxy.training_order(ids, sizes, mask, most, seed)]

    covered = 0
    for seed in range(20):
        left = budget(ids, sizes, everything, int(sizes.sum() * 0.6), seed, "removal")
        arms = {"base": partial(training, everything), "random": partial(training, left)}
        difference = proxy.compare(arms, "base", reference, most, 3)["arms"][1]["difference"]
        assert difference["low"] < difference["high"]  # the arms were not trained on the same documents
        covered += difference["low"] <= 0 <= difference["high"]
    assert covered >= 17


def test_documents_that_overlap_the_reference_are_left_out():
    held_out = " ".join(f"word{n}" for n in range(30))
    reference = proxy.Reference([held_out])
    assert reference.overlaps(f"Before it. {held_out.upper()} And after.")
    assert not reference.overlaps(" ".join(f"word{n}" for n in range(12)) + " and something else " * 5)
    other = "Nothing of that kind stands in here, not one bit of it, and that is the end of the matter."
    bits, used, left_out = proxy.score([f"Seen: {held_out}", other], reference, 10_000)
    assert left_out == 1
    assert used == len(other)
    assert len(bits) == 1


def test_training_stops_at_the_budget_and_cuts_between_characters():
    _, used, _ = proxy.score(["가나다라" * 10] * 5, proxy.Reference(["마바사"]), 100)
    assert used == 99  # 33 syllables of three bytes


def test_intervals_are_as_wide_as_chance():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        texts = rng.normal(0, 1, 40)
        table = [texts + rng.normal(0, 0.5) + rng.normal(0, 0.2, 40) for _ in range(4)]
        found = proxy.mean_interval(table)
        covered += found["low"] <= 0 <= found["high"]
    assert covered >= 180
    same = proxy.mean_interval([np.ones(5)] * 3)
    assert same == {"mean": 1.0, "low": 1.0, "high": 1.0}


def test_the_model_learns_and_is_the_same_every_time():
    texts = ["the cat sat on the mat and looked at the door " * 3, "등대지기는 매일 저녁 계단을 올라갔다. " * 3]
    fresh = ByteModel(1000)
    assert fresh.bits_per_byte("any") == pytest.approx(8.0)
    assert fresh.bits_per_byte("") == 0.0
    models = [ByteModel(1000) for _ in range(2)]
    for model in models:
        for text in texts:
            model.train(text)
    seen = models[0].bits_per_byte("the cat sat on the mat")
    assert seen < 1.5
    assert seen < models[0].bits_per_byte("zebras quietly jogged") < 12
    assert seen == models[0].bits_per_byte("the cat sat on the mat")  # scoring teaches it nothing
    assert seen == models[1].bits_per_byte("the cat sat on the mat")


@pytest.mark.parametrize("room", [10, 1000, 100_000])
@pytest.mark.parametrize("context", ["", "t", "the ca", "on the mat and", "zqx", "the cat sat on the do"])
def test_chances_of_the_next_byte_add_up_to_one(room, context):
    rng = random.Random(2)
    model = ByteModel(room)
    for _ in range(20):
        model.train("".join(rng.choice(["the ", "cat ", "sat ", "on ", "mat ", "and ", "do"]) for _ in range(100)))
        model.train("".join(chr(rng.randrange(128)) for _ in range(200)))
    size = len(context)
    before = model.bits_per_byte(context) * size
    # all bytes, not only those of a UTF-8 text: lone surrogates stand for none here
    chances = [2 ** -(model.bits_per_byte(context + chr(byte)) * (size + 1) - before) for byte in range(128)]
    rest = 128 * min(chances)  # bytes above 127 never occurred: each has the chance of an unseen byte
    assert sum(chances) == pytest.approx(1.0, abs=rest + 1e-6)
    assert sum(chances) <= 1.0 + 1e-6
