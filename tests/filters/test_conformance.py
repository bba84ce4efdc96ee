"""One suite over every strategy of the table: values, pure, total, repeatable, documented, never mutating."""

import copy
import dataclasses
import pickle

import pytest

from curate.catalogue import describe
from filters import STRATEGIES, SettingsError, find, make
from filters.contracts import (
    CorpusJudge,
    CorpusRewriter,
    Extractor,
    Judge,
    ResourceError,
    Rewriter,
    Scores,
    settings_of,
)
from filters.document import Document, Drop, Fault, RawPage

# What a strategy needs that has no default: a model that only training can make.
NEEDS_MODEL = {
    "toxicity/fasttext", "toxicity/linear", "toxicity/transformer", "quality/fasttext", "quality/fasttext-top",
}  # fmt: skip

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
        made = make(name)
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
    assert hash(made) == hash(make(name))
    assert made == make(name) == pickle.loads(pickle.dumps(made))
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
