"""quality/gopher and quality/refinedweb: every rule below, at and above its threshold, and hostile texts."""

import pickle
from math import inf
from typing import Any

import pytest

from filters import SettingsError, make
from filters.contracts import Judge, settings_of
from filters.document import Document
from filters.rules import decide, failing
from tests.linear import grows_linearly

HOSTILE = {
    "empty": "",
    "one word": "word",
    "white space": " \n\t\u3000 \n",
    "emoji": "👨\u200d👩\u200d👧 🇰🇷 😀" * 30,
    "NUL": "a\x00b \x00 c\n" * 40,
    "surrogates": "\ud800 lone \udfff surrogates\ud800" * 20,
    "no letters": "1 2 3 4 5 6 7 8 9 0\n" * 20,
    "one long word": "x" * 200_000,
    "5 MB in one line": "lorem ipsum dolor " * 277_778,
}


def prose(words: int, *, stop: int = 0, blank: int = 0, length: int = 4) -> str:
    """Words of one length, the first `stop` of them "with", the last `blank` of them without letters."""
    return " ".join(["with"] * stop + ["word"[:length].ljust(length, "s")] * (words - stop - blank) + ["1234"] * blank)


def judged(name: str, text: str, language: str = "", **settings: Any) -> set[str]:
    judge = make(name, settings)
    assert isinstance(judge, Judge)
    notes = {"language": language} if language else {}
    scores = judge.open()(Document(id="1", text=text, notes=notes))
    return {rule.rule for rule in failing(judge.rules(language), scores.signals, scores.notes)}


@pytest.mark.parametrize("semantics", ["dclm", "datatrove"])
@pytest.mark.parametrize(
    ("rule", "passes", "fails"),
    [
        ("min_words", [prose(50, stop=2), prose(51, stop=2)], [prose(49, stop=2)]),
        ("max_words", [prose(99_999, stop=2), prose(100_000, stop=2)], [prose(100_001, stop=2)]),
        ("min_mean_word_length", ["abc " * 100, "abc abcd " * 50], ["abc ab " * 50]),
        ("max_mean_word_length", ["abcdefghij " * 60, "abcdefghi " * 60], ["abcdefghij abcdefghijk " * 30]),
        (
            "max_bullet_lines",
            ["- one two\n" * 9 + "three four\n", "- one\n" * 8 + "two\n" * 2],
            ["- one two\n" * 10, "- one\n" * 19 + "two"],
        ),
        ("max_ellipsis_lines", ["one...\n" * 3 + "two\n" * 7, "one…\n" + "two\n" * 9], ["one...\n" * 4 + "two\n" * 6]),
        ("min_alphabetic_words", [prose(100, blank=20), prose(100, blank=19)], [prose(100, blank=21)]),
        ("min_stop_words", ["the of " + prose(60), "and that with " + prose(60)], ["with " + prose(60), prose(60)]),
    ],
)
def test_rules_below_at_and_above(semantics: str, rule: str, passes: list[str], fails: list[str]) -> None:
    for text in passes:
        assert rule not in judged("quality/gopher", text, semantics=semantics)
    for text in fails:
        assert rule in judged("quality/gopher", text, semantics=semantics)


@pytest.mark.parametrize(
    ("rule", "passes", "fails"),
    [
        ("page_length", [prose(50), prose(100_000)], [prose(49), prose(100_001)]),
        ("word_length", ["abc " * 9, "abcdefghij " * 9], ["abc ab ", "abcdefghijk abcdefghij"]),
        ("symbol_ratio", ["a " * 9 + "#", "a " * 10 + "…", "a. . . b" + " c" * 10], ["a " * 8 + "# b #", "b... #"]),
        ("bullet_count", ["● a\n" * 9 + "b", "* a\n\n" * 8 + "b"], ["• a\n\n" * 10]),
        ("ellipsis_count", ["a. . .\n" * 3 + "b\n" * 7], ["a. . .\n" * 4 + "b\n" * 6]),
        ("alphabetic_word_ratio", ["a a a a 1", "가 나 다 라 1"], ["a a a 1", "1 2", "- -"]),
        ("stop_words", ["the the", "The AND"], ["the", "then theme", "the, of."]),
    ],
)
def test_refinedweb_rules_below_at_and_above(rule: str, passes: list[str], fails: list[str]) -> None:
    for text in passes:
        assert rule not in judged("quality/refinedweb", text)
    for text in fails:
        assert rule in judged("quality/refinedweb", text)


