"""Ablations as YAML: what arms change, what is made by itself, and what is an error."""

import pytest

from curate import recipe as recipes
from curate.ablation import arms
from curate.ablation.arms import load, parse
from curate.recipe import CONFIGS, RecipeError
from filters.contracts import ResourceError

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


@pytest.mark.parametrize(
    "change",
    [
        "tests.strategies.Upper",
        "tests.strategies:Upper",
        {"tests.strategies.Upper": None},
        {"tests.strategies.Upper": {}},
        {"tests.strategies.Upper": {"as": "upper"}},
    ],
)
def test_a_strategy_of_ones_own_takes_the_place_of_another(change):
    own = {"name": "base", "stages": ["extraction/plain", "tests.strategies.Slow"]}
    found = parse({"recipe": own, "arms": {"arm": {"tests.strategies.Slow": change}}}, "test").arms[1].recipe
    assert type(found.steps[1].strategy).__name__ == "Upper"
    slower = parse({"recipe": own, "arms": {"arm": {"tests.strategies.Slow": {"milliseconds": 5}}}}, "test").arms[1]
    assert slower.recipe.steps[1].strategy.milliseconds == 5


def test_a_sweep_may_be_of_a_stage_that_only_an_arm_has():
    added = {"after": {"language/script": {"quality/length": {"min_words": 3}}}}
    data = {"recipe": BASE, "arms": {"a": {"dedup/exact": "off"}, "b": added, "c": added}}
    (sweep,) = parse({**data, "sweeps": {"quality/length.min_words": [1, 2]}}, "test").sweeps
    assert (sweep.arm, sweep.stage, sweep.setting, sweep.values) == ("b", "quality/length", "min_words", (1, 2))
    (of_the_base,) = parse({**data, "sweeps": {"quality/gopher.min_words": [1, 2]}}, "test").sweeps
    assert of_the_base.arm == "base"
    with pytest.raises(RecipeError, match=r"unknown stage 'quality/fineweb'.*quality/length"):
        parse({**data, "sweeps": {"quality/fineweb.max_short": [1]}}, "test")


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
        ({"recipe": BASE, "arms": {"base": {}}}, "is always there"),
        ({"recipe": BASE, "arms": {"a b": {}}}, "name"),
        ({"recipe": BASE, "arms": {"a": {"quality/goph": "off"}}}, "quality/gopher"),
        ({"recipe": BASE, "arms": {"a": {"quality/gopher": {"min_wrods": 3}}}}, "min_words"),
        ({"recipe": BASE, "arms": {"a": {"quality/gopher": 3}}}, "takes off, a strategy, or settings"),
        ({"recipe": BASE, "arms": {"a": {"after": {"quality/nothing": "dedup/url"}}}}, "quality/nothing"),
        ({"recipe": BASE, "arms": {"a": "off"}}, "an arm is a map"),
        ({"recipe": BASE, "arms": {"a": {"quality/gopher": {"quality/length": 5}}}}, "quality/length must be a map"),
        ({"recipe": BASE, "arms": {"a": {"quality/gopher": {1: 5}}}}, "the name of a setting must be text, got 1"),
        ({"recipe": BASE, "arms": {"a": {1: "off"}}}, "unknown key 1"),
        ({"recipe": BASE, "arms": {"a": {"input": 5}}}, "arms.a.input must be a path or a list of paths, got 5"),
        ({"recipe": BASE, "arms": {"a": {"input": [5]}}}, r"input must be a path or a list of paths, got \[5\]"),
        ({"recipe": BASE, "arms": {"a": {"input": {"a": 1}}}}, "input must be a path or a list of paths"),
        ({"recipe": BASE, "arms": {"a": {"input": {}}}}, "input must be a path or a list of paths"),
        ({"recipe": BASE, "arms": {"a": {"input": None}}}, "arms.a.input names no file, got None"),
        ({"recipe": BASE, "arms": {"a": {"input": []}}}, "input names no file"),
        (
            {"recipe": BASE, "arms": {"a": {"input": "a", "pair_by": 5}}},
            "a.pair_by must be the name of a header, got 5",
        ),
        ({"recipe": BASE, "arms": {"a": {"dedup/exact": {"dedup/url": {"as": "../../x"}}}}}, "cannot be the name of a"),
        ({"recipe": BASE, "arms": {"a": {"dedup/exact": {"dedup/url": {"as": 5}}}}}, "5 cannot be the name of a stage"),
        ({"recipe": BASE, "arms": {"a": {"dedup/exact": "quality/../x"}}}, "cannot be the name of a stage"),
        ({"recipe": BASE, "leave_one_out": [["a"]]}, r"leave_one_out: \['a'\] is not the name of a stage"),
        ({"recipe": BASE, "leave_one_out": [{"a": 1}]}, "is not the name of a stage"),
        ({"recipe": BASE, "leave_one_out": ["dedup/url"]}, "dedup/url"),
        ({"recipe": BASE, "sweeps": {"quality/gopher.min_words": []}}, "list of values"),
        ({"recipe": BASE, "sweeps": {"quality/gopher.min_words": ["many"]}}, "min_words"),
        ({"recipe": BASE, "sweeps": {"quality/gopher.words_min": [1]}}, "words_min"),
        ({"recipe": BASE, "slices": ["planet"]}, "planet"),
        ({"recipe": BASE, "controls": ["luck"]}, "luck"),
        ({"recipe": BASE, "slices": 5}, "slices must be a name or a list of names, got 5"),
        ({"recipe": BASE, "seeds": 0}, "above 0"),
        ({"recipe": BASE, "samples": 0}, "samples must be a whole number from 1 to 1,000, got 0"),
        ({"recipe": BASE, "samples": 99999999999999999999}, "from 1 to 1,000, got 99999999999999999999"),
        ({"recipe": BASE, "proxy": {"bytes": 5}}, "proxy.references is required"),
        ({"recipe": BASE, "proxy": {"references": ["a"]}}, "references must be a map from names to paths"),
        ({"recipe": BASE, "proxy": {"references": {"a b": "a"}}}, "must have names of letters"),
        ({"recipe": BASE, "proxy": {"references": {"news": []}}}, "references.news must name at least one path"),
        ({"recipe": BASE, "proxy": {"references": {"news": 5}}}, "news must be a path or a list of paths, got 5"),
        ({"recipe": BASE, "proxy": {"reference": "a"}}, "references"),
        ({"recipe": BASE, "proxy": {"references": {"news": "a"}, "byte": 5}}, "bytes"),
        ({"recipe": BASE, "arms": {"min_words-1": {}}, "grid": {"quality/gopher.min_words": [1]}}, "two arms"),
        ([], "an ablation is a map"),
        (BASE, "this is a recipe, not an ablation: curate run test"),
    ],
)
def test_errors_name_what_is_wrong(data, message):
    with pytest.raises(RecipeError, match=message):
        parse(data, "test")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arms:\n  fewer:\n    quality/gopher: {min_wrods: 3}\n", "line 4: .*min_wrods"),
        ("arms:\n  a:\n    input: 5\n", "line 4: arms.a.input must be"),
        ("arms:\n  a:\n    quality/gopher:\n      quality/length: 5\n", "line 5: .*quality/length must be a map"),
        ("arms:\n  a:\n    after: {quality/gopher: quality/gopher}\n", "line 3: two stages are called"),
        ("leave_one_out:\n  - quality/gopher\n  - [a]\n", "line 4: leave_one_out"),
        ("leave_one_out: [quality/length]\n", "line 2: .*quality/length"),
        ("sweeps:\n  quality/gopher.min_words: [1]\n  quality/gopher.max_words: [x]\n", "line 4: .*max_words"),
        ("sweeps:\n  quality/gopher.quality/length: [{}]\n", "line 3: .*unknown setting quality/length"),
        ("slices: [planet]\n", "line 2: .*planet"),
        ("arms:\n  a:\n    recipe: goffer\n", "line 4: goffer: no such file; did you mean gopher"),
        ("arms:\n  a:\n    recipe: 5\n", "line 4: recipe is required"),
        ("arms:\n  a: {recipe: gopher, quality/c4: off}\n", "line 3: unknown key 'quality/c4'"),
        (
            "arms:\n  a:\n    recipe: {name: b, stages: [extraction/plain], rows: {text: body}}\n",
            "line 4: a cannot be compared: rows, records",
        ),
        ("arms:\n  a:\n    recipe:\n      stages: [nothing]\n", "line 5: .*nothing"),
        ("proxy:\n  references: {news: a}\n  seeds: 0\n", "line 4: proxy.seeds"),
        (
            "proxy:\n  references:\n    news: a\n    docs: []\n",
            "line 5: proxy.references.docs must name at least one path",
        ),
        ("gold:\n  pii:\n    data: 5\n", "line 4: gold.pii.data must be a path"),
        ("samples: 1001\n", "line 2: samples"),
    ],
)
def test_errors_name_the_line(tmp_path, text, message):
    path = tmp_path / "wrong.yaml"
    path.write_text("recipe: gopher\n" + text)
    with pytest.raises(RecipeError, match=rf"wrong\.yaml, {message}"):
        arms.load(str(path))


