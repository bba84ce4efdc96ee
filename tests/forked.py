"""Commands of `curate` in processes forked from one that has imported what they need: importing Beam takes a second.

`command(...)` is subprocess.run([python, "-m", "curate", ...]) in all that a test can see. What starts before the
imports is tested with real processes: tests/curate/test_starting.py, and whatever passes preexec_fn.
"""

import atexit
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
_servers: list[tuple[socket.socket, "subprocess.Popen[bytes]"]] = []


def command(
    *arguments: Any, cwd: Any = None, env: Mapping[str, str] | None = None, timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a command of curate to its end; what it writes is captured as text, and there is nothing for it to read."""
    request = {
        "arguments": [str(one) for one in arguments],
        "cwd": str(cwd or os.getcwd()),
        "env": dict(env or os.environ),
    }
    with open(os.devnull, "rb") as nothing, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _ask(request, [nothing.fileno(), out.fileno(), err.fileno()], timeout)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode("utf-8"))
    return subprocess.CompletedProcess(["curate", *request["arguments"]], code, *said)


def _ask(request: dict[str, Any], descriptors: list[int], timeout: float) -> int:
    server, process = _server()
    data = json.dumps(request).encode()
    socket.send_fds(server, [struct.pack("<I", len(data))], descriptors)
    server.sendall(data)
    server.settimeout(timeout)
    try:
        answer = server.recv(4, socket.MSG_WAITALL)
    except TimeoutError:
        for one in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        server.settimeout(None)
        server.recv(4, socket.MSG_WAITALL)  # the end of this command, which is not that of the next one
        raise subprocess.TimeoutExpired(["curate", *request["arguments"]], timeout) from None
    code: int = struct.unpack("<i", answer)[0]
    return code


def _server() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    if not _servers:
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        _servers.append((ours, process))
        atexit.register(process.wait)
        atexit.register(ours.close)
    return _servers[0]


def _serve(client: socket.socket) -> None:
    """Fork for one request after the other, until the tests are gone."""
    import curate.__main__
    import curate.ablation.driver
    import curate.commands.application
    import curate.running
    import curate.showing.directory  # noqa: F401 - imported for those that are forked

    while True:
        head, descriptors, _, _ = socket.recv_fds(client, 4, 3)
        if not head:
            return
        request = json.loads(client.recv(struct.unpack("<I", head)[0], socket.MSG_WAITALL))
        pid = os.fork()
        if pid == 0:
            client.close()
            _become(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        client.sendall(struct.pack("<i", os.waitstatus_to_exitcode(status)))


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Be the command: its streams, its folder, its environment, its arguments."""
    code: Any = 1
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        time.tzset()
        sys.argv = ["curate", *request["arguments"]]
        given = filter(None, request["env"].get("PYTHONPATH", "").split(os.pathsep))
        installed = [path for path in sys.path if path not in ("", str(ROOT))]
        sys.path[:] = [request["cwd"], *given, *installed]
        main = sys.modules["curate.__main__"]
        main.__name__ = "__main__"
        sys.modules["__main__"] = main  # what workers that it spawns take for the program
        main.main()
    except SystemExit as ended:
        code = ended.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        _serve(asking)
