"""A shipped recipe as the beginning of a user's own: its comments stay, what holds only in its place goes."""

import re

from curate import recipe as recipes
from curate.schema import line_for_editors


def copy_of(name: str, ablation: bool = False) -> str:
    """The text of a shipped recipe, or of an ablation where no recipe has this name; raises RecipeError.

    The name goes, as a copy is called by its file, and so does an input that is relative to the shipped file.
    """
    shipped = recipes.CONFIGS
    kinds = (
        [("ablation", shipped / "ablations")]
        if ablation
        else [("recipe", shipped), ("ablation", shipped / "ablations")]
    )
    for kind, folder in kinds:
        path = folder / f"{name}.yaml"
        if path.parent == folder and path.is_file():
            text = path.read_text(encoding="utf-8")
            text = re.sub(r"(?m)^# yaml-language-server:.*\n", "", text)
            text = re.sub(r"(?m)^name: .*\n", "", text)
            text = re.sub(r"(?m)^input: .*\n", "# input: [crawl/*.warc.gz]   # or --input\n", text)
            return f"{line_for_editors(kind)}\n{text}"
    known = ", ".join(sorted(path.stem for _, folder in kinds for path in folder.glob("*.yaml")))
    raise recipes.RecipeError(
        f"{name}: no shipped {'ablation' if ablation else 'recipe'} of this name (known: {known})"
    )
