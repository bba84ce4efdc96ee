"""What a user begins with: a copy of a shipped recipe, a schema for the editor, completions, the version."""

import contextlib
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

import curate
from curate import paths
from curate.ablation import arms
from curate.commands.options import shipped_ablations, shipped_recipes
from curate.overriding import override
from curate.recipe import CONFIGS, RecipeError, is_name, load, parse
from curate.starting import copy_of
from tests.curate.quality_model import in_a_folder_with_one
from tests.schemas import FILES, text_of

RECIPES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
ABLATIONS = sorted(path.stem for path in CONFIGS.glob("ablations/*.yaml"))


@pytest.mark.parametrize("name", RECIPES)
def test_a_copy_is_the_recipe_with_its_comments(name, tmp_path):
    text = copy_of(name)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    mine, shipped = load(tmp_path / "mine.yaml"), load(name)
    with in_a_folder_with_one(tmp_path) if name == "dclm-classifier" else contextlib.nullcontext():
        assert mine.fingerprint() == shipped.fingerprint()
    assert mine.name == "mine"
    assert mine.input == ()
    assert text.count("#") >= (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").count("#")


@pytest.mark.parametrize("name", ABLATIONS)
def test_a_copy_of_an_ablation_can_be_loaded(name, tmp_path):
    (tmp_path / "mine.yaml").write_text(copy_of(name, ablation=True), encoding="utf-8")
    assert len(arms.load(tmp_path / "mine.yaml").arms) == len(arms.load(name).arms)


def test_a_copy_of_nothing_names_what_there_is():
    with pytest.raises(RecipeError, match="klue"):
        copy_of("kleu")
    with pytest.raises(RecipeError, match="no shipped ablation"):
        copy_of("gopher", ablation=True)


@pytest.mark.parametrize("kind", FILES)
def test_the_schemas_that_ship_are_the_generated_ones(kind):
    assert FILES[kind].read_text(encoding="utf-8") == text_of(kind), "run python -m tests.schemas"


@pytest.mark.parametrize(
    "path", [*CONFIGS.glob("*.yaml"), *CONFIGS.glob("ablations/*.yaml")], ids=lambda path: path.stem
)
def test_shipped_files_name_their_schema_and_fit_it(path):
    text = path.read_text(encoding="utf-8")
    (named,) = re.findall(r"^# yaml-language-server: \$schema=(.*)$", text, re.MULTILINE)
    schema = path.parent / named
    assert schema.resolve() in {file.resolve() for file in FILES.values()}
    jsonschema = pytest.importorskip("jsonschema", reason="the package jsonschema is not installed")
    referencing = pytest.importorskip("referencing", reason="the package referencing is not installed")
    files = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in FILES.values()}
    found = [(name, referencing.Resource.from_contents(data)) for name, data in files.items()]
    registry = referencing.Registry().with_resources(found)
    validator = jsonschema.Draft202012Validator(files[schema.name], registry=registry)
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    wrong = {**yaml.safe_load(text), "stagse": []}
    assert list(validator.iter_errors(wrong))


def test_the_schema_knows_settings():
    schema = json.loads(FILES["recipe"].read_text(encoding="utf-8"))
    shape = schema["$defs"]["stage"]["anyOf"][1]["properties"]["quality/gopher"]["anyOf"][0]
    assert shape["properties"]["min_words"]["description"]
    assert shape["additionalProperties"] is False


def test_the_schema_knows_every_part_of_a_recipe():
    with pytest.raises(RecipeError) as error:
        parse({"stages": ["quality/length"], "unknown": 1}, "a")
    known = re.search(r"known: ([^)]*)", str(error.value))
    assert known
    schema = json.loads(FILES["recipe"].read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(known[1].split(", "))


def test_the_version_is_said():
    done = subprocess.run([sys.executable, "-m", "curate", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"curate {metadata.version('curate-lm-text')}\n"


def test_completions_offer_what_ships():
    assert shipped_recipes("k") == ["klue"]
    assert shipped_ablations("") == ABLATIONS


@pytest.mark.parametrize("name", ["한국어-기본", "mine_2.0", "ジャパン", "हिन्दी", "x" * 64])
def test_names_in_any_script(name):
    assert is_name(name)
    assert parse({"name": name, "stages": ["dedup/exact"]}, "r.yaml").name == name


@pytest.mark.parametrize(
    "name", ["", "../a", "a/b", ".hidden", "-x", "a b", "x" * 65, "\u202eabc", "한" * 64 + "한", "𠀀" * 60]
)
def test_names_that_are_no_part_of_a_path(name):
    assert not is_name(name)


def test_settings_by_option_are_those_of_a_recipe_that_says_so():
    base = load("klue")
    changed = override(
        base, text="본문", carry=["출처"], settings=["language/fasttext.keep.ko=0.7", "dedup/minhash.bands=9"]
    )
    data = base.filled()
    data["rows"].update(text="본문", carry=["출처"])
    stages = {name: settings for stage in data["stages"] for name, settings in stage.items()}
    stages["language/fasttext"]["keep"]["ko"] = 0.7
    stages["dedup/minhash"]["bands"] = 9
    assert changed.filled() == parse(data, "r.yaml").filled()
    assert override(base).fingerprint() == base.fingerprint()


def test_a_package_that_hides_one_of_ours_is_told_to_scripts_too(tmp_path, monkeypatch):
    (tmp_path / "filters.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "filters")
    assert str(tmp_path) in paths.hidden()
    with pytest.raises(ImportError, match="'filters'"):
        curate.load_recipe("klue")


def test_the_working_directory_comes_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(Path.cwd()), "/somewhere"])
    paths.append_working_directory()
    assert sys.path == ["/somewhere", str(tmp_path)]
