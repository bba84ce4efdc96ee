"""Judges of language: their answers equal the models' own, their rules keep what a recipe says."""

import gzip
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import SettingsError, make
from filters.chain import opened
from filters.contracts import ResourceError
from filters.document import Document
from filters.language.fasttext import LID_176, LID_176_SHA256, language_of
from filters.language.script import SCRIPTS
from filters.models import load_fasttext, resolve
from filters.rules import decide

ALL = ("language/fasttext", "language/lingua", "language/script")
KOREAN = "갯벌에서 일하는 사람들은 시계보다 물때를 먼저 본다."
ENGLISH = "The man who mends the clocks carries a bag of keys."
FEW = {"language/lingua": {"among": ["ko", "en", "ja", "zh"]}, "language/script": {"latin": "en"}}


def judge(name, **more):
    return make(name, {**FEW.get(name, {}), **more})


def scores(name, text, **more):
    return opened(judge(name, **more))(Document("1", text))


def decision(made, text):
    found = opened(made)(Document("1", text))
    drop = decide(made.rules(str(found.notes["language"])), found.signals, found.notes)
    return None if drop is None else (drop.rule, *(failed.rule for failed in drop.also_failed))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("text", "language"),
    [
        (KOREAN, "ko"),
        (ENGLISH, "en"),
        ("時計より先に潮の時刻を見るのが、干潟で働く人たちの習いです。", "ja"),
        ("在滩涂上劳作的人们首先看潮水的时间，而不是看钟表。", "zh"),
        ("hello\n" + KOREAN + "\n" + KOREAN, "ko"),  # fastText alone reads the first line only
        ("", "und"),
        (" \n\t", "und"),
        ("12345 67.89%", "und"),
        ("😀 👨‍👩‍👧 🇰🇷", "und"),
        ("http://", None),
    ],
)
def test_language(name, text, language):
    found = scores(name, text)
    assert set(found.notes) == set(make(name).writes)
    assert found.notes["language_score"] == found.signals["score"]
    assert 0 <= found.signals["score"] <= 1
    if language is not None:
        assert found.notes["language"] == language
    if language == "und":
        assert found.signals["score"] == 0


@pytest.mark.parametrize("name", ALL)
def test_rules_at_their_thresholds(name):
    for keep in (["ko"], {"ko": None}):
        made = judge(name, keep=keep, min_score=0.4)
        assert decision(made, KOREAN) is None
        assert decision(made, ENGLISH)[0] == "language"
        assert decision(made, "123")[0] == "language"
    score = scores(name, ENGLISH).signals["score"]
    assert decision(judge(name, keep=["en"], min_score=score), ENGLISH) == ("min_score",)  # kept above it
    assert decision(judge(name, keep=["en"], min_score=math.nextafter(score, 0)), ENGLISH) is None
    assert decision(judge(name, keep={"en": score, "ko": 0.0}, min_score=0.0), ENGLISH) == ("min_score",)
    assert decision(judge(name, keep={"en": 0.0}, min_score=1.0), ENGLISH) is None
    assert decision(judge(name, keep=["en"], min_score=None), ENGLISH) is None


@pytest.mark.parametrize("name", ALL)
def test_text_without_letters_is_kept_where_und_is(name):
    assert decision(judge(name, keep=["ko", "und"]), "123") is None
    assert decision(judge(name, keep=["ko"]), "123")[0] == "language"


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_dropped_without_languages_to_keep(name):
    assert judge(name).rules("ko") == ()


@pytest.mark.parametrize("name", ALL)
def test_thresholds_do_not_change_scores(name):
    assert judge(name, keep=["ko"], min_score=0.1).scoring_key() == judge(name, keep={"en": 0.9}).scoring_key()
    assert judge(name, max_characters=9).scoring_key() != judge(name).scoring_key()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "settings",
    [{"keep": ["KO"]}, {"keep": ["k"]}, {"keep": {"ko": 1.5}}, {"keep": [False]}, {"min_score": -0.1}, {"keep": 3}],
)
def test_wrong_settings(name, settings):
    with pytest.raises(SettingsError, match=next(iter(settings))):
        make(name, settings)


@pytest.mark.parametrize("name", ALL)
def test_a_language_alone_stands_for_a_list(name):
    assert make(name, {"keep": "ko"}) == make(name, {"keep": ["ko"]})


@pytest.mark.parametrize("name", ALL)
def test_only_the_beginning_is_read(name):
    assert scores(name, KOREAN + ENGLISH * 9, max_characters=len(KOREAN)) == scores(name, KOREAN)


@pytest.mark.parametrize("name", ["language/fasttext", "language/lingua"])
def test_a_language_the_model_does_not_know(name):
    make(name, {"keep": ["ko", "und"]}).check()
    with pytest.raises(ResourceError, match="does not know the language 'qq'"):
        make(name, {"keep": ["qq"]}).check()


def test_the_code_of_three_letters_is_corrected():
    for keep in (["en", "kor"], {"kor": 0.5}):
        with pytest.raises(SettingsError, match="never answers 'kor'; did you mean ko"):
            make("language/fasttext", {"keep": keep})
        # another model may have such a label: it is asked
        other = make("language/fasttext", {"keep": keep, "model": str(resolve(LID_176))})
        with pytest.raises(ResourceError, match="did you mean ko"):
            other.check()


