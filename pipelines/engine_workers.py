"""Workers that a runner starts on this machine: one that ends ends the job, and none outlives it."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

_POLL_SECONDS = 0.5
GRACE_SECONDS = 10.0  # for a runner that is about to say by itself that a worker ended
_BEAMS_THREAD = "run_worker"  # of FnApiRunner, one for each worker process; it ends with the process


class WorkerLost(Exception):
    """A worker process of a runner on this machine ended before its job."""


@contextlib.contextmanager
def watched(runner: Any, options: Any) -> Iterator[Callable[[Any], Any]]:
    """A function that runs a pipeline and raises WorkerLost where one of its worker processes ends.

    FnApiRunner waits forever for a worker that ended while it had nothing to do, and leaves the others behind. Runners
    without worker processes of this process run as ever.
    """
    if not isinstance(runner, FnApiRunner) or not _starts_processes(runner, options):
        yield lambda pipeline: pipeline.run()
        return
    before = _descendants()
    try:
        yield _run_and_watch
    finally:
        for pid in _descendants() - before:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _starts_processes(runner: FnApiRunner, options: Any) -> bool:
    mode = options.view_as(DirectOptions).direct_running_mode
    return mode == "multi_processing" or isinstance(runner._default_environment, SubprocessSDKEnvironment)


def _run_and_watch(pipeline: Any) -> Any:
    result: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            result.append(pipeline.run())
        except BaseException as error:
            failed.append(error)

    job = threading.Thread(target=run, name="job", daemon=True)
    known = {thread for thread in threading.enumerate() if thread.name == _BEAMS_THREAD}
    workers: set[threading.Thread] = set()
    lost_at: float | None = None
    job.start()
    while job.is_alive():
        job.join(_POLL_SECONDS)
        workers |= {one for one in threading.enumerate() if one.name == _BEAMS_THREAD and one not in known}
        ended = sum(not one.is_alive() for one in workers)
        if not ended:
            continue
        lost_at = lost_at or time.monotonic()
        if job.is_alive() and time.monotonic() - lost_at > GRACE_SECONDS:
            raise WorkerLost(f"{ended} of its {len(workers)} worker processes ended before the job")
    if failed:
        raise failed[0]
    return result[0]


def _descendants() -> set[int]:
    """The processes that descend from this one; none where the system does not tell."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            # the name of the command stands in brackets and may hold anything
            children.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found: set[int] = set()
    left = [os.getpid()]
    while left:
        for pid in children.get(left.pop(), []):
            if pid not in found:
                found.add(pid)
                left.append(pid)
    return found
