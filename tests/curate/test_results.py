"""What run and ablate return: the mapping of before, the tables, and documents to look at."""

import json
import pickle
import sys
import types

import pytest

import curate
from curate.results import AblationResult, RunResult
from tests.curate.running_tools import write_rows
from tests.curate.showing.runs import text

RECIPE = {"name": "mine", "stages": [{"quality/length": {"min_words": 50}}, "dedup/exact"]}
ARMS = {"name": "which", "recipe": RECIPE, "arms": {"short": {"quality/length": {"min_words": 5}}}}
SIZES = [10, 40, 49, 51, 90, 3]
PRIVATE = "write to secret-canary-7f3a@example.com <script>x</script> "


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_rows(folder / "in.jsonl", [PRIVATE + text(size, number) for number, size in enumerate(SIZES)])
    return folder


@pytest.fixture(scope="module")
def result(folder):
    return curate.run(RECIPE, folder / "in.jsonl", folder / "run", workers=1)


@pytest.fixture(scope="module")
def ablation(folder):
    return curate.ablate(ARMS, folder / "in.jsonl", folder / "ablation", workers=1)


def test_it_is_the_mapping_of_run_json(folder, result):
    assert isinstance(result, dict)
    assert result == json.loads((folder / "run" / "run.json").read_text("utf-8"))
    assert json.loads(json.dumps(result)) == result
    assert pickle.loads(pickle.dumps(result)).directory == result.directory
    assert repr(result) == "<run of mine: 6 read = 3 kept + 3 dropped + 0 failed>"


def test_tables_are_arrow_datasets(result):
    assert result.kept.count_rows() == result["kept"] == 3
    assert result.dropped.count_rows() == result["dropped"] == 3
    assert result.failed.count_rows() == result["failed"] == 0
    assert "reason" in result.failed.schema.names
    assert result.funnel["stage"].to_pylist() == ["read", "extraction/plain", "quality/length", "dedup/exact"]
    assert result.funnel["dropped"].to_pylist() == [0, 0, 3, 0]
    assert result.rules.to_pylist() == [
        {"stage": "quality/length", "rule": "min_words", "how": "dropped", "documents": 3}
    ]


def test_documents_are_shown(folder, result):
    shown = result.show(rule="min_words", n=1)
    assert "1  value 49, limit 50" in repr(shown)
    assert "value 19" not in repr(shown)
    assert "quality/length:min_words  3 dropped" in repr(shown)
    assert "fails" in repr(result.show(id="5"))
    with pytest.raises(curate.UsageError, match="no document was removed by nothing"):
        result.show(rule="nothing")
    other = curate.run({**RECIPE, "stages": ["cleanup/unicode"]}, folder / "in.jsonl", folder / "other", workers=1)
    for given in (other, folder / "other"):
        assert "B keeps 6 = 3 that both keep + 3 that only B keeps" in repr(result.compared_with(given))


def test_pages_of_a_notebook_escape_what_comes_from_data(result, ablation):
    for shown in (result, result.show(), result.show(id="4"), ablation, ablation.show()):
        page = shown._repr_html_()
        assert page.startswith("<")
        assert "<script>" not in page
        assert "canary" not in page and "canary" not in repr(shown)


def test_an_ablation_gives_its_arms(folder, ablation):
    assert isinstance(ablation, dict)
    assert ablation == json.loads((folder / "ablation" / "report.json").read_text("utf-8"))
    assert ablation.arms["arm"].to_pylist() == [ablation["arms"][0]["name"], "short"]
    assert ablation.arms["kept_documents"].to_pylist() == [3, 6]
    base, short = ablation.arms["arm"].to_pylist()
    kept = ablation.kept.to_table()
    assert kept.schema.names == ["arm", "id", "url", "source", "offset"]
    assert kept["arm"].to_pylist() == [base] * 3 + [short] * 6
    dropped = ablation.dropped.to_table().to_pylist()
    assert {(row["arm"], row["stage"], row["rule"]) for row in dropped} == {(base, "quality/length", "min_words")}
    assert sorted(row["id"] for row in dropped) == ["0", "1", "5"]
    assert ablation.failed.count_rows() == 0
    assert ablation.funnel.num_rows == 8
    shown = repr(ablation.show(rule="min_words"))
    assert "only short keeps it; the other drops it by min_words" in shown
    with pytest.raises(curate.UsageError, match=r"no arm is called long beside the base \(there are: short\)"):
        ablation.show(arm="long")
    with pytest.raises(curate.UsageError, match=r"no sample was removed by x \(there are: min_words\)"):
        ablation.show(rule="x")


