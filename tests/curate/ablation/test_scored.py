"""The scored table as columns: what is asked for is read, little is held, and strings are codes."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.ablation import scored as module
from curate.ablation.pairs import sample
from curate.ablation.scored import KEPT, Coded, Held, Scored
from curate.ablation.slices import host, slices_of
from curate.recipe import parse
from pipelines.scoring import table
from pipelines.scoring.plan import make_plan

URLS = ["http://www.A.example/1", "https://a.example?x", "", None, "no address", "http://[::1]/x", "http://b\t.example/y",
        "http://u@c.example:80/z", "http://d.example"]  # fmt: skip


@pytest.fixture
def found(tmp_path):
    """Two units of one path, the second without all of its pages and with other columns."""
    plan = make_plan({"base": (parse({"name": "t", "stages": ["extraction/plain", "quality/gopher"]}, "t").steps, 0)})
    node, (measure,) = plan.nodes[0], plan.measures
    for number, rows in enumerate(([0, 1, 2, 3, 4], [0, 3])):
        pages = [
            {"id": f"d{number}{row}", "url": URLS[row + 4 * number], "read": table.KEPT, "bytes": row, "source": "f"}
            for row in range(5)
        ]
        table.write_pages(str(tmp_path), 0, f"u{number}", pages)
        columns = {
            "row": rows,
            "status": [table.KEPT] * len(rows),
            "rule": pa.nulls(len(rows), pa.string()),
            "bytes": [10 * row for row in rows],
            "tokens": rows,
            table.signal_column(measure, "words"): [float(row + number) for row in rows],
            "@language": ["en", None, "ko", "en", "en"][: len(rows)],
        }
        if number:
            columns[table.signal_column(measure, "other")] = [7.0] * len(rows)
            columns[table.fault_column(measure)] = [None, "broken"]
        path = tmp_path / table.rows_file(node, f"u{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)
    return Scored(str(tmp_path), plan, [["u0", "u1", "missing"]]), node, measure


def test_columns_are_dense(found):
    scored, node, measure = found
    assert scored.reached(node).tolist() == [True] * 6 + [False, False, True, False]
    assert scored.bytes(node).tolist() == [0, 10, 20, 30, 40, 0, 0, 0, 30, 0]
    np.testing.assert_equal(scored.signal(measure, "words"), [0, 1, 2, 3, 4, 1, np.nan, np.nan, 4, np.nan])
    np.testing.assert_equal(scored.signal(measure, "other"), [np.nan] * 5 + [7, np.nan, np.nan, 7, np.nan])
    assert np.isnan(scored.signal(measure, "nobody")).all()
    assert [scored.has_signal(measure, name) for name in ("words", "other", "nobody")] == [True, True, False]
    faults = scored.faults(measure)
    assert faults.names == ["", "broken"] and faults.where("broken").tolist() == [False] * 8 + [True, False]
    assert scored.note(node.writer, "language", 0).strings.tolist() == ["en", "", "ko", "en", "en", "en", *[""] * 4]


def test_little_is_held(found, monkeypatch):
    scored, node, measure = found
    monkeypatch.setattr(module, "HELD_BYTES", 100)
    read = []
    columns = table.read_columns
    monkeypatch.setattr(
        table, "read_columns", lambda root, path, names: read.append(names) or columns(root, path, names)
    )
    scored._held = Held(100)
    first = scored.signal(measure, "words")
    assert scored.signal(measure, "words") is first
    scored.signal(measure, "other")  # 80 bytes each: the first is forgotten
    before = len(read)
    np.testing.assert_equal(scored.signal(measure, "words"), first)
    assert len(read) == before + 2
    scored.bytes(node)  # of no judge: nothing else is read with it
    assert read[-2:] == [["bytes"], ["bytes"]]


def test_some_strings_and_samples(found):
    scored, _, _ = found
    pages = scored.groups[0]
    assert pages.strings_at("id", [9, 0, 5]) == ["d14", "d00", "d10"]
    assert pages.strings_at("url", [3, 2]) == ["", ""]
    assert (pages.read == KEPT).all() and pages.rules.names == [""]
    arm = type("Arm", (), {"group": 0})()
    everyone = np.ones(10, dtype=bool)
    chosen = [sample(scored, arm, everyone, most) for most in (0, 3, 10)]
    assert chosen[0] == [] and chosen[1] == chosen[2][:3] and sorted(chosen[2]) == list(range(10))


def test_domains_are_those_of_whole_addresses(found):
    scored, node, _ = found
    slices = slices_of(scored, node, (), ["domain", "length", "crawl", "language"])
    every = [URLS[row + 4 * number] or "" for number in range(2) for row in range(5)]
    assert slices["domain"].strings.tolist() == [host(url) for url in every]
    assert {name: set(slices[name].strings) for name in ("length", "crawl", "language")} == {
        "length": {"under 1,000 B"}, "crawl": {"none"}, "language": {"none"}
    }  # fmt: skip


def test_coded():
    coded = Coded(["", "a", "b"], np.array([2, 1, 2, 0]))
    assert coded.strings.tolist() == ["b", "a", "b", ""]
    assert coded.named(["x", "y", "x"]).strings.tolist() == ["x", "y", "x", "x"]
    assert coded.counts() == {"": 1, "a": 1, "b": 2}
    assert not coded.where("c").any()
