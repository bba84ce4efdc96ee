"""One suite over every strategy of the table: values, pure, total, repeatable, documented, never mutating."""

import copy
import dataclasses
import pickle
from collections.abc import Mapping

import numpy as np
import pytest

from curate.catalogue import describe
from curate.training.toxicity import Examples, train
from filters import STRATEGIES, SettingsError, contracts, find, make
from filters.chain import OpenStep, Step, apply
from filters.contracts import (
    CorpusJudge,
    CorpusRewriter,
    Extractor,
    Judge,
    ResourceError,
    Rewriter,
    Scores,
    limit,
    settings_of,
)
from filters.document import Document, Drop, Fault, RawPage
from filters.loading import load
from tests.curate.training.test_kneser_ney import LMPLZ

# What a strategy needs that has no default: a model that only training can make, or files of the user's.
NEEDS_MODEL = {
    "toxicity/fasttext", "toxicity/linear", "toxicity/transformer", "quality/fasttext", "quality/fasttext-top",
    "quality/perplexity", "quality/perplexity-top", "dedup/decontaminate",
}  # fmt: skip

REQUIRED = {
    "quality/buckets": {"scores": {"words": {"quality/length": {}, "signal": "words"}}, "within": "language"},
    "sampling/upsample": {"weights": {1: 1, 2: 3}},
    "sampling/mix": {"budget": 1000},
}

TEXTS = {
    "empty": "",
    "one word": "word",
    "white space": " \n\t \u3000\n",
    "emoji": "😀👨‍👩‍👧‍👦 🇰🇷",
    "nul": "a\x00b",
    "digits": "12345 67890 010-1234-5678",
    "english": "The man who mends the clocks carries a bag of keys, and he knows them by their sound.\nIt is late. "
    * 9,
    "korean": "갯벌에서 일하는 사람들은 시계보다 물때를 먼저 본다. 하루에 두 번 물이 들고 난다.\n그래서 늦다. " * 9,
    "mixed": "대한민국(大韓民國)은 a@b.com으로 連絡 주세요. #태그 https://a.example/?x=1 {}[]()\n• 하나\n• 둘 ...",
    "marks": "e\u0301\u0302" * 50,
    "astral": "𠀀𠀁𠀂 𝔘𝔫𝔦 \U0001f600" * 10,
    "one line": "x" * 20_000,
}


def strategy(name):
    try:
        made = make(name, REQUIRED.get(name))
    except SettingsError:
        assert name in NEEDS_MODEL, f"{name} cannot be made with its defaults"
        pytest.skip(f"{name} needs a model")
    try:
        made.check()
    except ResourceError as error:
        assert name in NEEDS_MODEL, error
        pytest.skip(str(error))
    return made


@pytest.mark.parametrize("name", STRATEGIES)
def test_documented(name):
    (row,) = describe(name)
    assert len(row["summary"]) > 10
    assert row["summary"].endswith(".")
    for setting in row["settings"]:
        assert setting["description"], f"{name}: {setting['name']} has no description"


@pytest.mark.parametrize("name", STRATEGIES)
def test_unknown_settings_are_errors_that_name_the_known(name):
    with pytest.raises(SettingsError, match="no_such_setting"):
        make(name, {"no_such_setting": 1})


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("quality/gopher", {"min_words": 500, "max_words": 100}, "min_words: 500 is above max_words: 100"),
        ("quality/gopher", {"min_mean_word_length": 10.5}, "min_mean_word_length: 10.5 is above"),
        ("quality/gopher", {"max_words": 100, "languages": {"ko": {"min_words": 101}}}, "languages.ko.min_words: 101"),
        ("quality/refinedweb", {"min_words": 500, "max_words": 100}, "min_words: 500 is above max_words: 100"),
        ("quality/refinedweb", {"languages": {"ko": {"max_word_length": 2}}}, "languages.ko.min_word_length: 3"),
        ("quality/length", {"min_words": None, "min_bytes": 5, "max_bytes": 4}, "min_bytes: 5 is above max_bytes: 4"),
    ],
)
def test_bounds_that_no_text_can_meet_are_errors(name, settings, said):
    with pytest.raises(SettingsError, match=f"^{name}: .*{said}"):
        make(name, settings)


