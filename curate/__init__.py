"""What a user calls: recipes, runs, ablations, training, evaluation, the report.

    import curate

    result = curate.run("dclm-baseline", "crawl/*.warc.gz", "out")

A recipe is a shipped one's name, a path, or a map as its file would hold it; load_recipe gives the Recipe, with what a
user should know of it: curate.load_recipe({"name": "mine", "stages": ["quality/gopher"]}).warnings(). Ablations alike.

run and ablate return what run.json and report.json hold, as mappings that also give the tables and show documents;
load_result opens those of an earlier run. strategy tries one strategy on a text:
curate.strategy("quality/gopher")("a text").

Everything is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.ablation.arms import Ablation
    from curate.ablation.arms import load as load_ablation
    from curate.ablation.driver import ablate
    from curate.on_text import strategy
    from curate.recipe import Recipe, RecipeError
    from curate.recipe import load as load_recipe
    from curate.results import load_result
    from curate.rundir import RunError, UsageError
    from curate.running import run

_WHERE = {
    "Ablation": "curate.ablation.arms:Ablation",
    "ablate": "curate.ablation.driver:ablate",
    "load_ablation": "curate.ablation.arms:load",
    "Recipe": "curate.recipe:Recipe",
    "RecipeError": "curate.recipe:RecipeError",
    "RunError": "curate.rundir:RunError",
    "UsageError": "curate.rundir:UsageError",
    "load_recipe": "curate.recipe:load",
    "load_result": "curate.results:load_result",
    "run": "curate.running:run",
    "strategy": "curate.on_text:strategy",
}

__all__ = [
    "Ablation",
    "Recipe",
    "RecipeError",
    "RunError",
    "UsageError",
    "ablate",
    "load_ablation",
    "load_recipe",
    "load_result",
    "run",
    "strategy",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'curate' has no attribute {name!r}")
    from curate.paths import hidden

    if line := hidden():
        raise ImportError(line)
    module, _, attribute = _WHERE[name].partition(":")
    return getattr(import_module(module), attribute)
