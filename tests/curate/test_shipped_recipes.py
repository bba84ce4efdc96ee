"""The recipes that ship: each loads, and has the steps of its source in their order."""

import json
from pathlib import Path

import pytest

from curate import recipe
from curate.ablation import arms
from filters.contracts import ResourceError
from tests.curate import funnels

DCLM = (
    *("extraction/resiliparse", "quality/url", "cleanup/urls", "cleanup/newlines", "language/fasttext"),
    *("quality/refinedweb", "quality/gopher-repetition", "cleanup/refinedweb-lines", "dedup/bff"),
)
STEPS = {
    "dclm-baseline": DCLM,
    "dclm-classifier": (*DCLM, "quality/fasttext-top"),
    "refinedweb": (
        *("extraction/trafilatura", "quality/url", "cleanup/urls", "cleanup/newlines", "language/fasttext"),
        *("quality/refinedweb", "quality/gopher-repetition", "cleanup/refinedweb-lines", "dedup/minhash", "dedup/url"),
    ),
    "c4": (
        *("extraction/resiliparse", "quality/c4", "cleanup/c4-lines", "dedup/url", "dedup/lines", "quality/c4-again"),
        *("toxicity/wordlist", "language/fasttext"),
    ),
    "gopher": (
        *(
            "extraction/resiliparse",
            "language/fasttext",
            "quality/gopher",
            "quality/gopher-repetition",
            "dedup/minhash",
        ),
    ),
    "fineweb": (
        *("extraction/trafilatura", "quality/url", "language/fasttext", "quality/gopher-repetition", "quality/gopher"),
        *("quality/c4", "cleanup/c4-lines", "quality/fineweb", "dedup/minhash", "pii/patterns"),
    ),
    "fineweb2-ko": (
        *("extraction/trafilatura", "quality/url", "language/fasttext", "dedup/minhash", "quality/gopher-repetition"),
        *("quality/fineweb", "quality/gopher", "cleanup/unicode", "pii/patterns", "cleanup/symbol-lines"),
        "sampling/upsample",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps(name: str) -> None:
    loaded = recipe.load(name)
    assert loaded.name == name
    assert tuple(step.name for step in loaded.steps) == STEPS[name]


def test_the_classifier_comes_after_the_very_steps_of_dclm_baseline() -> None:
    with_it, without = recipe.load("dclm-classifier").steps, recipe.load("dclm-baseline").steps
    assert with_it[:-1] == without
    with pytest.raises(ResourceError, match=r"curate train quality .* --model quality\.bin"):
        with_it[-1].strategy.check()


def test_c4_variant_of_fineweb() -> None:
    """FineWeb leaves out the rule of terminal punctuation, and its judge and its rewriter agree about lines."""
    steps = {step.name: step.strategy for step in recipe.load("fineweb").steps}
    judge, rewriter = steps["quality/c4"], steps["cleanup/c4-lines"]
    assert judge.terminal == rewriter.terminal == {}  # type: ignore[attr-defined]
    assert judge.semantics == rewriter.semantics == "datatrove"  # type: ignore[attr-defined]


# stages that only go together with the stage that an arm leaves out, as their settings name a note of it
TOGETHER = {("fineweb2-ko", "dedup/minhash"): ("sampling/upsample",)}


@pytest.mark.parametrize("name", funnels.RECIPES)
def test_an_ablation_leaves_out_each_stage_and_a_page_tells_of_the_recipe(name: str) -> None:
    shipped = [arms.load(path.stem) for path in (recipe.CONFIGS / "ablations").glob("*.yaml")]
    mine = [
        one
        for one in shipped
        if one.base.recipe.name == name and any(arm.name.startswith("without-") for arm in one.arms)
    ]
    steps = recipe.load(name).steps
    for ablation in mine or [arms.load(name)]:
        assert ablation.base.recipe.steps == steps
        left = {arm.name: arm.recipe.steps for arm in ablation.arms if arm.name.startswith("without-")}
        assert len(left) == len(steps) - 1
        for step in steps[1:]:
            gone = (step.name, *TOGETHER.get((name, step.name), ()))
            without = left["without-" + step.name.replace("/", "-")]
            assert without == tuple(one for one in steps if one.name not in gone)
    assert f"\n## `{name}`\n" in Path("docs/recipes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", funnels.RECIPES)
def test_funnel_over_the_sample(name: str, tmp_path: Path) -> None:
    """What every rule of a shipped recipe removes from the sample; python -m tests.curate.funnels writes it anew."""
    expected = json.loads(funnels.GOLDEN.read_text(encoding="utf-8"))
    assert sorted(expected) == funnels.RECIPES
    assert funnels.funnel(name, tmp_path / "out") == expected[name]
