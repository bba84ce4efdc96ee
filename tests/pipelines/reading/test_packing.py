"""gzip streams: members however they are cut into blocks, padding, cut and corrupt streams, time that stays linear."""

import gzip
import io
from collections.abc import Callable

import pytest

from pipelines.reading.formats import sniff
from pipelines.reading.packing import Corrupt, Cut, file_chunks, gzip_chunks
from pipelines.reading.warc import Found, gzip_records
from tests.linear import grows_linearly
from tests.pipelines.reading.archives import http, member, page, record

EMPTY = gzip.compress(b"", mtime=0)
MEMBERS = b"".join(gzip.compress(b"%d" % number * (number % 7), mtime=0) for number in range(40)) + EMPTY * 3
INFLATED = b"".join(b"%d" % number * (number % 7) for number in range(40))


def _inflated(data: bytes, block: int = 1 << 20) -> bytes:
    return b"".join(gzip_chunks(file_chunks(io.BytesIO(data), block)))


@pytest.mark.parametrize("block", [1, 2, 7, 19, 20, 21, 100, 1 << 20])
def test_members_however_they_are_cut_into_blocks(block: int) -> None:
    assert _inflated(MEMBERS, block) == INFLATED
    assert _inflated(MEMBERS + bytes(50), block) == INFLATED
    large = gzip.compress(bytes(range(256)) * 1000, 0) * 3
    assert _inflated(large + MEMBERS, max(block, 19)) == bytes(range(256)) * 3000 + INFLATED


def test_cut_and_corrupt_members() -> None:
    for size in range(1, 19):
        with pytest.raises(Cut):
            _inflated(MEMBERS + EMPTY[:size])
    for tail in (b"x" * 50, bytes(50) + b"x", bytes(50) + EMPTY, EMPTY[:-1] + b"\x01"):
        with pytest.raises(Corrupt):
            _inflated(MEMBERS + tail * 2)


@pytest.mark.parametrize("tiny", [EMPTY, gzip.compress(b'{"text": "a"}\n', mtime=0)], ids=["empty", "tiny"])
def test_small_members_are_inflated_in_linear_time(tiny: bytes) -> None:
    assert grows_linearly(_inflated, _times(tiny), 90_000)


@pytest.mark.timeout(60)  # minutes, if each were looked into again for every one before it
def test_empty_members_are_looked_into_once() -> None:
    def sniffed(data: bytes) -> str:
        return sniff(io.BytesIO(data), "crawl.warc.gz")

    def read(data: bytes) -> list[object]:
        return list(gzip_records(io.BytesIO(data), 20, None, False, Found("a")))

    kept = member(record(http(page(1))))
    assert sniffed(EMPTY * 5000 + kept) == "warc.gz"
    (event,) = read(EMPTY * 5000 + kept)
    assert getattr(event, "offset", None) == 5000 * len(EMPTY)
    data = EMPTY * 60_000
    for run in (sniffed, read):
        run(data)


def _times(unit: bytes) -> Callable[[int], bytes]:
    return lambda size: unit * (size // len(unit))
