"""How long processes were ready to run and got no core: time that no document is to blame for."""

from collections.abc import Iterator, Mapping
from pathlib import Path


def waits(process: int) -> dict[int, float]:
    """Seconds that each thread of a process and of its children waited for a core so far, by thread.

    Empty where the system does not say (it is Linux's /proc/PID/task/*/schedstat).
    """
    return dict(_waits(process))


def waited(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    """The seconds between two answers of waits() that the thread waited that waited longest."""
    return max((wait - before.get(thread, 0.0) for thread, wait in now.items()), default=0.0)


def _waits(process: int) -> Iterator[tuple[int, float]]:
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            yield int(task.name), int((task / "schedstat").read_text().split()[1]) / 1e9
            for child in (task / "children").read_text().split():
                yield from _waits(int(child))
    except (OSError, IndexError, ValueError):  # it ended, or the system does not say
        return
