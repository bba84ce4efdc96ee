"""A function in a process that can be killed: limits on time, memory and output for native code that has none."""

import contextlib
import fcntl
import itertools
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filters import child_main, run_queue
from filters.child_main import DONE, ERROR, FAULT, NO_MEMORY, READY, REPLY, REQUEST
from filters.contracts import ResourceError
from filters.document import Fault

_START_SECONDS = 60.0
_PIPE_BYTES = 1 << 20  # most pages go through in one piece, with one change of process each way
# What a process does to itself. Every other signal comes from outside: the kernel's memory killer, a batch system.
_OWN_SIGNALS = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS}
)
_PATIENCE = 25  # how often a page or a start is tried again that somebody killed from outside
_SIGNALS = {one.value: one.name for one in signal.Signals}
_STARTS = 3  # and a start that ends by itself
_SAMPLE_SECONDS = 0.02
_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"annot allocate memory", b"out of memory")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    seconds  of CPU time, so that a busy machine changes no outcome; at most about twice as long in wall time, not
             counted while the process waits for a core
    memory   bytes of address space beyond what the loaded function takes
    growth, slack                  the result has at most growth * len(body) + slack bytes of UTF-8
    calls    after so many the process is replaced, for libraries that leak
    """

    seconds: float = 10.0
    memory: int = 1_300_000_000
    growth: int = 2
    slack: int = 10_240
    calls: int = 5_000


class Child:
    """Calls `target(**settings)(body, label) -> (text, facts)` in a process of its own; closed by close().

    target    "module:function"; it is imported in the child only, where the package `filters` has no __init__, so
              that a start takes milliseconds: the module and what it imports should be light
    settings  plain data, as JSON has it
    prefix    of the reasons of faults: extract_timeout, extract_oom, extract_crashed, extract_panic, extract_error

    starts    how many processes were started

    Calls from several threads are answered one after the other. The process ends with its parent, however that ends.

    A body is to blame for what it does to a fresh process: where one ends that has answered before, the body is tried
    once more. Where it was killed from outside, it is tried again _PATIENCE times, or once where the process had taken
    an eighth of its memory for this body, since then the memory killer came because of it.
    """

    def __init__(
        self,
        target: str,
        settings: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        prefix: str = "extract",
    ) -> None:
        self.target = target
        self.settings = dict(settings or {})
        self.limits = limits or Limits()
        self.prefix = prefix
        self.starts = 0
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._past_cpu = 0.0
        self._calls = 0  # answered by this process
        with self._lock:
            self._start()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds used by the child and its predecessors so far."""
        process = self._process
        return self._past_cpu + (process.cpu_seconds if process else 0.0)

    @property
    def pid(self) -> int:
        """The process that runs now; 0 when it was closed."""
        process = self._process
        return process.pid if process else 0

    def __call__(self, body: bytes, label: str = "") -> tuple[str, dict[str, Any]]:
        """Text and facts for a body. Raises Fault: the child's own, or one of those named after `prefix`; and
        ResourceError where no process can be started."""
        with self._lock:
            killed = 0
            while True:
                try:
                    return self._ask(body, label)
                except _Ended as ended:
                    killed += ended.outside
                    patience = 1 if ended.greedy else _PATIENCE
                    if not (killed <= patience if ended.outside else ended.used):
                        times = f", {killed} times" if ended.outside else ""
                        raise Fault(ended.reason, f"{ended.detail}{times}") from None
                    time.sleep(0.02 * killed)  # whoever needs memory gets some time to find it

    def _ask(self, body: bytes, label: str) -> tuple[str, dict[str, Any]]:
        """A call, tried once. Raises _Ended where the process ended by it."""
        process = self._process
        if process is None or self._calls >= self.limits.calls or process.ended():
            process = self._start()
        self._calls += 1
        used = self._calls > 1
        name = label.encode("utf-8", "replace")
        deadline = _Deadline(process, self.limits.seconds)
        try:
            process.send((REQUEST.pack(len(name), len(body)), name, body), deadline)
            status, facts, text = process.receive(deadline, self.limits.growth * len(body) + self.limits.slack)
        except TimeoutError:
            self._end()
            raise Fault(
                f"{self.prefix}_timeout", f"{len(body)} bytes took more than {self.limits.seconds:g} s"
            ) from None
        except (EOFError, OSError):
            greedy = deadline.grown > self.limits.memory // 8
            end = self._end(dying=True)
            reason = "oom" if end.out_of_memory or (end.outside and greedy) else "crashed"
            detail = f"on {len(body)} bytes: {end.how}"
            raise _Ended(f"{self.prefix}_{reason}", detail, used, end.outside, greedy) from None
        except BaseException:  # the caller is interrupted: the reply would be taken for the next one's
            self._end()
            raise
        if status == DONE:
            return str(text, "utf-8"), facts
        if status == FAULT:
            raise Fault(str(facts["reason"]), str(facts["detail"]))
        detail = f"on {len(body)} bytes: {facts['type']} at {facts['place']}"
        if status == ERROR:
            raise Fault(f"{self.prefix}_error", detail)
        self._end()  # what is left of it cannot be trusted
        reason = "oom" if status == NO_MEMORY else "panic"
        raise _Ended(f"{self.prefix}_{reason}", detail, used, False, False)

    def close(self) -> None:
        """End the process. A later call starts another."""
        with self._lock:
            self._end()

    def _start(self) -> "_Process":
        """A new process that is ready. Raises ResourceError where none can be had."""
        for failed in itertools.count(1):
            try:
                return self._start_once()
            except _NoStart as error:
                if failed >= (_PATIENCE if error.outside else _STARTS):
                    raise ResourceError(f"the process for {self.target} does not start: {error}") from error
                time.sleep(min(0.1, 0.01 * failed))
        raise AssertionError

    def _start_once(self) -> "_Process":
        self._end()
        try:
            process = self._process = _Process()
        except OSError as error:  # no memory or no processes left
            raise _NoStart(os.strerror(error.errno or 0), True) from error
        self.starts += 1
        self._at_exit = weakref.finalize(self, process.end)
        setup = {
            "path": list(map(str, sys.path)),
            "package": str(Path(__file__).parent),
            "target": self.target,
            "settings": self.settings,
            "memory": self.limits.memory,
            "growth": self.limits.growth,
            "slack": self.limits.slack,
        }
        encoded = json.dumps(setup).encode()
        deadline = _Deadline(process, _START_SECONDS)
        try:
            process.send((REQUEST.pack(0, len(encoded)), encoded), deadline)
            status, facts, _ = process.receive(deadline, 0)
        except (TimeoutError, EOFError, OSError) as error:
            end = self._end(dying=True)
            # this process kills the one that takes too long
            raise _NoStart(end.how, end.outside and not isinstance(error, TimeoutError)) from error
        except BaseException:
            self._end()
            raise
        if status != READY:
            self._end()
            said = " ".join(str(facts.get("message", "")).split())
            what = f"{facts['type']} at {facts['place']}{said and f': {said}'}"
            raise ResourceError(f"{self.target} does not load: {what}")
        process.resident = _resident(process.pid)
        return process

    def _end(self, dying: bool = False) -> "_End":
        """End the process; how it ended."""
        process, self._process, self._calls = self._process, None, 0
        if process is None:
            return _End("not started")
        end = process.end(dying)
        self._at_exit.detach()
        self._past_cpu += process.cpu_seconds
        return end


