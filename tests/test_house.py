"""The house: who may import whom, what a wheel holds, and that listing strategies stays light."""

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.make_sample import SAMPLE, build
from tests.strategy_table import PAGE, with_table

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("filters", "pipelines", "curate")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_point_down(floor):
    above = FLOORS[FLOORS.index(floor) + 1 :]
    for path in (ROOT / floor).rglob("*.py"):
        for name in _imports(path):
            top = name.partition(".")[0]
            assert top not in above, f"{path.relative_to(ROOT)} imports {name}"
            assert top != "tests", f"{path.relative_to(ROOT)} imports {name}"
            if floor != "pipelines":
                assert top != "apache_beam", f"{path.relative_to(ROOT)} imports {name}"


def _modules() -> dict[str, Path]:
    paths = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def _imports_when_loaded(path: Path, modules: Iterable[str]) -> set[str]:
    """The modules of the project that a module imports when it is loaded."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found & set(modules)


def test_modules_do_not_import_each_other_in_a_circle():
    modules = _modules()
    left = {name: _imports_when_loaded(path, modules) - {name} for name, path in modules.items()}
    for name, imported in left.items():  # a package is loaded before what is in it, and may import that
        imported -= {package for package in imported if name.startswith(f"{package}.")}
    while leaves := [name for name, imported in left.items() if not imported & left.keys()]:
        for name in leaves:
            del left[name]
    assert not left, f"these import each other, or what does: {sorted(left)}"


@pytest.mark.parametrize("room", ["pipelines/corpus", "pipelines/scoring", "curate/ablation", "curate/evaluation"])
def test_own_modules_are_imported_at_the_top(room):
    for path in (ROOT / room).rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.ImportFrom):
                        own = (node.module or "").partition(".")[0] in FLOORS
                        assert not own, f"{path.relative_to(ROOT)}, line {node.lineno}"


def test_modules_with_dofns_keep_their_annotations():
    for path in (ROOT / "pipelines").rglob("*.py"):
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), path.name


def test_a_wheel_holds_the_three_floors_and_the_configs(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"curate", "pipelines", "filters", "configs"}
    assert "configs/quickstart.yaml" in names
    assert "configs/sample/sample.warc.gz" in names
    assert any(name.startswith("filters/toxicity/lists/") for name in names)


def test_listing_strategies_and_planning_a_recipe_load_no_heavy_library():
    code = (
        "import sys, json\nfrom curate.catalogue import describe\nfrom curate.recipe import load\n"
        "rows = describe()\nload('klue').warnings()\n"
        "print(json.dumps([len(rows), sorted(m for m in sys.modules if '.' not in m)]))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    count, modules = json.loads(out)
    heavy = {
        "apache_beam",
        "numba",
        "scipy",
        "fasttext",
        "presidio_analyzer",
        "pyarrow",
        "spacy",
        "sklearn",
        "resiliparse",
    }
    assert count >= 38
    assert not heavy & set(modules)


def test_the_catalogue_lists_every_strategy():
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text) == text, "run python -m tests.strategy_table"


def test_the_sample_archive_is_what_its_pages_make():
    assert (SAMPLE / "sample.warc.gz").read_bytes() == build()
