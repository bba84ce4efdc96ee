"""Recipes: what they fill in, what fingerprints depend on, and errors that name file, line, key and the known ones."""

import pytest

from curate.recipe import RecipeError, load_yaml, parse
from filters.contracts import SettingsError


def recipe(text: str):
    data, lines = load_yaml(text, "r.yaml")
    return parse(data, "r.yaml", lines)


GOOD = """
name: good
stages:
  - tests.strategies.Body
  - tests.strategies.Characters: {least: 3}
"""


def test_a_recipe_is_filled_and_parses_again_to_the_same():
    first = recipe(GOOD)
    assert first.filled()["stages"][1] == {"tests.strategies.Characters": {"least": 3, "most": None}}
    assert parse(first.filled(), "again") == first
    assert parse(first.filled(), "again").fingerprint() == first.fingerprint()


def test_the_fingerprint_depends_on_settings_and_not_on_their_order_or_the_name():
    def other(text):
        return recipe(GOOD.replace("{least: 3}", text)).fingerprint()

    assert other("{least: 3}") == recipe(GOOD).fingerprint()
    assert other("{most: 9, least: 3}") == other("{least: 3, most: 9}")
    assert other("{least: 4}") != other("{least: 3}")
    assert recipe(GOOD.replace("name: good", "name: other")).fingerprint() == recipe(GOOD).fingerprint()


def test_names_of_fields_are_part_of_a_recipe():
    named = recipe(GOOD + "rows: {text: content, carry: [license]}\n")
    assert named.fingerprint() != recipe(GOOD).fingerprint()
    assert recipe(GOOD + "rows: {text: text}\n").fingerprint() == recipe(GOOD).fingerprint()
    assert parse(named.filled(), "again") == named
    fields = {"text": "content", "id": "id", "url": "url", "date": "", "carry": ["license"], "max_bytes": 1 << 26}
    assert named.filled()["rows"] == fields