class _Ended(Exception):
    """The process ended by a call.

    reason, detail  of the fault, if it is the body's   used    whether the process had answered calls before
    outside         whether it was killed               greedy  after it had taken much memory for this body
    """

    def __init__(self, reason: str, detail: str, used: bool, outside: bool, greedy: bool) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.used, self.outside, self.greedy = reason, detail, used, outside, greedy


class _NoStart(Exception):
    """The process did not become ready. outside: it was killed, or the system has nothing left for it."""

    def __init__(self, how: str, outside: bool) -> None:
        super().__init__(how)
        self.outside = outside


@dataclass(frozen=True, slots=True)
class _End:
    """How a process ended. outside: it was killed by somebody else."""

    how: str = ""
    out_of_memory: bool = False
    outside: bool = False


class _Deadline:
    """When a call has used up its seconds of CPU time, or twice as many of wall time. Of the second half of the wall
    time, what the process waited for a core does not count.

    grown  bytes of memory that the process was seen to take during the call; 0 where the call takes a moment
    """

    def __init__(self, process: "_Process", seconds: float) -> None:
        now = time.monotonic()
        self.grown = 0
        self._process = process
        self._look = now + _SAMPLE_SECONDS
        self._seconds = seconds
        self._next = now + seconds
        self._last = self._next + seconds
        self._waits: dict[int, float] | None = None
        # Linux's clock of another process's CPU time: what clock_getcpuclockid(3) answers
        self._clock = (~process.pid << 3) | 2
        self._before = process.cpu_seconds

    def milliseconds(self) -> int:
        """How long to wait before asking again. Raises TimeoutError when the time is over."""
        now = time.monotonic()
        if now >= self._look:
            self._look = now + _SAMPLE_SECONDS
            self.grown = max(self.grown, _resident(self._process.pid) - self._process.resident)
        if now >= self._next:
            try:
                left = self._seconds - (time.clock_gettime(self._clock) - self._before)
            except OSError:  # it is gone: its pipes tell
                left = 0.0
            last = self._last + self._waited()
            if left <= 0.0 or now >= last:
                raise TimeoutError
            self._next = min(last, now + left)
        return int((min(self._next, self._look) - now) * 1000) + 1

    def _waited(self) -> float:
        """The seconds that the process waited for a core since this was asked first."""
        now = run_queue.waits(self._process.pid)
        if self._waits is None:
            self._waits = now
        return run_queue.waited(self._waits, now)


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where it cannot be told."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