def test_symbols_are_summed_in_dclm_and_apart_in_datatrove() -> None:
    text = "word " * 40 + "#word " * 3 + "word... " * 3
    assert "max_symbol_ratio" in judged("quality/gopher", text)
    apart = judged("quality/gopher", text, semantics="datatrove", max_symbol_ratio=0.06)
    assert not apart & {"max_hash_ratio", "max_ellipsis_ratio"}
    assert "max_hash_ratio" in judged("quality/gopher", "a # " * 20, semantics="datatrove")
    assert "max_ellipsis_ratio" in judged("quality/gopher", "a … " * 20, semantics="datatrove")


def test_stop_words_occur_twice_in_dclm_and_differ_in_datatrove() -> None:
    assert "min_stop_words" not in judged("quality/gopher", "The the")
    assert "min_stop_words" in judged("quality/gopher", "the the", semantics="datatrove")
    assert "min_stop_words" in judged("quality/gopher", "The Of", semantics="datatrove")
    assert "min_stop_words" not in judged("quality/gopher", "the of", semantics="datatrove")


def test_a_threshold_of_0_is_a_threshold_and_none_is_not() -> None:
    zero = {"min_words": 0, "max_words": 0, "max_symbol_ratio": 0, "max_bullet_lines": 0, "max_ellipsis_lines": 0}
    text = "- the # be…\n" * 3
    failed = judged("quality/gopher", text, **zero)
    assert {"max_words", "max_symbol_ratio", "max_bullet_lines", "max_ellipsis_lines"} <= failed
    assert not judged("quality/gopher", "", min_words=0, min_mean_word_length=0, min_stop_words=0) - {
        "max_symbol_ratio",
        "min_alphabetic_words",
    }
    judge = make("quality/gopher", dict.fromkeys(make("quality/gopher").thresholds - {"languages"}))  # type: ignore[attr-defined]
    assert judge.rules("en") == ()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    ("judge", "settings"),
    [
        ("quality/gopher", {}),
        ("quality/gopher", {"semantics": "datatrove"}),
        ("quality/refinedweb", {}),
        ("quality/gopher-repetition", {}),
        ("quality/gopher-repetition", {"semantics": "datatrove"}),
    ],
)
def test_hostile_texts_get_a_decision(judge: str, settings: dict[str, Any], name: str) -> None:
    strategy = make(judge, settings)
    assert isinstance(strategy, Judge)
    for language in ("", "ko"):
        scores = strategy.open()(Document(id="1", text=HOSTILE[name], notes={"language": language}))
        drop = decide(strategy.rules(language), scores.signals, scores.notes)
        assert list(scores.signals) == list(strategy.open()(Document(id="2", text="a b")).signals)
        if judge != "quality/gopher-repetition":
            assert drop is not None, "none of these is a text to keep"


def test_a_drop_names_every_rule_that_failed() -> None:
    judge = make("quality/refinedweb")
    assert isinstance(judge, Judge)
    scores = judge.open()(Document(id="1", text="# 1 2"))
    drop = decide(judge.rules("en"), scores.signals, scores.notes)
    assert drop is not None
    found = [(drop.rule, drop.value, drop.threshold), *((f.rule, f.value, f.threshold) for f in drop.also_failed)]
    assert found == [
        ("page_length", 2.0, 50),
        ("word_length", 1.0, 3),
        ("symbol_ratio", 1 / 3, 0.1),
        ("alphabetic_word_ratio", 1.0, 0.2),
        ("stop_words", 0.0, 2),
    ]


