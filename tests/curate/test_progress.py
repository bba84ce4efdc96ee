"""What is said while a run goes on: how far, how fast, how long, in as many columns as there are."""

import json

from rich.console import Console

from curate.progress import Meter, _lines
from pipelines.phases import Progress


class _Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def _manifest(tmp_path, name, found, kept):
    path = tmp_path / name
    books = {"a": {"documents_in": found, "kept": found - 1}, "b": {"documents_in": found - 1, "kept": kept}}
    path.write_text(json.dumps([{"kind": "file"}, {"kind": "books", "stages": books}]))
    return str(path)


def test_a_line_tells_speed_what_is_left_and_what_is_kept(tmp_path):
    clock = _Clock()
    meter = Meter(clock)
    state = Progress(tell=meter.see)
    state.begin("1/2 extraction/plain to dedup/exact", [6_000_000] * 4, in_bytes=True)
    assert meter.line(state) == "1/2 extraction/plain to dedup/exact  0 of 4 units"
    clock.now = 60.0
    state.update(pages=1200)
    state.finish(6_000_000, _manifest(tmp_path, "a", 101, 40))
    state.finish(6_000_000, _manifest(tmp_path, "b", 99, 60))
    assert meter.line(state) == (
        "1/2 extraction/plain to dedup/exact  2 of 4 units  60 s left  1,200 records, 20/s  200 kB/s  50% kept"
    )
    assert meter.line(state, 60) == "1/2 extraction/plain to dedup/exact  2 of 4 units  60 s left"
    assert meter.line(state, 20) == "1/2 extraction/plai…"
    state.begin("2/2 pii/patterns", [100])
    assert meter.line(state) == "2/2 pii/patterns  0 of 1 unit"


def test_what_an_earlier_process_finished_makes_nothing_faster(tmp_path):
    clock = _Clock()
    meter = Meter(clock)
    state = Progress(tell=meter.see)
    state.begin("1/1 x", [10] * 10, in_bytes=True)
    for _ in range(8):
        state.finish(10)
    clock.now = 30.0
    state.finish(10, _manifest(tmp_path, "a", 9, 3))
    assert "30 s left" in meter.line(state)


def test_off_a_terminal_a_line_comes_with_each_phase_and_every_half_minute(tmp_path):
    clock = _Clock()
    with (tmp_path / "err").open("w") as file:
        say = _lines(Console(file=file, soft_wrap=True), Meter(clock), clock)
        state = Progress(tell=say)
        state.begin("1/1 a", [1] * 500)
        for second in range(0, 120, 2):
            clock.now = float(second)
            state.update(pages=second)
    lines = (tmp_path / "err").read_text().splitlines()
    assert len(lines) == 4
    assert lines[0] == "1/1 a  0 of 500 units"
    assert lines[2].startswith("1/1 a  0 of 500 units  60 records")
