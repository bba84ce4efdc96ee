"""Damage costs the records it touches and no other: every cut, every flipped byte, every range."""

import gzip
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.document import RawPage
from pipelines.reading.events import Damaged
from tests.pipelines.reading.archives import events, http, member, page, record


def _members() -> list[bytes]:
    blocks = [record(b"software: test\r\n", 9, "warcinfo")]
    blocks += [record(http(page(number, 1)), number) for number in range(4)]
    return [member(block) for block in blocks]


def _pages(found: list[object]) -> dict[str, bytes]:
    return {event.url: event.body for event in found if isinstance(event, RawPage)}


WHOLE = {f"http://ok.example/{number}": page(number, 1) for number in range(4)}


def _starts(members: list[bytes]) -> list[int]:
    return [sum(map(len, members[:number])) for number in range(len(members) + 1)]


def test_every_cut_of_a_warc_gz_keeps_the_records_before_it(tmp_path: Path) -> None:
    members = _members()
    data, starts = b"".join(members), _starts(members)
    path = tmp_path / "a.warc.gz"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        found, _ = events(path)
        whole = sum(start <= size for start in starts[1:])
        assert _pages(found) == {f"http://ok.example/{n}": page(n, 1) for n in range(whole - 1)}, size
        damaged = [event for event in found if isinstance(event, Damaged)]
        if size in starts[1:]:
            assert not damaged, size
        else:
            reason = "file_empty" if size == 0 else "not_a_warc" if size < 3 else "warc_truncated"
            assert [(event.reason, event.offset) for event in damaged] == [(reason, starts[whole])], size


@pytest.mark.parametrize("times", [1, 2, 3, 4, 700])
def test_a_member_is_found_right_after_bytes_that_look_like_one(tmp_path: Path, times: int) -> None:
    first, second = (member(record(http(page(number, 1)), number)) for number in range(2))
    for magic in (b"\x1f\x8b\x08", b"\x1f\x8b\x08\x04", b"\x1f\x8b\x08\x1f" + bytes(5)):
        path = tmp_path / "a.warc.gz"
        path.write_bytes(first + magic * times + second)
        found, _ = events(path)
        assert _pages(found) == {f"http://ok.example/{n}": page(n, 1) for n in range(2)}
        assert sum(isinstance(event, Damaged) for event in found) == 1


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x80])
def test_every_flipped_byte_of_a_warc_gz_costs_one_record_at_most(tmp_path: Path, mask: int) -> None:
    members = _members()
    data, starts = b"".join(members), _starts(members)
    path = tmp_path / "a.warc.gz"
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :])
        found, types = events(path)
        hit = next(n for n in range(len(members)) if position < starts[n + 1])
        pages = _pages(found)
        others = {url: body for url, body in WHOLE.items() if url != f"http://ok.example/{hit - 1}"}
        assert others.items() <= pages.items(), position
        # The record that was hit is unharmed (the time in its gzip header, say), or it is a failed row.
        assert pages.items() <= WHOLE.items(), position
        damaged = [event for event in found if isinstance(event, Damaged)]
        if hit and len(pages) == 4:
            assert not damaged, position
        elif hit or not types.get("warcinfo"):
            assert [event.offset for event in damaged] == [starts[hit]], position


def test_every_cut_and_flipped_byte_of_a_plain_warc_leaves_the_other_records(tmp_path: Path) -> None:
    records = [record(http(page(number, 1)), number) for number in range(3)]
    starts = _starts(records)
    data = b"".join(records)
    whole = {f"http://ok.example/{number}": page(number, 1) for number in range(3)}
    path = tmp_path / "a.warc"
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        found, _ = events(path)
        hit = next(n for n in range(3) if position < starts[n + 1])
        # Nothing protects the bytes of a plain file: the record that was hit may come with another url or body.
        bodies = Counter(event.body for event in found if isinstance(event, RawPage))
        for number in range(3):
            # a flipped first letter makes of a record the tail of the one before it, which is then not to be trusted
            near = {hit, hit - 1} if position - starts[hit] < 10 else {hit}
            if number not in near:
                assert bodies[page(number, 1)] == 1, position
    for size in range(8, len(data)):
        path.write_bytes(data[:size])
        found, _ = events(path)
        kept = _pages(found)
        complete = [number for number in range(3) if starts[number + 1] - 4 <= size]
        assert set(kept) == {f"http://ok.example/{number}" for number in complete}, size
        assert kept.items() <= whole.items()


def _shuffled_archive(seed: int, plain: bool) -> bytes:
    """Records, garbage, empty members, padding and damaged members in a random order."""
    rng = random.Random(seed)
    parts: list[bytes] = []
    for number in range(12):
        block = record(http(page(number, rng.randint(1, 4))), number)
        if plain:
            choice = rng.randrange(6)
            if choice == 0:
                block = record(http(page(number)), number, "response", "7")
            elif choice == 1:
                block = record(http(page(number)), number, "response", "99999")
            elif choice == 2:
                block += b"garbage\r\nthat is no record\r\n\r\n"
            parts.append(block)
            continue
        packed = member(block)
        choice = rng.randrange(8)
        if choice == 0:
            at = rng.randrange(12, len(packed))
            packed = packed[:at] + bytes([packed[at] ^ 0x41]) + packed[at + 1 :]
        elif choice == 1:
            packed = packed[: rng.randrange(1, len(packed))]
        elif choice == 2:
            packed += bytes(rng.randrange(1, 600))
        elif choice == 3:
            packed += rng.randbytes(200)
        elif choice == 4:
            packed += member(b"")
        elif choice == 5:
            packed = member(block + record(http(page(number + 50)), number + 50))
        parts.append(packed)
    return b"".join(parts)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.data())
def test_ranges_give_what_the_whole_file_gives(
    tmp_path_factory: pytest.TempPathFactory, seed: int, plain: bool, draw: st.DataObject
) -> None:
    data = _shuffled_archive(seed, plain)
    path = tmp_path_factory.mktemp("ranges") / ("a.warc" if plain else "a.warc.gz")
    path.write_bytes(data)
    whole = events(path)
    cuts = draw.draw(st.lists(st.integers(1, len(data) - 1), max_size=6, unique=True))
    assert events(path, *cuts) == whole


def test_records_of_one_damaged_member_are_kept_where_a_digest_confirms_them(tmp_path: Path) -> None:
    import base64
    import hashlib

    def confirmed(number: int) -> bytes:
        block = http(page(number, 40))
        digest = base64.b32encode(hashlib.sha1(block, usedforsecurity=False).digest()).decode()
        return record(block, number, "response", None, f"WARC-Block-Digest: sha1:{digest}")

    # stored, not compressed: more than one step of inflating lies before the damage
    blocks = b"".join(confirmed(number) for number in range(40))
    packed = gzip.compress(blocks, 0)
    path = tmp_path / "a.warc.gz"
    at = packed.find(b"http://ok.example/30") - 2000
    path.write_bytes(packed[:at] + b"#" + packed[at + 1 :])
    found, types = events(path)
    pages = _pages(found)
    assert pages.items() <= {f"http://ok.example/{n}": page(n, 40) for n in range(40)}.items()
    assert "http://ok.example/29" not in pages and len(pages) >= 20 and types["response"] == len(pages)
    assert {event.reason for event in found if isinstance(event, Damaged)} == {"warc_gzip_corrupt"}
    # Cut instead of damaged, all that came before is whole.
    path.write_bytes(packed[:at])
    found, _ = events(path)
    assert len(_pages(found)) == 29 and [e.reason for e in found if isinstance(e, Damaged)] == ["warc_truncated"]
