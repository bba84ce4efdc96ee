"""A record read again by source and offset is the record that was read, in every format."""

import gzip
import json
import shutil

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from curate.showing.again import read_again
from pipelines.reading import read
from pipelines.reading.fields import Reading
from pipelines.reading.units import Piece
from tests.curate.running_tools import write_rows
from tests.make_sample import SAMPLE

TEXTS = [f"text {number} 나비 " * (number % 7 + 1) for number in range(300)]


def _jsonl(folder):
    path = write_rows(folder / "a.jsonl", TEXTS)
    lines = path.read_text("utf-8").splitlines()
    lines[5] = ""  # a blank line counts
    lines[9] = "{broken"
    path.write_text("\n".join(lines), "utf-8")  # no line break at the end
    return path


def _packed(folder):
    path = folder / "a.jsonl.gz"
    path.write_bytes(gzip.compress(_jsonl(folder).read_bytes()))
    return path


def _table(folder):
    table = pa.table({"id": [f"i{number}" for number in range(300)], "text": TEXTS})
    pq.write_table(table, folder / "a.parquet", row_group_size=70)
    feather.write_feather(table, folder / "a.arrow")
    return folder / "a.parquet"


def _arrow(folder):
    _table(folder)
    return folder / "a.arrow"


def _csv(folder):
    (folder / "a.csv").write_text("id,text\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(TEXTS)), "utf-8")
    return folder / "a.csv"


def _array(folder):
    (folder / "a.json").write_text(json.dumps([{"id": str(n), "text": text} for n, text in enumerate(TEXTS)]))
    return folder / "a.json"


def _html(folder):
    (folder / "a.html").write_text("<p>one page</p>")
    return folder / "a.html"


def _warc(folder):
    return shutil.copy(SAMPLE / "sample.warc.gz", folder / "a.warc.gz")


def _plain_warc(folder):
    (folder / "a.warc").write_bytes(_inflated(SAMPLE / "sample.warc.gz"))
    return folder / "a.warc"


def _one_member(folder):
    """All records in one gzip member: offsets count the records in it."""
    (folder / "one.warc.gz").write_bytes(gzip.compress(_inflated(SAMPLE / "sample.warc.gz")))
    return folder / "one.warc.gz"


def _inflated(path):
    import zlib

    data, out = path.read_bytes(), b""
    while data.startswith(b"\x1f\x8b"):
        unpacked = zlib.decompressobj(31)
        try:
            out += unpacked.decompress(data)
        except zlib.error:  # the damaged member of the sample
            return out
        data = unpacked.unused_data
    return out


KINDS = [_jsonl, _packed, _table, _arrow, _csv, _array, _html, _warc, _plain_warc, _one_member]


@pytest.mark.parametrize("make", KINDS)
def test_every_record_is_found_again(tmp_path, make):
    path = str(make(tmp_path))
    there = {(event.source, event.offset): event for event in read(Piece(path))}
    assert there
    found = dict(read_again(there, Reading()))
    assert found == there
    for place in list(there)[:: max(1, len(there) // 7)]:  # each alone, too
        assert dict(read_again([place], Reading())) == {place: there[place]}


@pytest.mark.parametrize("make", KINDS)
def test_a_record_that_is_not_there_is_said(tmp_path, make):
    path = str(make(tmp_path))
    for place in ((path, 123_456_789), (path, -3), (str(tmp_path / "gone.jsonl"), 1)):
        ((where, said),) = read_again([place], Reading())
        assert where == place
        assert isinstance(said, str)
        assert ("has changed" in said) == (place[1] > 1000)
        assert ("not there any more" in said) == ("gone" in place[0])


def test_input_that_became_something_else_is_said(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\x00\x01\x02 nothing that is known" * 100)
    ((_, said),) = read_again([(str(path), 3)], Reading())
    assert "has changed" in said