def test_extraction_comes_by_itself():
    steps = recipe("name: a\nstages:\n  - tests.strategies.Characters\n").steps
    assert [step.name for step in steps] == ["extraction/plain", "tests.strategies.Characters"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["stages is required"]),
        ("name: a\n", ["r.yaml", "stages is required"]),
        ("name: ../a\nstages: [x/y]\n", ["line 1", "name", "letters and digits of any script"]),
        ("name: a\nstags: []\n", ["line 2", "'stags'", "did you mean stages", "known"]),
        ("name: a\nstages:\n  - quality/nothing\n", ["line 3", "quality/nothing", "known: quality/gopher"]),
        ("name: a\nstages:\n  - tests.strategies.Nothing\n", ["line 3", "cannot import"]),
        ("name: a\nstages:\n  - .Nothing: {as: a}\n", ["line 3", "cannot import strategy .Nothing"]),
        ("name: a\nstages:\n  - ..Nothing: {as: a}\n", ["line 3", "cannot import strategy ..Nothing"]),
        ("name: a\nstages:\n  - pathlib.Path\n", ["line 3", "pathlib.Path is not a strategy"]),
        (
            "name: a\nstages:\n  - filters.contracts.Strategy\n",
            ["line 3", "it has none of the bases Extractor, Rewriter"],
        ),
        (
            "name: a\nstages:\n  - filters.contracts.Judge\n",
            ["line 3", "filters.contracts.Judge", "does not define open()"],
        ),
        ("name: a\nstages:\n  - filters.contracts.CorpusRewriter\n", ["line 3", "does not define open()"]),
        ("name: a\nstages:\n  - filters.language.identification.LanguageJudge\n", ["line 3", "does not define open()"]),
        ("name: a\nstages:\n  - tests.strategies.Undecorated\n", ["line 3", "not have the decorator @strategy"]),
        ("name: a\nstages:\n  - cleanup/sentences: {judges: {quality/cjk: 5}}\n", ["line 3", "judges", "got 5"]),
        (GOOD.replace("least", "laest"), ["line 5", "laest", "did you mean least", "known: least, most"]),
        (GOOD.replace("least: 3", "least: -1"), ["line 5", "least", "greater than or equal to 0", "-1"]),
        (GOOD.replace("least: 3", "least: no"), ["line 5", "least"]),
        ("name: a\nstages:\n  - language/fasttext:\n      keep: {kor: 0.5}\n", ["line 4", "keep", "did you mean ko"]),
        (
            "name: a\nstages:\n  - quality/gopher:\n      max_words: 9\n      min_words: 10\n",
            ["r.yaml, line 5", "quality/gopher", "min_words: 10 is above max_words: 9"],
        ),
        (GOOD + "  - tests.strategies.Body\n", ["line 6", "two stages are called", "as:"]),
        (GOOD + "  - tests.strategies.Body: {as: b}\n", ["line 6", "must be the first"]),
        (GOOD + "name: b\n", ["line 6", "duplicate key 'name'"]),
        ("name: &a b\nstages: [*a]\n", ["line 1", "aliases not allowed"]),
        ("name: !!python/name:os.system x\n", ["line 1", "tags"]),
        ("name: [\n", ["r.yaml", "line", "not YAML"]),
        ("name: a\nstages: " + "[" * 3000 + "]" * 3000, ["r.yaml", "line 2", "more than 50 deep"]),
        ("name: a\nstages: " + "{a: " * 3000 + "}" * 3000, ["r.yaml", "line 2", "more than 50 deep"]),
        ("name: a\nstages: [x\x07]\n", ["r.yaml", "line 2", "not YAML", r"'\x07'"]),
        ("\x00", ["r.yaml", "line 1", "not YAML", r"'\x00'"]),
        ("name: a\n<<: {stages: []}\n", ["r.yaml", "line 2", "merge"]),
        ("name: a\nstages: {a: b}\n", ["line 2", "a list of strategies"]),
        ("name: a\nstages:\n  - {a: {}, b: {}}\n", ["line 3", "one name with its settings"]),
        (GOOD + "output: {file_bytes: 0}\n", ["line 6", "file_bytes"]),
        (GOOD + "output: {filebytes: 1}\n", ["line 6", "filebytes", "did you mean file_bytes"]),
        (GOOD + "output: {examples: -1}\n", ["line 6", "examples", "from 0 to 20", "-1"]),
        (GOOD + "output: {examples: 21}\n", ["line 6", "examples", "from 0 to 20", "21"]),
        (GOOD + "zstd_long: 9\n", ["line 6", "zstd_long", "from 10 to 31", "9"]),
        (GOOD + "zstd_long: 32\n", ["line 6", "zstd_long", "from 10 to 31", "32"]),
        (GOOD + "zstd_long: true\n", ["line 6", "zstd_long", "True"]),
        (GOOD + "rows: {max_bytes: 1023}\n", ["line 6", "max_bytes", "1023"]),
        (GOOD + f"rows: {{max_bytes: {(1 << 30) + 1}}}\n", ["line 6", "max_bytes", "1073741825"]),
        (GOOD + "records: [response, response]\n", ["line 6", "response is named twice"]),
        (GOOD + "rows: [text]\n", ["line 6", "rows must be a map"]),
        (GOOD + "rows:\n  txt: body\n", ["line 7", "'txt'", "did you mean text", "known: text, id, url, date, carry"]),
        (GOOD + "rows:\n  text: 3\n", ["line 7", "rows.text must be the name of a field", "3"]),
        (GOOD + "rows:\n  url: ''\n", ["line 7", "rows.url must be the name of a field"]),
        (GOOD + "rows:\n  carry: license\n", ["line 7", "rows.carry must be a list"]),
        (GOOD + "rows:\n  carry:\n    - a\n    - a\n", ["line 9", "a is named twice"]),
        (GOOD + "rows:\n  carry: [language]\n", ["line 7", "language is a column of kept/ already"]),
        (GOOD + "  - language/script\nrows: {carry: [script]}\n", ["line 7", "script is a column"]),
    ],
)
def test_errors_say_where_and_what(text, said):
    with pytest.raises((RecipeError, SettingsError)) as error:
        recipe(text)
    message = str(error.value)
    assert all(part in message for part in said), message
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        "output: {examples: 0}", "output: {examples: 20}", "zstd_long: 10", "zstd_long: 31",
        "rows: {max_bytes: 1024}", f"rows: {{max_bytes: {1 << 30}}}", "records: [response]",
    ],
)  # fmt: skip
def test_the_least_and_the_most_are_allowed(text):
    ((key, value),) = load_yaml(text, "r.yaml")[0].items()
    found = recipe(f"{GOOD}{text}\n").filled()[key]
    assert {**found, **value} == found if isinstance(value, dict) else found == value


def test_a_strategy_used_twice_is_named():
    steps = recipe(GOOD + "  - tests.strategies.Characters: {as: second, least: 1}\n").steps
    assert [step.name for step in steps][-1] == "second"
    filled = recipe(GOOD + "  - tests.strategies.Characters: {as: second, least: 1}\n").filled()
    assert parse(filled, "again").filled() == filled


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (["quality/gopher"], "no earlier stage detects the language"),
        (["quality/gopher", "language/script"], "no earlier stage detects the language"),
        (["language/script", "quality/gopher"], "all languages are kept"),
        (["language/script: {keep: [de], latin: de}", "quality/gopher"], "judges de by English limits"),
        (["language/script: {keep: [ko, en], latin: en}", "quality/gopher"], ""),
        (["language/script", "quality/length"], ""),
    ],
)
def test_english_limits_for_other_languages_are_warned_about(stages, words):
    warnings = recipe("name: a\nstages:\n" + "".join(f"  - {stage}\n" for stage in stages)).warnings()
    assert len(warnings) == bool(words)
    assert all(words in warning for warning in warnings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            "{keep: {ko: 0.5}, min_score: 0.3}",
            "min_score: 0.3 has no effect, because keep has a limit for each of ko",
        ),
        ("{keep: {ko: 0.5}, min_score: null}", "min_score: null has no effect"),
        ("{keep: {ko: 0.5}, min_score: 0.5}", ""),  # the default of language/script
        ("{keep: [ko], min_score: 0.3}", ""),
        ("{min_score: 0.3}", ""),
    ],
)
def test_a_score_that_decides_nothing_is_warned_about(settings, words):
    warnings = recipe(f"name: a\nstages:\n  - language/script: {settings}\n").warnings()
    assert len(warnings) == bool(words)
    assert all(warning.startswith("language/script: ") and words in warning for warning in warnings)


