"""The dataset card and Croissant metadata name the tables that have rows, and say how the run was made."""

import json

import pyarrow.parquet as pq
import pytest
import yaml

from curate.export.card import write_card
from curate.rundir import UsageError
from tests.curate.running_tools import go, recipe, write_rows

KOREAN = "오늘은 날씨가 맑고 바람이 시원해서 사람들이 공원으로 나왔다. 아이들은 잔디밭에서 뛰어놀았다."


def _longer(characters: int) -> dict:
    """A stage that keeps texts of at least so many characters."""
    return {"quality/length": {"min_words": None, "min_characters": characters}}


def _run(tmp_path, texts):
    chosen = recipe(_longer(10), "language/script", description="Long texts | of all scripts")
    go(chosen, [write_rows(tmp_path / "a.jsonl", texts)], tmp_path / "run")
    write_card(tmp_path / "run")
    return tmp_path / "run"


def test_the_card_names_tables_with_rows_and_languages(tmp_path):
    root = _run(tmp_path, [KOREAN, "short", KOREAN + " 끝."])
    text = (root / "README.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    head = yaml.safe_load(head)
    assert [config["config_name"] for config in head["configs"]] == ["kept", "dropped"]
    assert head["configs"][0]["default"] is True and head["language"] == ["ko"]
    assert "3 records of 1 files were read: 2 kept,\n1 dropped, 0 failed" in body
    assert "| quality/length | 3 | 2 | 1 | 0 | min_characters 1 |" in body
    recipe_again = yaml.safe_load(body.partition("```yaml\n")[2].partition("```")[0])
    assert recipe_again == json.loads((root / "run.json").read_text())["recipe"]


@pytest.mark.parametrize("name", ["README.md", "croissant.json"])
def test_a_file_of_the_users_is_not_overwritten(tmp_path, name):
    root = _run(tmp_path, [KOREAN])
    before = {path.name: path.read_bytes() for path in root.glob("*.*")}
    write_card(root)  # again: the same
    assert {path.name: path.read_bytes() for path in root.glob("*.*")} == before
    other = next(one for one in ("README.md", "croissant.json") if one != name)
    (root / other).unlink()
    (root / name).write_bytes(before[name] + b"\n")
    with pytest.raises(UsageError, match=f"{name}: exists"):
        write_card(root)
    assert (root / name).read_bytes() == before[name] + b"\n" and not (root / other).exists()


def test_tables_without_rows_have_no_row_group(tmp_path):
    root = _run(tmp_path, [KOREAN])
    (empty,) = (root / "dropped").glob("*.parquet")
    assert pq.ParquetFile(empty).metadata.num_row_groups == 0
    assert pq.read_table(empty).num_rows == 0


def test_croissant_describes_each_column(tmp_path):
    root = _run(tmp_path, [KOREAN, "short"])
    data = json.loads((root / "croissant.json").read_text(encoding="utf-8"))
    assert [record_set["@id"] for record_set in data["recordSet"]] == ["kept", "dropped"]
    columns = {field["name"]: field["dataType"] for field in data["recordSet"][0]["field"]}
    assert columns["text"] == "sc:Text" and columns["offset"] == "sc:Integer"
    assert set(columns) == set(pq.ParquetFile(next((root / "kept").glob("*.parquet"))).schema_arrow.names)
