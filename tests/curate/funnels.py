"""The funnels of all shipped recipes over the sample archive, as they were accepted.

`python -m tests.curate.funnels` writes them anew: look at the difference before it is committed.
"""

import contextlib
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from curate.recipe import CONFIGS
from tests.curate.quality_model import in_a_folder_with_one
from tests.curate.running_tools import go, rows
from tests.make_sample import SAMPLE

GOLDEN = Path(__file__).with_name("funnels.json")
NEED_A_MODEL = ("dclm-classifier",)
RECIPES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
FIGURES = ("in", "kept", "dropped_by_rule", "failed_by_reason", "bytes_in", "bytes_kept", "characters_edited_by_rule")


def funnel(name: str, folder: Path) -> dict[str, Any]:
    """Figures of every stage, the evidence of corpus stages without ids, and a hash of what was kept."""
    with in_a_folder_with_one(folder.with_name("model")) if name in NEED_A_MODEL else contextlib.nullcontext():
        result = go(name, [(SAMPLE / "sample.warc.gz").resolve()], folder.resolve())
    assert result["conserved"]
    stages = {
        stage["stage"]: {figure: stage[figure] for figure in FIGURES if stage.get(figure)} for stage in result["stages"]
    }
    kept = sorted((row["id"], row["text"]) for row in rows(folder, "kept"))
    corpus = {
        found["stage"]: {name: value for name, value in found.items() if isinstance(value, (int, float, dict))}
        for found in result["corpus"]
    }
    return {"stages": stages, "corpus": corpus, "kept": hashlib.sha256(repr(kept).encode()).hexdigest()[:16]}


def main() -> None:
    """Write the funnels as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: funnel(name, Path(folder) / name) for name in RECIPES}
    GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
