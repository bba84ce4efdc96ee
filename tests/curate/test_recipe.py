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
    assert named.filled()["rows"] == {"text": "content", "id": "id", "url": "url", "date": "", "carry": ["license"]}


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
        ("name: a\nstages:\n  - filters.contracts.Strategy\n", ["line 3", "it lacks a shape", "Extractor, Rewriter"]),
        ("name: a\nstages:\n  - filters.contracts.Judge\n", ["line 3", "filters.contracts.Judge", "it lacks open()"]),
        ("name: a\nstages:\n  - filters.contracts.CorpusRewriter\n", ["line 3", "it lacks open()"]),
        ("name: a\nstages:\n  - filters.language.identification.LanguageJudge\n", ["line 3", "it lacks open()"]),
        ("name: a\nstages:\n  - tests.strategies.Undecorated\n", ["line 3", "it lacks the decorator @strategy"]),
        ("name: a\nstages:\n  - cleanup/sentences: {judges: {quality/cjk: 5}}\n", ["line 3", "judges", "got 5"]),
        (GOOD.replace("least", "laest"), ["line 5", "laest", "did you mean least", "known: least, most"]),
        (GOOD.replace("least: 3", "least: -1"), ["line 5", "least", "greater than or equal to 0", "-1"]),
        (GOOD.replace("least: 3", "least: no"), ["line 5", "least"]),
        ("name: a\nstages:\n  - language/fasttext:\n      keep: {kor: 0.5}\n", ["line 4", "keep", "did you mean ko"]),
        (
            "name: a\nstages:\n  - quality/gopher:\n      max_words: 9\n      min_words: 10\n",
            ["r.yaml", "quality/gopher", "min_words: 10 is above max_words: 9"],
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
        (GOOD + "rows: [text]\n", ["line 6", "rows must be a map"]),
        (GOOD + "rows:\n  txt: body\n", ["line 7", "'txt'", "did you mean text", "known: text, id, url, date, carry"]),
        (GOOD + "rows:\n  text: 3\n", ["line 7", "rows.text must be the name of a field", "3"]),
        (GOOD + "rows:\n  url: ''\n", ["line 7", "rows.url must be the name of a field"]),
        (GOOD + "rows:\n  carry: license\n", ["line 7", "rows.carry must be a list"]),
        (GOOD + "rows:\n  carry:\n    - a\n    - a\n", ["line 9", "a stands twice"]),
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


def test_a_strategy_used_twice_is_named():
    steps = recipe(GOOD + "  - tests.strategies.Characters: {as: second, least: 1}\n").steps
    assert [step.name for step in steps][-1] == "second"
    filled = recipe(GOOD + "  - tests.strategies.Characters: {as: second, least: 1}\n").filled()
    assert parse(filled, "again").filled() == filled


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (["quality/gopher"], "no stage before it notes the language"),
        (["quality/gopher", "language/script"], "no stage before it notes the language"),
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
            "min_score: 0.3 decides nothing, for the map keep holds the limits of ko",
        ),
        ("{keep: {ko: 0.5}, min_score: null}", "min_score: null decides nothing"),
        ("{keep: {ko: 0.5}, min_score: 0.5}", ""),  # the default of language/script
        ("{keep: [ko], min_score: 0.3}", ""),
        ("{min_score: 0.3}", ""),
    ],
)
def test_a_score_that_decides_nothing_is_warned_about(settings, words):
    warnings = recipe(f"name: a\nstages:\n  - language/script: {settings}\n").warnings()
    assert len(warnings) == bool(words)
    assert all(warning.startswith("language/script: ") and words in warning for warning in warnings)
