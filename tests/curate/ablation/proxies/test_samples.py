"""Samples: equal bytes, keyed by seed and document, nothing of the references; controls change what they say."""

import numpy as np

from curate.ablation.proxies import mixture, samples
from curate.ablation.proxies.duplicates import repeated_share
from curate.ablation.proxies.samples import sample
from tests.curate.ablation.proxies.language import Language, source

TEXTS = Language(7).texts(1, 200, 40)


def _nothing(text):
    return False


def test_samples_are_nested_and_of_equal_bytes():
    whole = source(TEXTS)
    small, large = (sample(whole, {"": most}, 3, _nothing) for most in (3_000, 9_000))
    assert (small.bytes, large.bytes) == (3_000, 9_000)
    assert small.texts[:-1] == large.texts[: len(small.texts) - 1]  # the last one is cut
    assert sample(whole, {"": 3_000}, 3, _nothing) == small
    assert sample(whole, {"": 3_000}, 4, _nothing).texts != small.texts
    everything = sample(whole, {"": 10**9}, 3, _nothing)
    assert sorted(everything.texts) == sorted(TEXTS)


def test_arms_share_what_they_both_keep():
    whole = source(TEXTS)
    half = whole.where(np.arange(len(TEXTS)) % 2 == 0)
    large, small = sample(whole, {"": 20_000}, 1, _nothing), sample(half, {"": 10_000}, 1, _nothing)
    kept = set(TEXTS[::2])
    shared = [text for text in large.texts[:-1] if text in kept]
    assert len(shared) > 10
    least = min(len(shared), len(small.texts) - 1)
    assert shared[:least] == small.texts[:least]


def test_each_kind_has_its_bytes():
    kinds = ["one" if number % 4 else "two" for number in range(len(TEXTS))]
    found = sample(source(TEXTS, kinds), {"one": 3_000, "two": 2_000}, 5, _nothing)
    of = dict(zip(TEXTS, kinds, strict=True))
    by_kind = {"one": 0, "two": 0}
    for text in found.texts:
        kind = next(of[whole] for whole in TEXTS if whole.startswith(text))
        by_kind[kind] += len(text)
    assert by_kind == {"one": 3_000, "two": 2_000}


def test_what_overlaps_a_reference_is_replaced():
    bad = set(TEXTS[::3])
    found = sample(source(TEXTS), {"": 8_000}, 2, bad.__contains__)
    assert found.bytes == 8_000
    assert found.overlapping > 0
    assert not bad & set(found.texts)


def test_a_sample_is_cut_between_characters():
    found = sample(source(["가나다라" * 10] * 5), {"": 100}, 0, _nothing)
    assert found.bytes == 99  # 33 syllables of three bytes


def test_texts_are_fetched_once():
    asked = []
    whole = source(TEXTS)
    fetch = whole.fetch
    whole.fetch = lambda rows: (asked.extend(rows), fetch(rows))[1]
    for seed in range(20):
        sample(whole.without_strata(), {"": 9_000}, seed, _nothing)
    assert len(asked) == len(set(asked))
    whole.forget()
    sample(whole, {"": 100}, 0, _nothing)
    assert len(asked) > len(set(asked))


def test_random_removal_takes_a_third():
    whole = source(TEXTS)
    left = samples.randomly_removed(whole)
    assert set(left.ids) < set(whole.ids)
    assert 0.6 < left.bytes / whole.bytes <= 2 / 3
    text = left.fetch([0])[0]
    assert whole.fetch([int(np.flatnonzero(whole.ids == left.ids[0])[0])]) == {
        int(np.flatnonzero(whole.ids == left.ids[0])[0]): text
    }


def test_shuffled_words_stand_where_words_stood():
    text = "One, two;  three\n\n(four) 다섯 여섯은 seven!"
    (found,) = samples.words_shuffled([text], 1)
    words = ["One", "two", "three", "four", "다섯", "여섯은", "seven"]
    assert found != text
    skeleton, left = found, text
    for word in words:
        assert word in found
        skeleton, left = skeleton.replace(word, "w", 1), left.replace(word, "w", 1)
    assert skeleton == left
    assert samples.words_shuffled([text], 1) == [found]
    assert samples.words_shuffled(["", " \n"], 1) == ["", " \n"]


def test_half_duplicated_is_the_first_half_twice():
    found = samples.half_duplicated(["aaaa", "bbbb", "cccc"])
    assert found == ["aaaa", "bb"] * 2
    assert samples.half_duplicated([]) == []


def test_the_mixture_that_arms_have_in_common():
    arms = {
        "base": {"one": 100, "two": 50},
        "more": {"one": 120, "two": 40, "three": 900},
        "else": {"three": 500},
        "less": {"one": 60},
    }
    assert mixture.in_common("base", arms) == ({"one": 60}, ["base", "more", "less"])
    assert mixture.in_common("base", {"base": arms["base"]}) == (arms["base"], ["base"])
    quotas = mixture.quotas({"one": 200, "two": 100}, 30)
    assert quotas == {"one": 20, "two": 10}
    assert sum(mixture.quotas({"a": 1, "b": 1, "c": 1}, 100).values()) == 100
    assert mixture.share(quotas, {"one": 40, "two": 100}) == (20 * 0.5 + 10 * 0.1) / 30
    assert mixture.quotas({}, 100) == {}


def test_strata_tell_languages_hosts_and_lengths():
    hosts = mixture.hosts(np.array(["https://www.a.example/1", "https://z.example", "["], dtype=object),
                          np.array(["https://a.example/2"], dtype=object))  # fmt: skip
    assert hosts.tolist() == ["a.example", "other", "other"]
    found = mixture.strata(np.array(["ko", "", "en"], dtype=object), hosts, np.array([10, 1_000, 200_000]))
    assert len(set(found.tolist())) == 3
    assert found[0].startswith("ko a.example")


def test_repeated_text_is_counted_by_lines():
    line, other = "a line that is long enough to count", "another line that is long enough"
    assert repeated_share(source([line, other])) == 0
    assert repeated_share(source([f"{line}\n{other}", line, "short", "short"])) == len(line) / (
        2 * len(line) + len(other)
    )
    assert repeated_share(source(["short"])) == 0
