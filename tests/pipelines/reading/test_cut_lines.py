"""JSON Lines are cut wherever that can be: whatever the cuts, the rows are the same."""

import gzip
import itertools
import json
import random
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.pipelines.reading.elsewhere  # noqa: F401 - a file system of Beam that tests name
from curate.showing.again import read_again
from pipelines.reading import boundaries, read, units
from pipelines.reading.events import Damaged
from pipelines.reading.fields import USUAL_READING
from pipelines.reading.units import Piece, cut, find, sizes_of

# rows of all lengths, one without a text, one in which half a character stands, and blank lines
ROWS = [json.dumps({"id": str(n), "text": f"{n} " + "글 word " * (n * 7 % 40)}, ensure_ascii=False) for n in range(60)]
ROWS[20:20] = ["", "not a row", "  "]
DATA = ("\n".join(ROWS) + "\n").encode()


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _events(path: str, unit_bytes: int) -> list:
    found = cut(sizes_of(find([path])), unit_bytes)
    pieces = [piece for unit in found for piece in unit.pieces]
    assert pieces[0].start == 0 and pieces[-1].end is None
    assert all(one.end == other.start for one, other in itertools.pairwise(pieces))
    return [event for piece in pieces for event in read(piece)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["gz", "zst", "", "elsewhere"]), st.data())
def test_rows_are_the_same_whatever_the_cuts(tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject):
    text = DATA if data.draw(st.booleans()) else DATA[:-1]
    # members end anywhere: inside of lines, after them, and some hold nothing
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    if data.draw(st.booleans()):
        ends = [text.rfind(b"\n", 0, end) + 1 for end in ends]
    parts = [text[one:other] for one, other in zip([0, *ends], [*ends, len(text)], strict=True)]
    packed = {"gz": _gzip, "zst": _zstd}.get(kind, bytes)
    path = tmp_path_factory.mktemp("rows") / f"a.jsonl.{kind}"
    path.write_bytes(b"".join(map(packed, parts)))
    name = f"elsewhere://{path}" if kind == "elsewhere" else str(path)
    whole = list(read(Piece(name)))
    size = path.stat().st_size
    assert _events(name, data.draw(st.integers(1, size))) == whole
    assert [event.id for event in whole if not isinstance(event, Damaged)] == [str(n) for n in range(60)]
    assert len({event.offset for event in whole}) == len(whole) == 61
    assert [event.offset for event in whole] == sorted(event.offset for event in whole)
    again = dict(read_again([(event.source, event.offset) for event in whole[::7]], USUAL_READING))
    assert list(again.values()) == whole[::7]


def test_files_of_one_member_are_numbered_by_lines(tmp_path: Path) -> None:
    for name, packed in (("a.jsonl.gz", _gzip(DATA)), ("a.jsonl.zst", _zstd(DATA)), ("a.jsonl", DATA)):
        path = tmp_path / name
        path.write_bytes(packed)
        events = _events(str(path), 100)
        assert [event.offset for event in events] == [*range(1, 21), 22, *range(24, 64)]
        assert "line 22: invalid JSON" in events[20].detail


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_what_only_looks_like_a_beginning_is_none(tmp_path: Path, packing: str) -> None:
    rng = random.Random(3)
    start = _gzip(b"")[:10] if packing == ".gz" else _zstd(b"x" * 9)[:6]
    noise = b"".join(start + rng.randbytes(200) for _ in range(500))
    member = (_gzip if packing == ".gz" else _zstd)(rng.randbytes(900))
    path = tmp_path / "a"
    path.write_bytes(noise + member * 2 + member[:300])
    with path.open("rb") as file:
        first = boundaries.find(file, packing, 0, path.stat().st_size)
        assert first == len(noise)
        assert boundaries.find(file, packing, first + 1, first + len(member)) == -1
        assert boundaries.find(file, packing, first + 1, path.stat().st_size) == first + len(member)
        assert boundaries.find(file, packing, first + len(member) + 1, path.stat().st_size) == -1


def test_a_large_file_elsewhere_is_searched_in_few_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_SEARCHED_BYTES", 100)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(_gzip(random.Random(1).randbytes(90_000).hex().encode().replace(b"0", b'{"text": "a"}\n')))
    asked: list[int] = []
    look = boundaries.find

    def counted(file, packing, position, end):
        asked.append(end - position)
        return look(file, packing, position, end)

    monkeypatch.setattr(boundaries, "find", counted)
    assert len(cut(sizes_of(find([f"elsewhere://{path}"])), 1000)) == 1
    assert asked == [100] * 3


def test_frames_that_need_a_dictionary_are_one_unit(tmp_path: Path) -> None:
    dictionary = zstandard.train_dictionary(1000, [json.dumps({"text": f"word {n}"}).encode() for n in range(2000)])
    packer = zstandard.ZstdCompressor(dict_data=dictionary)
    head = dictionary.as_bytes()
    parts = [packer.compress((row + "\n").encode()) for row in ROWS]
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(b"\x5d\x2a\x4d\x18" + len(head).to_bytes(4, "little") + head + b"".join(parts))
    (unit,) = cut(sizes_of(find([str(path)])), 500)
    assert [event.offset for event in read(unit.pieces[0])] == [*range(1, 21), 22, *range(24, 64)]
