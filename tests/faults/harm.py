"""Pages, documents and row groups that end who works at them."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filters.child_main import TEST_HOOK
from tests.faults.archives import page, pages
from tests.faults.disturbances import RESUME, SAME, undisturbed, wait_for
from tests.faults.table import TEXT, CannotRun, Ended, Fault, Place, run_arguments, same_rows, sound
from tests.pipelines.reading.archives import member

FLAKY = "tests.strategies.Trouble"


def misbehaves(kind: str, reason: str) -> Callable[[Place], None]:
    """A page does harm in the extraction child, between two good ones."""

    def check(place: Place) -> None:
        bad = page(1, f"<!--curate-test:{kind}--><p>{TEXT}</p>".encode())
        path = place.write("a.warc.gz", pages()[0] + member(bad) + pages()[2])
        recipe = place.recipe({"extraction/resiliparse": {"main_content": False, "timeout": 2}})
        ended = sound(place.run(recipe, path, env={TEST_HOOK: "1"}), peak=1_500_000_000)
        assert ended.result["kept"] == 2
        assert ended.reasons() == {reason: 1}, ended.reasons()

    return check


def troubled(kind: str, reasons: set[str], workers: int, options: tuple[Any, ...] = ()) -> Callable[[Place], None]:
    """A strategy does harm at one document of forty."""

    def check(place: Place) -> None:
        texts = [f"{n} {TEXT}" for n in range(40)]
        texts[17] += " TROUBLE"
        paths = [place.rows("a.jsonl", texts), place.rows("b.jsonl", texts[:9], 100)]
        recipe = place.recipe("extraction/plain", {FLAKY: {"kind": kind}}, "dedup/exact")
        ended = sound(place.run(recipe, *paths, workers=workers, options=options))
        found = ended.reasons()
        assert set(found) <= reasons and found.total() == (1 if reasons else 0), found
        assert ended.result["read"]["records"] == 49
        if found:
            assert ended.rows("failed")[0]["offset"] == 18, "another document was blamed"

    return check


@contextlib.contextmanager
def memory_group(place: Place, megabytes: int) -> Iterator[tuple[str, ...]]:
    """A memory cgroup (v1); gives what goes before a command so that it runs there."""
    root = Path("/sys/fs/cgroup/memory")
    if not (root / "memory.limit_in_bytes").exists() or not os.access(root, os.W_OK):
        raise CannotRun("there is no memory cgroup (v1) that can be written")
    group = root / f"curate-faults-{os.getpid()}-{place.folder.name}"
    try:
        group.mkdir()
    except OSError as error:
        raise CannotRun(f"no cgroup can be made: {error.strerror}") from error
    try:
        for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
            with contextlib.suppress(OSError):
                (group / name).write_text(str(megabytes << 20))
        yield ("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$0" "$@"')
    finally:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.2)


def in_little_memory(place: Place) -> None:
    """The same run where memory is enough for a process and a half: the kernel kills what it likes."""
    recipe, inputs, whole = undisturbed()
    with memory_group(place, 420) as before:
        process = place.start(*run_arguments(recipe, inputs, "out", 2), before=before)
        ended = place.wait(process)
    if ended.code == -signal.SIGKILL or ended.code == 1:  # the driver, or more workers than may die
        assert "Traceback" not in ended.said
        sound(place.run(recipe, *inputs, workers=2, options=RESUME))
        ended = Ended(0, "", "", 0, 0, 0, place.folder / "out")
    same_rows(ended, whole)


def heavy_group(place: Place) -> None:
    """A row group of Parquet ends the worker that reads it, every time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = place.folder / "a.parquet"
    heavy = pa.DictionaryArray.from_arrays([0] * 5000, ["a" * 9_000_000])
    light = pa.DictionaryArray.from_arrays([0], [TEXT])
    schema = pa.schema({"text": heavy.type})
    with pq.ParquetWriter(path, schema, store_schema=False, compression="zstd") as writer:
        for column in (light, heavy, light):
            writer.write_table(pa.table({"text": column}, schema=schema))
    good = place.rows("b.jsonl", [f"{n} {TEXT}" for n in range(20)])
    with memory_group(place, 1500) as before:
        ended = place.wait(
            place.start(*run_arguments(place.recipe("extraction/plain"), [path, good], "out", 2), before=before)
        )
    sound(ended, peak=1_700_000_000)
    kept = [row["source"] for row in ended.rows("kept")]
    assert kept.count(str(good)) == 20, "rows of the good file are lost"
    assert {row["source"] for row in ended.rows("failed")} <= {str(path)}, "an innocent row was blamed"


def two_at_once(place: Place) -> None:
    """A second run into the directory of one that runs."""
    recipe = place.recipe("extraction/plain", {"tests.strategies.Slow": {"milliseconds": 20_000}})
    path = place.rows("a.jsonl", [f"{n} {TEXT}" for n in range(3)])
    first = place.start(*run_arguments(recipe, [path], "out", 1))
    wait_for(lambda: (place.folder / "out" / ".curate" / "state.json").exists(), first)
    for options in ((), RESUME):
        second = place.run(recipe, path, options=options)
        assert second.code == 2 and "in use" in second.err, second.err
    os.kill(first.pid, signal.SIGINT)
    assert place.wait(first).code == 130


HARM: list[Fault] = [
    Fault(
        "a page ends the parser: SIGSEGV",
        "test hook in the child",
        "one failed row",
        misbehaves("segfault", "extract_crashed"),
        True,
    ),
    Fault(
        "a page ends the parser: exit",
        "test hook in the child",
        "one failed row",
        misbehaves("exit", "extract_crashed"),
    ),
    Fault("a page takes 1 TB", "test hook in the child", "one failed row", misbehaves("memory", "extract_oom")),
    Fault(
        "a page makes native code panic",
        "an exception that is no Exception",
        "one failed row",
        misbehaves("panic", "extract_panic"),
    ),
    Fault(
        "a page hangs the parser",
        "native code that keeps the lock for ten minutes",
        "one failed row after its seconds",
        misbehaves("hang", "extract_timeout"),
    ),
    Fault(
        "a page gives more text than may be",
        "test hook in the child",
        "one failed row",
        misbehaves("output", "extract_output_too_big"),
    ),
    Fault(
        "a strategy raises",
        "an error that quotes the text",
        "one failed row, without the text",
        troubled("raise", {"error:ValueError"}, 1),
        True,
    ),
    Fault("a strategy answers with nothing", "None", "one failed row", troubled("none", {"bad_result"}, 1)),
    Fault(
        "a document kills its worker",
        "every time it is read",
        "one failed row, of this document",
        troubled("kill", {"worker_died"}, 2),
    ),
    Fault(
        "a document stalls its worker",
        "for ten minutes",
        "one failed row, of this document",
        troubled("stall", {"worker_stalled"}, 2, ("--stall-seconds", 3)),
    ),
    Fault(
        "a row group ends its worker",
        "45 GB in a row group, 1.5 GB of memory",
        "bounded attempts; all other rows kept, none blamed",
        heavy_group,
    ),
    Fault("too little memory for two workers", "a memory cgroup of 420 MB", SAME, in_little_memory),
    Fault(
        "two runs into one directory",
        "the second while the first runs",
        "the second is refused, the first goes on",
        two_at_once,
        True,
    ),
]