@pytest.mark.parametrize(
    ("written", "line", "key"),
    [
        ("arms:\n  a:\n    quality/gopher: {min_wrods: 3}\n", 4, ("arms", "a", "quality/gopher", "min_wrods")),
        ("arms:\n  a:\n    quality/gopher:\n      max_words: x\n", 5, ("arms", "a", "quality/gopher", "max_words")),
        ("arms:\n  a:\n    pair_by: 5\n", 4, ("arms", "a", "pair_by")),
        ("proxy:\n  references: {news: a}\n  bytes: 0\n", 4, ("proxy", "bytes")),
        ("gold:\n  pii:\n    dota: a\n", 4, ("gold", "pii", "dota")),
        ("samples: many\n", 2, ("samples",)),
        ("leave_one_out:\n  - quality/gopher\n  - quality/gophers\n", 4, ("leave_one_out", 1)),
        ("sweeps:\n  quality/gopher.min_words: [1]\n  quality/c4.x: [1]\n", 4, ("sweeps", "quality/c4.x")),
    ],
)
def test_an_error_carries_its_place_as_data(tmp_path, written, line, key):
    path = tmp_path / "wrong.yaml"
    path.write_text("recipe: gopher\n" + written)
    with pytest.raises(RecipeError) as found:
        arms.load(str(path))
    assert (found.value.file, found.value.line, found.value.key) == (str(path), line, key)


