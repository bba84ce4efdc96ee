"""How input is named and cut."""

import gzip
import os
import pickle
import re
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from apache_beam.io.filesystem import FileMetadata, FileSystem, MatchResult
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.pipelines.reading.elsewhere  # noqa: F401 - a file system of Beam that tests name
from curate import rundir, running
from pipelines.reading import read
from pipelines.reading.formats import sniff
from pipelines.reading.units import LARGE, InputError, Piece, Unit, cut, expand, find, in_one_piece, sizes_of
from tests.pipelines.reading.archives import http, member, page, record


@pytest.fixture
def crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of archives of different sizes; the working directory is beside it."""
    folder = tmp_path / "crawl"
    (folder / "deep").mkdir(parents=True)
    for number, pages in enumerate([1, 40, 2, 3]):
        data = b"".join(member(record(http(page(n)), 100 * number + n)) for n in range(pages))
        (folder / f"{number} 글.warc.gz").write_bytes(data)
    (folder / "deep" / "4.warc.gz").write_bytes(member(record(http(page(4)), 400)))
    monkeypatch.chdir(tmp_path)
    return folder


def test_inputs_are_globs_paths_and_lists(crawl: Path) -> None:
    four = [f"crawl/{number} 글.warc.gz" for number in range(4)]
    assert expand(["crawl/*.warc.gz"]) == four
    assert expand(["crawl/**/*.warc.gz"]) == sorted([*four, "crawl/deep/4.warc.gz"])
    assert expand([four[2], "crawl/*.warc.gz"]) == [four[2], four[0], four[1], four[3]]
    listed = "\n".join(["", *four[:2], "# a comment", str(crawl / "deep" / "4.warc.gz"), ""])
    Path("paths").write_text(listed)
    Path("paths.gz").write_bytes(gzip.compress(listed.replace("\n", "\r\n").encode()))
    assert expand(["@paths"]) == expand(["@paths.gz"]) == [*four[:2], str(crawl / "deep" / "4.warc.gz")]
    Path("odd[1].jsonl").write_text("{}")
    assert expand(["odd[1].jsonl"]) == ["odd[1].jsonl"]


def test_a_file_of_several_names_is_read_once(crawl: Path) -> None:
    first = "crawl/0 글.warc.gz"
    (crawl / "link.warc.gz").symlink_to(crawl / "0 글.warc.gz")
    assert expand([first, f"./{first}", str(crawl / "0 글.warc.gz"), "crawl/link.warc.gz"]) == [first]
    (crawl / "deep" / "again").symlink_to(crawl)
    assert len(expand(["crawl/**/*.warc.gz"])) == 5


def test_a_name_that_is_not_utf8_is_told(crawl: Path) -> None:
    (crawl / "a\udcff.jsonl").write_text("{}")
    with pytest.raises(InputError, match=r"a\\udcff.jsonl': the name is not UTF-8"):
        expand(["crawl/*"])


MISSING = {
    "crawl/none.warc.gz": "crawl/none.warc.gz: no such file",
    "crawl/*.arc": "crawl/*.arc: matches no file",
    "nothing": "nothing: is a folder in which no file has a name",
    "pipe": "pipe: is a pipe, not a file",
    "@none.gz": "none.gz: no such list",
    "@broken.gz": "broken.gz: not a readable list",
    "@empty": "empty: the list names no file",
    "@stale": "gone.warc.gz",
    "": "an input is empty",
    "nosuch://bucket/a.warc.gz": "nosuch://bucket/a.warc.gz: cannot be listed",
}


@pytest.mark.parametrize("given_input", MISSING)
def test_missing_input_is_named(crawl: Path, given_input: str) -> None:
    Path("broken.gz").write_bytes(gzip.compress(b"crawl/0.warc.gz")[:-9])
    Path("empty").write_text("\n# nothing\n")
    Path("nothing").mkdir()
    os.mkfifo("pipe")
    Path("stale").write_text("crawl/0 글.warc.gz\ngone.warc.gz\n")
    with pytest.raises(InputError, match=re.escape(MISSING[given_input])):
        expand([given_input])
    with pytest.raises(InputError):
        expand([])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20_000), st.integers(1, 8))
def test_units_hold_every_record_once(tmp_path_factory: pytest.TempPathFactory, unit_bytes: int, workers: int) -> None:
    folder = tmp_path_factory.mktemp("crawl")
    for number, pages in enumerate([1, 30, 0, 3, 2]):
        data = b"".join(member(record(http(page(n)), 100 * number + n)) for n in range(pages))
        (folder / f"{number}.warc.gz").write_bytes(data)
    paths = sorted(map(str, folder.iterdir()))
    units = cut(_sizes(paths), unit_bytes, workers)
    assert units == cut(_sizes(paths), unit_bytes, workers)
    assert len({unit.name for unit in units}) == len(units)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", unit.name) for unit in units)
    assert pickle.loads(pickle.dumps(units)) == units
    found = [event for unit in units for piece in unit.pieces for event in read(piece)]
    whole = [event for path in paths for event in read(Piece(path))]
    assert sorted(found, key=repr) == sorted(whole, key=repr)
    if workers > 1:
        assert len(units) >= 2


def test_small_files_are_grouped_and_large_ones_cut(crawl: Path) -> None:
    paths = expand(["crawl/*.warc.gz"])
    sizes = [Path(path).stat().st_size for path in paths]
    units = cut(_sizes(paths), sizes[0] + sizes[2] + sizes[3])
    assert [len(unit.pieces) for unit in units if len(unit.pieces) > 1] == [3]
    assert sum(piece.path == paths[1] for unit in units for piece in unit.pieces) > 2
    everything = cut(_sizes(paths), 1 << 62)
    assert len(everything) == 1 and [piece.path for piece in everything[0].pieces] == paths
    with pytest.raises(ValueError, match="unit_bytes"):
        cut(_sizes(paths), 0)


def test_formats_are_told_from_content(tmp_path: Path) -> None:
    arc = b"filedesc://a.arc 0.0.0.0 20240501100000 text/plain 5\n1 0 a\n"
    kinds = {
        "warc": record(http(page(1))),
        "warc.gz": member(record(http(page(1)))),
        "arc": arc,
        "arc.gz": member(arc),
        "jsonl": b'\xef\xbb\xbf\n {"text": "a"}',
        "jsonl.gz": gzip.compress(b'{"text": "a"}'),
        "empty": b"",
        "": b"<html>",
    }
    for kind, data in kinds.items():
        path = tmp_path / "file.parquet"
        path.write_bytes(data)
        with path.open("rb") as file:
            assert sniff(file, str(path)) == kind
    # what begins with damage is known by the records after it
    path.write_bytes(b"\x00" * 300 + kinds["warc.gz"] + kinds["warc.gz"])
    with path.open("rb") as file:
        assert sniff(file, str(path)) == "warc.gz"


def _sizes(paths: list[str]) -> dict[str, int]:
    return sizes_of(dict.fromkeys(paths))


class _Counting(FileSystem):
    """A hundred thousand objects that are listed, and requests counted."""

    requests: ClassVar[Counter[str]] = Counter()

    @classmethod
    def scheme(cls) -> str:
        return "counting"

    def match(self, patterns: list[str], limits: Any = None) -> list[MatchResult]:
        self.requests["pages"] += 100
        entries = [FileMetadata(f"counting://b/{n:06}.warc.gz", 1000 + n, 5.0) for n in range(100_000)]
        return [MatchResult(pattern, entries) for pattern in patterns]

    def _one(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self.requests["of one file"] += 1
        raise OSError(path)

    open = exists = size = checksum = last_updated = metadata = _one
    join = split = mkdirs = has_dirs = _list = create = copy = rename = delete = _one


def test_a_hundred_thousand_objects_take_listing_pages(tmp_path: Path) -> None:
    found = find(["counting://b/*.warc.gz"])
    units = cut(sizes_of(found), 64 << 20)
    known = rundir.identities(found)
    assert len(found) == len(known) == sum(len(unit.pieces) for unit in units) == 100_000
    assert known[1] == {"path": "counting://b/000001.warc.gz", "size": 1001, "time": 5.0, "checksum": ""}
    (tmp_path / "list").write_text("\n".join(list(found)[:500]))
    assert list(find([f"@{tmp_path}/list"])) == list(found)[:500]
    assert _Counting.requests == {"pages": 200}


def test_units_of_an_engine_follow_from_the_input() -> None:
    assert [running.unit_bytes(total, None) >> 20 for total in (1 << 20, 20 << 30, 1 << 42)] == [8, 40, 64]
    assert running.unit_bytes(1000, None, shards=7) == running.unit_bytes(1000, 3, shards=7) == 143


def test_large_files_that_cannot_be_cut_are_named() -> None:
    pieces = [
        Piece("a.jsonl.gz", 0, None, LARGE, 0, "jsonl.gz"),
        Piece("gs://b/b.jsonl.bz2", 0, None, LARGE, 0, "jsonl.bz2"),
        Piece("c.jsonl.gz", 0, None, LARGE - 1, 0, "jsonl.gz"),
        Piece("d.warc.gz", 0, 1 << 20, LARGE, 0, "warc.gz"),
        Piece("e.warc.gz", 0, None, LARGE, 0, ""),
    ]
    said = in_one_piece([Unit(piece.path, (piece,), piece.size) for piece in pieces])
    assert [sentence.partition(":")[0] for sentence in said] == ["a.jsonl.gz", "gs"]
    assert "512 MiB are read one after the other: it is one member of gzip" in said[0]
    assert "bgzip" in said[0] and "jsonl.bz2 is not read from the middle" in said[1]


def test_files_beyond_the_local_ones_are_opened_by_beam(crawl: Path) -> None:
    Path("list").write_text(f"elsewhere://{crawl}/1 글.warc.gz\n")
    assert expand(["@list"]) == expand([f"elsewhere://{crawl}/1*.warc.gz"]) == [f"elsewhere://{crawl}/1 글.warc.gz"]
    with pytest.raises(InputError, match="matches no file"):
        expand([f"elsewhere://{crawl}/9*"])
    units = cut(sizes_of(find(["@list"])), 2000)
    assert len(units) > 2
    assert len([event for unit in units for piece in unit.pieces for event in read(piece)]) == 40


def test_rows_of_data_given_as_a_list_are_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "mail a.person@example.com"}\n')
    with pytest.raises(InputError) as error:
        expand([f"@{path}"])
    assert "person" not in str(error.value)
    assert "data.jsonl" in str(error.value)
