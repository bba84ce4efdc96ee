"""An SDK worker of the proof: it writes down what it opens and closes, and is Beam's own worker otherwise."""

import json
import os
import sys
import time
from typing import Any

from apache_beam.runners.worker import sdk_worker_main

import tests.engines.store as store  # Beam finds the file system by its class
from pipelines import storage
from tests.engines.emulators import no_credentials


def _say(what: str, path: str) -> None:
    store._ask(
        "PUT", f"log/{os.environ['WORKER_ID']}/{time.time_ns()}-{os.getpid()}", json.dumps([what, path]).encode()
    ).close()


def _noting(function: Any, what: str) -> Any:
    def noting(path: str, *arguments: Any, **more: Any) -> Any:
        _say(what, path)
        return function(path, *arguments, **more)

    return noting


def _noting_close(close: Any) -> Any:
    def noting(pending: storage.PendingFile, name: str) -> str:
        path: str = close(pending, name)
        _say("wrote", path)
        return path

    return noting


no_credentials()
# on import: the process beside the worker imports this module under another name
storage.reading = _noting(storage.reading, "read")
storage.PendingFile.close = _noting_close(storage.PendingFile.close)

if __name__ == "__main__":
    _say("is", f"user {os.getuid()}, /tmp holds {sorted(os.listdir('/tmp'))}")
    sdk_worker_main.main(sys.argv)