class _Process:
    """The running child and the pipes to it."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self.resident = 0  # bytes of memory when it was ready
        self._ended = _End()
        requests, to_child = os.pipe()
        from_child, replies = os.pipe()
        lifeline, self._lifeline = os.pipe()
        self._errors = os.memfd_create("errors") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
        self._to_child, self._from_child = to_child, from_child
        for pipe in (to_child, from_child):
            os.set_blocking(pipe, False)
            with contextlib.suppress(OSError, AttributeError):  # a user's pipes may have used up their share
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._writable, self._readable = select.poll(), select.poll()
        self._writable.register(to_child, select.POLLOUT)
        self._readable.register(from_child, select.POLLIN)
        try:
            # no site, no user site, no folder of the script: the parent hands its sys.path over. exec, not fork: the
            # parent has threads and a lot of memory. The hash seed: sets iterate alike in every child.
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-s", "-P", child_main.__file__, str(lifeline)],
                stdin=requests,
                stdout=replies,
                stderr=self._errors,
                pass_fds=(lifeline,),
                env={**os.environ, "PYTHONHASHSEED": "0"},
            )
        except BaseException:
            self._close()
            raise
        finally:
            for descriptor in (requests, replies, lifeline):
                os.close(descriptor)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, parts: tuple[bytes, ...], deadline: _Deadline) -> None:
        """Write all parts. Raises TimeoutError, or OSError when the child is gone."""
        while parts:
            try:
                written = os.writev(self._to_child, parts)
            except BlockingIOError:
                self._wait(self._writable, deadline)
                continue
            rest: list[Any] = []
            for part in parts:
                if written < len(part):
                    rest.append(memoryview(part)[written:] if written else part)
                written = max(0, written - len(part))
            parts = tuple(rest)

    def receive(self, deadline: _Deadline, most: int) -> tuple[int, dict[str, Any], Any]:
        """Status, facts and text (UTF-8) of a reply. Raises TimeoutError, or EOFError when the child is gone."""
        received = bytearray()
        expected = REPLY.size
        while len(received) < expected:
            self._wait(self._readable, deadline)
            chunk = os.read(self._from_child, _PIPE_BYTES)
            if not chunk:
                raise EOFError
            received += chunk
            if expected == REPLY.size <= len(received):
                status, self.cpu_seconds, facts_size, size = REPLY.unpack_from(received)
                if size > most or facts_size > _PIPE_BYTES:
                    raise EOFError  # no child of ours writes this
                expected += facts_size + size
        view = memoryview(received)
        middle = REPLY.size + facts_size
        facts = json.loads(bytes(view[REPLY.size : middle])) if facts_size else {}
        return status, facts, view[middle:]

    @staticmethod
    def _wait(ready: Any, deadline: _Deadline) -> None:
        while not ready.poll(deadline.milliseconds()):
            pass

    def end(self, dying: bool = False) -> _End:
        """Kill the process; how it ended.

        dying  it has closed its pipes: leave it a moment to end by itself, to learn how
        """
        if self._lifeline < 0:
            return self._ended
        give_up, killed = time.monotonic() + (0.5 if dying else 0.0), False
        while not self.ended():
            if time.monotonic() >= give_up:
                killed = True
                self._process.kill()
                self._reap(0)
                break
            time.sleep(0.001)
        said = os.pread(self._errors, 1 << 16, 0)
        code = self._process.returncode
        outside = code < 0 and not killed and -code not in _OWN_SIGNALS
        how = f"signal {_SIGNALS.get(-code, -code)}" if code < 0 else f"exit code {code}"
        self._ended = _End(how, any(phrase in said for phrase in _OUT_OF_MEMORY), outside)
        self._close()
        return self._ended

    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.returncode is not None or self._reap(os.WNOHANG)

    def _reap(self, options: int) -> bool:
        # wait4, as Popen.wait does not tell what CPU time was used
        try:
            pid, status, usage = os.wait4(self._process.pid, options)
        except ChildProcessError:  # somebody waits for all children
            self._process.returncode = 0
            return True
        if pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu_seconds = usage.ru_utime + usage.ru_stime
        return bool(pid)

    def _close(self) -> None:
        for descriptor in (self._to_child, self._from_child, self._lifeline, self._errors):
            os.close(descriptor)
        self._lifeline = -1
