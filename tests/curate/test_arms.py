"""Ablations as YAML: what arms change, what is made by itself, and what is an error."""

import pytest

from curate import arms
from curate.arms import parse
from curate.recipe import RecipeError

BASE = {
    "name": "base",
    "stages": [
        "extraction/plain",
        {"language/script": {"keep": ["en"], "min_score": 0.5}},
        {"quality/gopher": {"min_words": 10, "max_words": 500}},
        "dedup/exact",
    ],
}


def _arm(change, **more):
    return parse({"recipe": BASE, "arms": {"arm": change}, **more}, "test").arms[1].recipe


def _names(recipe):
    return [step.name for step in recipe.steps]


def test_the_base_comes_first_by_itself():
    found = parse(
        {"recipe": BASE, "arms": {"b": {"dedup/exact": "off"}, "a": {"quality/gopher": "off"}}}, "some/test.yaml"
    )
    assert found.name == "test"
    assert [arm.name for arm in found.arms] == ["base", "b", "a"]
    assert found.base.recipe.steps == parse({"recipe": BASE}, "x").base.recipe.steps


def test_changes():
    assert _names(_arm({"dedup/exact": "off"})) == ["extraction/plain", "language/script", "quality/gopher"]
    assert _names(_arm({"dedup/exact": False})) == _names(_arm({"dedup/exact": "off"}))  # YAML reads a bare off so
    changed = _arm({"quality/gopher": {"min_words": 3}}).steps[2].strategy
    assert (changed.min_words, changed.max_words) == (3, 500)  # settings not named stay
    swapped = _arm({"dedup/exact": {"dedup/minhash": {"bands": 9}}}).steps[3]
    assert (swapped.name, swapped.strategy.bands) == ("dedup/minhash", 9)
    assert _names(_arm({"dedup/exact": "dedup/url"}))[-1] == "dedup/url"
    added = _arm({"after": {"language/script": ["cleanup/unicode", {"quality/length": {"min_words": 1}}]}})
    assert _names(added) == [
        "extraction/plain", "language/script", "cleanup/unicode", "quality/length", "quality/gopher", "dedup/exact",
    ]  # fmt: skip


def test_arms_that_are_made_by_themselves():
    found = parse({"recipe": BASE, "leave_one_out": True, "grid": {"quality/gopher.min_words": [1, 2]}}, "test")
    assert [arm.name for arm in found.arms] == [
        "base", "without-language-script", "without-quality-gopher", "without-dedup-exact",
        "min_words-1", "min_words-2",
    ]  # fmt: skip
    some = parse({"recipe": BASE, "leave_one_out": ["dedup/exact"]}, "test")
    assert [arm.name for arm in some.arms] == ["base", "without-dedup-exact"]
    grid = parse(
        {"recipe": BASE, "grid": {"quality/gopher.min_words": [1, 2], "quality/gopher.max_words": [8, 9]}}, "test"
    )
    assert len(grid.arms) == 5
    assert {(a.recipe.steps[2].strategy.min_words, a.recipe.steps[2].strategy.max_words) for a in grid.arms[1:]} == {
        (1, 8), (1, 9), (2, 8), (2, 9),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "recipe is required"),
        ({"recipe": "no-such-recipe"}, "no-such-recipe"),
        ({"recipe": BASE, "armes": {}}, "arms"),
        ({"recipe": BASE, "arms": {"base": {}}}, "comes by itself"),
        ({"recipe": BASE, "arms": {"a b": {}}}, "name"),
        ({"recipe": BASE, "arms": {"a": {"quality/goph": "off"}}}, "quality/gopher"),
        ({"recipe": BASE, "arms": {"a": {"quality/gopher": {"min_wrods": 3}}}}, "min_words"),
        ({"recipe": BASE, "arms": {"a": {"quality/gopher": 3}}}, "takes off, a strategy, or settings"),
        ({"recipe": BASE, "arms": {"a": {"after": {"quality/nothing": "dedup/url"}}}}, "quality/nothing"),
        ({"recipe": BASE, "arms": {"a": "off"}}, "an arm is a map"),
        ({"recipe": BASE, "leave_one_out": ["dedup/url"]}, "dedup/url"),
        ({"recipe": BASE, "sweeps": {"quality/gopher.min_words": []}}, "list of values"),
        ({"recipe": BASE, "sweeps": {"quality/gopher.min_words": ["many"]}}, "min_words"),
        ({"recipe": BASE, "sweeps": {"quality/gopher.words_min": [1]}}, "words_min"),
        ({"recipe": BASE, "slices": ["planet"]}, "planet"),
        ({"recipe": BASE, "controls": ["luck"]}, "luck"),
        ({"recipe": BASE, "seeds": 0}, "above 0"),
        ({"recipe": BASE, "proxy": {"bytes": 5}}, "reference"),
        ({"recipe": BASE, "proxy": {"reference": "a", "byte": 5}}, "bytes"),
        ({"recipe": BASE, "arms": {"min_words-1": {}}, "grid": {"quality/gopher.min_words": [1]}}, "two arms"),
        ([], "an ablation is a map"),
    ],
)
def test_errors_name_what_is_wrong(data, message):
    with pytest.raises(RecipeError, match=message):
        parse(data, "test")


def test_errors_name_the_line(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("recipe: gopher\narms:\n  fewer:\n    quality/gopher: {min_wrods: 3}\n")
    with pytest.raises(RecipeError, match=r"wrong\.yaml, line 4: .*min_wrods"):
        arms.load(str(path))


def test_a_recipe_beside_the_ablation(tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\nstages: [extraction/plain, dedup/exact]\n")
    path = tmp_path / "one.yaml"
    path.write_text("recipe: mine.yaml\narms: {loose: {dedup/exact: off}}\n")
    assert [len(arm.recipe.steps) for arm in arms.load(str(path)).arms] == [2, 1]


@pytest.mark.parametrize("name", ["extraction", "dedup", "quality", "language-threshold", "toxicity", "pii", "klue"])
def test_shipped_ablations_name_no_input(name):
    found = arms.load(name)
    assert found.name == name
    assert found.description
    assert len(found.arms) >= 4
    assert not any(arm.input for arm in found.arms)
    assert not found.input
    assert not found.base.recipe.input
