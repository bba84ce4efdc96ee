"""Archives of every kind: ARC, Zstandard, many records in one gzip member, memory that stays flat."""

import gzip
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from filters.document import RawPage
from pipelines.reading.events import Damaged, Rejected
from tests.pipelines.reading.archives import PEAK, events, http, member, page, record


def _arc(version: int) -> list[bytes]:
    def entry(url: str, date: str, kind: str, block: bytes) -> bytes:
        more = " 200 - - 0 a.arc" if version == 2 else ""
        return f"{url} 10.1.2.3 {date} {kind}{more} {len(block)}\n".encode() + block + b"\n"

    about = f"{version} 0 Somebody\nURL IP-address Archive-date Content-type Archive-length\n".encode()
    blocks = [entry("filedesc://a.arc", "20240501100000", "text/plain", about)]
    blocks += [entry(f"http://a.example/{n} x", "20240501100000", "text/html", http(page(n))) for n in range(5)]
    blocks.append(
        entry("dns:a.example", "20240501100000", "text/dns", b"20240501100000\na.example. 60 IN A 10.1.2.3\n")
    )
    return blocks


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("packing", ["plain", "gzip by record", "gzip", "zstd"])
def test_arc(tmp_path: Path, version: int, packing: str) -> None:
    blocks = _arc(version)
    data = {
        "plain": b"".join(blocks),
        "gzip by record": b"".join(map(member, blocks)),
        "gzip": member(b"".join(blocks)),
        "zstd": zstandard.ZstdCompressor().compress(b"".join(blocks)),
    }[packing]
    path = tmp_path / "a.arc"
    path.write_bytes(data)
    found, types = events(path)
    assert types == {"warcinfo": 1, "response": 6}
    pages = [event for event in found if isinstance(event, RawPage)]
    assert [event.body for event in pages] == [page(number) for number in range(5)]
    assert [event.url for event in pages] == [f"http://a.example/{number}%20x" for number in range(5)]
    assert {event.date for event in pages} == {"2024-05-01T10:00:00Z"} and len({event.id for event in pages}) == 5
    assert all(event.id.startswith("sha256:") for event in pages) and "10.1.2.3" not in repr(pages[0].headers)
    assert [event.drop.value for event in found if isinstance(event, Rejected)] == ["text/dns"]
    if packing == "gzip by record":
        assert events(path, 300, 500, 900, len(data) - 100) == (found, types)


def test_damage_in_arc_costs_the_record_it_touches(tmp_path: Path) -> None:
    blocks = _arc(1)
    blocks[2] = blocks[2].replace(b"text/html ", b"text/html 9")
    blocks[4] = b"no record at all\n" + blocks[4]
    path = tmp_path / "a.arc"
    path.write_bytes(b"".join(blocks))
    found, _ = events(path)
    assert [event.body for event in found if isinstance(event, RawPage)] == [page(0), page(2), page(3), page(4)]
    assert [event.reason for event in found if isinstance(event, Damaged)] == [
        "warc_bad_content_length",
        "warc_garbage_skipped",
    ]
    packed = [member(block) for block in _arc(1)]
    packed[3] = packed[3][:60] + b"xx" + packed[3][62:]
    path.write_bytes(b"".join(packed))
    found, _ = events(path)
    assert len([event for event in found if isinstance(event, RawPage)]) == 4
    assert [event.reason for event in found if isinstance(event, Damaged)] == ["warc_gzip_corrupt"]


RECORDS = [record(http(page(number)), number) for number in range(6)]


def test_zstandard_archives_also_with_a_dictionary(tmp_path: Path) -> None:
    plain = b"".join(zstandard.ZstdCompressor(write_checksum=True).compress(block) for block in RECORDS)
    dictionary = zstandard.ZstdCompressionDict(b"".join(RECORDS)[:4000], dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    packer = zstandard.ZstdCompressor(dict_data=dictionary)
    for content in (dictionary.as_bytes(), zstandard.ZstdCompressor().compress(dictionary.as_bytes())):
        frame = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
        for data in (plain, frame + b"".join(packer.compress(block) for block in RECORDS)):
            path = tmp_path / "a.warc.zst"
            path.write_bytes(data)
            found, types = events(path)
            assert [event.body for event in found] == [page(number) for number in range(6)]
            assert types == {"response": 6}
    path.write_bytes(plain[:-5])
    found, _ = events(path)
    assert [event.body for event in found if isinstance(event, RawPage)] == [page(number) for number in range(5)]
    assert [event.reason for event in found if isinstance(event, Damaged)] == ["warc_truncated"]


def test_records_of_one_member_have_their_own_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    first = member(RECORDS[0])
    path.write_bytes(first + member(b"".join(RECORDS[1:4])) + member(RECORDS[4]))
    found, _ = events(path)
    at = len(first)
    assert [event.offset for event in found][:4] == [0, at, at + (1 << 40), at + (2 << 40)]
    assert all(isinstance(event, RawPage) for event in found) and len(found) == 5


def test_an_archive_in_one_large_member_is_read_as_a_stream(tmp_path: Path) -> None:
    block = http(page(7) + b" " * 1_000_000)
    path = tmp_path / "large.warc.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for number in range(200):
            file.write(record(block, number))
        file.write(record(block + b" " * (70 << 20), 200))
        file.write(record(http(page(8)), 201))
    script = (
        "import sys; from pipelines.reading import read; from pipelines.reading.units import Piece\n"
        "reasons = [getattr(event, 'reason', 'page') for event in read(Piece(sys.argv[1]))]\n"
        "assert reasons.pop(-2) == 'record_too_big'\n"
        "assert reasons == ['page'] * 201\n"
        f"{PEAK}print(peak)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400
    # A wrong checksum at its end is said, after the records were given out.
    data = path.read_bytes()
    path.write_bytes(data[:-6] + bytes(6))
    found, _ = events(path)
    assert isinstance(found[-1], Damaged) and found[-1].reason == "warc_gzip_corrupt"


def test_large_records_of_a_plain_file_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(
        record(http(b" " * (65 << 20)), 0) + RECORDS[1] + record(b"x", 5, "response", str(1 << 50)) + RECORDS[2]
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, _ = events(path)
    assert [getattr(event, "reason", "page") for event in found] == [
        *("record_too_big", "page", "warc_bad_content_length", "page"),
    ]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_lenient_where_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    lf = RECORDS[0].split(b"\r\n\r\n", 1)
    folded = RECORDS[1].replace(b"WARC-Type: response", b"WARC-Type:\r\n response")
    data = (
        b"\xef\xbb\xbf" + lf[0].replace(b"\r\n", b"\n") + b"\n\n" + lf[1] + b"\r\n\r\n" + folded + RECORDS[2].rstrip()
    )
    path.write_bytes(data)
    found, types = events(path)
    assert [event.body for event in found] == [page(0), page(1), page(2)] and types == {"response": 3}
    for slack in (-0, 1, 4):
        block = http(page(3))
        path.write_bytes(record(block, 3, "response", str(len(block) + slack)) + RECORDS[4])
        found, _ = events(path)
        assert [event.body.rstrip(b"\r\n") for event in found] == [page(3), page(4)]


def test_a_record_that_begins_in_the_header_of_another_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(RECORDS[0] + RECORDS[1][:70] + b"\r\n" + RECORDS[2])
    found, types = events(path)
    assert [getattr(event, "reason", "page") for event in found] == ["page", "warc_bad_record", "page"]
    assert found[1].offset == len(RECORDS[0]) and types == {"response": 2}
    for cut in range(1, path.stat().st_size, 17):
        assert events(path, cut) == (found, types), cut
