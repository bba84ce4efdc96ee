"""A place that ended workers is one failed event, and everything beside it is read, in every format."""

import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import watch
from pipelines.inputs import events_of
from pipelines.reading import read
from pipelines.reading.events import Damaged
from pipelines.reading.units import Piece
from pipelines.watch import Doing, Place
from tests.pipelines.reading.archives import http, member, page, record

COUNT = 12
TEXTS = [f"text of row {n}" for n in range(COUNT)]


def _jsonl(path):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))


def _json(path):
    path.write_text(json.dumps([{"text": text} for text in TEXTS]))


def _csv(path):
    path.write_text("id,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS)))


def _parquet(path):
    pq.write_table(pa.table({"text": TEXTS}), path, row_group_size=4)


def _arrow(path):
    table = pa.table({"text": TEXTS})
    with pa.ipc.new_file(path, table.schema) as file:
        for batch in table.to_batches(max_chunksize=4):
            file.write_batch(batch)


def _records():
    return [record(http(page(n)), n) for n in range(COUNT)]


def _warc(path):
    path.write_bytes(b"".join(_records()))


def _gzip(path):
    path.write_bytes(b"".join(map(member, _records())))


def _wacz(path):
    with zipfile.ZipFile(path, "w") as file:
        for name in "abc":
            file.writestr(f"archive/{name}.warc.gz", b"".join(map(member, _records())))


FORMATS = {
    "rows.jsonl": (_jsonl, 1),
    "rows.json": (_json, 1),
    "rows.csv": (_csv, 1),
    "rows.parquet": (_parquet, None),  # what follows in the row group cannot be read without what is left out
    "rows.arrow": (_arrow, None),
    "pages.warc": (_warc, 1),
    "pages.warc.gz": (_gzip, 1),
    "pages.wacz": (_wacz, 1),
}


def _read(path, left_out):
    watch.begin_unit("u", left_out)
    try:
        piece = Piece(str(path), 0, None, path.stat().st_size)
        return list(events_of(piece, 3, read(piece)))
    finally:
        watch.begin_unit("", {})


def _keys(events):
    return [(event.source, event.offset) for event in events]


@pytest.mark.parametrize("name", FORMATS)
def test_a_place_costs_itself(tmp_path, name):
    make, lost = FORMATS[name]
    path = tmp_path / name
    make(path)
    whole = _read(path, {})
    assert not any(isinstance(event, Damaged) for event in whole)
    for number in (0, 5, len(whole) - 1):
        source, offset = whole[number].source, whole[number].offset
        found = _read(path, {Place(Doing.PLACE, source, offset): "worker_died"})
        failed = [event for event in found if isinstance(event, Damaged)]
        assert [(one.source, one.offset, one.reason) for one in failed] == [(source, offset, "worker_died")]
        beside = [event for event in found if not isinstance(event, Damaged)]
        assert len(set(_keys(found))) == len(found)
        assert [event for event in whole if event in beside] == beside, "in the same order, with the same content"
        if lost is not None:
            assert len(beside) == len(whole) - lost


def test_a_row_group_costs_itself(tmp_path):
    _parquet(tmp_path / "rows.parquet")
    left_out = {Place(Doing.PLACE, str(tmp_path / "rows.parquet"), 4): "worker_stalled"}
    found = _read(tmp_path / "rows.parquet", left_out)
    assert [event.offset for event in found] == [0, 1, 2, 3, 4, 8, 9, 10, 11]
    assert found[4].detail == "rows 4 to 7"


def test_a_member_of_a_wacz_costs_itself(tmp_path):
    path = tmp_path / "pages.wacz"
    _wacz(path)
    found = _read(path, {Place(Doing.PLACE, f"{path}#archive/b.warc.gz", -1): "worker_died"})
    assert len(found) == 2 * COUNT + 1
    assert [event.source[-9:] for event in found if isinstance(event, Damaged)] == ["b.warc.gz"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("event", [0, 3])
def test_the_rest_of_a_piece_is_one_row(tmp_path, name, event):
    path = tmp_path / name
    FORMATS[name][0](path)
    found = _read(path, {Place(Doing.READING, "", 3, event): "worker_died"})
    assert _keys(found)[:-1] == _keys(_read(path, {}))[:event]
    assert (found[-1].source, found[-1].offset, found[-1].reason) == (str(path), -1, "worker_died")
