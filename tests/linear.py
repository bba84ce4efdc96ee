"""Whether cost grows linearly: ratios of CPU time, as robust against other work on the machine as they can be."""

import time
from collections.abc import Callable
from typing import Any

_SHORTEST = 0.002  # seconds; below that, times say nothing


def grows_linearly(run: Callable[[Any], object], make: Callable[[int], Any], size: int) -> bool:
    """Whether an input of ten times the size costs less than forty times as much (quadratic would be a hundred,
    and large inputs leave the caches, which may cost three times as much on a busy machine).

    make    a new input of about this size; what it costs does not count
    """

    def cost(length: int) -> float:
        item = make(length)
        started = time.process_time()
        run(item)
        return time.process_time() - started

    cost(max(1, size // 100))
    small, large = cost(size), cost(10 * size)
    for _ in range(8):
        if large < 40 * max(small, _SHORTEST):
            return True
        # noise only adds to a time: the smallest of several is nearest to the truth
        small, large = min(small, cost(size)), min(large, cost(10 * size))
    return False


def repeated(unit: str) -> Callable[[int], str]:
    """Makes texts of one unit over and over, of about so many characters."""
    return lambda size: unit * max(1, size // len(unit))