def test_every_label_of_the_default_model_can_be_kept():
    labels = load_fasttext(LID_176, LID_176_SHA256).labels
    assert {"ceb", "arz", "als", "azb"} < set(labels)
    make("language/fasttext", {"keep": sorted(labels)}).check()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("language/script", {"keep": {"kor": 0.5, "ko": 0.5}}, "keep names kor, which it never detects"),
        (
            "language/script",
            {"keep": ["ko", "en"]},
            "keep names en, which it never detects (it detects ja, ko, zh and und)",
        ),
        ("language/script", {"keep": ["ko", "en", "und"], "latin": "en"}, ""),
        ("language/lingua", {"keep": ["ko", "ja"], "among": ["ko", "en"]}, "keep names ja, which it never detects"),
        ("language/lingua", {"keep": ["ko", "ja"]}, ""),
        ("language/script", {}, ""),
    ],
)
def test_kept_languages_that_are_never_noted_are_warned_about(name, settings, said):
    warnings = make(name, settings).warnings(tuple(settings.get("keep", ())))
    assert len(warnings) == bool(said)
    assert all(said in warning for warning in warnings)


def test_the_default_model_is_verified():
    assert make("language/fasttext").resources() == {"model": LID_176_SHA256}
    path = str(resolve(LID_176))
    make("language/fasttext", {"model": path}).check()
    with pytest.raises(ResourceError, match="sha256 mismatch"):
        make("language/fasttext", {"model": path, "sha256": "0" * 64}).check()
    with pytest.raises(ResourceError, match="cannot read"):
        make("language/fasttext", {"model": "none.bin"}).check()


def test_accuracy_is_the_models_own(shared_data):
    with gzip.open(shared_data / "langid" / "lingua_sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    model = load_fasttext(LID_176)
    own = [answer[0][0] for answer in model.predict([row["text"].replace("\n", " ") for row in rows])]
    right: dict[str, list[bool]] = {}
    for row, label in zip(rows, own, strict=True):
        language = scores("language/fasttext", row["text"]).notes["language"]
        assert language == label
        right.setdefault(row["lang"], []).append(language == row["lang"])
    accuracy = {language: sum(answers) / len(answers) for language, answers in right.items()}
    assert all(accuracy[language] >= 0.98 for language in ("ko", "en", "ja"))
    assert accuracy["zh"] >= 0.96


def test_newlines_become_spaces_or_nothing():
    assert (
        scores("language/fasttext", "one\ntwo three", newlines="delete").signals
        == scores("language/fasttext", "onetwo three").signals
    )
    assert scores("language/fasttext", "one\ntwo three") == scores("language/fasttext", "one two three")


@pytest.mark.parametrize(
    ("label", "language"),
    [("ko", "ko"), ("kor_Hang", "ko"), ("zho_Hans", "zh"), ("als", "als"), ("als_Latn", "sq"), ("qqq_Latn", "qqq")],
)
def test_labels(label, language):
    assert language_of(label) == language


def test_lingua_needs_two_languages():
    with pytest.raises(SettingsError, match="at least two"):
        make("language/lingua", {"among": ["ko"]})
    with pytest.raises(ResourceError, match="'qq'"):
        make("language/lingua", {"among": ["ko", "qq"]}).check()


def test_lingua_without_evidence_for_any_of_its_languages():
    assert scores("language/lingua", "привет мир").notes["language"] == "und"


def test_shares_of_scripts():
    found = scores("language/script", "가나다 AB 漢 カ 1!")
    assert found.signals == {"score": 3 / 7, "hangul": 3 / 7, "han": 1 / 7, "kana": 1 / 7, "latin": 2 / 7}
    assert found.notes == {"language": "ko", "language_score": 3 / 7, "script": "Hang"}
    assert scores("language/script", "привет").notes == {"language": "und", "language_score": 1.0, "script": "Zyyy"}
    assert scores("language/script", "abc", latin="und").notes["language"] == "und"
    decomposed = "\u1112\u1161\u11ab\u1100\u1173\u11af"  # Hangul in conjoining jamo
    assert scores("language/script", decomposed).notes["language"] == "ko"
    assert scores("language/script", "漢字" * 9 + "の").notes["language"] == "zh"
    assert scores("language/script", "漢字" * 4 + "の").notes["language"] == "ja"


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_scripts_are_those_of_unicode(text):
    import regex

    found = scores("language/script", text)
    letters = len(regex.findall(r"\p{L}", text))
    patterns = (r"\p{Hangul}", r"\p{Han}", r"[\p{Hiragana}\p{Katakana}ー]", r"\p{Latin}")
    for script, pattern in zip(SCRIPTS, patterns, strict=True):
        count = len(regex.findall(rf"(?V1)[{pattern}&&\p{{L}}]", text))
        assert found.signals[script] == pytest.approx(count / letters if letters else 0.0)


def test_labels_of_ones_own():
    """A map from the model's labels to languages comes before the usual codes, in scores and in what keep may name."""
    text = KOREAN * 3
    assert scores("language/fasttext", text, labels={"ko": "en"}).notes["language"] == "en"
    assert scores("language/fasttext", text, labels={"en": "fr"}) == scores("language/fasttext", text)
    judge("language/fasttext", labels={"ko": "kor"}, keep=["kor"]).check()
    with pytest.raises(ResourceError, match="does not know the language 'ko'"):
        judge("language/fasttext", labels={"ko": "zz"}, keep=["ko"]).check()
    with pytest.raises(ResourceError, match="has no label 'kor_Hang'"):
        judge("language/fasttext", labels={"kor_Hang": "ko"}).check()
    with pytest.raises(SettingsError, match="'Korean!' is not a language code"):
        judge("language/fasttext", labels={"ko": "Korean!"})
