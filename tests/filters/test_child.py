"""The killable process: every way a call can go wrong costs that call and no other."""

import errno
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from filters.child import Child, Limits, _Deadline, _Process
from filters.child_main import TEST_HOOK
from filters.contracts import ResourceError
from filters.document import Fault

ECHO = "filters.extraction.in_child:page_to_text"
SETTINGS = {"library": "resiliparse", "options": {}}
PAGE = "<html><body><p>안녕하세요, 여러분.</p></body></html>".encode()


@pytest.fixture
def child(monkeypatch):
    monkeypatch.setenv(TEST_HOOK, "1")
    made = Child(ECHO, SETTINGS, Limits(seconds=1.0, memory=400_000_000))
    yield made
    made.close()


def harm(kind):
    return b"<!--curate-test:" + kind.encode() + b"--><p>SECRET</p>"


@pytest.mark.parametrize(
    ("kind", "reason", "detail"),
    [
        ("segfault", "extract_crashed", "SIGSEGV"),
        ("exit", "extract_crashed", "exit code 9"),
        ("killed", "extract_crashed", "SIGKILL, 3 times"),
        ("memory", "extract_oom", "MemoryError"),
        ("rust-memory", "extract_oom", "SIGABRT"),
        ("panic", "extract_panic", "PanicException"),
        ("error", "extract_error", "ValueError"),
        ("hang", "extract_timeout", "1 s"),
        ("output", "extract_output_too_big", "limit"),
    ],
)
def test_one_call_is_lost_and_the_next_answered(child, kind, reason, detail, monkeypatch):
    monkeypatch.setattr("filters.child._PATIENCE", 2)
    assert child(PAGE)[0] == "안녕하세요, 여러분."
    with pytest.raises(Fault) as caught:
        child(harm(kind))
    assert caught.value.reason == reason
    assert detail in caught.value.detail
    assert "SECRET" not in str(caught.value)
    assert child(PAGE)[0] == "안녕하세요, 여러분."
    loaded = Path(f"/proc/{child.pid}/maps").read_text()
    assert "resiliparse" in loaded
    assert not re.search("pydantic|numpy|pyarrow", loaded), "what a new child does not need would slow its start"


def test_a_page_whose_child_is_killed_twenty_times_is_not_lost(child, monkeypatch):
    receive = _Process.receive
    kills = iter(range(20))

    def killed(self, *arguments):
        if next(kills, None) is not None:
            os.kill(self.pid, signal.SIGKILL)
        return receive(self, *arguments)

    monkeypatch.setattr(_Process, "receive", killed)
    words = "안녕하세요, 여러분. " * 200_000  # so much that no answer is there before the child is killed
    assert child(f"<html><body><p>{words}</p></body></html>".encode())[0] == words.strip()
    assert next(kills, None) is None


def test_a_child_killed_between_two_pages_is_not_noticed(child):
    for _ in range(5):
        os.kill(child.pid, signal.SIGKILL)
        assert child(PAGE)[0] == "안녕하세요, 여러분."


def test_a_page_for_which_the_memory_killer_comes_is_lost_the_second_time(child, monkeypatch):
    monkeypatch.setattr("filters.child._SAMPLE_SECONDS", 0.01)
    looks = itertools.count()
    monkeypatch.setattr("filters.child._resident", lambda pid: next(looks) << 30)  # more at every look
    child.close()
    starts = child.starts
    with pytest.raises(Fault, match="extract_oom") as caught:
        child(harm("killed-slowly"))
    assert "SIGKILL, 2 times" in caught.value.detail
    assert child.starts - starts <= 2


