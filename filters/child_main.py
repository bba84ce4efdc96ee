"""The child's end of filters.child: run as a script, it imports nothing but what its function needs."""

import fcntl
import importlib
import json
import os
import resource
import signal
import struct
import sys
import time
import types
from typing import Any

REQUEST = struct.Struct("<II")  # bytes of the label, bytes of the body, which follow
REPLY = struct.Struct("<BdII")  # status, CPU seconds of this process so far, bytes of JSON, bytes of text, which follow
READY, DONE, FAULT, ERROR, PANIC, NO_MEMORY = range(6)

LIFELINE = 3  # the descriptor number at which the child finds its lifeline
TEST_HOOK = "CURATE_TEST_CHILD"
_TEST_MARK = b"<!--curate-test:"


def main() -> None:
    """Read the set-up, load the function, then answer requests until stdin ends."""
    _die_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which then ends its children
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold text of documents
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = 1 << 24 if hard == resource.RLIM_INFINITY else min(1 << 24, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # stderr goes to memory
    _prefer_for_the_oom_killer()
    replies = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between the replies

    setup = json.loads(_read_exactly(_read_exactly_header()[1]))
    sys.path[:] = setup["path"]
    package = types.ModuleType("filters")  # without running filters/__init__.py, which imports pydantic
    package.__path__ = [setup["package"]]
    sys.modules["filters"] = package
    try:
        module, _, name = setup["target"].partition(":")
        function = getattr(importlib.import_module(module), name)(**setup["settings"])
        if os.environ.get(TEST_HOOK):
            function = _misbehaving(function)
    except BaseException as error:
        # no document was read yet: the message quotes none
        _answer(replies, ERROR, {**_described(error), "message": str(error)[:300]}, b"")
        return
    _limit_memory(setup["memory"])
    _answer(replies, READY, {}, b"")
    growth, slack = setup["growth"], setup["slack"]
    while True:
        try:
            label_size, size = _read_exactly_header()
        except EOFError:
            return
        label = _read_exactly(label_size).decode()
        body = _read_exactly(size)
        text = b""
        try:
            result, facts = function(body, label)
            text = result.encode()
            status = DONE
            limit = growth * size + slack
            if len(text) > limit:
                status = FAULT
                facts = {"reason": "extract_output_too_big", "detail": f"{len(text)} bytes of text, limit {limit}"}
                text = b""
        except BaseException as error:
            facts = _described(error)
            if type(error).__name__ == "Fault":
                status = FAULT
                facts = {"reason": error.reason, "detail": error.detail}  # type: ignore[attr-defined]
            elif isinstance(error, MemoryError) or (isinstance(error, Exception) and _memory_was_short()):
                status = NO_MEMORY
            else:
                status = ERROR if isinstance(error, Exception) else PANIC
        _answer(replies, status, facts, text)
        result = body = text = b""


def _read_exactly_header() -> tuple[int, int]:
    label, body = REQUEST.unpack(_read_exactly(REQUEST.size))
    return label, body


def _read_exactly(size: int) -> bytes:
    if not size:
        return b""
    first = os.read(0, size)
    if len(first) == size:
        return first
    parts, missing = [first], size - len(first)
    while missing:
        if not parts[-1]:
            raise EOFError
        parts.append(os.read(0, missing))
        missing -= len(parts[-1])
    return b"".join(parts)


def _answer(replies: int, status: int, facts: dict[str, Any], text: bytes) -> None:
    encoded = json.dumps(facts).encode() if facts else b""
    frame = REPLY.pack(status, time.process_time(), len(encoded), len(text)) + encoded + text
    written = os.write(replies, frame)
    while written < len(frame):
        written += os.write(replies, memoryview(frame)[written:])


def _described(error: BaseException) -> dict[str, str]:
    """Type and place of an error; its message may quote the document."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"type": type(error).__name__, "place": place}


def _die_with_the_parent() -> None:
    """Have the kernel end this process when the parent is gone, even from within native code that never returns.

    The parent holds the other end of the lifeline, a pipe in which nothing is ever written; its closing raises SIGIO,
    whose default is to terminate. (PR_SET_PDEATHSIG fires when the parent's *thread* ends that started the child, and
    runners start threads that end.)
    """
    if int(sys.argv[1]) != LIFELINE:
        os.dup2(int(sys.argv[1]), LIFELINE, inheritable=False)
    os.closerange(LIFELINE + 1, 1 << 20)
    fcntl.fcntl(LIFELINE, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(LIFELINE, fcntl.F_SETFL, fcntl.fcntl(LIFELINE, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    try:
        gone = os.read(LIFELINE, 1) == b""  # it may have died before the signal was asked for
    except BlockingIOError:
        gone = False
    if gone:
        os._exit(1)


def _prefer_for_the_oom_killer() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        pass


def _limit_memory(more: int) -> None:
    """Limit the address space to what is in use now and so many bytes more."""
    try:
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        used = 256 << 20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + more if hard == resource.RLIM_INFINITY else min(used + more, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _memory_was_short() -> bool:
    """Whether this process has come close to its limit: libraries report a failed allocation as an error of theirs."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    try:
        with open("/proc/self/status") as file:
            peak = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmPeak"))
    except (OSError, StopIteration):
        return False
    return limit != resource.RLIM_INFINITY and peak > 0.75 * limit


class PanicException(BaseException):
    """Stands in tests for pyo3's class of this name, which is no Exception either."""


def _misbehaving(function: Any) -> Any:
    """The function, doing harm on bodies that ask for it: for tests, only where the environment has TEST_HOOK."""
    import ctypes

    poisoned: list[bytes] = []

    def call(body: bytes, label: str) -> Any:
        kind = body.partition(_TEST_MARK)[2][:20].partition(b"-->")[0].decode()
        if kind == "segfault":
            ctypes.string_at(0)
        elif kind == "exit":
            os._exit(9)
        elif kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "killed-slowly":
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "poison":
            poisoned.append(body)
        elif poisoned:
            ctypes.string_at(0)
        elif kind == "memory":
            return b"x" * (1 << 40), {}
        elif kind == "rust-memory":  # how native code runs out of it
            os.write(2, b"memory allocation of 1099511627776 bytes failed\n")
            os.abort()
        elif kind == "panic":
            raise PanicException(body.decode())
        elif kind == "error":
            raise ValueError(body.decode())
        elif kind == "hang":  # native code that keeps the GIL
            ctypes.PyDLL(None).sleep(600)
        elif kind == "output":
            return "x" * (3 * len(body) + 1_000_000), {}
        return function(body, label)

    return call


if __name__ == "__main__":
    main()