def test_bounds_may_be_equal_or_off_and_are_those_of_judges():
    make("quality/length", {"min_words": 5, "max_words": 5})
    make("quality/gopher", {"min_words": 500_000, "max_words": None})
    make("quality/gopher", {"max_words": 100, "languages": {"ko": {"min_words": 500, "max_words": None}}})
    make("dedup/bff", {"min_ngram": 20, "max_ngram": 13})  # short paragraphs stay, whatever the n-gram


@pytest.mark.parametrize("name", STRATEGIES)
def test_settings_are_values(name):
    made = strategy(name)
    assert hash(made) == hash(make(name, REQUIRED.get(name)))
    assert made == make(name, REQUIRED.get(name)) == pickle.loads(pickle.dumps(made))
    assert make(name, settings_of(made)) == made
    assert issubclass(find(name), (Extractor, Rewriter, Judge, CorpusJudge, CorpusRewriter))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.anything = 1


@pytest.mark.parametrize("name", STRATEGIES)
def test_total_pure_and_repeatable(name):
    made = strategy(name)
    if isinstance(made, CorpusRewriter) or not hasattr(made, "open"):
        pytest.skip("decides over a corpus only")
    function = made.open()
    signals = set()
    for label, text in TEXTS.items():
        for language in ("", "en", "ko", "ja", "und"):
            notes = {"language": language} if language else {}
            if isinstance(made, Extractor):
                item = RawPage("1", "http://a.example/", text.encode(), "text/html", "utf-8", (), "", "a", 1, notes)
            else:
                item = Document("1", text, "http://a.example/b?c=1", notes, "a", 1, "2026-01-01T00:00:00Z")
            before = copy.deepcopy(item)
            first = _answer(function, item)
            assert item == before, f"{name} changed its input on {label}"
            assert _comparable(first) == _comparable(_answer(function, item)), f"{name} differs on {label}"
            if isinstance(made, Judge):
                assert isinstance(first, Scores), (name, label, first)
                signals.add(frozenset(first.signals))
                for rule in made.rules(language):
                    assert rule.one_of is not None or rule.signal in first.signals, (name, rule)
                assert set(first.notes) <= set(made.writes)
            elif isinstance(made, (Extractor, Rewriter)):
                assert isinstance(first, (Document, Drop, Fault)), (name, label, first)
                if isinstance(first, Document):
                    first.text.encode()
                    assert (first.id, first.source, first.offset, first.url) == (item.id, "a", 1, item.url)
                    assert all(count > 0 for count in first.edits.values())
    assert len(signals) <= 1, f"{name} answers with different signals"
    close = getattr(function, "close", None)
    if close is not None:
        close()


def _answer(function, item):
    try:
        return function(item)
    except Fault as fault:
        return fault


def _comparable(answer):
    if isinstance(answer, Scores):
        return {name: repr(value) for name, value in answer.signals.items()}, dict(answer.notes)
    if isinstance(answer, Fault):
        return str(answer)
    return answer.tobytes() if hasattr(answer, "tobytes") else answer


JUDGES = [name for name, path in STRATEGIES.items() if issubclass(load(path), Judge)]


