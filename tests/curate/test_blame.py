"""Runs whose workers die or stall anywhere: one failed row where a row can stand for it, an error where none can."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.rundir import RunError
from pipelines import blame
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows
from tests.harm import HARM

STAGES = ["tests.harm.Harming", "dedup/exact", "tests.strategies.Upper"]


@pytest.fixture
def inputs(tmp_path):
    pq.write_table(pa.table({"text": [f"row {n} of a table" for n in range(30)]}), tmp_path / "b.parquet", 10)
    return [
        write_rows(tmp_path / "a.jsonl", [f"text {n} of a" for n in range(20)]),
        tmp_path / "b.parquet",
        write_rows(tmp_path / "c.jsonl", [f"text {n} of c" for n in range(20)], 100),
    ]


def _harm(monkeypatch, *harms):
    monkeypatch.setenv(HARM, json.dumps(harms))


def test_workers_that_die_or_stall_cost_the_place(tmp_path, inputs, monkeypatch):
    _harm(
        monkeypatch,
        ("kill", "PLACE", "b.parquet", 10),  # the second row group
        ("stall", "READING", "c.jsonl", 17),  # after 17 rows
    )
    result = go(recipe(*STAGES), inputs, tmp_path / "out", workers=2, stall_seconds=5)
    assert adds_up(result)
    failed = {
        (row["source"].rpartition("/")[2], row["offset"], row["stage"], row["reason"])
        for row in rows(tmp_path / "out", "failed")
    }
    assert failed == {
        ("b.parquet", 10, "read", "worker_died"),
        ("c.jsonl", -1, "read", "worker_stalled"),
    }
    assert result["read"]["records"] == 20 + 21 + 18
    assert result["kept"] == 20 + 20 + 17


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(
            ("kill", "WRITING", "kept", None),
            "workers ended writing kept; the last died by SIGKILL",
            marks=pytest.mark.long,
        ),
        (("kill", "DECIDING", "dedup/exact: deciding", None), "dedup/exact: deciding: 2 workers ended deciding; "),
        pytest.param(
            ("kill", "REREADING", ".spool.parquet", None),
            r"workers ended reading back .*\.spool\.parquet",
            marks=pytest.mark.long,
        ),
    ],
)
def test_where_no_row_can_stand_for_it_the_run_ends_and_can_be_resumed(tmp_path, inputs, monkeypatch, harm, said):
    monkeypatch.setattr(blame, "ATTEMPTS", 2)
    _harm(monkeypatch, harm)
    with pytest.raises(RunError, match=said):
        go(recipe(*STAGES), inputs, tmp_path / "out", workers=2)
    monkeypatch.delenv(HARM)
    assert adds_up(go(recipe(*STAGES), inputs, tmp_path / "out", resume=True))
    go(recipe(*STAGES), inputs, tmp_path / "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")
