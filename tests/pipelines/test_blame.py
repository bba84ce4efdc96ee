"""Blame: the place that ended two workers is left out, and nothing else; what no row can stand for ends the run."""

import pytest

from pipelines import blame, watch
from pipelines.blame import DIED, STALLED, Blame, PoolError
from pipelines.watch import At, Doing, Place

PAGE = Place(Doing.PAGE, "a.jsonl", 7)
OTHER = Place(Doing.PAGE, "a.jsonl", 8)
MEMBER = Place(Doing.PLACE, "a.warc.gz", 4096)
REST = Place(Doing.READING, "", 2, 5)


def _at(place: Place, steps: int = 10, rest: Place = REST) -> At:
    return At(place, rest, 0.0, steps)


@pytest.mark.parametrize("place", [PAGE, MEMBER, REST])
@pytest.mark.parametrize("reason", [DIED, STALLED])
def test_a_place_is_left_out_the_second_time(place, reason):
    found = Blame("unit u")
    found.ended(_at(place), reason, "died")
    assert found.left_out == {}
    found.ended(_at(place), reason, "died")
    assert found.left_out == {place: reason}


def test_a_place_that_another_worker_passed_is_no_suspect_any_more():
    found = Blame("unit u")
    found.ended(_at(PAGE, steps=10), DIED, "died")
    found.ended(_at(OTHER, steps=20), DIED, "died")  # it has passed PAGE
    found.ended(_at(PAGE, steps=10), DIED, "died")
    assert found.left_out == {}
    found.ended(_at(PAGE, steps=10), DIED, "died")
    assert found.left_out == {PAGE: DIED}


def test_a_place_stays_a_suspect_while_no_worker_comes_that_far():
    found = Blame("unit u")
    found.ended(_at(PAGE, steps=10), DIED, "died")
    found.ended(_at(OTHER, steps=5), DIED, "died")
    found.ended(_at(PAGE, steps=10), DIED, "died")
    assert found.left_out == {PAGE: DIED}


def test_where_leaving_a_place_out_does_not_help_the_rest_of_the_piece_is_one_row():
    found = Blame("unit u")
    for _ in range(2):
        found.ended(_at(MEMBER, steps=10, rest=REST), STALLED, "stalled")
    # the search for the next member stalls as well; its event was counted by now
    found.ended(_at(MEMBER, steps=10, rest=Place(Doing.READING, "", 2, 6)), STALLED, "stalled")
    assert found.left_out == {REST: STALLED}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(Doing.OPENING, "u"), "opening the stages; the last died"),
        (Place(Doing.OPENING, "quality/x"), "opening the stages quality/x; the last died"),
        (Place(Doing.WRITING, "kept"), "writing kept; the last died"),
        (Place(Doing.REREADING, "s.parquet", 3), "reading back s.parquet; the last died"),
        (Place(Doing.FINISHING, "u"), "finishing the unit; the last died"),
        (Place(Doing.WAITING, ""), "before it began; the last died"),
    ],
)
def test_where_no_row_can_stand_for_it_the_attempts_are_bounded(place, said):
    found = Blame("unit u")
    for _ in range(blame.ATTEMPTS - 1):
        found.ended(_at(place), DIED, "died")
    with pytest.raises(PoolError, match=f"^unit u: {blame.ATTEMPTS} workers ended {said}$"):
        found.ended(_at(place), DIED, "died")


def test_a_page_that_ends_workers_though_it_is_left_out_ends_the_run():
    found = Blame("unit u")
    with pytest.raises(PoolError, match=r"at one page of a\.jsonl"):
        for _ in range(blame.ATTEMPTS):
            found.ended(_at(PAGE), DIED, "died")
    assert found.left_out == {PAGE: DIED}


def test_deaths_at_ever_other_places_end_too():
    found = Blame("unit u")
    with pytest.raises(PoolError, match=f"{blame.MOST} workers"):
        for n in range(1000):
            found.ended(_at(Place(Doing.PAGE, "a", n), steps=n), DIED, "died")


@pytest.fixture
def slot():
    made = memoryview(bytearray(watch.SLOT_BYTES))
    watch.attach(made)
    yield made
    watch.begin_unit("", {})
    watch.attach(None)


def test_a_record_says_what_was_begun_last(slot):
    assert watch.read(slot).place == Place(Doing.WAITING, "")
    watch.begin_unit("u", {})
    assert watch.read(slot).place == Place(Doing.OPENING, "u")
    watch.begin_reading("가.warc.gz", 1, 5)
    assert watch.read(slot).place == watch.read(slot).rest == Place(Doing.READING, "", 1, 5)
    watch.begin(Doing.PLACE, "가.warc.gz", 1 << 45)
    assert watch.read(slot).place == Place(Doing.PLACE, "가.warc.gz", 1 << 45)
    assert watch.read(slot).rest == Place(Doing.READING, "", 1, 5)
    assert watch.pages(slot) == watch._pages
    before = watch.pages(slot)
    watch.begin_page("나", -3)
    assert watch.read(slot).place == Place(Doing.PAGE, "나", -3)
    assert watch.pages(slot) == before + 1
    with watch.during(Doing.WRITING, "kept"):
        assert watch.read(slot).place == Place(Doing.WRITING, "kept")
    assert watch.read(slot).place == Place(Doing.PAGE, "나", -3)
    assert watch.read(slot).steps == 6


def test_what_was_left_half_written_does_not_count(slot):
    watch.begin_page("whole", 1)
    side = slot[0]
    watch.begin_page("half", 2)
    slot[0] = side  # the worker died before it made the new record the valid one
    assert watch.read(slot).place == Place(Doing.PAGE, "whole", 1)


@pytest.mark.parametrize("name", ["x" * 5000, "가" * 3000, "a\udcff" * 2000])
def test_names_longer_than_a_record_are_told_apart(slot, name):
    reason = {Place(Doing.PAGE, watch.known_as(name + "1"), 0): DIED}
    watch.begin_unit("u", reason)
    assert watch.begin_page(name + "1", 0) == DIED
    assert watch.read(slot).place in reason
    assert watch.begin_page(name + "2", 0) == ""
    assert watch.read(slot).place not in reason
