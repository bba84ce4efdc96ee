"""Harm to workers: a strategy whose module ends the worker that loads it, at a place that the environment names.

CURATE_TEST_HARM is a JSON list of [how, doing, source's ending, offset or event]; how is "kill" or "stall". No offset
(null) means any. Only processes of a pool are harmed, and no place that they are told to leave out.
"""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from filters.contracts import Rewriter, strategy
from filters.document import Document, Drop
from pipelines import watch
from pipelines.watch import Doing

HARM = "CURATE_TEST_HARM"


@strategy
class Harming(Rewriter):
    """Changes nothing."""

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document


def _harm(doing: Doing, source: str, number: int) -> None:
    for how, name, ending, wanted in json.loads(os.environ[HARM]):
        if doing is Doing[name] and source.endswith(ending) and wanted in (None, number):
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(600)


def _harming(function: Any) -> Any:
    def begin(*arguments: Any) -> str:
        reason = str(function(*arguments))
        if not reason and function.__name__ == "begin_reading":
            _harm(Doing.READING, arguments[0], arguments[2])
        elif not reason:
            _harm(arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else 0)
        return reason

    return begin


if os.environ.get(HARM) and multiprocessing.parent_process() is not None:
    watch.begin = _harming(watch.begin)  # type: ignore[assignment]
    watch.begin_reading = _harming(watch.begin_reading)  # type: ignore[assignment]
