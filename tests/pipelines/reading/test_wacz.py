"""WACZ: the archives in a zip, each with its own keys; what is no archive stays out."""

import io
import zipfile

import zstandard

from filters.document import RawPage
from pipelines.reading import read
from pipelines.reading.events import Damaged
from pipelines.reading.fields import USUAL_READING, Reading
from pipelines.reading.units import Piece
from tests.pipelines.reading.archives import http, member, record


def _archive(start):
    return b"".join(member(record(http(f"<p>page {n}</p>".encode()), n)) for n in range(start, start + 3))


def _wacz(tmp_path, members, name="a.wacz", packing=zipfile.ZIP_STORED):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", packing) as file:
        for member_name, data in members.items():
            file.writestr(member_name, data)
    path = tmp_path / name
    path.write_bytes(whole.getvalue())
    return path


def _read(path, reading=USUAL_READING):
    reader = read(Piece(str(path), 0, None, path.stat().st_size), reading)
    return reader, list(reader)


def test_the_archives_of_a_wacz_are_read(tmp_path):
    members = {
        "datapackage.json": "{}",
        "pages/pages.jsonl": '{"text": "not a page"}\n',
        "archive/b.warc.gz": _archive(10),
        "archive/a.warc.gz": _archive(0),
    }
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = _wacz(tmp_path, members, packing=packing)
        reader, events = _read(path)
        assert [event.body for event in events] == [f"<p>page {n}</p>".encode() for n in (0, 1, 2, 10, 11, 12)]
        assert {event.source for event in events} == {f"{path}#archive/a.warc.gz", f"{path}#archive/b.warc.gz"}
        assert len({(event.source, event.offset) for event in events}) == 6
        assert reader.types["response"] == 6


def test_damage_in_one_archive_leaves_the_others(tmp_path):
    path = _wacz(tmp_path, {"archive/a.warc.gz": _archive(0)[:-30], "archive/b.warc.gz": _archive(10)})
    _, events = _read(path)
    assert sum(isinstance(event, RawPage) for event in events) == 5
    assert [event.reason for event in events if isinstance(event, Damaged)] == ["warc_truncated"]


def test_a_zip_that_is_none_is_said(tmp_path):
    path = _wacz(tmp_path, {"a.docx": b"x"}, "a.zip")
    (event,) = _read(path)[1]
    assert event.reason == "not_a_warc"
    assert "zip" in event.detail
    whole = _wacz(tmp_path, {"archive/a.warc.gz": _archive(0)}).read_bytes()
    (tmp_path / "cut.wacz").write_bytes(whole[:-40])
    (event,) = _read(tmp_path / "cut.wacz")[1]
    assert isinstance(event, Damaged)


def test_a_wacz_is_read_as_the_recipe_says(tmp_path):
    resource = record(http(b"<p>stored</p>"), 1, "resource")
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=29)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    packed = packer.compress(record(http(b"<p>wide</p>"), 2)) + packer.flush()
    path = _wacz(tmp_path, {"archive/a.warc": resource, "archive/b.warc.zst": packed})
    assert [event.reason for event in _read(path)[1]] == ["zstd_window_too_large"]
    _, events = _read(path, Reading(records=("response", "resource"), zstd_long=29))
    assert [event.source.partition("#")[2] for event in events] == ["archive/a.warc", "archive/b.warc.zst"]
    assert not any(isinstance(event, Damaged) for event in events)
