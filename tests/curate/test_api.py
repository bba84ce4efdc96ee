"""The Python API: every name it exports is there, and what needs nothing is imported late."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import curate
from tests.curate.running_tools import write_rows

LENGTH = {"name": "mine", "stages": [{"quality/length": {"min_words": 2}}]}
ABLATION = {"name": "mine", "recipe": LENGTH, "arms": {"all": {"quality/length": "off"}}}


def test_every_name_is_there():
    for name in curate.__all__:
        assert getattr(curate, name) is not None
    assert sorted(curate.__all__) == sorted(curate._WHERE)


def test_importing_loads_nothing():
    code = "import sys, curate; print('apache_beam' in sys.modules or 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.long  # workers start and fail until the run gives up
def test_a_script_without_a_guard_is_told_what_to_do(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    script = tmp_path / "script.py"
    paths = f"[{str(tmp_path / 'a.jsonl')!r}], {str(tmp_path / 'out')!r}"
    script.write_text(f"import curate\ncurate.run(curate.load_recipe('gopher'), {paths}, workers=2)\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "if __name__ == '__main__'" in done.stderr


@pytest.fixture
def archive(tmp_path):
    """Two rows, one of a single word."""
    return write_rows(tmp_path / "a.jsonl", ["one", "two words"])


@pytest.mark.parametrize("kind", [str, Path, lambda path: [str(path)], lambda path: (path,)])
def test_inputs_are_one_path_or_several(tmp_path, archive, kind):
    result = curate.run(curate.load_recipe(LENGTH), kind(archive), tmp_path / "out", workers=1)
    assert (result["read"]["records"], result["kept"]) == (2, 1)
    report = curate.ablate(curate.load_ablation(ABLATION), kind(archive), tmp_path / "ablation", workers=1)
    assert [arm["kept"]["documents"] for arm in report["arms"]] == [1, 2]


def test_a_recipe_is_a_name_a_path_or_a_map(tmp_path, archive):
    path = tmp_path / "mine.yaml"
    path.write_text("stages:\n  - quality/length: {min_words: 2}\n")
    found = [curate.run(given, str(archive), tmp_path / str(number), workers=1)
             for number, given in enumerate([LENGTH, str(path), path, curate.load_recipe(LENGTH)])]  # fmt: skip
    assert len({result["fingerprint"] for result in found}) == 1
    assert {result["kept"] for result in found} == {1}
    assert curate.run("gopher", str(archive), tmp_path / "named", workers=1)["recipe"]["name"] == "gopher"
    assert curate.load_recipe({"stages": ["dedup/exact"]}).name == "recipe"


def test_an_ablation_is_a_name_a_path_or_a_map(tmp_path, archive):
    path = tmp_path / "one.yaml"
    path.write_text("recipe: {stages: [quality/length: {min_words: 2}]}\narms: {all: {quality/length: off}}\n")
    for number, given in enumerate([ABLATION, str(path), path]):
        report = curate.ablate(given, str(archive), tmp_path / str(number), workers=1)
        assert [arm["kept"]["documents"] for arm in report["arms"]] == [1, 2]
    assert curate.load_ablation("dedup").name == "dedup"


@pytest.mark.parametrize("given", [None, 3, ["dedup/exact"], b"gopher"])
def test_what_is_no_recipe_is_said(tmp_path, archive, given):
    kind = type(given).__name__
    for call, what in ((curate.run, "a recipe"), (curate.ablate, "an ablation")):
        with pytest.raises(
            curate.RecipeError, match=f"{what} must be the name of a shipped one, a path, or a map, got {kind}"
        ):
            call(given, str(archive), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_wrong_recipes_and_inputs_are_said_before_anything_is_written(tmp_path, archive):
    out = tmp_path / "out"
    with pytest.raises(curate.RecipeError, match="did you mean dclm-baseline"):
        curate.run("dclm-basline", str(archive), out)
    with pytest.raises(curate.RecipeError, match=r"recipe, line 1: .*min_wrods.*min_words"):
        curate.run({"stages": [{"quality/length": {"min_wrods": 2}}]}, str(archive), out)
    with pytest.raises(curate.RecipeError, match="is not the name of a file: write the text to a file"):
        curate.run("name: a\nstages: [dedup/exact]\n", str(archive), out)
    with pytest.raises(curate.RecipeError, match="ablation, line 1: recipe is required"):
        curate.ablate({"arms": {}}, str(archive), out)
    for inputs in (None, 3, {"a": 1}, [3], b"a.jsonl"):
        for call, given in ((curate.run, LENGTH), (curate.ablate, ABLATION)):
            with pytest.raises(curate.UsageError, match="inputs: "):
                call(given, inputs, out)
    assert not out.exists()


def test_a_run_counts_its_own_cpu_seconds_not_those_of_this_process(tmp_path, archive, monkeypatch):
    real = time.process_time
    monkeypatch.setattr(time, "process_time", lambda: real() + 1000)
    result = curate.run(curate.load_recipe(LENGTH), archive, tmp_path / "out", workers=1)
    report = curate.ablate(curate.load_ablation(ABLATION), archive, tmp_path / "ablation", workers=1)
    for found in (result, report):
        assert 0 <= found["startup_cpu_seconds"] < found["cpu_seconds"] < 100