def test_a_changed_model_or_list_changes_the_fingerprint(tmp_path):
    words = tmp_path / "words.txt"
    names = ("toxicity/wordlist", "quality/url", "cleanup/urls")
    settings = ({"lists": {"en": str(words)}}, {"hard": str(words)}, {})

    def fingerprints():
        return [
            parse({"name": "a", "stages": [{name: given}]}, "a").fingerprint()
            for name, given in zip(names, settings, strict=True)
        ]

    words.write_text("one\n")
    before = fingerprints()
    assert before == fingerprints()
    words.write_text("other\n")
    after = fingerprints()
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]


def test_hashes_of_files_are_in_the_fingerprint(monkeypatch):
    from filters.cleanup.urls import Urls

    plain = parse({"name": "a", "stages": ["cleanup/urls"]}, "a").fingerprint()
    monkeypatch.setattr(Urls, "resources", lambda self: {"domains": "another"})
    assert parse({"name": "a", "stages": ["cleanup/urls"]}, "a").fingerprint() != plain


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ({"quality/gopher": {"min_words": 50}}, "quality/gopher"),
        ({"quality/gopher": {"min_words": 50.0, "max_symbol_ratio": 0.1}}, "quality/gopher"),
        ({"quality/fineweb": {"short_line": 30, "languages": {}}}, "quality/fineweb"),
        ({"quality/c4": {"min_sentences": 3, "max_characters": 190000.0}}, "quality/c4"),
        ({"language/script": {"min_score": 0.5}}, "language/script"),
        ({"toxicity/wordlist": {"max_share": 0.01}}, "toxicity/wordlist"),
        ({"dedup/bff": {"min_ngram": 13, "threshold": 0.8}}, "dedup/bff"),
        ({"extraction/trafilatura": {"timeout": 9}}, "extraction/trafilatura"),
    ],
)
def test_a_default_and_its_value_given_have_one_fingerprint(given, left_out):
    one, other = (parse({"name": "a", "stages": [stage]}, "a").fingerprint() for stage in (given, left_out))
    assert one == other


def test_what_reads_pages_comes_before_steps_over_the_corpus():
    stages = ["extraction/resiliparse", "cleanup/unicode", "rights/optout", "dedup/exact"]
    assert len(parse({"name": "a", "stages": stages}, "a").steps) == 4
    with pytest.raises(RecipeError, match="rights/optout reads pages, and there are none from dedup/exact on"):
        parse({"name": "a", "stages": [stages[0], *stages[:1:-1]]}, "a")
    with pytest.raises(RecipeError, match="cleanup/klue reads pages, and there are none from dedup/exact on"):
        parse({"name": "a", "stages": [stages[0], "dedup/exact", "cleanup/klue"]}, "a")
    assert parse({"name": "a", "stages": [stages[0], "dedup/exact", {"cleanup/klue": {"html": True}}]}, "a")
    with pytest.raises(RecipeError, match="rights/optout reads the page of a document, which is not at hand here"):
        parse({"name": "a", "stages": [{"cleanup/sentences": {"judges": ["rights/optout"]}}]}, "a")


def test_two_stages_cannot_write_one_note_with_two_types():
    stages = ["tests.strategies.Noted", "tests.strategies.NotedOtherwise"]
    with pytest.raises(RecipeError, match=r"line 1: tests.strategies.NotedOtherwise writes the note s as int64, and "):
        parse({"name": "a", "stages": stages}, "a")


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("quality/gopher:\n      min_words: 50\n      max_wrds: 100", 5),
        ("quality/gopher:\n      languages: {}\n      words: unicode\n      semantics: dlcm", 6),
        ("quality/gopher:\n      languages:\n        ko:\n          min_words: -1", 6),
        ("quality/gopher:\n      languages:\n        ko: {}\n        en:\n          wrds: 1", 7),
        ("quality/gopher:\n      max_words: 60\n      languages:\n        ko:\n          min_words: 70", 7),
        ("quality/gopher:\n      semantics: dclm\n      max_words: 9", 5),
        ("quality/gopher:\n      semantics: dclm\n      words: spacy", 5),
        ("language/fasttext:\n      keep:\n        - en\n        - kor", 6),
        ("language/script:\n      keep:\n        en: 0.5\n        ko: 2", 6),
        ("quality/redpajama:\n      keep:\n        rps_doc_word_count: [1, 2]\n        rps: [1, 2]", 6),
    ],
)
def test_an_error_names_the_line_of_its_setting(stage, line):
    with pytest.raises(RecipeError) as error:
        recipe(f"name: a\nstages:\n  - {stage}\n")
    assert str(error.value).startswith(f"r.yaml, line {line}: ")
    assert (error.value.file, error.value.line) == ("r.yaml", line)
