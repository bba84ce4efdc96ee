"""What is written into the table of scores is read back, by row and by writer."""

from curate.recipe import parse
from filters.contracts import Scores
from filters.document import Drop
from pipelines.scoring import table
from pipelines.scoring.plan import make_plan


def _plan():
    stages = ["tests.curate.ablation.planted.Grades", "language/script"]
    return make_plan({"a": (parse({"name": "a", "stages": stages}, "test").steps, 0)})


def test_notes_come_back_with_their_writers_and_types(tmp_path):
    plan = _plan()
    first, graded = plan.nodes
    (script,) = plan.measures
    rows = table.PathRows(plan, graded)
    rows.kept(3, 10, 2)
    rows.notes(3, graded.writer, {"grade": "int64"}, {"grade": 5, "other": "x"})
    rows.scores(3, script, Scores({"share": 0.5}, {"language": "ko"}))
    rows.dropped(4, Drop("a_rule", 1.5, "text"))
    rows.failed(7, "a_reason")
    (record,) = rows.write(str(tmp_path), "unit", with_texts=False)
    assert (record.path, record.rows) == (table.rows_file(graded, "unit"), 3)
    assert (tmp_path / record.path).stat().st_size == record.bytes
    found = table.StoredNotes.read(str(tmp_path), plan, graded, "unit")
    assert found.of(3) == {graded.writer: {"grade": 5}, script.writer: {"language": "ko"}}
    assert found.of(4) == found.of(99) == {}
    read = table.read_file(str(tmp_path), record.path).to_pydict()
    assert read["status"] == [table.KEPT, table.DROPPED, table.FAILED]
    assert read["rule"] == [None, "a_rule", "a_reason"]
    assert read["value"] == [None, 1.5, None]
    assert table.read_file(str(tmp_path), table.rows_file(first, "unit")) is None
