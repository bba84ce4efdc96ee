"""The byte model: chances add up, counts are Kneser and Ney's, and text seen often misleads it little."""

import gzip
import json
import math
import random
from collections import defaultdict

import numpy as np
import pytest

from filters.text.bytelm import DISCOUNT, ORDER, ByteModel

CORPORA = ["en/gutenberg", "en/wikitext2_valid", "en/rust_book", "ko/news_dps"]
PHRASE = "the quick brown fox jumps over the lazy dog. "


def pieces(path, size=1500):
    """Texts of a JSONL file cut into pieces of some characters, shuffled."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    found = [text[start : start + size] for text in texts for start in range(0, len(text), size)]
    random.Random(1).shuffle(found)
    return found


def _trained(texts, order=ORDER, times=1):
    model = ByteModel(times * sum(len(text.encode()) for text in texts), order)
    for _ in range(times):
        for text in texts:
            model.train(text)
    return model


def _bits(model, texts):
    return float(np.mean([model.bits_per_byte(text) for text in texts]))


class _Slow:
    """Interpolated Kneser-Ney as the papers write it, from n-grams with their occurrences.

    An n-gram counts the different bytes it was seen after; where it has all the context there can be (`order` bytes,
    or all that a document holds before it) it counts its occurrences too.
    """

    def __init__(self, texts, order):
        self.order = order
        seen = defaultdict(int)
        for data in texts:
            for place in range(len(data)):
                for length in range(min(order, place) + 1):
                    ending = data[place - length : place + 1]
                    # `^`: the n-gram begins the document, so nothing is before it
                    before = "^" if length == place else data[place - length - 1]
                    seen[ending, before if length < order else "all"] += 1
        self.counts = defaultdict(lambda: defaultdict(int))
        for (ending, before), count in seen.items():
            whole = before in ("^", "all")
            self.counts[ending[:-1]][ending[-1]] += count if whole else 1

    def chance(self, context, byte):
        context = context[-self.order :]
        found = self.counts.get(context)
        shorter = self.chance(context[1:], byte) if context else 1 / 256
        if not found:
            return shorter
        total = sum(found.values())
        return max(found.get(byte, 0) - DISCOUNT, 0) / total + DISCOUNT * len(found) / total * shorter

    def bits(self, data):
        return -sum(math.log2(self.chance(data[max(0, n - self.order) : n], data[n])) for n in range(len(data)))


@pytest.mark.parametrize("order", [1, 2, 5])
def test_counts_are_those_of_kneser_and_ney(order):
    rng = random.Random(order)
    texts = ["".join(rng.choice(["ab", "abc", "ba", "가", "나가", " "]) for _ in range(60)) for _ in range(8)]
    model = _trained(texts, order)
    slow = _Slow([text.encode() for text in texts], order)
    for text in [*texts, "abba 가나다 cab", "zz", "a"]:
        data = text.encode()
        assert model.bits_per_byte(text) * len(data) == pytest.approx(slow.bits(data), rel=1e-9)


def test_the_model_learns_and_is_the_same_every_time():
    texts = ["the cat sat on the mat and looked at the door " * 3, "등대지기는 매일 저녁 계단을 올라갔다. " * 3]
    fresh = ByteModel(1000)
    assert fresh.bits_per_byte("any") == pytest.approx(8.0)
    assert fresh.bits_per_byte("") == 0.0
    models = [_trained(texts) for _ in range(2)]
    seen = models[0].bits_per_byte("the cat sat on the mat")
    assert seen < 2
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


def test_a_phrase_seen_200_times_does_not_forbid_another_byte():
    """Every context of the phrase is sure of the next byte. Where all of them count 200, another byte costs 88 bits."""
    model = ByteModel(100_000)
    for _ in range(200):
        model.train(PHRASE)
    for place in (6, 20, 40):
        context = PHRASE[:place]
        other = model.bits_per_byte(context + "Z") * (place + 1) - model.bits_per_byte(context) * place
        assert 8 < other < 35


@pytest.mark.parametrize("corpus", CORPORA)
def test_longer_contexts_and_a_second_pass_do_no_harm(shared_data, corpus):
    texts = pieces(shared_data / "prose" / f"{corpus}.jsonl.gz")[:500]
    held_out, texts = texts[:50], texts[50:]
    once = _bits(_trained(texts), held_out)
    assert once <= _bits(_trained(texts, 3), held_out)
    assert _bits(_trained(texts, times=2), held_out) - once <= 0.2