def test_a_stage_keeps_the_name_it_was_given():
    named = {"name": "base", "stages": ["extraction/plain", {"dedup/exact": {"as": "mine"}}]}
    for change, name in (("dedup/url", "mine"), ({"dedup/url": {"as": "yours"}}, "yours")):
        found = parse({"recipe": named, "arms": {"arm": {"mine": change}}}, "test").arms[1].recipe
        assert _names(found) == ["extraction/plain", name]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "sweeps:\n  quality/gopher.max_words: [9]\n  quality/gopher.min_wordz: [1]\n",
            "line 4: .*min_wordz.*min_words",
        ),
        ("sweeps:\n  quality/gopher.min_wordz:\n    - 1\n", "line 3: .*min_wordz"),
        ("sweeps:\n  quality/gopher.min_words:\n    - 1\n    - many\n", "line 5: .*min_words.*many"),
        ("grid:\n  quality/gopher.max_words: [9]\n  quality/gopher.min_wordz: [1]\n", "line 4: .*min_wordz"),
        (
            "grid:\n  quality/gopher.min_words: [7]\n  quality/gopher.max_words: [6]\n",
            "line 3: .*min_words: 7 is above",
        ),
    ],
)
def test_errors_of_sweeps_name_the_file_and_the_line(tmp_path, written, said):
    path = tmp_path / "wrong.yaml"
    path.write_text("recipe: {stages: [quality/gopher: {min_words: 5}]}\n" + written)
    with pytest.raises(RecipeError, match=rf"wrong\.yaml, {said}"):
        arms.load(str(path))


def _swept(stage, sweeps):
    return parse({"recipe": {"stages": ["extraction/plain", stage]}, "sweeps": sweeps}, "test").sweeps


@pytest.mark.parametrize(
    ("stage", "sweeps", "said"),
    [
        (
            {"language/script": {"keep": {"ko": 0.5}}},
            {"language/script.min_score": [0.05, 0.5, 0.99]},
            "language/script.min_score changes no decision.*the map keep holds the limits of ko; sweep .*keep",
        ),
        ("language/script", {"language/script.min_score": [0.1, 0.9]}, "keep of language/script names no language"),
        (
            "tests.strategies.Deaf",
            {"tests.strategies.Deaf.most": [1, 2]},
            "Deaf.most changes no decision: the rules of .*Deaf are the same",
        ),
    ],
)
def test_a_sweep_that_changes_no_decision_is_an_error(stage, sweeps, said):
    with pytest.raises(RecipeError, match=said):
        _swept(stage, sweeps)


