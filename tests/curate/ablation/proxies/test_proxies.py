"""Each proxy keeps the contract; references are read or refused; unigrams see words and not their order."""

import json
import math

import numpy as np
import pytest

from curate.ablation.proxies.judge import PROXIES
from curate.ablation.proxies.references import BadReference, References, read_references
from curate.ablation.proxies.samples import words_shuffled
from curate.ablation.proxies.unigram import UNIGRAM, word_keys
from tests.curate.ablation.proxies.language import Language

ONE, TWO = Language(1), Language(2)


@pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.name)
def test_a_proxy_prefers_the_language_of_the_reference(proxy):
    costs = proxy.open({"one": ONE.texts(9, 5), "two": TWO.texts(9, 5)})
    of_one, of_two = costs(ONE.texts(1, 30)), costs(TWO.texts(1, 30))
    assert of_one["one"] < of_two["one"]
    assert of_two["two"] < of_one["two"]
    assert costs(ONE.texts(1, 30)) == of_one
    assert list(of_one) == ["one", "two"]
    assert all(math.isfinite(cost) for cost in costs([]).values())


def test_unigrams_do_not_see_order():
    costs = UNIGRAM.open({"one": ONE.texts(9, 5)})
    texts = ONE.texts(1, 30)
    assert costs(words_shuffled(texts, 1)) == costs(texts)


def test_the_cost_of_unigrams_is_the_cross_entropy():
    costs = UNIGRAM.open({"r": ["a b a"]})
    # four words, two of them of the reference; each of {a, b, anything else} counts one more
    expected = -(2 * math.log2(3 / 7) + math.log2(1 / 7)) / 5
    assert costs(["A a c", "d"])["r"] == pytest.approx(expected)


def test_hangul_words_are_cut_into_pieces():
    keys = [set(word_keys(text).tolist()) for text in ("학교에서", "학교는", "학교", "school", "School 2")]
    assert keys[0] & keys[1] == keys[2]
    assert len(keys[0]) == len(keys[1]) == 2
    assert len(keys[2]) == len(keys[3]) == 1
    assert keys[3] < keys[4]
    assert len(word_keys("한ab국")) == 1  # not a word of Hangul alone
    assert len(word_keys("")) == 0
    assert word_keys("가나다라마 漢字").dtype == np.uint64


def test_documents_that_overlap_a_reference_are_told():
    held_out = " ".join(f"word{n}" for n in range(30))
    references = References({"one": ["nothing of it"], "two": [held_out, " "]})
    assert references.overlaps(f"Before it. {held_out.upper()} And after.")
    assert not references.overlaps(" ".join(f"word{n}" for n in range(12)) + " and something else " * 5)
    assert not references.overlaps("")
    assert references.sizes == {"one": 13, "two": len(held_out)}


def test_references_are_read_by_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": name, "text": f"text of {name}"}) + "\n")
    found = read_references({"news": [str(tmp_path / "*.jsonl")], "docs": [str(tmp_path / "b.jsonl")]})
    assert found.texts == {"news": ["text of a", "text of b"], "docs": ["text of b"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "news: .*no such file"),
        ('{"id": "a", "text": " "}\n', "news: no text in .*ref.jsonl"),
        ('{"id": "a", "text": "fine"}\n{"id": \n', "news: .*ref.jsonl, 2: "),
    ],
)
def test_references_that_cannot_be_used(tmp_path, content, message):
    path = tmp_path / "ref.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadReference, match=message):
        read_references({"news": [str(path)]})
