"""What a worker waits for a core is no time of the place that it is at."""

from types import SimpleNamespace

from pipelines import pool, watch
from pipelines.watch import Doing, Place

REST = Place(Doing.READING, "", 0, 0)


def test_waiting_for_a_core_stalls_no_page(monkeypatch):
    waits = {7: 40.0}
    monkeypatch.setattr(pool.run_queue, "waits", lambda process: dict(waits))
    member = object.__new__(pool._Member)
    member.process, member._waits_since, member._waits = SimpleNamespace(pid=1), 0.0, {}

    def time_at(since: float, now: float) -> float:
        return member.time_at(watch.At(Place(Doing.PAGE, "a", 1), REST, since, 1), now, limit=120.0)

    assert time_at(1000.0, 1050.0) == 50.0
    assert time_at(1000.0, 1060.5) == 60.5  # from here on it is asked what the worker waits
    waits[7] += 55.0
    assert time_at(1000.0, 1121.0) == 66.0
    assert time_at(1000.0, 1176.0) == 121.0  # it hangs
    assert time_at(1100.0, 1176.0) == 76.0  # another page: what came before does not count for it
    waits[7] += 10.0
    assert time_at(1100.0, 1190.0) == 80.0