def test_what_the_reader_rejects_is_in_an_arms_tables(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "one two"}\nbroken\n')
    ablation = curate.ablate({**ARMS, "arms": {}}, tmp_path / "in.jsonl", tmp_path / "out", workers=1)
    assert [(row["stage"], row["reason"]) for row in ablation.failed.to_table().to_pylist()] == [("read", "json_error")]


def test_results_of_before_are_opened(folder, result, ablation):
    opened = curate.load_result(folder / "run")
    assert isinstance(opened, RunResult) and opened == result and opened.kept.count_rows() == 3
    opened = curate.load_result(str(folder / "ablation"))
    assert isinstance(opened, AblationResult) and opened.kept.count_rows() == 9
    with pytest.raises(curate.UsageError, match="holds neither"):
        curate.load_result(folder)


@pytest.mark.parametrize("name", ["run.json", "report.json"])
@pytest.mark.parametrize(("held", "why"), [("{", "damaged, not JSON"), ("[]", "or not the summary"), ("{}", "or not")])
def test_a_file_that_is_no_summary_is_named(tmp_path, name, held, why):
    (tmp_path / name).write_text(held)
    with pytest.raises(curate.UsageError, match=f"{name}: damaged, .*{why.removeprefix('damaged, ')}"):
        curate.load_result(tmp_path)


def test_a_strategy_on_a_string():
    gopher = curate.strategy("quality/gopher", min_words=20)
    outcome = gopher("Too short to be kept.")
    assert (outcome.kept, outcome.rule, outcome.value, outcome.threshold) == (False, "min_words", 5, 20)
    assert outcome.scores["min_words"] == 5
    assert "dropped by min_words  value 5, limit 20" in repr(outcome)
    cleaned = curate.strategy("cleanup/urls")("see https://www.example.com/a there")
    assert cleaned.kept and cleaned.text == "see there" and cleaned.edits["url"] > 10
    assert "[-" in repr(cleaned)
    hidden = curate.strategy("pii/patterns")("write to secret-canary-7f3a@example.com please")
    assert "<EMAIL>" in hidden.text
    assert "canary" not in repr(hidden) and "canary" not in hidden._repr_html_()
    found = curate.strategy("language/script")("이 문장은 한국어로 쓰였다")
    assert found.notes["language"] == "ko"


def test_an_extractor_takes_html():
    page = "<html><body><nav>menu</nav><main><p>One paragraph of a page.</p></main></body></html>"
    assert "One paragraph" in curate.strategy("tests.strategies.Explained")(page).text
    assert curate.strategy("extraction/plain")("plain text").text == "plain text"


def test_what_cannot_be_tried_is_said():
    with pytest.raises(curate.RecipeError, match=r"quality/gohper.*quality/gopher"):
        curate.strategy("quality/gohper")
    with pytest.raises(curate.RecipeError, match="min_wrods"):
        curate.strategy("quality/gopher", min_wrods=3)
    with pytest.raises(curate.UsageError, match="decides over a whole corpus"):
        curate.strategy("dedup/exact")
    with pytest.raises(curate.UsageError, match="takes text, got bytes"):
        curate.strategy("quality/gopher")(b"bytes")


def test_progress_is_shown_in_notebooks_and_there_alone(tmp_path, monkeypatch):
    said = []

    class Handle:
        def update(self, data, raw):
            said.append(data["text/plain"])

    def display(data, raw, display_id=False):
        said.append(data["text/plain"])
        return Handle()

    path = write_rows(tmp_path / "in.jsonl", ["one", "two"])
    kernel = types.SimpleNamespace(kernel=object())
    shown = types.ModuleType("IPython.display")
    shown.display = display
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: kernel
    ipython.version_info = (0, 0)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    curate.run(RECIPE, path, tmp_path / "a", workers=1)
    assert said[0] == "starting" and said[-1] == ""
    assert any("dedup/exact: deciding" in line for line in said)
    ipython.get_ipython = lambda: object()  # a terminal's IPython
    del said[:]
    curate.run(RECIPE, path, tmp_path / "b", workers=1)
    assert not said