def test_the_reply_to_an_interrupted_call_is_nobody_elses(child, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    child(PAGE)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(child._process, "receive", interrupted)
        child(b"<p>another</p>")
    assert child(PAGE)[0] == "안녕하세요, 여러분."


def test_what_an_earlier_page_broke_costs_no_later_one(child):
    """A page is to blame for what it does to a fresh process."""
    child(harm("poison"))
    assert child(PAGE)[0] == "안녕하세요, 여러분."
    assert child.starts == 2


@pytest.mark.parametrize("least", [1, 20])
def test_a_child_killed_while_it_starts_is_started_again(child, monkeypatch, least):
    kills = iter(range(least))

    class Killed(_Process):
        def send(self, *arguments):
            if next(kills, None) is not None:
                os.kill(self.pid, signal.SIGKILL)
            return super().send(*arguments)

    child.close()
    monkeypatch.setattr("filters.child._Process", Killed)
    assert child(PAGE)[0] == "안녕하세요, 여러분."
    assert child.starts == 2 + least


def test_no_process_at_all_is_a_missing_resource_and_no_fault_of_a_page(child, monkeypatch):
    child.close()
    monkeypatch.setattr("filters.child._PATIENCE", 3)
    monkeypatch.setattr("filters.child._Process", _no_process)
    with pytest.raises(ResourceError, match="does not start: Resource temporarily unavailable"):
        child(PAGE)


def _no_process():
    raise BlockingIOError(errno.EAGAIN, "no more")


def test_the_hook_does_nothing_without_its_variable():
    child = Child(ECHO, SETTINGS)
    try:
        assert child(harm("exit"))[0] == "SECRET"
    finally:
        child.close()


def test_time_is_cpu_time_up_to_twice_the_wall_time(child):
    for _ in range(2):
        started = time.monotonic()
        with pytest.raises(Fault, match="extract_timeout"):
            child(harm("hang"))  # sleeps, using no CPU
        assert 1.9 < time.monotonic() - started < 10
    assert child.starts == 2


def test_waiting_for_a_core_is_no_time_of_the_document(child, monkeypatch):
    child(b"x")  # starts the process

    def is_over_at(seconds: float) -> bool:
        monkeypatch.setattr("filters.child.time.monotonic", lambda: seconds)
        try:
            deadline.milliseconds()
        except TimeoutError:
            return True
        return False

    monkeypatch.setattr("filters.child.time.monotonic", lambda: 100.0)
    waits = {7: 3.0}
    monkeypatch.setattr("filters.child.run_queue.waits", lambda process: dict(waits))
    deadline = _Deadline(child._process, 10.0)
    assert not is_over_at(110.1)
    waits[7] += 9.0
    assert not is_over_at(120.1)
    assert not is_over_at(128.9)
    assert is_over_at(129.1)


def test_a_busy_child_ends_after_its_seconds_of_cpu():
    child = Child(ECHO, {"library": "resiliparse", "options": {"main_content": True}}, Limits(seconds=0.5))
    try:
        before = child.cpu_seconds
        deep = b"<div>" * 30_000 + b"text" + b"</div>" * 30_000
        with pytest.raises(Fault, match="extract_timeout"):
            child(deep)
        assert child.cpu_seconds - before < 1.0, "CPU seconds of a killed child are booked, and few"
        assert child(PAGE)[0].startswith("안녕")
    finally:
        child.close()


def test_memory_is_limited():
    child = Child(ECHO, SETTINGS, Limits(seconds=30, memory=64_000_000))
    try:
        with pytest.raises(Fault, match="extract_oom"):
            child(b"<p>" + b"<b>x</b>" * 1_000_000)
        assert child(PAGE)[0].startswith("안녕")
    finally:
        child.close()


def test_bodies_larger_than_any_pipe_go_both_ways(child):
    text = "가나다라 마바사 " * 300_000
    assert child(b"<pre>" + text.encode() + b"</pre>")[0].split() == text.split()


def test_recycled_after_so_many_calls_and_cpu_time_goes_on():
    child = Child(ECHO, SETTINGS, Limits(calls=3))
    try:
        spent = []
        for _ in range(7):
            child(PAGE)
            spent.append(child.cpu_seconds)
        assert child.starts == 3
        assert spent == sorted(spent)
        assert spent[0] > 0
    finally:
        child.close()


def test_closed_children_start_again_when_needed(child):
    child.close()
    assert child(PAGE)[0].startswith("안녕")
    assert child.starts == 2


def test_calls_from_many_threads_get_their_own_answers(child):
    answers = {}

    def ask(number):
        for _ in range(20):
            answers.setdefault(number, set()).add(child(f"<p>number {number}</p>".encode())[0])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: {f"number {number}"} for number in range(4)}


def test_it_outlives_the_thread_that_started_it():
    made = []
    thread = threading.Thread(target=lambda: made.append(Child(ECHO, SETTINGS)))
    thread.start()
    thread.join()
    time.sleep(0.05)
    assert made[0](PAGE)[0].startswith("안녕")
    assert made[0].starts == 1
    made[0].close()


def test_what_does_not_load_is_a_missing_resource():
    with pytest.raises(ResourceError, match="no_such_function"):
        Child("filters.extraction.in_child:no_such_function")
    with pytest.raises(ResourceError, match="No module named 'no_such_module'"):
        Child("no_such_module:function")


ORPHAN = """
from filters.child import Child, Limits, _Process
child = Child("filters.extraction.in_child:page_to_text", {"library": "resiliparse", "options": {}}, Limits(seconds=99))
print(child._process.pid, flush=True)
child(b"<!--curate-test:hang-->")
"""


def test_it_ends_when_its_parent_is_killed_even_within_native_code():
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, env={**os.environ, TEST_HOOK: "1"}
    ) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        assert running(pid)
        parent.kill()
    give_up = time.monotonic() + 5
    while running(pid) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not running(pid)


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_no_descriptor_is_left_open(child):
    def opened():
        return len(os.listdir("/proc/self/fd"))

    child.close()
    before = opened()
    for _ in range(3):
        child(PAGE)
        with pytest.raises(Fault):
            child(harm("exit"))
    child.close()
    assert opened() == before