def other_values(value):
    """Values that a threshold with this one could also have, the likeliest to be allowed first."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value / 2 if isinstance(value, float) else value + 1, 0, 1, None]
    if isinstance(value, Mapping) and value:
        return [{}, {key: {} for key in value}]
    return [
        1,
        0.5,
        ["ko"],
        ["tail"],
        ["noai"],
        ["CC-BY"],
        {"rps_doc_word_count": [1, 2]},
        {"ko": {"min_words": 1}},
        {"ko": {"top_2gram": 0.5}},
    ]


def with_other_threshold(name, settings, setting):
    made = make(name, settings)
    for value in other_values(settings_of(getattr(made, setting))):
        try:
            other = make(name, {**settings, setting: value})
        except SettingsError:
            continue
        if other != made:
            return other
    raise AssertionError(f"{name}: no other value for {setting}")


@pytest.fixture(scope="module")
def needed(tmp_path_factory):
    """Settings of the judges that need a model, which is trained here."""
    folder = tmp_path_factory.mktemp("models")
    texts = [
        f"{word} number {n}" for n in range(150) for word in ("a vile and awful insult", "a calm and friendly text")
    ]
    examples = Examples(tuple(texts), np.array([True, False] * 150))
    found = dict(REQUIRED)
    for name, suffix in (("toxicity/linear", ".npz"), ("toxicity/fasttext", ".bin")):
        model = folder / f"model{suffix}"
        train(examples, model)
        found[name] = {"model": str(model), "level": "sentence"}
    found["quality/fasttext"] = {"model": found["toxicity/fasttext"]["model"], "label": "toxic@lower"}
    found["quality/perplexity"] = {"model": str(LMPLZ), "head": 200, "tail": 300, "keep": ["head"]}
    return found


@pytest.mark.parametrize("name", JUDGES)
def test_no_threshold_changes_a_score(name, needed):
    settings = needed.get(name, {})
    if name == "toxicity/transformer":
        pytest.skip("no such model is made here; tests/filters/toxicity/test_transformer.py has a tiny one")
    made = make(name, settings)
    assert made.thresholds, f"{name} has no threshold"
    scored = scores_of(made)
    for setting in sorted(made.thresholds):
        other = with_other_threshold(name, settings, setting)
        assert other.scoring_key() == made.scoring_key(), f"{name}: {setting}"
        assert scores_of(other) == scored, f"{name}: {setting}"


@pytest.mark.parametrize("name", JUDGES)
def test_every_threshold_changes_a_rule(name, needed):
    settings = needed.get(name, {"model": "none"} if name == "toxicity/transformer" else {})
    made = make(name, settings)

    def rules(judge):
        return [judge.rules(language) for language in ("", "en", "ko")]

    silent = {"min_score"} if name.startswith("language/") else set()  # decides where `keep` keeps some languages
    for setting in sorted(made.thresholds - silent):
        assert rules(with_other_threshold(name, settings, setting)) != rules(made), f"{name}: {setting}"


def scores_of(judge):
    function = judge.open()
    return [
        _comparable(function(Document("1", text, "http://a.example/b?c=1", {"language": language} if language else {})))
        for text in TEXTS.values()
        for language in ("", "en", "ko", "ja")
    ]


@contracts.strategy
class Peeks(Judge):
    """A judge whose scores depend on a limit: when it opens, or later."""

    length: int = limit(1, description="least characters of a word that counts")
    later: bool = False

    def open(self):
        if not self.later:
            least = self.length
            return lambda document: Scores({"words": float(sum(len(w) >= least for w in document.text.split()))})
        return lambda document: Scores({"words": float(sum(len(w) >= self.length for w in document.text.split()))})

    def rules(self, language=""):
        return ()


def test_a_score_cannot_depend_on_a_limit():
    message = "Peeks: scores cannot depend on the limit length"
    with pytest.raises(SettingsError, match=message):
        Peeks().open()
    applied = apply(OpenStep(Step("peeks", "peeks", Peeks(later=True))), Document("1", "a word"))
    assert applied.reason == "error:SettingsError"
    assert message in applied.detail


def test_a_judge_that_lists_its_thresholds_is_refused():
    for name in ("Listed", "ListedAndLimited"):
        with pytest.raises(SettingsError, match=f"{name}: thresholds is a list; declare each threshold with limit"):
            find(f"tests.strategies.{name}")


@pytest.mark.parametrize("name", JUDGES)
def test_a_setting_left_out_and_its_default_given_are_one(name, needed):
    settings = needed.get(name, {})
    if name == "toxicity/transformer":
        settings = {"model": "none"}
    whole = make(name, settings)
    for setting, value in settings_of(whole).items():
        if setting in ("languages", "stop_words", "semantics"):
            continue  # completed, not only checked
        given = make(name, {**settings, setting: value})
        assert given == whole
        assert repr(settings_of(given)) == repr(settings_of(whole)), f"{name}: {setting}"
