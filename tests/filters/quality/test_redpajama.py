"""RedPajama's signals against their definitions, written out plainly."""

import math
import re
import string
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.contracts import SettingsError
from filters.document import Document
from filters.quality.redpajama import SIGNALS, RedPajama
from filters.rules import decide

ENGLISH = """Breaking NEWS: the council met on Monday, and it voted 7-2 to build a bridge!
• The bridge will cost $3 million {estimate}...

"It is too much", said Mrs. Hill. NASA's budget isn't known
– see the report…
The bridge will cost $3 million, the bridge will cost $3 million."""
KOREAN = """시의회는 월요일에 모여 다리를 짓기로 했다. 비용은 30억원이다!
• 주민들은 반대한다…
그리고 다시 논의하기로 했다. 그리고 다시 논의하기로 했다。그리고 다시 논의하기로 했다"""


def plain(text: str, every_script: bool) -> dict[str, float]:
    """The definitions of RedPajama-Data's README, in Python."""
    raw = re.findall(r"\w+|[^\w\s]+", text)
    table = str.maketrans("", "", string.punctuation)

    def normal(piece: str) -> str:
        return " ".join(piece.translate(table).lower().split())

    words = normal(text).split()
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    total = sum(map(len, words))
    ends = ".!?。" if every_script else ".!?"
    letter = str.isalpha if every_script else lambda c: c in string.ascii_letters
    counts = Counter(words)

    def mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else math.nan

    def grams(n: int) -> list[tuple[str, ...]]:
        return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]

    found = {
        "rps_doc_curly_bracket": (text.count("{") + text.count("}")) / len(text) if text else 0,
        "rps_doc_frac_all_caps_words": mean([w.isupper() for w in raw]),
        "rps_doc_frac_lines_end_with_ellipsis": mean([line.rstrip().endswith(("...", "…")) for line in lines]),
        "rps_doc_frac_no_alph_words": mean([not any(map(letter, w)) for w in raw]),
        "rps_doc_lorem_ipsum": normal(text).count("lorem ipsum") / len(normal(text)) if normal(text) else 0,
        "rps_doc_mean_word_length": mean([len(w) for w in words]),
        "rps_doc_symbol_to_word_ratio": sum(map(text.count, ("#", "...", "…"))) / len(raw) if raw else math.nan,
        "rps_doc_frac_unique_words": len(counts) / len(words) if words else math.nan,
        "rps_doc_unigram_entropy": -sum(n / len(words) * math.log(n / len(words)) for n in counts.values())
        if words
        else math.nan,
        "rps_doc_word_count": len(words),
        "rps_doc_num_sentences": len(re.findall(rf"\b[^{ends}]+[{ends}]*", text)),
        "rps_lines_ending_with_terminal_punctution_mark": mean(
            [line.rstrip().endswith((".", "!", "?", "”")) for line in lines]
        ),
        "rps_lines_javascript_counts": words.count("javascript"),
        "rps_lines_num_words": mean([len(normal(line).split()) for line in lines]),
        "rps_lines_numerical_chars_fraction": mean(
            [sum(map(str.isnumeric, normal(line))) / len(normal(line)) if normal(line) else 0 for line in lines]
        ),
        "rps_lines_start_with_bulletpoint": mean([line.lstrip()[:1] in {"•", "–", "‣", "▶", "■"} for line in lines]),
        "rps_lines_uppercase_letter_fraction": mean([sum(map(str.isupper, line)) / len(line) for line in lines]),
    }
    for n in range(5, 11):
        count = Counter(grams(n))
        covered = {i + k for i, gram in enumerate(grams(n)) if count[gram] > 1 for k in range(n)}
        found[f"rps_doc_frac_chars_dupe_{n}grams"] = sum(len(words[i]) for i in covered) / total if total else 0
    for n in (2, 3, 4):
        top = Counter(grams(n)).most_common(1)
        share = sum(map(len, top[0][0])) * top[0][1] / total if top and top[0][1] > 1 else 0
        found[f"rps_doc_frac_chars_top_{n}gram"] = share
    return found


def same(found: dict[str, float], expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, nan_ok=True), name


@pytest.mark.parametrize("every_script", [True, False])
@pytest.mark.parametrize("text", [ENGLISH, KOREAN, "", " \n ", "word", "😀😀 😀", "a\x00b. c", "Lorem, ipsum dolor."])
def test_signals_are_redpajamas(text: str, every_script: bool) -> None:
    found = RedPajama(unicode=every_script).open()(Document("1", text)).signals
    assert set(found) == set(SIGNALS)
    same(dict(found), plain(text, every_script))


@given(st.text(alphabet="aB9 .!\n#…-_é한글{•É\t'", max_size=120))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    same(dict(RedPajama(unicode=False).open()(Document("1", text)).signals), plain(text, False))


def test_lone_surrogates_and_long_lines() -> None:
    score = RedPajama().open()
    assert score(Document("1", "a \ud800 b")).signals["rps_doc_word_count"] == 3
    assert score(Document("1", "word " * 200_000)).signals["rps_doc_word_count"] == 200_000


def test_korean_words_have_letters() -> None:
    share = "rps_doc_frac_no_alph_words"
    assert RedPajama().open()(Document("1", KOREAN)).signals[share] < 0.4
    assert RedPajama(unicode=False).open()(Document("1", KOREAN)).signals[share] == 1


def test_stop_words_by_language() -> None:
    score = RedPajama().open()
    name = "rps_doc_stop_word_fraction"
    assert score(Document("1", "the cat and the dog")).signals[name] == pytest.approx(3 / 5)
    assert score(Document("1", "그리고 나는 갔다", notes={"language": "ko"})).signals[name] == pytest.approx(2 / 3)
    assert math.isnan(score(Document("1", "le chat", notes={"language": "fr"})).signals[name])


def test_rules_are_the_users() -> None:
    assert RedPajama().rules() == ()
    judge = RedPajama(keep={"rps_doc_word_count": (3, 4), "rps_doc_mean_word_length": (None, 0)})
    score = judge.open()
    for words, failed in ((2, {"rps_doc_word_count"}), (3, set()), (4, set()), (5, {"rps_doc_word_count"})):
        drop = decide(judge.rules(), score(Document("1", "a " * words)).signals, {})
        assert drop is not None  # a mean length of 1 is above 0
        names = {drop.rule, *(rule.rule for rule in drop.also_failed)}
        assert names == failed | {"rps_doc_mean_word_length"}
    assert judge.scoring_key() == RedPajama().scoring_key()


@pytest.mark.parametrize("keep", [{"rps_doc_words": [1, 2]}, {"rps_doc_word_count": [3, 2]}])
def test_wrong_ranges_are_refused(keep: dict[str, list[float]]) -> None:
    with pytest.raises(SettingsError, match=r"unknown signal|is empty"):
        filters.make("quality/redpajama", {"keep": keep})