def test_a_text_without_words_has_infinitely_many_symbols() -> None:
    scores = make("quality/gopher").open()(Document(id="1", text=""))  # type: ignore[attr-defined]
    assert scores.signals["symbol_ratio"] == inf
    assert scores.signals["mean_word_length"] == 0


def test_values_by_language() -> None:
    judge = make("quality/gopher", {"languages": {"ja": {"min_words": 5, "max_words": None}}})
    rules = {rule.name: rule for rule in judge.rules("ja")}  # type: ignore[attr-defined]
    assert rules["min_words"].at_least == 5
    assert "max_words" not in rules
    assert rules["min_stop_words"].at_least == 2
    korean = {rule.name: rule.at_least for rule in judge.rules("ko")}  # type: ignore[attr-defined]
    assert korean["min_mean_word_length"] < 3, "the shipped Korean values stay when others are given"
    assert judge.rules("fr") == judge.rules("en") == judge.rules("")  # type: ignore[attr-defined]
    assert make("quality/gopher", settings_of(judge)) == judge
    assert pickle.loads(pickle.dumps(judge)) == judge


def test_stop_words_by_language() -> None:
    assert "min_stop_words" not in judged(
        "quality/gopher", "le chat et le chien", "fr", stop_words={"fr": ("le", "et")}
    )
    assert "min_stop_words" in judged("quality/gopher", "le chat et le chien", "de", stop_words={"fr": ("le", "et")})
    assert "min_stop_words" not in judged("quality/gopher", "학교에서 공부를 했다", "ko")
    assert "min_stop_words" in judged("quality/gopher", "학교에서 공부를 했다", "en")


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"languages": {"ko": {"min_word": 1}}}, "min_word"),
        ({"words": "spacy"}, "semantics: datatrove"),
        ({"stop_words": {"fr": ["-"]}}, "empty"),
        ({"min_words": -1}, "min_words"),
        ({"semantics": "dolma"}, "semantics"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], part: str) -> None:
    with pytest.raises(SettingsError, match=part):
        make("quality/gopher", settings)


def test_plan_warns_of_english_limits() -> None:
    judge = make("quality/gopher")
    assert judge.warnings(("en", "ko")) == ()
    assert "fr" in judge.warnings(("en", "fr"))[0]
    assert "ko" in make("quality/refinedweb").warnings(("ko",))[0]
    assert make("quality/gopher", {"languages": {"fr": {"min_stop_words": 0}}}).warnings(("fr",)) == ()


def test_spacy_words() -> None:
    pytest.importorskip("spacy")
    judge = make("quality/gopher", {"semantics": "datatrove", "words": "spacy"})
    judge.check()
    signals = judge.open()(Document(id="1", text="I can't stop \ud800\n\n now!")).signals  # type: ignore[attr-defined]
    assert signals["words"] == 6  # I, ca, n't, stop, the surrogate, now
    assert signals["alphabetic_words"] == 5 / 7


@pytest.mark.timeout(60)  # minutes in spaCy
def test_spacy_is_spared_long_runs() -> None:
    pytest.importorskip("spacy")
    from filters.text.spacy_words import spacy_words

    text = "Don't " + "(" * 50_000 + " 가\ud800 " + "'" * 50_000 + "a-b"
    found = spacy_words(text)
    raw = text.encode("utf-8", "surrogatepass")
    words = [raw[a:b].decode("utf-8", "surrogatepass") for a, b in zip(found.start, found.end, strict=True)]
    assert words[:3] == ["Do", "n't", "("] and words[-4:] == ["'", "a", "-", "b"]
    assert len(words) == 2 + 50_000 + 2 + 50_000 + 3


def test_cost_is_linear() -> None:
    judges = [make(name).open() for name in ("quality/gopher", "quality/gopher-repetition")]  # type: ignore[attr-defined]

    def document(size: int) -> Document:
        lines = (f"line {n % 1000} of the text, which goes on and on.\n" for n in range(size // 47))
        return Document(id="1", text="".join(lines))

    assert grows_linearly(lambda made: [judge(made) for judge in judges], document, 1_000_000)
