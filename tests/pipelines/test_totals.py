"""What an engine adds up is what a driver would find in the files."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from curate.rundir import Summary, removed_by_stage, repeated_ids
from filters.chain import Dropped, StepBook
from filters.document import Document, Drop
from filters.sketch import merged
from pipelines import manifest, records, sketches
from pipelines.manifest import BooksRecord, FileRecord, Manifest, Shard
from pipelines.totals import Totals
from pipelines.writing import TableWriter, dropped_row

EMPTY = {"dropped": [], "changed": [], "kept": [], "signals": [], "words": [], "languages": {}}
IDS = [["a", "b", "c"], ["c", "d"], ["d", "d", "e"]]


def units(root: Path) -> list[Manifest]:
    """Three units with kept ids, a sketch, books and a shard each."""
    found = []
    (root / "kept").mkdir()
    for number, ids in enumerate(IDS):
        path = f"kept/u{number}.parquet"
        pq.write_table(pa.table({"id": ids}), root / path)
        sketch = {**EMPTY, "languages": {"ko": {"kept": number, "bytes": 10, "dropped": {"s:r": 1}}}}
        files = FileRecord("kept", path, len(ids), 1, "0"), sketches.write(str(root), f"u{number}", "0", sketch)
        books = BooksRecord(f"u{number}", {"stage": StepBook(documents_in=3, kept=number)}, 0.5)
        found.append(Manifest(files, (Shard("s", "u", "x", "y", 1),), books=(books,), cpu_seconds=1.0))
    return found


def _keyed(one: Any) -> tuple[int, Any]:
    return 0, one


def _write(element: tuple[int, Any], path: str) -> None:
    manifest.write(path, Manifest.merged(element[1]))


def test_units_add_up(tmp_path):
    path = str(tmp_path / "done" / "whole.json")
    found = units(tmp_path)
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))
    _ = (
        pipeline
        | beam.Create(found)
        | Totals(str(tmp_path), 5)
        | beam.Map(_keyed)
        | beam.GroupByKey()
        | beam.Map(_write, path=path)
    )
    pipeline.run().wait_until_finish()
    whole = manifest.read(path)
    assert whole.repeated_ids == repeated_ids(str(tmp_path), whole.files) == 5
    assert not whole.shards and len([one for one in whole.files if one.table == "kept"]) == 3
    (books,) = whole.books
    assert (books.stages["stage"].documents_in, books.stages["stage"].kept, books.cpu_elsewhere) == (9, 3, 1.5)
    assert Summary.of([whole]).books == Summary.of(found).books
    every = [record for one in found for record in one.files]
    assert sketches.read_all(str(tmp_path), whole.files, 5) == sketches.read_all(str(tmp_path), every, 5)
    assert whole.cpu_seconds == 3.0
    text = json.dumps(merged((), 5))
    assert json.dumps(merged([json.loads(text)], 5)) == text


def test_rows_are_counted_as_they_are_written(tmp_path):
    writer = TableWriter(str(tmp_path), "dropped", "unit", records.DROPPED, 1)  # a file for each row
    rules = ["short", "long", "short", "short"]
    for number, rule in enumerate(rules):
        document = Document(f"d{number}", "text", "", {}, "source", number)
        writer.add(dropped_row(Dropped(document, "stage", "quality/length", Drop(rule, 1, 2))), 300)
        writer.at_document_end()
    files = writer.close()
    assert len(files) == 4
    summary = Summary.of([Manifest(tuple(files))])
    assert summary.removed("dropped") == {"stage": Counter(rules)} == removed_by_stage(str(tmp_path), files)[0]
    assert summary.removed("failed") == {}
