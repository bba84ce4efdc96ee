"""Where a run stands, on stderr: a bar on a terminal, else a line for each phase and one every half minute."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipelines import storage
from pipelines.phases import Progress

_EVERY = 30.0  # seconds between lines where there is no terminal
_REDRAW = 4  # a second
_BAR = 20  # characters
_NOTEBOOK = 110  # characters of a line in a notebook


class Meter:
    """Turns the state of a run into a line: what is done, how fast, how long it will take, what share is kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._phase = ""
        self._began = clock()
        self._pages_before = self._size_before = 0
        self._in = self._kept = 0
        self._manifest = ""
        self._notes = 0

    def notes(self, state: Progress) -> tuple[str, ...]:
        """Sentences that were not said yet."""
        new = state.notes[self._notes :]
        self._notes = len(state.notes)
        return new

    def see(self, state: Progress) -> bool:
        """Take a state in; whether a new phase began with it."""
        begins = state.phase != self._phase
        if begins:
            self._phase, self._began = state.phase, self._clock()
            self._pages_before, self._size_before = state.pages, 0
            self._in = self._kept = 0
        if state.manifest and state.manifest != self._manifest:
            self._manifest = state.manifest
            found, kept = _judged(state.manifest)
            self._in, self._kept = self._in + found, self._kept + kept
        if state.size_done and not state.manifest:
            self._size_before = state.size_done  # finished by an earlier process: it says nothing about speed
        return begins

    def line(self, state: Progress, width: int = 1000) -> str:
        """As much as fits, the more important first."""
        parts = [state.phase]
        if state.units:
            parts.append(f"{state.units_done:,} of {state.units:,} unit{'s' if state.units > 1 else ''}")
        seconds = max(self._clock() - self._began, 1e-9)
        done = state.size_done - self._size_before
        if done > 0 and state.size > state.size_done and seconds > 1:
            parts.append(f"{_duration(seconds * (state.size - state.size_done) / done)} left")
        pages = state.pages - self._pages_before
        if pages > 0 and seconds > 1:
            parts.append(f"{pages:,} records, {_short(pages / seconds)}/s")
        if done > 0 and state.in_bytes and seconds > 1:
            parts.append(f"{_short(done / seconds, 'B')}/s")
        if self._in:
            parts.append(f"{self._kept / self._in:.0%} kept")
        whole = parts[0] if len(parts[0]) <= width else parts[0][: max(1, width - 1)] + "…"
        for part in parts[1:]:
            if len(whole) + 2 + len(part) <= width:
                whole += f"  {part}"
        return whole


def _judged(manifest: str) -> tuple[int, int]:
    """Documents that came to the first stage of a finished unit, and those that the last one kept."""
    try:
        records = json.loads(storage.read_bytes(manifest))
        books = [book for record in records if record.get("kind") == "books" for book in record["stages"].values()]
        return max(book["documents_in"] for book in books), min(book["kept"] for book in books)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0, 0  # it says nothing, and only the display asks


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _short(number: float, unit: str = "") -> str:
    for step in ("", "k", "M", "G"):
        if number < 1000 or step == "G":
            return f"{number:.3g} {step}{unit}".rstrip()
        number /= 1000
    return ""


class _Shown:
    """What Live draws: the bar, and the line as wide as the terminal is now."""

    def __init__(self, meter: Meter) -> None:
        self.meter, self.state = meter, Progress()

    def __rich__(self) -> Text:
        width = shutil.get_terminal_size().columns - 1
        share = self.state.size_done / self.state.size if self.state.size else 0.0
        bar = ""
        if width >= 3 * _BAR and self.state.units:
            full = round(_BAR * share)
            bar = "=" * full + "-" * (_BAR - full) + " "
        return Text(bar + self.meter.line(self.state, width - len(bar)), no_wrap=True, overflow="ellipsis")


@contextmanager
def progress() -> Iterator[Progress]:
    """A Progress that is shown while the block runs."""
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    meter = Meter()
    if not err.is_terminal or err.is_dumb_terminal:
        yield Progress(tell=_lines(err, meter))
        return
    shown = _Shown(meter)
    with Live(shown, console=err, refresh_per_second=_REDRAW, transient=True) as live:

        def show(state: Progress) -> None:
            shown.state = state
            for note in meter.notes(state):
                live.console.print(note, markup=False)
            if meter.see(state):
                live.refresh()

        yield Progress(tell=show)


@contextmanager
def notebook_progress() -> Iterator[Progress | None]:
    """A Progress that is shown as the output of a notebook's cell while the block runs; None outside notebooks."""
    display = _notebook_display()
    if display is None:
        yield None
        return
    handle = display({"text/plain": "starting"}, raw=True, display_id=True)
    meter = Meter()
    last = 0.0

    def show(state: Progress) -> None:
        nonlocal last
        for note in meter.notes(state):
            display({"text/plain": note}, raw=True)
        if meter.see(state) or time.monotonic() - last >= 1 / _REDRAW:
            last = time.monotonic()
            handle.update({"text/plain": meter.line(state, _NOTEBOOK)}, raw=True)

    try:
        yield Progress(tell=show)
    finally:
        handle.update({"text/plain": ""}, raw=True)


def _notebook_display() -> Any:
    """IPython's display function where this process is the kernel of a notebook; else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


def _lines(err: Console, meter: Meter, clock: Callable[[], float] = time.monotonic) -> Callable[[Progress], None]:
    last = clock()

    def say(state: Progress) -> None:
        nonlocal last
        for note in meter.notes(state):
            err.print(note, markup=False)
        if meter.see(state) or clock() - last >= _EVERY:
            last = clock()
            err.print(meter.line(state), markup=False)

    return say