@pytest.mark.parametrize(
    ("stage", "sweeps"),
    [
        ({"language/script": {"keep": ["ko"]}}, {"language/script.min_score": [0.1, 0.9]}),
        ({"language/script": {"keep": {"ko": 0.5}}}, {"language/script.keep": [{"ko": 0.1}, {"ko": 0.9}]}),
        ({"language/script": {"keep": {"ko": 0.5}}}, {"language/script.latin": ["en", "de"]}),  # another score
        ({"quality/gopher": {"min_words": 5}}, {"quality/gopher.min_words": [5]}),  # the value in use
        ("quality/gopher", {"quality/gopher.languages": [{"de": {"min_words": 1}}, {"de": {"min_words": 9}}]}),
        ("tests.strategies.Deaf", {"tests.strategies.Deaf.korean": [1, 2]}),  # whatever languages the recipe names
        ("dedup/minhash", {"dedup/minhash.bands": [3, 4]}),
    ],
)
def test_sweeps_that_may_change_a_decision_are_none(stage, sweeps):
    assert _swept(stage, sweeps)


def test_a_recipe_beside_the_ablation(tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\nstages: [extraction/plain, dedup/exact]\n")
    path = tmp_path / "one.yaml"
    path.write_text("recipe: mine.yaml\narms: {loose: {dedup/exact: off}}\n")
    assert [len(arm.recipe.steps) for arm in arms.load(str(path)).arms] == [2, 1]
    path.write_text("recipe: gopher\narms: {other: {recipe: mine.yaml, dedup/exact: off}}\n")
    assert [step.name for step in arms.load(str(path)).arms[1].recipe.steps] == ["extraction/plain"]


def test_the_ablation_of_recipes_has_all_that_need_no_model_of_the_users():
    chosen = arms.load("recipes")
    compared = {chosen.base.recipe.name, *(arm.name for arm in chosen.arms[1:])}
    for path in CONFIGS.glob("*.yaml"):
        shipped = recipes.load(str(path))
        if path.stem in compared:
            arm = next((arm for arm in chosen.arms if arm.name == path.stem), chosen.base)
            assert arm.recipe.steps == shipped.steps
        else:
            with pytest.raises(ResourceError):
                recipes.check(shipped)


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONFIGS / "ablations").glob("*.yaml")))
def test_shipped_ablations_name_no_input(name):
    found = arms.load(name)
    assert found.name == name
    assert found.description
    assert len(found.arms) >= 4
    assert len({str(arm.recipe.steps) for arm in found.arms}) == len(found.arms), "two arms are the same"
    assert not any(arm.input for arm in found.arms)
    assert not found.input
    assert not found.base.recipe.input


def test_what_cannot_stand_without_a_stage_is_left_out_with_it():
    recipe = {
        "name": "b",
        "stages": [
            "extraction/plain",
            "dedup/exact",
            {"sampling/upsample": {"weights": {1: 1, 2: 3}}},
            {"dedup/minhash": {"compare": "weight"}},
            "quality/gopher",
        ],
    }
    found = parse({"recipe": recipe, "leave_one_out": True}, "test")
    left = {arm.name: [step.name for step in arm.recipe.steps[1:]] for arm in found.arms[1:]}
    assert left["without-dedup-exact"] == ["quality/gopher"]
    assert left["without-sampling-upsample"] == ["dedup/exact", "quality/gopher"]
    assert left["without-dedup-minhash"] == ["dedup/exact", "sampling/upsample", "quality/gopher"]
    assert set(found.without()) == {"dedup/minhash", "quality/gopher"}


def test_the_ablation_of_a_recipe_leaves_out_each_stage(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ninput: a.jsonl\nstages: [extraction/plain, dedup/exact, quality/gopher]\n")
    names = ["base", "without-dedup-exact", "without-quality-gopher"]
    for found in (load(path), load({"name": "mine", "stages": ["dedup/exact", "quality/gopher"]})):
        assert (found.name, [arm.name for arm in found.arms], found.controls) == ("mine", names, ("random-removal",))
    assert load(path).input == (str(tmp_path / "a.jsonl"),)
    assert [arm.name for arm in load("c4").arms][-1] == "without-language-fasttext"
    path.write_text("name: mine\nstages: [extraction/plain, quality/gophr]\n")
    with pytest.raises(RecipeError, match=r"line 2.*quality/gophr"):
        load(path)
    with pytest.raises(RecipeError, match="c5: no such file"):
        load("c5")
